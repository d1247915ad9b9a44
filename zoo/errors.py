"""What can go wrong, said in one line that names the fix."""

import difflib
import unicodedata
from collections.abc import Iterable


class ZooError(Exception):
    """The base of every error that the project raises for a person to read."""


class UnknownName(ZooError, LookupError):
    """A model, loss, architecture or option that does not exist."""


class Refused(ZooError, ValueError):
    """A combination or value that must not be, and why."""


class CheckpointError(ZooError):
    """A checkpoint folder that is damaged, foreign or of another format."""


class HubError(ZooError):
    """The Hub cannot be reached, or does not let us do what was asked."""


class DataError(ZooError):
    """A data set or picture that cannot be used."""


class TrainingError(ZooError):
    """A run that cannot start, go on or be resumed."""


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownName:
    """An error for `name`, with the nearest of the `known` names, or all of them."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known) or 'none'}"
    return UnknownName(f"no {kind} named '{name}': {hint}")


def is_line(text: str, longest: int) -> bool:
    """Whether a foreign text is one line: no longer, without controls, line ends and lone surrogates."""
    return len(text) <= longest and not any(
        unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text
    )


def printable(text: str) -> str:
    """A foreign text on one line, without characters that a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
