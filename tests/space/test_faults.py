"""What one visitor or one damaged model does to the others: nothing."""

import threading
import time

import gradio as gr
import pytest
from PIL import Image

from space import compare, facades, interpolate, studio
from space.catalogue import catalogue
from space.gate import _left
from space.pairs import TestPairs
from space.shelf import Shelf, find
from space.studio import Busy, Studio, answered, each

WALK = ([[5, 0], [6, 0]], None, 4, "slerp")


@pytest.fixture
def of(shelf):
    return Studio(shelf)


def test_a_film_is_remembered_and_leaves_the_turn_to_others_between_models(of, monkeypatch):
    held = []
    plain = of._frames
    monkeypatch.setattr(of, "_frames", lambda *walk: (held.append(of._lock.locked()), plain(*walk))[1])

    monkeypatch.setattr(
        studio.pictures, "animation", lambda frames, **_: (held.append(of._lock.locked()), b"film")[1]
    )
    assert of.film(["dcgan-a", "dcgan-b"], *WALK) == of.film(["dcgan-a", "dcgan-b"], *WALK) == b"film"
    assert held == [True, True, False]


def test_more_films_than_may_wait_are_told_to_come_again(of, monkeypatch):
    begun, go = threading.Event(), threading.Event()
    monkeypatch.setattr(of, "_film", lambda walks: (begun.set(), go.wait(20), b"film")[2])
    made = []
    waiting = [
        threading.Thread(target=lambda: made.append(of.film(["dcgan-a"], *WALK)))
        for _ in range(studio.MAX_FILMS)
    ]
    for thread in waiting:
        thread.start()
    assert begun.wait(20)
    for _ in range(400):
        if of._films < studio.MAX_FILMS:
            time.sleep(0.05)
    with pytest.raises(Busy):
        of.film(["dcgan-a"], *WALK)
    assert of.sheet("dcgan-a", 5, 4, None, None)
    go.set()
    for thread in waiting:
        thread.join()
    assert made == [b"film"] * studio.MAX_FILMS


def test_nothing_is_drawn_for_who_has_left(of, monkeypatch):
    monkeypatch.setattr(of, "_draw_sheet", None)
    monkeypatch.setattr(of, "_frames", None)
    left = threading.Event()
    left.set()
    token = _left.set(left)
    try:
        assert answered(of, lambda asked: 1 / 0)({}) == {}
        with pytest.raises(studio.Left):
            of.film(["dcgan-a"], *WALK)
    finally:
        _left.reset(token)


def test_cut_weights_leave_only_their_own_sheet_blank(runs, shelf, of):
    path = runs / "dcgan-a" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-7])
    drawn = each(shelf.ids("noise"), lambda key: of.sheet(key, 5, 4, None, None))
    assert list(drawn["sheets"]) == ["dcgan-b"] and "bytes instead of" in drawn["errors"]["dcgan-a"]


def test_the_tabs_draw_each_model_by_itself(of, monkeypatch):
    """What the pieces are given, without a page around it."""
    pieces = {}
    monkeypatch.setattr("space.parts.piece", lambda view, functions: pieces.update({view: functions}))
    monkeypatch.setattr("space.parts.endpoint", lambda function: None)
    path = of.shelf.folder("dcgan-a") / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-7])
    with gr.Blocks(), gr.Tabs():
        compare.tab(of)
        interpolate.tab(of)
    asked = {"models": ["dcgan-a", "dcgan-b"], "seed": 5, "n": 4}
    asked |= {"anchors": WALK[0], "steps": 4, "path": "slerp"}
    for view in ("compare", "interpolate"):
        drawn = pieces[view][0](asked)
        assert list(drawn["sheets"]) == ["dcgan-b"] and list(drawn["errors"]) == ["dcgan-a"]
    assert "film" in pieces["interpolate"][1]({**asked, "models": ["dcgan-b"]})


@pytest.mark.parametrize("damage", ["{", "[]", '{"library": "gan-zoo"}', "\0" * 9])
def test_a_damaged_config_is_named_and_passed_over(runs, capsys, damage):
    (runs / "dcgan-a" / "config.json").write_text(damage)
    assert Shelf(find([str(runs)])).ids("noise") == ["dcgan-b"]
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "dcgan-a" in said


@pytest.mark.parametrize("value", ["NaN", '"low"', "1e999", "true"])
def test_damaged_figures_are_named_and_left_out(runs, capsys, value):
    (runs / "dcgan-a" / "metrics.json").write_text(f'{{"metrics": [{{"name": "fid", "value": {value}}}]}}')
    shelf = Shelf(find([str(runs)]))
    assert "metrics.json" in capsys.readouterr().err
    models = {model["id"]: model for model in catalogue(shelf)["models"]}
    assert models["dcgan-a"]["figures"] is None and "dcgan-b" in models


def test_an_upload_is_read_while_others_draw(of, monkeypatch):
    pieces, held = {}, []
    monkeypatch.setattr("space.parts.piece", lambda view, functions: pieces.update({view: functions}))
    monkeypatch.setattr("space.parts.endpoint", lambda function: None)

    def read(files):
        held.append(of._lock.locked())
        return Image.new("RGB", (8, 8)), None

    monkeypatch.setattr(facades.uploads, "read", read)
    with gr.Blocks(), gr.Tabs():
        facades.tab(of, TestPairs())
    assert "map" in pieces["facades"][2]({"files": ["data:,"]})
    assert held == [False]
