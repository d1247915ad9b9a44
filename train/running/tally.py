"""The scalars of steps, kept on the device and read once an interval."""

import math

import torch
from accelerate import Accelerator
from torch import Tensor

LOSSES = ("d_loss", "g_loss")


class Tally:
    """Sums and peaks of a step's scalars over an interval, on the device: the host reads them once an interval."""

    def __init__(self, device: torch.device, part: dict | None = None):
        """`part` of an interval, that an earlier process had behind it."""
        self.device = device
        self.reset()
        if part:
            self.names, self.steps = tuple(part["names"]), part["steps"]
            self.sums, self.bad_step = part["sums"].to(device), part["bad_step"].to(device)
            self.peaks = part.get("peaks", self.peaks).to(device)

    def part(self) -> dict:
        tensors = {"sums": self.sums, "peaks": self.peaks, "bad_step": self.bad_step}
        return {"names": list(self.names), "steps": self.steps, **tensors}

    @property
    def broken(self) -> int | None:
        """The first step of the interval with a value that is not finite, of this process alone."""
        step = self.bad_step.item()
        return None if step == math.inf else int(step)

    def reset(self) -> None:
        self.names, self.sums, self.steps = (), torch.zeros((), device=self.device), 0
        self.peaks = torch.zeros((), device=self.device)
        self.bad_step = torch.full((), math.inf, device=self.device)

    def add(self, step: int, values: dict[str, Tensor]) -> None:
        self.names = tuple(values)
        stacked = torch.stack([value.float() for value in values.values()])
        self.sums = self.sums + stacked
        self.peaks = torch.maximum(self.peaks, stacked.abs())
        self.steps += 1
        here = torch.where(stacked.isfinite().all(), math.inf, float(step))
        self.bad_step = torch.minimum(self.bad_step, here)

    def read(self, accelerator: Accelerator) -> tuple[dict[str, float], int | None]:
        """Means over the interval and all processes, and the first step with a value that is not finite.

        Of the losses also the largest size that a step had, as "d_loss_peak" and "g_loss_peak": a mean hides it.
        """
        sums, peaks, bad_step = self.sums, self.peaks, self.bad_step
        if accelerator.num_processes > 1:
            sums = accelerator.reduce(sums, "mean")
            peaks = accelerator.gather(peaks.unsqueeze(0)).amax(0)
            bad_step = accelerator.gather(bad_step.reshape(1)).min()
        bad_step = bad_step.item()
        values = dict(zip(self.names, (sums / self.steps).tolist(), strict=True))
        if "gap" in values:
            variance = values.pop("gap_squared") - values.pop("gap") ** 2
            values["score_gap_sd"] = math.sqrt(max(0.0, variance))
        values |= {
            f"{name}_peak": peak
            for name, peak in zip(self.names, peaks.tolist(), strict=True)
            if name in LOSSES
        }
        self.reset()
        return values, None if bad_step == math.inf else int(bad_step)
