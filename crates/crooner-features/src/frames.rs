//! What a feature is once computed: [`Frames`] (time-major) and [`Spectrogram`] (bin-major).

use rustfft::num_complex::Complex32;

use crate::FeatureError;

/// Frames transposed at a time: of `f32`, a row of them fills one cache line.
pub(crate) const TILE: usize = 16;

/// A feature over time, one frame after another: `[n_frames, n_bins]`, row-major.
///
/// The layout in which frames are made and in which they are stored: a slice of a track is one run of memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Frames<T = f32> {
    n_bins: usize,
    values: Vec<T>,
}

impl<T> Frames<T> {
    /// Frames of `n_bins` values each, laid one after another in `values`.
    ///
    /// # Errors
    /// [`FeatureError::Shape`] when `n_bins` is 0 or does not divide the number of values.
    pub fn new(n_bins: usize, values: Vec<T>) -> Result<Self, FeatureError> {
        if n_bins == 0 || !values.len().is_multiple_of(n_bins) {
            let expected = format!("a multiple of n_bins = {n_bins}, itself at least 1");
            return Err(FeatureError::Shape { expected, found: values.len() });
        }
        Ok(Self { n_bins, values })
    }

    /// Frames made by this crate, whose shape holds by construction.
    pub(crate) fn from_parts(n_bins: usize, values: Vec<T>) -> Self {
        Self { n_bins, values }
    }

    /// Values per frame.
    #[must_use]
    pub fn n_bins(&self) -> usize {
        self.n_bins
    }

    /// Number of frames.
    #[must_use]
    pub fn n_frames(&self) -> usize {
        self.values.len() / self.n_bins
    }

    /// The `n_bins` values of frame `index`.
    ///
    /// # Panics
    /// If `index >= n_frames()`.
    #[must_use]
    pub fn frame(&self, index: usize) -> &[T] {
        &self.values[index * self.n_bins..][..self.n_bins]
    }

    /// All values, frame after frame.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// All values, frame after frame, without a copy.
    #[must_use]
    pub fn into_values(self) -> Vec<T> {
        self.values
    }

    pub(crate) fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }
}

impl<T: Copy + Default> Frames<T> {
    /// The same values in librosa's layout, `[n_bins, n_frames]`.
    #[must_use]
    pub fn to_spectrogram(&self) -> Spectrogram<T> {
        let mut spectrogram = Spectrogram::zeros(self.n_bins, self.n_frames());
        for (tile, first_frame) in self.values.chunks(TILE * self.n_bins).zip((0..).step_by(TILE)) {
            spectrogram.set_frames(first_frame, tile);
        }
        spectrogram
    }
}

/// A feature in librosa's layout: `[n_bins, n_frames]`, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrogram<T = f32> {
    n_bins: usize,
    n_frames: usize,
    values: Vec<T>,
}

impl<T> Spectrogram<T> {
    /// A spectrogram of `n_bins` rows of `n_frames` values each.
    ///
    /// # Errors
    /// [`FeatureError::Shape`] when `values` does not hold `n_bins * n_frames` values.
    pub fn new(n_bins: usize, n_frames: usize, values: Vec<T>) -> Result<Self, FeatureError> {
        if n_bins.checked_mul(n_frames) != Some(values.len()) {
            let expected = format!("n_bins * n_frames = {n_bins} * {n_frames}");
            return Err(FeatureError::Shape { expected, found: values.len() });
        }
        Ok(Self { n_bins, n_frames, values })
    }

    /// Number of rows.
    #[must_use]
    pub fn n_bins(&self) -> usize {
        self.n_bins
    }

    /// Number of columns.
    #[must_use]
    pub fn n_frames(&self) -> usize {
        self.n_frames
    }

    /// Row `index`: one bin over all frames.
    ///
    /// # Panics
    /// If `index >= n_bins()`.
    #[must_use]
    pub fn bin(&self, index: usize) -> &[T] {
        assert!(index < self.n_bins, "bin {index} of {}", self.n_bins);
        &self.values[index * self.n_frames..][..self.n_frames]
    }

    /// All values, row after row.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// All values, row after row, without a copy.
    #[must_use]
    pub fn into_values(self) -> Vec<T> {
        self.values
    }

    /// The same shape with `f` applied to every value.
    pub(crate) fn map<U>(&self, f: impl FnMut(&T) -> U) -> Spectrogram<U> {
        Spectrogram {
            n_bins: self.n_bins,
            n_frames: self.n_frames,
            values: self.values.iter().map(f).collect(),
        }
    }
}

impl<T: Copy + Default> Spectrogram<T> {
    /// The same values in the order of time, `[n_frames, n_bins]`.
    #[must_use]
    pub fn to_frames(&self) -> Frames<T> {
        let mut turned = Spectrogram::zeros(self.n_frames, self.n_bins);
        if self.n_frames > 0 {
            for (tile, first) in self.values.chunks(TILE * self.n_frames).zip((0..).step_by(TILE)) {
                turned.set_frames(first, tile);
            }
        }
        Frames { n_bins: self.n_bins, values: turned.values }
    }

    pub(crate) fn zeros(n_bins: usize, n_frames: usize) -> Self {
        Self { n_bins, n_frames, values: vec![T::default(); n_bins * n_frames] }
    }

    /// Writes frames laid one after another in `tile` to the columns from `first_frame` on.
    pub(crate) fn set_frames(&mut self, first_frame: usize, tile: &[T]) {
        let n_frames = tile.len() / self.n_bins;
        for bin in 0..self.n_bins {
            let row = &mut self.values[bin * self.n_frames + first_frame..][..n_frames];
            for (value, frame) in row.iter_mut().zip(tile.chunks_exact(self.n_bins)) {
                *value = frame[bin];
            }
        }
    }
}

impl Spectrogram<Complex32> {
    /// `|X|²`, the power of every bin.
    #[must_use]
    pub fn power(&self) -> Spectrogram {
        self.map(Complex32::norm_sqr)
    }

    /// `|X|`, the magnitude of every bin: `numpy.abs(librosa.stft(y))`.
    #[must_use]
    pub fn magnitude(&self) -> Spectrogram {
        self.map(|value| value.norm())
    }

    /// The angle of every bin in radians, in `-π..=π`: `numpy.angle(librosa.stft(y))`.
    #[must_use]
    pub fn phase(&self) -> Spectrogram {
        self.map(|value| value.arg())
    }
}
