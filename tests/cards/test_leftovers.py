"""What a folder of runs holds beside finished ones, and a finished one beside its files."""

import pytest

from cards import build


@pytest.fixture
def measured(make, figures_of):
    return make("runs/measured", rows=figures_of.noise(), history=figures_of.history())


def test_the_exit_code_says_that_something_could_not_be_used(make, measured, tmp_path, capsys):
    for name in ("empty", "empty too"):
        (tmp_path / name).mkdir()
    empty = [str(tmp_path / name) for name in ("empty", "empty too")]
    assert build.main(empty) == 2 == build.main(empty[:1])
    assert build.main([str(measured), empty[0]]) == 0  # an unfinished run among runs/*
    broken = make("broken")
    (broken / "config.json").write_text("{")
    assert build.main([str(broken), *empty]) == 2 and build.main([str(measured), str(broken)]) == 0
    assert "broken is passed over" in capsys.readouterr().err


def test_curves_of_a_history_that_is_gone_go(measured):
    build.build(measured)
    (measured / "history.jsonl").unlink()
    assert build.build(measured) == ["README.md"] and not (measured / "curves.png").exists()


def test_a_card_says_that_curves_alone_were_measured(make, figures_of):
    curves = [row for row in figures_of.noise() if row["name"].startswith("swing")]
    for rows, said in ((curves, "curves alone"), ([], "Not measured yet")):
        folder = make(f"runs/{said}", rows=rows, history=figures_of.history())
        build.build(folder)
        assert said in (folder / "README.md").read_text().partition("## Measured")[2].partition("##")[0]
