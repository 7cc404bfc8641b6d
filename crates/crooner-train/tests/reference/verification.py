"""Reference rates of verification: scikit-learn's ROC curve on made-up scores.

pip install -r requirements.txt; python verification.py > verification.json

The equal error rate is where the curve crosses the diagonal, as VoxCeleb's trainer finds it (Brent's method on the
interpolated curve); the detection cost is that of NIST's evaluation plans, for every threshold of the curve.
"""

import json
import random

import numpy as np
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn.metrics import roc_curve

random.seed(20170626)
cases = []
for n, shift, digits in [(6, 1.0, 6), (40, 0.5, 6), (40, 1.5, 1), (400, 1.0, 6), (400, 2.0, 1), (1000, 3.0, 6), (1000, 0.0, 2)]:
    same = [i % 3 == 0 for i in range(n)]
    scores = [round(random.gauss(shift if s else 0.0, 1.0), digits) for s in same]
    accepted, found, _ = roc_curve(same, scores, drop_intermediate=False)
    eer = brentq(lambda x: 1.0 - x - interp1d(accepted, found)(x), 0.0, 1.0, xtol=1e-14)
    costs = {}
    for p, miss, false_alarm in [(0.01, 1.0, 1.0), (0.05, 1.0, 1.0), (0.01, 10.0, 1.0), (0.5, 1.0, 1.0)]:
        cost = p * miss * (1 - found) + (1 - p) * false_alarm * accepted
        costs[f"{p} {miss} {false_alarm}"] = float(np.min(cost) / min(p * miss, (1 - p) * false_alarm))
    cases.append(dict(same=same, scores=scores, eer=float(eer), min_dcf=costs))
print(json.dumps(cases))
