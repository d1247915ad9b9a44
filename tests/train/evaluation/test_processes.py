"""Evaluation by two processes."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.train.evaluation import colours
from zoo import measurements

SPY = '''
"""Evaluate with two processes, which write down what each of them wrote and left behind."""

import importlib.util, json, sys
from pathlib import Path

import torch

from train import classifier, evaluate
from train.evaluation import small_classifier
from train.evaluation import features, inception

out, tests, small_classifier.FOLDER = (Path(word) for word in sys.argv[1:4])
spec = importlib.util.spec_from_file_location("stand_ins", tests)
stand_ins = importlib.util.module_from_spec(spec)
spec.loader.exec_module(stand_ins)
inception.official = lambda *given: stand_ins.stand_in()
features.PART = 50
measure_all, places, wrote = evaluate.measure_all, [], set()


def watched(chosen, state):
    places.append((state.process_index, state.num_processes))
    measure_all(chosen, state)


def note(event, arguments):
    if event == "open" and str(arguments[0]).startswith(str(out)) and set(arguments[1] or "") & set("wax+"):
        wrote.add(str(Path(arguments[0]).relative_to(out)))


evaluate.measure_all = watched
sys.argv = ["evaluate.py", *sys.argv[4:]]
sys.addaudithook(note)
evaluate.main()
(rank, world), = places
tasks = Path("/proc/self/task").glob("*/comm")
found = {"world": world, "wrote": sorted(wrote), "threads": [task.read_text().strip() for task in tasks]}
found["group"] = torch.distributed.is_initialized()
(out / f"rank-{rank}.json").write_text(json.dumps(found))
'''


def test_two_processes_share_the_work_and_find_what_one_finds(run, folder, trained, measured, tmp_path):
    places = {"a": run / "cdcgan", "b": min((run / "cdcgan/state/snapshots").iterdir())}
    alone, both = tmp_path / "runs", tmp_path / "both"
    for name, place in places.items():
        for out in (alone, both):
            shutil.copytree(place, out / name, ignore=shutil.ignore_patterns("state"))
    (tmp_path / "spy.py").write_text(SPY, encoding="utf-8")
    given = ["--dataset", str(folder / "colours"), "--n", "60", "--n-classifier", "90"]
    launch = [
        "-m",
        "accelerate.commands.launch",
        "--multi_gpu",
        "--num_processes",
        "2",
        "--main_process_port",
        "0",
    ]
    words = [tmp_path / "spy.py", both, colours.__file__, trained.parent, both / "a", both / "b", *given]
    places = {"ZOO_CACHE": str(both / "cache"), "HF_HOME": str(tmp_path / "hub"), "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [sys.executable, *launch, *words],
        env=os.environ | places,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    ranks = [json.loads((both / f"rank-{rank}.json").read_text()) for rank in range(2)]
    assert [seen["world"] for seen in ranks] == [2, 2]

    for name in ("a", "b"):
        measured(name, "colours")
        one, two = (measurements.read_metrics(out / name).rows for out in (alone, both))
        told = [[(row["name"], row["weights_sha256"]) for row in rows] for rows in (one, two)]
        assert told[0] == told[1] and len(one) >= 9
        for x, y in zip(one, two, strict=True):
            assert x["value"] == y["value"] or x["value"] == pytest.approx(y["value"], rel=1e-4, abs=1e-6)

    first, second = (set(seen["wrote"]) for seen in ranks)
    places = [{path.split("/")[0] for path in wrote} for wrote in (first, second)]
    assert places == [{"a", "cache"}, {"b", "cache"}] and first.isdisjoint(second)
    assert not any(path.startswith("cache/data") for path in second)
    features_of = [sum(path.startswith("cache/features") for path in wrote) for wrote in (first, second)]
    assert features_of == [
        7,
        7,
    ]  # 50 pictures a part: 200 through Inception, 200 + 300 through the classifier
    assert not any(seen["group"] for seen in ranks)
    assert all("gloo" not in name for seen in ranks for name in seen["threads"])
