"""A set of made-up pictures, a classifier of them, runs on them; all apart from the user's own."""

import shutil

import pytest
from PIL import Image

from tests.train.evaluation.colours import CLASSES, SIDE, TEST, TRAIN, made_up, stand_in
from train import classifier, evaluate, pix2pix
from train.evaluation import features, inception, sampled, small_classifier, translated
from train.reading import data
from zoo import measurements


@pytest.fixture(scope="package")
def folder(tmp_path_factory):
    """colours/{train,test}/{blue,green,red}/*.png, and pairs/{A,B}/."""
    root = tmp_path_factory.mktemp("sets")
    for split, n, seed in (("train", TRAIN, 0), ("test", TEST, 1)):
        for i, (picture, label) in enumerate(zip(*made_up(n, seed), strict=True)):
            path = root / "colours" / split / CLASSES[label] / f"{i:04}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture.permute(1, 2, 0).numpy()).save(path)
    for split, n in (("train", 8), ("test", 6)):
        for side in "AB":
            pictures, _ = made_up(n, 2 if side == "A" else 3)
            for i, picture in enumerate(pictures):
                path = root / "pairs" / split / side / f"{i}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture.permute(1, 2, 0).numpy()).save(path)
    return root


@pytest.fixture(scope="package", autouse=True)
def apart(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("ACCELERATE_USE_CPU", "true")
        patch.delenv("ZOO_DATA_DIR", raising=False)
        patch.setattr(small_classifier, "FOLDER", tmp_path_factory.mktemp("classifiers"))
        yield


@pytest.fixture(scope="package")
def trained(folder):
    """A classifier of the colours, by the script itself."""
    options = classifier.Options(
        dataset=str(folder / "colours"), size=SIDE, epochs=3, batch=15, lr=0.05, out=small_classifier.FOLDER
    )
    return classifier.train(options)


@pytest.fixture(scope="package")
def against(folder, trained):
    training, test = (
        data.load(data.DataOptions(dataset=str(folder / "colours"), size=SIDE, split=split))
        for split in ("train", "test")
    )
    real = lambda extractor, of: features.of_real(extractor, of.images, f"{of.name}-{of.split}")  # noqa: E731
    return sampled.Against(
        test, training, test, stand_in(), small_classifier.find("colours", None, CLASSES), real
    )


@pytest.fixture(scope="package")
def figures(against):
    """Samples → {name without n: row}."""

    def measure(samples, asked=None):
        found = sampled.measure(samples, against, n=len(samples), n_classifier=len(samples), asked=asked)
        return {figure["name"].removesuffix(f"_n{len(samples)}"): figure for figure in found}

    return measure


@pytest.fixture(scope="package")
def good(figures):
    return figures(*made_up(TEST, 7))


@pytest.fixture(scope="package")
def run(folder, trained, tmp_path_factory):
    """A short run on the colours, with classes, and one on the pairs: their folders."""
    from train import dcgan
    from train.running import loop

    out = tmp_path_factory.mktemp("runs")
    shared = {"width": 4, "batch": 4, "precision": "float32", "memory_format": "contiguous"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("train.running.averaging.PICTURES", 250)
        loop.run(
            "cdcgan",
            dcgan.Options(
                dataset=str(folder / "colours"),
                size=SIDE,
                conditional=True,
                latent=8,
                kimg=0.2,
                snapshot_kimg=0.04,
                log_kimg=0.008,
                out=out / "cdcgan",
                **shared,
            ),
            script="dcgan.py",
        )
        loop.run(
            "pix2pix",
            pix2pix.Options(
                dataset=str(folder / "pairs"),
                direction="BtoA",
                size=SIDE,
                cap=8,
                kimg=0.032,
                out=out / "pix2pix",
                **shared,
            ),
            script="pix2pix.py",
        )
    return out


@pytest.fixture
def measured(run, folder, tmp_path, monkeypatch):
    """`train/evaluate.py` on copies of the runs with a stand-in for Inception: (its options) → rows of metrics.json."""
    monkeypatch.setattr(inception, "official", lambda *given: stand_in())
    monkeypatch.setattr(translated, "load_lpips", lambda path: lambda a, b: float((a != b).float().mean()))
    shutil.copytree(run, tmp_path / "runs")

    def measure(name, dataset, *more):
        where = tmp_path / "runs" / name
        words = [str(where), "--dataset", str(folder / dataset), "--n", "60", "--n-classifier", "90", *more]
        monkeypatch.setattr("sys.argv", ["evaluate.py", *words])
        evaluate.main()
        found = measurements.read_metrics(where)
        assert not found.stale
        return found.rows

    return measure
