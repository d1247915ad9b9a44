"""What `pip install gan-zoo[train]` brings: the wheel, unpacked where nothing of this checkout can be found."""

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.hub.server import HubServer

ROOT = Path(__file__).parents[1]
SHORT = "--size 32 --width 4 --latent 8 --batch 4 --kimg 0.04 --snapshot-kimg 0.04"
SHORT += " --precision float32 --memory-format contiguous"


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The wheel's files, as pip lays them out; in a git checkout of a user's own, as a .venv may lie."""
    folder = tmp_path_factory.mktemp("wheel")
    me = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
    for words in (["init", "-q"], [*me, "commit", "-q", "--allow-empty", "-m", "theirs"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    assert wheel.stat().st_size < 30e6
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "lib")
    return folder / "lib"


@pytest.fixture
def zoo(installed, tmp_path, monkeypatch):
    """`zoo WORDS` in a user's folder with a train.py of its own; the libraries are there, this checkout is not."""
    monkeypatch.chdir(tmp_path)
    for name in ("train", "cards"):
        Path(f"{name}.py").write_text("raise SystemExit('not ours')")
    rng = np.random.default_rng(0)
    for i in range(12):
        Path("photos", "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        noise = rng.integers(256, size=(32, 32, 3), dtype=np.uint8)
        Image.fromarray(noise).save(Path("photos", "ab"[i % 2], f"{i}.png"))

    def run(*words: str, **environment: str) -> subprocess.CompletedProcess:
        path = os.pathsep.join([str(installed), sysconfig.get_paths()["purelib"]])
        aside = {"PYTHONPATH": path, "ZOO_CACHE": str(tmp_path / "cache"), "ACCELERATE_USE_CPU": "true"}
        aside = os.environ | environment | aside | {"OMP_NUM_THREADS": "1"}
        # -S: without the .pth file by which an editable installation leads here
        command = [sys.executable, "-S", "-m", "zoo", *words]
        return subprocess.run(command, env=aside, capture_output=True, text=True)

    return run


def test_it_trains_measures_describes_and_pushes(zoo, tmp_path):
    done = zoo("train", "dcgan", "--loss", "focal", "--dataset", "./photos", *SHORT.split(), "--conditional")
    run = Path("runs/cdcgan-focal-photos")
    assert done.returncode == 0, done.stderr
    config = json.loads((run / "config.json").read_text())
    assert config["training"]["commit"] is None and config["dataset"]["labels"] == ["a", "b"]
    done = zoo("evaluate", str(run), "--dataset", "photos", "--skip", "inception")
    assert done.returncode == 0, done.stderr
    assert (run / "metrics.json").is_file()
    done = zoo("card", str(run))
    assert done.returncode == 0, done.stderr
    assert "cdcgan-focal-photos" in (run / "README.md").read_text() and (run / "curves.png").exists()
    with HubServer() as hub:
        done = zoo("push", str(run), "--owner", "me", **hub.environment(tmp_path / "home"))
        assert done.returncode == 0, done.stderr
        assert "model.safetensors" in hub.repos["models", "me/cdcgan-focal-photos"].files


def test_its_commands_explain_themselves_as_they_are_called(zoo):
    for words in (["train", "pix2pix"], ["train", "dcgan"], ["evaluate"], ["card"]):
        done = zoo(*words, "--help")
        assert done.returncode == 0 and f"zoo {' '.join(words)}" in done.stdout, done.stderr
        assert "accelerate launch train/" not in done.stdout
    done = zoo("train", "--help")
    assert done.returncode == 0 and "dcgan, convgan, sngan or pix2pix" in done.stdout
    for words, said in ((["train", "dcgna"], "dcgan"), (["card"], "no model is named")):
        done = zoo(*words)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and said in done.stderr


def test_it_leaves_out_the_page_of_the_source_tree(installed):
    cards = {path.name for path in (installed / "zoo/_rooms/cards").iterdir()}
    assert "card.md.j2" in cards
    assert not [
        name for name in cards if name.endswith((".png", ".webp")) or name in ("overview.md", "findings.md")
    ]


def test_it_takes_no_name_but_its_own(installed):
    assert {path.name.partition("-")[0] for path in installed.iterdir()} == {"zoo", "gan_zoo"}
