"""A loaded checkpoint and what a user does with it: sample, interpolate, translate."""

import operator
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock
from typing import Any, Self, cast, overload

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from zoo import architectures, checkpoint, facades, measurements, names, pictures
from zoo.checkpoint import Config
from zoo.errors import CheckpointError, Refused, unknown
from zoo.latents import check_seed, draw, lerp, slerp, truncate
from zoo.measurements import Info

BATCH = 32  # pictures at a time: larger ones gain nothing on a CPU
ABILITIES = {
    "noise": "makes pictures from noise: use sample, grid or interpolate",
    "translation": "translates pictures: use translate",
}
MIXES = {"slerp": slerp, "lerp": lerp}

Anchor = int | tuple[int, int] | Tensor
Labels = int | str | Iterable[int | str] | Tensor


class Model:
    """A generator with its config. Several threads may use one at a time."""

    def __init__(self, config: Config, generator: nn.Module, folder: Path):
        self.config, self.folder = config, folder
        self.device = torch.device("cpu")
        given = dict(config.architecture)
        name = str(given.pop("name"))
        self.kind = architectures.get(name).kind
        self._fields = architectures.check_fields(name, given)
        self._generator = generator
        self._dropout_rng, self._lock = torch.Generator(), Lock()
        self._set_inference_mode()

    @classmethod
    def from_pretrained(
        cls,
        name: str | os.PathLike[str],
        *,
        revision: str | None = None,
        owner: str | None = None,
        device: str | torch.device | None = None,
        token: str | None = None,
    ) -> Self:
        """Load by name: a folder, a bundled id, or `owner/repo[@revision]` (see `zoo.load`)."""
        folder = names.resolve(name, revision, owner, token)
        model = cls(*checkpoint.load(folder), folder)
        return model if device is None else model.to(device)

    def save_pretrained(self, folder: str | os.PathLike[str]) -> None:
        """Copy the checkpoint to `folder`, once its weights are verified; whole or not at all."""
        names = [n for n in checkpoint.PUBLISHED if n != checkpoint.CONFIG and (self.folder / n).is_file()]
        try:
            files = {name: (self.folder / name).read_bytes() for name in names}
        except OSError as error:
            raise CheckpointError(f"cannot read {self.folder}: {error.strerror}") from None
        checkpoint.copy(files, self.config, Path(folder))

    def push_to_hub(
        self,
        repo_id: str,
        *,
        commit_message: str | None = None,
        private: bool = False,
        revision: str | None = None,
        token: str | None = None,
    ) -> str:
        """Push the checkpoint to `owner/name`, which is made where it is missing; the URL of its commit.

        One commit holds all that has changed; if nothing has, nothing is sent and the newest one is named.
        Refused where the folder has no card, or an old one; HubError where the Hub does not let us.
        """
        from zoo.hub.push import push_model

        return push_model(
            self.folder, repo_id, private=private, revision=revision, message=commit_message, token=token
        ).url

    @property
    def id(self) -> str:
        return self.config.id

    @property
    def info(self) -> Info:
        """Config and measurements, as they lie beside the weights."""
        return measurements.info(self.folder)

    def __repr__(self) -> str:
        data = self.config.dataset
        return (
            f"<Model {self.id}: {data.size}×{data.size}×{data.channels} from {self.kind}, on {self.device}>"
        )

    def to(self, device: str | torch.device) -> Self:
        """Move to a device, in place; Refused where there is no such one here."""
        try:
            self.device = torch.device(device)
            self._generator.to(self.device)
        except (RuntimeError, AssertionError) as error:  # AssertionError: a torch without CUDA
            reason = str(error).split("\n")[0]
            raise Refused(f"device '{device}' cannot be used here: {reason}; try cpu") from None
        return self

    # ---- from noise

    def sample(
        self,
        n: int = 1,
        *,
        seed: int = 0,
        labels: Labels | None = None,
        truncation: float | None = None,
        latents: Tensor | None = None,
    ) -> Tensor:
        """Pictures (n, C, H, W), float32 in [-1, 1] on the CPU; the first ones do not depend on n.

        `labels`, of a class-conditional model: one name or number for all, or one each; a text is a name where a
        class is called so, else a number. None cycles through the classes. `truncation` keeps latents within ± it.
        `latents` (n, latent size) stand in for `n` and `seed`.
        """
        self._need("noise")
        z = draw(n, self._fields["latent"], seed) if latents is None else self._check_latents(latents)
        return self._generate(truncate(z, truncation), self._check_labels(labels, len(z)))

    def grid(self, n: int = 64, *, columns: int | None = None, **sample: Any) -> Image.Image:
        """`sample(n, …)` as one picture.

        A class-conditional model gives each class a column, unless a fifth of the sheet or more would stay empty.
        """
        if columns is None and sample.get("labels") is None and self._classes:
            places = -(-n // self._classes) * self._classes
            columns = self._classes if places - n < places / 5 else None
        return pictures.grid(self.sample(n, **sample), columns)

    def interpolate(
        self,
        *anchors: Anchor,
        steps: int = 8,
        mode: str = "slerp",
        labels: Iterable[int | str] | int | str | None = None,
    ) -> Tensor:
        """Pictures (steps, C, H, W) from one anchor to another, both ends exact; float32 in [-1, 1], CPU.

        An anchor is a seed, a (seed, row) pair as in `sample(row + 1, seed=seed)[row]`, or a latent. Four
        anchors, the corners top left, top right, bottom left and bottom right, give a plane (steps · steps,
        C, H, W), row by row. A label an anchor walks between classes; None takes the class that `sample`
        gives the anchor's row.
        """
        self._need("noise")
        if len(anchors) not in (2, 4):
            raise Refused(f"{len(anchors)} anchors: give 2 for a line or 4, the corners, for a plane")
        if mode not in MIXES:
            raise unknown("mode", mode, MIXES)
        if steps < 2:
            raise Refused(f"steps is {steps}: an interpolation has at least its 2 ends")
        z = torch.stack([self._anchor(anchor) for anchor in anchors])
        condition = None
        if self._classes and labels is None:
            labels = [
                anchor[1] % self._classes if isinstance(anchor, tuple | list) else 0 for anchor in anchors
            ]
        if (classes := self._check_labels(labels, len(anchors))) is not None:
            one_hot = nn.functional.one_hot(classes, self._classes).float()
            condition = _between(one_hot, steps, lerp)
        return self._generate(_between(z, steps, MIXES[mode]), condition)

    # ---- from pictures

    @overload
    def translate(self, picture: Image.Image, *, seed: int = 0) -> Image.Image: ...
    @overload
    def translate(self, picture: Tensor, *, seed: int = 0) -> Tensor: ...
    def translate(self, picture: Image.Image | Tensor, *, seed: int = 0) -> Image.Image | Tensor:
        """The photograph of a map, in the kind that was given, at the model's own size.

        A PIL picture of any size and mode gives a PIL picture; a tensor (3, H, W) or (n, 3, H, W), float in
        [-1, 1], gives (C, S, S) or (n, C, S, S) on the CPU. Each picture is translated for itself; `seed` is
        dropout's, where the model keeps it.
        """
        self._need("translation")
        check_seed(seed)
        if not isinstance(picture, Tensor):
            return pictures.to_pil(self._translate(self._prepare(pictures.decode(picture)), seed))
        if picture.ndim not in (3, 4) or picture.shape[-3] not in (1, 3) or not picture.is_floating_point():
            given = f"{tuple(picture.shape)} of {picture.dtype}"
            raise Refused(f"a map is a float tensor (3, H, W) or (n, 3, H, W) in [-1, 1], not {given}")
        batch = picture if picture.ndim == 4 else picture[None]
        photographs = torch.stack([self._translate(self._fit(one), seed) for one in batch])
        return photographs if picture.ndim == 4 else photographs[0]

    def _fit(self, picture: Tensor) -> Tensor:
        """A map (1 or 3, H, W) as the generator takes it; floats pass as they are where they can."""
        size = self._fields["size"]
        if picture.shape == (3, size, size) and not self.config.dataset.palette:
            return picture.detach().cpu().float()
        return self._prepare(pictures.to_pil(picture))

    def _prepare(self, picture: Image.Image) -> Tensor:
        picture = pictures.fit(picture, self._fields["size"]).convert("RGB")
        if self.config.dataset.palette == "facades":
            picture = facades.snap(picture)
        return pictures.to_float(torch.from_numpy(np.array(picture)).permute(2, 0, 1))

    def _translate(self, picture: Tensor, seed: int) -> Tensor:
        """(3, S, S) → (C, S, S), one at a time: its batch statistics must be its own."""
        with self._lock, torch.inference_mode():
            self._dropout_rng.manual_seed(seed)
            photograph = self._generator(None, picture[None].to(self.device))
        return photograph[0].float().cpu().clone()

    # ---- within

    def _set_inference_mode(self) -> None:
        """What the config says of batch norm and dropout, settled once."""
        if self.kind == "noise" and (self.config.inference.dropout or self._batch_statistics):
            raise CheckpointError(f"{self.id}: only a translating model may keep dropout or batch statistics")
        for module in list(self._generator.modules()):
            if self._batch_statistics and isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.running_mean = module.running_var = None  # without them it uses the picture's own
            for name, child in module.named_children():
                if self.config.inference.dropout and isinstance(child, nn.Dropout):
                    setattr(module, name, _SeededDropout(child.p, self._dropout_rng))

    @property
    def _batch_statistics(self) -> bool:
        return self.config.inference.statistics == "batch"

    @property
    def _classes(self) -> int:
        return self._fields.get("classes", 0)

    def _need(self, kind: str) -> None:
        if self.kind != kind:
            raise Refused(f"{self.id} {ABILITIES[self.kind]}")

    def _generate(self, z: Tensor, condition: Tensor | None) -> Tensor:
        batches = []
        with torch.inference_mode():
            for start in range(0, len(z), BATCH):
                rows = slice(start, start + BATCH)
                of = None if condition is None else condition[rows].to(self.device)
                batches.append(self._generator(z[rows].to(self.device), of).float().cpu())
        return torch.cat(batches)  # out of inference mode, so that the caller may do anything with it

    def _check_latents(self, latents: Tensor) -> Tensor:
        if latents.ndim != 2 or latents.shape[1] != self._fields["latent"] or not len(latents):
            raise Refused(
                f"latents of {self.id} have shape (n, {self._fields['latent']}), not {tuple(latents.shape)}"
            )
        if not latents.is_floating_point() or not latents.isfinite().all():
            raise Refused("latents must be finite floats")
        return latents.detach().cpu().float()

    def _anchor(self, anchor: Anchor) -> Tensor:
        if isinstance(anchor, Tensor) and anchor.ndim:
            return self._check_latents(anchor[None] if anchor.ndim == 1 else anchor)[0]
        seed, row = anchor if isinstance(anchor, tuple | list) else (cast(int, anchor), 0)
        if row < 0:
            raise Refused(f"row {row} of seed {seed}: rows count from 0")
        return draw(row + 1, self._fields["latent"], seed)[row]

    def _check_labels(self, labels: Labels | None, n: int) -> Tensor | None:
        """Labels (n,) int64 in range; None for a model without classes."""
        if not self._classes:
            if labels is not None:
                raise Refused(f"{self.id} knows no classes: leave labels out")
            return None
        if labels is None:
            return torch.arange(n) % self._classes
        if isinstance(labels, str) or not isinstance(labels, Iterable) or getattr(labels, "ndim", 1) == 0:
            labels = [cast("int | str", labels)] * n
        numbers = [self._label(label) for label in labels]
        if len(numbers) != n:
            raise Refused(f"{len(numbers)} labels for {n} pictures: give one for all or one each")
        return torch.tensor(numbers)

    def _label(self, label: int | str) -> int:
        names = self.config.dataset.labels
        if isinstance(label, str):
            if label in names:
                return names.index(label)
            if not re.fullmatch(r"-?[0-9]{1,9}", label):
                raise unknown("class", label, names)
            label = int(label)
        try:
            number = operator.index(label)
        except TypeError:
            raise Refused(f"a label is a class's number or name, not {label!r}") from None
        if not 0 <= number < self._classes:
            last = self._classes - 1
            raise Refused(f"label {number} is out of range: the classes of {self.id} are 0 to {last}")
        return number


class _SeededDropout(nn.Module):
    """Dropout that stays on, by a generator of its own: the same on every device, no global one touched."""

    def __init__(self, p: float, rng: torch.Generator):
        super().__init__()
        self.p, self.rng = p, rng

    def forward(self, x: Tensor) -> Tensor:
        keep = torch.rand(x.shape, generator=self.rng) >= self.p
        return x * keep.to(x.device) / (1 - self.p)


def _between(ends: Tensor, steps: int, mix: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Tensor:
    """(2, size) → (steps, size), or the corners (4, size) → (steps · steps, size)."""
    t = torch.linspace(0, 1, steps, dtype=torch.float64)
    if len(ends) == 2:
        return mix(ends[0], ends[1], t)
    left, right = mix(ends[0], ends[2], t), mix(ends[1], ends[3], t)  # (steps, size)
    return mix(left[:, None], right[:, None], t).flatten(0, 1)
