#!/usr/bin/env python3
"""Golden arrays of what the clips of tests/golden do not cover.

    pip install -r ../../../tests/golden/requirements.txt; python edges.py      (writes edges.npz and edges.json beside itself)

Odd n_fft, hops that do not divide, every padding and window, silence, one sample, a constant, tracks shorter than a
frame, loud beside faint, and settings away from their defaults. An entry names a feature and settings as `crooner
features` takes them, so that another one needs no code in Rust. Of large arrays every `step`-th column is kept.
"""
import json, pathlib, warnings
import numpy as np, scipy.signal, librosa

HERE = pathlib.Path(__file__).parent
SR = 22050
F = librosa.feature
rng = np.random.default_rng(20190502)
warnings.simplefilter('ignore')

# ---------- clips ------------------------------------------------------------
n = 5003
t = np.arange(n) / SR
mix = 0.3 * np.sin(2 * np.pi * 440 * t) + 0.2 * np.sin(2 * np.pi * (2000 + 9000 * t) * t) + 0.05 * rng.standard_normal(n)
faint = np.concatenate([0.5 * rng.standard_normal(2500), 1e-6 * rng.standard_normal(2500)])
clips = dict(mix=mix, faint=faint, silence=np.zeros(3001), one=[0.5], constant=np.full(4000, 0.25), short=mix[1000:1300])
clips = {name: np.asarray(y, dtype=np.float32) for name, y in clips.items()}

# ---------- registered features ----------------------------------------------
S = lambda y, **k: np.abs(librosa.stft(y, **k))
small = dict(n_fft=512, hop_length=300)
SMALL = 'n_fft=512 hop_length=300'
arrays, entries = {}, []

def add(clip, line, fn, tolerance='Linear'):
    y = clips[clip]
    a, b = np.asarray(fn(y)), np.asarray(fn(y.astype(np.float64)))
    key = f'{clip}/{line}'
    step = max(1, a.size // 1000)
    arrays[key] = np.ascontiguousarray(a[..., ::step], dtype=np.float32)
    largest = float(np.abs(b).max()) if b.size else 0.0
    dev = float(np.abs(a - b).max()) if a.size and a.shape == b.shape else 0.0
    entries.append(dict(key=key, clip=clip, feature=line, tolerance=tolerance, shape=list(a.shape), step=step, dev_abs=dev, max_abs=largest))

for pad in ('constant', 'reflect', 'edge'):
    for n_fft, hop in ((512, 300), (501, 97), (1023, 1000)):
        add('mix', f'stft n_fft={n_fft} hop_length={hop} pad_mode={pad}', lambda y: S(y, n_fft=n_fft, hop_length=hop, pad_mode=pad))
add('mix', 'stft n_fft=501 hop_length=200 win_length=300 center=false', lambda y: S(y, n_fft=501, hop_length=200, win_length=300, center=False))
add('mix', 'stft n_fft=512 hop_length=200 win_length=301 pad_mode=edge', lambda y: S(y, n_fft=512, hop_length=200, win_length=301, pad_mode='edge'))
for name, window in (('hamming', 'hamming'), ('blackman', 'blackman'), ('blackmanharris', 'blackmanharris'), ('boxcar', 'boxcar'), ('kaiser(14)', ('kaiser', 14.0)), ('kaiser(0.5)', ('kaiser', 0.5))):
    add('mix', f'stft {SMALL} window={name}', lambda y: S(y, window=window, **small))
add('mix', f'stft {SMALL} power=2', lambda y: S(y, **small) ** 2)
add('mix', f'mel {SMALL} n_mels=40 power=1', lambda y: F.melspectrogram(y=y, sr=SR, n_mels=40, power=1, **small))
add('mix', f'mel {SMALL} n_mels=40 power=1.5 fmax=6000', lambda y: F.melspectrogram(y=y, sr=SR, n_mels=40, power=1.5, fmax=6000, **small))
add('mix', 'mel n_fft=501 hop_length=300 n_mels=40', lambda y: F.melspectrogram(y=y, sr=SR, n_fft=501, hop_length=300, n_mels=40))
for name, norm in (('1', 1), ('2', 2), ('inf', np.inf), ('none', None)):
    add('mix', f'mel {SMALL} n_mels=40 norm={name}', lambda y: F.melspectrogram(y=y, sr=SR, n_mels=40, norm=norm, **small))
add('mix', f'log-mel {SMALL} n_mels=40 top_db=none amin=1e-5', lambda y: librosa.power_to_db(F.melspectrogram(y=y, sr=SR, n_mels=40, **small), amin=1e-5, top_db=None), 'Decibel')
add('mix', f'mfcc {SMALL} n_mels=40 dct_type=3', lambda y: F.mfcc(y=y, sr=SR, n_mels=40, dct_type=3, **small), 'Rise')
add('mix', f'mfcc {SMALL} n_mels=40 dct_type=1', lambda y: F.mfcc(y=y, sr=SR, n_mels=40, dct_type=1, **small), 'Rise')
add('mix', f'mfcc {SMALL} n_mels=40 dct_type=1 norm=none', lambda y: F.mfcc(y=y, sr=SR, n_mels=40, dct_type=1, norm=None, **small), 'Rise')
add('mix', f'mfcc {SMALL} n_mels=40 top_db=none', lambda y: F.mfcc(S=librosa.power_to_db(F.melspectrogram(y=y, sr=SR, n_mels=40, **small), top_db=None)), 'Rise')
add('mix', f'mfcc {SMALL} n_mels=40 norm=none mel_norm=none', lambda y: F.mfcc(y=y, sr=SR, n_mels=40, norm=None, mel_norm=None, **small), 'Rise')
for mode in ('interp', 'nearest', 'mirror', 'constant', 'wrap'):
    add('mix', f'mfcc-delta {SMALL} n_mels=40 width=5 order=1 mode={mode}', lambda y: F.delta(F.mfcc(y=y, sr=SR, n_mels=40, **small), width=5, order=1, mode=mode), 'Rise')
add('short', f'mfcc-delta {SMALL} n_mels=40 width=9 order=3 mode=mirror', lambda y: F.delta(F.mfcc(y=y, sr=SR, n_mels=40, **small), width=9, order=3, mode='mirror'), 'Rise')
pcen = lambda y, mel=dict(), **k: librosa.pcen(F.melspectrogram(y=y, sr=SR, n_mels=40, **mel, **small) * 2**31, sr=SR, hop_length=300, **k)
add('mix', f'pcen {SMALL} n_mels=40', pcen)
add('faint', f'pcen {SMALL} n_mels=40', pcen)
add('mix', f'pcen {SMALL} n_mels=40 gain=0.8 bias=10 power=0.25 time_constant=0.06 eps=1e-9 mel_power=1', lambda y: pcen(y, dict(power=1), gain=0.8, bias=10, power=0.25, time_constant=0.06, eps=1e-9))
add('mix', f'pcen {SMALL} n_mels=40 max_size=4 b=0.1', lambda y: pcen(y, max_size=4, b=0.1))
add('mix', f'pcen {SMALL} n_mels=40 power=0', lambda y: pcen(y, power=0))
add('mix', f'pcen {SMALL} n_mels=40 bias=0', lambda y: pcen(y, bias=0))
add('mix', f'spectral-contrast {SMALL} n_bands=4 quantile=0.1', lambda y: F.spectral_contrast(y=y, sr=SR, n_bands=4, quantile=0.1, **small), 'Rise')
add('mix', f'spectral-contrast {SMALL} linear=true fmin=100', lambda y: F.spectral_contrast(y=y, sr=SR, linear=True, fmin=100, **small))
for order in (0, 1, 2, 5):
    add('mix', f'poly-features {SMALL} order={order}', lambda y: F.poly_features(y=y, sr=SR, order=order, **small), 'Rows')
add('mix', f'spectral-bandwidth {SMALL} p=3', lambda y: F.spectral_bandwidth(y=y, sr=SR, p=3, **small))
add('mix', f'spectral-rolloff {SMALL} roll_percent=0.5', lambda y: F.spectral_rolloff(y=y, sr=SR, roll_percent=0.5, **small), 'Exact')
add('mix', f'spectral-flatness {SMALL} power=1 amin=1e-5', lambda y: F.spectral_flatness(y=y, power=1, amin=1e-5, **small))
add('mix', 'zero-crossing-rate frame_length=501 hop_length=200', lambda y: F.zero_crossing_rate(y, frame_length=501, hop_length=200), 'Exact')
add('mix', 'zero-crossing-rate frame_length=512 hop_length=200 center=false threshold=0.1 zero_pos=false', lambda y: F.zero_crossing_rate(y, frame_length=512, hop_length=200, center=False, threshold=0.1, zero_pos=False), 'Exact')
add('mix', 'rms frame_length=501 hop_length=200 pad_mode=reflect', lambda y: F.rms(y=y, frame_length=501, hop_length=200, pad_mode='reflect'))
add('mix', 'rms frame_length=512 hop_length=200 center=false', lambda y: F.rms(y=y, frame_length=512, hop_length=200, center=False))
add('mix', 'fourier-tempogram hop_length=300 win_length=15', lambda y: np.abs(F.fourier_tempogram(y=y, sr=SR, hop_length=300, win_length=15)))

add('mix', 'pseudo-cqt fmin=220 n_bins=48', lambda y: librosa.pseudo_cqt(y, sr=SR, fmin=220, n_bins=48), 'ConstantQ')
add('mix', 'pseudo-cqt hop_length=256 fmin=110 n_bins=60 bins_per_octave=24 scale=false', lambda y: librosa.pseudo_cqt(y, sr=SR, hop_length=256, fmin=110, n_bins=60, bins_per_octave=24, scale=False), 'ConstantQ')
add('mix', 'hybrid-cqt hop_length=256', lambda y: librosa.hybrid_cqt(y, sr=SR, hop_length=256), 'Scaled')
# So low that the rate is lowered by 4, 8 and 16 first, which soxr does in stages that start empty.
for fmin in (110, 55, 27.5):
    add('mix', f'cqt hop_length=256 fmin={fmin} n_bins=24', lambda y: np.abs(librosa.cqt(y, sr=SR, hop_length=256, fmin=fmin, n_bins=24)), 'Scaled')
for name, norm in (('2', 2), ('inf', np.inf)):
    add('mix', f'cqt fmin=220 n_bins=36 norm={name}', lambda y: np.abs(librosa.cqt(y, sr=SR, fmin=220, n_bins=36, norm=norm)), 'Scaled')
add('mix', 'hybrid-cqt fmin=1000 n_bins=60 bins_per_octave=24 tuning=0.2', lambda y: librosa.hybrid_cqt(y, sr=SR, fmin=1000, n_bins=60, bins_per_octave=24, tuning=0.2), 'Scaled')
add('mix', 'chroma-vqt', lambda y: F.chroma_vqt(y=y, sr=SR, intervals='equal'), 'Scaled')
add('mix', 'chroma-vqt hop_length=256 fmin=110 n_octaves=4 bins_per_octave=24 gamma=10 threshold=0.01 norm=1', lambda y: F.chroma_vqt(y=y, sr=SR, intervals='equal', hop_length=256, fmin=110, n_octaves=4, bins_per_octave=24, gamma=10, threshold=0.01, norm=1), 'Scaled')

# What every feature makes of tracks that are hardly one.
for clip in ('silence', 'one', 'constant', 'short', 'faint'):
    add(clip, f'stft {SMALL}', lambda y: S(y, **small))
    add(clip, f'mel {SMALL} n_mels=40', lambda y: F.melspectrogram(y=y, sr=SR, n_mels=40, **small))
    add(clip, f'log-mel {SMALL} n_mels=40', lambda y: librosa.power_to_db(F.melspectrogram(y=y, sr=SR, n_mels=40, **small)), 'Decibel')
    add(clip, f'mfcc {SMALL} n_mels=40', lambda y: F.mfcc(y=y, sr=SR, n_mels=40, **small), 'Rise')
    add(clip, f'mfcc {SMALL} n_mels=40 lifter=22', lambda y: F.mfcc(y=y, sr=SR, n_mels=40, lifter=22, **small), 'Rise')
    add(clip, f'spectral-centroid {SMALL}', lambda y: F.spectral_centroid(y=y, sr=SR, **small))
    add(clip, f'spectral-bandwidth {SMALL}', lambda y: F.spectral_bandwidth(y=y, sr=SR, **small))
    add(clip, f'spectral-rolloff {SMALL}', lambda y: F.spectral_rolloff(y=y, sr=SR, **small), 'Exact')
    add(clip, f'spectral-flatness {SMALL}', lambda y: F.spectral_flatness(y=y, **small))
    add(clip, f'spectral-contrast {SMALL}', lambda y: F.spectral_contrast(y=y, sr=SR, **small), 'Rise')
    add(clip, f'poly-features {SMALL}', lambda y: F.poly_features(y=y, sr=SR, **small), 'Rows')
    add(clip, f'zero-crossing-rate frame_length=512 hop_length=300', lambda y: F.zero_crossing_rate(y, frame_length=512, hop_length=300), 'Exact')
    add(clip, f'rms frame_length=512 hop_length=300', lambda y: F.rms(y=y, frame_length=512, hop_length=300))
    if clip != 'faint':
        add(clip, f'pcen {SMALL} n_mels=40', pcen)

# ---------- functions, named for the table in golden_edges.rs -----------------
def function(key, value, tolerance='Linear', clip='mix', dev=0.0):
    value = np.asarray(value)
    step = max(1, value.size // 1000)
    arrays[key] = np.ascontiguousarray(value[..., ::step])
    if arrays[key].dtype == np.float64 and tolerance != 'Exact':
        arrays[key] = arrays[key].astype(np.float32)
    entries.append(dict(key=key, clip=clip, function=key, tolerance=tolerance, shape=list(value.shape), step=step, dev_abs=dev))

mixed = clips['mix']
function('preemphasis', librosa.effects.preemphasis(mixed))
function('deemphasis', librosa.effects.deemphasis(mixed))
odd = dict(n_fft=501, hop_length=120, win_length=400)
function('istft_odd', librosa.istft(librosa.stft(mixed, **odd), **odd))
# Where windows are all but zero nobody's samples mean anything: beyond the track's end, and at its ends if not centred.
long = librosa.istft(librosa.stft(mixed, **odd), **odd, length=5600)
function('istft_long', np.concatenate([long[:5080], long[5130:]]))
function('istft_short', librosa.istft(librosa.stft(mixed, **odd), **odd, length=700))
function('istft_not_centred', librosa.istft(librosa.stft(mixed, n_fft=512, hop_length=128, center=False), n_fft=512, hop_length=128, center=False)[64:-64])
plain = lambda y: librosa.griffinlim(S(y, n_fft=512, hop_length=128), n_iter=3, momentum=0, n_fft=512, hop_length=128, init=None)
function('griffin_lim_plain', plain(mixed), 'Iterated', dev=float(np.abs(plain(mixed) - plain(mixed.astype(np.float64))).max()))
function('rms_of_spectrogram', F.rms(S=S(mixed, n_fft=512, hop_length=300), frame_length=512))
function('rms_of_odd_spectrogram', F.rms(S=S(mixed, n_fft=501, hop_length=300), frame_length=501))
db = librosa.amplitude_to_db(S(mixed, **small))
function('db_to_power', librosa.db_to_power(db, ref=0.5))
function('db_to_amplitude', librosa.db_to_amplitude(db, ref=0.5))
function('perceptual_weighting', librosa.perceptual_weighting(S(mixed, **small) ** 2, librosa.fft_frequencies(sr=SR, n_fft=512)), 'Decibel')
mfcc = F.mfcc(y=mixed, sr=SR, n_mels=40, n_mfcc=13, lifter=22, **small)
function('mfcc_to_mel', F.inverse.mfcc_to_mel(mfcc, n_mels=40, lifter=22, ref=2.0))
mfcc3 = F.mfcc(y=mixed, sr=SR, n_mels=40, n_mfcc=13, dct_type=3, norm=None, **small)
function('mfcc_to_mel_type_3', F.inverse.mfcc_to_mel(mfcc3, n_mels=40, dct_type=3, norm=None))
mfcc1 = F.mfcc(y=mixed, sr=SR, n_mels=40, n_mfcc=13, dct_type=1, norm=None, **small)
function('mfcc_to_mel_type_1', F.inverse.mfcc_to_mel(mfcc1, n_mels=40, dct_type=1, norm=None))
magnitude = S(mixed, **small)
function('nn_filter_mean', librosa.decompose.nn_filter(magnitude, mode='affinity', k=4, width=2))
function('nn_filter_median', librosa.decompose.nn_filter(magnitude, mode='distance', k=5, sym=True, metric='cosine', aggregate=np.median))
function('nn_filter_weighted', librosa.decompose.nn_filter(magnitude, mode='affinity', k=4, self=True, aggregate=np.average))
mel = F.melspectrogram(y=mixed, sr=SR, n_mels=40, **small)
recovered = F.inverse.mel_to_stft(mel, sr=SR, n_fft=512)
basis = librosa.filters.mel(sr=SR, n_fft=512, n_mels=40)
function('mel_to_stft_residual', np.linalg.norm(basis @ recovered.astype(np.float64) ** 2 - mel, axis=0), 'Exact')
freqs = np.array([20.0, 50, 100, 440, 1000, 3000, 8000, 16000])
for kind in 'ABCDZ':
    function(f'weighting_{kind}', librosa.frequency_weighting(freqs, kind=kind) * np.ones(len(freqs)))
for name in ('hann', 'hamming', 'blackman', 'blackmanharris', ('kaiser', 8.6), ('kaiser', 0.0)):
    label = name if isinstance(name, str) else f'kaiser({name[1]:g})'
    for sym in (False, True):
        for length in (1, 2, 9, 10):
            function(f'window {label} {"symmetric" if sym else "periodic"} {length}', scipy.signal.get_window(name, length, fftbins=not sym))
function('hz_to_midi', librosa.hz_to_midi(freqs))
function('midi_to_hz', librosa.midi_to_hz(np.arange(0, 128, 7.5)))
function('hz_to_octs', librosa.hz_to_octs(freqs, tuning=0.3, bins_per_octave=24))
function('octs_to_hz', librosa.octs_to_hz(np.arange(-1, 9, 0.7), tuning=-0.2))
function('hz_to_mel_slaney', librosa.hz_to_mel(freqs)); function('hz_to_mel_htk', librosa.hz_to_mel(freqs, htk=True))
function('mel_to_hz_slaney', librosa.mel_to_hz(np.arange(0, 60, 7))); function('mel_to_hz_htk', librosa.mel_to_hz(np.arange(0, 3000, 500), htk=True))
notes = ['C', 'A4', 'c#3', 'Bb2', 'Db-1', 'F♯5+25', 'E!3-50', 'G𝄪2', 'B♭♭4', 'D♮6']
function('note_to_midi', librosa.note_to_midi(notes, round_midi=False))
function('samples_to_frames', librosa.samples_to_frames(np.array([-600, -1, 0, 511, 512, 1300]), hop_length=512), 'Exact')
function('samples_to_frames_centred', librosa.samples_to_frames(np.array([0, 511, 1024, 1535, 1536]), hop_length=512, n_fft=2048), 'Exact')
function('time_to_frames', librosa.time_to_frames(np.array([0, 0.1, 1.0, 12.345]), sr=SR, hop_length=512), 'Exact')
function('cqt_frequencies_tuned', librosa.cqt_frequencies(40, fmin=55.0, bins_per_octave=24, tuning=0.25))

for name, y in clips.items():
    arrays[f'clip/{name}'] = y
names = {key: f'a{i}' for i, key in enumerate(arrays)}
np.savez_compressed(HERE / 'edges.npz', **{names[key]: a for key, a in arrays.items()})
for e in entries:
    e['array'] = names[e['key']]
manifest = dict(librosa=librosa.__version__, numpy=np.__version__, sr=SR, midi_to_note={str(m): librosa.midi_to_note(m) for m in (0, 21, 60.4, 61, 69, 127)},
                clips={name: names[f'clip/{name}'] for name in clips}, entries=entries)
(HERE / 'edges.json').write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + '\n')
print(len(entries), 'entries,', (HERE / 'edges.npz').stat().st_size, 'bytes')
