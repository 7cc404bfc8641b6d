#!/usr/bin/env python3
"""The split algorithm once more, slowly and in another language: writes splits.tsv beside this file.

    pip install blake3==1.0.5 && python generate_reference.py

ChaCha8 is spelt out from its definition (Bernstein 2008; RFC 8439 layout with a 64-bit counter and 8
rounds); BLAKE3 is its authors' package. Run it only when SPLIT_VERSION changes.
"""

import math
import pathlib
import struct
from collections import defaultdict

from blake3 import blake3

MASK = 0xFFFFFFFF


def chacha8_words(key):
    """Yields the key stream as little-endian 64-bit words."""
    counter = 0
    while True:
        start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *struct.unpack("<8I", key),
                 counter & MASK, counter >> 32, 0, 0]
        x = list(start)

        def quarter(a, b, c, d):
            for p, q, r, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                x[p] = (x[p] + x[q]) & MASK
                x[r] ^= x[p]
                x[r] = ((x[r] << turn) | (x[r] >> (32 - turn))) & MASK

        for _ in range(4):
            quarter(0, 4, 8, 12), quarter(1, 5, 9, 13), quarter(2, 6, 10, 14), quarter(3, 7, 11, 15)
            quarter(0, 5, 10, 15), quarter(1, 6, 11, 12), quarter(2, 7, 8, 13), quarter(3, 4, 9, 14)
        block = [(a + b) & MASK for a, b in zip(x, start)]
        for low, high in zip(block[::2], block[1::2]):
            yield low | high << 32
        counter += 1


def shuffled(items, seed, purpose, artist):
    data = struct.pack("<Q", seed) + purpose.encode() + b"\0" + artist.encode()
    words = chacha8_words(blake3(data, derive_key_context="crooner-split v1 shuffle").digest())
    items = list(items)
    for last in range(len(items) - 1, 0, -1):
        n = last + 1
        limit = (2**64 - 1) // n * n
        word = next(w for w in words if w < limit)
        items[last], items[word % n] = items[word % n], items[last]
    return items


def share(n, fraction, keep):
    return max(1, min(n - keep, math.floor(n * fraction + 0.5)))


def song(artist, rows, seed):
    order = shuffled(sorted(r[0] for r in rows), seed, "song/tracks", artist)
    n_test = share(len(order), 0.1, 2)
    rest = order[n_test:]
    n_validation = share(len(rest), 0.1, 1)
    return {i: "test" if k < n_test else "validation" if k < n_test + n_validation else "train"
            for k, i in enumerate(order)}


def album(artist, rows, seed):
    albums = defaultdict(list)
    for id_, _, name in rows:
        albums[name].append(id_)
    order = [sorted(albums[name]) for name in shuffled(sorted(albums), seed, "album/albums", artist)]
    sides = {}
    if len(order) == 2:
        test, rest = order if len(order[1]) >= 2 else order[::-1]
        rest = shuffled(rest, seed, "album/tracks", artist)
        n_validation = share(len(rest), 0.1, 1)
        sides |= {i: "test" for i in test}
        sides |= {i: "validation" for i in rest[:n_validation]}
        sides |= {i: "train" for i in rest[n_validation:]}
    else:
        for ids, side in zip(order, ["test", "validation"] + ["train"] * len(order)):
            sides |= {i: side for i in ids}
    return sides


def fingerprint(kind, rows, sides):
    text = f"crooner-split v1\n{kind}\n".encode()
    for row in sorted(rows, key=lambda r: r[0].encode()):
        fields = [b"%d:%s" % (len(f.encode()), f.encode()) for f in row]
        text += b"\t".join([sides[row[0]].encode(), *fields]) + b"\n"
    return blake3(text).hexdigest()


def catalogue():
    """Names with accents, spaces and digits; 2 to 6 albums; 1 to 12 tracks; a shared album name."""
    shape = {
        "Björk": {"Debut": 11, "Post": 11, "Homogenic": 10, "Vespertine": 12, "Medúlla": 9, "Volta": 10},
        "Low": {"Trust": 7, "Drums and Guns": 1},
        "The xx": {"xx": 6, "Coexist": 5, "Live": 1},
        "坂本龍一": {"Live": 4, "async": 8},
    }
    return [(f"{artist}/{name}/{k:02}.ogg", artist, name)
            for artist, albums in shape.items() for name, n in albums.items() for k in range(1, n + 1)]


def main():
    rows = catalogue()
    artists = defaultdict(list)
    for row in rows:
        artists[row[1]].append(row)
    columns = {}
    for kind, assign in (("song", song), ("album", album)):
        for seed in (0, 21, 42, 2**64 - 1):
            sides = {}
            for artist, own in artists.items():
                sides |= assign(artist, own, seed)
            columns[f"{kind} {seed}"] = (sides, fingerprint(kind, rows, sides))
    lines = [["id", "artist", "album", *columns]]
    lines += [[*row, *(sides[row[0]] for sides, _ in columns.values())] for row in rows]
    lines += [["fingerprint", "", "", *(print_ for _, print_ in columns.values())]]
    text = "".join("\t".join(line) + "\n" for line in lines)
    pathlib.Path(__file__).with_name("splits.tsv").write_bytes(text.encode())


main()
