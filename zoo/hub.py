"""From a model's name to the folder with its files: a path, a bundled model, or a repository of the Hub."""

import contextlib
import difflib
import fnmatch
import os
import re
from pathlib import Path

from zoo.checkpoint import CONFIG, METRICS, WEIGHTS
from zoo.config import ID, LIBRARY
from zoo.errors import CheckpointError, Refused, UnknownName, unknown

BUNDLED = Path(__file__).parent / "checkpoints"
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")


def resolve(
    name: str | os.PathLike[str],
    revision: str | None = None,
    owner: str | None = None,
    token: str | None = None,
    *,
    weights: bool = True,
) -> Path:
    """The folder of the model `name`, pulled from the Hub where need be, its weights too if they are wanted.

    With a slash, `name` is a folder that holds a config.json, or else `owner/repo[@revision]`. Without one
    it is a bundled id, or else a repository of `owner` (by default the environment's ZOO_HUB_OWNER).
    UnknownName is raised where there is none; no other file is ever looked at.
    """
    if isinstance(name, os.PathLike) or "/" in name or os.sep in name:
        folder = Path(name)
        if _has_config(folder):
            return folder
        repository, _, at = os.fspath(name).partition("@")
        if isinstance(name, os.PathLike) or not REPOSITORY.fullmatch(repository):
            raise UnknownName(f"no model at '{os.fspath(name)}': it is no folder with a {CONFIG}")
        if at and revision:
            raise Refused(f"'{name}' already names a revision: give it once")
        return _pull(repository, at or revision, token, weights)
    if not ID.fullmatch(name):
        raise unknown("model", name, bundled())
    owner = owner or os.environ.get("ZOO_HUB_OWNER")
    if _has_config(BUNDLED / name) and not (revision and owner):
        if revision:
            raise Refused(f"'{name}' is bundled and has no revisions: name the owner of its repository too")
        return BUNDLED / name
    if owner:
        if not REPOSITORY.fullmatch(f"{owner}/{name}"):
            raise Refused(f"'{owner}' is no owner on the Hub: give the name of a person or organisation")
        return _pull(f"{owner}/{name}", revision, token, weights)
    raise _not_bundled(name)


def bundled() -> list[str]:
    """The ids of the models that are installed with the package."""
    return sorted(path.parent.name for path in BUNDLED.glob(f"*/{CONFIG}"))


def list_models(pattern: str | None = None, *, owner: str | None = None) -> list[str]:
    """Names that `zoo.load` takes: the bundled ids, or with an `owner` their repositories on the Hub.

    `pattern` is a shell's, matched against the id: "*-focal-*".
    """
    names = _hosted(owner) if owner else bundled()
    return [name for name in names if fnmatch.fnmatchcase(name.rsplit("/")[-1], pattern or "*")]


def _has_config(folder: Path) -> bool:
    try:
        return (folder / CONFIG).is_file()
    except (OSError, ValueError):  # a folder that we may not enter, a name that no folder can have
        return False


def _not_bundled(name: str) -> UnknownName:
    from zoo.architectures import ARCHITECTURES
    from zoo.losses import LOSSES

    if any(name.startswith(f"{net}-{loss}-") for net in ARCHITECTURES for loss in LOSSES):
        near = difflib.get_close_matches(name, bundled(), n=1, cutoff=0.85)
        hint = f"did you mean {near[0]}? If not, " if near else ""
        return UnknownName(
            f"'{name}' is not installed: {hint}name the owner of its zoo on the Hub (owner=, ZOO_HUB_OWNER"
            f" or owner/{name}), or train it"
        )
    return unknown("model", name, bundled())


def _pull(repository: str, revision: str | None, token: str | None, weights: bool) -> Path:
    """The local snapshot of one commit of `repository`."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    with _plain_errors(repository, revision):
        commit = _commit(repository, revision, token)

        def fetch(name: str) -> Path:
            return Path(hf_hub_download(repository, name, revision=commit, token=token))

        folder = fetch(CONFIG).parent
        if weights:
            fetch(WEIGHTS)
        with contextlib.suppress(EntryNotFoundError):
            fetch(METRICS)
        return folder


def _commit(repository: str, revision: str | None, token: str | None) -> str:
    """The commit (40 hex digits): files pulled by a branch's name could come from two."""
    from huggingface_hub import HfApi

    api = HfApi(token=token)
    if hasattr(api, "resolve_revision"):
        return api.resolve_revision(repository, revision=revision).resolved
    return api.model_info(repository, revision=revision).sha  # older clients


def _hosted(owner: str) -> list[str]:
    from huggingface_hub import HfApi

    with _plain_errors(owner, None):
        return sorted(model.id for model in HfApi().list_models(author=owner, filter=LIBRARY))


@contextlib.contextmanager
def _plain_errors(name: str, revision: str | None):
    """What the Hub's client raises, as one line."""
    from huggingface_hub import errors

    no_entry = errors.LocalEntryNotFoundError  # nothing in the cache either; the reason is its cause
    unreached = (no_entry, getattr(errors, "RevisionResolutionError", no_entry))
    try:
        yield
    except errors.GatedRepoError:
        raise UnknownName(f"{name} is gated: ask for access on its page and pass a token") from None
    except errors.RepositoryNotFoundError:
        raise UnknownName(f"the Hub has no {name}, or it is private: then pass a token") from None
    except errors.RevisionNotFoundError:
        raise UnknownName(f"{name} has no revision '{revision}'") from None
    except unreached as error:
        raise _unreachable(name, error.__cause__ or error) from None
    except errors.EntryNotFoundError:
        raise UnknownName(f"{name} is no model of {LIBRARY}: it lacks {CONFIG} or {WEIGHTS}") from None
    except errors.HFValidationError:
        raise UnknownName(f"'{name}' is no name of a repository") from None
    except (errors.HTTPError, OSError) as error:
        raise _unreachable(name, error) from None


def _unreachable(name: str, error: BaseException) -> CheckpointError:
    reason = str(error).strip().split("\n")[0] or type(error).__name__
    return CheckpointError(f"cannot fetch {name} from the Hub: {reason[:160]}")
