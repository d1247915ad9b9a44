"""Folders to repositories of the Hub: one commit with all that changed, or none."""

import contextlib
import fnmatch
import hashlib
import json
import logging
import re
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, cast

from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    HfApi,
    constants,
    errors,
)

from zoo.checkpoint import CARD, CONFIG, CRITIC, HISTORY, METRICS, PUBLISHED, WEIGHTS, read_published
from zoo.config import REPOSITORY, Config, parse_json
from zoo.errors import CheckpointError, HubError, Refused, printable
from zoo.hub.refusals import LOG_IN, causes, plain_errors, status
from zoo.hub.waiting import BUSY, Connection, about_us
from zoo.hub.words import clean_token, endpoint

log = logging.getLogger("zoo")
TRIES = 6  # at a commit: others may push at the same time

# In a card: the sha256 of each file that it tells of.
MADE_FROM = re.compile(r"^<!-- made from (\{.*\}) -->$", re.MULTILINE)


class Where(TypedDict):
    """The arguments that name a repository."""

    repo_id: str
    repo_type: str


class Pushed(NamedTuple):
    """What a push came to: the paths that it sent and those that it deleted; none where all was there already."""

    url: str
    commit: str
    sent: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = {"sent": self.sent, "deleted": self.deleted}
        done = "; ".join(f"{what} {', '.join(paths)}" for what, paths in told.items() if paths)
        return f"{self.url}  {done or 'as it was'}"


def push_files(
    repo_id: str,
    files: Mapping[str, str | Path | bytes],
    *,
    message: str,
    repo_type: str = "model",
    private: bool = False,
    revision: str | None = None,
    replaces: Sequence[str] = (),
    token: str | None = None,
    **create: Any,
) -> Pushed:
    """Make the repository hold `files` (path in it → a local file or bytes) by one commit; none if it does already.

    The repository, of type "model" or "space", is created where it is missing (`private` and further arguments
    of `create_repo`, such as space_sdk, are for that; one that is public stays so, with a warning), and so is the
    branch `revision`. What matches a shell pattern of `replaces` there and is not among `files` is deleted by the
    same commit. Whoever else pushes meanwhile, and answers that get lost, are met by looking again. HubError says
    why it cannot be.
    """
    contents = {
        path: given if isinstance(given, bytes) else _read(Path(given)) for path, given in files.items()
    }
    api = HfApi(token=clean_token(token), **about_us())
    where: Where = {"repo_id": repo_id, "repo_type": repo_type}
    sent: dict[str, None] = {}
    deleted: dict[str, None] = {}
    with Connection(uploads=True), plain_errors(repo_id, revision, "write"):
        api.create_repo(**where, private=private or None, exist_ok=True, **create)
        if private and not api.repo_info(**where).private:
            log.warning(
                f"{repo_id} was there already and is public: make it private in its settings on the Hub"
            )
        for tries in range(TRIES):
            head = _head(api, where, revision)
            there = {entry.path: entry for entry in _entries(api, where, head)}
            adds = [path for path, content in contents.items() if not _same(there.get(path), content)]
            deletes = [path for path in there if path not in contents and _matches(path, replaces)]
            if not adds and not deletes:
                return Pushed(_url(repo_type, repo_id, head), head, tuple(sent), tuple(deleted))
            sent |= dict.fromkeys(adds)
            deleted |= dict.fromkeys(deletes)
            operations: list[CommitOperationAdd | CommitOperationCopy | CommitOperationDelete] = [
                *(CommitOperationAdd(path, contents[path]) for path in adds),
                *(CommitOperationDelete(path, is_folder=False) for path in deletes),
            ]
            try:
                made = api.create_commit(
                    **where,
                    operations=operations,
                    commit_message=message,
                    revision=revision,
                    parent_commit=head,
                )
            except Exception as error:
                if not _worth_another_look(error) or tries == TRIES - 1:
                    raise
                time.sleep(min(4, 0.25 * 2**tries))
                continue
            return Pushed(_url(repo_type, repo_id, made.oid), made.oid, tuple(sent), tuple(deleted))
    raise HubError(f"others keep pushing to {repo_id}: try again later")


def push_model(
    folder: str | Path,
    repo_id: str,
    *,
    private: bool = False,
    revision: str | None = None,
    message: str | None = None,
    token: str | None = None,
    with_critic: bool = False,
) -> Pushed:
    """Push a checkpoint folder, once it is whole and its card is in step with it; its critic only `with_critic`.

    A critic that lies there from before, of other weights it may be, is deleted without it.
    Refused and CheckpointError say what has to be done first; for the rest see `push_files`.
    """
    if not REPOSITORY.fullmatch(repo_id):
        raise Refused(f"'{repo_id}' is no repository: name it owner/name")
    files = published(folder, with_critic=with_critic)
    message = message or f"{Config.from_json(files[CONFIG].decode()).id}: weights, card and metrics"
    return push_files(
        repo_id,
        files,
        message=message,
        private=private,
        revision=revision,
        replaces=(*PUBLISHED, CRITIC),
        token=token,
    )


def published(folder: str | Path, *, with_critic: bool = False) -> dict[str, bytes]:
    """What a repository gets of a checkpoint folder, by name: nothing else ever leaves it."""
    folder = Path(folder)
    files = read_published(folder, with_critic=with_critic)
    if WEIGHTS not in files:
        raise CheckpointError(f"{folder} has no {WEIGHTS}: it is no finished checkpoint")
    config = Config.from_json(files[CONFIG].decode("utf-8", "replace"), str(folder / CONFIG))
    if (
        len(files[WEIGHTS]) != config.weights.bytes
        or hashlib.sha256(files[WEIGHTS]).hexdigest() != config.weights.sha256
    ):
        raise CheckpointError(
            f"{folder / WEIGHTS} is not what its config names (sha256): train or fetch it again"
        )
    _check_finite(files.get(METRICS, b"{}"), folder / METRICS)
    if problem := _drift(files):
        raise Refused(f"{folder}: {problem}; zoo card {shlex.quote(str(folder))} makes its card")
    return files


def _drift(files: Mapping[str, bytes]) -> str | None:
    """How a card is out of step with the files that it was made from."""
    if CARD not in files:
        return f"it has no {CARD}"
    named = MADE_FROM.search(files[CARD].decode("utf-8", "replace"))
    if named is None:
        return f"its {CARD} does not say what it was made from"
    then = parse_json(named[1], CARD)
    now = {name: hashlib.sha256(files[name]).hexdigest() if name in files else None for name in then}
    changed = [name for name in (CONFIG, METRICS, HISTORY) if then.get(name) != now.get(name)]
    return f"its {CARD} is older than its {' and '.join(changed)}" if changed else None


def _check_finite(text: bytes, path: Path) -> None:
    """Refused where a number is none: the Hub takes no NaN, neither here nor in the card."""

    def refuse(constant: str) -> None:
        raise Refused(f"{path} has a value that is {constant}: measure again")

    try:
        json.loads(text, parse_constant=refuse)
    except Refused:
        raise
    except (ValueError, RecursionError):
        raise CheckpointError(f"{path} is damaged: it is not JSON") from None


def check_access(owner: str, token: str | None = None) -> None:
    """HubError where we are not logged in, which is better known before a long training."""
    token = clean_token(token)
    with plain_errors(owner, doing="write"), Connection():
        about = HfApi(token=token, **about_us()).whoami(token=token)
        me = str(about["name"])
        names = [me, *(organisation["name"] for organisation in about.get("orgs", []))]
    if owner not in names:
        me = printable(me)[:60]
        raise HubError(f"you are {me} on the Hub and may not push for '{owner}': {LOG_IN} of {owner}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from None


def _head(api: HfApi, where: Where, revision: str | None) -> str:
    """The newest commit of the branch, which is made where it is missing."""
    with contextlib.suppress(errors.RevisionNotFoundError):
        return _sha(api, where, revision)
    api.create_branch(**where, branch=revision or "main", exist_ok=True)
    return _sha(api, where, revision)


def _sha(api: HfApi, where: Where, revision: str | None) -> str:
    return cast(
        str, api.repo_info(**where, revision=revision).sha
    )  # None only where something else is asked for


def _entries(api: HfApi, where: Where, head: str) -> list:
    """The files (not the folders) of a commit."""
    listed = api.list_repo_tree(**where, revision=head, recursive=True)
    return [entry for entry in listed if hasattr(entry, "blob_id")]


def _matches(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def _same(there: Any, content: bytes) -> bool:
    """Whether the file there has this content, as far as its size and hash tell."""
    if there is None or there.size != len(content):
        return False
    if there.lfs is not None:
        return there.lfs.sha256 == hashlib.sha256(content).hexdigest()
    return there.blob_id == hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # as git names it


def _worth_another_look(error: Exception) -> bool:
    """A race, a busy server or a lost answer: the commit may have happened, or may yet."""
    answered = status(error)
    if answered is not None:
        return answered in (409, 412, *BUSY)
    return any(isinstance(cause, errors.HTTPError) for cause in causes(error))


def _url(repo_type: str, repo_id: str, commit: str) -> str:
    prefix = constants.REPO_TYPES_URL_PREFIXES.get(repo_type, "")
    return f"{endpoint()}/{prefix}{repo_id}/commit/{commit}"
