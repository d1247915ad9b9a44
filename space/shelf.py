"""The models that the page offers: known by id, loaded once; and how what a visitor asks is held to bounds."""

import itertools
import operator
import sys
from collections.abc import Iterable
from pathlib import Path

import zoo
from space.limits import MAX_MODELS
from zoo import architectures, checkpoint
from zoo.checkpoint import CONFIG, HISTORY, Config
from zoo.errors import CheckpointError, Refused, UnknownName, unknown
from zoo.measurements import Info, Metrics
from zoo.model import Model
from zoo.names import local, resolve


def find(given: Iterable[str] | None) -> list[str | Path]:
    """What zoo.load takes for each of `given`: a name, a folder's checkpoint folders, or an owner's models.

    None gives the bundled ones. UnknownName is raised for a folder or an owner without any.
    """
    if given is None:
        return zoo.list_models()
    names = []
    for name in given:
        folder = Path(name)
        if folder.is_dir() and not (folder / CONFIG).is_file():
            inside = sorted(path.parent for path in folder.glob(f"*/{CONFIG}"))
            begun = any(folder.glob(f"*/{HISTORY}"))  # a training's first lines come before a model
            if not inside and not begun:
                raise UnknownName(f"no checkpoint folder in '{name}': train a model, or name another folder")
            names += inside
        elif _is_owner(name):
            theirs = zoo.list_models(owner=name)
            if not theirs:
                raise UnknownName(f"'{name}' has no models of this zoo on the Hub: name another owner")
            names += theirs
        else:
            names.append(name)
    return names


def places(given: Iterable[str] | None) -> list[Path]:
    """The folders of `given` in which runs are written, and new ones may appear."""
    folders = map(Path, given or ())
    return [folder for folder in folders if folder.is_dir() and not (folder / CONFIG).is_file()]


def read(name: str | Path) -> Info:
    """What is known of a model; of one whose measurements are damaged, nothing of those, which is said."""
    try:
        return zoo.info(name)
    except CheckpointError as error:
        folder = resolve(name, weights=False)
        config = checkpoint.read(folder)
        print(f"space: {config.id} is shown without figures: {error}", file=sys.stderr)
        return Info(config, Metrics([], stale=False))


def _is_owner(name: str) -> bool:
    """Neither a path, nor a bundled id, nor what looks like the id of a model that is not installed."""
    alike = any(name.startswith(f"{family}-") for family in architectures.ARCHITECTURES)
    return not (Path(name).exists() or "/" in name or name in zoo.list_models() or alike)


class Shelf:
    """Models by their ids; a second one of an id has its folder's name added. `places`: where runs are written."""

    def __init__(self, names: Iterable[str | Path], places: Iterable[Path] = ()):
        self.places = list(places)
        self._names: dict[str, str | Path] = {}
        self._infos: dict[str, Info] = {}
        self._loaded: dict[str, Model] = {}
        self._folders: dict[str, Path | None] = {}
        for name in names:
            try:
                info = read(name)
            except CheckpointError as error:
                print(f"space: passed over: {error}", file=sys.stderr)
                continue
            key = self._key(info.config.id, name)
            self._names[key], self._infos[key] = name, info

    def _key(self, id: str, name: str | Path) -> str:
        """The id; where it is taken, with as much of the folder's path as tells them apart, else a number."""
        if id not in self._names:
            return id
        parts = Path(name).parts
        paths = ("/".join(parts[-n:]) for n in range(1, len(parts) + 1))
        labels = itertools.chain(paths, map(str, itertools.count(2)))
        return next(key for label in labels if (key := f"{id} ({label})") not in self._names)

    def ids(self, kind: str | None = None) -> list[str]:
        """All, or those of one kind: "noise" or "translation"."""
        of = {key: info.config.architecture["name"] for key, info in self._infos.items()}
        return [key for key, name in of.items() if kind in (None, architectures.get(name).kind)]

    def chosen(self, ids: Iterable[str]) -> list[str]:
        """`ids`, each known and none twice; UnknownName or Refused where that cannot be."""
        ids = self.bounded(ids)
        for key in ids:
            self.info(key)
        return ids

    def bounded(self, ids: Iterable[str]) -> list[str]:
        """`ids`, none twice, and no more than MAX_MODELS, or Refused; whether they are known is not looked at."""
        if isinstance(ids, str) or not isinstance(ids, Iterable):
            raise Refused(f"name the models in a list, not as {_short(ids)}")
        ids = list(dict.fromkeys(map(str, ids)))
        if len(ids) > MAX_MODELS:
            raise Refused(f"{len(ids)} models at once: choose at most {MAX_MODELS}")
        return ids

    def info(self, key: str) -> Info:
        if key not in self._infos:
            raise unknown("model", _short(key), self._infos)
        return self._infos[key]

    def config(self, key: str) -> Config:
        return self.info(key).config

    def name(self, key: str) -> str:
        """What zoo.load takes for it."""
        self.info(key)
        return str(self._names[key])

    def folder(self, key: str) -> Path | None:
        """Where its files are on this machine; None of one whose files are on the Hub."""
        name = self.name(key)
        if key not in self._folders:
            try:
                self._folders[key] = local(name)
            except UnknownName:
                self._folders[key] = None
        return self._folders[key]

    def model(self, key: str) -> Model:
        """Loaded when first asked for."""
        self.info(key)
        if key not in self._loaded:
            self._loaded[key] = zoo.load(self._names[key])
        return self._loaded[key]


def whole(what: str, value: object, low: int, high: int) -> int:
    """`value` as an int from `low` to `high`, or Refused; JSON may bring 7 as 7.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or not low <= number <= high:
        raise Refused(f"{what} is a whole number from {low} to {high}, not {_short(value)}")
    return number


def between(what: str, value: object, low: float, high: float) -> float:
    """`value` as a float from `low` to `high`, or Refused."""
    if type(value) not in (int, float) or not low <= value <= high:
        raise Refused(f"{what} is a number from {low} to {high}, not {_short(value)}")
    return float(value)


def _short(value: object) -> str:
    return str(value)[:60]
