#!/usr/bin/env python3
"""The kinds beyond song and album once more, in another language: writes kinds.tsv beside this file.

    pip install blake3==1.0.5 && python generate_kinds.py

Uses the shuffle of generate_reference.py. Run it only when SPLIT_VERSION changes.
"""

import pathlib
import struct
from collections import defaultdict
from math import floor

from blake3 import blake3

HERE = pathlib.Path(__file__).parent
# The reference's functions, without running it.
exec((HERE / "generate_reference.py").read_text().replace("\nmain()\n", "\n"))


def balance(groups, shares, preference, reserve):
    """groups: list of {class: tracks}, in order."""
    classes = sorted(preference)
    totals = {c: sum(g.get(c, 0) for g in groups) for c in classes}
    loads = [{c: 0 for c in classes} for _ in shares]
    places = [None] * len(groups)

    def put(group, bin_):
        places[group] = bin_
        for c, n in groups[group].items():
            loads[bin_][c] += n

    for c in sorted(classes, key=lambda c: sum(c in g for g in groups)):
        for bin_ in reserve:
            free = [i for i, g in enumerate(groups) if c in g and places[i] is None]
            if loads[bin_][c] == 0 and free:
                put(min(free, key=lambda i: abs(groups[i][c] - totals[c] * shares[bin_])), bin_)
    for i in sorted((i for i in range(len(groups)) if places[i] is None), key=lambda i: -sum(groups[i].values())):
        def rise(bin_):
            total = 0.0
            for c in sorted(groups[i]):
                total += (2 * loads[bin_][c] + groups[i][c]) * groups[i][c] / totals[c]
            return total / shares[bin_]
        put(i, min(preference[min(groups[i])], key=rise))
    return places


def fill(rows, seed, purpose, shares, reserve):
    """Sides (as bins) of all rows; part by part where groups are of one class each."""
    by_group = defaultdict(list)
    for row in rows:
        by_group[row[2]].append(row)
    crossing = any(len({r[1] for r in own}) > 1 for own in by_group.values())
    parts = defaultdict(list)
    for name in sorted(by_group, key=str.encode):
        parts["" if crossing else by_group[name][0][1]].append(name)
    sides = {}
    for part, names in parts.items():
        order = shuffled(names, seed, f"{purpose}/groups", part)
        classes = sorted({r[1] for n in names for r in by_group[n]}, key=str.encode)
        preference = {c: shuffled(range(len(shares)), seed, f"{purpose}/bins", c) for c in classes}
        loads = []
        for name in order:
            count = defaultdict(int)
            for row in by_group[name]:
                count[row[1]] += 1
            loads.append(dict(count))
        for name, bin_ in zip(order, balance(loads, shares, preference, reserve)):
            sides |= {row[0]: bin_ for row in by_group[name]}
    return sides


def group(rows, seed):
    validation = (1.0 - 0.1) * 0.1
    bins = fill(rows, seed, "group", [1.0 - 0.1 - validation, validation, 0.1], [2, 1, 0])
    return {i: ["train", "validation", "test"][b] for i, b in bins.items()}


def folds(rows, seed):
    bins = fill(rows, seed, "folds/group", [1.0 / 3.0] * 3, [])
    return {i: ["test", "validation", "train"][b] for i, b in bins.items()}


def hashed(rows, seed):
    sides = {}
    for id_, _, name in rows:
        digest = blake3(struct.pack("<Q", seed) + name.encode() + b"\0",
                        derive_key_context="crooner-split v1 hash").digest()
        u = (struct.unpack("<Q", digest[:8])[0] >> 11) / 2**53
        sides[id_] = "test" if u < 0.1 else "validation" if u < 0.1 + (1.0 - 0.1) * 0.1 else "train"
    return sides


def few_shot(rows, seed):
    sides = {}
    for label in {r[1] for r in rows}:
        order = shuffled(sorted((r[0] for r in rows if r[1] == label), key=str.encode), seed, "few-shot/tracks", label)
        n_validation = share(len(order) - 3, 0.1, 1)
        sides |= {i: "train" if k < 3 else "validation" if k < 3 + n_validation else "test"
                  for k, i in enumerate(order)}
    return sides


def rows_of(crossing):
    """Three genres; forty bands, each of one genre or (every third) of two."""
    rows = []
    for band in range(40):
        genres = ["Jazz", "Rock", "Ö-Pop"]
        own = [genres[band % 3]] + ([genres[(band + 1) % 3]] if crossing and band % 3 == 0 else [])
        for k in range(1 + band * 7 % 11):
            rows.append((f"{band:02}/{k:02}", own[k % len(own)], f"Band {band}"))
    return rows


def tables():
    lines = []
    for crossing in (False, True):
        rows = rows_of(crossing)
        kinds = {"group": group, "folds": folds, "hash": hashed, "few-shot": few_shot}
        columns = [assign(rows, seed) for assign in kinds.values() for seed in (0, 42)]
        for row in rows:
            lines.append(["crossing" if crossing else "nested", *row, *(c[row[0]] for c in columns)])
    (HERE / "kinds.tsv").write_bytes("".join("\t".join(line) + "\n" for line in lines).encode())


tables()
