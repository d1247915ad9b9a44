"""All models in one page, and what becomes of the papers' claims; the latter also as a short text (findings.py).

    python -m cards.overview            # → overview.md, findings.md, pictures; a table in the README
    python -m cards.overview --check    # is it older than the figures?
    python -m cards.overview runs/mine --out report.md    # runs of one's own instead, side by side (report.py)

Reads the bundled checkpoints and train/results; a claim's verdict is computed from their figures (claims.py).
--check compares the text, and whether the pictures are there, never what they show.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cards import (
    claim_pictures,
    claims,
    comparisons,
    facades,
    figures,
    findings,
    measures,
    papers,
    readme,
    report,
    runs,
    sentences,
    tables,
    translations,
)
from cards.runs import STARTER, Zoo
from zoo import architectures
from zoo.errors import ZooError
from zoo.files import write_files
from zoo.losses import LOSSES

HERE = Path(__file__).parent
PAGE, FINDINGS = "overview.md", "findings.md"
PICTURES = {"fid": "overview-fid.png", "kid": "overview-kid.png"}

WORDS = (
    "*Difference*: the 95 % interval (Student's t) of the difference between runs of the same seeds excludes 0 on the"
    " claimed side. *Parity*: it lies within ±10 % of the reference. *Holds*, *fails*: every seed keeps to the bound in"
    " the sentence, or none does. *Shown*: only eyes can judge. *Not tested*: the claim's own conditions are not met"
    " (fewer than two seeds, another budget or set-up); what the figures say at ours is added. Otherwise *undecided*,"
    " also where a coarse measure differs by just as much with each seed. Of a claim with several parts the worst word"
    " counts; a difference the other way only if its p, times as many as the parts are, is below 0.05, since chance"
    " alone finds one among many."
)
TERMS = (
    "*To read*: A − B is the mean of A, the mean of B, their difference (taken before rounding), and in square"
    " brackets its 95 % interval over training seeds that both share. Models are named by architecture and loss;"
    " *vanilla* is the non-saturating GAN loss (the papers' GAN, NS or BCE). *Our own set-up*: the recipe"
    " [starter-zoo](../train/recipes/starter-zoo.toml), whose widths, batches, latents and learning rates are not the"
    " sources' (its lsgan, say, lacks the sigmoid with which one of them ends the critic). *Swing*: how far the"
    " critic's or the generator's mean score moves around its own trend, in units of the spread of scores, so that"
    " losses of any scale can be compared; 0 is a curve that moves no more than the sampling noise that is"
    " taken off, which is large where a critic sees one picture at a time (pix2pix). A critic that is"
    " *saturated* (it ranks nearly every"
    " pair right) or *dead* (the generator gets no gradient from it) is never called stable. *First tenth*, *last"
    " epoch*: of training. *Step spike*: the largest size that a loss had in one step, over the usual peak: the"
    " median, over intervals of training (a 160th each), of the largest size that a step had in each. The first"
    " interval is left out, since a critic that is to be clipped is not yet clipped when it begins. *Collapsed*:"
    f" {sentences.COLLAPSE}; L3 alone counts by a wider bound, which it names. *Asked-for class seen*: the share of"
    " samples in which a classifier sees the class they were made for. *A ± B*: mean and standard deviation over"
    " training seeds; *(2 of 3)*: of how many, where not all have a figure."
)
PROTOCOL = (
    "Short runs, classifier distance at n = 10,000 ↓. Of learning rates, clips and gammas the best mean rank over the"
    " losses tried wins, unless at full length a critic dies of it. Norms are not chosen so: spectral norm stays, since"
    " a critic without a Lipschitz control of its own is to have one, and layer norm, since WGAN-GP's source has it; no"
    " norm tried gains more than a few per cent, which another seed moves as well."
)
PRICES = (
    "*Core-hours*: the missing trainings, three seeds of each, at the speed of our own of that architecture, data set"
    " and loss (or else of its other ones), on one core of the machines that trained them and at our widths and"
    " batches: an order of magnitude."
)

PAPERS = {
    "F": (
        "Its Table 4, of pix2pix on Facades, lies near where PSNR lands if uint8 pictures that differ much are"
        " subtracted without widening. For scale: users measure 12 to 15 dB for pix2pix on Facades, and"
        " by another library an FID of 119.1 for its authors' published model.",
        facades.table,
    ),
    "L": (
        "FID against the test split. Momentum does not enter training.",
        tables.fashion,
    ),
    "S": (
        "Theirs are Lucic et al. 2018, Table 2: FID at the best settings of a wide search, mean over 50 seeds, 10,000"
        " samples. Ours are one setting for all losses.",
        tables.lucic,
    ),
    "R": (
        "It reports curves and an expected order of FID, no figure.",
        tables.resnet,
    ),
}


def write(zoo: Zoo, out: Path = HERE) -> None:
    """The page and its pictures; a picture whose figures are gone goes too."""
    drawn = {
        PICTURES[name]: figures.over_zoo(groups, measures.MEASURES[name].title)
        for name, groups in drawable(zoo).items()
    }
    if translations.folders(zoo):
        drawn[translations.NAME] = translations.sheet(zoo)
    drawn |= {name: picture.draw() for name, picture in claim_pictures.pictures(zoo).items()}
    write_files(out, drawn | {name: text.encode() for name, text in pages(zoo).items()})
    for name in there(out) - drawn.keys():
        (out / name).unlink()


def check(zoo: Zoo, out: Path = HERE) -> str | None:
    """What has drifted, in a line; None where the page is what `write` would write now."""
    for name, text in pages(zoo).items():
        if not (out / name).is_file() or (out / name).read_text(encoding="utf-8") != text:
            return f"{name} is not what its figures say now"
    expected = {PICTURES[name] for name in drawable(zoo)} | claim_pictures.pictures(zoo).keys()
    expected |= {translations.NAME} if translations.folders(zoo) else set()
    if wrong := sorted(there(out) ^ expected):
        return f"{wrong[0]} is {'missing' if wrong[0] in expected else 'of figures that are gone'}"
    return None


def there(out: Path) -> set[str]:
    """The pictures of this page that a folder has."""
    return {path.name for pattern in ("overview-*.*", "claims-*.png") for path in out.glob(pattern)}


def drawable(zoo: Zoo) -> dict[str, dict[str, dict[str, list[float]]]]:
    """{measure: {family: {loss: its figures, one per training seed}}} of the pictures that have something to show."""
    return {name: groups for name in PICTURES if (groups := by_family(zoo, name))}


def by_family(zoo: Zoo, name: str) -> dict[str, dict[str, list[float]]]:
    """One measure of all models from noise of the starter protocol."""
    groups: dict[str, dict[str, list[float]]] = {}
    for architecture, dataset in tables.families(zoo):
        if architectures.get(architecture).kind == "translation":
            continue
        seeds = {loss: zoo.seeds(STARTER, architecture, loss, dataset).values() for loss in LOSSES}
        found = {
            loss: [x for run in runs if (x := run.value(name)) is not None] for loss, runs in seeds.items()
        }
        if any(found.values()):
            groups[f"{architecture}, {dataset}"] = {loss: values for loss, values in found.items() if values}
    return groups


def pages(zoo: Zoo) -> dict[str, str]:
    """{file name: text} of both pages."""
    decided = claims.verdicts(zoo)
    return {PAGE: page(zoo, decided), FINDINGS: findings.page(zoo, decided)}


def page(zoo: Zoo, decided: Sequence[claims.Verdict]) -> str:
    """The text: what was found, the papers' tables beside ours, how it was decided, then all figures of all models."""
    return "\n\n".join([*found(zoo, decided), *beside(zoo, decided), *how(decided), *models(zoo)]) + "\n"


def found(zoo: Zoo, decided: Sequence[claims.Verdict]) -> list[str]:
    trained = [run for run in zoo.runs if run.config]
    number = sum(bool(run.rows) for run in trained)
    measured = "all of them" if number == len(trained) else f"{number} of them"
    parts = [
        "# What was found",
        "Four papers say what the loss of a GAN does to its training and its pictures. Here small GANs, in which the"
        " loss, with the Lipschitz control that belongs to it, is the only thing that changes, are held against"
        f" {len(decided)} of their claims. The figures come from {len(trained)} trainings, {measured} measured; no"
        " verdict is written by hand, `python -m cards.overview` computes this page. [Findings to cite](findings.md),"
        " [how verdicts are reached](#how-verdicts-are-reached), [all models](#our-models).",
        f"{sentences.tally(decided)} {sentences.so_far(decided)}".rstrip(),
        TERMS,
    ]
    pictures = claim_pictures.pictures(zoo)
    for letter, title in papers.SOURCES.items():
        lines = [f"- {sentences.sentence(zoo, v)}" for v in decided if v.claim.key.startswith(letter)]
        parts += [f"### {title}", "\n".join(lines)]
        parts += [f"![{of.alt}]({name})" for name, of in pictures.items() if of.letter == letter]
    return parts


def beside(zoo: Zoo, decided: Sequence[claims.Verdict]) -> list[str]:
    """The papers' tables with ours in them."""
    parts = ["## The papers' figures beside ours"]
    for letter, (note, of) in PAPERS.items():
        parts += [f"### {papers.SOURCES[letter]}: tables", note, of(zoo)]
        links = curves(zoo, [v for v in decided if v.claim.key.startswith(letter)])
        if links:
            parts.append(
                "Loss curves of our own set-up: run `python space/app.py` and put behind its address"
                f" {', or '.join(links)}."
            )
    return parts


def curves(zoo: Zoo, decided: Sequence[claims.Verdict]) -> list[str]:
    """What opens the page's Curves view at the bundled models that these claims are about, family by family."""
    by_family: dict[tuple[str, str], list[str]] = {}
    for cell in dict.fromkeys(cell for v in decided for part in v.parts for cell in part.cells):
        run = zoo.seeds(STARTER, cell.architecture, cell.loss, cell.dataset).get(0)
        if run and run.config and run.history():
            by_family.setdefault((cell.architecture, cell.dataset), []).append(run.config.id)
    return [f"`/?view=curves&models={','.join(ids)}`" for ids in by_family.values()]


def how(decided: Sequence[claims.Verdict]) -> list[str]:
    return [
        "## How verdicts are reached",
        WORDS,
        *comparisons.verdicts(decided),
        PRICES,
        "### Every comparison",
        comparisons.every(decided),
    ]


def models(zoo: Zoo) -> list[str]:
    """Figures and pictures of all models."""
    parts = [
        "## Our models",
        "The budget is kimg, thousands of real pictures seen by the critic, and is the same for every loss of a family;"
        " the generator's steps stand beside it, because a loss with five critic steps has had a fifth of them. *Real"
        " pictures* are of the training split: of cats64, which has no other, they are some of those that all are held"
        " against, so that their precision and recall are 1.",
        *(f"![{measures.MEASURES[name].title} of every model]({PICTURES[name]})" for name in drawable(zoo)),
        "### Losses × architectures",
        "FID; by which protocol stands under each family's table. *Refused* is a loss"
        " that the architecture does not take; the training scripts say why.",
        tables.matrix(zoo),
    ]
    for architecture, dataset in tables.families(zoo):
        if text := tables.family(zoo, architecture, dataset):
            parts += [f"### {architecture} on {dataset}", text]
        if architecture == "pix2pix" and (text := facades.modes(zoo)):
            parts.append(text)
        if architecture == "pix2pix" and translations.folders(zoo):
            parts.append(f"![{translations.ALT}]({translations.NAME})")
    if text := tables.controls(zoo):
        parts += ["### Controls", text]
    if text := tables.protocol(zoo):
        parts += [
            "### How the protocol was decided",
            PROTOCOL,
            text,
        ]
    return parts


def main(arguments: Sequence[str] | None = None, prog: str = "cards.overview", *, own: bool = False) -> int:
    """The exit code is 1 where the page has drifted, 2 where something cannot be used."""
    words = (report if own else sys.modules[__name__]).__doc__.split("\n\n")[0]
    parser = argparse.ArgumentParser(prog=prog, description=words)
    which = "looked through for runs" if own else "your own, to be reported on side by side instead"
    parser.add_argument("runs", nargs="*", metavar="FOLDER", help=which)
    parser.add_argument(
        "--out", type=Path, default=Path("report.md"), help="its pictures go beside it (default: %(default)s)"
    )
    if not own:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail where the page has drifted"
        )
    options = parser.parse_args(arguments)
    try:
        if options.runs or own:
            for name, why in report.write(options.runs, options.out).items():
                print(f"{prog}: {name} is passed over: {why}", file=sys.stderr)
            print(options.out)
            return 0
        zoo = runs.find()
        if not options.check:
            write(zoo)
            readme.write(zoo)
        elif problem := check(zoo) or readme.check(zoo):
            print(f"{problem}; python -m cards.overview writes it anew")
            return 1
    except ZooError as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
