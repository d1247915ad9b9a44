"""What the page's handlers do, called directly; and its endpoints, asked over HTTP."""

import base64
import io
import re
import threading

import gradio as gr
import numpy as np
import pytest
import torch
from gradio_client import Client, exceptions
from PIL import Image

import zoo
from space import app, catalogue, facades, studio
from space.shelf import MAX_SEED, Shelf, find
from space.studio import Busy, Studio
from zoo import checkpoint, losses, measures, pictures
from zoo.errors import Refused, UnknownName, ZooError


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


def shown(html: str) -> list[Image.Image]:
    data = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    return [Image.open(io.BytesIO(base64.b64decode(one))) for one in data]


def same(a: Image.Image, b: Image.Image) -> bool:
    return np.array_equal(np.asarray(a), np.asarray(b))


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


# --- sheets and walks


@pytest.fixture
def draws(shelf):
    return Studio(shelf)


def test_a_sheet_is_the_models_own_grid(draws, runs):
    a = opened(draws.sheet("dcgan-a", 7, 9, 1.5, None, 3))
    assert same(a, zoo.load(runs / "dcgan-a").grid(9, columns=3, seed=7, truncation=1.5))
    assert not same(a, opened(draws.sheet("dcgan-b", 7, 9, 1.5, None, 3)))


def test_each_class_has_a_row_where_that_is_asked_for(draws, runs, write):
    write(runs, "cdcgan-a", "cdcgan")
    conditional = Studio(Shelf(find([str(runs)])))
    model = zoo.load(runs / "cdcgan-a")
    rows = [i // 8 for i in range(24)]
    sheet = opened(conditional.sheet("cdcgan-a", 7, 24, None, "rows"))
    assert same(sheet, model.grid(24, columns=8, seed=7, labels=rows))
    with pytest.raises(Refused, match="class is a whole number from 0 to 2"):
        conditional.sheet("cdcgan-a", 7, 64, None, 3)


def test_a_model_without_classes_takes_no_notice_of_one(draws):
    assert draws.sheet("dcgan-a", 7, 4, None, 1) == draws.sheet("dcgan-a", 7, 4, None, None)


def test_a_walk_is_the_models_own_interpolation(draws, runs):
    model = zoo.load(runs / "dcgan-a")
    line = opened(draws.walk("dcgan-a", [[7, 3], [12, 0]], None, 5, "lerp"))
    assert same(line, pictures.grid(model.interpolate((7, 3), (12, 0), steps=5, mode="lerp"), 5))
    corners = [[1, 0], [2, 0], [3, 0], [4, 5]]
    plane = opened(draws.walk("dcgan-a", corners, None, 8, "slerp"))
    assert same(plane, pictures.grid(model.interpolate(*map(tuple, corners), steps=8), 8))


def test_a_film_goes_there_and_back_with_all_models_side_by_side(draws):
    film = opened(draws.film(["dcgan-b", "dcgan-a"], [[7, 0], [8, 0]], None, 4, "slerp"))
    assert film.format == "WEBP" and film.n_frames == 6 and film.size == (2 * 192, 192)


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, 1.5, float("nan"), "7", None, True, [7]])
def test_a_bad_seed_is_refused(draws, shelf, seed):
    with pytest.raises(Refused, match="seed is a whole number from 0"):
        draws.sheet("dcgan-a", seed, 4, None, None)
    with pytest.raises(Refused, match="seed is a whole number from 0"):
        draws.walk("dcgan-a", [[0, 0], [seed, 0]], None, 4, "slerp")
    with pytest.raises(gr.Error, match="seed is a whole number from 0"):
        facades.draw(shelf, seed)


def test_the_largest_seed_is_good(draws):
    assert draws.sheet("dcgan-a", MAX_SEED, 1, None, None)


@pytest.mark.parametrize("n", [0, 65, 2.5, 10**9, None])
def test_the_number_of_pictures_is_bounded(draws, n):
    with pytest.raises(Refused, match="from 1 to 64"):
        draws.sheet("dcgan-a", 0, n, None, None)


@pytest.mark.parametrize("truncation", [0, -1, 5, float("nan"), "1"])
def test_truncation_is_bounded(draws, truncation):
    with pytest.raises(Refused, match=r"truncation is a number from 0\.1 to 4"):
        draws.sheet("dcgan-a", 0, 1, truncation, None)


ENDS = [[0, 0], [1, 0]]


@pytest.mark.parametrize(
    ("anchors", "steps", "path", "says"),
    [
        (ENDS, 1, "slerp", "from 2 to 64"),
        (ENDS, 65, "slerp", "from 2 to 64"),
        (ENDS, "8", "slerp", "from 2 to 64"),
        (ENDS + ENDS, 9, "slerp", "from 2 to 8"),
        (ENDS, 4, "slurp", "did you mean slerp"),
        (ENDS, 4, ["slerp"], "no path named"),
        (ENDS[:1], 4, "slerp", "two anchors"),
        ([[0, 128], [1, 0]], 4, "slerp", "from 0 to 127"),
        ([[0], [1, 0]], 4, "slerp", "an anchor is"),
        ("ab", 4, "slerp", "two anchors"),
    ],
)
def test_what_a_walk_may_be_is_bounded(draws, anchors, steps, path, says):
    with pytest.raises(ZooError, match=says):
        draws.walk("dcgan-a", anchors, None, steps, path)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (["dcgan-c"], "did you mean dcgan-"),
        (["../../etc/passwd"], "no model named"),
        (["tint-a"], "use translate"),
        ("dcgan-a", "in a list"),
        (7, "in a list"),
        (None, "in a list"),
        ([f"dcgan-{i}" for i in range(11)], "at most 10"),
    ],
)
def test_only_known_models_that_can_do_it_are_asked(draws, shelf, keys, says):
    def draw(asked):
        return {"sheets": {key: draws.sheet(key, 0, 1, None, None) for key in shelf.chosen(asked["models"])}}

    assert says in studio.answered(draws, draw)({"models": keys})["error"]


def test_a_server_function_answers_nonsense_with_a_line(draws):
    answer = studio.answered(draws, lambda asked: {"sheets": {}})
    assert answer(7) == {"error": "ask with an object"} and answer({}) == {"sheets": {}}


def test_damaged_weights_are_said_and_not_a_crash(draws, runs):
    (runs / "dcgan-a" / checkpoint.WEIGHTS).write_bytes(b"no")
    with pytest.raises(ZooError, match="fetch it again"):
        draws.sheet("dcgan-a", 0, 1, None, None)


def test_the_same_sheet_is_drawn_once(draws, shelf, monkeypatch):
    first = draws.sheet("dcgan-a", 3, 4, None, None)
    monkeypatch.setattr(shelf, "model", None)
    assert draws.sheet("dcgan-a", 3.0, 4, None, None) is first


def test_a_burst_is_served_or_told_to_wait_and_none_hangs(draws):
    gate, answers = threading.Event(), []

    def draw(asked):
        assert gate.wait(30)
        return {"sheets": {}}

    answer = studio.answered(draws, draw)
    visitors = [threading.Thread(target=lambda: answers.append(answer({}))) for _ in range(32)]
    for visitor in visitors:
        visitor.start()
    for _ in range(200):
        if len(answers) < 32 - studio.MAX_WAITING:
            visitors[0].join(0.05)
    told = list(answers)
    gate.set()
    for visitor in visitors:
        visitor.join(30)
    assert told == [{"busy": studio.MAX_WAITING}] * (32 - studio.MAX_WAITING)
    assert answers.count({"sheets": {}}) == studio.MAX_WAITING
    with draws.turn():  # and the queue is empty again
        assert draws._waiting == 1


def test_busy_is_said_over_the_endpoints_too(draws, monkeypatch):
    monkeypatch.setattr(studio, "MAX_WAITING", 0)
    with pytest.raises(Busy), draws.turn():
        pass


# --- the catalogue


@pytest.fixture
def some(tmp_path, write) -> checkpoint.Config:
    write(tmp_path / "some", "dcgan-some")
    return zoo.info(tmp_path / "some" / "dcgan-some").config


@pytest.fixture
def row(some):
    """row((loss, value, standard error), …): the figures of one row of the matrix."""

    def row(*models: tuple[str, float | None, float | None], recall: float = 0.4) -> list[dict]:
        entries = []
        for loss, value, se in models:
            fid = {"name": "fid_n5000", "value": value, "n": 5000, "which": "final"} | (
                {"se": se} if se else {}
            )
            rows = [fid, {"name": "recall_n5000", "value": recall, "n": 5000}] if value else []
            figures = catalogue.figures(checkpoint.Info(some, checkpoint.Metrics(rows, False)))
            entries.append({"family": "dcgan", "loss": loss, "data": "toy", "figures": figures})
        catalogue.mark_rows(entries)
        catalogue.mark_best(entries)
        return entries

    return row


def test_bold_is_every_figure_whose_interval_reaches_the_best(row):
    entries = row(("focal", 20.0, 0.5), ("hinge", 20.9, 0.5), ("wgan", 22.0, 0.5))
    marks = [entry["figures"]["best"] for entry in entries]
    assert marks == [True, True, False]


def test_a_model_without_figures_or_with_old_ones_shows_none(row, some):
    assert row(("focal", None, None))[0]["figures"] is None
    fid = {"name": "fid_n5000", "value": 20.0, "n": 5000}
    assert catalogue.figures(checkpoint.Info(some, checkpoint.Metrics([fid], stale=True))) is None
    assert (
        catalogue.figures(checkpoint.Info(some, checkpoint.Metrics([fid | {"which": "best"}], False))) is None
    )


def test_a_model_that_reaches_hardly_any_real_picture_has_collapsed(row):
    assert row(("wgan", 200.0, None), recall=0.04)[0]["figures"]["collapsed"]
    assert not row(("wgan", 200.0, None), recall=0.06)[0]["figures"]["collapsed"]


def test_a_second_model_of_a_cell_stands_in_a_row_of_its_own(row):
    assert [entry["row"] for entry in row(("focal", 1.0, None), ("focal", 2.0, None))] == ["dcgan", "dcgan 2"]


@pytest.mark.parametrize("name", losses.LOSSES)
def test_the_curves_are_the_losses_own(name):
    curves, loss = catalogue.curves(name), losses.get(name)
    at = {x: (d, g) for x, d, g in zip(curves["x"], curves["d"], curves["g"], strict=True)}
    score, zero = torch.tensor(1.5), torch.tensor(0.0)
    assert at[1.5][1] == pytest.approx(loss.g(score, zero).item(), abs=1e-3)
    steps = [loss.d(zero, torch.tensor(x)).item() if name != "began" else -0.5 * x for x in (1.5, 0.0)]
    assert at[1.5][0] - at[0.0][0] == pytest.approx(steps[0] - steps[1], abs=2e-3)


def test_prices_start_where_the_real_score_costs_nothing():
    assert catalogue.curves("lsgan")["d"][24] == 0 and catalogue.curves("hinge")["d"][0] == 0
    assert catalogue.curves("vanilla")["d"][24] == pytest.approx(0.693, abs=1e-3)


def test_what_cannot_be_has_its_reason():
    assert "no place for a class" in catalogue.family("cdcgan")["refused"]["began"]
    assert catalogue.family("dcgan") == {
        "words": catalogue.WORDS["dcgan"],
        "script": "train/dcgan.py",
        "refused": {},
    }
    assert catalogue.family("cdcgan")["script"] == "train/dcgan.py --conditional"


def test_every_loss_has_its_words_of_at_most_32_characters():
    assert all(0 < len(catalogue.WORDS[name]) <= 32 for name in losses.LOSSES)


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


def test_two_models_of_one_id_are_both_offered(tmp_path, runs, write):
    write(tmp_path / "again", "dcgan-a", seed=9)
    (tmp_path / "again" / "dcgan-a").rename(tmp_path / "again" / "later")
    keys = Shelf(find([str(runs), str(tmp_path / "again")])).ids("noise")
    assert keys == ["dcgan-a", "dcgan-b", "dcgan-a (later)"]


def test_by_default_the_bundled_models_are_offered(monkeypatch):
    monkeypatch.setattr(zoo, "list_models", lambda: ["some-model"])
    assert find(None) == ["some-model"]


def test_an_owner_stands_for_all_their_models(monkeypatch):
    theirs = {"someone": ["someone/dcgan-a", "someone/dcgan-b"]}
    monkeypatch.setattr(
        zoo, "list_models", lambda owner=None: theirs.get(owner, []) if owner else ["some-model"]
    )
    assert find(["someone", "some-model"]) == ["someone/dcgan-a", "someone/dcgan-b", "some-model"]
    with pytest.raises(UnknownName, match="'nobody' has no models"):
        find(["nobody"])


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
    page = app.build(Studio(Shelf(runs / name for name in names)))
    labels = [c["props"]["label"] for c in page.get_config_file()["components"] if c["type"] == "tabitem"]
    assert labels == tabs
    assert ("There is no model here yet" in words(page)) == (not names)


@pytest.fixture
def client(shelf):
    page = app.build(Studio(shelf))
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **app.LAUNCH)
    yield Client(url, verbose=False)
    page.close()


def test_the_page_answers_its_endpoints_over_http(client, runs):
    model = zoo.load(runs / "dcgan-a")
    path = client.predict("dcgan-a", seed=5, n=4, truncation=1.0, api_name="/sample")
    assert same(Image.open(path), model.grid(4, seed=5, truncation=1.0))
    path = client.predict("dcgan-a", 5, 6, steps=3, latent_b=2, api_name="/interpolate")
    assert same(Image.open(path), pictures.grid(model.interpolate(5, (6, 2), steps=3), columns=3))
    models = client.predict(api_name="/models")
    assert [(one["id"], one.get("loss")) for one in models][:2] == [
        ("dcgan-a", "focal"),
        ("dcgan-b", "focal"),
    ]
    for bad, says in (
        (("dcgan-z", 5), "no model named"),
        (("dcgan-a", -5), "whole number"),
        (("<img>",), "&lt;img"),
    ):
        with pytest.raises(exceptions.AppError, match=says):
            client.predict(*bad, api_name="/sample")
    with pytest.raises(exceptions.AppError, match="knows no classes"):
        client.predict("dcgan-a", label="cat", api_name="/sample")
    named = client.view_api(return_format="dict")["named_endpoints"]
    assert sorted(named) == ["/interpolate", "/models", "/sample"]


def test_a_class_is_named_or_numbered_over_http(runs, write):
    write(runs, "cdcgan-a", "cdcgan")
    model = zoo.load(runs / "cdcgan-a")
    page = app.build(Studio(Shelf(find([str(runs)]))))
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **app.LAUNCH)
    try:
        client = Client(url, verbose=False)
        for label in ("dog", "1"):
            path = client.predict("cdcgan-a", seed=5, n=4, label=label, api_name="/sample")
            assert same(Image.open(path), model.grid(4, columns=2, seed=5, labels=1))
        path = client.predict(
            "cdcgan-a", 5, 6, steps=3, label_a="cat", label_b="dog", api_name="/interpolate"
        )
        assert same(
            Image.open(path), pictures.grid(model.interpolate(5, 6, steps=3, labels=[0, 1]), columns=3)
        )
        with pytest.raises(exceptions.AppError, match="no class named"):
            client.predict("cdcgan-a", label="cow", api_name="/sample")
    finally:
        page.close()
