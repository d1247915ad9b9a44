"""All models in one page, and what becomes of the papers' claims.

    python -m cards.overview            # → cards/overview.md and its pictures, and a table in the project's README
    python -m cards.overview --check    # is it older than the figures?
    python -m cards.overview runs/mine --out report.md    # runs of one's own instead, side by side (report.py)

Reads the bundled checkpoints and train/results; a claim's verdict is computed from their figures (claims.py).
--check compares the text, and whether the pictures are there, never what they show.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cards import claims, figures, measures, readme, report, runs, tables
from cards.runs import STARTER, Zoo
from cards.verdicts import holm
from zoo import architectures
from zoo.errors import ZooError
from zoo.files import write_files
from zoo.losses import LOSSES

HERE = Path(__file__).parent
PAGE = "overview.md"
PICTURES = {"fid": "overview-fid.png", "kid": "overview-kid.png"}

CHANCES = (
    "*p*: how often chance alone would say as much as the figures that there are, where each part of a claim has two"
    " seeds or more. *Corrected* for the number of such claims, by Holm's rule: above 0.05, a verdict may be the one in"
    " twenty that comes by itself."
)

PAPERS = {
    "focal": (
        "Enhancing Pixelwise GANs (focal loss)",
        "Its Table 4 lies where PSNR lands if uint8 pictures are subtracted without widening, whatever the pictures:"
        " the last rows translate nothing. That it was taken so is shown only where our wrap-around figures of its"
        " losses land there too. For scale: users measure about 15 dB for the published Facades model of pix2pix's"
        " authors, whose FID by another library is 119.1.",
        tables.psnr,
    ),
    "lsgan": (
        "Least Squares GANs for Image Generation (Fashion-MNIST)",
        "FID against the test split. Momentum does not enter training: its two columns are one run each, evaluated"
        " twice.",
        tables.fashion,
    ),
    "survey": (
        "A gentle introduction to GAN loss functions (survey)",
        "Theirs are Lucic et al. 2018, Table 2: FID at the best settings of a wide search, mean over 50 seeds, 10,000"
        " samples. Ours are one setting for all losses.",
        tables.lucic,
    ),
    "resnet": (
        "Comparing adversarial loss functions in ResNet-based GANs on CIFAR-10",
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
    write_files(out, drawn | {PAGE: page(zoo).encode()})
    for name in PICTURES.values():
        if name not in drawn:
            (out / name).unlink(missing_ok=True)


def check(zoo: Zoo, out: Path = HERE) -> str | None:
    """What has drifted, in a line; None where the page is what `write` would write now."""
    path = out / PAGE
    if not path.is_file() or path.read_text(encoding="utf-8") != page(zoo):
        return f"{PAGE} is not what its figures say now"
    expected = {PICTURES[name] for name in drawable(zoo)}
    wrong = [name for name in PICTURES.values() if (out / name).is_file() != (name in expected)]
    if wrong:
        return f"{wrong[0]} is {'missing' if wrong[0] in expected else 'of figures that are gone'}"
    return None


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


def page(zoo: Zoo) -> str:
    """The text: first figures and pictures of all models, then the claims, then each paper's figures beside ours."""
    decided = claims.verdicts(zoo)
    trained = [run for run in zoo.runs if run.config]
    measured = [run for run in trained if run.rows]
    parts = [
        "# The zoo in figures",
        f"Made by `python -m cards.overview` from {len(trained)} trainings, of which {len(measured)} are measured."
        " Nothing here is written by hand. The budget is kimg, thousands of real pictures seen by the critic, and is"
        " the same for every loss of a family; the generator's steps stand beside it, because a loss with five critic"
        " steps has had a fifth of them. Over several training seeds: mean ± standard deviation.",
        *(f"![{measures.MEASURES[name].title} of every model]({PICTURES[name]})" for name in drawable(zoo)),
        "## Losses × architectures",
        "FID, of pix2pix the true PSNR in dB; by which protocol stands under each family's table. *Refused* is a loss"
        " that the architecture does not take; the training scripts say why.",
        tables.matrix(zoo),
    ]
    for architecture, dataset in tables.families(zoo):
        if text := tables.family(zoo, architecture, dataset):
            parts += [f"### {architecture} on {dataset}", text]
    if text := tables.controls(zoo):
        parts += ["### Controls", text]
    if text := tables.protocol(zoo):
        parts += [
            "### How the protocol was decided",
            "Short runs, classifier distance at n = 10,000 ↓. The best mean rank over vanilla, wgan-gp and focal wins,"
            " unless at full length a critic dies of it.",
            text,
        ]
    parts += [
        "## Claims",
        claims.__doc__.partition("\n\n")[2].strip().replace("\n", " "),
        *claims_table(decided),
    ]
    for key, (title, note, of) in PAPERS.items():
        parts += [f"## {title}", note, of(zoo), *(sentence(v) for v in decided if v.claim.source == key)]
    return "\n\n".join(parts) + "\n"


def claims_table(decided: Sequence[claims.Verdict]) -> list[str]:
    """The verdicts; with the chances of those whose every part has two seeds or more, and what they mean."""
    head, rows = ["key", "claim", "verdict", "here"], []
    chances = {v.claim.key: v.p for v in decided if v.p is not None}
    corrected = holm(chances)
    for v in decided:
        found = [of.get(v.claim.key) for of in (chances, corrected)] if chances else []
        told = ["–" if p is None else "< 0.001" if p < 0.001 else f"{p:.2g}" for p in found]
        rows.append([v.claim.key, v.claim.text, f"**{v.word}**", v.here or "–", *told])
    if not chances:
        return [tables.table(head, rows)]
    return [CHANCES, tables.table([*head, "p", "corrected"], rows)]


def sentence(verdict: claims.Verdict) -> str:
    """A claim, its verdict, every figure that it rests on, and what they come from."""
    head = f"**{verdict.claim.key}: {verdict.word}.** “{verdict.claim.text}.”"
    told = list(
        dict.fromkeys(
            part.text + (f": *{part.here or part.word}*" if part.here else "") for part in verdict.parts
        )
    )
    why = ""
    for reason in dict.fromkeys(part.unmet for part in verdict.parts):
        if runs := dict.fromkeys(p.about for p in verdict.parts if p.unmet == reason and p.about):
            lead = f"{reason[0].upper()}{reason[1:]}:" if reason else "From"
            why += f" {lead} {'; '.join(runs)}."
    if len(told) == 1:
        return f"{head} {told[0]}.{why}"
    return "\n".join([f"{head}{why}", "", *(f"- {text}." for text in told)])


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
