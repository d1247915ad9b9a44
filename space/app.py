"""The page: python space/app.py, then open the address it prints."""

import argparse
import os
import socket
import sys

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before gradio is imported: no calls home
# Before torch is: else its threads, while they wait for work, keep the cores from everybody who has some.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import gradio as gr
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from space import card, compare, curves, facades, interpolate, leaderboard, parts, scratch, system
from space.catalogue import catalogue
from space.gate import Gate
from space.histories import Histories
from space.lab import route
from space.lab import tab as lab
from space.limits import FIRST_SEED, MAX_SESSIONS, MAX_THREADS
from space.look import THEME
from space.pairs import TestPairs
from space.shelf import Shelf, find, places
from space.studio import Studio
from zoo.errors import ZooError

LOOK = "/look"  # where static/ is served
MODULES = parts.modules("page.js", "compare.js")  # what is looked at first
STYLES = sorted(path.name for path in parts.STATIC.glob("*.css") if path.name != "page.css")
LAUNCH = {
    "theme": THEME,
    "css_paths": parts.STATIC / "page.css",
    "head": "".join(f'<link rel="stylesheet" href="{LOOK[1:]}/{name}">' for name in STYLES)
    + "".join(f'<link rel="modulepreload" href="{LOOK[1:]}/{name}">' for name in MODULES),
    "app_kwargs": {
        "routes": [card.ROUTE, route.ROUTE, Mount(LOOK, StaticFiles(directory=parts.STATIC))],
        "middleware": [Middleware(Gate)],
    },
    "footer_links": [],
    "run_history": False,
    "ssr_mode": False,
    "max_file_size": "10mb",
    "enable_monitoring": False,
    "state_session_capacity": MAX_SESSIONS,
    "max_threads": MAX_THREADS,
}
EMPTY = (
    "<p>There is no model here yet. Train one, then start the page on the folder of your runs:</p>"
    "<pre>accelerate launch train/dcgan.py --loss focal --dataset cifar10\npython space/app.py --models runs</pre>"
)


def build(studio: Studio, pairs: TestPairs | None = None) -> gr.Blocks:
    """The page over the models of a studio: a tab appears where some model has something to show in it."""
    shelf, histories, pairs = studio.shelf, Histories(studio.shelf), pairs or TestPairs()
    known = catalogue(shelf) | {"maps": facades.about(pairs)}
    with gr.Blocks(title="GAN zoo", fill_width=True, delete_cache=(600, 3600)) as page:
        page.shelf, page.histories = shelf, histories  # of which card.py asks the one, main the other
        parts.piece("frame", [], catalogue=known)
        noise, translation = shelf.ids("noise"), shelf.ids("translation")
        if not noise and not translation and not shelf.places:
            gr.HTML(EMPTY, elem_classes="sentence")
            return page
        with gr.Tabs():
            if noise:
                compare.tab(studio)
                interpolate.tab(studio)
            if translation:
                facades.tab(studio, pairs)
            if shelf.places or histories.runs():
                curves.tab(histories)
            if noise or translation:
                leaderboard.tab(shelf)
            lab.tab()

        def models() -> list[dict]:
            """The models of this page: id, family, loss, data set, size in pixels, classes, figures."""
            return known["models"] + known["translators"]

        gr.api(models, api_name="models", concurrency_limit=None)
    return page.queue(max_size=64)


def check_place(host: str | None, port: int | None) -> int | None:
    """The port, a free one for 0; OSError where nothing can listen there, before anything is built.

    gradio would try a hundred ports first, and takes 0 for the address at which it then asks itself (6.31).
    """
    host = host or os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")
    family, kind, *_, (address, _, *more) = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        probe.bind((address, port or 0, *more))
        return probe.getsockname()[1] if port == 0 else port


def closed(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"space: the page cannot be opened there: {lines[0] if lines else type(error).__name__}"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Open the page on the bundled models, or on others.")
    parser.add_argument(
        "--host",
        help="0.0.0.0 lets other machines in (default: GRADIO_SERVER_NAME, as on a Space, or 127.0.0.1)",
    )
    parser.add_argument("--port", type=int, help="0: any free one (default: the first free one from 7860 on)")
    parser.add_argument(
        "--models",
        nargs="+",
        metavar="MODEL",
        help="ids, checkpoint folders, folders of them such as runs, or an owner on the Hub "
        "(default: the bundled models)",
    )
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        help="has the Facades test pairs in DIR/facades (default: ZOO_DATA_DIR, else the Hub is asked)",
    )
    options = parser.parse_args(arguments)
    try:
        port = check_place(options.host, options.port)
    except (OSError, OverflowError) as error:
        sys.exit(closed(error))
    system.share_memory()
    system.allow_connections()
    try:
        scratch.open_folder()
        studio = Studio(Shelf(find(options.models), places(options.models)))
        page = build(studio, TestPairs(options.data_dir))
    except ZooError as error:
        sys.exit(f"space: {error}")
    studio.warm_up(FIRST_SEED)
    page.histories.warm_up()
    route.warm_up()
    try:
        page.launch(server_name=options.host, server_port=port, **LAUNCH)
    except OSError as error:  # none of a hundred ports is free, or the one just now no longer
        sys.exit(closed(error))


if __name__ == "__main__":
    main()
