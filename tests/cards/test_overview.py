"""The overview shows every cell, trained or not, ours beside theirs, and is made from folders alone."""

import json
from functools import partial

import pytest
from PIL import Image

from cards import figures, overview, papers, readme, runs, tables
from cards.runs import Zoo
from zoo.errors import Refused


@pytest.fixture
def zoo(make, figures_of, tmp_path):
    """A bundled model with a further seed, one that failed, one of a paper's recipe, and references."""
    make("zoo/dcgan-focal-cifar10", rows=figures_of.noise(fid=50.0))
    make(
        "results/starter-zoo/dcgan-focal-cifar10-seed1",
        rows=figures_of.noise(fid=52.0),
        seed=1,
        weights=False,
    )
    make("results/controls/dcgan-vanilla-cifar10-layer-norm-seed0", loss="vanilla", rows=figures_of.noise(),
         weights=False)  # fmt: skip
    make("results/lucic-seven/dcgan-wgan-gp-cifar10-seed2", loss="wgan-gp", rows=figures_of.noise(fid=66.6), seed=2,
         weights=False, g_steps=3125, critic_steps=5)  # fmt: skip
    failed = tmp_path / "results" / "starter-zoo" / "dcgan-wgan-gp-cifar10-seed0"
    failed.mkdir(parents=True)
    (failed / "failed.json").write_text(
        json.dumps({"error": "the loss is NaN", "kimg": 3.0, "arguments": []})
    )
    references = tmp_path / "results" / "references"
    references.mkdir()
    rows = [row | {"subject": "real"} for row in figures_of.noise(fid=5.25)]
    (references / "cifar10.json").write_text(json.dumps({"dataset": "cifar10", "metrics": rows}))
    return runs.find(tmp_path / "zoo", tmp_path / "results")


def test_runs_are_found_with_recipe_seed_and_tag(zoo):
    assert {(r.recipe, r.loss, r.tag, r.seed) for r in zoo.runs} == {
        ("starter-zoo", "focal", "", 0),
        ("starter-zoo", "focal", "", 1),
        ("starter-zoo", "wgan-gp", "", 0),
        ("controls", "vanilla", "layer-norm", 0),
        ("lucic-seven", "wgan-gp", "", 2),
    }


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("dcgan-wgan-gp-cifar10-seed3", ("dcgan", "wgan-gp", "cifar10", 3)),
        ("convgan-bn-after-lsgan-fashion-mnist", ("convgan-bn-after", "lsgan", "fashion-mnist", 0)),
    ],
)
def test_a_failed_run_is_known_by_its_name(name, parts):
    run = runs.failed("some", name, "NaN")
    assert (run.architecture, run.loss, run.dataset, run.seed) == parts


def test_the_runs_that_decided_the_protocol_are_a_table_of_their_own(make, figures_of, tmp_path):
    for loss, tag in (("focal", ""), ("vanilla", ""), ("focal", "-lr-2e-4")):
        folder = f"results/protocol/dcgan-{loss}-cifar10{tag}-seed0"
        rows = figures_of.noise()
        for row in rows:
            row["dead"] = bool(tag)
        make(folder, loss=loss, rows=rows, weights=False)
    found = runs.find(tmp_path / "zoo", tmp_path / "results")
    heading, _, plain, tagged = tables.protocol(found).splitlines()
    assert heading == "| setting | kimg | vanilla | focal |"
    assert "as the starter zoo (lr 0.0004)" in plain and "–" not in plain and "dead" not in plain
    assert "lr-2e-4" in tagged and " | – | " in tagged and ", dead critic |" in tagged
    assert tables.controls(found) == ""


def test_what_is_said_of_how_the_protocol_was_decided_is_what_its_table_shows():
    """Rates, clip and gamma are the best that were tried; a norm that is not used gains a few per cent at most."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for run in runs.find().runs:
        if run.recipe == runs.PROTOCOL and run.config:
            found.setdefault((run.architecture, run.tag), {})[run.loss] = run.value("classifier_distance")
    gains = {
        (net, tag): [1 - of[loss] / found[net, ""][loss] for loss in of if loss in found[net, ""]]
        for (net, tag), of in found.items()
        if tag and not tag.endswith("-long")
    }
    died = ("sngan", "lr-8e-4")
    norms = [gain for (_, tag), of in gains.items() for gain in of if "norm" in tag]
    others = [gain for at, of in gains.items() for gain in of if "norm" not in at[1] and at != died]
    assert max(others) < 0 < min(gains[died]) and 0 < max(norms) < 0.05
    told = overview.PROTOCOL
    assert (
        "unless at full length a critic dies" in told and "norm tried gains more than a few per cent" in told
    )


def test_figures_of_other_weights_are_left_out(make, figures_of, tmp_path):
    folder = make("zoo/dcgan-focal-cifar10", rows=figures_of.noise())
    content = json.loads((folder / "metrics.json").read_text())
    (folder / "metrics.json").write_text(json.dumps(content | {"weights_sha256": "0" * 64}))
    (found,) = runs.find(tmp_path / "zoo", tmp_path / "results").runs
    assert not found.rows


def test_every_cell_says_how_it_stands(zoo):
    lines = {
        line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ")
        for line in tables.matrix(zoo).splitlines()
    }
    assert lines["focal"][1] == "51.0 ± 1.4" and lines["wgan-gp"][1] == "failed: the loss is NaN"
    assert lines["hinge"][1] == "not trained yet"
    assert tables.cell(zoo, "cdcgan", "began", "cifar10") == "refused"


def test_families_stand_in_the_order_of_their_nets_with_the_most_trained_data_first(run):
    found = (("convgan-bn-after", "fashion-mnist"), ("dcgan", "cats64"), ("convgan-bn", "fashion-mnist"))
    runs = [run("focal", architecture=net, dataset=data) for net, data in found]
    runs += [run("focal", seed=seed, dataset="cifar10") for seed in (0, 1)]
    order = [("dcgan", "cifar10"), ("dcgan", "cats64"), ("convgan-bn", "fashion-mnist"), found[0]]
    assert tables.families(Zoo(runs)) == order


def test_a_collapsed_model_is_called_so(run):
    assert "collapsed" in tables.cell(Zoo([run("focal", recall=0.01)]), "dcgan", "focal", "cifar10")
    assert "| collapsed |" in tables.family(Zoo([run("focal", recall=0.01)]), "dcgan", "cifar10")


def test_of_several_seeds_it_is_told_how_many_collapsed(run):
    zoo = Zoo([run("focal", recall=0.01), run("focal", seed=1, recall=0.4)])
    assert tables.cell(zoo, "dcgan", "focal", "cifar10").endswith(", collapsed in 1 of 2 seeds")
    assert "| collapsed in 1 of 2 seeds |" in tables.family(zoo, "dcgan", "cifar10")


def test_a_figure_that_not_every_seed_has_says_how_many_have_it(run, figures_of):
    rows = [row for row in figures_of.noise(fid=52.0) if not row["name"].startswith("recall")]
    for table, of in (
        (lambda zoo: tables.family(zoo, "dcgan", "cifar10"), {"loss": "focal"}),
        (tables.resnet, {"loss": "wgan", "architecture": "sngan", "recipe": "resnet-losses"}),
    ):
        text = table(Zoo([run(**of, fid=50.0, recall=0.01), run(**of, seed=1, rows=rows)]))
        (line,) = [line for line in text.splitlines() if line.startswith(f"| {of['loss']} |")]
        assert " | 51.0 ± 1.4 | " in line and " | 0.010 (1 of 2) | " in line
    assert text.splitlines()[0].startswith("| loss | theirs | seeds | FID") and line.endswith(" seeds |")
    assert "| 2 | 51.0" in line and line.endswith("| collapsed in 1 of 2 seeds |")
    assert "not measured yet |" not in text and "| not trained yet |" in text


def test_a_family_shows_steps_beside_the_budget_and_real_pictures_for_scale(zoo):
    text = tables.family(zoo, "dcgan", "cifar10")
    assert "| focal | 250 | 15,625 | 2 | 51.0 ± 1.4 |" in text and "*real pictures* |  |  |  | 5.2 |" in text
    assert "*noise*" in text and "not measured yet" in text
    assert "n = 5,000, against the test split (10,000), Inception 2015-12-05" in text


def test_each_papers_figures_stand_beside_ours(zoo):
    page = overview.pages(zoo)[overview.PAGE]
    for theirs in (*papers.PSNR.values(), 347.65, 94.23, *papers.LUCIC["cifar10"].values()):
        assert str(theirs) in page
    assert "| 55.8 | 66.6 |" in page
    assert "Ours of wgan-gp on cifar10: lucic-seven, 250 kimg, 3,125 generator steps." in page
    assert "dcgan vanilla on cifar10, layer-norm" in page


def test_a_net_that_is_not_trained_on_a_set_is_named_where_another_is(run):
    text = tables.lucic(Zoo([run("vanilla", "convgan", "fashion-mnist", fid=32.0)]))
    assert "fashion-mnist, dcgan, ours" in text.splitlines()[0] and "| 26.5 | not trained yet |" in text


def test_one_net_evaluated_with_two_momenta_fills_two_columns(run, figures_of):
    rows = figures_of.noise(fid=70.0)
    rows = [rows[0] | {"momentum": m, "value": v} for m, v in ((0.1, 81.0), (0.05, 92.0))] + rows
    zoo = Zoo([run("lsgan", "convgan-bn", "fashion-mnist", recipe="lsgan-fashion-mnist", rows=rows)])
    text = tables.fashion(zoo)
    assert "74.12 / 81.0 | 144.11 / 92.0" in text and zoo.runs[0].value("fid") == 70.0
    assert text.endswith(
        "Of LSGAN the columns of momentum 0.1 and 0.05 are the same training, evaluated twice."
    )
    both = Zoo([*zoo.runs, run("vanilla", "convgan-bn", "fashion-mnist", fid=27.7)])
    assert "144.43 / 27.7* | 347.65 / 27.7*" in tables.fashion(both)
    assert (
        "Of GAN the columns of momentum 0.1 and 0.05 are the same training, which has not been evaluated with a"
        " momentum, so one figure stands twice. Of LSGAN" in tables.fashion(both)
    )
    assert "same training" not in tables.fashion(Zoo())


def test_fids_of_fewer_samples_than_their_table_has_are_said_to_be_too_high(run, figures_of):
    text = tables.lucic(Zoo([run("vanilla", fid=52.0)]))
    assert "FID falls with n: ours on cifar10, of n = 5,000, come out a little higher than" in text
    rows = [row | {"n": 10_000} if row["name"].startswith("fid") else row for row in figures_of.noise()]
    assert "FID falls" not in tables.lucic(Zoo([run("vanilla", rows=rows)]))


def test_training_pictures_have_no_memorisation_of_themselves_in_any_reference():
    for rows in runs.find().references.values():
        assert not [r for r in rows if r["subject"] == "real" and r["name"].startswith("memorisation")]


def test_the_page_works_when_nothing_is_there(tmp_path):
    (tmp_path / "overview-fid.png").write_bytes(b"old")
    overview.write(Zoo(), tmp_path)
    page = (tmp_path / "overview.md").read_text()
    assert "from 0 trainings" in page and "not trained yet" in page and "**F1, not tested.**" in page
    assert not (tmp_path / "overview-fid.png").exists()


def test_the_page_has_pictures_of_what_is_measured(zoo, tmp_path):
    overview.write(zoo, tmp_path)
    page = (tmp_path / "overview.md").read_text()
    assert "](overview-fid.png)" in page and Image.open(tmp_path / "overview-fid.png").width > 200
    assert page.count("\n- **") == 19 == page.count("| **") and "{" not in page


def test_the_terms_say_what_else_a_swing_of_0_may_mean_and_of_how_many_seeds_a_figure_is(zoo):
    terms = overview.pages(zoo)[overview.PAGE].partition("*To read*")[2].partition("###")[0]
    assert "sampling noise that is taken off" in terms and "one picture at a time (pix2pix)" in terms
    assert "*(2 of 3)*" in terms and "their difference (taken before rounding)" in terms
    assert "over the usual peak" in terms and "The first interval is left out, since" in terms
    assert (
        "*Collapsed*: recall below 0.05 or, where recall was not measured, less than 50% of the classes"
        in terms
    )


def test_the_page_opens_with_what_was_found_and_the_models_come_last(zoo):
    page = overview.pages(zoo)[overview.PAGE]
    order = [
        "# What was found",
        "**F1, ",
        "**R5, ",
        "## The papers' figures beside ours",
        "theirs, Table 4",
        "## How verdicts are reached",
        "### Every comparison",
        "## Our models",
        "](overview-fid.png)",
        "### Losses × architectures",
        "### dcgan on cifar10",
    ]
    places = [page.index(text) for text in order]
    assert places == sorted(places)


def test_check_is_silent_after_writing_and_compares_the_text_and_no_picture(
    zoo, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(overview.runs, "find", lambda: zoo)
    monkeypatch.setattr(overview, "write", partial(overview.write, out=tmp_path))
    monkeypatch.setattr(overview, "check", partial(overview.check, out=tmp_path))
    monkeypatch.setattr(readme, "README", tmp_path / "README.md")
    readme.README.write_text(f"# One's own\n\n{readme.BEGIN}{readme.END}\n\nand more")
    assert overview.main(["--check"]) == 1 and "python -m cards.overview" in capsys.readouterr().out
    assert overview.main([]) == 0 == overview.main(["--check"]) and not capsys.readouterr().out
    (tmp_path / "overview-fid.png").write_bytes(b"another picture")
    assert overview.main(["--check"]) == 0
    (tmp_path / "overview-fid.png").unlink()
    assert overview.main(["--check"]) == 1 and "overview-fid.png is missing" in capsys.readouterr().out
    overview.main([])
    changed = next(run for run in zoo.runs if run.rows)
    changed.rows[0]["value"] = 49.0  # measured anew
    assert overview.main(["--check"]) == 1 and "overview.md is not" in capsys.readouterr().out
    assert "49.0" not in (tmp_path / "overview.md").read_text()  # nothing is written
    overview.write(zoo)
    assert overview.main(["--check"]) == 1 and "README.md's table is not" in capsys.readouterr().out
    overview.main([])
    assert overview.main(["--check"]) == 0 and "FID (n = 5,000) 49.0" in readme.README.read_text()


def test_the_readme_names_the_best_bundled_model_of_every_family(zoo, make, figures_of, tmp_path):
    make("zoo/dcgan-hinge-cifar10", loss="hinge", rows=figures_of.noise(fid=40.0))
    make("zoo/dcgan-lsgan-cifar10", loss="lsgan", rows=figures_of.noise(fid=60.0))
    make("zoo/sngan-hinge-cifar10", loss="hinge", architecture="sngan", rows=())
    for loss, fid in {"focal": 160.0, "hinge": 150.0, "none": 140.0}.items():  # the last is no GAN
        rows = figures_of.translation(fid=fid)
        make(f"zoo/pix2pix-{loss}-facades", loss=loss, architecture="pix2pix", dataset="facades", rows=rows)
    found = runs.find(tmp_path / "zoo", tmp_path / "results")
    before, after = "# One's own\n\n", "\n\nand more | that | is not a table"
    text = readme.written(f"{before}{readme.BEGIN}old{readme.END}{after}", found)
    assert text == readme.written(text, found)
    assert text.startswith(before + readme.BEGIN) and text.endswith(readme.END + after)
    lines = [line for line in text.splitlines() if line.startswith("| ")][2:]
    link = "[{0}](zoo/checkpoints/{0}/README.md): ".format
    assert [line.strip("| ").split(" | ") for line in lines] == [
        ["dcgan", "cifar10", "3", link("dcgan-hinge-cifar10") + "FID (n = 5,000) 40.0"],
        ["sngan", "cifar10", "1", "not measured yet"],
        ["pix2pix", "facades", "2",
         link("pix2pix-hinge-facades") + "FID (n = 106) 150.0; L1 alone, a control, 140.0"],
    ]  # fmt: skip
    with pytest.raises(Refused, match="no place"):
        readme.written("# One's own", found)


@pytest.mark.parametrize("lowest", [-0.001, 0.0, 0.001])
def test_a_picture_holds_every_dot_also_of_a_kid_that_is_not_above_0(lowest, monkeypatch):
    drawn = []
    monkeypatch.setattr(figures, "png", drawn.append)
    figures.over_zoo(
        {"dcgan, cifar10": {"focal": [lowest, 0.1], "hinge": [0.2]}, "sngan": {"focal": [0.1]}}, "KID"
    )
    for axis in drawn[0].axes:
        low, high = axis.get_xlim()
        assert low < lowest and high > 0.2 and axis.get_xscale() == ("log" if lowest > 0 else "linear")
    bars = [line for line in drawn[0].axes[0].lines if line.get_marker() == "|"]
    assert [line.get_xdata()[0] for line in bars] == [(lowest + 0.1) / 2]  # of several seeds alone


def test_a_picture_whose_figures_are_gone_is_drift(tmp_path):
    overview.write(Zoo(), tmp_path)
    assert overview.check(Zoo(), tmp_path) is None
    (tmp_path / "overview-kid.png").write_bytes(b"old")
    assert "overview-kid.png is of figures that are gone" in overview.check(Zoo(), tmp_path)
