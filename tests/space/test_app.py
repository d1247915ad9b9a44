"""The shelf of models, the page around them, and its endpoints over HTTP."""

import os
import subprocess
import sys

import gradio as gr
import pytest
import torch
from gradio_client import Client, exceptions
from PIL import Image

import zoo
from space import app
from space.shelf import Shelf, find
from space.studio import Studio
from tests.toys import same, train
from zoo import pictures
from zoo.errors import UnknownName

# --- the shelf


def test_a_model_is_loaded_once(shelf, monkeypatch):
    first = shelf.model("dcgan-a")
    monkeypatch.setattr(zoo, "load", None)
    assert shelf.model("dcgan-a") is first


def test_two_models_of_one_id_are_both_offered(tmp_path, runs, write):
    write(tmp_path / "again", "dcgan-a", seed=9)
    (tmp_path / "again" / "dcgan-a").rename(tmp_path / "again" / "later")
    keys = Shelf(find([str(runs), str(tmp_path / "again")])).ids("noise")
    assert keys == ["dcgan-a", "dcgan-b", "dcgan-a (later)"]


def test_all_trainings_of_one_id_are_offered_told_apart_by_their_folders(tmp_path, write):
    """Also where the folders have one name, and where only the path above tells them apart."""
    for seed, place in enumerate(("one", "two", "three"), 1):
        write(tmp_path / place, "dcgan-a", seed=seed)
    write(tmp_path / "one", "dcgan-a2", seed=4)
    (tmp_path / "one/dcgan-a2").rename(tmp_path / "seed4")
    config = tmp_path / "seed4/config.json"
    config.write_text(config.read_text().replace("dcgan-a2", "dcgan-a"))
    folders = [tmp_path / place / "dcgan-a" for place in ("one", "two", "three")] + [tmp_path / "seed4"]
    shelf = Shelf(find(map(str, folders)))
    keys = shelf.ids("noise")
    assert keys == ["dcgan-a", "dcgan-a (dcgan-a)", "dcgan-a (three/dcgan-a)", "dcgan-a (seed4)"]
    for key, folder in zip(keys, folders, strict=True):
        assert torch.equal(shelf.model(key).sample(1), zoo.load(folder).sample(1))
    assert len({shelf.name(key) for key in keys}) == 4
    assert len({shelf.model(key).sample(1).sum().item() for key in keys}) == 4


def test_by_default_the_bundled_models_are_offered(monkeypatch):
    monkeypatch.setattr(zoo, "list_models", lambda: ["some-model"])
    assert find(None) == ["some-model"]


def test_an_owner_stands_for_all_their_models(monkeypatch):
    theirs = {"someone": ["someone/dcgan-a", "someone/dcgan-b"]}
    monkeypatch.setattr(
        zoo, "list_models", lambda owner=None: theirs.get(owner, []) if owner else ["some-model"]
    )
    assert find(["someone", "some-model"]) == ["someone/dcgan-a", "someone/dcgan-b", "some-model"]
    with pytest.raises(UnknownName, match="'nobody' has no models"):
        find(["nobody"])


def test_a_folder_without_models_is_said(tmp_path):
    with pytest.raises(UnknownName, match="no checkpoint folder in"):
        find([str(tmp_path)])


@pytest.mark.parametrize("given", ["dcgan-no-such", "no/such/folder"])
def test_the_command_stops_with_one_line_at_an_unknown_model(given):
    with pytest.raises(SystemExit, match=r"space: .*no"):
        app.main(["--models", given])


# --- the page


def words(page: gr.Blocks) -> str:
    return str(page.get_config_file())


@pytest.mark.parametrize(
    ("names", "tabs"),
    [
        (["dcgan-a"], ["Compare", "Interpolate", "Leaderboard", "Lab"]),
        (["tint-a"], ["Facades", "Leaderboard", "Lab"]),
        (["dcgan-b"], ["Compare", "Interpolate", "Curves", "Leaderboard", "Lab"]),  # which has a history
        (["dcgan-a", "tint-a"], ["Compare", "Interpolate", "Facades", "Leaderboard", "Lab"]),
        ([], []),
    ],
)
def test_a_tab_appears_where_a_model_can_fill_it(runs, names, tabs):
    train(runs / "dcgan-b")
    page = app.build(Studio(Shelf(runs / name for name in names)))
    labels = [c["props"]["label"] for c in page.get_config_file()["components"] if c["type"] == "tabitem"]
    assert labels == tabs
    assert ("There is no model here yet" in words(page)) == (not names)


@pytest.fixture
def client(shelf):
    page = app.build(Studio(shelf))
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **app.LAUNCH)
    yield Client(url, verbose=False)
    page.close()


def test_the_page_answers_its_endpoints_over_http(client, runs):
    model = zoo.load(runs / "dcgan-a")
    path = client.predict("dcgan-a", seed=5, n=4, truncation=1.0, api_name="/sample")
    assert same(Image.open(path), model.grid(4, seed=5, truncation=1.0))
    path = client.predict("dcgan-a", 5, 6, steps=3, latent_b=2, api_name="/interpolate")
    assert same(Image.open(path), pictures.grid(model.interpolate(5, (6, 2), steps=3), columns=3))
    models = client.predict(api_name="/models")
    assert [(one["id"], one.get("loss")) for one in models][:2] == [
        ("dcgan-a", "focal"),
        ("dcgan-b", "focal"),
    ]
    for bad, says in (
        (("dcgan-z", 5), "no model named"),
        (("dcgan-a", -5), "whole number"),
        (("<img>",), "&lt;img"),
    ):
        with pytest.raises(exceptions.AppError, match=says):
            client.predict(*bad, api_name="/sample")
    with pytest.raises(exceptions.AppError, match="knows no classes"):
        client.predict("dcgan-a", label="cat", api_name="/sample")
    named = client.view_api(return_format="dict")["named_endpoints"]
    assert sorted(named) == ["/interpolate", "/models", "/sample", "/translate"]


def test_a_class_is_named_or_numbered_over_http(runs, write):
    write(runs, "cdcgan-a", "cdcgan")
    model = zoo.load(runs / "cdcgan-a")
    page = app.build(Studio(Shelf(find([str(runs)]))))
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **app.LAUNCH)
    try:
        client = Client(url, verbose=False)
        for label in ("dog", "1"):
            path = client.predict("cdcgan-a", seed=5, n=4, label=label, api_name="/sample")
            assert same(Image.open(path), model.grid(4, columns=2, seed=5, labels=1))
        path = client.predict(
            "cdcgan-a", 5, 6, steps=3, label_a="cat", label_b="dog", api_name="/interpolate"
        )
        assert same(
            Image.open(path), pictures.grid(model.interpolate(5, 6, steps=3, labels=[0, 1]), columns=3)
        )
        with pytest.raises(exceptions.AppError, match="no class named"):
            client.predict("cdcgan-a", label="cow", api_name="/sample")
    finally:
        page.close()


def test_threads_that_wait_for_work_leave_the_cores_to_others():
    """OpenMP's wait in a loop otherwise, and reads how it should be when torch is loaded."""
    told = "args[0] == 'torch' and (print(os.environ.get('OMP_WAIT_POLICY'), flush=True), os._exit(0))"
    hook = f"lambda event, args: event == 'import' and {told}"
    code = f"import os, sys; sys.addaudithook({hook}); import space.app"
    plain = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    process = subprocess.run(
        [sys.executable, "-c", code], env=plain, capture_output=True, text=True, check=True
    )
    assert process.stdout.split() == ["passive"]
