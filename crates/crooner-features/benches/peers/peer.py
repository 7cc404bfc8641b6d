"""`peer.py PEER SAMPLES RATE [FILE...]`: a Python library as one of the peers of `run.sh`.

Answers each line `FEATURE N` on standard input by computing the feature N times, and prints `done`, or `none` if the
library has no such feature. SAMPLES are raw float32.
"""

import sys
import warnings

import numpy as np

warnings.filterwarnings("ignore")
peer, path, rate, *files = sys.argv[1:]
y, sr = np.fromfile(path, dtype=np.float32), int(rate)


def decode(file):
    """What a worker does with a file."""
    import librosa

    samples, rate = librosa.load(file, sr=16_000)
    librosa.power_to_db(librosa.feature.melspectrogram(y=samples, sr=rate))


def with_librosa():
    from multiprocessing import get_context

    import librosa as L

    F = L.feature
    magnitude = lambda: np.abs(L.stft(y))
    mel = lambda: F.melspectrogram(y=y, sr=sr)
    pitch = dict(fmin=L.note_to_hz("C2"), fmax=L.note_to_hz("C7"), sr=sr)
    pool = get_context("spawn").Pool(2) if files else None
    return {
        "stft-power": lambda: np.abs(L.stft(y)) ** 2,
        "stft": magnitude,
        "mel": mel,
        "log-mel": lambda: L.power_to_db(mel()),
        "mfcc": lambda: F.mfcc(y=y, sr=sr),
        "mfcc-delta": lambda: F.delta(F.mfcc(y=y, sr=sr)),
        "pcen": lambda: L.pcen(mel() * 2**31, sr=sr),
        "spectral-centroid": lambda: F.spectral_centroid(y=y, sr=sr),
        "spectral-bandwidth": lambda: F.spectral_bandwidth(y=y, sr=sr),
        "spectral-rolloff": lambda: F.spectral_rolloff(y=y, sr=sr),
        "spectral-flatness": lambda: F.spectral_flatness(y=y),
        "spectral-contrast": lambda: F.spectral_contrast(y=y, sr=sr),
        "poly-features": lambda: F.poly_features(y=y, sr=sr),
        "zero-crossing-rate": lambda: F.zero_crossing_rate(y),
        "rms": lambda: F.rms(y=y),
        "cqt": lambda: np.abs(L.cqt(y, sr=sr)),
        "vqt": lambda: np.abs(L.vqt(y, sr=sr)),
        "pseudo-cqt": lambda: np.abs(L.pseudo_cqt(y, sr=sr)),
        "hybrid-cqt": lambda: np.abs(L.hybrid_cqt(y, sr=sr)),
        "chroma-stft": lambda: F.chroma_stft(y=y, sr=sr),
        "chroma-cqt": lambda: F.chroma_cqt(y=y, sr=sr),
        "chroma-vqt": lambda: F.chroma_vqt(y=y, sr=sr, intervals="equal"),
        "chroma-cens": lambda: F.chroma_cens(y=y, sr=sr),
        "tonnetz": lambda: F.tonnetz(y=y, sr=sr),
        "onset-strength": lambda: L.onset.onset_strength(y=y, sr=sr),
        "tempogram": lambda: F.tempogram(y=y, sr=sr),
        "fourier-tempogram": lambda: np.abs(F.fourier_tempogram(y=y, sr=sr)),
        "iirt": lambda: L.iirt(y, sr=sr),
        "plp": lambda: L.beat.plp(y=y, sr=sr),
        "yin": lambda: L.yin(y, **pitch),
        "pyin": lambda: L.pyin(y, **pitch),
        "hpss-harmonic": lambda: L.decompose.hpss(magnitude())[0],
        "decode-log-mel": lambda: pool.map(decode, files, chunksize=1),
    }


def with_torchaudio():
    import torch
    import torchaudio.transforms as T

    torch.set_num_threads(1)
    x = torch.from_numpy(y)
    sizes = dict(n_fft=2048, hop_length=512)
    power = T.Spectrogram(**sizes, power=2.0)
    mel = T.MelSpectrogram(sr, **sizes, n_mels=128, norm="slaney", mel_scale="slaney")
    db = T.AmplitudeToDB("power", top_db=80.0)
    mfcc = T.MFCC(sr, n_mfcc=20, melkwargs=dict(**sizes, n_mels=128, norm="slaney", mel_scale="slaney"))
    return {
        "stft-power": lambda: power(x),
        "mel": lambda: mel(x),
        "log-mel": lambda: db(mel(x)),
        "mfcc": lambda: mfcc(x),
    }


def with_essentia():
    import essentia
    import essentia.standard as E

    essentia.log.infoActive = False
    window = E.Windowing(type="hann", zeroPhase=False)
    power = E.PowerSpectrum(size=2048)
    bands = E.MelBands(
        inputSize=1025, numberBands=128, sampleRate=sr, lowFrequencyBound=0, highFrequencyBound=sr / 2,
        warpingFormula="slaneyMel", type="power",
    )  # fmt: skip
    spectrum = E.Spectrum(size=2048)
    mfcc = E.MFCC(
        inputSize=1025, numberBands=128, numberCoefficients=20, sampleRate=sr, lowFrequencyBound=0,
        highFrequencyBound=sr / 2, warpingFormula="slaneyMel", logType="dbpow",
    )  # fmt: skip
    frames = lambda: E.FrameGenerator(y, frameSize=2048, hopSize=512)
    # PowerSpectrum squares, and MelBands of type power would square again: it is given magnitudes.
    mel = lambda: essentia.array([bands(spectrum(window(frame))) for frame in frames()])
    return {
        "stft-power": lambda: essentia.array([power(window(frame)) for frame in frames()]),
        "mel": mel,
        "log-mel": lambda: 10 * np.log10(np.maximum(mel(), 1e-10)),
        "mfcc": lambda: essentia.array([mfcc(spectrum(window(frame)))[1] for frame in frames()]),
    }


if __name__ == "__main__":
    features = {"librosa": with_librosa, "torchaudio": with_torchaudio, "essentia": with_essentia}[peer]()
    for line in sys.stdin:
        feature, n = line.split()
        if feature in features:
            for _ in range(int(n)):
                features[feature]()
        print("done" if feature in features else "none", flush=True)
