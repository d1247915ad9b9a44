import json
import subprocess
import sys
from pathlib import Path

import pytest

import zoo
import zoo.hub.pull
from zoo import names
from zoo.errors import Refused, UnknownName, ZooError


@pytest.fixture(autouse=True)
def no_owner(monkeypatch):
    monkeypatch.delenv("ZOO_HUB_OWNER", raising=False)


@pytest.fixture
def bundled(tmp_path, monkeypatch, make_checkpoint):
    """A zoo of two installed models."""
    monkeypatch.setattr(names, "BUNDLED", tmp_path / "bundled")
    for name in ("dcgan-focal-cifar10", "dcgan-wgan-gp-cifar10"):
        make_checkpoint(folder=f"bundled/{name}")
    return tmp_path / "bundled"


@pytest.fixture
def pulled(make_checkpoint, monkeypatch):
    """What is pulled: (repository, revision, whether with weights); it is always the same model."""
    folder, asked = make_checkpoint(folder="remote"), []

    def pull(repository, revision, token, *, weights, critic):
        assert not critic  # only a training that begins with a model wants it
        asked.append((repository, revision, weights))
        return folder

    monkeypatch.setattr(zoo.hub.pull, "pull", pull)
    return asked


@pytest.fixture
def no_hub(monkeypatch):
    """Fails where the Hub is asked at all."""
    monkeypatch.setattr(zoo.hub.pull, "pull", lambda *_, **__: pytest.fail("asked the Hub"))


def refused(name, *words, kind=UnknownName, **given):
    with pytest.raises(kind) as error:
        zoo.load(name, **given)
    assert "\n" not in str(error.value) and isinstance(error.value, ZooError)
    for word in words:
        assert word in str(error.value)


# ---- here


def test_a_folder_is_loaded_by_its_path(make_checkpoint, tmp_path, monkeypatch, no_hub):
    folder = make_checkpoint(folder="runs/toy")
    monkeypatch.chdir(tmp_path)
    for name in (folder, str(folder), "runs/toy", "./runs/toy", folder.relative_to(tmp_path)):
        assert zoo.load(name).id == "dcgan-focal-toy"


def test_a_bundled_model_is_loaded_by_its_id(bundled, no_hub):
    assert zoo.load("dcgan-focal-cifar10").folder == bundled / "dcgan-focal-cifar10"
    assert zoo.list_models() == ["dcgan-focal-cifar10", "dcgan-wgan-gp-cifar10"]
    assert zoo.list_models("*-focal-*") == ["dcgan-focal-cifar10"]
    assert zoo.list_models("wgan") == zoo.list_models("WGAN") == ["dcgan-wgan-gp-cifar10"]  # what contains it
    assert zoo.list_models("focal-*") == [] and zoo.list_models("ogan") == []


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "/etc",
        "..",
        ".",
        "",
        "../x",
        "a\0/b",
        "a/" * 5000,
        "x/..",
        "~/x",
        "a/b/c",
    ],
)
def test_what_is_no_model_is_not_read(bundled, no_hub, monkeypatch, name):
    monkeypatch.setattr(zoo.names.Path, "read_text", lambda *_, **__: pytest.fail("read it"))
    monkeypatch.setattr(zoo.names.Path, "open", lambda *_, **__: pytest.fail("opened it"))
    refused(name)


def test_a_plain_name_is_no_folder(make_checkpoint, tmp_path, monkeypatch, bundled, no_hub):
    make_checkpoint(folder="mine")
    monkeypatch.chdir(tmp_path)
    refused("mine", "the folder of that name is './mine'")
    assert zoo.load("./mine").id == "dcgan-focal-toy"


def test_an_id_never_leaves_the_bundle(make_checkpoint, bundled, no_hub):
    make_checkpoint(folder=".")
    make_checkpoint(folder="bundled")
    for name in ("..", ".", ""):
        refused(name)


def test_an_unknown_model_gets_near_matches(bundled, no_hub):
    refused("dcgan-focal-cifar", "did you mean dcgan-focal-cifar10")


def test_a_known_cell_that_is_not_installed_says_how_to_get_it(bundled, no_hub):
    refused("dcgan-hinge-cats64", "no model named", "owner", "train")


def test_info_reads_no_weights(bundled, no_hub):
    (bundled / "dcgan-focal-cifar10" / "model.safetensors").unlink()
    sha256 = "0" * 64
    rows = [{"name": "fid", "value": 55.1}]
    text = json.dumps({"weights_sha256": sha256, "metrics": rows})
    (bundled / "dcgan-focal-cifar10" / "metrics.json").write_text(text)
    info = zoo.info("dcgan-focal-cifar10")
    assert info.config.id == "dcgan-focal-toy" and info.metrics == (rows, True)


def test_a_folder_that_is_meant_is_looked_for_at_home(make_checkpoint, tmp_path, monkeypatch, no_hub):
    make_checkpoint(folder="runs/dcgan-focal-photos")
    Path(tmp_path, "runs/unfinished").mkdir()
    monkeypatch.chdir(tmp_path)
    refused("runs/dcgan-focal-photo", "did you mean runs/dcgan-focal-photos?", "runs/dcgan-focal-photo@main")
    refused("runs/zzz", "there are runs/dcgan-focal-photos")
    refused("runs/unfinished", "without a config.json")


def test_a_repository_whose_owner_is_called_as_a_folder_is_still_there(
    make_checkpoint, tmp_path, monkeypatch, pulled
):
    Path(tmp_path, "someone").mkdir()
    monkeypatch.chdir(tmp_path)
    zoo.load("someone/toy")  # nothing of ours is in that folder
    make_checkpoint(folder="someone/other")
    zoo.load("someone/toy@main")
    zoo.load("someone/toy", revision="main")
    assert [repository for repository, *_ in pulled] == ["someone/toy"] * 3


# ---- on the Hub; hub/test_pull.py has what happens there


def test_a_revision_stands_after_the_name_or_apart(pulled):
    zoo.load("someone/toy")
    zoo.load("someone/toy@exp/a")
    zoo.load("someone/toy", revision="v1")
    zoo.info("someone/toy")
    assert pulled == [
        ("someone/toy", None, True),
        ("someone/toy", "exp/a", True),
        ("someone/toy", "v1", True),
        ("someone/toy", None, False),
    ]
    refused("someone/toy@v1", "once", revision="v2", kind=Refused)


def test_an_owners_zoo_is_searched_after_the_bundled_one(pulled, bundled, monkeypatch):
    zoo.load("other-model", owner="someone")
    monkeypatch.setenv("ZOO_HUB_OWNER", "else")
    zoo.load("third-model")
    assert pulled == [("someone/other-model", None, True), ("else/third-model", None, True)]
    assert zoo.load("dcgan-focal-cifar10").folder.parent == bundled
    refused("third-model", "owner", owner="a/b", kind=Refused)


def test_a_bundled_id_with_a_revision_is_the_owners(pulled, bundled):
    refused("dcgan-focal-cifar10", "owner", revision="v1", kind=Refused)
    zoo.load("dcgan-focal-cifar10", revision="v1", owner="someone")
    assert pulled == [("someone/dcgan-focal-cifar10", "v1", True)]


def test_what_lies_here_is_found_by_its_path_or_its_id(bundled, tmp_path, monkeypatch, make_checkpoint):
    make_checkpoint(folder="toy")
    monkeypatch.chdir(tmp_path)
    assert names.local("toy") == Path("toy")
    assert names.local("dcgan-focal-cifar10") == bundled / "dcgan-focal-cifar10"
    with pytest.raises(UnknownName, match="no checkpoint folder or bundled model named 'someone/toy'"):
        names.local("someone/toy")


def test_a_folder_of_models_says_which_it_holds(make_checkpoint, tmp_path, monkeypatch, no_hub):
    for name in ("a", "b"):
        make_checkpoint(folder=f"runs/mine/{name}")
    monkeypatch.chdir(tmp_path)
    refused("runs/mine", "a folder of 2 models", "runs/mine/a or runs/mine/b")


def test_a_folder_whose_name_is_no_id_is_pointed_at(make_checkpoint, tmp_path, monkeypatch, no_hub):
    make_checkpoint(folder="My Model")
    monkeypatch.chdir(tmp_path)
    refused("My Model", "'./My Model'")


def test_a_folder_has_no_revisions(make_checkpoint, tmp_path, monkeypatch, no_hub):
    make_checkpoint(folder="me/toy")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refused, match="no revisions; of the Hub it is me/toy@v1"):
        zoo.load("me/toy", revision="v1")


@pytest.mark.parametrize("words", [["info", "dcgan-nope-x"], ["sample", "nope", "--out", "a.png"]])
def test_a_typo_is_told_without_torch(words):
    act = f"import sys\nfrom zoo import cli\ncode = cli.main({words!r})"
    code = f"{act}\nassert 'torch' not in sys.modules\nsys.exit(code)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert told.returncode == 2 and "no model named" in told.stderr
