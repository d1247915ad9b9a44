"""A zoo of small GANs: the loss, with the Lipschitz control that belongs to it, is the only thing that changes.

    model = zoo.load("dcgan-focal-cifar10")
    model.grid(64, seed=7).save("grid.png")

Everything is imported when it is first used: `import zoo` itself costs nothing.
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from zoo import errors, export, facades, latents, losses, measures, penalties, pictures
    from zoo.measurements import Info
    from zoo.model import Model

    __version__: str

__all__ = [
    "Model",
    "errors",
    "export",
    "facades",
    "info",
    "latents",
    "list_models",
    "load",
    "losses",
    "measures",
    "penalties",
    "pictures",
]


def load(
    name: "str | os.PathLike[str]",
    *,
    revision: str | None = None,
    owner: str | None = None,
    device: "str | torch.device | None" = None,
    token: str | None = None,
) -> "Model":
    """Load a model, on the CPU unless a `device` is named.

    A `name` with a slash is a checkpoint folder ("runs/dcgan-focal-cifar10"), or else a repository on the
    Hub, `owner/repo[@revision]`. One without is a bundled id (see `list_models`), or else the repository of
    that name of `owner` (by default the environment's ZOO_HUB_OWNER). What was pulled once is cached; with
    HF_HUB_OFFLINE=1 nothing else is used. Raises UnknownName where there is no such model, CheckpointError where
    its files are damaged or foreign, and HubError where the Hub has not answered for 30 s (ZOO_HUB_TIMEOUT).
    """
    from zoo.model import Model

    return Model.from_pretrained(name, revision=revision, owner=owner, device=device, token=token)


def list_models(
    pattern: str | None = None, *, owner: str | None = None, token: str | None = None
) -> list[str]:
    """What `load` takes: the bundled ids, or an `owner`'s on the Hub; `pattern` is "*-focal-*", say, or "focal"."""
    from zoo import names

    return names.list_models(pattern, owner=owner, token=token)


def info(
    name: "str | os.PathLike[str]",
    *,
    revision: str | None = None,
    owner: str | None = None,
    token: str | None = None,
) -> "Info":
    """What is known of a model: its config and its measurements. Reads no weights."""
    from zoo import measurements, names

    return measurements.info(names.resolve(name, revision, owner, token, weights=False))


if not TYPE_CHECKING:  # a checker would take it that there is every name

    def __getattr__(name: str) -> Any:
        if name == "Model":
            return importlib.import_module("zoo.model").Model
        if name == "__version__":
            metadata = importlib.import_module("importlib.metadata")
            try:
                return metadata.version("gan-zoo")
            except metadata.PackageNotFoundError:  # copied, not installed: in a Space
                return "0"
        if name in __all__:
            return importlib.import_module(f"zoo.{name}")
        raise AttributeError(f"module 'zoo' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
