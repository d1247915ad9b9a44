"""What is measured of pictures drawn from noise: against real pictures, through Inception and the own classifier."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from train.evaluation import metrics
from train.evaluation.features import Extractor, of_pictures
from train.evaluation.rows import row
from train.evaluation.small_classifier import Trained
from train.reading.columns import overlap
from train.reading.decoded import Pictures
from zoo.errors import Refused

K = 3  # neighbours of precision and recall
SE_OF_FRECHET = (
    "standard error of drawing both sets anew (first-order, by each picture's pull on the distance)"
)
SE_OF_KID = "standard error of drawing both sets anew (first-order variance of the U-statistic)"
NEAREST_SHOWN = 8
TRAINED_ON = "the reference is what the model was trained on"
LEFT_OUT = "1 is as far as training pictures are from each other: no picture was kept from training"


@dataclass(frozen=True)
class Against:
    """What samples are held against. `features` gives those of a real set, from the cache where they are there."""

    reference: Pictures
    training: Pictures
    unseen: Pictures | None  # the test split, where the data have one
    inception: Extractor | None
    classifier: Trained | None
    features: Callable[[Extractor, Pictures], Tensor]
    alexnet: Callable[[], Extractor | None] = lambda: None  # sees copies where the two others cannot
    mirrored: Pictures | None = None  # the training pictures, where they were shown the other way round, too

    @property
    def has_unseen(self) -> bool:
        """Whether there are pictures that were not trained on, to say how far from training pictures others are."""
        unseen = self.unseen  # of a single picture no distance is usual
        return unseen is not None and len(unseen) > 1 and not overlap(unseen.split, self.training.split)

    def looked_at(self, n: int, n_classifier: int) -> int:
        """How many samples the networks that are there look at, as `measure` has it."""
        if self.classifier is None:
            return n if self.inception or self.alexnet() else 0
        return max(n if self.inception else 0, n_classifier)

    def about(self, extractor: Extractor) -> dict:
        """The protocol's part that the networks and the reference decide."""
        note = {"note": TRAINED_ON} if overlap(self.reference.split, self.training.split) else {}
        return describe(extractor, self.reference) | note


def measure(
    samples: Tensor,
    against: Against,
    *,
    n: int,
    n_classifier: int,
    asked: Tensor | None = None,
    progress: bool = True,
) -> list[dict]:
    """Rows on uint8 samples (N, C, S, S): Inception's on the first n, the classifier's on the first n_classifier.

    `asked`: the class of each sample (N,), of a model that takes classes. Refused where a set is too small.
    """
    shape, wanted = tuple(samples.shape[1:]), against.reference.images.shape[1:]
    if shape != wanted:
        raise Refused(f"samples are {shape}, the pictures of {against.reference.name} {wanted}")
    told = "Inception of samples" if progress else None
    inception, known, rows = against.inception, against.classifier, []
    if inception is not None and len(against.reference) <= K:  # said before Inception takes its time
        raise Refused(
            f"Inception's figures need {K + 1} pictures or more, and split {against.reference.split} of"
            f" {against.reference.name} has {len(against.reference)}: --reference-split train holds samples against"
            " what was trained on, --skip inception does without"
        )
    seen = None if inception is None else of_pictures(inception, samples[:n], progress=told)
    other = against.alexnet() if inception is None and known is None else None
    seen_by_other = None if other is None else of_pictures(other, samples[:n])
    known_as = None if known is None else of_pictures(known.extractor, samples[:n_classifier])
    del samples  # of many, the largest thing in memory
    if seen is not None:
        rows += through_inception(seen, against)
    if known is None:  # the classifier of a set sees best what a copy is
        for extractor, fake in ((inception, seen), (other, seen_by_other)):
            if fake is not None:
                rows += copies(fake, against, extractor)
    if known_as is not None:
        rows += through_classifier(known_as, against, None if asked is None else asked[:n_classifier])
    return rows


def through_inception(fake: Tensor, against: Against) -> list[dict]:
    """FID, KID, precision, recall and, where the weights have the classes for it, the Inception Score, of features."""
    inception, n = against.inception, len(fake)
    real = against.features(inception, against.reference)
    about = against.about(inception)
    equal = min(n, len(real))
    some = torch.from_numpy(np.random.default_rng(0).permutation(len(real))[:equal])
    precision, recall = metrics.precision_recall(fake[:equal], real[some], K)
    kid = metrics.kid(fake, real)
    rows = [
        frechet("fid", fake, real, **about),
        row("kid", kid.value, n, se=kid.se, se_of=SE_OF_KID, **about),
        row("precision", precision, equal, **about | {"k": K, "reference_n": equal}),
        row("recall", recall, equal, **about | {"k": K, "reference_n": equal}),
    ]
    if inception.head is not None:
        rows.append(row("inception_score", metrics.inception_score(inception.logits(fake)), n, **about))
    return rows


def through_classifier(fake: Tensor, against: Against, asked: Tensor | None = None) -> list[dict]:
    """Distance, classes and memorisation, of features of the data set's own classifier."""
    known, n = against.classifier, len(fake)
    extractor, classes = known.extractor, len(known.labels)
    real = against.features(extractor, against.reference)
    predicted, of_real = (extractor.logits(f).argmax(1) for f in (fake, real))
    about = against.about(extractor) | {"classifier_accuracy": known.accuracy}
    shares = metrics.class_shares(predicted, classes)
    histogram = {name: round(float(share), 4) for name, share in zip(known.labels, shares, strict=True)}
    rows = [
        frechet("classifier_distance", fake, real, **about),
        row(
            "class_coverage",
            metrics.class_coverage(predicted, of_real, classes),
            n,
            histogram=histogram,
            **about,
        ),
        row("class_entropy", metrics.class_entropy(predicted, classes), n, **about),
    ]
    if asked is not None:
        rows.append(row("asked_class", float((predicted == asked).double().mean()), n, **about))
    return rows + copies(fake, against, extractor, classifier_accuracy=known.accuracy)


def copies(fake: Tensor, against: Against, extractor: Extractor, **more) -> list[dict]:
    """Memorisation, and pictures that both splits hold, of features; no rows of a training set of one picture."""
    if len(against.training) < 2:
        return []
    rows, training, unseen = [], against.features(extractor, against.training), None
    about = against.about(extractor) | more | {"split": against.training.split, "reference_n": len(training)}
    if against.has_unseen:
        unseen = against.features(extractor, against.unseen)
        about |= {"against": f"{against.unseen.split} split"}
        if overlap := metrics.shared(unseen, training):
            rows.append(row("shared_pictures", overlap, len(unseen), **about))
    else:
        about |= {"against": "other training pictures", "note": LEFT_OUT}
    mirrored = against.mirrored and against.features(extractor, against.mirrored)
    if mirrored is not None:
        about |= {"mirrored": True}
    if (ratio := metrics.memorisation(fake, unseen, training, mirrored)) is not None:
        pairs = nearest_pairs(fake, training, mirrored)
        rows.append(row("memorisation", ratio, len(fake), nearest=pairs, **about))
    return rows


def distance(samples: Tensor, against: Against) -> dict:
    """The classifier's distance alone: cheap enough for every snapshot."""
    extractor = against.classifier.extractor
    fake, real = of_pictures(extractor, samples), against.features(extractor, against.reference)
    return frechet("classifier_distance", fake, real, **against.about(extractor))


def frechet(name: str, fake: Tensor, real: Tensor, **protocol) -> dict:
    """The row of a Fréchet distance between features (n, d), with its standard error where it has one."""
    value, se = metrics.frechet(fake, real)
    error = {} if se is None else {"se": se, "se_of": SE_OF_FRECHET}
    return row(name, value, len(fake), **error, **protocol)


def nearest_pairs(fake: Tensor, training: Tensor, mirrored: Tensor | None = None) -> list[list[int]]:
    """[sample, training row] of the samples that lie nearest to a training picture, to be drawn and looked at."""
    distances, rows = metrics.nearest(fake, training if mirrored is None else torch.cat([training, mirrored]))
    closest = distances.argsort()[:NEAREST_SHOWN]
    return [[int(i), int(rows[i]) % len(training)] for i in closest]


def describe(extractor: Extractor, reference: Pictures) -> dict:
    """The protocol's part that the extractor and the reference decide."""
    return {
        "dataset": reference.name,
        "split": reference.split,
        "reference_n": len(reference),
        "extractor": extractor.name,
        "features": extractor.width,
        "resize": extractor.resize,
        "precision": extractor.precision,
    }
