"""Reference scores: scikit-learn on made-up predictions.

pip install -r requirements.txt; python metrics.py > metrics.json
"""

import json
import random

from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

random.seed(20190501)
cases = []
for n_classes, n in [(2, 1), (2, 10), (3, 50), (6, 24), (6, 300), (20, 240)]:
    for right in (0.2, 0.8):
        # Later classes are rarer, and the last one never occurs.
        truth = [min(random.randrange(n_classes), random.randrange(n_classes)) % max(n_classes - 1, 1) for _ in range(n)]
        guess = [t if random.random() < right else random.randrange(n_classes) for t in truth]
        labels = list(range(n_classes))
        precision, recall, f1, support = precision_recall_fscore_support(truth, guess, labels=labels, zero_division=0)
        cases.append(
            dict(
                n_classes=n_classes,
                truth=truth,
                guess=guess,
                accuracy=accuracy_score(truth, guess),
                weighted_f1=f1_score(truth, guess, average="weighted", zero_division=0),
                macro_f1=f1_score(truth, guess, average="macro", zero_division=0),
                precision=precision.tolist(),
                recall=recall.tolist(),
                f1=f1.tolist(),
                support=[int(n) for n in support],
            )
        )
print(json.dumps(cases))
