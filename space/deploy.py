"""The page as a Hugging Face Space: python -m space.deploy OWNER/NAME."""

import argparse
import sys
from pathlib import Path

from zoo.config import REPOSITORY
from zoo.errors import ZooError
from zoo.hub.push import push_files

ROOT = Path(__file__).parents[1]
ROOMS = ("zoo", "cards", "space")  # the package as source, its models with it: a Space needs no release of it
MOVED = ("README.md", "requirements.txt")  # files of space/ that a Space looks for at its root
# A Space runs a file by its path, and Python then finds packages beside that file only.
ENTRY = b'"""Starts the page."""\n\nfrom space.app import main\n\nmain()\n'


def files() -> dict[str, Path | bytes]:
    """What a Space is made of: the path in it → a file of this checkout, or bytes."""
    found = {"app.py": ENTRY, "LICENSE": ROOT / "LICENSE"}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            inside = path.relative_to(ROOT)
            hidden = any(part.startswith((".", "__pycache__")) for part in inside.parts)
            if path.is_file() and not path.is_symlink() and not hidden and path != Path(__file__):
                found[inside.as_posix()] = path
    return found | {name: found.pop(f"space/{name}") for name in MOVED}


def size(content: Path | bytes) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m space.deploy",
        description="Push the page with the package and the bundled models to a Hugging Face Space, by one commit. "
        "What is there already is not sent again.",
    )
    parser.add_argument("space", metavar="OWNER/NAME", help="made where it does not exist")
    parser.add_argument("--private", action="store_true", help="if it is made: for you alone")
    parser.add_argument("--dry-run", action="store_true", help="show what would go, and send nothing")
    options = parser.parse_args(arguments)
    if not REPOSITORY.fullmatch(options.space):
        parser.error(f"'{options.space}' is no name of a Space: give it as OWNER/NAME")
    content = files()
    total = f"{len(content)} files, {sum(map(size, content.values())) / 1e6:.1f} MB"
    if options.dry_run:
        for path in sorted(content):
            print(f"{size(content[path]):>12,}  {path}")
        print(f"{total} would go to the Space {options.space}; nothing was sent")
        return
    try:
        pushed = push_files(
            options.space,
            content,
            message="The page, the package and its models",
            repo_type="space",
            private=options.private,
            replaces=[f"{room}/*" for room in ROOMS],
            space_sdk="gradio",
        )
    except ZooError as error:
        sys.exit(f"space: {error}")
    page = pushed.url.partition("/commit/")[0]
    print(f"{page} holds {total}; sent or deleted now: {len(pushed.changed) or 'nothing, all was there'}")


if __name__ == "__main__":
    main()
