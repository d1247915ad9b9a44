"""`--from`: a run that begins with the weights of a model instead of with its seed's. Its optimisers begin anew."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from train.running.cell import Cell, describe_critic
from zoo import architectures, checkpoint, names
from zoo.checkpoint import Config
from zoo.errors import Refused
from zoo.step import Game

# Of the generator's fields: the option that decides each.
FLAGS = {"size": "--size", "channels": "--channels", "latent": "--latent", "width": "--width", "cap": "--cap"}


@dataclass(frozen=True)
class Start:
    """The model that a run begins with, read and verified."""

    asked: str
    config: Config
    generator: nn.Module
    critic: nn.Module | None
    sha256: tuple[str, ...]  # of the weights and, where it was kept, of the critic

    @classmethod
    def of(cls, options) -> "Start":
        """UnknownName, HubError, CheckpointError or Refused, in one line, where it is none or not the one meant."""
        asked = options.from_
        folder = names.resolve(asked, critic=True)
        config, generator = checkpoint.load(folder)
        critic = checkpoint.load_critic(folder, config)
        files = (checkpoint.WEIGHTS, checkpoint.CRITIC)
        hashes = [_sha256(folder / name) for name in files[: 1 + (critic is not None)]]
        given = options.from_sha256
        if list(given) != hashes[: len(given)]:
            raise Refused(
                f"--from {asked} is not what --from-sha256 names: its weights, or critic, are others"
            )
        if len(given) == 1:  # it was trained from the generator alone
            critic, hashes = None, hashes[:1]
        return cls(asked, config, generator, critic, tuple(hashes))

    def check(self, cell: Cell) -> None:
        """Refused names the first thing in which the generator is another than the one to be trained."""
        theirs = dict(self.config.architecture)
        name = theirs.pop("name")
        if name != cell.architecture:
            raise Refused(
                f"--from {self.asked} is a {name}, not a {cell.architecture}:"
                f" {architectures.get(str(name)).command} goes on with it"
            )
        for field, ours in cell.fields.items():
            then = theirs.get(field, 0)
            if then != ours:
                fix = f"give {FLAGS[field]} {then}" if field in FLAGS else "take another model, or none"
                raise Refused(f"--from {self.asked} was made with {field} = {then}, not {ours}: {fix}")
        options = cell.options
        if options.freeze_d and not self.brings_critic(cell):
            raise Refused(
                f"--freeze-d keeps layers of a critic, and {self.without_critic(cell)}: leave it out"
            )

    def brings_critic(self, cell: Cell) -> bool:
        return self.critic is not None and self.unlike(cell) is None

    def unlike(self, cell: Cell) -> str | None:
        """In what the critics differ, if in anything."""
        ours, theirs = describe_critic(cell.rules, cell.options), self.config.critic
        for key in ("norm", "spectral_norm", "autoencoder", "width"):
            if ours.get(key) != theirs.get(key):
                return f"{key} = {theirs.get(key)}, not {ours.get(key)}"
        return None

    def without_critic(self, cell: Cell) -> str:
        if self.critic is None:
            return "its own was not kept"
        return f"its own is another ({self.unlike(cell)})"

    def recorded(self, cell: Cell) -> tuple[str, ...]:
        """The hashes of what is begun with."""
        return self.sha256 if self.brings_critic(cell) else self.sha256[:1]

    def told(self, cell: Cell) -> str:
        """What is begun with, in a line or two."""
        said = f"starts from {self.asked} (weights {self.sha256[0][:12]})"
        if cell.rules.plan is not None:
            said += (
                " and its critic"
                if self.brings_critic(cell)
                else f"; the critic anew: {self.without_critic(cell)}"
            )
        lost, kept = self.config.loss["name"], cell.options.loss
        if lost != kept:
            said += f"\nits loss was {lost}; from here on it is {kept} (--loss {lost} keeps it)"
        then, now = self.config.dataset.labels, cell.pictures.label_names
        if cell.fields.get("classes") and then != now:
            pairs = [f"{a} as {b}" for a, b in zip(then, now, strict=False) if a != b]
            said += f"\nclasses go on by their number: {', '.join(pairs[:3])}{' …' if len(pairs) > 3 else ''}"
        return said

    def fill(self, game: Game, cell: Cell) -> None:
        for net in (game.generator, game.average):
            net.load_state_dict(self.generator.state_dict())
        if game.critic is not None and self.critic is not None and self.brings_critic(cell):
            game.critic.load_state_dict(self.critic.state_dict())


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
