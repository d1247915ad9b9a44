"""What may be asked of the Loss lab, who is trained, and when a training ends."""

import json

import pytest

from space.lab import asking, route, trainings
from space.lab.prices import prices
from space.lab.route import answer
from space.limits import MAX_LEAD, MAX_TOY_STEPS, MAX_TRAININGS
from zoo import losses

PAGE = "0123456789abcdef"
ONE = {"vanilla": {}}


@pytest.fixture
def held(monkeypatch):
    """An empty lab, whose clock the test sets."""
    now = [0.0]
    held = trainings.Trainings(lambda: now[0])
    held.now = now
    monkeypatch.setattr(route, "TRAININGS", held)
    return held


def ask(what: str, **more):
    got = answer(json.dumps({"ask": what, **more}).encode())
    return json.loads(got.body) if got.media_type == "application/json" else got


def head(frame) -> dict:
    return json.loads(frame.body[4 : 4 + int.from_bytes(frame.body[:4], "little")])


# ---- bounds


@pytest.mark.parametrize(
    "asked, said",
    [
        ({"losses": {}}, "choose a loss"),
        ({"losses": ["vanilla"]}, "choose a loss"),
        ({"losses": {"vanila": {}}}, "no loss named 'vanila'"),
        ({"losses": {"focal": {"gamma": 5.1}}}, "focal's gamma is a number from 0 to 5"),
        ({"losses": {"focal": {"gamma": "2"}}}, "focal's gamma is a number"),
        ({"losses": {"focal": {"gamma": float("nan")}}}, "focal's gamma is a number"),
        ({"losses": {"focal": {"saturating": True}}}, "no slider of focal named 'saturating'"),
        ({"losses": {"hinge": {"gamma": 1}}}, "no slider of hinge named 'gamma'"),
        ({"losses": ONE, "shape": "torus"}, "no shape named 'torus'"),
        ({"losses": ONE, "shape": "own"}, "put 1 to 40 points"),
        ({"losses": ONE, "shape": "own", "own": [[0, 0]] * 41}, "put 1 to 40 points"),
        (
            {"losses": ONE, "shape": "own", "own": [[0, 2]]},
            "a point's coordinate is a number from -1.25 to 1.25",
        ),
        ({"losses": ONE, "shape": "own", "own": [0, 1]}, "a pair of numbers"),
        ({"losses": ONE, "optimiser": "lion"}, "no optimiser named 'lion'"),
        ({"losses": ONE, "seed": -1}, "the seed is a whole number from 0"),
        ({"losses": ONE, "lead": MAX_LEAD + 1}, "the critic's lead is a whole number from 0"),
    ],
)
def test_what_is_out_of_bounds_is_refused_in_one_line(held, asked, said):
    got = ask("start", page=PAGE, **asked)
    assert said in got["error"] and "\n" not in got["error"] and len(held) == 0


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", b'{"ask": "__init__"}', b'{"ask": "start"}', b" " * 5000]
)
def test_nothing_that_is_sent_breaks_it(held, content):
    assert "error" in json.loads(answer(content).body)


def test_whole_numbers_are_numbers_also_on_sliders(held):
    chosen = asking.asked_losses({"focal": {"gamma": 3}, "vanilla": {}})
    assert list(chosen) == ["vanilla", "focal"] and chosen["focal"].gamma == 3.0


def test_every_slider_is_a_constant_and_holds_its_default():
    for name, fields in asking.SLIDERS.items():
        for field, (least, most, step) in fields.items():
            default = getattr(losses.get(name), field)
            assert least <= default <= most, (name, field)
            assert abs((default - least) / step - round((default - least) / step)) < 1e-6, (name, field)
            for end in (least, most):
                losses.get(name, **{field: float(end)})


# ---- who is trained, and until when


def test_a_page_has_one_training_which_a_new_one_replaces(held):
    for seed in (1, 2):
        assert head(ask("start", page=PAGE, losses=ONE, seed=seed))["steps"] == 0
    assert len(held) == 1
    assert head(ask("tick", page=PAGE, steps=3))["steps"] == 3
    assert ask("end", page=PAGE).status_code == 204
    assert len(held) == 0 and ask("tick", page=PAGE, steps=1) == {"gone": True}


def test_the_lab_is_full_at_a_bound_and_takes_more_when_one_has_rested(held):
    pages = [f"{i:016x}" for i in range(MAX_TRAININGS + 1)]
    for page in pages[:-1]:
        assert head(ask("start", page=page, losses=ONE))
    assert ask("start", page=pages[-1], losses=ONE) == {"busy": True}
    held.now[0] = trainings.REST
    for page in pages[1:-1]:
        ask("tick", page=page, steps=1)
    held.now[0] += 1
    assert head(ask("start", page=pages[-1], losses=ONE))["steps"] == 0
    assert ask("tick", page=pages[0], steps=1) == {"gone": True} and len(held) == MAX_TRAININGS


def test_a_tick_trains_no_longer_than_its_time(held, monkeypatch):
    ask("start", page=PAGE, losses=ONE)
    held._clock = iter([0.0, 0.0, *[i * trainings.TICK * 0.4 for i in range(1, 99)]]).__next__
    assert head(ask("tick", page=PAGE, steps=1000))["steps"] == 3


def test_a_page_that_closes_ends_its_training_in_the_middle_of_a_tick(held, monkeypatch):
    ask("start", page=PAGE, losses=ONE)
    (one,) = held._held.values()
    run = one.training.run
    monkeypatch.setattr(one.training, "run", lambda steps: (run(steps), held.end(PAGE)))
    assert head(ask("tick", page=PAGE, steps=1000))["steps"] == 1


def test_a_training_comes_to_an_end(held):
    ask("start", page=PAGE, losses=ONE)
    held._held[PAGE].training.steps = MAX_TOY_STEPS - 1
    for _ in range(2):
        assert head(ask("tick", page=PAGE, steps=5))["steps"] == MAX_TOY_STEPS


def test_a_page_names_itself_by_chance_not_by_a_word(held):
    assert "hexadecimal" in ask("start", page="me", losses=ONE)["error"]


# ---- prices


@pytest.mark.parametrize("name", losses.LOSSES)
def test_slopes_are_the_prices_own(name):
    found = prices(losses.get(name))
    x = found["x"]
    for kind in ("fake", "real", "g"):
        values, slopes = found[kind]
        for i in range(5, len(x) - 5, 7):
            if name == "hinge" and min(abs(x[i] - 1), abs(x[i] + 1)) < 0.15:
                continue  # its corners
            rise = (values[i + 1] - values[i - 1]) / (x[i + 1] - x[i - 1])
            assert slopes[i] == pytest.approx(rise, abs=6e-3), (kind, x[i])


@pytest.mark.parametrize(
    "name, kind, price, slope",
    [("minimax", "fake", 0.6931, 0.5), ("minimax", "g", -0.6931, -0.5), ("vanilla", "g", 0.6931, -0.5),
     ("focal", "g", 0.1733, -0.2983), ("lsgan", "fake", 0.0, 0.0), ("lsgan", "real", 0.5, -1.0)],
)  # fmt: skip
def test_prices_are_known_where_they_can_be_said(name, kind, price, slope):
    found = prices(losses.get(name))
    zero = found["x"].index(0.0)
    assert [part[zero] for part in found[kind]] == [price, slope]


def test_a_constant_moves_the_curve():
    plain, focal = prices(losses.get("vanilla")), prices(losses.get("focal", gamma=0.0))
    assert [plain[kind] for kind in ("g", "fake")] == [focal[kind] for kind in ("g", "fake")]
    assert prices(losses.get("focal", gamma=3.0))["g"] != focal["g"]
    moved = prices(losses.get("lsgan", a=-0.3, b=0.7))
    assert moved["real"][0][moved["x"].index(0.7)] == 0 == moved["fake"][0][moved["x"].index(-0.3)]


def test_an_error_is_never_negative():
    assert min(prices(losses.get("began"))["x"]) == 0


def test_all_curves_are_asked_for_at_once(held):
    got = ask("curves", losses={"focal": {"gamma": 1}, "wgan": {}})
    assert got == {"wgan": prices(losses.get("wgan")), "focal": prices(losses.get("focal", gamma=1.0))}
