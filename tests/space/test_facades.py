"""What the server does for Facades: translations and their figures, maps and pairs by number, uploads, the endpoint."""

import base64
import contextlib
import io
import shutil

import httpx
import numpy as np
import pytest
import torch
from gradio_client import Client, exceptions, handle_file
from PIL import Image

import zoo
from space import app, pairs, uploads
from space.facades import Translations
from space.pairs import TestPairs
from space.shelf import Shelf, find
from space.studio import Busy, Studio
from tests.toys import same
from train.evaluation import translated
from train.reading.pairs import PairOptions, load_pairs
from zoo import checkpoint, facades, measures
from zoo.errors import DataError, Refused

IDS = [f"pix2pix-{loss}-facades" for loss in ("vanilla", "focal", "none")]


@pytest.fixture(scope="module")
def work(matrix, data_dir):
    return Translations(Studio(Shelf(find([str(matrix)]))), TestPairs(data_dir))


def opened(address: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))


def data_address(picture: Image.Image, format: str = "PNG", **options) -> str:
    file = io.BytesIO()
    picture.save(file, format, **options)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


# --- drawing and figures


def test_a_map_goes_through_every_model_with_one_seed_of_dropout(work, matrix):
    building = facades.random_building(3)
    asked = {"models": IDS, "map": facades.pack(building), "seed": 5}
    sheets = work.draw(asked)["sheets"]
    assert list(sheets) == IDS
    for id in IDS:
        assert same(opened(sheets[id]), zoo.load(matrix / id).translate(building, seed=5))
    assert work.draw(asked | {"seed": 6})["sheets"] != sheets


def test_a_damaged_model_takes_no_other_with_it(matrix, data_dir, tmp_path):
    for id in IDS:
        shutil.copytree(matrix / id, tmp_path / id)
    (tmp_path / IDS[0] / checkpoint.WEIGHTS).write_bytes(b"no")
    work = Translations(Studio(Shelf(find([str(tmp_path)]))), TestPairs(data_dir))
    for answer in (work.draw, work.measure):
        given = answer({"models": IDS, "pair": 1, "seed": 0})
        assert list(given["sheets"]) == IDS[1:] and list(given["errors"]) == IDS[:1]


def test_a_test_pairs_figures_are_those_of_evaluate(work, matrix, data_dir, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    data = load_pairs(PairOptions(data_dir=data_dir, split="test"), progress=False)
    for id in IDS:
        folder = matrix / id
        fakes = translated.translate(folder, data, zoo.info(folder).config.inference, 0)
        theirs = translated.compare(fakes, data, lpips=None, inception=None, features=None)
        means = {row["name"].partition("_n")[0]: row["value"] for row in theirs}
        ours = [work.measure({"models": [id], "pair": i, "seed": 0})["sheets"][id] for i in range(3)]
        for i, figures in enumerate(ours):
            real = torch.from_numpy(np.array(data.images[i]))
            assert figures["psnr"] == measures.psnr(fakes[i], real)
            assert figures["ssim"] == measures.ssim(fakes[i], real)
        assert np.mean([one["psnr"] for one in ours]) == pytest.approx(means["psnr"], rel=1e-5)
        assert np.mean([one["ssim"] for one in ours]) == pytest.approx(means["ssim"], rel=1e-5)
        assert np.mean([one["wrapped"] for one in ours]) == pytest.approx(means["wrapped_psnr"], rel=1e-5)


def test_an_uploaded_pairs_figures_are_those_of_that_pair(work, data_dir):
    label_map, photograph = TestPairs(data_dir)[1]
    found = work.place({"files": [data_address(photograph), data_address(label_map)]})
    asked = {"models": IDS, "map": found["map"], "photograph": found["photograph"], "seed": 1}
    assert work.measure(asked) == work.measure({"models": IDS, "pair": 1, "seed": 0})


def test_whatever_is_measured_as_uint8_has_some_28_db(work):
    scale = {one["of"]: one for one in work.place({"pair": 0})["scale"]}
    assert set(scale) == {"black", "noise", "an unrelated building"}
    for one in scale.values():
        assert 26 < one["wrapped"] < 30 and one["psnr"] < 15


# --- maps


def test_a_pair_comes_as_its_snapped_map_and_photograph(work, data_dir):
    found = work.place({"pair": 2})
    label_map, photograph = TestPairs(data_dir)[2]
    assert same(facades.unpack(found["map"]), facades.snap(label_map))
    assert same(opened(found["photograph"]), photograph)


def test_an_invented_building_has_no_photograph(work):
    assert work.place({"building": 7}) == {"map": facades.pack(facades.random_building(7))}


@pytest.mark.parametrize("number", [-1, 3, 2.5, "1", True, None])
def test_a_pair_that_there_is_not_is_refused(work, number):
    with pytest.raises(Refused):
        work.place({"pair": number})


@pytest.mark.parametrize("text", ["", "!", "AAAA", "x" * 40_000, None, 7])
def test_a_text_that_is_no_map_is_refused(work, text):
    with pytest.raises((Refused, DataError)):
        work.draw({"models": IDS, "map": text, "seed": 0})


def test_a_model_that_makes_pictures_from_noise_is_refused(work):
    with pytest.raises(Refused, match="from noise: choose one of"):
        work.draw({"models": ["dcgan-focal-toy"], "pair": 0, "seed": 0})


# --- where pairs come from


def test_without_a_copy_and_a_hub_one_line_says_how_to_get_the_pairs(monkeypatch):
    monkeypatch.delenv("ZOO_DATA_DIR", raising=False)
    asked = []

    def down():
        asked.append(1)
        raise DataError(f"the Hub cannot be reached for the test pairs: {pairs.HOW}")

    monkeypatch.setattr(pairs, "_from_hub", down)
    missing = TestPairs()
    assert not missing.here and len(missing) == 106
    for _ in range(3):
        with pytest.raises(DataError, match=r"--data-dir DIR \(or ZOO_DATA_DIR\)"):
            missing.fetch()
    assert len(asked) == 1  # the Hub is not asked again at once
    with pytest.raises(DataError, match="no test pairs here"):
        missing[0]


def test_pairs_come_from_the_hub_where_there_is_no_copy(data_dir, monkeypatch):
    monkeypatch.delenv("ZOO_DATA_DIR", raising=False)
    monkeypatch.setattr(pairs, "_from_hub", lambda: sorted(data_dir.rglob("*.parquet")))
    found = TestPairs()
    found.fetch()
    assert len(found) == 3 and same(found[0][1], TestPairs(data_dir)[0][1])


def test_a_second_visitor_is_told_to_wait_while_the_hub_is_asked(monkeypatch):
    monkeypatch.delenv("ZOO_DATA_DIR", raising=False)
    found = TestPairs()

    def meanwhile():
        with pytest.raises(Busy):
            found.fetch()
        raise DataError("down")

    monkeypatch.setattr(pairs, "_from_hub", meanwhile)
    with pytest.raises(DataError, match="down"):
        found.fetch()


def test_a_folder_without_pairs_is_said(tmp_path):
    with pytest.raises(DataError, match="no folder 'facades' in --data-dir"):
        TestPairs(tmp_path)
    (tmp_path / "facades").mkdir()
    with pytest.raises(DataError, match="no test pairs"):
        TestPairs(tmp_path)
    (tmp_path / "facades" / "test-0.parquet").write_text("no table")
    with pytest.raises(DataError, match="no test pairs"):
        TestPairs(tmp_path)


# --- uploads

BUILDING = facades.random_building(1)
NOISE = Image.effect_noise((256, 256), 60).convert("RGB")


def beside(left: Image.Image, right: Image.Image) -> Image.Image:
    both = Image.new("RGB", (512, 256))
    both.paste(left, (0, 0))
    both.paste(right, (256, 0))
    return both


@pytest.mark.parametrize(
    "files",
    [[BUILDING, NOISE], [NOISE, BUILDING], [beside(BUILDING, NOISE)], [beside(NOISE, BUILDING)]],
    ids=["map first", "photograph first", "map left", "photograph left"],
)
def test_which_of_a_pair_is_the_map_is_seen(files):
    label_map, photograph = uploads.read([data_address(file) for file in files])
    assert same(label_map, BUILDING) and same(photograph, NOISE)


def test_a_wide_map_is_no_pair():
    label_map, photograph = uploads.read([data_address(beside(BUILDING, BUILDING))])
    assert label_map.size == (512, 256) and photograph is None


@pytest.mark.parametrize(
    "picture",
    [Image.new("CMYK", (40, 30)), Image.new("I;16", (40, 30), 40_000), Image.new("RGBA", (40, 30), (255, 0, 0, 9)),
     Image.new("P", (40, 30)), Image.new("L", (40, 30)), Image.new("1", (40, 30)), Image.new("RGB", (1, 1)),
     Image.new("RGB", (3, 2000))],
    ids=["CMYK", "16 bits", "RGBA", "palette", "grey", "1 bit", "1×1", "narrow"],
)  # fmt: skip
def test_any_picture_becomes_a_map_of_the_twelve_colours(work, picture):
    found = work.place({"files": [data_address(picture, "TIFF" if picture.mode == "CMYK" else "PNG")]})
    assert facades.unpack(found["map"]).size == (256, 256)


def test_an_animated_picture_is_its_first_frame(work):
    film = data_address(BUILDING, "GIF", save_all=True, append_images=[NOISE] * 3)
    assert work.place({"files": [film]})["map"]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([], "bring one picture"),
        (["x"] * 3, "bring one picture"),
        ("x", "bring one picture"),
        ([7], "at most 10 MB"),
        (["x" * 14_000_000], "at most 10 MB"),
        (["data:image/png;base64,%%"], "data address"),
        (["data:image/png;base64,"], "cannot read that upload: not a picture"),
        (["data:image/png;base64," + base64.b64encode(b"<svg/>").decode()], "not a picture"),
        ([data_address(Image.new("1", (10_000, 10_000)))], "more than 25,000,000 pixels"),
        ([data_address(BUILDING), data_address(Image.new("RGB", (300, 200)))], "one size, not 256×256 and 300×200"),
    ],
    ids=["none", "three", "text", "number", "large", "letters", "0 bytes", "text named .png", "bomb", "unequal"],
)  # fmt: skip
def test_what_cannot_be_read_is_said_in_a_line(work, files, says):
    with pytest.raises((Refused, DataError), match=says) as error:
        work.place({"files": files})
    assert "\n" not in str(error.value) and len(str(error.value)) < 200


# --- the endpoint


@pytest.fixture(scope="module")
def client(matrix, data_dir):
    page = app.build(Studio(Shelf(find([str(matrix)]))), TestPairs(data_dir))
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **app.LAUNCH)
    yield Client(url, verbose=False)
    page.close()


def test_a_map_is_translated_and_measured_over_http(client, matrix, tmp_path):
    BUILDING.save(tmp_path / "map.png")
    NOISE.save(tmp_path / "photo.png")
    given = {"map": handle_file(tmp_path / "map.png"), "api_name": "/translate"}
    answers = client.predict(**given, models=IDS[:2], truth=handle_file(tmp_path / "photo.png"), seed=3)
    assert [one["id"] for one in answers] == IDS[:2]
    for one in answers:
        expected = zoo.load(matrix / one["id"]).translate(BUILDING, seed=3)
        assert same(Image.open(one["picture"]), expected)
        assert one["psnr"] == pytest.approx(measures.psnr(expected, NOISE))
        assert one["ssim"] == pytest.approx(measures.ssim(expected, NOISE)) and 26 < one["wrapped"] < 30
    plain = client.predict(**given)
    assert len(plain) == 5 and all(one["psnr"] is None for one in plain)
    described = client.view_api(return_format="dict")["named_endpoints"]["/translate"]
    assert [one["parameter_name"] for one in described["parameters"]] == ["map", "models", "truth", "seed"]
    assert all(f"{name}:" in described["description"] for name in ("map", "models", "truth", "seed"))


def test_the_endpoint_says_what_is_wrong(client, tmp_path):
    BUILDING.save(tmp_path / "map.png")
    Image.new("RGB", (9, 9)).save(tmp_path / "small.png")
    (tmp_path / "text.png").write_text("no picture")
    good = handle_file(tmp_path / "map.png")
    for bad, says in (
        ({"map": handle_file(tmp_path / "text.png")}, "cannot read that upload: not a picture"),
        ({"map": good, "truth": handle_file(tmp_path / "small.png")}, "a pair has one size"),
        ({"map": good, "models": ["dcgan-focal-toy"]}, "from noise"),
        ({"map": good, "models": ["pix2pix-nothing"]}, "no model named"),
        ({"map": good, "seed": -1}, "whole number"),
    ):
        with pytest.raises(exceptions.AppError, match=says):
            client.predict(**bad, api_name="/translate")


# --- within bounded memory


def test_a_request_of_any_size_is_not_taken_in(client):
    piece = f"{client.src.rstrip('/')}/gradio_api/component_server/"
    for body in (b"x" * 31_000_000, (b"x" * 1_000_000 for _ in range(40))):  # announced, and not
        with contextlib.suppress(httpx.TransportError):  # it hangs up
            assert httpx.post(piece, content=body, timeout=60).status_code == 413
