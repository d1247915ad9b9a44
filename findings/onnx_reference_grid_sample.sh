#!/usr/bin/env bash
# onnx 1.23.2 (PyPI): its reference evaluator warps by another rule than the runtime, near the border and cubically.
#
# Met while looking for a judge between PyTorch and an exported warp (what ADA's augmentation and many generators of
# warped pictures are made of). `GridSample` with mode "cubic" and padding "border", at places outside of the picture.
#
# Expected: the cubic of the picture continued by its outermost pixels, which is what `numpy.pad(mode="edge")` and the
#           formula give (Keys, a = -0.75), and `onnxruntime` 1.32.0; `torch.nn.functional.grid_sample` does the same.
# Seen:     the evaluator first moves the place onto the border, and interpolates there: 0.5 pixels outside of a picture
#           it is off by 0.17 where the picture has a standard deviation of 1. Inside, both agree to 1e-6; so do zeros
#           and reflection as padding. A wrong kernel is thus called right by it there, and a right one wrong.
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

SIDE, FAR, A = 8, 6, -0.75
picture = np.random.default_rng(0).normal(size=(1, 1, SIDE, SIDE)).astype(np.float32)


def cubic(t: float) -> np.ndarray:
    """Weights of the four pixels around a place, the second of which is t before it (Keys 1981)."""
    t = abs(np.array([t + 1, t, 1 - t, 2 - t]))
    near = ((A + 2) * t - (A + 3)) * t * t + 1
    return np.where(t <= 1, near, ((t - 5) * t + 8) * t * A - 4 * A)


def by_formula(x: float, y: float) -> float:
    wide = np.pad(picture[0, 0], FAR, mode="edge")
    column, row = int(np.floor(x)), int(np.floor(y))
    around = wide[row - 1 + FAR : row + 3 + FAR, column - 1 + FAR : column + 3 + FAR]
    return float(cubic(y - row) @ around @ cubic(x - column))


def model(padding: str):
    kind = TensorProto.FLOAT
    inputs = [helper.make_tensor_value_info("picture", kind, picture.shape), helper.make_tensor_value_info("grid", kind, [1, 1, "n", 2])]
    output = helper.make_tensor_value_info("warped", kind, [1, 1, 1, "n"])
    node = helper.make_node("GridSample", ["picture", "grid"], ["warped"], mode="cubic", padding_mode=padding, align_corners=1)
    graph = helper.make_graph([node], "warp", inputs, [output])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def differences(padding: str, outside: float) -> list[float]:
    """Of the runtime and of the evaluator, at most: from the formula where it is known, else of the runtime's."""
    places = [(SIDE - 1 + outside, y) for y in np.arange(0.25, SIDE - 1, 0.5)]  # in pixels; to the right, if outside
    grid = np.array(places, dtype=np.float32)[None, None] * 2 / (SIDE - 1) - 1
    made, given = model(padding), {"picture": picture, "grid": grid}
    by_runtime = onnxruntime.InferenceSession(made.SerializeToString()).run(None, given)[0].ravel()
    by_reference = ReferenceEvaluator(made).run(None, given)[0].ravel()
    right = [by_formula(*place) for place in places] if padding == "border" else by_runtime
    return [float(abs(found - right).max()) for found in (by_runtime, by_reference)]


for padding, outside in (("border", -1.5), ("border", 0.5), ("zeros", 0.5), ("reflection", 0.5)):
    runtime, reference = differences(padding, outside)
    print(f"{padding}, {outside:+} pixels: onnxruntime {runtime:.1e}, reference evaluator {reference:.1e}")
    assert runtime < 1e-5
    assert (reference > 0.05) == (padding == "border" and outside > 0)
PY
