"""The page's handlers, called directly; and the page itself, launched and asked over HTTP."""

import base64
import io
import re
from dataclasses import fields, replace

import gradio as gr
import numpy as np
import pytest
import torch
from gradio_client import Client, exceptions
from PIL import Image

import zoo
from space import app, compare, facades, interpolate
from space.shelf import MAX_SEED, Shelf, find
from zoo import architectures, checkpoint, measures, pictures
from zoo.architectures import DCGAN
from zoo.errors import UnknownName

torch.set_num_threads(1)


class Tint(torch.nn.Module):
    """A translator with a colour of its own."""

    def __init__(self, *, size: int, channels: int):
        super().__init__()
        self.colour = torch.nn.Parameter(torch.randn(channels, 1, 1))

    def forward(self, z, maps):
        return (maps * 0.5 + self.colour).tanh()


@pytest.fixture(autouse=True)
def translator(monkeypatch):
    row = replace(DCGAN, generator=Tint, kind="translation", sizes=(16,), conditional=False)
    monkeypatch.setitem(architectures.ARCHITECTURES, "tint", row)


def write(folder, id: str, name: str = "dcgan", seed: int = 0) -> None:
    """A checkpoint with random weights."""
    of = (
        {"size": 32, "latent": 8, "width": 4, "channels": 3}
        if name == "dcgan"
        else {"size": 16, "channels": 3}
    )
    example = {int: 3, float: 12.5, str: "some", bool: True, tuple[float, float]: (0.5, 0.9)}
    training = checkpoint.Training(**{f.name: example.get(f.type) for f in fields(checkpoint.Training)})
    dataset = checkpoint.Dataset(
        name="toy", id=None, revision=None, split="train", pictures=9, size=of["size"], channels=3
    )
    config = checkpoint.Config(
        id=id,
        architecture={"name": name, **of},
        critic={},
        loss={"name": "focal"},
        dataset=dataset,
        training=training,
    )
    torch.manual_seed(seed)
    generator = architectures.build_generator(name, of)
    for parameter in generator.parameters():
        parameter.data.add_(torch.randn_like(parameter) * 0.2)
    checkpoint.write(folder / id, config, generator.state_dict())


@pytest.fixture
def runs(tmp_path):
    write(tmp_path, "dcgan-a", seed=1)
    write(tmp_path, "dcgan-b", seed=2)
    write(tmp_path, "tint-a", "tint", seed=3)
    write(tmp_path, "tint-b", "tint", seed=4)
    return tmp_path


@pytest.fixture
def shelf(runs):
    return Shelf(find([str(runs)]))


def shown(html: str) -> list[Image.Image]:
    data = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    return [Image.open(io.BytesIO(base64.b64decode(one))) for one in data]


def same(a: Image.Image, b: Image.Image) -> bool:
    return np.array_equal(np.asarray(a), np.asarray(b))


# --- compare


def test_compare_shows_what_each_model_makes_of_the_seed(shelf, runs):
    html = compare.draw(shelf, ["dcgan-b", "dcgan-a"], seed=7, n=9, truncation=1.5)
    b, a = shown(html)
    assert same(a, zoo.load(runs / "dcgan-a").grid(9, seed=7, truncation=1.5))
    assert same(b, zoo.load(runs / "dcgan-b").grid(9, seed=7, truncation=1.5))
    assert not same(a, b)


def test_captions_give_id_loss_and_kimg(shelf):
    html = compare.draw(shelf, ["dcgan-a"], 0, 1, 4.0)
    assert "<b>dcgan-a</b>" in html and "focal · 12.5 kimg" in html


def test_small_pictures_are_enlarged_by_a_whole_number_in_the_browser(shelf):
    html = compare.draw(shelf, ["dcgan-a"], 0, 4, 4.0)
    assert shown(html)[0].size == (64, 64) and 'width="256" height="256"' in html


def test_the_end_of_the_slider_means_no_truncation(shelf, runs):
    assert same(
        *shown(compare.draw(shelf, ["dcgan-a"], 3, 64, 4.0)), zoo.load(runs / "dcgan-a").grid(64, seed=3)
    )


def test_without_a_model_chosen_the_page_says_what_to_do(shelf):
    assert "Choose a model" in compare.draw(shelf, [], 0, 4, 4.0)
    assert "Choose a model" in interpolate.draw(shelf, [], 0, 1, 4, "slerp")


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, 1.5, float("nan"), "7", None, True, [7]])
def test_a_bad_seed_is_said_and_not_a_crash(shelf, seed):
    with pytest.raises(gr.Error, match="seed is a whole number from 0"):
        compare.draw(shelf, ["dcgan-a"], seed, 4, 4.0)
    with pytest.raises(gr.Error, match="seed B is a whole number from 0"):
        interpolate.draw(shelf, ["dcgan-a"], 0, seed, 4, "slerp")
    with pytest.raises(gr.Error, match="seed is a whole number from 0"):
        facades.draw(shelf, seed)


def test_the_largest_seed_is_good(shelf):
    assert shown(compare.draw(shelf, ["dcgan-a"], MAX_SEED, 1, 4.0))


@pytest.mark.parametrize("n", [0, 65, 2.5, 10**9])
def test_the_number_of_pictures_is_bounded(shelf, n):
    with pytest.raises(gr.Error, match="from 1 to 64"):
        compare.draw(shelf, ["dcgan-a"], 0, n, 4.0)


@pytest.mark.parametrize("truncation", [0, -1, 5, float("nan"), "1"])
def test_truncation_is_bounded(shelf, truncation):
    with pytest.raises(gr.Error, match=r"truncation is a number from 0\.1 to 4"):
        compare.draw(shelf, ["dcgan-a"], 0, 1, truncation)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (["dcgan-c"], "did you mean dcgan-"),
        (["../../etc/passwd"], "no model named"),
        (["tint-a"], "use translate"),
        ("dcgan-a", "in a list"),
        (7, "in a list"),
        ([f"dcgan-{i}" for i in range(11)], "at most 10"),
    ],
)
def test_only_known_models_that_can_do_it_are_asked(shelf, keys, says):
    with pytest.raises(gr.Error, match=says):
        compare.draw(shelf, keys, 0, 1, 4.0)


def test_what_a_visitor_sends_comes_back_escaped(shelf):
    with pytest.raises(gr.Error, match="&lt;img"):
        compare.draw(shelf, ["<img src=x onerror=alert(1)>"], 0, 1, 4.0)


def test_damaged_weights_are_said_and_not_a_crash(shelf, runs):
    (runs / "dcgan-a" / checkpoint.WEIGHTS).write_bytes(b"no")
    with pytest.raises(gr.Error, match="fetch it again"):
        compare.draw(shelf, ["dcgan-a"], 0, 1, 4.0)


# --- interpolate


def test_a_strip_is_the_models_own_interpolation(shelf, runs):
    frames = zoo.load(runs / "dcgan-a").interpolate(7, 12, steps=5, mode="lerp")
    strip, other = shown(interpolate.draw(shelf, ["dcgan-a", "dcgan-b"], 7, 12, 5, "lerp"))
    assert same(strip, pictures.grid(frames, columns=5)) and not same(strip, other)


@pytest.mark.parametrize("steps", [1, 65, 2.5, "8"])
def test_steps_are_bounded(shelf, steps):
    with pytest.raises(gr.Error, match="from 2 to 64"):
        interpolate.draw(shelf, ["dcgan-a"], 0, 1, steps, "slerp")


def test_an_unknown_path_is_said(shelf):
    with pytest.raises(gr.Error, match="did you mean slerp"):
        interpolate.draw(shelf, ["dcgan-a"], 0, 1, 4, "slurp")


# --- facades


def save(picture: Image.Image, path) -> str:
    picture.save(path)
    return str(path)


def test_an_invented_building_goes_through_every_translator(shelf, runs):
    building = zoo.facades.random_building(3)
    html = facades.draw(shelf, 3)
    given, a, b = shown(html)
    assert same(given, building) and not same(a, b)
    assert same(a, zoo.load(runs / "tint-a").translate(building))
    assert "PSNR" not in html


def test_an_uploaded_map_takes_the_place_of_the_invented_one(shelf, runs, tmp_path):
    upload = zoo.facades.random_building(4)
    given, a, _ = shown(facades.draw(shelf, 3, save(upload, tmp_path / "map.png")))
    assert same(given, upload) and same(a, zoo.load(runs / "tint-a").translate(upload))


def test_psnr_and_ssim_are_those_of_each_translation_with_the_photograph(shelf, runs, tmp_path):
    truth = Image.effect_noise((40, 30), 60)  # grey, and of another size
    html = facades.draw(shelf, 3, None, save(truth, tmp_path / "photo.png"))
    for name in ("tint-a", "tint-b"):
        translated = zoo.load(runs / name).translate(zoo.facades.random_building(3))
        pair = translated, pictures.fit(truth.convert("RGB"), 16)
        assert f"PSNR {measures.psnr(*pair):.1f} dB · SSIM {measures.ssim(*pair):.2f}" in html
    assert len(shown(html)) == 4


def test_an_upload_that_is_no_picture_is_said(shelf, tmp_path):
    (tmp_path / "map.png").write_text("<svg/>")
    for files in ((str(tmp_path / "map.png"), None), (None, str(tmp_path / "map.png"))):
        with pytest.raises(gr.Error, match="cannot read that upload: not a picture") as error:
            facades.draw(shelf, 0, *files)
        assert str(tmp_path) not in error.value.message


# --- the shelf


def test_a_model_is_loaded_once(shelf, monkeypatch):
    first = shelf.model("dcgan-a")
    monkeypatch.setattr(zoo, "load", None)
    assert shelf.model("dcgan-a") is first


def test_two_models_of_one_id_are_both_offered(tmp_path, runs):
    write(tmp_path / "again", "dcgan-a", seed=9)
    (tmp_path / "again" / "dcgan-a").rename(tmp_path / "again" / "later")
    keys = Shelf(find([str(runs), str(tmp_path / "again")])).ids("noise")
    assert keys == ["dcgan-a", "dcgan-b", "dcgan-a (later)"]


def test_by_default_the_bundled_models_are_offered(monkeypatch):
    monkeypatch.setattr(zoo, "list_models", lambda: ["some-model"])
    assert find(None) == ["some-model"]


def test_a_folder_without_models_is_said(tmp_path):
    with pytest.raises(UnknownName, match="no checkpoint folder in"):
        find([str(tmp_path)])


@pytest.mark.parametrize("given", ["dcgan-no-such", "no/such/folder"])
def test_the_command_stops_with_one_line_at_an_unknown_model(given):
    with pytest.raises(SystemExit, match=r"space: .*no"):
        app.main(["--models", given])


# --- the page


def words(page: gr.Blocks) -> str:
    return str(page.get_config_file())


@pytest.mark.parametrize(
    ("names", "tabs"),
    [
        (["dcgan-a"], ["Compare", "Interpolate"]),
        (["tint-a"], ["Facades"]),
        (["dcgan-a", "tint-a"], ["Compare", "Interpolate", "Facades"]),
        ([], []),
    ],
)
def test_a_tab_appears_where_a_model_can_fill_it(runs, names, tabs):
    page = app.build(Shelf(runs / name for name in names))
    labels = [c["props"]["label"] for c in page.get_config_file()["components"] if c["type"] == "tabitem"]
    assert labels == tabs
    assert ("There is no model here yet" in words(page)) == (not names)


@pytest.fixture
def client(shelf):
    page = app.build(shelf)
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **app.LAUNCH)
    yield Client(url, verbose=False)
    page.close()


def test_the_page_answers_sample_and_interpolate_over_http(client, runs):
    model = zoo.load(runs / "dcgan-a")
    path = client.predict("dcgan-a", seed=5, n=4, truncation=1.0, api_name="/sample")
    assert same(Image.open(path), model.grid(4, seed=5, truncation=1.0))
    path = client.predict("dcgan-a", 5, 6, steps=3, api_name="/interpolate")
    assert same(Image.open(path), pictures.grid(model.interpolate(5, 6, steps=3), columns=3))
    for bad in (("dcgan-z", 5), ("dcgan-a", -5)):
        with pytest.raises(exceptions.AppError, match=r"no model named|whole number"):
            client.predict(*bad, api_name="/sample")
    assert sorted(client.view_api(return_format="dict")["named_endpoints"]) == ["/interpolate", "/sample"]


def test_what_is_shown_first_differs_in_nothing_but_the_loss(runs):
    shelf = Shelf(find([str(runs)]))
    assert shelf.siblings("noise") == ["dcgan-a", "dcgan-b"]
    other = shelf._configs["dcgan-a"]
    shelf._configs["aaa"] = replace(other, architecture=other.architecture | {"name": "cdcgan"})
    assert shelf.ids("noise") == ["dcgan-a", "dcgan-b", "aaa"]
    assert shelf.siblings("noise") == ["dcgan-a", "dcgan-b"]
    assert Shelf([]).siblings("noise") == []
