"""A claim's sentence says its verdict, the deciding figures and what is missing, and no more than its parts do."""

import re
from dataclasses import replace

import pytest

import zoo
from cards import claims, prices, sections, sentences
from cards.claims import CLAIMS, Verdict
from cards.runs import Run, Zoo
from cards.verdicts import (
    AGAINST,
    DIFFERENCE,
    HOLDS,
    NOT_TESTED,
    PARITY,
    UNDECIDED,
    Cell,
    Part,
    Source,
)
from train.sweeping import recipe


@pytest.mark.parametrize(
    ("id", "critic", "mode"),
    [
        ("convgan-vanilla-fashion-mnist", "no norm, width 32", "no dropout"),
        ("sngan-hinge-cifar10", "no norm, spectral norm", "batch norm by running statistics, no dropout"),
        (
            "dcgan-vanilla-cifar10",
            "batch norm, spectral norm",
            "batch norm by running statistics, no dropout",
        ),
    ],
)
def test_a_card_names_norms_only_where_nets_have_them(id, critic, mode):
    facts = sections.facts(zoo.info(id).config)
    assert facts["critic"].startswith(critic) and facts["inference mode"] == mode


def decided(*parts: Part, key: str = "F1") -> Verdict:
    return Verdict(next(claim for claim in CLAIMS if claim.key == key), parts)


def told(word: str, text: str, seeds: int = 3, says: str = "", **more) -> Part:
    return Part(word, text, says, about="focal-cifar10, 5,000 kimg", seeds=seeds, **more)


@pytest.mark.parametrize(
    "word, said",
    [(DIFFERENCE, "difference (as claimed)"), (AGAINST, "difference, the other way (contrary to the claim)"),
     (PARITY, "parity (as claimed)"), (UNDECIDED, "undecided")],
)  # fmt: skip
def test_a_verdict_says_whether_it_is_as_claimed(word, said):
    text = sentences.sentence(Zoo(), decided(told(word, "0.1 − 0.2 = −0.1", what="KID", who="a − b")))
    assert text.startswith(f"**F1, {said}.** *Focal's curves") and "Missing" not in text
    assert text.endswith("Our figures: KID: a − b = 0.1 − 0.2 = −0.1, 3 seeds.")


def test_the_figure_that_decides_comes_first_and_every_measure_beyond_two_is_counted():
    parts = [
        told(DIFFERENCE, "good", what="FID", who="a − b"),
        told(DIFFERENCE, "fine", what="KID", who="a − b"),
        told(AGAINST, "bad", what="recall", who="a − b"),
    ]
    text = sentences.evidence(decided(*parts))
    assert text.startswith(
        "Our figures, 1 *difference, the other way* and 2 *difference* of 3 comparisons, for instance: recall"
    )
    assert "bad, 3 seeds" not in text and "a − b bad (*difference, the other way*), 3 seeds; " in text
    assert "fine" not in text


def test_an_undecided_claim_shows_the_figures_of_most_seeds_first():
    parts = [
        told(NOT_TESTED, "weak", seeds=1, says=UNDECIDED, what="KID, cdcgan"),
        told(NOT_TESTED, "strong", says=PARITY, what="KID, dcgan"),
    ]
    text = sentences.evidence(decided(*parts))
    assert text == (
        "Our figures so far: KID, dcgan: strong (*parity*), 3 seeds; KID, cdcgan: weak (*undecided*), one seed."
    )


def test_what_could_not_have_been_seen_stays_in_the_table_and_a_rule_is_said_once():
    rule = {"what": "share", "note": "it holds above 50 %"}
    parts = [told(HOLDS, "60%", who="a", **rule), told(HOLDS, "70%", who="b", **rule)]
    assert (
        sentences.evidence(decided(*parts))
        == "Our figures: share: a 60%, b 70%, 3 seeds (it holds above 50 %)."
    )
    unseen = told(
        UNDECIDED, "0.1", what="KID", who="a − b", note="a difference of 0.3 would be seen four times in five"
    )
    assert "in five" not in sentences.evidence(decided(unseen))


FOCAL, VANILLA = Cell("dcgan", "focal", "cifar10"), Cell("dcgan", "vanilla", "cifar10")


def timed(run: Run, seconds: float, hardware: str = "a CPU, 1 thread") -> Run:
    training = replace(run.config.training, seconds=seconds, hardware=hardware)
    return replace(run, config=replace(run.config, training=training))


def test_the_price_is_of_the_missing_trainings_at_our_own_speed(run):
    source = Source("focal-cifar10", 5000)
    zoo = Zoo([timed(run("focal"), 3600.0), timed(run("vanilla"), 1800.0, "a CPU, 2 threads")])  # 250 kimg
    lack = prices.missing(zoo, source, [FOCAL, VANILLA])
    assert (lack.runs, lack.planned, lack.hours, lack.unpriced) == (6, 6, pytest.approx(6 * 20), ())
    done = [run("focal", recipe="focal-cifar10", kimg=5000.0, seed=seed) for seed in (0, 1)]
    short = [run("vanilla", recipe="focal-cifar10", kimg=625.0, seed=seed) for seed in (0, 1)]
    done, short = ([timed(one, 0.0, "a GPU") for one in of] for of in (done, short))
    lack = prices.missing(Zoo(zoo.runs + done + short), source, [FOCAL, VANILLA])
    assert (lack.runs, lack.hours) == (4, pytest.approx(4 * 20))


def test_a_price_that_nothing_tells_is_named_and_none_is_made_up(run):
    deep = Cell("convgan-deep", "lsgan", "fashion-mnist")
    lack = prices.missing(Zoo([timed(run("focal"), 3600.0)]), Source("focal-cifar10", 5000), [FOCAL, deep])
    assert lack.unpriced == ("convgan-deep",) and lack.hours == pytest.approx(60)
    assert "without `convgan-deep`, whose speed is not known" in sentences.hours(lack)
    nothing = prices.missing(Zoo(), Source("focal-cifar10", 5000), [deep])
    assert sentences.hours(nothing) == "of unknown price: no `convgan-deep` has been trained"


def test_what_is_to_be_carried_on_is_told_and_priced_beside_what_is_missing(run):
    cell = Cell("convgan", "lsgan", "fashion-mnist")
    source = Source("lsgan-fashion-mnist", 2400, (cell,), 12_000)
    rate = timed(run("lsgan", "convgan", "fashion-mnist", kimg=100.0), 100.0)
    done = [run("lsgan", "convgan", "fashion-mnist", recipe="lsgan-fashion-mnist", kimg=2400.0, seed=seed)
            for seed in (0, 1, 2)]  # fmt: skip
    done = [timed(one, 0.0, "a GPU") for one in done]
    lack = prices.missing(Zoo([rate]), source, [cell])
    assert (lack.runs, lack.carried, lack.hours) == (3, 1, pytest.approx((3 * 2400 + 9600) / 3600))
    assert sentences.trainings(lack) == (
        "3 of 3 trainings (settings of `lsgan-fashion-mnist`, 2,400 kimg each) and 1 of `lsgan-fashion-mnist` carried"
        " on to 12,000 kimg, about 5 core-hours"
    )
    lack = prices.missing(Zoo([rate, *done]), source, [cell])
    assert sentences.trainings(lack).startswith("1 of `lsgan-fashion-mnist` carried on to 12,000 kimg, about")


def test_a_source_without_a_set_up_counts_the_starter_zoos_seeds(run):
    trained = [timed(run("focal", seed=seed, kimg=1000.0), 360.0) for seed in (0, 1)]
    short = timed(run("focal", seed=2, kimg=250.0), 90.0)  # by less than the recipe gives it: still missing
    lack = prices.missing(Zoo([*trained, short]), Source("lucic-seven", None), [FOCAL])
    assert (lack.recipe, lack.kimg, lack.runs, lack.hours) == ("starter-zoo", 1000, 1, pytest.approx(0.1))
    assert sentences.trainings(lack).startswith(
        "1 of 3 trainings (settings of `starter-zoo`, 1,000 kimg each)"
    )


def test_the_starter_budget_is_the_one_that_a_sweep_would_train(run):
    asked = {cell for claim in CLAIMS for part in claim.decide(Zoo()) for cell in part.cells}
    planned = {Cell(one.architecture, one.options.loss, one.options.dataset): one.options.kimg
               for one in recipe.read("starter-zoo")}  # fmt: skip
    assert len(asked & planned.keys()) > 20
    assert {cell: prices.budget(cell) for cell in asked & planned.keys()} == {
        cell: planned[cell] for cell in asked & planned.keys()
    }


def test_a_price_is_of_its_own_data_set_and_recipe_where_that_was_trained(run):
    runs = [timed(run("focal"), 250.0), timed(run("focal", dataset="cats64"), 2500.0)]
    runs += [replace(timed(run("focal"), 50.0), recipe="focal-cifar10")]
    zoo, starter = Zoo(runs), prices.STARTER
    assert prices.seconds_per_kimg(zoo, FOCAL, starter) == pytest.approx(1)
    assert prices.seconds_per_kimg(zoo, FOCAL, "focal-cifar10") == pytest.approx(0.2)
    assert prices.seconds_per_kimg(zoo, FOCAL, "lucic-seven") == pytest.approx(0.6)  # of both that there are
    assert prices.seconds_per_kimg(zoo, Cell("dcgan", "focal", "cats64"), starter) == pytest.approx(10)


def test_every_claim_that_is_not_tested_names_what_is_missing(run):
    zoo = Zoo([timed(run("focal"), 3600.0)])
    for verdict in claims.verdicts(zoo):
        assert (" Missing: " in sentences.sentence(zoo, verdict)) == (verdict.word == NOT_TESTED)


def test_a_claims_numbers_are_those_of_its_parts(run):
    zoo = Zoo([timed(run(loss, net, seed=seed), 3600.0) for loss in ("focal", "vanilla", "lsgan", "wgan-gp", "wgan")
               for net in ("dcgan", "cdcgan", "sngan") for seed in (0, 1)])  # fmt: skip
    for verdict in claims.verdicts(zoo):
        known = " ".join(f"{part.what} {part.who} {part.text} {part.note}" for part in verdict.parts)
        for number in re.findall(r"−?\d+\.\d+", sentences.evidence(verdict)):
            assert number in known, (verdict.claim.key, number)


def test_the_tally_names_the_claims_and_what_figures_say_of_those_not_tested():
    found = [
        decided(told(HOLDS, "")),
        decided(told(DIFFERENCE, ""), key="F2"),
        decided(told(AGAINST, ""), key="R1"),
    ]
    found += [
        decided(Part(NOT_TESTED, "", says), key=key)
        for key, says in (("L1", AGAINST), ("L2", UNDECIDED), ("L3", ""))
    ]
    assert sentences.tally(found) == (
        "Of 6 claims: 2 as claimed (F1, F2); 1 contrary to the claim (R1); 3 not tested under their source's own"
        " conditions."
    )
    assert sentences.so_far(found) == (
        "What our own figures say so far of those not tested: 1 contrary to the claim (L1); 1 undecided (L2);"
        " 1 without a verdict (L3)."
    )
    assert sentences.tally(found[:2]) == "Of 2 claims: 2 as claimed (F1, F2)." and not sentences.so_far(
        found[:2]
    )


def test_figures_of_another_set_up_than_the_sources_are_called_ours():
    def lead(about: str, key: str = "F1") -> str:
        part = Part(NOT_TESTED, "0.1", UNDECIDED, about=about, seeds=2, what="KID")
        return sentences.evidence(decided(part, key=key)).partition(",")[0]

    assert lead("starter-zoo, 1,000 kimg") == "At our own set-up"
    assert lead("focal-cifar10, 625 kimg") == "Our figures so far"
    assert lead("starter-zoo, 1,000 kimg", "S1") == "Our figures so far"  # the survey has no set-up
