"""Where figures and weights come from: the commit, and the machine."""

import os
import platform
import subprocess
from pathlib import Path

import torch

TRAINS = ("zoo/*.py", "train/*.py", "train/recipes/*.toml")  # as git's patterns go, at any depth


def commit() -> str | None:
    """The checkout's commit, marked where files that train differ from it; None where there is none."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():  # installed, perhaps inside of somebody's checkout of something else
        return os.environ.get("ZOO_COMMIT") or None  # as a sweep tells the nodes that it sends its code to
    return described(root)


def described(root: Path) -> str | None:
    git = ["git", "-C", str(root)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        differ = subprocess.run(
            [*git, "diff", "--quiet", "HEAD", "--", *TRAINS], capture_output=True
        ).returncode
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{head}-dirty" if differ else head


def hardware(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        name = models[0].partition(":")[2].strip() if models else name
    if device.type == "mps":
        return f"{name}, Metal"
    threads = torch.get_num_threads()
    return f"{name}, {threads} thread{'s' if threads > 1 else ''}"
