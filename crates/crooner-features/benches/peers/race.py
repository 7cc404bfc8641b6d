"""Runs the peers of `run.sh` in turn and prints the table: seconds of audio per second of processor time.

A peer is a process that waits for `FEATURE N`. The kernel counts the processor time it takes, threads and workers
included, so others on the machine disturb little; what they still disturb, the least of several rounds leaves out.
"""

import os
import pathlib
import subprocess
import sys
import time

import librosa
import numpy as np

CROONER, RUST, ENVIRONMENTS, SCRATCH, ROOT = map(pathlib.Path, sys.argv[1:6])
HERE = pathlib.Path(__file__).parent
SECONDS = 30
ROUNDS = 5
FEATURES = (
    "stft-power stft mel log-mel mfcc mfcc-delta pcen spectral-centroid spectral-bandwidth spectral-rolloff "
    "spectral-flatness spectral-contrast poly-features zero-crossing-rate rms cqt vqt pseudo-cqt "
    "hybrid-cqt chroma-stft chroma-cqt chroma-vqt chroma-cens tonnetz onset-strength tempogram "
    "fourier-tempogram iirt plp yin pyin hpss-harmonic"
).split()
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMBA", "RAYON")}


class Peer:
    def __init__(self, name, command, environment=ONE_THREAD):
        self.name = name
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.process = subprocess.Popen([str(word) for word in command], env=os.environ | environment, **pipes)

    def processor_seconds(self):
        """Of the process and its workers."""
        pids, total = [self.process.pid], 0.0
        for pid in pids:
            # The clock of another process, as clock_getcpuclockid(3) numbers it.
            total += time.clock_gettime((~pid << 3) | 2)
            tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/children")
            pids += [int(child) for task in tasks for child in task.read_text().split()]
        return total

    def run(self, feature, n):
        """Processor seconds for each of `n` runs, or none."""
        before = self.processor_seconds()
        print(feature, n, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().strip()
        if answer == "none":
            return None
        if answer != "done":
            sys.exit(f"{self.name} failed at {feature}")
        return (self.processor_seconds() - before) / n


def race(peers, feature):
    """The least processor seconds of every peer that has the feature."""
    first = {peer: peer.run(feature, 1) for peer in peers}
    # The first run compiles, plans and loads; the second says how long one takes.
    second = {peer: peer.run(feature, 1) for peer, taken in first.items() if taken is not None}
    least = dict(second)
    for i in range(ROUNDS):
        for peer, taken in second.items():
            if taken < 1.0 or i == 0:
                least[peer] = min(least[peer], peer.run(feature, max(1, round(0.1 / taken))))
    return least


def music():
    """Half a minute of three recordings, one after another."""
    files = sorted((ROOT / "datasets/demo").rglob("*.ogg"))[:: 48 // 3][:3]
    return np.concatenate([librosa.load(file, sr=44_100, duration=SECONDS / 3)[0] for file in files])


def mp3s():
    """Eight recordings as MP3, where there is ffmpeg to make them."""
    files = []
    for source in sorted((ROOT / "datasets/demo").rglob("*.ogg"))[::6]:
        target = SCRATCH / f"{source.stem}.mp3"
        command = ["ffmpeg", "-v", "error", "-y", "-i", source, "-ar", "44100", "-ac", "2", "-b:a", "128k", target]
        try:
            subprocess.run(command, check=True)
        except FileNotFoundError:
            print("no ffmpeg: decode-log-mel is left out", file=sys.stderr)
            return []
        files.append(target)
    return files


def row(names, label, seconds, least):
    rates = {peer.name: seconds / taken for peer, taken in least.items()}
    ratio = f"{rates['crooner'] / rates['librosa']:.1f} x"
    cells = [f"{rates[name]:.0f}" if name in rates else "" for name in names]
    print("| " + " | ".join([label, *cells, ratio]) + " |", flush=True)


y = music()
names = ["crooner", "librosa", "torchaudio", "essentia", "rosa", "spectrograms"]
print("| | " + " | ".join(names) + " | crooner : librosa |")
print("|---" * (len(names) + 2) + "|", flush=True)
for rate, features in ((22_050, FEATURES), (16_000, ["log-mel"])):
    samples = SCRATCH / f"{rate}.f32"
    librosa.resample(y, orig_sr=44_100, target_sr=rate).astype(np.float32).tofile(samples)
    peers = [Peer("crooner", [CROONER, samples, rate])]
    for name in ("librosa", "torchaudio", "essentia"):
        python = ENVIRONMENTS / name / "bin/python"
        if python.exists():
            peers.append(Peer(name, [python, HERE / "peer.py", name, samples, rate]))
    peers += [Peer(name, [RUST, name, samples, rate]) for name in ("rosa", "spectrograms")]
    for feature in features:
        label = feature if rate == 22_050 else f"{feature}, {rate // 1000} kHz"
        row(names, label, SECONDS, race(peers, feature))
    for peer in peers:
        peer.process.stdin.close()

if files := mp3s():
    python = ENVIRONMENTS / "librosa/bin/python"
    peers = [
        Peer("crooner", [CROONER, samples, 16_000, *files]),
        Peer("librosa", [python, HERE / "peer.py", "librosa", samples, 16_000, *files]),
    ]
    seconds = sum(librosa.get_duration(path=file) for file in files)
    row(names, "MP3 to log-mel, 16 kHz, 2 workers", seconds, race(peers, "decode-log-mel"))
    for peer in peers:
        peer.process.stdin.close()
