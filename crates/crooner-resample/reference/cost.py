#!/usr/bin/env python3
"""Processor time per second of audio, crooner-resample beside soxr, in turn on one thread.

    cargo build --release -p crooner-resample --example cost
    pip install soxr==1.1.0 numpy; python cost.py target/release/examples/cost

Prints the table of the crate's documentation: microseconds, the least of several rounds.
"""
import subprocess, sys, time
import numpy as np, soxr

PAIRS = [(44100, 22050), (44100, 16000), (48000, 16000), (44100, 48000), (22050, 16000), (44101, 16000)]
SECONDS, ROUNDS = 10, 7
peer = subprocess.Popen(sys.argv[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

def here(from_hz, to_hz):
    print(from_hz, to_hz, file=peer.stdin, flush=True)
    return float(peer.stdout.readline())

def there(samples, from_hz, to_hz):
    begun = time.thread_time()
    soxr.resample(samples, from_hz, to_hz, quality='HQ')
    return (time.thread_time() - begun) * 1e6 / SECONDS

print('| Hz | here | soxr |\n|---|---|---|')
for pair in PAIRS:
    samples = np.sin(0.05 * np.arange(pair[0] * SECONDS)).astype(np.float32)
    times = [(here(*pair), min(there(samples, *pair) for _ in range(5))) for _ in range(ROUNDS)]
    print('| %d to %d | %.0f | %.0f |' % (*pair, *np.min(times, axis=0)), flush=True)
