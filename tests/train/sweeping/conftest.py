"""A recipe in a file, and a sweep that leaves nothing outside the temporary folder."""

import types

import pytest

from tests.train.sweeping.stand_ins import MINE, STAND_IN, STAND_IN_FOR_CARDS, STAND_IN_FOR_EVALUATE, finish
from train import sweep
from train.sweeping import recipe, status
from zoo import names


@pytest.fixture
def write_recipe(tmp_path):
    def write(text: str, name: str = "mine") -> str:
        path = tmp_path / f"{name}.toml"
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def shop(tmp_path, monkeypatch, write_recipe):
    """A recipe, a stand-in for its script, and nothing that leaves the temporary folder."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "dcgan.py").write_text(STAND_IN)
    (scripts / "evaluate.py").write_text(STAND_IN_FOR_EVALUATE)
    (scripts / "cards").mkdir()
    (scripts / "cards/__init__.py").touch()
    (scripts / "cards/build.py").write_text(STAND_IN_FOR_CARDS)
    monkeypatch.chdir(scripts)  # where `python -m cards.build` looks first
    monkeypatch.setattr(status, "has_card", lambda folder: (folder / "README.md").exists())
    monkeypatch.setattr(sweep, "SCRIPTS", scripts)
    monkeypatch.setattr(sweep, "TICK", 0.02)
    monkeypatch.setattr(names, "BUNDLED", tmp_path / "bundled")
    monkeypatch.setattr(status, "RESULTS", tmp_path / "results")

    shop = types.SimpleNamespace(out=tmp_path / "runs", bundled=names.BUNDLED, results=status.RESULTS)

    def open_shop(text: str = MINE, name: str = "mine") -> None:
        shop.path, shop.name = write_recipe(text, name), name
        for cell in recipe.read(shop.path):
            finish(cell, scripts / "finished" / cell.name)

    def run(**given) -> None:
        sweep.sweep(sweep.Options(recipe=shop.path, **{"out": shop.out, "train_only": True, **given}))

    def does(cell: str, what: str, how: str = "does") -> None:
        (scripts / f"dcgan-{cell}-cifar10.{how}").write_text(what)

    told = 0

    def calls() -> list[list[str]]:
        """Of the scripts since the last time: cell, process id, whether to resume, threads; or evaluate's options."""
        nonlocal told
        path = scripts / "calls"
        written = path.read_text() if path.exists() else ""
        whole = written.rpartition("\n")[0]  # a script may be writing a line
        lines = whole.splitlines()[told:]  # read and never emptied: one written in between would be lost
        told += len(lines)
        return [line.replace("dcgan-", "").replace("-cifar10", "").split() for line in lines]

    shop.run, shop.does, shop.calls, shop.open = run, does, calls, open_shop
    open_shop()
    return shop
