"""metrics.json is read whole or refused, and one rule says which of its rows counts and what collapsed means."""

import itertools
import json

import pytest

from zoo import checkpoint, measurements
from zoo.errors import CheckpointError


def row(name: str = "fid_n5000", value: float | None = 52.8, **protocol) -> dict:
    return {"name": name, "value": value, "n": int(name.rpartition("_n")[2]), "split": "test"} | protocol


def test_metrics_of_other_weights_are_stale(make_checkpoint):
    folder = make_checkpoint()
    assert measurements.read_metrics(folder) == ([], False)
    sha256 = checkpoint.read(folder).weights.sha256
    rows = [{"name": "fid", "value": 55.1}]
    for of, stale in ((sha256, False), ("0" * 64, True)):
        (folder / "metrics.json").write_text(json.dumps({"weights_sha256": of, "metrics": rows}))
        assert measurements.read_metrics(folder) == (rows, stale)
    assert measurements.info(folder).metrics.stale


@pytest.mark.parametrize(
    "text",
    ["[]", "{", '{"metrics": [1]}', '{"metrics": [{}]}', '{"metrics": [{"name": "fid"}]}']
    + [
        f'{{"metrics": [{{"name": {name}, "value": {value}}}]}}'
        for name, value in (
            ("1", "1"),
            ('"fid"', '"low"'),
            ('"fid"', '1, "n": "5"'),
            ('"fid"', '1, "sample_seed": []'),
            ('"fid"', "NaN"),
            ('"fid"', "Infinity"),
            ('"fid"', "true"),
            ('"fid"', "1e200"),
            ('"a\\nb"', "1"),
            ('"fid"', '1, "n": -1'),
            ('"fid"', '1, "n": 5.0'),
            ('"fid"', '1, "se": "small"'),
            ('"fid"', '1, "ci": [1]'),
            ('"fid"', '1, "split": 3'),
            ('"fid"', '1, "extractor": null'),
            ('"fid"', '1, "histogram": [1]'),
            ('"fid"', '1, "histogram": {"a": "b"}'),
            ('"fid"', '1, "versions": "1"'),
            ('"fid"', '1, "which": ["final"]'),
            ('"fid"', '1, "which": "best"'),
            ('"fid"', '1, "default": 1'),
            ('"fid"', '1, "saturated": 1'),
            ('"last_epoch_d_loss"', "1"),
        )
    ],
)
def test_foreign_metrics_are_refused(make_checkpoint, text):
    folder = make_checkpoint()
    (folder / "metrics.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"metrics\.json"):
        measurements.read_metrics(folder)


OTHERS = {  # what the row that counts is set against: (it, what must not take its place)
    "a snapshot": (row(), row(which="snapshot", value=1.0)),
    "another training seed": (row(), row(which="other seed", value=1.0)),
    "another mode": (row(default=True), row(default=False, value=1.0)),
    "the raw generator": (row(), row(momentum=0.1, value=1.0)),
    "the training split": (row(), row(split="train", value=1.0)),
    "the training split, of more": (row(), row("fid_n50000", split="train", value=1.0)),
    "more samples than the zoo's": (row(), row("fid_n50000", value=1.0)),
    "fewer samples than the zoo's": (row(), row("fid_n2000", value=1.0)),
    "no own number: fewer samples": (row("fid_n900"), row("fid_n800", value=1.0)),
    "another split, of the own number": (row("fid_n900"), row(split="train", value=1.0)),
    "Inception's number, of the classifier's measure": (
        row("class_coverage_n10000"),
        row("class_coverage_n5000", value=1.0),
    ),
    "another sample seed": (row(sample_seed=9), row(sample_seed=10, value=1.0)),
    "another extractor": (row(extractor="Inception 2015-12-05"), row(extractor="mine", value=1.0)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_which_row_counts(name):
    it, other = OTHERS[name]
    measure = measurements.measure_of(it)
    for rows in ([it, other], [other, it]):
        assert measurements.counting(rows, measure) is it
        assert measurements.value(rows, measure) == 52.8


def test_which_row_counts_does_not_depend_on_their_order():
    rows = [row(), row("fid_n50000"), row(split="train"), row(sample_seed=1), row(momentum=0.1)]
    firsts = [measurements.counting(order, "fid") for order in itertools.permutations(rows)]
    assert all(first is rows[0] for first in firsts)
    assert measurements.counting(rows, "fid", momentum=0.1) is rows[-1]
    assert measurements.counting(rows, "kid") is None and measurements.value(rows, "kid") is None
    assert [r["n"] for r in measurements.final(rows, "fid")] == [5000, 5000, 50_000, 5000]


def test_collapsed_is_by_recall_and_where_there_is_none_by_the_classes():
    def collapse(recall=None, covered=None, **protocol):
        figures = {"recall_n5000": recall, "class_coverage_n10000": covered}
        return measurements.collapse(
            [row(name, value, **protocol) for name, value in figures.items() if value is not None]
        )

    assert collapse(0.049, 1.0)["name"] == "recall_n5000" and collapse(0.05, 0.1) is None
    assert collapse(covered=0.49)["name"] == "class_coverage_n10000" and collapse(covered=0.5) is None
    assert collapse() is None and collapse(0.01, which="other seed") is None
    assert measurements.collapse([row("recall_n5000", 0.4), row("recall_n50000", 0.01)]) is None
