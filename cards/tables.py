"""Tables of the overview: one measure over losses × architectures, a family in full, and each paper's beside ours."""

import statistics
from collections import Counter
from collections.abc import Sequence

from cards import measures, papers
from cards.measures import MEASURES, OF_PICTURES, show
from cards.runs import PROTOCOL, STARTER, Run, Zoo
from zoo import architectures, losses, measurements
from zoo.errors import Refused

OF_NOISE = ("fid", "kid", "precision", "recall", "classifier_distance", "class_coverage", "asked_class",
            "memorisation", "swing_d", "swing_g")  # fmt: skip
OF_TRANSLATION = ("psnr", "ssim", "l1", "lpips", "fid", "wrapped_psnr", "swing_d", "swing_g")
LOSSES_AND_NONE = (*losses.LOSSES, "none")  # the last is no loss: what an adversarial part is held against
L1_ALONE = "L1 alone"
FASHION_LOSSES = {"vanilla": "GAN", "lsgan": "LSGAN"}  # and what their paper calls them
NOT_TRAINED, NOT_MEASURED, REFUSED = "not trained yet", "not measured yet", "refused"


def table(heading: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [heading, ["---"] * len(heading), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def mean(runs: Sequence[Run], name: str) -> str:
    """Over seeds, ± their standard deviation; as the zoo's own, where there is one seed.

    Where not every seed has a figure, with how many have: "56.8 (1 of 2)".
    """
    values = [value for run in runs if (value := run.value(name)) is not None]
    return measures.mean(name, values) + _short(len(values), len(runs))


def _short(measured: int, seeds: int) -> str:
    return f" ({measured} of {seeds})" if 0 < measured < seeds else ""


def better_control(found: Sequence[Run], best: float) -> str:
    """What the control among a family's runs came to by FID, where no loss came to less; "" where one did."""
    controls = [run for run in found if run.loss == "none"]
    values = [value for run in controls if (value := run.value("fid")) is not None]
    if not values or statistics.fmean(values) >= best:
        return ""
    return f"; {L1_ALONE}, a control, {mean(controls, 'fid')}"


def families(zoo: Zoo) -> list[tuple[str, str]]:
    """Nets in the order of their table, the data that most of their trainings are of first."""
    found = Counter((run.architecture, run.dataset) for run in zoo.runs if run.recipe == STARTER)
    nets = list(architectures.ARCHITECTURES)
    return sorted(found, key=lambda family: (nets.index(family[0]), -found[family], family[1]))


def is_refused(architecture: str, loss: str) -> bool:
    if loss == "none":
        return architectures.get(architecture).kind != "translation"
    try:
        chosen = losses.get(loss)
        architectures.plan_critic(architecture, loss, chosen, penalty=chosen.penalty)
    except Refused:
        return True
    return False


def cell(zoo: Zoo, architecture: str, loss: str, dataset: str) -> str:
    """The FID of one cell of the zoo, or why there is none."""
    if is_refused(architecture, loss):
        return REFUSED
    runs = list(zoo.seeds(STARTER, architecture, loss, dataset).values())
    if not runs:
        return NOT_TRAINED
    if failed := [run for run in runs if run.config is None]:
        return f"failed: {failed[0].failure}" if len(failed) == len(runs) else "failed with some seeds"
    figure = mean(runs, "fid")
    if figure == "–":
        return NOT_MEASURED
    return ", ".join([figure, *spread("collapsed", [run.collapsed for run in runs])])


def matrix(zoo: Zoo) -> str:
    """Loss × architecture."""
    columns = families(zoo)
    heading = ["loss", *(f"{net}, {data}" for net, data in columns)]
    lines = [[loss, *(cell(zoo, net, loss, data) for net, data in columns)] for loss in LOSSES_AND_NONE]
    return table(heading, lines)


def family(zoo: Zoo, architecture: str, dataset: str) -> str:
    """All figures of one family by loss, with real pictures and noise for scale; "" where nothing is trained."""
    by_loss = {
        loss: [run for run in zoo.seeds(STARTER, architecture, loss, dataset).values() if run.config]
        for loss in LOSSES_AND_NONE
    }
    by_loss = {loss: runs for loss, runs in by_loss.items() if runs}
    told = [run for runs in by_loss.values() for run in runs]
    if not told:
        return ""
    translates = architectures.get(architecture).kind == "translation"
    names = OF_TRANSLATION if translates else OF_NOISE
    names = [name for name in names if any(run.row(name) for run in told)] or names[:1]
    lines = [
        [
            loss,
            f"{runs[0].kimg:,.0f}",
            f"{runs[0].g_steps:,}",
            str(len(runs)),
            *(mean(runs, n) for n in names),
            note(runs),
        ]
        for loss, runs in by_loss.items()
    ]
    beside = ("real",) if translates else ("real", "noise")
    lines += [of_reference(zoo, dataset, subject, names) for subject in beside]
    headings = [MEASURES[name].heading for name in names]
    text = table(["loss", "kimg", "generator steps", "seeds", *headings, "note"], lines)
    return f"{text}\n\n{protocols(told)}".rstrip()


def note(runs: Sequence[Run]) -> str:
    """What must be known before any figure, of any seed."""
    if not any(run.rows for run in runs):
        return NOT_MEASURED
    return ", ".join([*spread("collapsed", [run.collapsed for run in runs]), *unfit(runs)])


def unfit(runs: Sequence[Run]) -> list[str]:
    """What ails their critics, and in how many seeds."""
    found = [measures.unfit(run.row("swing_d")) for run in runs]
    return [
        text
        for word in sorted({*found} - {""})
        for text in spread(word, [word == of_one for of_one in found])
    ]


def spread(word: str, holds: Sequence[bool]) -> list[str]:
    """[word] where it holds of any seed; of several, in how many."""
    if not any(holds):
        return []
    return [word if len(holds) == 1 else f"{word} in {sum(holds)} of {len(holds)} seeds"]


def of_reference(zoo: Zoo, dataset: str, subject: str, names: Sequence[str]) -> list[str]:
    rows = [row for row in zoo.references.get(dataset, []) if row.get("subject") == subject]
    figures = (show(name, measurements.value(rows, name)) for name in names)
    label = "*real pictures*" if subject == "real" else "*noise*"
    return [label, "", "", "", *figures, "" if rows else NOT_MEASURED]


def protocols(runs: Sequence[Run]) -> str:
    """The protocol of the figures of pictures, once for all that share it."""
    found: dict[str, list[str]] = {}
    for name in OF_PICTURES:
        for text in dict.fromkeys(describe(row) for run in runs if (row := run.row(name)) and "n" in row):
            found.setdefault(text, []).append(MEASURES[name].title.split(" (")[0])
    return " ".join(f"{', '.join(names)}: {text}." for text, names in found.items())


def describe(row: dict) -> str:
    against = f", against the {row['split']} split" if "split" in row else ""
    against += f" ({row['reference_n']:,})" if "reference_n" in row else ""
    through = f", {row['extractor']}" if "extractor" in row else ""
    return f"n = {row['n']:,}{against}{through}"


# ---- the papers' figures beside ours


def runs_of(zoo: Zoo, recipe: str, architecture: str, loss: str, dataset: str) -> list[Run]:
    """The paper's own recipe, or else the starter zoo's protocol."""
    for name in (recipe, STARTER):
        if runs := [run for run in zoo.seeds(name, architecture, loss, dataset).values() if run.config]:
            return runs
    return []


def ours(runs: Sequence[Run], name: str) -> str:
    if not runs:
        return NOT_TRAINED
    figure = mean(runs, name)
    return NOT_MEASURED if figure == "–" else figure


def budgets(by_loss: dict[str, Sequence[Run]]) -> str:
    """By which recipe and budget each loss's figures were made, once for all that share it; "" where there are none."""
    found: dict[str, list[str]] = {}
    for loss, of in by_loss.items():
        if of:
            text = f"{of[0].recipe}, {of[0].kimg:,.0f} kimg, {of[0].g_steps:,} generator steps"
            found.setdefault(text, []).append(loss)
    return " ".join(f"Ours of {', '.join(names)}: {text}." for text, names in found.items())


def with_budgets(
    heading: Sequence[str], lines: Sequence[Sequence[str]], by_loss: dict[str, Sequence[Run]]
) -> str:
    return f"{table(heading, lines)}\n\n{budgets(by_loss)}".rstrip()


def fashion(zoo: Zoo) -> str:
    lines = []
    for loss, name in FASHION_LOSSES.items():
        line = [name]
        for architecture, momentum, theirs in papers.FASHION.values():
            runs = runs_of(zoo, "lsgan-fashion-mnist", architecture, loss, "fashion-mnist")
            figure = theirs.get(loss)
            line.append(f"{'–' if figure is None else figure} / {with_momentum(runs, momentum)}")
        lines.append(line)
    text = table(["theirs / ours", *papers.FASHION], lines)
    notes = ["\\*: statistics re-estimated, no momentum."] * ("*" in text) + same_run(zoo)
    return "\n\n".join([text, " ".join(notes)]).rstrip()


def same_run(zoo: Zoo) -> list[str]:
    """What both columns of one net with a momentum are: one training, and evaluated with a momentum or not."""
    momenta = [momentum for _, momentum, _ in papers.FASHION.values() if momentum is not None]
    found: dict[bool, list[str]] = {}
    for loss, name in FASHION_LOSSES.items():
        if runs := runs_of(zoo, "lsgan-fashion-mnist", "convgan-bn", loss, "fashion-mnist"):
            tracked = any(measurements.counting(run.rows, "fid", m) for run in runs for m in momenta)
            found.setdefault(tracked, []).append(name)
    of_tracked = {
        True: "evaluated twice",
        False: "which has not been evaluated with a momentum, so one figure stands twice",
    }
    return [
        f"Of {' and '.join(names)} the columns of momentum 0.1 and 0.05 are the same training, {of_tracked[tracked]}."
        for tracked, names in found.items()
    ]


def with_momentum(runs: Sequence[Run], momentum: float | None) -> str:
    """FID of the generator with statistics tracked at a momentum; of the checkpoint itself where it has none."""
    if momentum is None or not runs:
        return ours(runs, "fid")
    tracked = [row for run in runs if (row := measurements.counting(run.rows, "fid", momentum))]
    if tracked:
        figure = show("fid", statistics.fmean(row["value"] for row in tracked))
        return figure + _short(len(tracked), len(runs))
    own = ours(runs, "fid")
    return NOT_MEASURED if own == NOT_MEASURED else f"{own}*"


def lucic(zoo: Zoo) -> str:
    by_data = {
        data: {loss: runs_of(zoo, "lucic-seven", "dcgan", loss, data) for loss in theirs}
        for data, theirs in papers.LUCIC.items()
    }
    lines = [
        [loss, *(text for data, theirs in papers.LUCIC.items()
                 for text in (f"{theirs[loss]:.1f}", ours(by_data[data][loss], "fid")))]
        for loss in papers.LUCIC["cifar10"]
    ]  # fmt: skip
    heading = [f"{data}, {of}" for data in papers.LUCIC for of in ("theirs", "dcgan, ours")]
    trained = {f"{loss} on {data}": runs for data, of in by_data.items() for loss, runs in of.items()}
    return f"{with_budgets(['loss', *heading], lines, trained)} {of_fewer_samples(by_data)}".rstrip()


def of_fewer_samples(by_data: dict[str, dict[str, Sequence[Run]]]) -> str:
    """On which data sets our FIDs are of fewer samples than theirs, and what that does; "" where on none."""
    told = []
    for data, of in by_data.items():
        rows = [row for runs in of.values() for run in runs if (row := run.row("fid"))]
        if fewer := sorted({n for row in rows if (n := row.get("n", papers.LUCIC_N)) < papers.LUCIC_N}):
            told.append(f"on {data}, of n = {' and '.join(f'{n:,}' for n in fewer)}")
    if not told:
        return ""
    return (
        f"FID falls with n: ours {'; '.join(told)}, come out a little higher than they would with the"
        f" {papers.LUCIC_N:,} of theirs."
    )


def resnet(zoo: Zoo) -> str:
    names = ("fid", "kid", "recall", "last_epoch_g_loss", "last_epoch_d_loss", "step_spike_g", "step_spike_d")
    by_loss = {loss: runs_of(zoo, "resnet-losses", "sngan", loss, "cifar10") for loss in papers.RESNET}
    lines = [
        [
            loss,
            papers.RESNET[loss],
            str(len(runs) or "–"),
            ours(runs, names[0]),
            *(mean(runs, name) for name in names[1:]),
            note(runs) if runs else "",
        ]
        for loss, runs in by_loss.items()
    ]
    headings = [MEASURES[name].heading for name in names]
    return with_budgets(["loss", "theirs", "seeds", *headings, "note"], lines, by_loss)


def controls(zoo: Zoo) -> str:
    """Runs with a tag: one thing about them differs, and it is no loss. Those of pix2pix stand in facades.py."""
    lines = []
    tagged = [run for run in zoo.runs if run.tag and run.recipe != PROTOCOL and run.config]
    tagged = [run for run in tagged if architectures.get(run.architecture).kind == "noise"]
    kinds = dict.fromkeys((run.recipe, run.architecture, run.loss, run.dataset, run.tag) for run in tagged)
    for kind in kinds:
        runs = list(zoo.seeds(*kind).values())
        figures = (ours(runs, name) for name in ("fid", "kid", "recall"))
        lines.append(
            [
                f"{kind[1]} {kind[2]} on {kind[3]}, {kind[4]}",
                f"{runs[0].kimg:,.0f}",
                f"{runs[0].g_steps:,}",
                *figures,
            ]
        )
    return table(["control", "kimg", "generator steps", "FID ↓", "KID ↓", "recall ↑"], lines) if lines else ""


def protocol(zoo: Zoo) -> str:
    """The short runs by which a family's protocol was decided: a line for each setting."""
    runs = [run for run in zoo.runs if run.recipe == PROTOCOL and run.config]
    by_loss = [loss for loss in losses.LOSSES if loss in {run.loss for run in runs}]
    settings = {(run.architecture, run.dataset, run.tag) for run in runs}
    lines = []
    for architecture, dataset, tag in sorted(
        settings, key=lambda s: ([*architectures.ARCHITECTURES].index(s[0]), s)
    ):
        cells = {
            loss: list(zoo.seeds(PROTOCOL, architecture, loss, dataset, tag).values()) for loss in by_loss
        }
        of = next(of[0] for of in cells.values() if of)
        setting = tag or f"as the starter zoo (lr {of.config.training.lr_g:g})"
        figures = [", ".join([mean(of, "classifier_distance"), *unfit(of)]) for of in cells.values()]
        lines.append([f"{architecture} on {dataset}, {setting}", f"{of.kimg:,.0f}", *figures])
    return table(["setting", "kimg", *by_loss], lines) if lines else ""
