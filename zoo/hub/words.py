"""What may be said of the Hub: one line, without secrets, without what a terminal would obey."""

import logging
import re

from huggingface_hub import constants, get_token

from zoo.errors import Refused, printable

LONGEST = 160  # letters of a line that others wrote
TOKEN = re.compile(r"(?i)\bbearer\s+[^\s'\"]+|\bhf_[A-Za-z0-9]{20,}")
USER = re.compile(r"(?<=://)[^/@\s]*@")  # "name:password@" in an address

_tokens: set[str] = set()  # that were used here: a server may repeat them


def first_line(error: object) -> str:
    """The first line of what a library or a server says."""
    lines = [line.strip() for line in discreet(str(error)).splitlines() if line.strip()]
    return printable(lines[0] if lines else type(error).__name__)[:LONGEST]


def discreet(text: str) -> str:
    """`text` without tokens, and its addresses without names and passwords."""
    for token in _tokens:
        text = text.replace(token, "…")
    return USER.sub("", TOKEN.sub("…", text))


def endpoint() -> str:
    """The Hub's address, as it may be shown."""
    return discreet(constants.ENDPOINT)


def clean_token(token: str | None) -> str | None:
    """`token` without white space around it; Refused, without naming it, where it could not be sent.

    None stands for the one that is stored or in the environment, which is looked at too.
    """
    implicit = token is None or token is True
    if token is False or (token is None and constants.HF_HUB_DISABLE_IMPLICIT_TOKEN):
        return token
    given = get_token() if implicit else token
    if given is None:
        return token
    given = str(given).strip()
    if not given or not given.isascii() or not given.isprintable() or " " in given:
        raise Refused("that is no token: it is empty, or has white space or control characters; copy it anew")
    _tokens.add(given)
    return token if implicit else given


class _Discreet(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = discreet(record.getMessage()), ()
        return True


_filter = _Discreet()


def hush(name: str) -> None:
    """From now on the library `name` logs no secrets: its handlers drop them."""
    for handler in logging.getLogger(name).handlers:
        handler.addFilter(_filter)  # once, however often it is added
