"""The page as a folder, for any web server: python -m space.export DIR. Its pictures are drawn in the browser."""

import argparse
import hashlib
import io
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from PIL import Image

from cards.papers import CURVES
from space import card, facades, leaderboard, parts, runtime
from space.catalogue import catalogue
from space.histories import Histories
from space.limits import COLUMNS, FIRST_SEED
from space.look import DARK, LIGHT, MONO, SANS
from space.pairs import TestPairs
from space.parts import STATIC
from space.shelf import Shelf, find
from zoo import export, pictures
from zoo import facades as maps
from zoo.checkpoint import CARD
from zoo.errors import Refused, ZooError
from zoo.files import replace_file

BROWSER = STATIC / "browser"
START = "browser.js"
STYLES = ("zoo.css", "curves.css", "leaderboard.css", "browser/page.css")
BUILDINGS = 64  # invented ones, that travel along
FIRST_BUILDING = 1  # of Facades without a link
DROPOUT = 0.5  # of pix2pix
WITHOUT = {
    "page": "This page has no server. What needs one, test pairs with their figures, uploads and Lab, is there with "
    "python space/app.py.",
    "maps": "test pairs and uploads need a page with a server (python space/app.py)",
}
# Where a card is opened by itself, as on the page with a server.
POLICY = f'<meta http-equiv="Content-Security-Policy" content="{card.POLICY}">'
# Paths that an earlier page may have left, as shell patterns.
OURS = (
    *(f"{name}/*" for name in ("cards", "curves", "first", "fonts", "look", "models", "runtime")),
    *("board-*.json", "buildings-*.json", "tokens.css"),
)


def files(shelf: Shelf, runtime_files: dict[str, bytes]) -> dict[str, bytes]:
    """What the folder holds: the path in it → its content. The same shelf gives the same bytes."""
    found = {f"runtime/{name}": content for name, content in runtime_files.items()}
    known, models = catalogue(shelf), {}
    buildings = [maps.pack(maps.random_building(seed)) for seed in range(BUILDINGS)]
    for key in shelf.ids():
        made, models[key] = model(key, shelf, buildings)
        found |= made
    board, cards_ = leaderboard_of(shelf)
    histories, about = curves_of(shelf)
    found |= cards_ | histories
    shown = tabs(known, about["runs"])
    found |= look(shown)
    told = {
        "catalogue": known | {"maps": about_maps(), "tabs": shown},
        "models": models,
        "curves": about,
        "board": put(found, "board", ".json", as_json(board)),
        "buildings": put(found, "buildings", ".json", as_json(buildings)),
        "without": WITHOUT,
    }
    return found | {"zoo.json": as_json(told), "index.html": index(shown[0])}


def tabs(known: dict, runs: list) -> list[str]:
    """The views that have something to show."""
    noise, translation = bool(known["models"]), bool(known["translators"])
    of = {
        "compare": noise,
        "interpolate": noise,
        "facades": translation,
        "curves": bool(runs),
        "leaderboard": True,
    }
    return [view for view, shown in of.items() if shown]


def as_json(of: Any) -> bytes:
    return json.dumps(of, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def put(found: dict[str, bytes], name: str, suffix: str, content: bytes) -> str:
    """Add a file that is named after what it holds; the path."""
    plain = re.sub(r"[^\w.-]+", "-", name.replace("/", "-")).strip("-.")
    folder = name.partition("/")[0]
    stem = f"{folder}/{plain.removeprefix(f'{folder}-')}" if "/" in name else plain
    path = f"{stem}-{hashlib.sha256(content).hexdigest()[:12]}{suffix}"
    found[path] = content
    return path


# --- models


def model(key: str, shelf: Shelf, buildings: list[str]) -> tuple[dict[str, bytes], dict]:
    """Its files, and {file, size, first} with {latent, classes} or, of one that translates, {palette, dropout}."""
    found: dict[str, bytes] = {}
    loaded, config = shelf.model(key), shelf.config(key)
    with tempfile.TemporaryDirectory() as folder:
        content = export.export(loaded, Path(folder) / "model.onnx").path.read_bytes()
    told = {"file": put(found, f"models/{key}", ".onnx", content), "size": config.architecture["size"]}
    if loaded.kind == "noise":
        told |= {name: config.architecture.get(name, 0) for name in ("latent", "classes")}
        asked = {"seed": FIRST_SEED, "n": COLUMNS**2, "truncation": None, "label": None}
        first = pictures.grid(loaded.sample(COLUMNS**2, seed=FIRST_SEED), COLUMNS)
    else:
        shapes = [list(mask.shape) for mask in export.masks(loaded, 0)]
        told |= {"palette": maps.PALETTE.tolist(), "dropout": {"p": DROPOUT, "shapes": shapes}}
        asked = {"map": buildings[FIRST_BUILDING], "seed": 0}
        first = loaded.translate(maps.random_building(FIRST_BUILDING))
    told["first"] = {"asked": asked, "file": put(found, f"first/{key}", ".webp", packed(first))}
    return found, told


def packed(picture: Image.Image) -> bytes:
    """A lossless WebP; much more effort saves one byte in a hundred."""
    file = io.BytesIO()
    picture.save(file, "WEBP", lossless=True, quality=50, method=4)
    return file.getvalue()


def about_maps() -> dict:
    """Of Facades: invented buildings, no pairs and no uploads."""
    about = facades.about(TestPairs())
    return about | {
        "pairs": 0,
        "here": False,
        "how": WITHOUT["maps"],
        "buildings": BUILDINGS,
        "uploads": False,
    }


# --- curves and figures


def curves_of(shelf: Shelf) -> tuple[dict[str, bytes], dict]:
    """A file a training, and {runs, files, papers}."""
    histories, found, names = Histories(shelf), {}, {}
    runs = [run | {"rev": "", "running": False} for run in histories.runs()]
    for key in (run["id"] for run in runs):
        try:
            content = {"curves": histories.curves(key) | {"rev": ""}, "progress": histories.progress(key)}
        except (ZooError, OSError) as error:
            print(f"space: no curves of {key}: {error}", file=sys.stderr)
            continue
        names[key] = put(found, f"curves/{key}", ".json", as_json(content))
    return found, {"runs": [run for run in runs if run["id"] in names], "files": names, "papers": CURVES}


def leaderboard_of(shelf: Shelf) -> tuple[dict, dict[str, bytes]]:
    """{columns, rows, figures}, and the cards of the models that are on this machine."""
    board, found = leaderboard.rows_of(shelf), {}
    for row in board["rows"]:
        if folder := shelf.folder(row["id"]):
            row["card"] = card_of(row["id"], folder, found)
    figures = {key: leaderboard.unfolded(shelf.info(key).metrics.rows) for key in shelf.ids()}
    return board | {"figures": figures}, found


def card_of(key: str, folder: Path, found: dict[str, bytes]) -> str | None:
    """Its address; None where the model has none."""
    if not (folder / CARD).is_file():
        return None
    place = f"cards/{re.sub(r'[^A-Za-z0-9._-]+', '-', key)}"
    text = card.rendered((folder / CARD).read_text(encoding="utf-8", errors="replace"), key)
    found[f"{place}/card.html"] = text.replace("<title>", f"{POLICY}<title>", 1).encode()
    for name in card.PICTURES:
        if (folder / name).is_file():
            found[f"{place}/{name}"] = (folder / name).read_bytes()
    return f"{place}/card.html"


# --- the look


def look(views: list[str]) -> dict[str, bytes]:
    """The pieces of static/ that these views need, theirs that stand in for gradio, and one style of all."""
    scripts = parts.modules(START, "browser/worker.js", *(f"{view}.js" for view in views))
    found = {f"look/{name}": (STATIC / name).read_bytes() for name in scripts}
    faces, files = fonts()
    styles = [(STATIC / name).read_text(encoding="utf-8") for name in STYLES]
    found["page.css"] = "\n".join([*faces, tokens(), *styles]).encode()
    return found | files


def fonts() -> tuple[list[str], dict[str, bytes]]:
    """Rules of the faces, and gradio's copies of their files, with the licence."""
    from gradio.themes.utils.fonts import font_dir_name, font_file_path

    found, faces = {"fonts/OFL.txt": (BROWSER / "OFL.txt").read_bytes()}, []
    for font in (SANS, MONO):
        for weight in font.weights:
            path = f"fonts/{font_dir_name(font.name)}-{weight}.woff2"
            found[path] = font_file_path(font.name, weight).read_bytes()
            source = f'src: url("{path}") format("woff2")'
            faces.append(
                f'@font-face {{ font-family: "{font.name}"; font-weight: {weight}; font-display: swap; {source}; }}'
            )
    return faces, found


def tokens() -> str:
    """The values of look.py."""

    def values(of: dict[str, str]) -> str:
        return " ".join(f"--{name}: {value};" for name, value in of.items())

    dark = f"{{ color-scheme: dark; {values(DARK)} }}"
    unless = f"@media (prefers-color-scheme: dark) {{ :root:not(.light) {dark} }}"  # before a script has run
    return "\n".join([f":root {{ color-scheme: light; {values(LIGHT)} }}", f":root.dark {dark}", unless])


def index(first: str) -> bytes:
    """It names what the first view needs; the others are read when they are opened, or once the page is at rest."""
    links = ['<link rel="stylesheet" href="page.css">']
    links += ['<link rel="preload" href="zoo.json" as="fetch" crossorigin>']
    links += [
        f'<link rel="modulepreload" href="look/{name}">' for name in parts.modules(START, f"{first}.js")
    ]
    links += ['<script type="module" src="look/browser.js"></script>']
    text = (BROWSER / "index.html").read_text(encoding="utf-8")
    return text.replace("<!-- links -->", "\n".join(links)).encode()


# --- the command


def write(folder: Path, content: dict[str, bytes]) -> None:
    """Make the folder hold `content`, and nothing of an earlier page. Refused where something else lies there.

    A page that an interrupted one has begun is finished; files are whole or absent, so that an earlier one can be seen.
    """
    if folder.exists() and not (
        folder.is_dir() and ((folder / "zoo.json").is_file() or all(_begun(folder, content)))
    ):
        raise Refused(f"{folder} holds something else than such a page: name another folder")
    for path, of in content.items():
        replace_file(folder / path, of)
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        name = path.relative_to(folder).as_posix()
        if name not in content and any(fnmatchcase(name, pattern) for pattern in OURS):
            path.unlink()


def _begun(folder: Path, content: dict[str, bytes]) -> Iterator[bool]:
    """Of each file there, whether it is one of `content`, whole or on its way."""
    for path in folder.rglob("*"):
        if not path.is_dir():
            staged = path.with_name(path.name.removeprefix(".").removesuffix(".tmp"))
            yield any(one.relative_to(folder).as_posix() in content for one in (path, staged))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m space.export",
        description="Write the page as a folder that any web server can serve; the models run in the browser.",
    )
    parser.add_argument(
        "folder", metavar="DIR", type=Path, help="made where it does not exist; an earlier page is replaced"
    )
    parser.add_argument(
        "--models", nargs="+", metavar="MODEL", help="as of space/app.py (default: the bundled models)"
    )
    parser.add_argument(
        "--runtime",
        metavar="DIR",
        help=f"has {runtime.PACKAGE} {runtime.VERSION}, packed or unpacked (default: npm fetches it)",
    )
    options = parser.parse_args(arguments)
    try:
        content = files(Shelf(find(options.models)), runtime.read(options.runtime))
        write(options.folder, content)
    except (ZooError, OSError) as error:
        sys.exit(f"space: {error}")
    size = sum(map(len, content.values()))
    print(f"{options.folder} holds the page: {len(content)} files, {size / 1e6:.1f} MB")
    print(f"to look at it: python -m http.server --directory {options.folder}")


if __name__ == "__main__":
    main()
