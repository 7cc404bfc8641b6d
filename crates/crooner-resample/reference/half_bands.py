#!/usr/bin/env python3
"""The half-band filters of `src/chain.rs`, estimated from what python-soxr makes of impulses at the first samples.

    pip install soxr==1.1.0 numpy scipy; python half_bands.py

A ratio of 4, 8, 16, ... to 1 is halvings by one half-band filter `h`, then the sharp low-pass of `src/response.rs` that
halves once more. No sample before time zero is kept, so output m of an impulse at n is a sum over j >= 0 in each
stage, in which the taps h(1), h(3), ... are the unknowns: least squares from 160 impulses and 100 outputs each.
"""
import numpy as np, soxr
from scipy.optimize import least_squares
from scipy.special import i0

PASS_BAND, DB_PER_BIT = 0.91374365, 6.020599913279624
N_IMPULSES, N_OUTPUTS, N_TAPS = 160, 100, 12


def low_pass(n_stages):
    """The kernel at time t, in samples of twice the lower rate; `src/response.rs` has the same numbers."""
    half_transition = 0.5 * (1 - PASS_BAND)
    excess = 20 * np.log10(n_stages)
    beta = 13.040037 + excess * (0.111411 + 1.116e-5 * excess)
    taps_for = 8.276865 + (beta - 13) * (0.636473 + 5.47e-5 * (beta - 13))
    n_taps = -(-(int(np.ceil(taps_for * 2 / half_transition + 1)) - 1) // 4) * 4 + 1
    cutoff, half_width = 0.25 * (1 - half_transition), 0.5 * n_taps

    def at(t):
        window = np.maximum(0, 1 - (t / half_width) ** 2)
        value = 2 * cutoff * np.sinc(2 * cutoff * t) * i0(beta * np.sqrt(window)) / i0(beta)
        return np.where(np.abs(t) < half_width, value, 0)

    return at


def halving(h, n_out, n_in):
    distance = np.abs(2 * np.arange(n_out)[:, None] - np.arange(n_in)[None, :])
    return np.where(distance < len(h), h[np.minimum(distance, len(h) - 1)], 0)


def predicted(n_halvings, odd):
    h = np.zeros(2 * len(odd))
    h[0], h[1::2] = 0.5, odd
    n_inner = 450
    m, j = np.arange(N_OUTPUTS), np.arange(n_inner)
    rows = low_pass(1 + n_halvings)(2 * m[:, None] - j[None, :])
    for _ in range(n_halvings):
        n_before = min(2 * n_inner, 1500)
        rows, n_inner = rows @ halving(h, n_inner, n_before), n_before
    return rows[:, :N_IMPULSES].T


for n_halvings in range(1, 6):
    ratio = 2 ** (n_halvings + 1)
    impulses = np.eye(N_IMPULSES, 8192, dtype=np.float32)
    truth = np.array([soxr.resample(x, ratio, 1, quality="HQ").astype(float)[:N_OUTPUTS] for x in impulses])
    start = np.zeros(N_TAPS)
    start[:3] = 0.31, -0.09, 0.04
    # In units of the least significant errors, so that the solver does not stop early.
    fit = least_squares(lambda odd: 1e3 * (predicted(n_halvings, odd) - truth).ravel(), start, xtol=1e-15, ftol=1e-15, gtol=1e-15)
    error = predicted(n_halvings, fit.x) - truth
    print(f"{ratio}:1, {10 * np.log10((truth**2).sum() / (error**2).sum()):.1f} dB:", *np.round(fit.x, 9))
