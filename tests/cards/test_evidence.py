"""What no verdict rests on: a coarse measure that no seed changes, failed seeds, other widths, one part of many."""

from dataclasses import replace

from cards import claims, verdicts
from cards.runs import Run, Zoo
from tests.cards.deciding import SEEDS, decided


def test_what_no_seed_changes_in_a_coarse_measure_is_no_certainty(run):
    """Classes covered come in tenths: 8 of 10 beside 10 of 10 with each of three seeds has no deviation."""
    for wgan, hinge in ((0.8, 1.0), (1.0, 1.0)):
        runs = [
            run(loss, "sngan", recipe="resnet-losses", seed=seed, class_coverage=covered)
            for loss, covered in (("wgan", wgan), ("hinge", hinge))
            for seed in SEEDS
        ]
        part = next(p for p in decided(Zoo(runs), "R5").parts if "classes" in p.what and "wgan" in p.who)
        assert part.word == verdicts.UNDECIDED and part.p is None and not part.note
        assert part.text.endswith("the same with each seed") and "[" not in part.text


def test_a_comparison_says_what_failed_and_refuses_other_widths(run):
    def part(*more, **given):
        runs = [run("vanilla", "sngan", recipe="resnet-losses", seed=s, fid=60.0 + s) for s in SEEDS]
        for s in (0, 1):
            one = run("wgan", "sngan", recipe="resnet-losses", seed=s, fid=90.0 + 2 * s)
            training = replace(one.config.training, **given)
            runs.append(replace(one, config=replace(one.config, training=training)))
        return decided(Zoo([*runs, *more]), "R4").parts[1]

    lost = Run("resnet-losses", "sngan", "wgan", "cifar10", seed=2, failure="loss is not finite")
    assert part(lost).note == "1 of 3 trainings of wgan failed" and part().note == ""
    assert part().word == verdicts.DIFFERENCE
    assert part(batch=7).unmet == "the runs differ in width or batch"
    assert part(precision="bf16").about.endswith("float32 and bf16") and "float32" not in part().about


def test_one_part_against_a_claim_is_not_enough_where_chance_finds_one_among_as_many():
    def verdict(*chances):
        parts = [verdicts.Part(verdicts.AGAINST, "", p=chances[0])]
        parts += [verdicts.Part(verdicts.UNDECIDED, "", p=p) for p in chances[1:]]
        return claims.Verdict(claims.CLAIMS[0], parts)

    assert verdict(0.02, 0.5).word == verdict(0.02, 0.5).here == verdicts.AGAINST
    assert verdict(0.02, 0.5, 0.5).word == verdict(0.02, 0.5, 0.5).here == verdicts.UNDECIDED
