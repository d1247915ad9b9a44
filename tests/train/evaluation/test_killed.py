"""Evaluations that are killed, run beside a training, or meet each other in a folder."""

import json
import os
import signal
import sys
import threading
import time
from dataclasses import replace

import pytest

from train.evaluation import rows
from train.reading import cache
from zoo import checkpoint, measurements
from zoo.errors import Refused
from zoo.files import write_files


def killed_before(name: str, act) -> None:
    """Does `act` in a child that is killed, as by `kill -9`, just where it would put a file of this name in place."""
    if not (child := os.fork()):

        def watch(event, given):
            if event == "os.rename" and name in os.fsdecode(given[0]):
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        try:
            act()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"{name} was never written"


def figures(found):
    return [{key: value for key, value in figure.items() if key != "date"} for figure in found]


def test_killed_while_it_writes_it_is_made_again_whole_and_leaves_nothing(measured, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    run = tmp_path / "runs" / "cdcgan"
    whole = figures(measured("cdcgan", "colours"))
    files = {path for path in tmp_path.rglob("*") if "locks" not in path.parts}
    for name, first in ((".npy.", "npy"), ("nearest.png", "png"), ("metrics.json", "json")):
        (run / "metrics.json").unlink()
        (run / "state/nearest.png").unlink()
        for path in tmp_path.glob("cache/features/*/*.npy") if first == "npy" else ():
            path.unlink()
        killed_before(name, lambda: measured("cdcgan", "colours"))
        assert not (run / "metrics.json").exists()  # or a sweep would take it for measured
        for path in tmp_path.rglob(".*.tmp"):
            os.utime(path, (time.time() - 2 * cache.GRACE,) * 2)
        assert figures(measured("cdcgan", "colours")) == whole
        assert {path for path in tmp_path.rglob("*") if "locks" not in path.parts} == files, name


def test_weights_that_a_training_replaces_meanwhile_get_no_figures_of_others(run, measured, tmp_path):
    measured("cdcgan", "colours")
    folder = tmp_path / "runs/cdcgan"
    before = (folder / "metrics.json").read_bytes()
    found = measurements.read_metrics(folder).rows
    config = checkpoint.read(folder)
    newer = replace(config, weights=replace(config.weights, sha256="0" * 64))
    write_files(folder, {"config.json": newer.to_json().encode()})
    with pytest.raises(Refused, match="were replaced while they were measured"):
        rows.write(folder, found)
    assert (folder / "metrics.json").read_bytes() == before


def test_two_evaluations_of_a_folder_lose_no_row_of_each_other(run, measured, tmp_path, monkeypatch):
    measured("cdcgan", "colours")
    folder = tmp_path / "runs/cdcgan"
    read = measurements.read_metrics
    monkeypatch.setattr(measurements, "read_metrics", lambda at: (read(at), time.sleep(0.1))[0])
    both = [
        threading.Thread(target=rows.write, args=(folder, [{"name": name, "value": 1.0}]))
        for name in ("one", "other")
    ]
    for writer in both:
        writer.start()
    for writer in both:
        writer.join()
    names = {figure["name"] for figure in json.loads((folder / "metrics.json").read_text())["metrics"]}
    assert {"one", "other", "fid_n60"} <= names


def test_figures_are_written_also_where_the_cache_can_only_be_read(run, measured, tmp_path, monkeypatch):
    measured("cdcgan", "colours")
    (tmp_path / "no-folder").touch()
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "no-folder"))
    rows.write(tmp_path / "runs/cdcgan", [{"name": "one", "value": 1.0}])
    assert "one" in (tmp_path / "runs/cdcgan/metrics.json").read_text()
