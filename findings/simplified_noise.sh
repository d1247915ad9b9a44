#!/usr/bin/env bash
# onnxslim 0.1.98, onnxsim 0.8.1 and onnxoptimizer 0.4.2 (PyPI): simplifying a model takes away noise that it draws.
#
# Met while asking which simplifier an exported generator with noise in its layers may go through (StyleGAN's adds
# noise of the same shape twice at each size; PyTorch exports it as RandomNormal or RandomNormalLike). Two such nodes with
# the same attributes and inputs look like one expression computed twice, and are merged (`eliminate_common_subexpression`
# of onnxoptimizer, which onnxsim runs, too; `subexpression_elimination.py` of onnxslim); one without inputs looks like a
# constant to onnxslim. No error, no warning; onnxsim's own check calls its model right.
#
# Expected: two draws that are independent and new at each run, as ONNX says and as `onnxruntime` 1.32.0 has it, whose own
#           optimiser leaves them alone; `onnxscript` 0.7.2's merges equal nodes, too, but no random ones.
# Seen:     the sum of two draws has a standard deviation of 2.0 instead of 1.41 by all three with RandomNormalLike, and
#           by two with RandomNormal; there onnxslim's is right, but never changes again: each sample has the same noise.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q onnxslim==0.1.98 onnxsim==0.8.1 onnxoptimizer==0.4.2 onnxscript==0.7.2 onnx==1.23.2 \
    onnxruntime==1.32.0 numpy==2.4.6 2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" - <<'PY'
import numpy as np
import onnxoptimizer
import onnxruntime
import onnxscript.optimizer
import onnxsim
import onnxslim
from onnx import TensorProto, helper

SHAPE = [1, 1, 128, 128]


def model(op: str):
    """A picture, to which noise is added twice."""
    picture, noisy = (helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in ("picture", "noisy"))
    inputs, options = ([], {"shape": SHAPE}) if op == "RandomNormal" else (["picture"], {})
    nodes = [helper.make_node(op, inputs, [name], **options) for name in ("first", "second")]
    nodes += [helper.make_node("Add", ["picture", "first"], ["once"]), helper.make_node("Add", ["once", "second"], ["noisy"])]
    graph = helper.make_graph(nodes, "noise", [picture], [noisy])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def by_onnxsim(given):
    made, right = onnxsim.simplify(given)
    assert right, "no longer: onnxsim's own check sees it"
    return made


def seen(made) -> tuple[float, bool]:
    """The noise's standard deviation, and whether a second run has other noise."""
    session, black = onnxruntime.InferenceSession(made.SerializeToString()), np.zeros(SHAPE, dtype=np.float32)
    first, second = (session.run(None, {"picture": black})[0] for _ in range(2))
    return round(float(first.std()), 1), not np.array_equal(first, second)


onnxruntime.set_seed(1234)
ways = {
    "as it is": lambda given: given,
    "onnxscript": onnxscript.optimizer.optimize,
    "onnxslim": onnxslim.slim,
    "onnxsim": by_onnxsim,
    "onnxoptimizer": onnxoptimizer.optimize,
}
found = {(op, name): seen(way(model(op))) for op in ("RandomNormal", "RandomNormalLike") for name, way in ways.items()}
for (op, name), (deviation, anew) in found.items():
    print(f"{op}, {name}: standard deviation {deviation}, {'new' if anew else 'the same'} at the second run")
for (op, name), one in found.items():
    right, merged, frozen = (1.4, True), (2.0, True), (1.4, False)
    if name in ("as it is", "onnxscript"):
        assert one == right
    elif (op, name) == ("RandomNormal", "onnxslim"):
        assert one == frozen, "no longer: noise is a constant"
    else:
        assert one == merged, "no longer: two draws are one"
PY
