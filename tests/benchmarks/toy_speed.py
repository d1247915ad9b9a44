"""How fast the Loss lab trains its toys: all ten losses together on the ring, as the page asks for them.

    python tests/benchmarks/toy_speed.py [--steps 200]

Two figures of each: by the clock, and by the processor's time, which other jobs on the machine hardly change.
"""

import argparse
import os
import time

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch is imported: as the page does

import torch

from space.lab.frames import packed
from space.lab.training import Training, shipped
from train.running.provenance import hardware


def measure(work, times: int) -> tuple[float, float]:
    """Milliseconds of one: by the clock, of the processor."""
    began, used = time.perf_counter(), time.process_time()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times * 1000, (time.process_time() - used) / times * 1000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=200)
    steps = parser.parse_args().steps
    training = Training(shipped(0))
    training.run(5)
    step = measure(lambda: training.run(1), steps)
    frame = measure(lambda: packed(training), steps // 5)
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    print(f"{hardware(torch.device('cpu'))}, {os.cpu_count()} cores, OMP_NUM_THREADS={threads};", end=" ")
    print(f"load average {os.getloadavg()[0]:.1f}; torch {torch.__version__}\n")
    print("| ten losses together | by the clock | of the processor |\n|---|---|---|")
    print(f"| one step | {step[0]:.1f} ms | {step[1]:.1f} ms |")
    print(f"| one frame | {frame[0]:.1f} ms | {frame[1]:.1f} ms |")
    shown = [1000 / (a + b) for a, b in zip(step, frame, strict=True)]
    print(f"| steps shown a second, a frame each | {shown[0]:.1f} | {shown[1]:.1f} |")
    whole = [2 * (a + b / 5) for a, b in zip(step, frame, strict=True)]
    print(f"| 2,000 steps, a frame every fifth | {whole[0]:.0f} s | {whole[1]:.0f} s |")


if __name__ == "__main__":
    main()
