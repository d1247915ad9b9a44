"""One cell of the zoo: a loss × an architecture × a data set, with everything checked and built from it."""

import copy
import itertools
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version

import torch
from torch import nn

from train.reading.data import Pictures
from train.running import convolution, resampling
from train.running.options import SETTLED, as_recorded, command
from train.running.provenance import hardware
from zoo import architectures, losses, penalties
from zoo.architectures import CriticPlan
from zoo.augmentation import Augmentation
from zoo.checkpoint import Config, Dataset, Inference, Training
from zoo.config import Scalar
from zoo.errors import Refused
from zoo.losses import Loss
from zoo.penalties import Penalty
from zoo.step import Batch, Game

MOST_LABELS = architectures.BOUNDS["classes"][1]


@dataclass(frozen=True)
class Rules:
    """Loss, penalty and critic, validated before any data is read."""

    loss: Loss | None  # None: no adversary, pix2pix's L1 alone
    penalty: Penalty | None
    plan: CriticPlan | None
    critic_steps: int


def rules(architecture: str, options) -> Rules:
    if options.loss == "none":
        if architectures.get(architecture).kind != "translation":
            raise Refused(f"{architecture} learns from its critic alone: --loss none is for pix2pix")
        return Rules(None, None, None, 1)
    loss = options.build_loss()
    penalty = options.build_penalty(loss)
    plan = architectures.plan_critic(
        architecture,
        options.loss,
        loss,
        norm=options.critic_norm,
        spectral_norm=options.spectral_norm,
        penalty=penalty,
    )
    return Rules(loss, penalty, plan, options.critic_steps or loss.critic_steps)


@dataclass(frozen=True)
class Cell:
    """What is trained. Nothing here changes while it trains."""

    architecture: str
    script: str
    options: object
    rules: Rules
    pictures: Pictures
    fields: dict[str, int]  # the generator's
    processes: int

    @property
    def id(self) -> str:
        return f"{self.architecture}-{self.options.loss}-{self.pictures.name}"

    @property
    def pictures_per_step(self) -> int:
        """Real pictures that the critic sees, over all processes, for one generator step."""
        return self.options.batch * self.processes * self.rules.critic_steps

    @property
    def ema_kimg(self) -> float:
        return self.options.ema_kimg or usual_ema_kimg(self.options.kimg)

    @property
    def jitter(self) -> int:
        """By how many pixels a pair is enlarged before it is cut back."""
        return round(getattr(self.options, "jitter", 0) * self.pictures.size / 256)


def usual_ema_kimg(kimg: float) -> float:
    """The average's half-life, for a budget; both in thousands of pictures."""
    return min(10.0, kimg / 20)


def build_game(cell: Cell, precision: str, memory_format: str, device: torch.device) -> Game:
    """Both players with the weights that the seed gives, the same on every device and in every process."""
    options, rules = cell.options, cell.rules
    torch.manual_seed(options.seed)
    generator = architectures.build_generator(cell.architecture, cell.fields)
    generator = generator.to(device).to(memory_format=layout(memory_format))
    critic = optimiser_d = None
    if rules.plan is not None:
        critic_width = options.critic_width or options.width
        critic = architectures.build_critic(cell.architecture, cell.fields, rules.plan, critic_width)
        critic = critic.to(device).to(memory_format=layout(memory_format))
        optimiser_d = adam(critic, options.critic_lr or options.lr, options.betas)
    average = copy.deepcopy(generator).requires_grad_(False)
    for net in filter(None, (generator, critic)):
        convolution.speed_up(net)
        resampling.join(net)
    translation = architectures.get(cell.architecture).kind == "translation"
    return Game(
        generator=generator,
        critic=critic,
        average=average,
        optimiser_g=adam(generator, options.lr, options.betas),
        optimiser_d=optimiser_d,
        loss=rules.loss,
        penalty=rules.penalty,
        ema_decay=0.5 ** (cell.pictures_per_step / (1000 * cell.ema_kimg)),
        d_weight=0.5 if translation else 1.0,
        l1_weight=options.l1_weight if translation else 0.0,
        autocast=torch.bfloat16 if precision == "bf16" else None,
        k=torch.zeros((), device=device),
        augmentation=Augmentation.of(options.augment, options.batch * cell.processes, device),
        frozen=first_layers(critic, options.freeze_d),
    )


def first_layers(critic: nn.Module | None, n: int | None) -> tuple[nn.Parameter, ...]:
    """The parameters of the critic's first `n` layers, a residual block or a convolution with its norm being one."""
    if critic is None or n is None:
        return ()
    layers: list[list[nn.Parameter]] = []
    for module in flat(critic.layers):
        if any(isinstance(part, nn.Conv2d | nn.Linear) for part in module.modules()):
            layers.append([])
        if layers:
            layers[-1] += module.parameters()
    if n > len(layers):
        raise Refused(f"--freeze-d {n}: the critic has {len(layers)} layers before its score")
    return tuple(itertools.chain.from_iterable(layers[:n]))


def flat(net: nn.Module) -> Iterator[nn.Module]:
    """The parts of a chain, and those of the chains within it."""
    for part in net.children():
        yield from flat(part) if type(part) is nn.Sequential else (part,)


def adam(net: nn.Module, lr: float, betas: tuple[float, float]) -> torch.optim.Adam:
    device = next(net.parameters()).device
    on_cuda = device.type == "cuda"
    lr = torch.tensor(lr, device=device) if on_cuda else lr  # a CUDA graph sees it change only as a tensor
    return torch.optim.Adam(
        net.parameters(), lr=lr, betas=tuple(betas), fused=device.type != "meta", capturable=on_cuda
    )


def layout(memory_format: str) -> torch.memory_format:
    return torch.channels_last if memory_format == "channels_last" else torch.contiguous_format


def in_layout(batch: Batch, memory_format: str) -> Batch:
    """The batch with its pictures and maps in that layout: a streamed set's come from the decoder in another."""
    of = layout(memory_format)
    return Batch(*(t if t is None or t.ndim != 4 else t.contiguous(memory_format=of) for t in batch))


def made_up_batch(cell: Cell, device: torch.device, n: int | None = None) -> Batch:
    """Noise in the shapes of the cell's data."""
    n, fields = n or cell.options.batch, cell.fields
    picture = torch.rand(n, fields["channels"], fields["size"], fields["size"], device=device) * 2 - 1
    condition = None
    if cell.pictures.maps is not None:
        condition = torch.rand(n, 3, fields["size"], fields["size"], device=device) * 2 - 1
    elif fields.get("classes"):
        condition = torch.randint(fields["classes"], (n,), device=device)
    latents = torch.randn(n, fields["latent"], device=device) if "latent" in fields else None
    return Batch(picture, condition, latents)


def describe_loss(rules: Rules) -> dict[str, Scalar]:
    return {"name": "none"} if rules.loss is None else losses.describe(rules.loss)


def describe_critic(rules: Rules, options) -> dict[str, Scalar]:
    """Its plan, width and penalty; nothing where there is no critic."""
    critic = {}
    if rules.plan is not None:
        critic = asdict(rules.plan) | {"width": options.critic_width or options.width}
    if rules.penalty is not None:
        kind = next(name for name, penalty in penalties.PENALTIES.items() if type(rules.penalty) is penalty)
        critic |= {"penalty": kind, **{f"penalty_{k}": v for k, v in asdict(rules.penalty).items()}}
    return critic


def config(cell: Cell, settings: dict, *, g_steps: int, seconds: float, device: torch.device) -> Config:
    """What a checkpoint after `g_steps` says of itself; its weights are filled in when they are written."""
    options, rules, pictures = cell.options, cell.rules, cell.pictures
    kimg = g_steps * cell.pictures_per_step / 1000
    # no net takes more classes, and a config has its bounds
    labels = pictures.label_names if len(pictures.label_names) <= MOST_LABELS else ()
    return Config(
        id=cell.id,
        options=as_recorded(options),
        architecture={"name": cell.architecture, **cell.fields},
        critic=describe_critic(rules, options),
        loss=describe_loss(rules),
        dataset=Dataset(
            name=pictures.name,
            id=pictures.id,
            revision=pictures.revision,
            split=pictures.split,
            pictures=len(pictures),
            size=pictures.size,
            channels=pictures.channels,
            labels=labels,
            palette=pictures.palette,
        ),
        training=Training(
            kimg=kimg,
            g_steps=g_steps,
            batch=options.batch,
            processes=cell.processes,
            critic_steps=rules.critic_steps,
            seed=options.seed,
            optimiser="adam",
            lr_g=options.lr,
            lr_d=options.critic_lr or options.lr,
            lr_decay_from=options.lr_decay_from,
            betas=tuple(options.betas),
            ema_kimg=cell.ema_kimg,
            precision=settings["precision"],
            memory_format=settings["memory_format"],
            mirror=options.mirror,
            jitter=cell.jitter,
            l1_weight=getattr(options, "l1_weight", 0.0),
            command=command(cell.script, replace(options, **{name: settings[name] for name in SETTLED})),
            commit=settings.get("commit"),
            library_version=version("gan-zoo"),
            torch_version=torch.__version__,
            pictures_per_second=round(1000 * kimg / seconds, 1),
            hardware=hardware(device),
            seconds=round(seconds, 1),
        ),
        inference=inference(cell),
    )


def inference(cell: Cell) -> Inference:
    """pix2pix takes the statistics of the one picture where it was trained on one at a time, as Isola et al. do;
    trained on several, running ones. Dropout, which they leave on, is off: on pairs kept from training its noise only
    costs (`cards/overview.md`, pix2pix on facades). The others keep neither.
    """
    if architectures.get(cell.architecture).kind != "translation":
        return Inference()
    return Inference(statistics="batch" if cell.options.batch == 1 else "running")
