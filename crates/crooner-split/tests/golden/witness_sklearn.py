#!/usr/bin/env python3
"""scikit-learn as a witness of the folds in kinds.tsv: groups whole, and classes as even as its own splitter makes them.

    pip install scikit-learn==1.9.1 && python witness_sklearn.py

Prints, for bands of one genre (nested) and of two (crossing), the sum over folds and genres of the squared deviation
of a fold's share of the genre from one third: that of crooner's folds (seeds 0 and 42), and the best and mean of
StratifiedGroupKFold over 20 seeds.
"""

import pathlib
from collections import Counter

from sklearn.model_selection import LeaveOneGroupOut, PredefinedSplit, StratifiedGroupKFold

HERE = pathlib.Path(__file__).parent


def deviation(labels, fold_of):
    totals, cells = Counter(labels), Counter(zip(labels, fold_of))
    return sum((cells[label, fold] / totals[label] - 1 / 3) ** 2 for label in totals for fold in set(fold_of))


for part in ("nested", "crossing"):
    rows = [line.split("\t") for line in (HERE / "kinds.tsv").read_text().splitlines() if line.startswith(part)]
    labels, groups = [r[2] for r in rows], [r[3] for r in rows]
    ours = []
    for column in (6, 7):
        fold_of = [["test", "validation", "train"].index(r[column]) for r in rows]
        for train, test in PredefinedSplit(fold_of).split():
            assert not {groups[i] for i in train} & {groups[i] for i in test}, "a group is on two sides"
            assert {labels[i] for i in train} == {labels[i] for i in test}, "a genre is missing"
        ours.append(deviation(labels, fold_of))
    theirs = []
    for seed in range(20):
        fold_of = [0] * len(rows)
        splitter = StratifiedGroupKFold(3, shuffle=True, random_state=seed)
        for fold, (_, test) in enumerate(splitter.split(labels, labels, groups)):
            for i in test:
                fold_of[i] = fold
        theirs.append(deviation(labels, fold_of))
    assert LeaveOneGroupOut().get_n_splits(groups=groups) == len(set(groups)) == 40
    print(f"{part:<9} crooner {ours[0]:.5f} {ours[1]:.5f}   scikit-learn best {min(theirs):.5f} "
          f"mean {sum(theirs) / len(theirs):.5f}")
