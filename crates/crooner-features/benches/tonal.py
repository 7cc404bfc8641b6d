"""What `tonal.rs` measures, by librosa 0.11.0 (pip install librosa==0.11.0): one thread, the same signal, CPU time."""

import os
import sys

for key in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[key] = "1"

import time
import warnings

import librosa
import numpy as np

warnings.filterwarnings("ignore")
RATE, SECONDS, RUNS = 16_000, 60, 3
wanted = sys.argv[1:]

seconds = np.arange(RATE * SECONDS) / RATE
noise = np.random.default_rng(1).uniform(-0.5, 0.5, RATE * SECONDS)
y = (0.5 * np.sin(200 * seconds * (1 + seconds)) + 0.01 * noise).astype(np.float32)
kw = {"y": y, "sr": RATE}
band = {"fmin": librosa.note_to_hz("C2"), "fmax": librosa.note_to_hz("C7")}
separate = lambda: librosa.decompose.hpss(np.abs(librosa.stft(y)))

FEATURES = {
    "log-mel": lambda: librosa.power_to_db(librosa.feature.melspectrogram(**kw)),
    "cqt": lambda: np.abs(librosa.cqt(**kw)),
    "vqt": lambda: np.abs(librosa.vqt(**kw)),
    "chroma-stft": lambda: librosa.feature.chroma_stft(**kw),
    "chroma-cqt": lambda: librosa.feature.chroma_cqt(**kw),
    "chroma-cens": lambda: librosa.feature.chroma_cens(**kw),
    "tonnetz": lambda: librosa.feature.tonnetz(**kw),
    "onset-strength": lambda: librosa.onset.onset_strength(**kw),
    "tempogram": lambda: librosa.feature.tempogram(**kw),
    "fourier-tempogram": lambda: np.abs(librosa.feature.fourier_tempogram(**kw)),
    "iirt": lambda: librosa.iirt(**kw),
    "plp": lambda: librosa.beat.plp(**kw),
    "yin": lambda: librosa.yin(**kw, **band),
    "pyin": lambda: librosa.pyin(**kw, **band),
    "hpss-harmonic": separate,
    "hpss-percussive": separate,
    "onset-detect": lambda: librosa.onset.onset_detect(**kw),
    "tempo": lambda: librosa.feature.tempo(**kw),
    "beat-track": lambda: librosa.beat.beat_track(**kw),
    "reassigned": lambda: librosa.reassigned_spectrogram(y, sr=RATE),
    "tuning": lambda: librosa.estimate_tuning(**kw),
}

for name, run in FEATURES.items():
    if wanted and name not in wanted:
        continue
    slow = name.startswith("hpss") or name == "pyin"
    if not slow:
        run()
    taken = []
    for _ in range(1 if slow else RUNS):
        begun = time.process_time()
        run()
        taken.append(time.process_time() - begun)
    print(f"{name:<24} {SECONDS / min(taken):8.0f}", flush=True)
