import json
from types import SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub import errors

import zoo
from zoo import hub
from zoo.errors import CheckpointError, Refused, UnknownName, ZooError

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def no_owner(monkeypatch):
    monkeypatch.delenv("ZOO_HUB_OWNER", raising=False)


@pytest.fixture
def bundled(tmp_path, monkeypatch, make_checkpoint):
    """A zoo of two installed models."""
    monkeypatch.setattr(hub, "BUNDLED", tmp_path / "bundled")
    for name in ("dcgan-focal-cifar10", "dcgan-wgan-gp-cifar10"):
        make_checkpoint(folder=f"bundled/{name}")
    return tmp_path / "bundled"


class FakeHub:
    """Two repositories with a model each; counts what is asked for."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.asked, self.error = folder, [], None
        monkeypatch.setattr(huggingface_hub, "hf_hub_download", self.download)
        monkeypatch.setattr(huggingface_hub, "HfApi", self.api)

    def api(self, token=None):
        return SimpleNamespace(resolve_revision=self.resolve_revision, list_models=self.list_models)

    def resolve_revision(self, repository, revision=None):
        if self.error:
            raise self.error
        self.asked.append((repository, revision))
        return SimpleNamespace(resolved=SHA)

    def download(self, repository, name, *, revision, token):
        assert revision == SHA
        self.asked.append(name)
        if not (self.folder / name).exists():
            raise errors.RemoteEntryNotFoundError("404", response=SimpleNamespace(headers={}, request=None))
        return str(self.folder / name)

    def list_models(self, *, author, filter):
        assert filter == "gan-zoo"
        return [SimpleNamespace(id=f"{author}/{name}") for name in ("sngan-hinge-x", "dcgan-focal-x")]


@pytest.fixture
def remote(make_checkpoint, monkeypatch):
    return FakeHub(make_checkpoint(folder="remote"), monkeypatch)


@pytest.fixture
def no_hub(monkeypatch):
    """Fails where the Hub is asked at all."""
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda **_: pytest.fail("asked the Hub"))


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
    assert zoo.list_models("focal") == []


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
    monkeypatch.setattr(zoo.hub.Path, "read_text", lambda *_, **__: pytest.fail("read it"))
    monkeypatch.setattr(zoo.hub.Path, "open", lambda *_, **__: pytest.fail("opened it"))
    refused(name)


def test_a_plain_name_is_no_folder(make_checkpoint, tmp_path, monkeypatch, bundled, no_hub):
    make_checkpoint(folder="mine")
    monkeypatch.chdir(tmp_path)
    refused("mine", "mine")
    assert zoo.load("./mine").id == "dcgan-focal-toy"


def test_an_id_never_leaves_the_bundle(make_checkpoint, bundled, no_hub):
    make_checkpoint(folder=".")
    make_checkpoint(folder="bundled")
    for name in ("..", ".", ""):
        refused(name)


def test_an_unknown_model_gets_near_matches(bundled, no_hub):
    refused("dcgan-focal-cifar", "did you mean dcgan-focal-cifar10")


def test_a_known_cell_that_is_not_installed_says_how_to_get_it(bundled, no_hub):
    refused("dcgan-hinge-cats64", "not installed", "owner", "train")


def test_info_reads_no_weights(bundled, no_hub):
    (bundled / "dcgan-focal-cifar10" / "model.safetensors").unlink()
    sha256 = "0" * 64
    rows = [{"name": "fid", "value": 55.1}]
    text = json.dumps({"weights_sha256": sha256, "metrics": rows})
    (bundled / "dcgan-focal-cifar10" / "metrics.json").write_text(text)
    info = zoo.info("dcgan-focal-cifar10")
    assert info.config.id == "dcgan-focal-toy" and info.metrics == (rows, True)


# ---- on the Hub


def test_a_repository_is_pulled_at_one_commit(remote):
    assert zoo.load("someone/toy").folder == remote.folder
    assert remote.asked == [("someone/toy", None), "config.json", "model.safetensors", "metrics.json"]


def test_a_revision_stands_after_the_name_or_apart(remote):
    zoo.load("someone/toy@exp/a")
    zoo.load("someone/toy", revision="v1")
    assert remote.asked[0] == ("someone/toy", "exp/a") and ("someone/toy", "v1") in remote.asked
    refused("someone/toy@v1", "once", revision="v2", kind=Refused)


def test_info_of_a_repository_pulls_no_weights(remote):
    assert zoo.info("someone/toy").config.id == "dcgan-focal-toy"
    assert "model.safetensors" not in remote.asked


def test_an_owners_zoo_is_searched_after_the_bundled_one(remote, bundled, monkeypatch):
    zoo.load("other-model", owner="someone")
    assert remote.asked[0] == ("someone/other-model", None)
    monkeypatch.setenv("ZOO_HUB_OWNER", "else")
    zoo.load("third-model")
    assert ("else/third-model", None) in remote.asked
    assert zoo.load("dcgan-focal-cifar10").folder.parent == bundled
    refused("third-model", "owner", owner="a/b", kind=Refused)


def test_a_bundled_id_with_a_revision_is_the_owners(remote, bundled):
    refused("dcgan-focal-cifar10", "owner", revision="v1", kind=Refused)
    zoo.load("dcgan-focal-cifar10", revision="v1", owner="someone")
    assert remote.asked[0] == ("someone/dcgan-focal-cifar10", "v1")


def test_an_owners_zoo_is_listed_under_names_that_load(remote):
    assert zoo.list_models(owner="someone") == ["someone/dcgan-focal-x", "someone/sngan-hinge-x"]
    assert zoo.list_models("dcgan-*", owner="someone") == ["someone/dcgan-focal-x"]


def test_a_client_without_resolve_revision_asks_for_the_models_sha(remote, monkeypatch):
    api = SimpleNamespace(model_info=lambda repository, revision: SimpleNamespace(sha=SHA))
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda token=None: api)
    assert zoo.load("someone/toy").folder == remote.folder


def test_a_repository_that_is_no_model_says_so(remote):
    (remote.folder / "config.json").unlink()
    refused("someone/toy", "no model", "config.json")


def raised(kind, message="first line\nsecond", **given):
    if issubclass(kind, errors.HfHubHTTPError):
        given["response"] = SimpleNamespace(headers={}, request=None, status_code=500)
    return kind(message, **given)


@pytest.mark.parametrize(
    "error, kind, words",
    [
        (raised(errors.RepositoryNotFoundError), UnknownName, ["private", "token"]),
        (raised(errors.GatedRepoError), UnknownName, ["gated"]),
        (raised(errors.RevisionNotFoundError), UnknownName, ["revision 'v1'"]),
        (raised(errors.HFValidationError), UnknownName, ["someone/toy"]),
        (raised(errors.HfHubHTTPError), CheckpointError, ["cannot fetch someone/toy", "first line"]),
        (raised(errors.LocalEntryNotFoundError), CheckpointError, ["cannot fetch", "first line"]),
        (raised(errors.RevisionResolutionError), CheckpointError, ["cannot fetch", "first line"]),
        (raised(errors.OfflineModeIsEnabled), CheckpointError, ["cannot fetch", "first line"]),
        (OSError("No space left on device"), CheckpointError, ["No space"]),
    ],
)
def test_what_the_hub_refuses_is_said_in_one_line(remote, error, kind, words):
    remote.error = error
    refused("someone/toy", *words, kind=kind, revision="v1")
