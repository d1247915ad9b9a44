"""Recipes, scripts that stand in for the real ones, and what they leave."""

import json
from pathlib import Path

import numpy as np
import torch

from train.reading.decoded import Pictures
from train.running import loop
from train.running.cell import Cell, config, rules
from train.sweeping.recipe import Planned
from zoo import checkpoint
from zoo.files import replace_file

MINE = """
about = "three losses"
[options]
precision = "float32"
[cpu.dcgan]
batch = 4
kimg = 0.4
[gpu.dcgan]
batch = 8
[[cells]]
architectures = ["dcgan"]
losses = ["vanilla", "focal", "lsgan"]
"""
STARTER = MINE + '[[cells]]\narchitectures = ["dcgan"]\nlosses = ["vanilla"]\nseeds = [1]\n'

STAND_IN = """
import os, pathlib, shutil, sys, time
here = pathlib.Path(__file__).parent
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
does = here / f"{out.name}.does"
with (here / "calls").open("a") as calls:
    print(out.name, os.getpid(), "--resume" in sys.argv, os.environ["OMP_NUM_THREADS"], file=calls)
match does.read_text() if does.exists() else "finish":
    case "finish":
        shutil.copytree(here / "finished" / out.name, out, dirs_exist_ok=True)
    case "crash":
        (out / "history.jsonl").write_text('{"kimg": 0.2, "g_steps": 50, "seconds": 1.0}\\n')
        sys.exit("  12%|#    | 1k/8k\\rdcgan:  14%|#    | 1k/8kdcgan.py: NaN or infinity at generator step 51")
    case "die":
        os.kill(os.getpid(), 9)
    case "hang":
        time.sleep(60)
"""

STAND_IN_FOR_EVALUATE = """
import json, os, pathlib, sys
here, folder = pathlib.Path(__file__).parent, pathlib.Path(sys.argv[1])
does = here / f"{folder.name}.measures"
with (here / "calls").open("a") as calls:
    print(f"{folder.name}:evaluate", *sys.argv[2:], file=calls)
match does.read_text() if does.exists() else "measure":
    case "measure":
        sha256 = json.loads((folder / "config.json").read_text())["weights"]["sha256"]
        figure = {"name": "fid_n10", "value": 55.5, "n": 10, "which": "final"}
        (folder / "metrics.json").write_text(json.dumps({"weights_sha256": sha256, "metrics": [figure]}))
    case "crash":
        sys.exit("Inception of samples:  14%|#    | 1k/8kevaluate.py: no file my.pt for --inception-weights")
    case "die":
        os.kill(os.getpid(), 9)
    case "stop":
        sys.exit(130)  # as arguments.exit_with_one_line does after Ctrl-C
"""

STAND_IN_FOR_CARDS = """
import pathlib, sys
(pathlib.Path(sys.argv[1]) / "README.md").write_text("a card")
"""


def finish(cell: Planned, folder: Path) -> None:
    """What a finished run of the cell leaves."""
    images = np.broadcast_to(np.uint8(0), (50_000, 3, 32, 32))
    pictures = Pictures("cifar10", "uoft-cs/cifar10", None, "train", images, label_names=("cat", "dog"))
    fields = cell.options.generator_fields(pictures)
    rule = rules(cell.architecture, cell.options)
    whole = Cell(cell.architecture, "dcgan.py", cell.options, rule, pictures, fields, 1)
    settings = {"precision": "float32", "memory_format": "contiguous"}
    steps = loop.Schedule.of(whole).total
    about = config(whole, settings, g_steps=steps, seconds=4.0, device=torch.device("cpu"))
    checkpoint.write(folder, about, {"weight": torch.full((4,), cell.options.seed + 1.0)})
    lines = [{"kimg": k / 500, "g_steps": k / 2, "seconds": k / 50} for k in range(2, 202)]
    (folder / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for name in ("samples.png", "progress.webp"):
        (folder / name).write_bytes(name.encode())
    replace_file(folder / "state" / "state.pt", b"not to be kept")


def names(calls):
    return [call[0] for call in calls]


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
