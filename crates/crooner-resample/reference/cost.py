#!/usr/bin/env python3
"""Processor time per second of audio, crooner-resample beside soxr, in turn on one thread.

    cargo build --release -p crooner-resample --example cost
    pip install soxr==1.1.0 numpy; python cost.py target/release/examples/cost

Prints the table of the crate's documentation: microseconds, the least of several rounds.
"""
import subprocess, sys, time
import numpy as np, soxr

PAIRS = [(44100, 22050), (44100, 16000), (48000, 16000), (44100, 48000), (22050, 16000), (96000, 22050), (44101, 16000)]
SECONDS, ROUNDS = 10, 7
peer = subprocess.Popen(sys.argv[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

def here(from_hz, to_hz, quality):
    print(from_hz, to_hz, quality, file=peer.stdin, flush=True)
    return float(peer.stdout.readline())

def there(samples, from_hz, to_hz, quality):
    begun = time.thread_time()
    soxr.resample(samples, from_hz, to_hz, quality=quality)
    return (time.thread_time() - begun) * 1e6 / SECONDS

print('| Hz | soxr_hq here | soxr HQ | fast here | soxr LQ |\n|---|---|---|---|---|')
for pair in PAIRS:
    samples = np.sin(0.05 * np.arange(pair[0] * SECONDS)).astype(np.float32)
    times = []
    for _ in range(ROUNDS):
        times.append([])
        for name, peers_name in [('soxr_hq', 'HQ'), ('fast', 'LQ')]:
            times[-1] += [here(*pair, name), min(there(samples, *pair, peers_name) for _ in range(5))]
    print('| %d to %d | %.0f | %.0f | %.0f | %.0f |' % (*pair, *np.min(times, axis=0)), flush=True)
