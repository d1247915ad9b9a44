"""What goes to a Space, how it gets there, and that it runs there by itself."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import yaml
from gradio_client import Client
from packaging.requirements import Requirement
from PIL import Image

import zoo
from space import deploy
from tests.hub.faults import answers
from tests.hub.server import HubServer
from zoo.hub.push import Pushed, _matches

# Not the address that is the default: a Space listens elsewhere too.
LOOPBACK = "127.0.0.2" if sys.platform == "linux" else "127.0.0.1"
SAID = "said.txt"  # by a process, in its folder
SECONDS = 120  # until a page or a command is given up


def project() -> dict:
    return tomllib.loads((deploy.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text(path: str) -> str:
    return deploy.files()[path].read_text(encoding="utf-8")


def test_every_picture_that_goes_with_the_page_is_shown_by_a_readme():
    readmes = [(deploy.ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "space/README.md")]
    sent = [path for path in deploy.files() if re.match(r"space/.*\.(webp|png|jpg|gif)$", path)]
    assert sent and all(any(Path(path).name in readme for readme in readmes) for path in sent)


# --- the folder, in a process that has nothing else


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with what would be pushed."""
    folder = tmp_path_factory.mktemp("space")
    for path, content in deploy.files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content if isinstance(content, bytes) else content.read_bytes())
    return folder


@pytest.fixture(scope="module")
def libraries(tmp_path_factory) -> Path:
    """A folder with what a Space installs, and what that needs: links to the libraries of this Python."""
    libraries = tmp_path_factory.mktemp("libraries")
    todo, done = [*asked(), Requirement("gradio")], set()
    while todo:
        requirement = todo.pop()
        if (seen := (requirement.name, *sorted(requirement.extras))) in done:
            continue
        done.add(seen)
        installed = metadata.distribution(requirement.name)
        for name in {path.parts[0] for path in installed.files} - {"..", "__pycache__"}:
            if not (libraries / name).exists():
                (libraries / name).symlink_to(installed.locate_file(name))
        for needed in map(Requirement, installed.requires or ()):
            extras = requirement.extras or {""}
            if not needed.marker or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                todo.append(needed)
    return libraries


def alone(*command: str, cwd: Path, libraries: Path, **environment: str) -> subprocess.Popen:
    """Python with these libraries only: -S leaves out its own, and with them an editable install."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    ours = {
        "PYTHONPATH": str(libraries),
        "HOME": str(cwd),
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with (cwd / SAID).open("w") as said:
        return subprocess.Popen(
            [sys.executable, "-S", *command],
            cwd=cwd,
            env=kept | ours | environment,
            stdout=said,
            stderr=said,
        )


@pytest.fixture(scope="module")
def url(folder, libraries):
    """The address of the page, started as a Space starts it."""
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    listening = {"GRADIO_SERVER_NAME": LOOPBACK, "GRADIO_SERVER_PORT": str(port)}
    hosted = {"SYSTEM": "spaces", "SPACE_ID": "someone/gan-zoo", "HF_HUB_OFFLINE": "1"}
    process = alone(front_matter()["app_file"], cwd=folder, libraries=libraries, **listening, **hosted)
    try:
        yield wait_for(f"http://{LOOPBACK}:{port}", process, folder / SAID)
    finally:
        process.kill()
        process.wait()


def wait_for(url: str, process: subprocess.Popen, said: Path) -> str:
    end = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{url}/config", timeout=SECONDS):
                return url
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"no answer:\n{said.read_text()}")


def test_the_folder_answers_in_a_process_that_cannot_see_the_checkout(url):
    path = Client(url, verbose=False).predict("dcgan-focal-cifar10", seed=5, n=4, api_name="/sample")
    expected = zoo.load("dcgan-focal-cifar10").grid(4, seed=5)
    assert np.array_equal(np.asarray(Image.open(path)), np.asarray(expected))


@pytest.mark.parametrize("name", ["zoo", "space", "accelerate"])
def test_that_process_sees_neither_the_checkout_nor_what_a_space_does_not_install(name, libraries, tmp_path):
    alone("-c", f"import {name}", cwd=tmp_path, libraries=libraries).wait(SECONDS)
    assert f"No module named '{name}'" in (tmp_path / SAID).read_text()


def test_the_package_and_every_bundled_model_go_whole():
    paths = deploy.files().keys()
    assert {path.split("/")[0] for path in paths} == {
        *("app.py", "LICENSE", "README.md", "requirements.txt", "zoo", "cards", "space")
    }
    for id in zoo.list_models():
        assert {f"zoo/checkpoints/{id}/{name}" for name in ("config.json", "model.safetensors")} <= paths


def test_hidden_files_caches_and_the_deployment_itself_stay_here(tmp_path, monkeypatch):
    monkeypatch.setattr(deploy, "ROOT", tmp_path)
    left = (
        "zoo/__pycache__/a.pyc",
        "zoo/checkpoints/x/.model.safetensors.tmp",
        "space/.cache/b",
        "train/c.py",
    )
    sent = ("zoo/a.py", "zoo/checkpoints/x/config.json", "space/static/page.css")
    moved = ("space/README.md", "space/requirements.txt")
    for path in (*left, *sent, *moved):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/token").write_text("harmless")
    (tmp_path / "zoo/token.py").symlink_to(tmp_path / "secret/token")  # links are no part of a checkout
    (tmp_path / "zoo/linked").symlink_to(tmp_path / "secret", target_is_directory=True)
    assert deploy.files().keys() == {*sent, "README.md", "requirements.txt", "LICENSE", "app.py"}
    monkeypatch.undo()
    assert "space/deploy.py" not in deploy.files()


# --- what a Space reads


def front_matter() -> dict:
    _, front, _ = text("README.md").split("---\n", 2)
    return yaml.safe_load(front)


def test_the_front_matter_is_what_a_space_takes():
    front = front_matter()
    colours = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert front["sdk"] == "gradio" and front["app_file"] in deploy.files()
    assert {front["colorFrom"], front["colorTo"]} <= colours
    assert isinstance(front["sdk_version"], str) and isinstance(front["python_version"], str)
    assert len(front["short_description"]) <= 60
    assert front["license"] == project()["license"].lower()


def asked() -> list[Requirement]:
    lines = text("requirements.txt").splitlines()
    return [Requirement(line) for line in lines if not line.startswith(("#", "--"))]


def test_the_space_installs_what_the_page_needs_and_gradio_comes_by_its_version():
    needed = map(Requirement, [*project()["dependencies"], *project()["optional-dependencies"]["space"]])
    by_name = {requirement.name: requirement for requirement in needed}
    assert by_name.pop("gradio").specifier.contains(front_matter()["sdk_version"])
    assert {str(requirement) for requirement in asked()} == {str(one) for one in by_name.values()}


# --- the push


@pytest.fixture
def hub():
    with HubServer() as hub:
        yield hub
        assert not hub.crashes


@pytest.fixture
def push(hub, tmp_path):
    """Runs the command with these arguments in a process of its own."""

    def run(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "space.deploy", *arguments],
            cwd=deploy.ROOT,
            env=hub.environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )

    return run


def content(of: Path | bytes) -> bytes:
    return of if isinstance(of, bytes) else of.read_bytes()


def test_one_commit_makes_the_space_and_a_second_deployment_sends_nothing(hub, push):
    done = push("me/gan-zoo", "--private")
    assert done.returncode == 0, done.stderr
    space = hub.repo("me/gan-zoo", "spaces")
    assert {path: content(of) for path, of in deploy.files().items()} == {
        path: there for path, there in space.files.items() if path != ".gitattributes"
    }
    assert space.private and len(space.commits) == 2  # the Hub's own first one, and ours
    assert f"{hub.url}/spaces/me/gan-zoo holds {len(deploy.files())} files" in done.stdout

    asked_before = len(hub.requests)
    done = push("me/gan-zoo")
    assert done.returncode == 0 and "all was there" in done.stdout
    assert len(space.commits) == 2 and not [line for line in hub.lines(asked_before) if "/commit/" in line]


def test_a_page_without_a_server_is_one_commit_and_a_second_push_sends_nothing(
    hub, push, matrix, runtime_folder
):
    command = (
        "me/zoo",
        "--static",
        "--models",
        str(matrix / "dcgan-lsgan-toy"),
        "--runtime",
        str(runtime_folder),
    )
    done = push(*command)
    assert done.returncode == 0, done.stderr
    space = hub.repo("me/zoo", "spaces")
    assert len(space.commits) == 2 and "zoo.json" in space.files and "index.html" in space.files
    _, front, _ = space.files["README.md"].decode().split("---\n", 2)
    front = yaml.safe_load(front)
    assert (front["sdk"], front["app_file"]) == ("static", "index.html") and "sdk_version" not in front
    assert front["custom_headers"] == deploy.ISOLATED
    assert next(iter(space.commits.values()))["README.md"] == b"---\nsdk: static\n---\n"  # as it was made
    told = json.loads(space.files["zoo.json"])["models"]["dcgan-lsgan-toy"]
    assert {told["file"], told["first"]["file"], "runtime/ort-wasm-simd-threaded.wasm"} <= space.files.keys()

    asked_before = len(hub.requests)
    done = push(*command)
    assert done.returncode == 0 and "all was there" in done.stdout
    assert len(space.commits) == 2 and not [line for line in hub.lines(asked_before) if "/commit/" in line]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--models", "dcgan-focal-cifar11"), "did you mean"),
        (("--runtime", "no/such/folder"), "no/such/folder has no onnxruntime-web"),
    ],
)
def test_a_page_that_cannot_be_made_is_said_in_a_line_and_nothing_is_asked_of_the_hub(hub, push, given, said):
    done = push("me/zoo", "--static", "--models", "dcgan-focal-cifar10", "--runtime", "no", *given)
    assert done.returncode == 1 and not done.stdout and not hub.requests
    assert re.fullmatch(rf"space: [^\n]*{said}[^\n]*\n", done.stderr)


def test_models_are_chosen_for_a_page_without_a_server_alone(capsys):
    with pytest.raises(SystemExit):
        deploy.main(["me/zoo", "--models", "dcgan-focal-cifar10"])
    assert "are of --static" in capsys.readouterr().err


def test_what_the_page_no_longer_has_is_deleted_and_what_is_not_its_own_stays(hub, push):
    here = {path: content(of) for path, of in deploy.files().items()}
    space = hub.add(
        "me/gan-zoo", here | {"zoo/checkpoints/gone/config.json": b"{}", "notes.md": b"!"}, "spaces"
    )
    assert push("me/gan-zoo").returncode == 0
    assert space.files.keys() - here.keys() == {"notes.md", ".gitattributes"}
    assert len(space.commits) == 2


@pytest.mark.parametrize(
    ("how", "gone"), [("--static", "models/gone.onnx"), ("--private", "zoo/checkpoints/gone/config.json")]
)
def test_either_page_deletes_what_an_earlier_one_of_its_kind_left(how, gone, monkeypatch):
    pushed = {}
    monkeypatch.setattr(deploy, "static_files", lambda *given: {})
    monkeypatch.setattr(
        deploy, "push_files", lambda *given, **more: pushed.update(more) or Pushed("url", "sha", ())
    )
    deploy.main(["me/zoo", how])
    assert _matches(gone, pushed["replaces"]) and not _matches("notes.md", pushed["replaces"])
    assert pushed["private"] == (how == "--private")


def test_a_missing_subscription_is_said_in_one_line(hub, push):
    hub.fail("POST /api/repos/create", answers(402))
    done = push("me/gan-zoo")
    assert done.returncode == 1 and not done.stdout
    assert re.fullmatch(r"space: [^\n]*subscription[^\n]*\n", done.stderr)


def test_a_dry_run_shows_what_would_go_and_asks_the_hub_nothing(hub, push):
    done = push("me/gan-zoo", "--dry-run")
    *lines, last = done.stdout.splitlines()
    shown = {path: int(size.replace(",", "")) for size, path in (line.split(maxsplit=1) for line in lines)}
    assert shown == {path: len(content(of)) for path, of in deploy.files().items()}
    assert f"{len(shown)} files, {sum(shown.values()) / 1e6:.1f} MB" in last
    assert not hub.requests


@pytest.mark.parametrize("name", ["gan-zoo", "a/b/c", "../x", "me/"])
def test_a_space_has_an_owner_and_a_name(name, capsys):
    with pytest.raises(SystemExit):
        deploy.main([name, "--dry-run"])
    assert "give it as OWNER/NAME" in capsys.readouterr().err
