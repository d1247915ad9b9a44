"""The page: python space/app.py, then open the address it prints."""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before gradio is imported: no calls home

import gradio as gr

from space import compare, facades, interpolate
from space.look import THEME
from space.shelf import Shelf, find
from zoo.errors import ZooError

LAUNCH = {
    "theme": THEME,
    "css_paths": Path(__file__).parent / "static" / "page.css",
    "footer_links": [],
    "run_history": False,
    "ssr_mode": False,
    "max_file_size": "10mb",
}
HEADER = (
    "<header><h1>GAN zoo</h1>"
    "<p>Small GANs that differ in one thing: the loss. Feed them the same noise and look.</p></header>"
)
EMPTY = (
    "<p>There is no model here yet. Train one, then start the page on the folder of your runs:</p>"
    "<pre>accelerate launch train/dcgan.py --loss focal --dataset cifar10\npython space/app.py --models runs</pre>"
)


def build(shelf: Shelf) -> gr.Blocks:
    """The page over the models of a shelf: a tab appears where some model has something to show in it."""
    with gr.Blocks(title="GAN zoo", fill_width=True, delete_cache=(600, 3600)) as page:
        gr.HTML(HEADER)
        noise, translation = shelf.ids("noise"), shelf.ids("translation")
        if not noise and not translation:
            gr.HTML(EMPTY, elem_classes="sentence")
            return page
        with gr.Tabs():
            if noise:
                compare.tab(shelf, page)
                interpolate.tab(shelf)
            if translation:
                facades.tab(shelf)
    return page.queue(max_size=64)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Open the page on the bundled models, or on others.")
    parser.add_argument(
        "--host", default="127.0.0.1", help="0.0.0.0 lets other machines in (default: %(default)s)"
    )
    parser.add_argument("--port", type=int, help="default: the first free one from 7860 on")
    parser.add_argument(
        "--models",
        nargs="+",
        metavar="MODEL",
        help="ids, checkpoint folders, or folders of them such as runs (default: the bundled models)",
    )
    options = parser.parse_args(arguments)
    try:
        shelf = Shelf(find(options.models))
        page = build(shelf)
    except ZooError as error:
        sys.exit(f"space: {error}")
    page.launch(server_name=options.host, server_port=options.port, **LAUNCH)


if __name__ == "__main__":
    main()
