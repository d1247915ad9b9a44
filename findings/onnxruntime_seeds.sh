#!/usr/bin/env bash
# onnxruntime 1.32.0 (PyPI, Linux): nodes that draw noise with seeds 0 and 1 draw the same numbers, those with 1 and 2 alike ones.
#
# Met while looking at what an exported generator's own noise is worth (layers of StyleGAN, latents drawn inside of the
# graph). Each node has a generator of its own (`core/providers/cpu/generator/random.h`): C++'s default engine, which is
# x -> 16807 x modulo 2^31 - 1 on Linux, begun at the seed. A multiple of a seed yields the same multiple of each number,
# modulo 1; a seed of 0 counts as 1. A node without a seed takes `onnxruntime.set_seed` plus its place in the graph.
#
# Expected: other seeds, independent draws, as of NumPy, PyTorch and the reference evaluator of onnx 1.23.2.
# Seen:     correlation of RandomUniform by seeds 0 and 1: 1.00; 1 and 2, 21 and 42, 1000 and 2000: 0.50; 1 and 3: 0.33.
#           RandomNormal by seeds 0 and 1: 1.00 (by 1 and 2 none: it rejects other numbers). After `set_seed(0)` the
#           first two nodes are equal, so that noise added twice has a standard deviation of 2.0, not of 1.41.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

MANY = 100_000


def model(op: str, seeds: list[int | None]):
    """A draw for each seed."""
    options = [{} if seed is None else {"seed": float(seed)} for seed in seeds]
    nodes = [helper.make_node(op, [], [f"draw{i}"], shape=[MANY], **one) for i, one in enumerate(options)]
    outputs = [helper.make_tensor_value_info(f"draw{i}", TensorProto.FLOAT, [MANY]) for i in range(len(seeds))]
    graph = helper.make_graph(nodes, "draws", [], outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def by_runtime(op: str, *seeds: int | None) -> list[np.ndarray]:
    return onnxruntime.InferenceSession(model(op, list(seeds)).SerializeToString()).run(None, {})


def by_reference(op: str, *seeds: int | None) -> list[np.ndarray]:
    return ReferenceEvaluator(model(op, list(seeds))).run(None, {})


def alike(draws: list[np.ndarray]) -> float:
    return float(np.corrcoef(draws)[0, 1])


expected = {
    ("RandomUniform", 0, 1): 1,
    ("RandomUniform", 1, 2): 1 / 2,
    ("RandomUniform", 1, 3): 1 / 3,
    ("RandomUniform", 21, 42): 1 / 2,
    ("RandomUniform", 1000, 2000): 1 / 2,
    ("RandomUniform", 1234, 4321): 0,
    ("RandomNormal", 0, 1): 1,
    ("RandomNormal", 1, 2): 0,
}
for case, correlation in expected.items():
    runtime, reference = alike(by_runtime(*case)), alike(by_reference(*case))
    print(f"{case[0]}, seeds {case[1]} and {case[2]}: correlation {runtime:.2f}, reference evaluator {reference:.2f}")
    assert abs(runtime - correlation) < 0.02, "no longer: a correlation that follows from the seeds"
    assert abs(reference) < 0.02

onnxruntime.set_seed(0)
first, second, third = by_runtime("RandomNormal", None, None, None)
print(f"set_seed(0): standard deviation of two nodes' sum {(first + second).std():.2f}, of the next two {(second + third).std():.2f}")
assert np.array_equal(first, second), "no longer: the first two nodes draw the same"
assert abs((second + third).std() - 2**0.5) < 0.02
PY
