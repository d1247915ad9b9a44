"""A loaded checkpoint and what a user does with it: sample, interpolate, translate."""

import copy
import os
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, Self, overload

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from zoo import architectures, asked, checkpoint, facades, measurements, names, notebook, pictures
from zoo.architectures.layers import Seeded, SeededDropout
from zoo.asked import Anchor, Labels
from zoo.checkpoint import Config
from zoo.errors import CheckpointError, Refused, unknown
from zoo.latents import between, check_seed, draw, draw_in_batches, lerp, slerp, truncate, whole
from zoo.measurements import Info

BATCH = 32  # pictures at a time: larger ones gain nothing on a CPU
ABILITIES = {
    "noise": "makes pictures from noise: use sample, grid or interpolate",
    "translation": "translates pictures: use translate",
}
MIXES = {"slerp": slerp, "lerp": lerp}


class Model:
    """A generator with its config. Several threads may use one at a time; it can be copied, pickled and sent to a
    spawned process.

    `generator` is its nn.Module, in evaluation mode and without gradients for its weights: latents (n, latent size)
    and, with classes, labels (n,) or weights of classes (n, classes) → pictures (n, C, S, S) in [-1, 1]; of a model
    that translates, None and maps (n, 3, S, S) → photographs.
    """

    def __init__(self, config: Config, generator: nn.Module, folder: Path):
        self.config, self.folder = config, folder
        self.device, self.dtype = torch.device("cpu"), torch.float32
        given = dict(config.architecture)
        name = str(given.pop("name"))
        self.kind = architectures.get(name).kind
        self._fields = architectures.check_fields(name, given)
        self.generator = generator
        self._dropout_rng, self._lock = Seeded(), Lock()
        self.generator.to(memory_format=torch.channels_last)  # in which oneDNN's convolutions are fastest
        self._set_inference_mode()

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in vars(self).items() if name != "_lock"}
        if (critic := state.get("critic")) is not None:
            state["critic"] = critic.state_dict()  # torch pickles no net with spectral norm
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=Lock())
        if (weights := state.get("critic")) is not None:
            net = checkpoint.build(self.folder, self.config, critic=True)
            net.load_state_dict(weights, assign=True)
            self.critic = net.eval().requires_grad_(False)

    def __copy__(self) -> Self:  # a shallow one would share the nets, but not the lock
        return copy.deepcopy(self)

    @cached_property
    def critic(self) -> nn.Module | None:
        """The critic that the generator was trained with, pictures (n, C, S, S) → scores; None where it was not kept.

        CheckpointError where its file does not fit the config. It is on the model's device and of its dtype.
        """
        net = checkpoint.load_critic(self.folder, self.config)
        return net if net is None else net.to(self.device, self.dtype)

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
        """Copy the checkpoint to `folder`, once its weights are verified; whole or not at all.

        Of a model from the Hub that is config, weights and metrics: its card, curves and samples stay there.
        Refused where the generator has been changed since: zoo.checkpoint.write makes a folder of any weights.
        """
        self.check_weights()
        files = checkpoint.read_published(self.folder)
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
        Refused where the folder has no card, or an old one, and where the generator has been changed since it was
        loaded; HubError where the Hub does not let us.
        """
        from zoo.hub.push import push_model

        self.check_weights()
        return push_model(
            self.folder, repo_id, private=private, revision=revision, message=commit_message, token=token
        ).url

    def check_weights(self) -> None:
        """Refused where the generator has other weights than its folder: trained further, or rounded on the way."""
        kept, now = checkpoint.load(self.folder)[1].state_dict(), self.generator.state_dict()
        if any(not torch.equal(kept[k].to(t.dtype), t.cpu()) for k, t in now.items() if k in kept):
            words = f"the weights of {self.id} are no longer those of {self.folder}"
            raise Refused(f"{words}: load it again, or zoo.checkpoint.write keeps them")

    @property
    def id(self) -> str:
        return self.config.id

    @property
    def info(self) -> Info:
        """Config and measurements, as they lie beside the weights."""
        return measurements.info(self.folder)

    def __repr__(self) -> str:
        data = self.config.dataset
        how = f"{self.device}" + (f" in {self.dtype}" if self.dtype != torch.float32 else "")
        return f"<Model {self.id}: {data.size}×{data.size}×{data.channels} from {self.kind}, on {how}>"

    def _repr_png_(self) -> bytes | None:
        return notebook.png(self)

    def _repr_html_(self) -> str:
        return notebook.html(self)

    def to(
        self, device: str | torch.device | torch.dtype | None = None, dtype: torch.dtype | None = None
    ) -> Self:
        """Move to a device or let it compute in another dtype, or both, in place; pictures stay float32 on the CPU.

        Refused where there is no such device here, or the dtype is none of float32, bfloat16 and float16.
        """
        if isinstance(device, torch.dtype):
            device, dtype = None, device
        dtype = dtype or self.dtype
        if dtype not in (torch.float32, torch.bfloat16, torch.float16):
            raise Refused(f"a model computes in torch.float32, bfloat16 or float16, not {dtype!r:.60}")
        try:
            if not isinstance(device, str | torch.device | None):
                raise TypeError("it is the name of no device")
            there = self.device if device is None else torch.device(device)
            if there.type == "meta":
                raise TypeError("it holds no numbers")
            for net in (self.generator, vars(self).get("critic")):
                if net is not None:
                    net.to(there, dtype)
        except (RuntimeError, AssertionError, TypeError) as error:  # AssertionError: a torch without CUDA
            reason = str(error).split("\n")[0]
            raise Refused(f"device '{device}' cannot be used here: {reason}; try cpu") from None
        self.device, self.dtype = there, dtype
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
        `latents` (n, latent size) stand in for `n` and `seed`; where they require a gradient, it flows back to them.
        """
        self._need("noise")
        z = draw(n, self._fields["latent"], seed) if latents is None else asked.latents(latents, self.config)
        return self._generate(truncate(z, truncation), asked.labels(labels, len(z), self.config))

    def stream(
        self,
        n: int,
        *,
        batch: int = BATCH,
        seed: int = 0,
        labels: Labels | None = None,
        truncation: float | None = None,
    ) -> Iterator[Tensor]:
        """The pictures of `sample(n, …)`, in order, (at most `batch`, C, H, W) at a time: no more are in memory."""
        self._need("noise")
        latents = draw_in_batches(n, self._fields["latent"], seed, batch=batch)
        truncate(torch.zeros(1), truncation)  # what cannot be is refused here, not at the first batch
        single = asked.one_for_all(labels)  # or none
        each = asked.labels(labels, 1 if single else n, self.config)

        def batches() -> Iterator[Tensor]:
            first = 0
            for z in latents:
                rows = slice(first, first + len(z))
                of = (
                    asked.labels(labels, len(z), self.config, first) if single or each is None else each[rows]
                )
                yield self._generate(truncate(z, truncation), of)
                first += len(z)

        return batches()

    def grid(self, n: int = 64, *, columns: int | None = None, **sample: Any) -> Image.Image:
        """`sample(n, …)` as one picture.

        A class-conditional model gives each class a column, unless a fifth of the sheet or more would stay empty.
        """
        sheet = self.sample(n, **sample)
        if columns is None and sample.get("labels") is None and self._classes:
            places = -(-len(sheet) // self._classes) * self._classes
            columns = self._classes if places - len(sheet) < places / 5 else None
        return pictures.grid(sheet, columns)

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
        steps = whole("steps", steps)
        if len(anchors) not in (2, 4):
            raise Refused(f"{len(anchors)} anchors: give 2 for a line or 4, the corners, for a plane")
        if mode not in tuple(MIXES):
            raise unknown("mode", str(mode), MIXES)
        if steps < 2:
            raise Refused(f"steps is {steps}: an interpolation has at least its 2 ends")
        ends = [asked.anchor(anchor, self.config) for anchor in anchors]
        z, condition = torch.stack([end for end, _ in ends]), None
        if self._classes and labels is None:
            labels = [row % self._classes for _, row in ends]
        if (classes := asked.labels(labels, len(anchors), self.config)) is not None:
            one_hot = nn.functional.one_hot(classes, self._classes).float()
            condition = between(one_hot, steps, lerp)
        return self._generate(between(z, steps, MIXES[mode]), condition)

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
        asked.check_map(picture)
        if isinstance(picture, Image.Image):
            return pictures.to_pil(self._translate(self._prepare(pictures.decode(picture)), seed))
        several = picture.ndim == 4
        made = [self._translate(self._fit(one), seed) for one in (picture if several else [picture])]
        return torch.stack(made) if several else made[0]

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
            x = picture[None].to(self.device, self.dtype).contiguous(memory_format=torch.channels_last)
            photograph = self.generator(None, x)
        return photograph[0].float().cpu().clone()

    # ---- within

    def _set_inference_mode(self) -> None:
        """What the config says of batch norm and dropout, settled once."""
        if self.kind == "noise" and (self.config.inference.dropout or self._batch_statistics):
            raise CheckpointError(f"{self.id}: only a translating model may keep dropout or batch statistics")
        for module in list(self.generator.modules()):
            if self._batch_statistics and isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.running_mean = module.running_var = None  # without them it uses the picture's own
            for name, child in module.named_children():
                if self.config.inference.dropout and isinstance(child, nn.Dropout):
                    setattr(module, name, SeededDropout(child.p, self._dropout_rng))

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
        follow = z.requires_grad and torch.is_grad_enabled()
        with nullcontext() if follow else torch.inference_mode():
            for start in range(0, len(z), BATCH):
                rows = slice(start, start + BATCH)
                of = None if condition is None else condition[rows].to(self.device)
                made = self.generator(z[rows].to(self.device, self.dtype), of)
                batches.append(made.float().cpu())
        return torch.cat(batches)  # out of inference mode, so that the caller may do anything with it
