"""From a model's name to the folder with its files: a path, a bundled model, or a repository of the Hub."""

import difflib
import fnmatch
import os
from collections.abc import Iterable
from pathlib import Path

from zoo.checkpoint import CONFIG
from zoo.config import ID, REPOSITORY, owner_of
from zoo.errors import Refused, UnknownName, unknown

BUNDLED = Path(__file__).parent / "checkpoints"


def resolve(
    name: str | os.PathLike[str],
    revision: str | None = None,
    owner: str | None = None,
    token: str | None = None,
    *,
    weights: bool = True,
    critic: bool = False,
) -> Path:
    """The folder of the model `name`, pulled from the Hub where need be, its weights too if they are wanted.

    And, where it has one, its `critic`.

    With a slash, `name` is a folder that holds a config.json, or else `owner/repo[@revision]`. Without one
    it is a bundled id, or else a repository of `owner` (by default the environment's ZOO_HUB_OWNER).
    UnknownName is raised where there is none; no other file is ever looked at.
    """
    if not isinstance(name, str | os.PathLike):
        raise Refused(f"a model's name is a text or a path, not {name!r:.60}")
    if isinstance(name, os.PathLike) or "/" in name or os.sep in name:
        folder = Path(name)
        if _has_config(folder):
            if revision:
                hub = f"; of the Hub it is {name}@{revision}" if REPOSITORY.fullmatch(str(name)) else ""
                raise Refused(f"{folder} is a folder and has no revisions{hub}")
            return folder
        repository, _, at = os.fspath(name).partition("@")
        if isinstance(name, os.PathLike) or not REPOSITORY.fullmatch(repository):
            raise UnknownName(f"no model at '{os.fspath(name)}': it is no folder with a {CONFIG}")
        if at and revision:
            raise Refused(f"'{name}' already names a revision: give it once")
        if not at and not revision:
            _check_not_meant_here(folder)
        return _pull(repository, at or revision, token, weights, critic)
    if not ID.fullmatch(name):
        raise _not_bundled(name)
    owner = owner_of(owner)
    if _has_config(BUNDLED / name) and not (revision and owner):
        if revision:
            raise Refused(f"'{name}' is bundled and has no revisions: name the owner of its repository too")
        return BUNDLED / name
    if owner:
        return _pull(f"{owner}/{name}", revision, token, weights, critic)
    raise _not_bundled(name)


def bundled() -> list[str]:
    """The ids of the models that are installed with the package."""
    return sorted(path.parent.name for path in BUNDLED.glob(f"*/{CONFIG}"))


def local(name: str | os.PathLike[str]) -> Path:
    """The checkpoint folder of that path, or the bundled model of that id; nothing is fetched."""
    if _has_config(Path(name)):
        return Path(name)
    if name in bundled():
        return BUNDLED / name
    raise unknown("checkpoint folder or bundled model", os.fspath(name), bundled())


def gathered(names: Iterable[str | os.PathLike[str]]) -> tuple[list[Path], dict[str, str]]:
    """The checkpoint folders that are meant: by a path, a bundled id, or a folder of such folders, up to two deep.

    Each once, however often and by whatever path it is named. And what is none, with the reason: an unfinished run
    among runs/*, say. UnknownName where a name means nothing here.
    """
    found: dict[Path, Path] = {}  # by where it lies
    over: dict[str, str] = {}
    for name in names:
        folder = Path(name)
        if _has_config(folder) or not folder.is_dir():
            try:
                model = local(name)
                found.setdefault(model.resolve(), model)
            except UnknownName:
                if not folder.exists():
                    raise
                over[os.fspath(name)] = "it is no folder"
            continue
        within = sorted(path.parent for depth in ("*", "*/*") for path in folder.glob(f"{depth}/{CONFIG}"))
        within = [path for path in within if "state" not in path.relative_to(folder).parts]
        for path in within:
            found.setdefault(path.resolve(), path)
        taken = {path.relative_to(folder).parts[0] for path in within}
        if not within:
            over[os.fspath(name)] = f"it holds no {CONFIG}: unfinished, or no run"
        for inner in sorted(folder.iterdir()) if within else ():
            if inner.is_dir() and inner.name not in taken and not inner.name.startswith("."):
                over[os.fspath(inner)] = f"it holds no {CONFIG}: unfinished, or no run"
    return list(found.values()), over


def list_models(
    pattern: str | None = None, *, owner: str | None = None, token: str | None = None
) -> list[str]:
    """Names that `zoo.load` takes: the bundled ids, or with an `owner` their repositories on the Hub.

    `pattern` is a shell's, matched against the id in upper or lower case: "*-focal-*"; a plain word finds the ids that
    contain it. HubError is raised where the Hub does not answer.
    """
    if owner:
        from zoo.hub import pull

        names = pull.hosted(owner_of(owner) or owner, token)
    else:
        names = bundled()
    pattern = (pattern or "*").lower()
    if not set("*?[") & set(pattern):
        pattern = f"*{pattern}*"
    return [name for name in names if fnmatch.fnmatchcase(name.rsplit("/")[-1].lower(), pattern)]


def _has_config(folder: Path) -> bool:
    try:
        return (folder / CONFIG).is_file()
    except (OSError, ValueError):  # a folder that we may not enter, a name that no folder can have
        return False


def _check_not_meant_here(folder: Path) -> None:
    """UnknownName where a name like runs/typo means a folder here, as the Hub need not be asked to know."""
    try:
        there = folder.is_dir()
        within = sorted(path.parent.as_posix() for path in folder.glob(f"*/{CONFIG}"))
        models = sorted(path.parent.name for path in folder.parent.glob(f"*/{CONFIG}"))
    except (OSError, ValueError):
        return
    if within:
        told = " or ".join(within[:3]) + (" …" if len(within) > 3 else "")
        raise UnknownName(f"{folder} is a folder of {len(within)} models: name one, {told}")
    if not models and not there:
        return
    near = difflib.get_close_matches(folder.name, models, n=3, cutoff=0.5)
    places = [f"{folder.parent.as_posix()}/{name}" for name in near or models[:9]]
    what = f"{folder} is a folder without a {CONFIG}" if there else f"no model at '{folder}'"
    hint = f"did you mean {' or '.join(places)}?" if near else f"there are {', '.join(places) or 'none'}"
    raise UnknownName(f"{what}: {hint} (a repository of the Hub: {folder.as_posix()}@main)")


def _not_bundled(name: str) -> UnknownName:
    if _has_config(Path(name)):
        return UnknownName(f"'{name}' is not installed; the folder of that name is './{name}'")
    error = unknown("model", name, bundled())
    if name.count("-") < 2 or not ID.fullmatch(name):  # no id of ours
        return error
    other = f"owner=, ZOO_HUB_OWNER or owner/{name}"
    return UnknownName(f"{error} (one of another zoo needs its owner on the Hub, {other}; or train it)")


def _pull(repository: str, revision: str | None, token: str | None, weights: bool, critic: bool) -> Path:
    from zoo.hub import pull  # and with it the Hub's client, which takes a while to import

    return pull.pull(repository, revision, token, weights=weights, critic=critic)
