"""A model from the Hub: the files of one commit that are needed, in the client's cache, verified."""

import hashlib
import json
import re
import time
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, constants, hf_hub_download, try_to_load_from_cache
from huggingface_hub.errors import EntryNotFoundError
from huggingface_hub.utils import tqdm

from zoo import checkpoint
from zoo.checkpoint import CONFIG, CRITIC, LARGEST, METRICS, WEIGHTS
from zoo.config import LIBRARY, REPOSITORY
from zoo.errors import CheckpointError, Refused
from zoo.hub.bounds import TooLarge, Unlike
from zoo.hub.refusals import STUMBLES, plain_errors
from zoo.hub.waiting import Connection, about_us, log
from zoo.hub.words import clean_token, endpoint

WORTH_A_BAR = 4_000_000  # bytes
COMMIT = GIT_HASH = re.compile("[0-9a-f]{40}")  # the latter names a small file's content in the cache
SHA256 = 64  # hex digits
ORPHANED = 3600  # seconds after which nobody goes on with a download that was killed


class Damaged(CheckpointError):
    """Files in the cache that are not what they should be."""

    def __init__(self, message: str, *paths: Path):
        super().__init__(message)
        self.paths = paths


def pull(
    repository: str, revision: str | None, token: str | None, *, weights: bool, critic: bool = False
) -> Path:
    """The folder in the cache with the files of one commit of `repository`, with or without its weights and critic.

    A file that is damaged there is fetched once more. Raises UnknownName, HubError or CheckpointError.
    """
    token = clean_token(token)
    with plain_errors(repository, revision):
        commit = _commit(repository, revision, token, _cached(repository, revision, weights))
        if revision and 7 <= len(revision) < 40 and commit.startswith(revision):
            raise Refused(f"'{revision}' is short for a commit: name it by its 40 digits, {commit}")
        with Connection() as connection:
            snapshot = _Snapshot(connection, repository, commit, token, critic)
            try:
                return snapshot.fetch_all(weights)
            except Damaged as damaged:
                if constants.HF_HUB_OFFLINE:
                    raise CheckpointError(
                        f"{damaged}: unset HF_HUB_OFFLINE, and it is fetched anew"
                    ) from None
                evict(damaged)
            try:
                return snapshot.fetch_all(weights)
            except Damaged as damaged:
                evict(damaged)
                raise CheckpointError(f"{damaged}, nor is it when fetched anew: tell its owner") from None


def hosted(owner: str, token: str | None = None) -> list[str]:
    """The repositories of `owner` that say they hold a model of ours."""
    token = clean_token(token)
    with plain_errors(f"the zoo of {owner}"), Connection():
        found = HfApi(token=token, **about_us()).list_models(author=owner, filter=LIBRARY)
        return sorted(model.id for model in found if REPOSITORY.fullmatch(model.id))


def evict(damaged: Damaged) -> None:
    """The content, too: a name alone would be given the same content again."""
    for path in damaged.paths:
        path.resolve().unlink(missing_ok=True)
        path.unlink(missing_ok=True)


def _cached(repository: str, revision: str | None, weights: bool) -> str | None:
    """The commit in the cache that has what is needed; None where something is missing."""
    needed = (CONFIG, WEIGHTS) if weights else (CONFIG,)
    found = [try_to_load_from_cache(repository, name, revision=revision or "main") for name in needed]
    paths = [path for path in found if isinstance(path, str)]
    return Path(paths[0]).parent.name if len(paths) == len(needed) else None


def _commit(repository: str, revision: str | None, token: str | None, cached: str | None) -> str:
    """The commit (40 hex digits): files pulled by a branch's name could come from two.

    Where the Hub is out of reach, or something answers in its place, it is the one that is cached.
    """
    api = HfApi(token=token, **about_us())
    with Connection(quick=cached is not None):
        try:
            commit = api.resolve_revision(repository, revision=revision).resolved
            if not COMMIT.fullmatch(commit):
                raise Unlike("a commit without 40 digits")
            return commit
        except (json.JSONDecodeError, Unlike, TooLarge, *STUMBLES):
            if cached is None:
                raise
            log.warning(f"{endpoint()} does not answer as the Hub does: {repository} is as it was cached")
            return cached


class _Snapshot:
    """One commit of a repository."""

    def __init__(self, connection: Connection, repository: str, commit: str, token: str | None, critic: bool):
        self.connection, self.repository, self.commit, self.token = connection, repository, commit, token
        self.critic = critic

    def fetch_all(self, weights: bool) -> Path:
        folder = self.fetch(CONFIG, LARGEST[CONFIG]).parent
        self.check_json(folder / CONFIG)
        try:
            config = checkpoint.read(folder)
        except CheckpointError as error:
            if is_as_committed(folder / CONFIG):
                raise
            raise Damaged(str(error), folder / CONFIG) from None
        if weights:
            if not (folder / WEIGHTS).exists():
                checkpoint.check_claims(folder, config)  # before anything large is fetched
                sweep(folder)
            path = self.fetch(WEIGHTS, config.weights.bytes)
            if not _is(path, config.weights):
                # either may be the damaged one
                wrong = f"{WEIGHTS} of {self.repository} is not what its config names (size, sha256)"
                raise Damaged(wrong, path, folder / CONFIG)
        if self.critic and config.critic:
            self.fetch_critic(folder, config)
        if try_to_load_from_cache(self.repository, METRICS, revision=self.commit) is None:
            try:
                self.fetch(METRICS, LARGEST[METRICS])
            except EntryNotFoundError:
                return folder
        if (folder / METRICS).exists():
            self.check_json(folder / METRICS)
        return folder

    def fetch_critic(self, folder: Path, config: checkpoint.Config) -> None:
        """Where there is one: no config names its hash, but what is cached is called by that."""
        try:
            path = self.fetch(CRITIC, checkpoint.largest_critic(folder, config))
        except EntryNotFoundError:
            return
        if not is_as_committed(path):
            raise Damaged(f"{CRITIC} of {self.repository} is not what was committed", path)

    def fetch(self, name: str, limit: int) -> Path:
        """The path of a file in the cache; it is refused where it has more bytes than `limit`."""
        try:
            with self.connection.file(limit):
                return Path(
                    hf_hub_download(
                        self.repository,
                        name,
                        revision=self.commit,
                        token=self.token,
                        tqdm_class=_Bar,
                        **about_us(),
                    )
                )
        except OSError as error:
            if "Consistency check failed" not in str(error):
                raise
            raise Damaged(f"{name} of {self.repository} is not as long as announced") from None

    def check_json(self, path: Path) -> None:
        if GIT_HASH.fullmatch(path.resolve().name) and not is_as_committed(path):
            raise Damaged(f"{path.name} of {self.repository} is not what was committed", path)
        try:
            json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            raise Damaged(f"{path.name} of {self.repository} is not JSON", path) from None


def _is(path: Path, weights: checkpoint.Weights) -> bool:
    """Its size is looked at first: to hash something huge takes minutes."""
    if path.stat().st_size != weights.bytes:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == weights.sha256


def is_as_committed(path: Path) -> bool:
    """Whether a file in the cache has the hash that git, or LFS, gave it, which is the name of its content there."""
    content, named = path.read_bytes(), path.resolve().name
    if len(named) == SHA256:
        return hashlib.sha256(content).hexdigest() == named
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    return blob == named


def sweep(folder: Path) -> None:
    """Remove what killed downloads have left in the cache of this repository."""
    for path in (folder.parents[1] / "blobs").glob("*.incomplete"):
        if time.time() - path.stat().st_mtime > ORPHANED:
            path.unlink(missing_ok=True)


class _Bar(tqdm):
    """A progress bar for what takes long enough."""

    def __init__(self, *args: Any, total: float | None = None, **given: Any):
        given["disable"] = given.get("disable") or (total or 0) < WORTH_A_BAR or None
        super().__init__(*args, total=total, **given)
