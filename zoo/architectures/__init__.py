"""The table of architectures: name → generator, critics, and the critic that each kind of loss gets.

A new architecture is one file with a Generator and a Critic, and one row of ARCHITECTURES, which names the script of
train/ that builds it; where none can, one as short as sngan.py is added.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from torch import nn

from zoo.architectures import convgan, dcgan, layers, pix2pix, sngan
from zoo.errors import Refused, unknown
from zoo.losses import Loss
from zoo.penalties import Penalty


@dataclass(frozen=True)
class Architecture:
    """One family. `norms` gives the critic's norm for each control of a loss; a control it lacks is refused."""

    title: str  # as cards call it
    words: str  # what the page says of it
    cite: tuple[str, ...]  # keys of cards/citations.py, or whole BibTeX entries
    script: str  # of train/
    generator: Callable[..., nn.Module]
    critic: Callable[..., nn.Module]
    autoencoder: Callable[..., nn.Module] | None  # began's critic
    sizes: tuple[int, ...]  # sides of a picture, in pixels
    norms: dict[str, str]
    spectral_norm: bool  # where the loss brings no control of its own
    options: dict[str, bool | str] = field(default_factory=dict)  # by which the script builds this one
    refusals: dict[str, str] = field(default_factory=dict)  # control → why not
    conditional: bool = False
    kind: str = "noise"  # or "translation": picture → picture
    fixed_norm: bool = False  # the norm is what the family is about

    @property
    def command(self) -> str:
        """The script with its options, as in `train/convgan.py --variant bn`."""
        more = (
            f" --{name}" if value is True else f" --{name} {value}" for name, value in self.options.items()
        )
        return f"train/{self.script}.py{''.join(more)}"


DCGAN = Architecture(
    title="DCGAN",
    words="transposed convolutions, no labels",
    cite=("radford2016",),
    script="dcgan",
    generator=dcgan.Generator,
    critic=dcgan.Critic,
    autoencoder=dcgan.Autoencoder,
    sizes=(28, 32, 64, 128),
    norms={"spectral": "batch", "clip": "batch", "penalty": "layer", "autoencoder": "none"},
    spectral_norm=True,
)
CDCGAN = replace(
    DCGAN,
    title="class-conditional DCGAN",
    words="the same, told the class",
    cite=("radford2016", "koyama2018"),
    options={"conditional": True},
    conditional=True,
    autoencoder=None,
    refusals={"autoencoder": "its critic rebuilds pictures and has no place for a class"},
)
CONVGAN = Architecture(
    title="small convolutional GAN without batch norm",
    words="small, no batch norm",
    cite=("leastsquares",),
    script="convgan",
    generator=convgan.Generator,
    critic=convgan.Critic,
    autoencoder=convgan.Autoencoder,
    sizes=(28, 32),
    norms={"spectral": "none", "clip": "none", "penalty": "none", "autoencoder": "none"},
    spectral_norm=False,
    fixed_norm=True,
)


def convgan_with_batch_norm(variant: str, title: str, words: str, **more: Any) -> Architecture:
    return replace(
        CONVGAN,
        title=title,
        words=words,
        options={"variant": variant},
        generator=partial(convgan.Generator, norm="batch", **more),
        critic=partial(convgan.Critic, **more),
        autoencoder=partial(convgan.Autoencoder, **more),
        norms={"spectral": "batch", "clip": "batch", "autoencoder": "batch"},
        refusals={
            "penalty": "its penalty needs each picture's own slope, and the family's batch norm mixes pictures"
        },
    )


CONVGAN_BN = convgan_with_batch_norm("bn", "small convolutional GAN", "small, with batch norm")
CONVGAN_DEEP = convgan_with_batch_norm(
    "deep", "deeper small convolutional GAN", "deeper, with batch norm", deep=True
)
CONVGAN_DEEP_NO_BN = replace(
    CONVGAN,
    title="deeper small convolutional GAN without batch norm",
    words="deeper, no batch norm",
    options={"variant": "deep-no-bn"},
    generator=partial(convgan.Generator, deep=True),
    critic=partial(convgan.Critic, deep=True),
    autoencoder=partial(convgan.Autoencoder, deep=True),
)
CONVGAN_BN_AFTER = convgan_with_batch_norm(
    "bn-after",
    "small convolutional GAN, batch norm after the activation",
    "batch norm after the activation",
    after=True,
)
SNGAN = Architecture(
    title="residual SNGAN",
    words="residual blocks, no labels",
    cite=("miyato2018",),
    script="sngan",
    generator=sngan.Generator,
    critic=sngan.Critic,
    autoencoder=sngan.Autoencoder,
    sizes=(28, 32),
    norms={"spectral": "none", "clip": "none", "penalty": "none", "autoencoder": "none"},
    spectral_norm=True,
)
PIX2PIX = Architecture(
    title="pix2pix",
    words="a U-Net, picture to picture",
    cite=("isola2017",),
    script="pix2pix",
    generator=pix2pix.Generator,
    critic=pix2pix.Critic,
    autoencoder=None,
    sizes=(32, 64, 128, 256),
    norms={"spectral": "batch", "clip": "batch", "penalty": "instance"},
    refusals={"autoencoder": "its critic rebuilds single pictures, and here it judges pairs"},
    spectral_norm=True,
    kind="translation",
)

ARCHITECTURES: dict[str, Architecture] = {
    "dcgan": DCGAN,
    "cdcgan": CDCGAN,
    "convgan": CONVGAN,
    "convgan-bn": CONVGAN_BN,
    "convgan-deep": CONVGAN_DEEP,
    "convgan-deep-no-bn": CONVGAN_DEEP_NO_BN,
    "convgan-bn-after": CONVGAN_BN_AFTER,
    "sngan": SNGAN,
    "pix2pix": PIX2PIX,
}

# Inclusive bounds of every field, so that a foreign config cannot ask for a terabyte.
BOUNDS = {
    "size": (16, 256),
    "channels": (1, 3),
    "latent": (1, 1024),
    "width": (1, 512),
    "classes": (0, 1000),
    "cap": (1, 1024),
}


def get(name: str) -> Architecture:
    """The row of `name`; UnknownName with the nearest names where there is none."""
    if name not in ARCHITECTURES:
        raise unknown("architecture", name, ARCHITECTURES)
    return ARCHITECTURES[name]


def check_fields(name: str, given: dict[str, Any]) -> dict[str, int]:
    """The generator's fields, complete. UnknownName or Refused names one that is unknown, missing or out of bounds."""
    architecture = get(name)
    parameters = {
        name: parameter
        for name, parameter in inspect.signature(architecture.generator).parameters.items()
        if parameter.annotation is int and name in BOUNDS
    }
    for key in given:
        if key not in parameters:
            raise unknown(f"field of {name}", key, parameters)
    complete = {}
    for key, parameter in parameters.items():
        value = given.get(key, parameter.default)
        if value is inspect.Parameter.empty:
            raise Refused(f"{name} needs the field {key}")
        low, high = BOUNDS[key]
        if type(value) is not int or not low <= value <= high:
            raise Refused(f"{name}'s {key} must be a whole number from {low} to {high}, not {value!r}")
        complete[key] = value
    check_size(name, complete["size"])
    if complete["channels"] == 2:
        raise Refused(f"{name}'s channels must be 1 or 3, not 2")
    if architecture.conditional and complete["classes"] < 2:
        raise Refused(f"{name} needs at least 2 classes, not {complete['classes']}")
    if not architecture.conditional and complete.get("classes"):
        raise Refused(f"{name} takes no classes")
    return complete


def check_size(name: str, size: int) -> None:
    """Refused where the nets make no pictures of that width and height."""
    if size not in (sizes := get(name).sizes):
        raise Refused(f"{name} makes pictures of the sizes {', '.join(map(str, sizes))}, not {size}")


def build_generator(name: str, fields: dict[str, Any]) -> nn.Module:
    """A generator with random weights; its fields are checked before anything is allocated."""
    return get(name).generator(**check_fields(name, fields))


@dataclass(frozen=True)
class CriticPlan:
    """What a critic is made of, once the rules have spoken."""

    norm: str
    spectral_norm: bool
    autoencoder: bool


def plan_critic(
    name: str,
    loss_name: str,
    loss: Loss,
    *,
    norm: str | None = None,
    spectral_norm: bool | None = None,
    penalty: Penalty | None = None,
) -> CriticPlan:
    """The critic that `loss` gets in the family `name`, with overrides; Refused, with the reason, if it may not be."""
    family = get(name)
    if norm is not None and norm not in layers.NORMS:
        raise unknown("critic norm", norm, layers.NORMS)
    if loss.control in family.refusals:
        raise Refused(f"{name} takes no {loss_name}: {family.refusals[loss.control]}")
    if family.fixed_norm and norm not in (None, family.norms[loss.control]):
        raise Refused(f"{name}'s critic norm is {family.norms[loss.control]}: the family is defined by it")
    autoencoder = loss.control == "autoencoder"
    if penalty is not None and loss.control == "spectral" and norm is None and not family.fixed_norm:
        norm = family.norms["penalty"]
    norm = norm or family.norms[loss.control]
    if spectral_norm is None:
        spectral_norm = family.spectral_norm and loss.control == "spectral"
    if spectral_norm and loss.clip is not None:
        raise Refused(
            f"{loss_name} clips the critic's weights and spectral norm would rescale them: choose one"
        )
    if spectral_norm and autoencoder:
        raise Refused(
            f"{loss_name}'s critic is an autoencoder, which spectral norm would keep from rebuilding"
        )
    if (penalty or loss.penalty) and norm == "batch":
        fix = "leave --penalty out" if family.fixed_norm else "use --critic-norm layer, instance or none"
        raise Refused(
            f"{loss_name} with a gradient penalty needs each picture's own slope, and batch norm mixes pictures: {fix}"
        )
    return CriticPlan(norm, spectral_norm, autoencoder)


def build_critic(name: str, fields: dict[str, int], plan: CriticPlan, width: int) -> nn.Module:
    """A critic for pictures of the generator with `fields`, `width` maps wide."""
    family = get(name)
    shared = {"size": fields["size"], "channels": fields["channels"], "width": width, "norm": plan.norm}
    if plan.autoencoder:
        assert family.autoencoder is not None  # else plan_critic had refused
        return family.autoencoder(**shared, latent=fields["latent"])
    if family.conditional:
        shared["classes"] = fields["classes"]
    return family.critic(**shared, spectral_norm=plan.spectral_norm)


def build_described_critic(name: str, fields: dict[str, Any], described: dict[str, Any]) -> nn.Module:
    """The critic that a config describes, of a generator with `fields`; Refused where it describes none that can be."""
    low, high = BOUNDS["width"]
    norm, width = described.get("norm"), described.get("width")
    if norm not in layers.NORMS or type(width) is not int or not low <= width <= high:
        raise Refused(
            f"a critic has one of the norms {', '.join(layers.NORMS)} and a width from {low} to {high}"
        )
    plan = CriticPlan(norm, described.get("spectral_norm") is True, described.get("autoencoder") is True)
    if plan.autoencoder and get(name).autoencoder is None:
        raise Refused(f"{name} has no critic that is an autoencoder")
    return build_critic(name, check_fields(name, fields), plan, width)
