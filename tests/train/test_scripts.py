"""Every training script as a user starts it: through `accelerate launch`, in one process and in two.

A start costs seconds, most of them spent importing, so runs are shared between tests and overlap.
"""

import json
import os
import socket
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import psutil
import pytest
import torch

import train
import zoo
from train.running.options import TranslationOptions

ROOT = Path(train.__path__[0]).parent
SHORT = "--width 4 --batch 4 --kimg 0.192 --snapshot-kimg 0.096 --log-kimg 0.016 --mirror"
SHORT += " --precision float32 --memory-format contiguous"


@pytest.fixture(scope="module")
def start(made_up, tmp_path_factory):
    """Start a variant of a script, in so many processes, into a folder → the running launcher."""
    home, started = tmp_path_factory.mktemp("home"), []
    aside = {"OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true", "HF_HUB_OFFLINE": "1"}
    places = {"ZOO_CACHE": str(home / "cache"), "HF_HOME": str(home / "hub")}  # no user's accelerate config
    environment = os.environ | aside | places

    def start(command, out, processes, *more):
        script, *switches = command.split()
        launch = ["--cpu", "--num_processes", "1"]
        if processes > 1:
            launch = ["--multi_gpu", "--num_processes", str(processes), "--main_process_port", free_port()]
        line = [sys.executable, "-m", "accelerate.commands.launch", *launch]
        if script.endswith(".py"):
            line += [script]
        elif issubclass(import_module(f"train.{script}").Options, TranslationOptions):
            line += f"train/{script}.py --dataset {made_up / 'pairs'} --size 64 --cap 8 {SHORT}".split()
        else:
            line += f"train/{script}.py --dataset {made_up / 'photos'} --size 32 --latent 8 {SHORT}".split()
        launcher = subprocess.Popen(
            [*line, *switches, "--out", str(out), *more],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        started.append(launcher)
        return launcher

    yield start
    for launcher in started:
        if launcher.poll() is None:
            kill(launcher)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def kill(launcher):
    """SIGKILL for the launcher and all that it started, which has no chance to clean up."""
    family = [psutil.Process(launcher.pid), *psutil.Process(launcher.pid).children(recursive=True)]
    for process in family:
        process.kill()
    psutil.wait_procs(family, timeout=30)
    launcher.communicate()


def finish(launcher):
    said, _ = launcher.communicate(timeout=240)
    assert launcher.returncode == 0, said[-3000:]
    return said


@pytest.fixture(scope="module")
def finished(start, tmp_path_factory):
    """A variant of a script → number of processes → the folder of its uninterrupted run, made once."""
    folder, done = tmp_path_factory.mktemp("finished"), {}

    def finished(variant):
        if variant not in done:
            outs = {n: folder / f"{variant.replace(' ', '')}-{n}" for n in (1, 2)}
            for launcher in [start(variant, out, n) for n, out in outs.items()]:
                finish(launcher)
            done[variant] = outs
        return done[variant]

    return finished


def test_a_script_trains_and_leaves_a_checkpoint_in_one_process_and_in_two(variant, finished):
    script, *switches = variant.split()
    for processes, out in finished(variant).items():
        model = zoo.load(out)
        training = model.config.training
        assert (training.processes, training.batch) == (processes, 4)
        assert training.kimg == 0.192 and training.g_steps == 48 // processes // training.critic_steps
        assert model.config.architecture["name"] == ("cdcgan" if switches == ["--conditional"] else script)
        words = training.command.split()
        assert words[2] == f"train/{script}.py" and {*switches} <= {*words} and training.mirror
        history = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
        assert [row["kimg"] for row in history] == pytest.approx([0.016 * i for i in range(1, 13)])
        if model.kind == "noise":
            made = model.sample(4)
            assert made.shape == (4, 3, 32, 32)
        else:
            made = model.translate(torch.zeros(1, 3, 64, 64))
            assert made.shape == (1, 3, 64, 64)
        assert made.isfinite().all() and made.std() > 0
        assert len(list((out / "state/snapshots").iterdir())) == 2
        assert (out / "samples.png").is_file() and (out / "progress.webp").is_file()


@pytest.mark.parametrize("name, processes", [("dcgan", 1), ("pix2pix", 2)])
def test_a_killed_run_is_resumed_bit_for_bit(name, processes, start, finished, tmp_path, outcome):
    out = tmp_path / "killed"
    launcher = start(name, out, processes)
    history, state = out / "history.jsonl", out / "state/state.pt"
    deadline = time.monotonic() + 240

    def lines():
        return history.read_text().count("\n") if history.exists() else 0

    while not state.exists() or lines() < 7:  # an interval past the first snapshot
        assert launcher.poll() is None and time.monotonic() < deadline, launcher.communicate()[0][-3000:]
        time.sleep(0.002)
    kill(launcher)
    saved, whole = torch.load(state, weights_only=True)["g_steps"], finished(name)[processes]
    assert 0 < saved < zoo.load(whole).config.training.g_steps and zoo.load(out)
    assert saved < json.loads(history.read_text().splitlines()[-1])["g_steps"]
    if processes == 1:  # by its folder alone
        finish(start(f"train/{name}.py", out, processes, "--resume", str(out)))
    else:
        finish(start(name, out, processes, "--resume"))
    assert not list(out.rglob(".*.tmp"))
    assert outcome(out) == outcome(whole)


# ---- two processes

SPY = '''
"""Train with two processes, which write down what each of them saw and did."""

import hashlib, json, math, sys
from pathlib import Path

import torch

from train import dcgan
from train.running import loop
from zoo.errors import ZooError

out, data = Path(sys.argv[sys.argv.index("--out") + 1]), sys.argv[-1]
play, steps, written = loop.play, [], set()


def digest(*tensors):
    return hashlib.sha256(b"".join(t.detach().numpy().tobytes() for t in tensors)).hexdigest()


def watched(game, batches, *rest, **named):
    scalars = play(game, batches, *rest, **named)
    steps.append({
        "pictures": [digest(picture) for batch in batches for picture in batch.real],
        "noise": [digest(row) for batch in batches for row in batch.latents],
        "weights": digest(*game.generator.parameters(), *game.critic.parameters(), *game.average.parameters()),
        "k": game.k.item(),
    })
    if nan_at == (len(steps), torch.distributed.get_rank()):
        scalars["d_loss"] = scalars["d_loss"] * math.nan
        with torch.no_grad():
            next(game.average.parameters()).fill_(math.nan)
    return scalars


def note(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and arguments[0].startswith(str(out)):
        if set(arguments[1] or "") & set("wax+"):
            written.add(arguments[0])


def run(loss, out):
    options = dcgan.Options(
        dataset=data, size=32, latent=8, width=4, batch=4, kimg=0.096, snapshot_kimg=0.048, log_kimg=0.016,
        loss=loss, critic_lr=1e-3, precision="float32", memory_format="contiguous", augment="none", out=out,
    )
    try:
        loop.run("dcgan", options, script="dcgan.py")
    except ZooError as error:
        return str(error)


torch.set_num_threads(1)
loop.play = watched
loop.Accelerator.end_training = lambda self: None  # which would end the group of processes after the first run
sys.addaudithook(note)
out.mkdir(exist_ok=True)
said, seen, nan_at = {}, {}, None
for loss in ("began", "wgan-gp"):
    said[loss], seen[loss] = run(loss, out / loss), list(steps)
    steps.clear()
rank = torch.distributed.get_rank()
(out.parent / f"rank-{rank}.json").write_text(json.dumps({"seen": seen, "said": said, "wrote": sorted(written)}))

nan_at = (12, 1)  # the last step of the last interval, in the process that writes nothing
(out.parent / f"nan-{rank}.txt").write_text(run("vanilla", out / "nan") or "")

torch.distributed.destroy_process_group()
names = [task.read_text().strip() for task in Path("/proc/self/task").glob("*/comm")]
(out.parent / f"threads-{rank}.txt").write_text(" ".join(names))
'''


@pytest.fixture(scope="module")
def spied(start, made_up, tmp_path_factory):
    """What each of two processes saw, said and wrote."""
    folder = tmp_path_factory.mktemp("spied")
    (folder / "spy.py").write_text(SPY, encoding="utf-8")
    launcher = start(str(folder / "spy.py"), folder / "out", 2, str(made_up / "photos"))
    said = launcher.communicate(timeout=240)[0]
    reports = [folder / f"rank-{rank}.json" for rank in range(2)]
    assert all(report.exists() for report in reports), said[-3000:]
    return [json.loads(report.read_text()) for report in reports], folder


def test_two_processes_draw_noise_of_their_own(spied):
    for loss in ("began", "wgan-gp"):
        drawn = [row for report in spied[0] for step in report["seen"][loss] for row in step["noise"]]
        assert len(set(drawn)) == len(drawn) >= 96  # pictures, in all steps of both


def test_two_processes_see_disjoint_pictures_and_all_of_them_in_an_epoch(spied):
    one, two = ([p for s in report["seen"]["began"] for p in s["pictures"]] for report in spied[0])
    assert len(one) == len(two) == 48
    for epoch in range(4):
        seen = [*one[12 * epoch : 12 * epoch + 12], *two[12 * epoch : 12 * epoch + 12]]
        assert len(set(seen)) == len(seen) == 24
    assert one[:12] != one[12:24]


@pytest.mark.parametrize("loss", ["began", "wgan-gp"])
def test_two_processes_have_the_same_weights_after_each_step(loss, spied):
    one, two = ([(step["weights"], step["k"]) for step in report["seen"][loss]] for report in spied[0])
    assert one == two and len(set(one)) == len(one) == {"began": 12, "wgan-gp": 3}[loss]
    assert all(k > 0 for _, k in one) == (loss == "began")


def test_one_process_writes(spied):
    first, second = (report["wrote"] for report in spied[0])
    assert {Path(path).name for path in first} >= {"history.jsonl", ".config.json.tmp", ".state.pt.tmp"}
    assert second == []


def test_nan_in_any_process_stops_them_all_before_it_is_saved(spied):
    folder = spied[1]
    for rank in range(2):
        said = folder / f"nan-{rank}.txt"
        assert said.exists() and "generator step 12 " in said.read_text()
    model = zoo.load(folder / "out/nan")
    assert model.config.training.g_steps == 6 and model.sample(2).isfinite().all()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted where /proc lists them")
def test_no_thread_of_the_process_group_outlives_it(spied):
    """One that asks for Python while it shuts down aborts the process, with status -6 after a finished run."""
    for rank in range(2):
        names = (spied[1] / f"threads-{rank}.txt").read_text()
        assert "python" in names and "gloo" not in names


# ---- an error


def test_a_script_that_cannot_begin_says_so_in_one_line_and_fails(tmp_path):
    """One stands for all: test_options.py has the others, in one process."""
    out = tmp_path / "out"
    ended = subprocess.run(
        [sys.executable, "train/dcgan.py", "--loss", "fokal", "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=240,
    )
    assert ended.returncode != 0 and ended.stdout == "" and not out.exists()
    assert ended.stderr == "dcgan.py: no loss named 'fokal': did you mean focal?\n"


def test_a_refusal_of_two_processes_is_one_line(tmp_path):
    """By the README's launch.py: each process refuses, one says so, and the launcher keeps its traceback."""
    aside = {"HF_HOME": str(tmp_path), "CUDA_VISIBLE_DEVICES": ""}
    for words, line in (
        (
            ["2", "train/dcgan.py", "--loss", "fokal"],
            "dcgan.py: no loss named 'fokal': did you mean focal?\n",
        ),
        (
            ["train/dcgan.py"],
            "launch.py: give a number of processes, 2 or more, then a script with its options\n",
        ),
    ):
        done = subprocess.run(
            [sys.executable, "train/launch.py", *words],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"} | aside,
            capture_output=True,
            encoding="utf-8",
            timeout=240,
        )
        assert (done.returncode, done.stdout, done.stderr) == (2, "", line)
    assert "python train/launch.py 4 train/dcgan.py" in (ROOT / "train/README.md").read_text(encoding="utf-8")


def test_a_refusal_under_the_launcher_is_one_line(tmp_path):
    """By the README's `-q`, where the launcher's own defaults are settled: `accelerate config default`."""
    places = {"HF_HOME": str(tmp_path / "hub"), "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    launch = [sys.executable, "-m", "accelerate.commands.accelerate_cli"]
    told = {"cwd": ROOT, "env": os.environ | places, "capture_output": True, "encoding": "utf-8"}
    subprocess.run([*launch, "config", "default"], check=True, **told)
    done = subprocess.run([*launch, "launch", "-q", "train/dcgan.py", "--loss", "fokal"], **told)
    assert done.returncode != 0 and done.stdout == ""
    assert done.stderr == "dcgan.py: no loss named 'fokal': did you mean focal?\n"
    readme = (ROOT / "train/README.md").read_text(encoding="utf-8").split("```")[1]
    assert all(line.startswith("accelerate launch -q ") for line in readme.strip().splitlines())
