"""Toy models, a page that shows them, with a server and without, and a browser to look at it."""

import contextlib
import io
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pyarrow
import pytest
import torch
from PIL import Image
from pyarrow import parquet

from space import app, deploy, export, runtime
from space.pairs import TestPairs
from space.shelf import Shelf, find
from space.studio import Studio
from tests import toys
from tests.space import painted
from zoo import architectures, checkpoint, facades
from zoo.architectures import DCGAN
from zoo.errors import Refused

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PAPERS = ("vanilla", "wgan-gp", "lsgan", "focal")  # the losses of the focal paper's Table 4
DROPOUT_STAYS = checkpoint.Inference(statistics="batch", dropout=True)
FIELDS = {
    "tint": {"size": 16, "channels": 3},
    "pix2pix": {"size": 256, "channels": 3, "width": 4, "cap": 8},
}
TRANSLATORS = ("pix2pix-focal-facades", "pix2pix-none-facades")  # of a page without a server
CLASSES = ("cat", "dog", "<b>ox</b>")


class Tint(torch.nn.Module):
    """A translator with a colour of its own."""

    def __init__(self, *, size: int, channels: int):
        super().__init__()
        self.colour = torch.nn.Parameter(torch.randn(channels, 1, 1))

    def forward(self, z, maps):
        return (maps * 0.5 + self.colour).tanh()


TRANSLATOR = {"tint": replace(DCGAN, generator=Tint, kind="translation", sizes=(16,), conditional=False)}
registered = partial(patch.dict, architectures.ARCHITECTURES, TRANSLATOR)


@pytest.fixture(autouse=True)
def translator():
    """Known while a test of the page runs; what lasts for the session registers it for itself."""
    with registered():
        yield


@pytest.fixture(scope="session")
def write():
    """write(folder, id, name, seed, loss): a checkpoint with random weights."""

    def write(folder: Path, id: str, name: str = "dcgan", seed: int = 0, loss: str = "focal") -> None:
        labels = CLASSES if name == "cdcgan" else ()
        of = FIELDS.get(name, {"size": 32, "latent": 8, "width": 4, "channels": 3})
        of = of | ({"classes": len(labels)} if labels else {})
        more = {"palette": "facades", "inference": DROPOUT_STAYS} if name == "pix2pix" else {}
        config = toys.config(name, of, id=id, loss={"name": loss}, labels=labels, **more)
        with registered():
            checkpoint.write(folder / id, config, toys.weights(config, seed))

    return write


@pytest.fixture
def runs(tmp_path, write):
    write(tmp_path, "dcgan-a", seed=1)
    write(tmp_path, "dcgan-b", seed=2)
    write(tmp_path, "tint-a", "tint", seed=3)
    write(tmp_path, "tint-b", "tint", seed=4)
    return tmp_path


@pytest.fixture
def shelf(runs):
    return Shelf(find([str(runs)]))


@pytest.fixture(scope="session")
def matrix(tmp_path_factory, write) -> Path:
    """Runs that fill a part of the matrix: three losses of one family, one of another that knows classes."""
    folder = tmp_path_factory.mktemp("matrix")
    for seed, loss in enumerate(("vanilla", "lsgan", "focal")):
        write(folder, f"dcgan-{loss}-toy", seed=seed, loss=loss)
    toys.measure(folder / "dcgan-vanilla-toy", fid_n5000=(55.1, 5000), recall_n5000=(0.4, 5000))
    toys.measure(folder / "dcgan-lsgan-toy", classifier_distance_n10000=(1.8, 10_000))
    write(folder, "cdcgan-focal-toy", "cdcgan", 7)
    for seed, loss in enumerate((*PAPERS, "none")):
        write(folder, f"pix2pix-{loss}-facades", "pix2pix", seed, loss)
    for level, loss in enumerate(("vanilla", "lsgan", "focal"), 1):
        toys.train(folder / f"dcgan-{loss}-toy", level=level, shades=(0, 80, 160, 240))
    toys.train(folder / "cdcgan-focal-toy", kimg=500.0)
    return folder


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory) -> Path:
    """A copy of the test pairs in the Hub's layout: three invented buildings, with noise for photographs."""
    base = tmp_path_factory.mktemp("data")
    (base / "facades" / "data").mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows = []
    for seed in range(3):
        photograph = Image.fromarray(rng.integers(256, size=(64, 64, 3), dtype=np.uint8)).resize((256, 256))
        sides = {"imageA": photograph, "imageB": facades.random_building(seed)}
        rows.append({name: {"bytes": jpeg(side), "path": None} for name, side in sides.items()})
    parquet.write_table(pyarrow.Table.from_pylist(rows), base / "facades/data/test-00000-of-00001.parquet")
    return base


def jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=75)
    return file.getvalue()


@pytest.fixture(scope="session")
def served(matrix, data_dir) -> Iterator[str]:
    """The address of a page with these runs and pairs."""
    with registered():
        page = app.build(Studio(Shelf(find([str(matrix)]))), TestPairs(data_dir))
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **app.LAUNCH)
    yield url.rstrip("/")
    page.close()


def missing(what: str, hint: str) -> None:
    """Skips, or fails where ZOO_BROWSER=required."""
    stop = pytest.fail if os.environ.get("ZOO_BROWSER") == "required" else pytest.skip
    stop(f"{what}, so the page is not seen in a browser: {hint}")


@pytest.fixture(scope="session")
def runtime_folder(tmp_path_factory) -> Path:
    """onnxruntime-web's files, of ZOO_RUNTIME or fetched by npm once. Skips where they are not to be had."""
    folder = tmp_path_factory.mktemp("runtime")
    try:
        files = runtime.read(os.environ.get("ZOO_RUNTIME"))
    except Refused as error:
        missing("no runtime for a page without a server", str(error))
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="session")
def exported(matrix, runtime_folder, tmp_path_factory) -> Path:
    """The same runs as a page without a server; of those that translate, which take longest to export, two."""
    folder = tmp_path_factory.mktemp("exported")
    runs = [
        run
        for run in find([str(matrix)])
        if run.name.startswith(("dcgan", "cdcgan")) or run.name in TRANSLATORS
    ]
    with registered():
        export.write(folder, export.files(Shelf(runs), runtime.read(runtime_folder)))
    return folder


@contextlib.contextmanager
def web_server(folder: Path, headers: dict[str, str]) -> Iterator[str]:
    """The address of a plain web server that shows `folder`."""

    class Quiet(SimpleHTTPRequestHandler):
        def end_headers(self):
            for name, value in headers.items():
                self.send_header(name, value)
            super().end_headers()

        def log_message(self, *_):
            pass

        def copyfile(self, *given):
            with contextlib.suppress(ConnectionError):  # a page that is closed
                super().copyfile(*given)

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def laid_out(exported) -> Iterator[str]:
    """The address of that folder on a plain web server."""
    with web_server(exported, {}) as url:
        yield url


@pytest.fixture(scope="session")
def isolated(exported) -> Iterator[str]:
    """Its address on one that sends the headers of a static Space."""
    with web_server(exported, deploy.ISOLATED) as url:
        yield url


@pytest.fixture
def source(request) -> str:
    """Where the page's pictures come from: "server", or "folder" for the page without one."""
    return getattr(request, "param", "server")


@pytest.fixture
def address(source, request) -> str:
    return request.getfixturevalue({"server": "served", "folder": "laid_out"}[source])


@pytest.fixture
def same(source):
    """same(a, b): pixel for pixel; of a page without a server, to one grey level of each colour."""
    return toys.same if source == "server" else toys.alike


@pytest.fixture(scope="session")
def browser():
    """Chromium, driven by Playwright. Skips where there is none, unless ZOO_BROWSER=required."""
    hint = "apt-get install chromium; pip install playwright"
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("no playwright", hint)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        missing("no chromium", hint)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def contexts(browser):
    """A context for each kind of visitor, which keeps what the browser has fetched."""
    made = {}

    def context(**options):
        key = repr(options)
        if key not in made:
            made[key] = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        return made[key]

    yield context
    for one in made.values():
        one.close()


@pytest.fixture
def visit(contexts, address, source):
    """visit(query, **options of the browser's context) opens the page. No error, no request to elsewhere is allowed."""
    pages, wrong = [], []

    def allowed(url: str) -> bool:
        return url.startswith((f"{address}/", "data:", f"blob:{address}/"))

    def visit(query: str = "", **options):
        if source == "folder":  # whose policy lets Playwright compile nothing in the page
            options["bypass_csp"] = True
        page = contexts(**options).new_page()
        pages.append(page)
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: allowed(request.url) or wrong.append(f"request to {request.url}"))
        page.goto(f"{address}/{query}")
        seen = ".sheet.filled, .tile img, .card[data-shown], .curve, .lab[data-steps], table:not(.feels) tbody tr"
        page.wait_for_function(f"document.querySelector('.zoo :is({seen})')")
        return page

    yield visit
    for page in pages:
        page.close()
    assert not wrong


@pytest.fixture
def paint(visit):
    """paint(query, …) opens Facades and waits until every card has its picture."""

    def paint(query: str = "?view=facades", **options):
        page = visit(query, **{"viewport": painted.TALL, **options})
        painted.settled(page)
        return page

    return paint
