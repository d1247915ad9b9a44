"""The README's "Add a loss", as printed: taken from it, applied to a copy of the tree, and tested there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("zoo", "cards", "train", "space", "tests")
HEAVY = shutil.ignore_patterns("checkpoints", "results", "__pycache__", "*.webp")


def diffs() -> dict[str, list[str]]:
    """File → lines, each with its mark: + is new, what has a space is there already."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Add a loss")[2]
    parts = re.split(r"^\+\+\+ (\S+)\n", re.search(r"```diff\n(.*?)```", section, re.DOTALL)[1], flags=re.M)
    return {name: text.splitlines() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def apply(root: Path) -> None:
    """New lines go before the next line that is there, or behind the last."""
    for name, marked in diffs().items():
        path = root / name
        lines = path.read_text(encoding="utf-8").splitlines()
        place, new = 0, []
        for line in marked:
            if line.startswith("+"):
                new.append(line[1:])
                continue
            assert lines.count(line[1:]) == 1, f"{name} has not one line {line[1:]!r}"
            place = lines.index(line[1:])
            lines[place:place] = new
            place, new = place + len(new) + 1, []
        lines[place:place] = new
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """A tree with the README's loss in it."""
    root = tmp_path_factory.mktemp("copy")
    for room in ROOMS:
        shutil.copytree(ROOT / room, root / room, ignore=HEAVY)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, root)
    apply(root)
    return root


def run(root: Path, *command: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=root, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def test_a_loss_added_as_printed_keeps_to_the_style(copy):
    run(copy, "ruff", "check", *diffs())
    run(copy, "ruff", "format", "--check", *diffs())


def test_a_loss_added_as_printed_passes_the_tests_of_losses(copy):
    """Those whose outcome it can change; the rest was run by hand, file by file."""
    tests = (
        "tests/zoo/test_losses.py",
        "tests/zoo/test_architectures.py",
        "tests/train/test_matrix.py",
        "tests/train/sweeping/test_recipe.py",
        "tests/train/running/test_options.py",
        "tests/cards/test_build.py",
        "tests/space/test_catalogue.py",
    )
    chosen = "rahinge or seeds_come or every_pair_that or help_tells or to_cite or printed_trains"
    run(
        copy,
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        *tests,
        "-k",
        f"({chosen}) and not reads_nothing",
    )
