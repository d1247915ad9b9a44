"""The house rules: style, who may import whom, and what a checkout must not hold."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
WORKFLOWS = ROOT / ".github" / "workflows"


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


@pytest.mark.slow
@pytest.mark.timeout(900)  # the first time it reads all of torch: a minute of a quiet core
def test_types_hold_and_a_users_checker_understands_them(tmp_path):
    done = run(str(BIN / "mypy"), "-p", "zoo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (ROOT / "zoo" / "py.typed").exists()
    done = run(str(BIN / "mypy"), "--warn-unused-ignores", "-c", USE)
    assert done.returncode == 0, done.stdout + done.stderr


USE = """
from typing import assert_type
from PIL import Image
from torch import Tensor, zeros
import zoo
from zoo.model import Model
model = zoo.load("dcgan-focal-cifar10")
assert_type(model, Model)
assert_type(model.sample(4, seed=7), Tensor)
assert_type(model.grid(64), Image.Image)
assert_type(model.translate(Image.new("RGB", (4, 4))), Image.Image)
assert_type(model.translate(zeros(3, 4, 4)), Tensor)
assert_type(zoo.losses.get("focal").d(zeros(4), zeros(4)), Tensor)
assert_type(zoo.info("dcgan-focal-cifar10").config.weights.sha256, str)
assert_type(zoo.list_models(), list[str])
assert_type(zoo.__version__, str)
zoo.no_such_name  # type: ignore[attr-defined]
"""


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


def test_the_citation_says_what_the_package_says():
    """By the schema of its format, 1.2.0: what it asks for, and no key that it does not know among ours."""
    cite = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert cite["cff-version"] == "1.2.0" and cite["type"] == "software"
    needed = {"cff-version", "message", "title", "authors"}
    assert needed <= set(cite) <= needed | {"type", "abstract", "version", "license", "keywords"}
    assert all(isinstance(cite[key], str) and cite[key] for key in set(cite) - {"authors", "keywords"})
    assert cite["authors"] == project["authors"]
    assert (cite["version"], cite["license"]) == (project["version"], project["license"])
    assert cite["abstract"] == project["description"]
    assert len(set(cite["keywords"])) == len(cite["keywords"])


def test_workflows_run_what_there_is():
    """Three: lint and fast tests, all tests, the page's tests in a browser that must be there."""
    found = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in WORKFLOWS.glob("*.yml")}
    assert set(found) == {"quick", "all", "page"}
    commands = {
        name: [step["run"] for job in flow["jobs"].values() for step in job["steps"] if "run" in step]
        for name, flow in found.items()
    }
    assert {"ruff check .", "ruff format --check .", "lint-imports", "mypy -p zoo"} <= set(commands["quick"])
    assert any('pytest -m "not slow"' in command for command in commands["quick"])
    assert "python -m pytest -n 4 --dist loadfile --durations=20" in commands["all"]
    assert any("pytest tests/space" in command for command in commands["page"])
    assert found["page"]["env"]["ZOO_BROWSER"] == "required"
    for flow in found.values():
        assert flow[True].keys() >= {"push", "pull_request"}  # YAML 1.1 reads `on` as true
        assert all("timeout-minutes" in job for job in flow["jobs"].values())
    for words in (command.split() for of in commands.values() for command in of):
        for module in (words[i + 1] for i, word in enumerate(words) if word == "-m" and words[0] == "python"):
            path = ROOT / module.replace(".", "/")
            assert module in ("pytest", '"not') or path.with_suffix(".py").exists(), words
        assert all((ROOT / word).exists() for word in words if word.startswith("tests/")), words


def test_pre_commit_runs_the_ruff_that_is_asked_for():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [hook["id"] for repo in hooks for hook in repo["hooks"]] == ["ruff-check", "ruff-format"]


def test_the_wheel_holds_a_starter_set_below_30_mb():
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    starters = [p.removeprefix("!/") for p in wheel["targets"]["wheel"]["exclude"] if p.startswith("!")]
    assert "zoo/checkpoints/dcgan-focal-cifar10" in starters
    assert all((ROOT / starter / "config.json").exists() for starter in starters)
    assert sum(p.stat().st_size for starter in starters for p in (ROOT / starter).iterdir()) <= 30e6
