"""What every training script asks for. Recipes fill the same fields; a script adds or re-defaults its own."""

import importlib.util
import math
import shlex
import sys
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Literal

from train.arguments import FLAG_OR_FOLDER, automatic, listed, told
from train.reading import data, pairs
from train.reading.sources import called
from zoo import architectures, losses, penalties
from zoo.checkpoint import CONFIG
from zoo.config import REPOSITORY, Option, owner_of
from zoo.errors import Refused


@dataclass(frozen=True, kw_only=True)
class LossOptions:
    loss: Annotated[str, listed(losses.LOSSES)] = "vanilla"
    loss_fields: Annotated[tuple[str, ...], automatic("NAME=VALUE ...", "the source's")] = ()
    """the loss's constants, as in: --loss-fields gamma=1 saturating=true"""
    critic_steps: Annotated[
        int | None, automatic("INT", told({name: loss.critic_steps for name, loss in losses.LOSSES.items()}))
    ] = None
    """critic steps to one of the generator"""
    critic_norm: Annotated[
        Literal["batch", "layer", "instance", "none"] | None,
        automatic("batch|layer|instance|none", "the family's; without batch statistics for a penalty"),
    ] = None
    """the critic's normalisation"""
    spectral_norm: Annotated[
        bool | None, automatic("True|False", "as the family has it, where the loss has no control of its own")
    ] = None
    """divide the critic's weights by their largest singular value"""
    penalty: Annotated[str | None, automatic("NAME", "the loss's own, if any")] = None
    """a gradient penalty: line-between (WGAN-GP's), around-data (DRAGAN's), r1, r2 or r1+r2"""
    penalty_weight: Annotated[
        float | None,
        automatic(
            "FLOAT", told({name: fields(kind)[0].default for name, kind in penalties.PENALTIES.items()})
        ),
    ] = None
    """the λ or γ of --penalty"""

    def build_loss(self) -> losses.Loss:
        return losses.get(self.loss, **dict(parse_field(item) for item in self.loss_fields))

    def build_penalty(self, loss: losses.Loss) -> penalties.Penalty | None:
        if self.penalty is None:
            if self.penalty_weight is not None:
                raise Refused(
                    "--penalty-weight needs --penalty; the loss's own weight is one of --loss-fields"
                )
            return loss.penalty
        return penalties.get(self.penalty, self.penalty_weight)


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    kimg: float = 300
    """the budget: thousands of real pictures that the critic sees"""
    batch: int = 16
    """pictures per step and process"""
    lr: float = 4e-4
    """Adam's learning rate"""
    critic_lr: Annotated[float | None, automatic("FLOAT", "as --lr")] = None
    """the critic's own"""
    betas: tuple[float, float] = (0.5, 0.999)
    """Adam's decay rates"""
    lr_decay_from: float = 1.0
    """fraction of the budget from which learning rates fall linearly to zero; 1 is never"""
    ema_kimg: Annotated[float | None, automatic("KIMG", "10, at most a twentieth of the budget")] = None
    """half-life of the generator's average, in thousands of pictures"""
    width: int = 32
    """the generator's maps at full resolution"""
    critic_width: Annotated[int | None, automatic("INT", "as --width")] = None
    """the critic's"""
    mirror: bool = False
    """show half of the pictures mirrored"""
    augment: Literal["auto", "none", "diffaug", "ada"] = "auto"
    """vary what the critic sees, real and fake, in colour and place: always (diffaug), or as often as keeps it from
    overfitting (ada); auto: ada for a folder of fewer than 5000 pictures, else none"""
    precision: Literal["auto", "float32", "bf16"] = "auto"
    """auto: a few timed steps decide, here and now, and float32 on a CPU without bf16; the recorded command names it"""
    memory_format: Literal["auto", "contiguous", "channels_last"] = "auto"
    """how pictures lie in memory"""
    cuda_graphs: Literal["auto", "off"] = "auto"
    """auto: on one GPU the whole step is launched as one graph, if a few steps show that it does the same"""
    seed: int = 0
    """of weights, order of pictures and noise: the same curve bit for bit on one CPU thread, with the same precision
    and memory format"""
    from_: Annotated[str | None, automatic("MODEL", "the seed's weights", name="from")] = None
    """begin with a model's weights and, where it lies beside them, its critic: an id, a folder, or owner/repo"""
    from_sha256: Annotated[tuple[str, ...], automatic("HASH ...", "whatever is there")] = ()
    """only if the weights, and the critic, of --from have these hashes (recorded)"""
    freeze_d: Annotated[int | None, automatic("N", "all are trained")] = None
    """with --from, do not train so many of the critic's first layers (FreezeD)"""
    out: Annotated[Path | None, automatic("DIR", "runs/<architecture>-<loss>-<data set>")] = None
    """the checkpoint folder"""
    resume: Annotated[bool | Path, FLAG_OR_FOLDER, automatic("[DIR]", "a new run")] = False
    """continue the run in DIR, with its own options; without DIR the one in --out, or start it if there is none"""
    snapshot_kimg: Annotated[float | None, automatic("KIMG", "a tenth of the budget")] = None
    """how often to save checkpoint, resume state and sample grid"""
    log_kimg: Annotated[float | None, automatic("KIMG", "a 160th of the budget")] = None
    """length of an interval that a line of history.jsonl averages over; --snapshot-kimg at most"""
    log_with: Annotated[
        Literal["tensorboard", "wandb", "trackio"] | None, automatic("tensorboard|wandb|trackio", "none")
    ] = None
    """a tracker to log to as well, if it is installed"""
    push_to_hub: bool = False
    """when the run is done, make its card and push the folder to the Hub, as the owner's repository <id>"""
    hub_owner: Annotated[str | None, automatic("OWNER", "the environment's ZOO_HUB_OWNER")] = None
    """you, or an organisation of yours, on the Hub"""
    hub_revision: Annotated[str | None, automatic("BRANCH", "main")] = None
    """the branch of the repository to push to, made where it is missing"""
    private: bool = False
    """for you alone, where the repository is made"""


@dataclass(frozen=True, kw_only=True)
class NoiseOptions(TrainingOptions, data.DataOptions, LossOptions):
    """Options of the families that draw pictures from noise."""

    latent: int = 128
    """numbers that a picture is drawn from"""

    augment_fewer_than = 5000  # pictures in a folder: "auto" is then ada

    def load_pictures(self, largest: int) -> data.Pictures:
        """`largest`: side of the largest pictures that the nets make."""
        return data.load(self, largest=largest)

    def generator_fields(self, pictures: data.Pictures) -> dict[str, int]:
        shape = {"size": pictures.size, "channels": pictures.channels}
        return shape | {"latent": self.latent, "width": self.width}


@dataclass(frozen=True, kw_only=True)
class TranslationOptions(TrainingOptions, pairs.PairOptions, LossOptions):
    """Options of the families that make a picture of a picture."""

    l1_weight: float = 100.0
    """λ of the L1 distance to the paired photograph, beside the adversarial loss"""
    jitter: int = 30
    """enlarge pairs by so many 256ths of their side and cut them back at a random place, the same for both"""
    cap: int = 112
    """most maps of a layer of the generator (512 in the paper)"""
    augment: Literal["auto", "none", "diffaug", "ada"] = "auto"
    """vary what the critic sees, photographs and maps alike: always (diffaug), or as often as keeps it from
    overfitting (ada); auto: none, as pairs are jittered and L1 holds the generator to them"""
    augment_fewer_than = 0

    def load_pictures(self, largest: int) -> data.Pictures:
        return pairs.load_pairs(self)

    def generator_fields(self, pictures: data.Pictures) -> dict[str, int]:
        shape = {"size": pictures.size, "channels": pictures.channels}
        return shape | {"width": self.width, "cap": self.cap}


def parse_field(item: str) -> tuple[str, float | bool]:
    name, _, value = item.partition("=")
    if value.lower() in ("true", "false"):
        return name, value.lower() == "true"
    try:
        return name, float(value)
    except ValueError:
        raise Refused(f"--loss-fields takes name=number or name=true, not '{item}'") from None


# These say where things lie and go and how they are watched, not what is trained.
PUSHING = ("push_to_hub", "hub_owner", "hub_revision", "private")
ASIDE = ("out", "resume", "log_with", "data_dir", "resident_gb", *PUSHING)

# These are recorded, and yet may differ when a run is resumed: they train nothing.
WATCHING = ("snapshot_kimg", "log_kimg")


def as_recorded(options) -> dict[str, Option]:
    """The options that decide what is trained, as JSON holds them; folders of pictures or runs without their path."""
    recorded = {
        name.rstrip("_"): list(value) if isinstance(value, tuple) else value
        for name, value in asdict(options).items()
        if name not in ASIDE
    }
    if recorded["augment"] == "auto" and called(options.dataset).folder is None:
        recorded["augment"] = "none"
    if options.holdout is None and called(options.dataset).folder is None:
        recorded["holdout"] = 0.0
    return recorded | {"dataset": without_path(options.dataset), "from": model_without_path(options.from_)}


def augmented(options, pictures: int):
    """The options with what --augment auto means for a folder of so many pictures; for other sets it is none."""
    if options.augment != "auto" or called(options.dataset).folder is None:
        return options
    return replace(options, augment="ada" if pictures < options.augment_fewer_than else "none")


def completed(recorded: dict[str, Option], kind: type) -> dict[str, Option]:
    """Recorded options, and the defaults of those that a script of this kind has got since."""
    return as_recorded(kind()) | recorded


# What "auto" leaves to the machine: it decides the last digits, so a command that is to be repeated names it.
SETTLED = ("precision", "memory_format")


def settled(recorded: dict[str, Option], state: dict) -> dict[str, Option]:
    """Recorded options with what the run in `state` chose where they say "auto"."""
    return recorded | {name: state[name] for name in SETTLED if recorded.get(name) == "auto"}


def without_path(dataset: str) -> str:
    """A folder's name alone; any other data set as it is asked for."""
    folder = called(dataset).folder
    return f"./{folder.resolve().name}" if folder else dataset


def model_without_path(asked: str | None) -> str | None:
    """A model's folder by its name alone; an id, or a repository of the Hub, as it is asked for."""
    folder = Path(asked or "").expanduser()
    if (
        asked
        and ((folder / CONFIG).is_file() or not REPOSITORY.fullmatch(asked.partition("@")[0]))
        and "/" in asked
    ):
        return f"./{folder.resolve().name}"
    return asked


def words(options) -> list[str]:
    """The shortest command line that trains the same."""
    found = []
    defaults = {f.name.rstrip("_"): f.default for f in fields(options)}
    asked = {name.rstrip("_"): getattr(options, name) for name in ("dataset", "augment", "holdout", "from_")}
    for name, value in (as_recorded(options) | asked).items():
        default = defaults[name]
        flag = name.replace("_", "-")
        if value == (list(default) if isinstance(default, tuple) else default):
            continue
        if isinstance(default, bool):  # a flag; others that may be None too are spelt out
            found.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            found += [f"--{flag}", *map(_word, value if isinstance(value, list) else [value])]
    return found


def command(script: str, options) -> str:
    """The shortest command line that trains the same, to be published: a folder is named without its path.

    By the name by which it was asked for: where `zoo train` was, there may be no script to give a path of.
    """
    public = replace(options, dataset=without_path(options.dataset), from_=model_without_path(options.from_))
    by_name = f"zoo train {script.removesuffix('.py')}"
    start = by_name if sys.argv[0] == by_name else f"accelerate launch train/{script}"
    return f"{start} {shlex.join(words(public))}".strip()


def _word(value) -> str:
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def check(options) -> None:
    """Refused, by name, where a number makes no sense or nothing would be learned."""
    most = architectures.BOUNDS["width"][1]
    ranges = {
        **dict.fromkeys(
            ("kimg", "batch", "lr", "critic_lr", "critic_steps", "ema_kimg", "freeze_d"), "above 0"
        ),
        **dict.fromkeys(("snapshot_kimg", "log_kimg"), f"above 0 and at most --kimg, {options.kimg:g}"),
        **dict.fromkeys(("width", "critic_width"), f"from 1 to {most}"),
        **dict.fromkeys(("penalty_weight", "l1_weight", "jitter"), "at least 0"),
        "lr_decay_from": "from 0 to 1",
        "seed": "from 0 to 2**32 - 1",
    }
    allows = {
        "above 0": lambda v: 0 < v < math.inf,
        "at least 0": lambda v: 0 <= v < math.inf,
        f"above 0 and at most --kimg, {options.kimg:g}": lambda v: 0 < v <= options.kimg,
        f"from 1 to {most}": lambda v: 1 <= v <= most,
        "from 0 to 1": lambda v: 0 <= v <= 1,
        "from 0 to 2**32 - 1": lambda v: 0 <= v < 2**32,
    }
    for name, wanted in ranges.items():
        value = getattr(options, name, None)
        if value is not None and not allows[wanted](value):
            raise Refused(f"--{name.replace('_', '-')} must be {wanted}, not {value}")
    if not all(0 <= beta < 1 for beta in options.betas):
        raise Refused(f"--betas must be from 0 to below 1, not {' and '.join(map(str, options.betas))}")
    if options.loss == "none" and getattr(options, "l1_weight", None) == 0:
        raise Refused("--loss none with --l1-weight 0 leaves nothing to learn from")
    if isinstance(options.resume, Path) and options.out != options.resume:
        raise Refused(f"--resume {options.resume} continues in that folder: --out cannot be {options.out}")
    if options.loss == "none" and options.augment in ("diffaug", "ada"):
        raise Refused(f"--augment {options.augment} is for what a critic sees, and --loss none has no critic")
    if options.from_ is None and (options.freeze_d or options.from_sha256):
        raise Refused("--freeze-d and --from-sha256 are for --from: name the model to begin with")
    if options.push_to_hub and owner_of(options.hub_owner) is None:
        raise Refused(
            "--push-to-hub needs to know whose zoo it is: --hub-owner, or the environment's ZOO_HUB_OWNER"
        )
    if not options.push_to_hub and (options.hub_owner or options.hub_revision or options.private):
        raise Refused("--hub-owner, --hub-revision and --private are for --push-to-hub: give it too")
    if options.log_with and importlib.util.find_spec(options.log_with) is None:
        raise Refused(f"--log-with {options.log_with} needs it installed: pip install {options.log_with}")
