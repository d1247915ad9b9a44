"""The options of a short run, what ends it early, and how it is looked at afterwards."""

import json

import pytest

SHORT = {
    "kimg": 0.16,
    "snapshot_kimg": 0.08,
    "log_kimg": 0.02,
    "batch": 4,
    "width": 4,
}  # 40 steps, 2 snapshots
PINNED = {"precision": "float32", "memory_format": "contiguous"}


class Cut(Exception):
    """The power, during a run."""


def history(out):
    return [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]


def files(out):
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def refusal(kind, act, *given, **named):
    with pytest.raises(kind) as raised:
        act(*given, **named)
    assert "\n" not in str(raised.value)
    return str(raised.value)
