"""The nineteen rules, each written down a second time and tried with planted figures in every direction.

A comparison is (net, loss of the lower one, net, loss of the higher one, figure). In figures that follow it, its
part of the claim is a difference; in figures the other way round, one against the claim; in figures that waver it is
undecided; and a part too many or too few, or of other runs, shows in the texts.
"""

from itertools import pairwise
from typing import NamedTuple

import pytest

from cards import verdicts
from cards.runs import Zoo
from tests.cards.deciding import SEEDS, decided

SWINGS = ("swing_d", "swing_g")


class Rule(NamedTuple):
    """`lower`: its comparisons. `dataset`, `recipe` and `kimg` are the source's own set-up, where it has one."""

    dataset: str
    recipe: str
    kimg: float | None
    lower: list[tuple[str, str, str, str, str]]


def of_curves(net, calmer, other):
    return [(net, calmer, net, other, swing) for swing in SWINGS]


PSNR = [*pairwise(["wgan-gp", "lsgan", "focal", "vanilla"])]
RULES = {
    "F1": Rule("cifar10", "focal-cifar10", 5000, [
        *of_curves("dcgan", "focal", "vanilla"), *of_curves("cdcgan", "focal", "vanilla"),
    ]),
    "F2": Rule("cifar10", "focal-cifar10", 5000, [
        *of_curves("dcgan", "lsgan", "focal"), *of_curves("cdcgan", "lsgan", "focal"),
        *of_curves("dcgan", "wgan-gp", "focal"), *of_curves("cdcgan", "wgan-gp", "focal"),
    ]),
    "F6": Rule("facades", "starter-zoo", None, [("pix2pix", a, "pix2pix", b, "psnr") for a, b in PSNR]),
    "L1": Rule("fashion-mnist", "lsgan-fashion-mnist", 12_000, [
        (net, "lsgan", net, "vanilla", "fid") for net in ("convgan", "convgan-bn", "convgan-deep")
    ]),
    "L2": Rule("fashion-mnist", "lsgan-fashion-mnist", 12_000, [
        pair for loss in ("vanilla", "lsgan") for pair in (
            ("convgan", loss, "convgan-bn", loss, "fid"),
            ("convgan-deep", loss, "convgan-deep-no-bn", loss, "fid"),
        )
    ]),
    "L4": Rule("fashion-mnist", "lsgan-fashion-mnist", 12_000, [
        ("convgan-bn-after", loss, "convgan-bn", loss, "fid") for loss in ("vanilla", "lsgan")
    ]),
    "R4": Rule("cifar10", "resnet-losses", 250, [
        ("sngan", "hinge", "sngan", "vanilla", "fid"), ("sngan", "vanilla", "sngan", "wgan", "fid"),
    ]),
    "R5": Rule("cifar10", "resnet-losses", 250, [
        ("sngan", loss, "sngan", "hinge", figure)
        for loss in ("vanilla", "wgan") for figure in ("recall", "class_coverage")
    ]),
}  # fmt: skip
LEAST = {"lsgan-fashion-mnist": 2400}  # kimg that do, if one seed that goes on to the whole bears them out
STABLEST = [*of_curves("sngan", "hinge", "vanilla"), *of_curves("sngan", "hinge", "wgan")]  # R3's first half


@pytest.fixture
def planted(run, figures_of):
    """Runs in which every comparison of a rule holds by `step`, of one sign for all seeds, or of a changing one."""

    def make(rule: Rule, step: float, *, wavering=False, seeds=SEEDS, **given) -> Zoo:
        given = {"recipe": rule.recipe, "kimg": rule.kimg or 250.0} | given
        levels: dict[tuple[str, str], dict[str, float]] = {}
        # each is written after those that it stands on
        for net, loss, other_net, other, figure in rule.lower:
            low = levels.setdefault((net, loss), {}).setdefault(figure, 0.0)
            levels.setdefault((other_net, other), {})[figure] = low + step
        runs = []
        for (net, loss), of in levels.items():
            for seed in seeds:
                sign = (-1, 1, -1.2)[seed] if wavering else 1
                values = {name: 5 + sign * level + 0.01 * seed * (1 + level) for name, level in of.items()}
                rows = figures_of.translation(**values) if net == "pix2pix" else None
                more = {} if rows else values
                runs.append(run(loss, net, rule.dataset, seed=seed, rows=rows, **given, **more))
        return Zoo(runs)

    return make


def words_of(parts, rule: Rule) -> list[str]:
    """The words of the parts that compare, once it is sure that they compare what the rule says and no more."""
    compared = [part for part in parts if len(part.cells) == 2]
    found = {(part.what.split(", ")[0], frozenset(part.cells)): part.word for part in compared}
    wanted = set()
    for net, loss, other_net, other, figure in rule.lower:
        cells = (verdicts.Cell(*cell, rule.dataset) for cell in ((net, loss), (other_net, other)))
        wanted.add((verdicts.MEASURES[figure].title, frozenset(cells)))
    assert set(found) == wanted and len(compared) == len(rule.lower)
    return list(found.values())


@pytest.mark.parametrize("key", RULES)
def test_every_comparison_of_a_claim_is_drawn_and_points_the_way_the_claim_does(key, planted):
    rule = RULES[key]
    every = len(rule.lower)
    assert words_of(decided(planted(rule, 1), key).parts, rule) == [verdicts.DIFFERENCE] * every
    assert words_of(decided(planted(rule, -1), key).parts, rule) == [verdicts.AGAINST] * every
    wavering = decided(planted(rule, 1, wavering=True), key)
    assert words_of(wavering.parts, rule) == [verdicts.UNDECIDED] * every
    assert decided(planted(rule, -1), key).word == verdicts.AGAINST
    assert all(len(part.cells) == 2 for part in wavering.parts)


@pytest.mark.parametrize("key", RULES)
def test_a_claim_is_tested_by_its_sources_recipe_and_budget_with_several_seeds(key, planted):
    rule = RULES[key]
    every = len(rule.lower)
    wrong: list[tuple[dict, str]] = [({"seeds": SEEDS[:1]}, "one training seed only")]
    if rule.kimg:  # else the source names none, and ours will do
        wrong += [
            (
                {"kimg": 0.98 * LEAST.get(rule.recipe, rule.kimg)},
                f"the source's budget is {rule.kimg:,.0f} kimg",
            ),
            ({"recipe": "starter-zoo"}, "only the starter-zoo protocol is measured"),
        ]
    for given, why in wrong:
        parts = [p for p in decided(planted(rule, 1, **given), key).parts if len(p.cells) == 2]
        assert [part.word for part in parts] == [verdicts.NOT_TESTED] * every
        assert all(why in part.unmet for part in parts)
        here = verdicts.UNDECIDED if "seeds" in given else verdicts.DIFFERENCE
        assert [part.here for part in parts] == [here] * every


@pytest.mark.parametrize("key", RULES)
def test_a_comparison_without_one_of_its_runs_is_not_tested(key, planted):
    rule = RULES[key]
    for net, loss, *_ in rule.lower:
        zoo = planted(rule, 1)
        gone = f"`{net}-{loss}-{rule.dataset}` is not trained yet"
        rest = Zoo([run for run in zoo.runs if (run.architecture, run.loss) != (net, loss)])
        parts = decided(rest, key).parts
        assert gone in {part.text for part in parts if part.word == verdicts.NOT_TESTED}
        assert decided(rest, key).word == verdicts.NOT_TESTED


# ---- the focal paper


@pytest.mark.parametrize("net", ["dcgan", "cdcgan"])
def test_f3_focal_is_on_a_par_with_lsgan_within_a_tenth_of_lsgans_kid(net, run):
    def word(focal, lsgan=0.1):
        losses = {
            "focal": {"dcgan": 0.1, "cdcgan": 0.1} | {net: focal},
            "lsgan": dict.fromkeys(("dcgan", "cdcgan"), lsgan),
        }
        runs = [run(loss, of, recipe="focal-cifar10", kimg=5000, seed=seed, kid=kid)
                for loss, nets in losses.items() for of, kid in nets.items() for seed in SEEDS]  # fmt: skip
        verdict = decided(Zoo(runs), "F3")
        assert len(verdict.parts) == 2
        return verdict.word

    assert word(0.1) == word(0.109) == word(0.091) == verdicts.PARITY
    assert word(0.111) == word(0.089) == word(0.118) == verdicts.UNDECIDED


def test_f4_shows_the_horses_and_judges_nothing(run):
    runs = [run("focal", recipe="focal-cifar10", kimg=5000, seed=seed) for seed in (0, 1)]
    (part,) = decided(Zoo(runs), "F4").parts
    assert (part.word, part.who, part.seeds) == (verdicts.SHOWN, "focal", 2)
    assert part.text == "10.0% and 10.0% of 10,000, by the classifier"  # of each seed, not the first alone
    assert decided(Zoo([run("vanilla", recipe="focal-cifar10", kimg=5000)]), "F4").word == verdicts.NOT_TESTED


@pytest.mark.parametrize("loss", ["focal", "vanilla", "lsgan", "wgan-gp"])
def test_f5_wants_half_of_the_samples_as_asked_of_every_loss_and_seed(loss, run):
    def word(*shares):
        others = [run(of, "cdcgan", recipe="focal-cifar10", kimg=5000, seed=seed, asked_class=0.9)
                  for of in {"focal", "vanilla", "lsgan", "wgan-gp"} - {loss} for seed in (0, 1)]  # fmt: skip
        own = [run(loss, "cdcgan", recipe="focal-cifar10", kimg=5000, seed=seed, asked_class=share)
               for seed, share in enumerate(shares)]  # fmt: skip
        verdict = decided(Zoo(others + own), "F5")
        assert len(verdict.parts) == 4
        return verdict.word

    assert word(0.51, 0.6) == verdicts.HOLDS
    assert word(0.49, 0.6) == word(0.19, 0.21) == verdicts.UNDECIDED
    assert word(0.19, 0.1) == verdicts.FAILS
    assert word() == verdicts.NOT_TESTED


# ---- the Fashion-MNIST paper


@pytest.mark.parametrize("net", ["convgan", "convgan-bn", "convgan-deep", "convgan-bn-after"])
def test_l3_counts_collapsed_runs_of_both_losses_on_every_net(net, run):
    fine, gone = {"recall": 0.11, "class_coverage": 0.81}, {"recall": 0.09, "class_coverage": 0.79}

    def verdict(vanilla, lsgan, nets=(net, "convgan-bn" if net == "convgan" else "convgan"), **given):
        given = {"recipe": "lsgan-fashion-mnist", "kimg": 12_000} | given
        sides = {"vanilla": vanilla, "lsgan": lsgan}
        runs = [
            run(loss, net, "fashion-mnist", seed=seed, **values, **given)
            for net in nets
            for loss, values in sides.items()
            for seed in SEEDS
        ]
        return decided(Zoo(runs), "L3")

    for figure in gone:
        some = fine | {figure: gone[figure]}
        assert verdict(some, fine).word == verdicts.DIFFERENCE
        assert verdict(fine, some).word == verdicts.AGAINST
        assert "0 of 6 runs of GAN, 6 of 6 of LSGAN" in verdict(fine, some).parts[0].text
    assert verdict(gone, gone).word == verdict(fine, fine).word == verdicts.UNDECIDED
    few = verdict(gone, fine, (net,))  # three pairs, of which chance alone makes as much in one of four
    assert few.word == verdicts.UNDECIDED and few.p == pytest.approx(0.25)
    assert verdict(gone, fine, kimg=11_000).word == verdicts.NOT_TESTED
    assert verdict(gone, fine, kimg=11_000).here == verdicts.DIFFERENCE
    assert decided(Zoo([run("vanilla", net, "fashion-mnist")]), "L3").word == verdicts.NOT_TESTED


def carried(run, before, after, kimg=12_000):
    """Runs of 40 epochs and a seed of each net and loss that went on: figures by vanilla, lsgan and again with bn."""
    cells = [(loss, net) for net in ("convgan", "convgan-bn") for loss in ("vanilla", "lsgan")]
    given = {"dataset": "fashion-mnist", "recipe": "lsgan-fashion-mnist"}
    runs = [
        run(loss, net, kimg=2400, seed=seed, fid=fid + 0.01 * seed, **given)
        for (loss, net), fid in zip(cells, before, strict=True)
        for seed in SEEDS
    ]
    long = [run(loss, net, kimg=kimg, tag="whole", fid=fid, **given)
            for (loss, net), fid in zip(cells, after, strict=True)]  # fmt: skip
    return Zoo(runs + long)


def test_40_epochs_count_where_a_seed_that_goes_on_to_200_keeps_the_order_and_no_longer_improves(run):
    def part(before, after, **given):
        return decided(carried(run, before, after, **given), "L2").parts[0]

    before = (30.0, 32.0, 40.0, 44.0)
    assert part(before, (28.0, 30.0, 37.0, 40.0)).word == verdicts.DIFFERENCE
    assert part(before, (31.0, 33.0, 45.0, 50.0)).word == verdicts.DIFFERENCE  # it may rise
    falls = part(before, (28.0, 30.0, 37.0, 39.5))
    assert (falls.word, falls.here) == (verdicts.NOT_TESTED, verdicts.DIFFERENCE)
    assert (
        falls.unmet == "FID of `convgan-bn-lsgan-fashion-mnist` still falls, from 44.0 to 39.5 at 12,000 kimg"
    )
    turned = part(before, (30.0, 29.5, 37.0, 40.0))
    assert turned.word == verdicts.NOT_TESTED
    assert turned.unmet == "at 12,000 kimg the order of FIDs is another than at 2,400"
    for short in (
        part(before, before, kimg=11_000),
        decided(Zoo(carried(run, before, before).runs[:12]), "L2").parts[0],
    ):
        assert short.word == verdicts.NOT_TESTED
        assert short.unmet == (
            "no seed of `convgan-vanilla-fashion-mnist` is measured at 2,400 and at 12,000 kimg yet"
        )


# ---- the ResNet comparison


def sngan(run, loss, seeds=(0, 1), **values):
    return [run(loss, "sngan", recipe="resnet-losses", seed=seed, **values) for seed in seeds]


def test_r1_wants_the_generator_near_07_and_the_critic_within_its_band(run):
    def words(g, d):
        verdict = decided(Zoo(sngan(run, "vanilla", last_epoch_g_loss=g, last_epoch_d_loss=d)), "R1")
        return [part.word for part in verdict.parts]

    holds, fails = verdicts.HOLDS, verdicts.FAILS
    assert words(0.64, 1.31) == words(0.76, 1.49) == [holds, holds]
    assert words(0.62, 1.29) == words(0.78, 1.51) == [fails, fails]
    assert words(0.7, 1.6) == [holds, fails] and words(1.4, 1.4) == [fails, holds]
    one_off = sngan(run, "vanilla", last_epoch_g_loss=0.7, last_epoch_d_loss=1.4)
    one_off += sngan(run, "vanilla", seeds=(2,), last_epoch_g_loss=0.9, last_epoch_d_loss=1.6)
    assert [part.word for part in decided(Zoo(one_off), "R1").parts] == [verdicts.UNDECIDED] * 2
    assert words(0.63, 1.3) == words(0.77, 1.5) == [holds, holds]  # the bounds that the sentence names
    assert decided(Zoo(sngan(run, "hinge")), "R1").word == verdicts.NOT_TESTED


@pytest.mark.parametrize("player", ["step_spike_d", "step_spike_g"])
def test_r2_wants_spikes_of_two_orders_of_magnitude_of_both_players(player, run):
    def word(*spikes):
        both = {"step_spike_d": 1000.0, "step_spike_g": 1000.0}
        runs = [one for seed, spike in enumerate(spikes)
                for one in sngan(run, "wgan", (seed,), **both | {player: spike})]  # fmt: skip
        verdict = decided(Zoo(runs), "R2")
        assert len(verdict.parts) == 2
        return verdict.word

    assert word(100.0, 101.0) == verdicts.HOLDS
    assert word(99.0, 1000.0) == word(9.0, 11.0) == word(None, 1000.0) == verdicts.UNDECIDED
    assert word(9.9, 2.0) == verdicts.FAILS
    assert word() == verdicts.NOT_TESTED


def test_r3_compares_hinges_swing_with_both_others(planted):
    rule = Rule("cifar10", "resnet-losses", 250, STABLEST)
    for step, word in ((1, verdicts.DIFFERENCE), (-1, verdicts.AGAINST)):
        parts = [p for p in decided(planted(rule, step), "R3").parts if len(p.cells) == 2]
        assert words_of(parts, rule) == [word] * 4


@pytest.mark.parametrize("player", ["settled_kimg_d", "settled_kimg_g"])
def test_r3_wants_both_players_settled_by_the_end_of_the_second_epoch(player, run):
    def word(*kimg):
        both = {"settled_kimg_d": 50.0, "settled_kimg_g": 50.0}
        runs = [one for seed, at in enumerate(kimg)
                for one in sngan(run, "hinge", (seed,), **both | {player: at})]  # fmt: skip
        parts = [p for p in decided(Zoo(runs), "R3").parts if "settled" in p.what]
        assert len(parts) == 2
        return verdicts.overall([part.word for part in parts])

    assert word(100.0, 20.0) == verdicts.HOLDS
    assert word(101.0, 120.0) == word(None, 300.0) == verdicts.FAILS
    assert word(101.0, 20.0) == word(None, 20.0) == verdicts.UNDECIDED
    won = sngan(run, "hinge", settled_kimg_d=50.0, settled_kimg_g=50.0)
    for row in (row for one in won for row in one.rows):
        row["saturated"] = True
    parts = decided(Zoo(won), "R3").parts
    assert {part.word for part in parts if "settled" in part.what} == {verdicts.UNDECIDED}
