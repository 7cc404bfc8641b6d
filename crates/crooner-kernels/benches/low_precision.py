"""Error of a 3 x 3 convolution whose operands are rounded, against double precision.

    python3 crates/crooner-kernels/benches/low_precision.py        (needs NumPy)

128 channels, 128 filters, normal inputs, weights of variance 1 / (9 * 128). Rounded are what the products read: inputs
and weights of the definition, V and U of Winograd's F(4x4, 3x3). Errors are shares of the output: the largest of the
largest, and the root mean square of the root mean square.
"""

import numpy as np

BT = np.array([
    [4, 0, -5, 0, 1, 0],
    [0, -4, -4, 1, 1, 0],
    [0, 4, -4, -1, 1, 0],
    [0, -2, -1, 2, 1, 0],
    [0, 2, -1, -2, 1, 0],
    [0, 4, 0, -5, 0, 1],
], float)
G = np.array([
    [1 / 4, 0, 0],
    [-1 / 6, -1 / 6, -1 / 6],
    [-1 / 6, 1 / 6, -1 / 6],
    [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6],
    [0, 0, 1],
])
AT = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]], float)


def f32(x):
    return x.astype(np.float32).astype(float)


def bf16(x):
    bits = np.ascontiguousarray(x, dtype=np.float32).view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return rounded.astype(np.uint32).view(np.float32).astype(float)


def int8(x):
    scale = np.abs(x).max() / 127
    return np.round(x / scale) * scale


def int8_by_point(x):
    scale = np.abs(x).max(axis=(0, 1), keepdims=True) / 127
    return np.round(x / scale) * scale


def direct(d, w, q):
    d, w = q(d), q(w)
    out = np.zeros((len(d), len(w), 4, 4))
    for i in range(3):
        for j in range(3):
            out += np.einsum("ncyx,kc->nkyx", d[:, :, i : i + 4, j : j + 4], w[:, :, i, j])
    return out


def winograd(d, w, q):
    v = q(np.einsum("ai,ncij,bj->ncab", BT, d, BT))
    u = q(np.einsum("ai,kcij,bj->kcab", G, w, G))
    return np.einsum("ai,nkij,bj->nkab", AT, np.einsum("ncab,kcab->nkab", v, u), AT)


rng = np.random.default_rng(0)
d = rng.normal(size=(64, 128, 6, 6))
w = rng.normal(size=(128, 128, 3, 3)) / np.sqrt(9 * 128)
exact = direct(d, w, lambda x: x)
for name, found in [
    ("f32, Winograd", winograd(d, w, f32)),
    ("bf16, by definition", direct(d, w, bf16)),
    ("bf16, Winograd", winograd(d, w, bf16)),
    ("int8, by definition", direct(d, w, int8)),
    ("int8, Winograd, a scale a point", winograd(d, w, int8_by_point)),
]:
    largest = np.abs(found - exact).max() / np.abs(exact).max()
    rms = np.sqrt(((found - exact) ** 2).mean() / (exact**2).mean())
    print(f"{name:32s} largest {largest:.1e}  rms {rms:.1e}")
