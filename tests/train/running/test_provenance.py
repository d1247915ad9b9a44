"""Which commit a config names, and when it says that the files were others."""

import subprocess

import pytest

from train.running.provenance import described


@pytest.fixture
def checkout(tmp_path):
    files = (
        "zoo/step.py",
        "train/running/loop.py",
        "train/recipes/a.toml",
        "train/results/a/metrics.json",
        "README.md",
    )
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1\n")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True)
    return tmp_path


def test_a_clean_checkout_is_its_commit(checkout):
    assert len(described(checkout)) == 40


@pytest.mark.parametrize("name", ["README.md", "train/results/a/metrics.json"])
def test_what_does_not_train_may_differ(checkout, name):
    (checkout / name).unlink()
    assert len(described(checkout)) == 40


@pytest.mark.parametrize("name", ["zoo/step.py", "train/running/loop.py", "train/recipes/a.toml"])
@pytest.mark.parametrize("staged", [False, True])
def test_what_trains_and_differs_is_told(checkout, name, staged):
    (checkout / name).write_text("2\n")
    if staged:
        subprocess.run(["git", "-C", str(checkout), "add", "-A"], check=True)
    assert described(checkout).endswith("-dirty")


def test_a_folder_that_is_no_checkout_has_none(tmp_path):
    assert described(tmp_path) is None
