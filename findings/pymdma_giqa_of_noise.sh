#!/usr/bin/env bash
# pymdma 0.3.0 (PyPI): a model's GIQA hardly depends on how good its pictures are, and one bad picture makes it perfect.
#
# Met while looking for a figure of quality that needs no distance between sets. GIQA (Gu et al. 2020) fits a mixture of
# Gaussians to features of real pictures and scores each generated one by its log-likelihood. `GIQA().compute(real, fake)`
# scales the scores by the least and the largest of this very call, so 0 and 1 are the set's own worst and best picture,
# and the mean over the set, which it gives as the data set's value, says where the others lie between these two. The
# ranking of pictures within a call is right; values of two calls, of two models say, cannot be compared. No warning.
#
# Expected: more for samples of the real distribution than for noise ten times as wide, or for another distribution a
#           hundred standard deviations away; hardly a change when one of a thousand pictures is replaced by a bad one.
# Seen:     0.747 for samples of the real distribution, 0.714 for the noise, 0.494 for what lies far away, and 0.998 once
#           a single sample is thirty standard deviations off. The mean log-likelihoods are -11, -412, -40,874, -15.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q pymdma==0.3.0 torch==2.14.1 scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1 \
    2> "$place/pip" || { cat "$place/pip"; exit 1; }
"$place/env/bin/python" -W ignore - <<'PY'
import numpy as np
from pymdma.image.measures.synthesis_val.feature.giqa import GIQA
from sklearn.mixture import GaussianMixture

draw = np.random.default_rng(0)
real = draw.normal(0, 1, (2000, 8))
like_real = draw.normal(0, 1, (1000, 8))
sets = {
    "like the real": like_real,
    "noise, ten times as wide": draw.normal(0, 10, (1000, 8)),
    "far away": draw.normal(100, 1, (1000, 8)),
    "like the real but for one": np.vstack([like_real[1:], np.full((1, 8), 30.0)]),
}
likelihood = GaussianMixture(1, random_state=0).fit(real).score
giqa = {}
for name, fake in sets.items():
    giqa[name] = GIQA(n_components=1).compute(real, fake).dataset_level.value
    print(f"{name}: GIQA {giqa[name]:.3f}, mean log-likelihood {likelihood(fake):,.0f}")
like, noise, far, but_one = giqa.values()
assert abs(like - noise) < 0.1 and far > 0.3 and but_one > 0.99, giqa
print("as described")
PY
