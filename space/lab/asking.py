"""What a page may ask of the Loss lab, within bounds: JSON → a setting, or an error that names the fix."""

from typing import Any

from space.lab.shapes import shape
from space.lab.training import OPTIMISERS, Setting
from space.limits import MAX_LEAD, MAX_SEED
from space.shelf import between, whole
from zoo import losses
from zoo.errors import Refused, unknown
from zoo.losses import Loss

SLIDERS: dict[str, dict[str, tuple[float, float, float]]] = {  # loss → constant → least, most, step
    "lsgan": {"a": (-2, 2, 0.1), "b": (-2, 2, 0.1), "c": (-2, 2, 0.1)},
    "wgan": {"clip": (0.01, 0.5, 0.01)},
    "wgan-gp": {"lam": (0, 20, 0.1)},
    "focal": {"gamma": (0, 5, 0.1), "alpha": (0.1, 3, 0.1)},
    "dragan": {"lam": (0, 20, 0.1), "k": (0, 3, 0.1)},
    "began": {"gamma": (0, 1, 0.05), "lam_k": (0, 0.05, 0.001)},
    "rpgan": {"gamma": (0, 2, 0.01)},
}


def asked_losses(given: Any) -> dict[str, Loss]:
    """{name: {constant: value}} → the losses, in the zoo's order; only what has a slider can be chosen."""
    if not isinstance(given, dict) or not given:
        raise Refused("choose a loss")
    for name in given:
        if name not in losses.LOSSES:
            raise unknown("loss", str(name)[:60], losses.LOSSES)
    return {name: _loss(name, given[name]) for name in losses.LOSSES if name in given}


def _loss(name: str, constants: Any) -> Loss:
    sliders = SLIDERS.get(name, {})
    if not isinstance(constants, dict):
        raise Refused(f"give {name}'s constants as an object")
    for field in constants:
        if field not in sliders:
            raise unknown(f"slider of {name}", str(field)[:60], sliders)
    bounded = {
        field: between(f"{name}'s {field}", value, *sliders[field][:2]) for field, value in constants.items()
    }
    return losses.get(name, **bounded)


def asked_setting(given: dict[str, Any]) -> Setting:
    """{losses, shape, own, seed, optimiser, lead} → what is trained."""
    optimiser = given.get("optimiser", "adam")
    if optimiser not in OPTIMISERS:
        raise unknown("optimiser", str(optimiser)[:60], OPTIMISERS)
    return Setting(
        losses=asked_losses(given.get("losses")),
        shape=shape(given.get("shape", "ring"), given.get("own")),
        seed=whole("the seed", given.get("seed", 0), 0, MAX_SEED),
        optimiser=optimiser,
        lead=whole("the critic's lead", given.get("lead", 0), 0, MAX_LEAD),
    )
