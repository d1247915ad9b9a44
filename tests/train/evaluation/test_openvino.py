"""--backend openvino: the same features as PyTorch's, and room for a second evaluation beside it."""

import contextlib
import os
from pathlib import Path
from threading import Thread

import pytest
import torch
from torch import nn

from train.evaluation import inception

pytest.importorskip("openvino")


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    return nn.Sequential(*layers).eval()


def test_it_gives_the_features_that_pytorch_gives_for_batches_of_any_size(net):
    run = inception._openvino(net)
    for n in (1, 3):
        x = torch.randn(n, 3, inception.SIDE, inception.SIDE)
        with torch.inference_mode():
            assert torch.allclose(run(x), net(x), atol=1e-5)


@pytest.mark.skipif(
    not Path("/proc/self/task").is_dir() or (os.cpu_count() or 1) < 2, reason="Linux, two cores"
)
def test_it_leaves_every_thread_free_to_run_on_any_core(net):
    """By default (2026.4.1) every process binds its threads to the first cores: two of them then share these."""

    def allowed():
        sets = set()
        for thread in Path("/proc/self/task").iterdir():
            with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
                sets.add(frozenset(os.sched_getaffinity(int(thread.name))))
        return sets

    before, run = allowed(), inception._openvino(net)
    working = Thread(
        target=lambda: [run(torch.zeros(8, 3, inception.SIDE, inception.SIDE)) for _ in range(8)]
    )
    working.start()
    during = set()
    while working.is_alive():  # it frees them between two calls
        during |= allowed()
    assert during <= before
