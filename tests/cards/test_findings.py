"""The findings follow from the same verdicts as the overview, and say no more than they do."""

import ast
import inspect
import re
from dataclasses import replace
from pathlib import Path

from cards import claims, findings, overview, runs, sentences
from cards.claims import CLAIMS, Verdict
from cards.runs import Zoo
from cards.verdicts import AGAINST, DIFFERENCE, FAILS, NOT_TESTED, SHOWN, UNDECIDED, Part


def decided(
    key: str, word: str, says: str = "", *, seeds: int = 2, note: str = "", p: float | None = None
) -> Verdict:
    claim = next(claim for claim in CLAIMS if claim.key == key)
    return Verdict(
        claim,
        [Part(word, f"figures of {key}", says, about="a recipe", seeds=seeds, what="KID", note=note, p=p)],
    )


def section(text: str, title: str) -> str:
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_what_is_contradicted_stands_apart_from_what_stands():
    text = findings.page(
        Zoo(),
        [decided("F1", DIFFERENCE), decided("F2", AGAINST), decided("R2", NOT_TESTED, FAILS),
         decided("F3", NOT_TESTED, UNDECIDED), Verdict(CLAIMS[5], [Part(NOT_TESTED, "x is not trained yet")])],
    )  # fmt: skip
    results, against = section(text, "Results"), section(text, "What does not replicate")
    assert "**F1, difference (as claimed).**" in results and "F2" not in results and "**R2" not in results
    assert "(R2); 1 undecided (F3); 1 without a verdict (F6)." in results
    assert (
        against.index("**F2, difference, the other way")
        < against.index("but our figures so far")
        < against.index("**R2.**")
    )


def test_nothing_contradicted_is_said_with_how_many_could_have_been():
    text = section(
        findings.page(Zoo(), [decided("F1", DIFFERENCE), decided("F2", NOT_TESTED), decided("F4", SHOWN)]),
        "What does not replicate",
    )
    assert "Claims whose own conditions are met: 1. None of them is contradicted." in text
    nothing = section(findings.page(Zoo(), [decided("F2", NOT_TESTED)]), "What does not replicate")
    assert "No claim is decided yet." in nothing


def test_limits_count_what_rests_on_one_seed_and_what_could_not_have_been_seen():
    told = [
        decided("F1", NOT_TESTED, UNDECIDED, seeds=1),
        decided("F2", UNDECIDED, seeds=3, note="a difference of 0.019 would be seen four times in five"),
        decided("F4", SHOWN, seeds=1),
    ]
    limits = section(findings.page(Zoo(), told), "Limits")
    assert "1 of 2 comparisons rest on one seed" in limits and "The others rest on 3 seeds." in limits
    assert "a smaller one less often: KID: 0.019." in " ".join(limits.split())
    assert "**Chance.**" not in limits
    limits = section(
        findings.page(Zoo(), [decided("F1", DIFFERENCE, p=0.02), decided("F2", AGAINST, p=0.5)]), "Limits"
    )
    assert "corrected for 2 claims by Holm's rule: F1 0.04, F2 0.5." in limits


def test_trainings_that_several_claims_lack_are_counted_once(run):
    training = replace(run("vanilla", "sngan").config.training, seconds=3600.0, hardware="a CPU, 1 thread")
    trained = [run(loss, "sngan") for loss in ("vanilla", "wgan", "hinge")]
    zoo = Zoo([replace(one, config=replace(one.config, training=training)) for one in trained])
    line = next(
        line for line in findings.page(zoo, claims.verdicts(zoo)).splitlines() if "`resnet-losses`" in line
    )
    assert line.startswith("- **Not tested: R1, R2, R3, R4, R5.** Missing: 9 of 9 trainings")
    assert "about 9 core-hours" in line


def test_the_set_up_names_precision_hardware_and_what_collapsed(run):
    zoo = Zoo([run("focal", fid=50.0), run("focal", seed=1, fid=52.0), run("wgan", recall=0.01, fid=90.0),
               run("focal", recipe="controls", tag="five-budgets")])  # fmt: skip
    text = section(findings.page(zoo, []), "Set-up")
    assert "by precision: float32 (3); by hardware: a CPU with 1 thread (3)" in text
    assert "| dcgan on cifar10 | 250 | 2 | focal | focal, FID 51.0 ± 1.4, 2 seeds | wgan in 1 of 1 |" in text
    assert "*Collapsed*: recall below 0.05 or," in text
    assert "Nothing is trained yet." in section(findings.page(Zoo(), []), "Set-up")


def test_in_which_families_precision_is_mixed_is_counted_and_not_across_recipes(run):
    def bf16(one):
        training = replace(one.config.training, precision="bf16")
        return replace(one, config=replace(one.config, training=training))

    others = [run("focal", "convgan", "fashion-mnist"), bf16(run("focal", "sngan")),
              run("focal", "sngan", recipe="resnet-losses")]  # fmt: skip
    told, _ = findings.set_up(Zoo([run("focal"), bf16(run("hinge")), *others]))
    assert "by precision: float32 (3), bf16 (2), mixed within dcgan on cifar10; by hardware" in told
    assert "mixed" not in findings.set_up(Zoo(others))[0]


def test_no_page_says_that_the_loss_alone_changes():
    template = (Path(findings.__file__).parent / "card.md.j2").read_text()
    assert "differ in nothing else" not in template
    for text in (template, *overview.pages(Zoo()).values()):
        before = "with the Lipschitz control that belongs to it, is the only thing that changes"
        assert text.count("the only thing that changes") == text.count(before) == 1


def test_no_number_of_the_findings_is_written_by_hand():
    """No text that findings.py or sentences.py is made of holds a digit, outside of their docstrings."""
    for module in (findings, sentences):
        tree = ast.parse(inspect.getsource(module))
        documented = [n for n in ast.walk(tree) if isinstance(n, ast.Module | ast.FunctionDef | ast.ClassDef)]
        docs = {ast.get_docstring(node, clean=False) for node in documented}
        words = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        assert not [
            word for word in words if word not in docs and re.search(r"[1-9]", word.replace(".1f", ""))
        ]


def test_both_pages_are_checked(run, tmp_path):
    zoo = Zoo([run("focal")])
    overview.write(zoo, tmp_path)
    assert overview.check(zoo, tmp_path) is None
    page = tmp_path / "findings.md"
    assert page.read_text().startswith("# Findings")
    page.write_text(page.read_text() + "by hand")
    assert overview.check(zoo, tmp_path) == "findings.md is not what its figures say now"


def test_the_page_says_how_to_open_the_curves_of_bundled_models(make, figures_of, tmp_path):
    make("zoo/sngan-wgan-cifar10", loss="wgan", architecture="sngan", history=figures_of.history())
    make("zoo/sngan-hinge-cifar10", loss="hinge", architecture="sngan")  # no history, no curves
    zoo = runs.find(tmp_path / "zoo", tmp_path / "results")
    page = overview.pages(zoo)[overview.PAGE]
    assert re.findall(r"\?view=curves&models=([^`]*)`", page) == ["sngan-wgan-cifar10"]


def test_l1_alone_is_no_best_gan(run):
    of = {
        loss: [run(loss, "pix2pix", "facades", fid=fid)] for loss, fid in {"none": 1.0, "focal": 2.0}.items()
    }
    assert findings.best(of) == "focal, FID 2.0, one seed; L1 alone, a control, 1.0, one seed"
    told, table = findings.set_up(Zoo([one for runs in of.values() for one in runs]))
    assert "trainings with 1 losses" in told and "| pix2pix on facades | 250 | 1 | none | focal" in table
    of["none"] = [run("none", "pix2pix", "facades", fid=3.0)]
    assert findings.best(of) == "focal, FID 2.0, one seed"


def test_where_nothing_could_show_a_collapse_none_is_denied(run, figures_of):
    def collapsed(rows):
        zoo = Zoo([run("focal", "pix2pix", "facades", rows=rows)])
        return findings.row(zoo, "pix2pix", "facades")[-1]

    assert collapsed(figures_of.translation()) == "not measured"
    assert collapsed(figures_of.noise()) == "none"
    assert collapsed(figures_of.noise(recall=0.01)) == "focal in 1 of 1"
