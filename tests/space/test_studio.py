"""Sheets, walks and films as the studio draws them, its bounds, and what it does in a crowd."""

import io
import threading

import gradio as gr
import pytest
from PIL import Image

import zoo
from space import studio
from space.limits import MAX_SEED
from space.parts import said_to_the_visitor
from space.shelf import Shelf, find
from space.studio import Studio
from tests.toys import same
from zoo import checkpoint, pictures
from zoo.errors import Refused, ZooError


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


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
    assert told == [{"busy": True}] * (32 - studio.MAX_WAITING)
    assert answers.count({"sheets": {}}) == studio.MAX_WAITING
    with draws.turn():  # and the queue is empty again
        assert draws._waiting == 1


def test_busy_is_said_over_the_endpoints_too_and_names_no_number_that_nobody_counted(draws, monkeypatch):
    monkeypatch.setattr(studio, "MAX_WAITING", 0)
    with pytest.raises(gr.Error) as error, said_to_the_visitor(), draws.turn():
        pass
    assert error.value.message == "many others are waiting: ask again in a few seconds"
