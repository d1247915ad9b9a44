"""What went wrong at the Hub, in one line that names the fix: its client's errors as the zoo's own."""

import contextlib
import json
from collections.abc import Iterator
from typing import TypeVar

from huggingface_hub import errors

from zoo.config import LIBRARY
from zoo.errors import CheckpointError, HubError, UnknownName, ZooError
from zoo.hub.bounds import TooLarge, Unlike, Unreachable
from zoo.hub.words import discreet, endpoint, first_line

E = TypeVar("E", bound=BaseException)
LOG_IN = "log in with 'hf auth login', or set HF_TOKEN"

# What the client raises: besides its own kinds, OSError for the cache, ValueError for an answer that makes no sense,
# RuntimeError for an upload.
CLIENT_ERRORS = (
    errors.HTTPError,
    errors.EntryNotFoundError,
    errors.RevisionResolutionError,
    TooLarge,
    Unlike,
    OSError,
    ValueError,
    RuntimeError,
)
# What the client stumbles with over an answer that has another shape than the Hub's.
STUMBLES = (LookupError, TypeError, AttributeError, errors.StrictDataclassError)


@contextlib.contextmanager
def plain_errors(name: str, revision: str | None = None, doing: str = "read") -> Iterator[None]:
    """Whatever the client raises, as a ZooError; `doing` is "read" or "write"."""
    try:
        yield
    except ZooError:
        raise
    except CLIENT_ERRORS as error:
        plain = _plain(error, name, revision, doing)
        plain.args = (discreet(str(plain)),)
        raise plain from None
    except STUMBLES as error:
        raise HubError(_unlike(name)) from error


def causes(error: BaseException | None) -> list[BaseException]:
    """The error, what it came from, and so on: the client hides the reason below."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__
    return found


def status(error: BaseException) -> int | None:
    """The HTTP status that is to blame, if one is."""
    answers = (getattr(cause, "response", None) for cause in causes(error))
    return next((answer.status_code for answer in answers if answer is not None), None)


def _plain(error: Exception, name: str, revision: str | None, doing: str) -> ZooError:
    chain = causes(error)

    def among(*kinds: type[E]) -> E | None:
        return next((cause for cause in chain if isinstance(cause, kinds)), None)

    answered = status(error)
    if zoo_error := among(ZooError):
        return zoo_error
    if large := among(TooLarge):
        return CheckpointError(
            f"{name} is not ours: a file of it has {large} bytes or more, which is too many"
        )
    if among(errors.GatedRepoError):
        page = f"{endpoint()}/{name}"
        return UnknownName(f"{name} is gated: ask for access at {page}, then {LOG_IN}")
    if among(errors.RepositoryNotFoundError):
        if doing == "write":
            return HubError(
                f"the Hub does not let you write to {name}: {LOG_IN}, with a token that may write there"
            )
        return UnknownName(f"the Hub has no {name}, or it is private: then {LOG_IN}")
    if among(errors.RevisionNotFoundError):
        return UnknownName(f"{name} has no revision '{revision or 'main'}'")
    if among(errors.HFValidationError):
        return UnknownName(f"'{name}' is no name of a repository")
    if among(errors.RemoteEntryNotFoundError):
        return UnknownName(f"{name} is no model of {LIBRARY}: it lacks a file that each of them has")
    if among(errors.LocalTokenNotFoundError):
        return HubError(f"the Hub has to know who you are: {LOG_IN}")
    if answered == 401:
        return HubError(f"the Hub does not accept your token: {LOG_IN}, with one that is valid")
    if answered == 402:
        return HubError(f"the Hub wants a subscription for {name}: {_said(error)}")
    if answered == 403:
        return HubError(
            f"the Hub does not let you {doing} {name}: {_said(error)}; a token of yours may: {LOG_IN}"
        )
    if offline := among(errors.OfflineModeIsEnabled):
        if isinstance(offline, Unreachable):
            return HubError(f"cannot reach the Hub for {name}: {offline}")
        lacks = f"cannot {doing} {name}" if doing == "write" else f"{name} is not in the cache"
        return HubError(f"{lacks}: HF_HUB_OFFLINE keeps the Hub from being asked")
    if among(errors.FileMetadataError, json.JSONDecodeError, Unlike, RecursionError):
        return HubError(_unlike(name))
    if answered:
        return HubError(f"the Hub answers {answered} for {name}: {_said(error)}")
    if transport := among(errors.HTTPError):
        return HubError(f"the connection to the Hub broke for {name}: {first_line(transport)}")
    return HubError(f"cannot {doing} {name} on the Hub: {first_line(error)}")


def _unlike(name: str) -> str:
    return (
        f"cannot fetch {name}: {endpoint()} does not answer as the Hub does; is there a proxy or a login page in"
        " between?"
    )


def _said(error: BaseException) -> str:
    """The server's own words."""
    for cause in causes(error):
        if message := getattr(cause, "server_message", None):
            return first_line(message)
    return first_line(error)
