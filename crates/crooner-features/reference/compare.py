#!/usr/bin/env python3
"""Every registered feature beside librosa's, on real recordings, run there and then.

    pip install -r ../../../tests/golden/requirements.txt
    python compare.py CROONER FOLDER [N]      (the binary, a folder of music, how many files: default 5)

Takes the first 20 s of every file, as a WAV of its own rate and channels, so that both decode the same, and runs
`crooner features` and librosa on it. In the table, `same samples` has librosa computing from crooner's own waveform: what
features alone differ by. `each its own` has it computing from `librosa.load`: what a user sees, mixing down and
resampling included. `librosa itself` is what librosa differs by from its own result where the file is 0.7 times as loud and
the samples are brought back after loading: what rounding alone does to the feature.
"""
import pathlib, subprocess, sys, tempfile, warnings
import numpy as np, soundfile as sf, librosa

CROONER, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
COUNT = int(sys.argv[3]) if len(sys.argv) > 3 else 5
SR = 22050
F, L = librosa.feature, librosa
warnings.simplefilter('ignore')

mel = lambda y: F.melspectrogram(y=y, sr=SR)
magnitude = lambda y: np.abs(L.stft(y))
def pyin(y):
    f0, voiced, probability = L.pyin(y, fmin=L.note_to_hz('C2'), fmax=L.note_to_hz('C7'), sr=SR)
    return np.stack([np.nan_to_num(f0), voiced, probability])
# By name, what librosa computes, and how deviations are told: of the largest value, in dB, or as a share of values.
LIBROSA = {
    'waveform': (lambda y: y, 'max'),
    'stft': (magnitude, 'max'),
    'mel': (mel, 'max'),
    'log-mel': (lambda y: L.power_to_db(mel(y)), 'dB'),
    'mfcc': (lambda y: F.mfcc(y=y, sr=SR), 'abs'),
    'mfcc-delta': (lambda y: F.delta(F.mfcc(y=y, sr=SR)), 'abs'),
    'pcen': (lambda y: L.pcen(mel(y) * 2**31, sr=SR), 'max'),
    'spectral-centroid': (lambda y: F.spectral_centroid(y=y, sr=SR), 'max'),
    'spectral-bandwidth': (lambda y: F.spectral_bandwidth(y=y, sr=SR), 'max'),
    'spectral-rolloff': (lambda y: F.spectral_rolloff(y=y, sr=SR), 'unequal'),
    'spectral-flatness': (lambda y: F.spectral_flatness(y=y), 'max'),
    'spectral-contrast': (lambda y: F.spectral_contrast(y=y, sr=SR), 'dB'),
    'poly-features': (lambda y: F.poly_features(y=y, sr=SR), 'rows'),
    'zero-crossing-rate': (lambda y: F.zero_crossing_rate(y), 'unequal'),
    'rms': (lambda y: F.rms(y=y), 'max'),
    'cqt': (lambda y: np.abs(L.cqt(y, sr=SR, tuning=0.0)), 'max'),
    'vqt': (lambda y: np.abs(L.vqt(y, sr=SR, tuning=0.0)), 'max'),
    'pseudo-cqt': (lambda y: np.abs(L.pseudo_cqt(y, sr=SR)), 'max'),
    'hybrid-cqt': (lambda y: np.abs(L.hybrid_cqt(y, sr=SR)), 'max'),
    'chroma-stft': (lambda y: F.chroma_stft(y=y, sr=SR), 'max'),
    'chroma-cqt': (lambda y: F.chroma_cqt(y=y, sr=SR), 'max'),
    'chroma-vqt': (lambda y: F.chroma_vqt(y=y, sr=SR, intervals='equal'), 'max'),
    'chroma-cens': (lambda y: F.chroma_cens(y=y, sr=SR), 'max'),
    'tonnetz': (lambda y: F.tonnetz(y=y, sr=SR), 'max'),
    'onset-strength': (lambda y: L.onset.onset_strength(y=y, sr=SR), 'dB'),
    'tempogram': (lambda y: F.tempogram(y=y, sr=SR), 'max'),
    'fourier-tempogram': (lambda y: np.abs(F.fourier_tempogram(y=y, sr=SR)), 'max'),
    'hpss-harmonic': (lambda y: L.decompose.hpss(magnitude(y))[0], 'max'),
    'hpss-percussive': (lambda y: L.decompose.hpss(magnitude(y))[1], 'max'),
    'iirt': (lambda y: L.iirt(y, sr=SR), 'max'),
    'plp': (lambda y: L.beat.plp(y=y, sr=SR), 'max'),
    'yin': (lambda y: L.yin(y, fmin=L.note_to_hz('C2'), fmax=L.note_to_hz('C7'), sr=SR), 'max'),
    'pyin': (pyin, 'rows'),
}

def deviation(ours, theirs, kind):
    ours, theirs = np.atleast_2d(ours).astype(np.float64), np.atleast_2d(theirs).astype(np.float64)
    if kind != 'unequal' and ours.shape == theirs.shape:
        ours, theirs = np.nan_to_num(ours), np.nan_to_num(theirs)
    if ours.shape != theirs.shape:
        return f'shape {ours.shape} instead of {theirs.shape}'
    d = np.abs(ours - theirs)
    if kind == 'unequal':
        # Librosa's f64 rounded as ours are.
        return float((ours.astype(np.float32) != theirs.astype(np.float32)).mean())
    if kind == 'rows':
        return float((d.max(axis=1) / np.abs(theirs).max(axis=1).clip(1e-12)).max())
    return float(d.max() / np.abs(theirs).max().clip(1e-12)) if kind == 'max' else float(d.max())

UNITS = dict(max='of the largest value', rows='of the largest value of the row', dB='dB', abs='absolute', unequal='of values unequal')

def run(*words):
    done = subprocess.run([CROONER, *words], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f'crooner {" ".join(map(str, words))}: {done.stderr}')
    return done.stdout

names = [line.split()[0] for line in run('features', '--list').splitlines() if not line.startswith(' ')]
unknown = [name for name in names if name not in LIBROSA]
files = sorted(p for p in FOLDER.rglob('*') if p.suffix.lower() in ('.wav', '.flac', '.mp3', '.ogg'))
files = files[:: max(1, len(files) // COUNT)][:COUNT]
worst = {}
with tempfile.TemporaryDirectory() as scratch:
    scratch = pathlib.Path(scratch)
    for path in files:
        info = sf.info(path)
        y, rate = sf.read(path, frames=20 * info.samplerate, always_2d=True, dtype='float32')
        sf.write(scratch / 'clip.wav', y, rate, subtype='FLOAT')
        print(f'{path.relative_to(FOLDER)}: {len(y) / rate:.1f} s of {y.shape[1]} channels at {rate} Hz', file=sys.stderr)
        loaded, _ = librosa.load(scratch / 'clip.wav', sr=SR)
        sf.write(scratch / 'softer.wav', np.float32(0.7) * y, rate, subtype='FLOAT')
        softer = librosa.load(scratch / 'softer.wav', sr=SR)[0] / np.float32(0.7)
        run('features', scratch / 'clip.wav', '--feature', 'waveform', '-o', scratch / 'y.npy')
        waveform = np.load(scratch / 'y.npy')
        assert waveform.shape == loaded.shape, (waveform.shape, loaded.shape)
        for name in names:
            if name in unknown:
                continue
            run('features', scratch / 'clip.wav', '--feature', name, '-o', scratch / 'ours.npy')
            ours = np.load(scratch / 'ours.npy')
            fn, kind = LIBROSA[name]
            theirs = fn(loaded)
            pairs = (ours, fn(waveform)), (ours, theirs), (np.asarray(fn(softer)).astype(np.float32), theirs)
            for column, pair in enumerate(pairs):
                found = deviation(*pair, kind)
                if isinstance(found, str):
                    sys.exit(f'{name}: {found}')
                key = (name, column)
                worst[key] = max(worst.get(key, 0.0), found)
print(f'librosa {librosa.__version__}, {len(files)} files\n')
print('| feature | same samples | each its own | librosa itself | unit |\n|---|---|---|---|---|')
for name in names:
    if name not in unknown:
        columns = ' | '.join(f'{worst[name, column]:.1e}' for column in range(3))
        print(f'| {name} | {columns} | {UNITS[LIBROSA[name][1]]} |')
if unknown:
    sys.exit(f'nothing to compare with: {", ".join(unknown)}')
