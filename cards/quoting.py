"""Foreign text, quoted for the place where it is put: a config and its measurements may come from anyone."""

import re

from zoo.errors import printable

# What begins something in Markdown with HTML and tables; a _ between letters does not.
MARKDOWN = re.compile(r"[\\`*\[\]<>|~$#]|(?<![^\W_])_|_(?![^\W_])")


def prose(text: object) -> str:
    """In a sentence or a table's cell."""
    return MARKDOWN.sub(r"\\\g<0>", printable(str(text)).replace("&", "&amp;"))


def code(text: object) -> str:
    """As code in a line; there is no escape in it, so that its delimiters are more than any that it has."""
    line = printable(str(text)).replace("|", "¦")  # which ends a cell, in code too
    ticks = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    space = " " if "`" in line else ""
    return f"{ticks}{space}{line}{space}{ticks}"


def block(text: object) -> str:
    """As a block of code, its fences included."""
    line = printable(str(text))
    ticks = "`" * max(3, 1 + max(map(len, re.findall("`+", line)), default=0))
    return f"{ticks}\n{line}\n{ticks}"


def python(text: str) -> str:
    """As a literal of Python that reads back as `text`."""
    double = "".join(
        letter if letter.isprintable() and letter not in '"\\' else letter.encode("unicode_escape").decode()
        for letter in text
    )
    return '"' + double.replace('"', '\\"') + '"'
