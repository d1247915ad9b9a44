"""The house rules: style, who may import whom, and what a checkout must not hold."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


def run(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("lint-imports", "--no-cache"),
    ],
    ids=" ".join,
)
def test_rules_hold(command):
    program, *rest = command
    done = run(str(BIN / program), *rest)
    assert done.returncode == 0, done.stdout + done.stderr


def tracked() -> list[Path]:
    listed = run("git", "ls-files", "-z")
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def test_no_file_names_a_place_on_somebodys_machine():
    place = re.compile(r"(?<![\w.])/(home|root|Users|work|tmp)/\w")
    texts = [p for p in tracked() if p.suffix in (".py", ".md", ".toml", ".json", ".jsonl", ".css", ".js")]
    found = [p.name for p in texts if p != Path(__file__) and place.search(p.read_text(encoding="utf-8"))]
    assert not found


def test_source_files_are_small():
    sources = [p for p in tracked() if p.suffix == ".py" and "tests" not in p.relative_to(ROOT).parts]
    long = {p.name: n for p in sources if (n := len(p.read_text(encoding="utf-8").splitlines())) > 380}
    assert not long


def test_every_room_has_a_readme():
    assert all(
        (ROOT / room / "README.md").exists() for room in (".", "zoo", "cards", "train", "space", "tests")
    )


def test_the_wheel_holds_a_starter_set_below_30_mb():
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    starters = [p.removeprefix("!/") for p in wheel["targets"]["wheel"]["exclude"] if p.startswith("!")]
    assert "zoo/checkpoints/dcgan-focal-cifar10" in starters
    assert all((ROOT / starter / "config.json").exists() for starter in starters)
    assert sum(p.stat().st_size for starter in starters for p in (ROOT / starter).iterdir()) <= 30e6
