"""What `tonal.rs` measures, by librosa 0.11.0 (pip install librosa==0.11.0): one thread, the same signal."""

import os

for key in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[key] = "1"

import time
import warnings

import librosa
import numpy as np

warnings.filterwarnings("ignore")
RATE, SECONDS, RUNS = 16_000, 60, 3

seconds = np.arange(RATE * SECONDS) / RATE
noise = np.random.default_rng(1).uniform(-0.5, 0.5, RATE * SECONDS)
y = (0.5 * np.sin(200 * seconds * (1 + seconds)) + 0.01 * noise).astype(np.float32)
kw = {"y": y, "sr": RATE}
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
    "hpss-harmonic": separate,
    "tuning": lambda: librosa.estimate_tuning(**kw),
}

for name, run in FEATURES.items():
    run()
    taken = []
    for _ in range(1 if name.startswith("hpss") else RUNS):
        begun = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begun)
    print(f"{name:<24} {SECONDS / min(taken):8.0f} at best", flush=True)
