"""The page as a Hugging Face Space: python -m space.deploy OWNER/NAME, with --static as one without a server."""

import argparse
import re
import sys
from pathlib import Path

from space import export, runtime
from space.shelf import Shelf, find
from zoo.config import REPOSITORY
from zoo.errors import ZooError
from zoo.hub.push import push_files

ROOT = Path(__file__).parents[1]
ROOMS = ("zoo", "cards", "space")  # the package as source, its models with it: a Space needs no release of it
MADE_HERE = ("space/deploy.py", "space/hero.py")  # for this checkout alone
MOVED = ("README.md", "requirements.txt")  # files of space/ that a Space looks for at its root
STATIC_README = """
# GAN zoo

Small GANs that differ in one thing, the loss, fed the same noise, side by side. The pictures are drawn in the browser:
`models/` has the generators, `runtime/` onnxruntime-web (MIT), `fonts/` Source Sans Pro and IBM Plex Mono (OFL).
"""
# So that WebAssembly may have threads; nothing that the page shows is of another origin.
ISOLATED = {
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "cross-origin",
}
# A Space runs a file by its path, and Python then finds packages beside that file only.
ENTRY = b'"""Starts the page."""\n\nfrom space.app import main\n\nmain()\n'


def files() -> dict[str, Path | bytes]:
    """What a Space is made of: the path in it → a file of this checkout, or bytes."""
    found = {"app.py": ENTRY, "LICENSE": ROOT / "LICENSE"}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            inside = path.relative_to(ROOT)
            hidden = any(part.startswith((".", "__pycache__")) for part in inside.parts)
            if path.is_file() and not path.is_symlink() and not hidden and inside.as_posix() not in MADE_HERE:
                found[inside.as_posix()] = path
    return found | {name: found.pop(f"space/{name}") for name in MOVED}


def static_files(models: list[str] | None, folder: str | None) -> dict[str, Path | bytes]:
    """The page as `space.export` writes it, and a README whose first lines make it a static Space."""
    content = export.files(Shelf(find(models)), runtime.read(folder))
    text = (ROOT / "space" / "README.md").read_text(encoding="utf-8")
    front = re.sub(r"(?m)^(sdk_version|python_version|app_file|fullWidth): .*\n", "", text.split("---\n")[1])
    front = front.replace("sdk: gradio", "sdk: static\napp_file: index.html")
    front += "".join(["custom_headers:\n", *(f"  {name}: {value}\n" for name, value in ISOLATED.items())])
    return content | {"README.md": f"---\n{front}---\n{STATIC_README}".encode(), "LICENSE": ROOT / "LICENSE"}


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
    parser.add_argument(
        "--static", action="store_true", help="without a server: free, and drawn in the browser"
    )
    parser.add_argument("--models", nargs="+", metavar="MODEL", help="with --static: as of space.export")
    parser.add_argument("--runtime", metavar="DIR", help="with --static: as of space.export")
    options = parser.parse_args(arguments)
    if not REPOSITORY.fullmatch(options.space):
        parser.error(f"'{options.space}' is no name of a Space: give it as OWNER/NAME")
    if not options.static and (options.models or options.runtime):
        parser.error("--models and --runtime are of --static: a Space with a server has the bundled models")
    try:
        content = static_files(options.models, options.runtime) if options.static else files()
    except ZooError as error:
        sys.exit(f"space: {error}")
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
            message="The page and its models" if options.static else "The page, the package and its models",
            repo_type="space",
            private=options.private,
            replaces=export.OURS if options.static else [f"{room}/*" for room in ROOMS],
            space_sdk="static" if options.static else "gradio",
        )
    except ZooError as error:
        sys.exit(f"space: {error}")
    page = pushed.url.partition("/commit/")[0]
    done = f"sent now: {len(pushed.sent)}, deleted: {len(pushed.deleted)}"
    print(f"{page} holds {total}; {done if pushed.sent or pushed.deleted else 'all was there'}")


if __name__ == "__main__":
    main()
