"""A folder that is taken, other options than before, and what the nets or the data do not allow."""

import shutil

import pytest
from PIL import Image

from tests.train.running.short_runs import files, refusal
from train.running import auto, folder
from zoo import checkpoint
from zoo.errors import DataError, Refused, TrainingError, ZooError

# ---- a folder that is taken


def test_a_folder_that_holds_a_run_is_not_written_over(run):
    before = files(out := run())
    assert "--resume" in (said := refusal(TrainingError, run)) and "--out" in said
    assert files(out) == before


@pytest.mark.parametrize(
    "given, words",
    [({"dataset": "long"}, "96 at most"), ({"log_kimg": 0.004, "kimg": 500.0}, "would log 125,000 times")],
)
def test_what_could_not_be_written_or_read_is_refused_before_the_first_step(
    given, words, run, tmp_path, made_up, each_step
):
    if "dataset" in given:
        shutil.copytree(made_up / "photos", tmp_path / ("pictures-of-" * 8))
        given = {"dataset": str(tmp_path / ("pictures-of-" * 8))}
    each_step(lambda *of: pytest.fail("a step was taken"))
    assert words in refusal(ZooError, run, **given)


def test_more_label_names_than_classes_may_be_are_no_part_of_a_config(run, tmp_path):
    for i in range(1001):
        (tmp_path / f"people/Firstname{i:04}_Surname_of_some_length_and_then_a_little_more").mkdir(
            parents=True
        )
        Image.new("RGB", (32, 32), (i % 256, 0, 0)).save(
            next((tmp_path / "people").glob(f"*{i:04}_*")) / "0.png"
        )
    config = checkpoint.read(run(dataset=str(tmp_path / "people"), kimg=0.02, snapshot_kimg=0.02))
    assert config.dataset.labels == () and config.dataset.pictures > 900


def test_a_place_that_cannot_be_written_to_is_a_line(run, tmp_path):
    (tmp_path / "file").write_text("")
    assert refusal(TrainingError, run, out=tmp_path / "file") == (
        f"cannot write into --out {tmp_path / 'file'}: Not a directory"
    )


def test_a_checkpoint_without_a_state_is_not_written_over_either(run):
    """A bundled model, say, or one that was fetched."""
    out = run()
    shutil.rmtree(out / "state")
    before = files(out)
    for resume in (False, True):
        assert "--out" in refusal(TrainingError, run, resume=resume, seed=1)
        assert files(out) == before


@pytest.mark.parametrize(
    "field, other",
    [("loss", "hinge"), ("seed", 1), ("lr", 1e-3), ("betas", (0.0, 0.9)), ("width", 8)],
)
def test_a_run_is_not_resumed_with_other_options(field, other, run):
    before = files(out := run(kimg=0.08))
    then = {"loss": "vanilla", "seed": 0, "kimg": 0.08, "lr": 4e-4, "betas": [0.5, 0.999], "width": 4}[field]
    said = refusal(TrainingError, run, resume=True, **{"kimg": 0.08, field: other})
    other = list(other) if isinstance(other, tuple) else other
    assert f"{field} = {then}, not {other}" in said and "--out" in said
    assert files(out) == before


def test_a_run_is_not_resumed_with_other_processes_or_pictures(run, made_up, tmp_path, monkeypatch):
    shutil.copytree(made_up / "photos", tmp_path / "photos")
    given = {"dataset": str(tmp_path / "photos"), "kimg": 0.08}
    run(**given)
    (tmp_path / "photos/a/00.png").unlink()
    assert "pictures = 24, not 23" in refusal(TrainingError, run, resume=True, **given)
    state = folder.read_state(tmp_path / "run")
    state["options"] |= {"processes": 2, "pictures": 23}
    folder.write_state(tmp_path / "run", state)
    assert "processes = 2, not 1" in refusal(TrainingError, run, resume=True, **given)


# ---- refused before anything is written


@pytest.mark.parametrize("given", [{}, {"precision": "auto", "memory_format": "auto"}])
def test_a_batch_larger_than_the_data_is_refused_before_a_step_is_timed(given, run, tmp_path, monkeypatch):
    monkeypatch.setattr(auto, "seconds_a_step", lambda *_: pytest.fail("took a step"))
    assert "24 pictures" in (said := refusal(DataError, run, batch=25, **given)) and "25" in said
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name, given", [("dcgan", {"size": 48}), ("pix2pix", {"size": 50})])
def test_a_size_that_the_nets_do_not_make_is_refused_before_a_picture_is_read(name, given, run, tmp_path):
    said = refusal(Refused, run, name, **given, dataset="nowhere/to-be-found")
    assert str(given["size"]) in said and "64" in said
    assert not (tmp_path / "run").exists()
