"""A card is made from its folder alone, says what was measured and what not, and knows when it is old."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from huggingface_hub import ModelCard
from jinja2 import UndefinedError
from PIL import Image

from cards import build, card, citations, measures, runs
from zoo import checkpoint, names
from zoo.architectures import ARCHITECTURES
from zoo.errors import CheckpointError
from zoo.losses import LOSSES


@pytest.fixture
def measured(make, figures_of):
    return make("runs/some", rows=figures_of.noise(), history=figures_of.history())


def text(folder: Path) -> str:
    build.build(folder)
    return (folder / "README.md").read_text(encoding="utf-8")


def test_front_matter_is_what_the_hub_looks_for(measured):
    head = yaml.safe_load(text(measured).split("---")[1])
    assert head["library_name"] == "gan-zoo" and "gan-zoo" in head["tags"]
    assert head["pipeline_tag"] == "unconditional-image-generation"
    assert head["datasets"] == ["uoft-cs/cifar10"] and head["license"] == "apache-2.0"


def test_model_index_holds_every_measured_figure_of_pictures_and_loses_nothing_on_its_way(
    measured, figures_of
):
    text(measured)
    found = {
        result.metric_type: result for result in ModelCard.load(measured / "README.md").data.eval_results
    }
    rows = {re.sub(r"_n\d+$", "", row["name"]): row for row in figures_of.noise() if "n" in row}
    assert {name: result.metric_value for name, result in found.items()} == {
        name: row["value"] for name, row in rows.items()
    }
    assert found["kid"].metric_args["se"] == rows["kid"]["se"] and found["kid"].metric_args["n"] == 5000
    assert found["fid"].dataset_split == "test" and not {"swing_d", "last_epoch_d_loss"} & found.keys()


def test_figures_of_snapshots_are_not_taken_for_the_weights_in_the_folder(make, figures_of):
    best = [row | {"which": "best", "value": 0.125} for row in figures_of.noise()[:4]]
    best += [
        row | {"momentum": 0.05, "value": 0.125} for row in figures_of.noise()[:4]
    ]  # of the raw generator
    folder = make("runs/some", rows=figures_of.noise() + best)
    page = text(folder)
    assert "best snapshot" in page and "**not** in this folder" in page
    last = [row | {"weights_sha256": checkpoint.read(folder).weights.sha256} for row in best]
    page = text(make("runs/some", rows=figures_of.noise() + last))
    assert "No snapshot along the way was better" in page and "**not**" not in page
    values = [result.metric_value for result in ModelCard.load(folder / "README.md").data.eval_results]
    assert 0.125 not in values


def test_unmeasured_is_said_plainly(make):
    folder = make("runs/some")
    page = text(folder)
    assert page.count("ot measured yet") == 2  # pictures and curves
    assert "model-index" not in page and not (folder / "curves.png").exists()


def test_figures_of_other_weights_are_not_shown(make, figures_of):
    folder = make("runs/some", rows=figures_of.noise(fid=12.34))
    content = json.loads((folder / "metrics.json").read_text())
    (folder / "metrics.json").write_text(json.dumps(content | {"weights_sha256": "0" * 64}))
    page = text(folder)
    assert "figures of other ones" in page and "12.3" not in page


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"recall": 0.049}, "This model has collapsed"),
        ({"memorisation": 0.1}, "repeats training pictures"),
        ({"precision": 0.0}, "Hardly any"),
        ({"asked_class": 0.1}, "does not follow its label"),
        ({"class_coverage": 0.5}, "Only 50% of the data's classes"),
    ],
)
def test_a_defect_stands_above_everything_else(make, figures_of, values, said):
    page = text(make("runs/some", rows=figures_of.noise(**values)))
    assert said in page.partition("## Use")[0]
    fine = text(make("runs/fine", rows=figures_of.noise(asked_class=0.9)))
    assert said not in fine


@pytest.mark.parametrize(
    ("batch", "statistics", "said"),
    [
        (1, "batch", "the one picture (trained on one picture"),
        (32, "running", "running statistics (trained on 32"),
    ],
)
def test_a_translators_card_says_how_it_is_used_and_was_trained(make, batch, statistics, said):
    of = make("runs/pix", "pix2pix")
    config = json.loads((of / "config.json").read_text())
    config["training"]["batch"], config["inference"]["statistics"] = batch, statistics
    (of / "config.json").write_text(json.dumps(config))
    assert said in text(of)


def test_other_seeds_stand_beside_the_models_own_figures(make, figures_of):
    own = figures_of.noise(fid=50.0)
    others = [
        row | {"which": "other seed", "training_seed": seed}
        for seed, fid in ((1, 54.0), (2, 52.0))
        for row in figures_of.noise(fid=fid)
        if row["name"].startswith("fid")
    ]
    page = text(make("runs/some", rows=own + others))
    assert "| FID (n = 5,000) ↓ | 50.0 | 52.0 ± 2.0 (3) |" in page
    assert "training seeds" not in text(make("runs/alone", rows=own))
    further = [row | {"n": 50_000, "name": "fid_n50000"} for row in others]
    assert "training seeds" not in text(make("runs/unlike", rows=own + further))


@pytest.mark.parametrize(
    "recalls, said",
    [
        ([0.02, 0.03], "Trained again, 2 of 2 did so too.**"),
        ([0.4], "Trained again, 0 of 1 did so too.**"),
        ([0.4, 0.01], "Trained again, 1 of 2 did so too.**"),
    ],
)
def test_of_a_collapse_it_is_said_how_often_it_came_again_and_not_why(recalls, said, make, figures_of):
    others = [
        row | {"which": "other seed", "training_seed": 1 + i}
        for i, recall in enumerate(recalls)
        for row in figures_of.noise(recall=recall)
    ]
    page = text(make("runs/some", rows=figures_of.noise(recall=0.01) + others))
    assert said in page.partition("## Use")[0]
    assert "Trained again" not in text(make("runs/fine", rows=figures_of.noise(recall=0.4) + others))
    five = text(make("runs/five", rows=figures_of.noise(recall=0.01), critic_steps=5))
    assert "it had a fifth of the generator's steps that its siblings with one critic step had" in five


@pytest.mark.parametrize("mark, said", [("saturated", "had won"), ("dead", "died")])
def test_a_critic_that_has_won_or_died_is_named_where_its_calm_could_deceive(mark, said, make, figures_of):
    rows = [row | ({mark: True} if row["name"] == "swing_d" else {}) for row in figures_of.noise()]
    page = text(make("runs/some", rows=rows))
    assert f"Its critic {said}" in page.partition("## Use")[0]
    assert page.partition("**Stability**")[2].count(f"({mark} critic: no sign of stability)") == 4


@pytest.mark.parametrize(
    ("architecture", "dataset", "written"),
    [("dcgan", "cifar10", "grid.png"), ("cdcgan", "cifar10", "grid.png"), ("pix2pix", "facades", "photograph.png"),
     ("pix2pix", "my-pairs", "output.png")],
)  # fmt: skip
def test_how_to_use_runs_as_printed(make, bundle, tmp_path, architecture, dataset, written):
    name = f"{architecture}-focal-{dataset}"
    page = text(make(bundle(name), architecture, dataset=dataset))
    code = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
    assert len([line for line in code.splitlines() if line]) == 3
    Image.new("RGB", (40, 40)).save(tmp_path / "input.png")
    there = (
        f"from zoo import names; import pathlib; names.BUNDLED = pathlib.Path({str(tmp_path / 'zoo')!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", there + code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert Image.open(tmp_path / written).width >= 32


@pytest.mark.parametrize(("kimg", "shown"), [(0.16, "0.16"), (9.6, "9.6"), (26.656, "27"), (1234.5, "1,234")])
def test_when_a_short_run_settled_is_not_rounded_to_0(kimg, shown):
    assert measures.show("settled_kimg_d", kimg) == shown


def test_pairs_of_ones_own_are_not_called_label_maps_and_photographs(make):
    """Whichever way they go: façades alone are known to be painted."""
    folder = make("runs/some", "pix2pix", dataset="my-pairs")
    (folder / "samples.png").touch()
    page = text(folder)
    assert (
        "colour pictures from others." in page
        and "from fixed inputs, not chosen" in page
        and "give unlikely pictures." in page
    )
    assert not re.search("label map|photograph", page.partition("## Cite")[0])
    facades = text(make("runs/facades", "pix2pix", dataset="facades"))
    assert "from label maps." in facades and "give unlikely photographs." in facades


def test_translations_are_told_in_all_modes_with_their_intervals(make, figures_of):
    page = text(make("runs/some", "pix2pix", dataset="facades", rows=figures_of.translation()))
    assert "12.87 [12.61, 13.13]" in page and "pipeline_tag: image-to-image" in page
    assert page.count("statistics, dropout") == 4 and "dropout on; the default" in page
    assert "wrap-around PSNR, no quality" in page and "Tyleček" in page


def test_training_is_told_whole(measured):
    page = text(measured)
    for fact in ("accelerate launch train/dcgan.py --loss focal --kimg 250", "0123abcd" * 5, "| seed | 0 |",
                 "a CPU, 1 thread", "250,000, 5 epochs", "7 min", "15,625", "running statistics, no dropout",
                 "0.02 of 255 grey levels"):  # fmt: skip
        assert fact in page


def test_a_clipped_critic_with_batch_norm_says_what_that_does(make):
    assert "rescales what was clipped" in text(make("runs/some", loss="wgan", clip=0.01))


def test_a_generator_without_a_critic_is_told_as_such(make):
    page = text(make("runs/some", "pix2pix", "none", "facades"))
    assert "without a critic, by its L1 loss alone" in page and "**none**" not in page
    assert "| pictures seen |" in page and "critic step" not in page
    assert "**Stability**" not in page and "**Stability**" in text(make("runs/gan", "pix2pix"))


def test_what_the_template_asks_for_must_be_there(measured, monkeypatch):
    monkeypatch.setattr(card.sections, "facts", lambda config: {})
    with pytest.raises(UndefinedError):
        card.render(measured)


def test_data_without_a_known_licence_give_weights_without_one(make):
    page = text(make("runs/some", dataset="my-photos"))
    assert "license: unknown" in page and "Nothing is known here of this data set's licence" in page
    assert "datasets:" not in page
    assert "No licence is stated for the cat faces" in text(make("runs/cats", dataset="cats64"))


@pytest.mark.parametrize("hub_id", [None, "someone/cifar10"])
def test_a_set_that_is_only_called_as_a_named_one_gets_neither_its_licence_nor_its_citation(make, hub_id):
    page = text(make("runs/some", hub_id=hub_id))
    assert "license: unknown" in page and "Krizhevsky" not in page and "CIFAR-10" not in page


def test_every_loss_and_architecture_has_something_to_cite():
    rows = [*LOSSES.values(), *ARCHITECTURES.values()]
    assert all(row.cite for row in rows)
    entries = {key for row in rows for key in row.cite if key.startswith("@")}
    keys = {key for row in (*rows, *citations.DATA.values()) for key in row.cite} - entries
    assert keys == citations.BIBTEX.keys()
    for key, entry in citations.BIBTEX.items():
        assert re.match(r"@\w+\{(\w+),", entry)[1] == key
    assert all(entry.count("{") == entry.count("}") for entry in (*citations.BIBTEX.values(), *entries))


def test_a_loss_may_bring_its_citation_whole(make, monkeypatch):
    monkeypatch.setattr(LOSSES["focal"], "cite", ("lin2017", "@misc{mine2026,\n  title = {Mine}\n}"))
    entries = text(make("runs/some")).partition("## Cite")[2]
    assert (
        entries.index("@inproceedings{lin2017") < entries.index("@misc{mine2026") < entries.index("radford")
    )


def test_check_is_silent_after_build_wherever_the_folder_goes(measured, tmp_path, capsys):
    text(measured)
    moved = measured.rename(tmp_path / "elsewhere")
    assert build.main(["--check", str(moved)]) == 0 and not capsys.readouterr().out


@pytest.mark.parametrize("name", ["config.json", "metrics.json", "history.jsonl"])
def test_check_names_the_file_that_a_card_is_older_than(measured, capsys, name):
    text(measured)
    path = measured / name
    path.write_text(
        path.read_text().rstrip("\n") + "\n\n"
        if name != "history.jsonl"
        else path.read_text()[:2000].rsplit("\n", 1)[0]
    )
    assert build.main(["--check", str(measured)]) == 1
    assert f"older than {name}" in capsys.readouterr().out


def test_check_sees_changed_words_and_missing_curves_but_reads_no_picture(measured, capsys):
    page = text(measured)
    Image.new("L", (2, 2)).save(measured / "curves.png")
    assert build.check(measured) is None
    (measured / "curves.png").unlink()
    assert "curves.png" in build.check(measured)
    text(measured)
    (measured / "README.md").write_text(page.replace("55.1", "5.1"))
    assert build.main(["--check", str(measured)]) == 1 and "not what" in capsys.readouterr().out
    (measured / "README.md").write_text("# mine")
    assert "not made by" in build.check(measured)


def test_without_names_all_bundled_models_are_meant(make, bundle, capsys):
    make(bundle("dcgan-focal-cifar10"))
    assert build.main(["--check"]) == 1 and "has no README.md" in capsys.readouterr().out
    assert build.main([]) == 0 == build.main(["--check"])


def test_what_was_written_is_said_and_how_figures_come_to_it(make, measured, capsys):
    folder = make("runs/plain")
    assert build.main([str(folder), str(measured)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{folder}: README.md; zoo evaluate {folder} adds figures",
        f"{measured}: README.md and curves.png",
    ]


def test_a_damaged_folder_is_one_line(make, capsys):
    folder = make("runs/some", history=[{"kimg": 1.0}])
    (folder / "history.jsonl").write_text("{")
    assert build.main([str(folder)]) == 2 and "history.jsonl is damaged" in capsys.readouterr().err
    assert not (folder / "README.md").exists()
    assert build.main(["runs/nowhere"]) == 2
    with pytest.raises(CheckpointError):
        checkpoint.read_history(folder)


def test_a_history_of_words_a_foreign_heading_and_a_damaged_failure_are_one_line(make, capsys):
    folder = make("runs/some", history=[{"kimg": 1.0, "d_loss": 1.0}])
    build.build(folder)
    text = (folder / "README.md").read_text()
    (folder / "README.md").write_text(re.sub(r"<!-- made from {.*} -->", "<!-- made from {,} -->", text))
    assert build.main([str(folder), "--check"]) == 2 and "README.md is damaged" in capsys.readouterr().err
    with (folder / "history.jsonl").open("a") as file:
        file.write('{"kimg": 2.0, "d_loss": "x"}\n')
    assert build.main([str(folder)]) == 2 and "its line 2 holds" in capsys.readouterr().err
    for damaged in ("{", "[]", '{"error": 7}'):
        (folder / "failed.json").write_text(damaged)
        with pytest.raises(CheckpointError, match=r"failed\.json is damaged"):
            runs.read("mine", folder)


def test_a_card_and_its_curves_are_small(make, figures_of):
    noisy = {name: np.random.default_rng(1).normal(1, 0.3, 200) for name in ("d_loss", "g_loss", "penalty")}
    folder = make("runs/some", "pix2pix", dataset="facades", rows=figures_of.translation() + figures_of.noise()[8:],
                  history=figures_of.history(200, **noisy))  # fmt: skip
    text(folder)
    assert (folder / "curves.png").stat().st_size < 35_000
    assert (folder / "README.md").stat().st_size < 15_000


def test_no_card_of_the_zoo_has_drifted():
    cards = [
        names.BUNDLED / name for name in names.bundled() if (names.BUNDLED / name / "README.md").exists()
    ]
    assert {folder.name: problem for folder in cards if (problem := build.check(folder))} == {}
