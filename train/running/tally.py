"""The scalars of steps, kept on the device and read once an interval."""

import math

import torch
from accelerate import Accelerator
from torch import Tensor


class Tally:
    """Sums of a step's scalars over an interval, on the device: the host reads them once an interval."""

    def __init__(self, device: torch.device, part: dict | None = None):
        """`part` of an interval, that an earlier process had behind it."""
        self.device = device
        self.reset()
        if part:
            self.names, self.steps = tuple(part["names"]), part["steps"]
            self.sums, self.bad_step = part["sums"].to(device), part["bad_step"].to(device)

    def part(self) -> dict:
        return {"names": list(self.names), "steps": self.steps, "sums": self.sums, "bad_step": self.bad_step}

    @property
    def broken(self) -> int | None:
        """The first step of the interval with a value that is not finite, of this process alone."""
        step = self.bad_step.item()
        return None if step == math.inf else int(step)

    def reset(self) -> None:
        self.names, self.sums, self.steps = (), torch.zeros((), device=self.device), 0
        self.bad_step = torch.full((), math.inf, device=self.device)

    def add(self, step: int, values: dict[str, Tensor]) -> None:
        self.names = tuple(values)
        stacked = torch.stack([value.float() for value in values.values()])
        self.sums = self.sums + stacked
        self.steps += 1
        here = torch.where(stacked.isfinite().all(), math.inf, float(step))
        self.bad_step = torch.minimum(self.bad_step, here)

    def read(self, accelerator: Accelerator) -> tuple[dict[str, float], int | None]:
        """Means over the interval and all processes, and the first step with a value that is not finite."""
        sums, bad_step = self.sums, self.bad_step
        if accelerator.num_processes > 1:
            sums = accelerator.reduce(sums, "mean")
            bad_step = accelerator.gather(bad_step.reshape(1)).min()
        bad_step = bad_step.item()
        values = dict(zip(self.names, (sums / self.steps).tolist(), strict=True))
        if "gap" in values:
            variance = values.pop("gap_squared") - values.pop("gap") ** 2
            values["score_gap_sd"] = math.sqrt(max(0.0, variance))
        self.reset()
        return values, None if bad_step == math.inf else int(bad_step)
