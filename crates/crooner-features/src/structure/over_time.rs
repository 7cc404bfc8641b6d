//! Features over time: delay embedding, aggregation between boundaries, statistics, and what recurs.

use std::ops::Range;

use crate::error::check_range;
use crate::rhythm::onset::Aggregate;
use crate::{FeatureError, Spectrogram};

/// Every frame with those before it below it, a delay embedding: `librosa.feature.stack_memory(data, n_steps=..., delay=...)`,
/// `[n_bins * n_steps, n_frames]`.
///
/// Rows `s · n_bins..` hold `data[:, t - s · delay]`; a negative `delay` looks ahead. Outside the track there are zeros.
///
/// ```
/// use crooner_features::{Spectrogram, stack_memory};
///
/// let data = Spectrogram::new(1, 3, vec![1.0, 2.0, 3.0])?;
/// assert_eq!(stack_memory(&data, 2, 1)?.values(), [1.0, 2.0, 3.0, 0.0, 1.0, 2.0]);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] unless `n_steps` is in `1..=10000` and `delay` in `-1000000..=1000000` and not 0.
pub fn stack_memory(data: &Spectrogram, n_steps: usize, delay: isize) -> Result<Spectrogram, FeatureError> {
    check_range("n_steps", n_steps, 1, 10_000)?;
    check_range("delay", delay, -1_000_000, 1_000_000)?;
    if delay == 0 {
        return Err(FeatureError::config("delay", "other than 0", delay));
    }
    let n_frames = data.n_frames();
    let mut values = Vec::with_capacity(data.values().len() * n_steps);
    for step in 0..n_steps {
        let back = step as isize * delay;
        for bin in 0..data.n_bins() {
            let row = data.bin(bin);
            let at = |t: usize| usize::try_from(t as isize - back).ok().and_then(|t| row.get(t)).copied();
            values.extend((0..n_frames).map(|t| at(t).unwrap_or(0.0)));
        }
    }
    Spectrogram::new(data.n_bins() * n_steps, n_frames, values)
}

/// The frames between boundaries made one: `librosa.util.sync(data, boundaries, aggregate=...)`,
/// `[n_bins, n_segments]`.
///
/// Boundaries are sorted, those beyond the last frame count as the end, and the track's start and end are added. A median of
/// an even number of frames is the mean of the middle two.
///
/// ```
/// use crooner_features::{Aggregate, Spectrogram, sync};
///
/// let data = Spectrogram::new(1, 4, vec![1.0, 3.0, 5.0, 9.0])?;
/// assert_eq!(sync(&data, &[2], Aggregate::Mean)?.values(), [2.0, 7.0]);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Shape`] for data without a frame.
pub fn sync(
    data: &Spectrogram,
    boundaries: &[usize],
    aggregate: Aggregate,
) -> Result<Spectrogram, FeatureError> {
    let n_frames = data.n_frames();
    if n_frames == 0 {
        let expected = "at least one frame to aggregate".to_owned();
        return Err(FeatureError::Shape { expected, found: 0 });
    }
    let mut edges: Vec<usize> =
        boundaries.iter().map(|&edge| edge.min(n_frames)).chain([0, n_frames]).collect();
    edges.sort_unstable();
    edges.dedup();
    let segments: Vec<Range<usize>> = edges.windows(2).map(|pair| pair[0]..pair[1]).collect();
    let mut values = Vec::with_capacity(data.n_bins() * segments.len());
    for bin in 0..data.n_bins() {
        let mut row = data.bin(bin).to_vec();
        values.extend(segments.iter().map(|segment| aggregate.of(&mut row[segment.clone()])));
    }
    Spectrogram::new(data.n_bins(), segments.len(), values)
}

/// Mean and covariance of the frames of a feature: what classical classifiers of timbre take a track to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// Mean of every bin.
    pub mean: Vec<f64>,
    /// Covariance of every pair of bins, `[n_bins, n_bins]`, row-major, over `n_frames` (not one less).
    pub covariance: Vec<f64>,
}

impl Statistics {
    /// Variance of every bin: the diagonal of the covariance.
    #[must_use]
    pub fn variance(&self) -> Vec<f64> {
        self.covariance.iter().step_by(self.mean.len() + 1).copied().collect()
    }
}

/// Mean and covariance over the frames of a track: `numpy.mean(data, axis=1)` and `numpy.cov(data, bias=True)`.
///
/// Summed in `f64` around the mean.
///
/// ```
/// use crooner_features::{Spectrogram, statistics};
///
/// let data = Spectrogram::new(2, 2, vec![1.0, 3.0, 2.0, 0.0])?;
/// let s = statistics(&data)?;
/// assert_eq!((s.mean.as_slice(), s.covariance.as_slice()), ([2.0, 1.0].as_slice(), [1.0, -1.0, -1.0, 1.0].as_slice()));
/// assert_eq!(s.variance(), [1.0, 1.0]);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Shape`] for data without a frame.
pub fn statistics(data: &Spectrogram) -> Result<Statistics, FeatureError> {
    let (n_bins, n_frames) = (data.n_bins(), data.n_frames());
    if n_frames == 0 {
        let expected = "at least one frame to describe".to_owned();
        return Err(FeatureError::Shape { expected, found: 0 });
    }
    let mean: Vec<f64> = (0..n_bins)
        .map(|bin| data.bin(bin).iter().map(|&value| f64::from(value)).sum::<f64>() / n_frames as f64)
        .collect();
    let centred: Vec<Vec<f64>> = (0..n_bins)
        .map(|bin| data.bin(bin).iter().map(|&value| f64::from(value) - mean[bin]).collect())
        .collect();
    let mut covariance = vec![0.0; n_bins * n_bins];
    for a in 0..n_bins {
        for b in 0..=a {
            let sum: f64 = centred[a].iter().zip(&centred[b]).map(|(x, y)| x * y).sum();
            covariance[a * n_bins + b] = sum / n_frames as f64;
            covariance[b * n_bins + a] = sum / n_frames as f64;
        }
    }
    Ok(Statistics { mean, covariance })
}

/// How far apart two frames are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Metric {
    /// `√Σ (a - b)²`; librosa's default.
    #[default]
    Euclidean,
    /// `1 - Σ a b / (‖a‖ ‖b‖)`; 1 where a frame is 0.
    Cosine,
}

impl Metric {
    fn between(self, a: &[f64], b: &[f64]) -> f64 {
        let sum = |value: fn(f64, f64) -> f64| a.iter().zip(b).map(|(&a, &b)| value(a, b)).sum::<f64>();
        match self {
            Self::Euclidean => sum(|a, b| (a - b) * (a - b)).sqrt(),
            Self::Cosine => {
                let norms = sum(|a, _| a * a).sqrt() * sum(|_, b| b * b).sqrt();
                if norms > 0.0 { (1.0 - sum(|a, b| a * b) / norms).max(0.0) } else { 1.0 }
            }
        }
    }
}

/// What the entries of a recurrence matrix are.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum RecurrenceMode {
    /// 1 for a neighbour; librosa's default.
    #[default]
    Connectivity,
    /// The distance.
    Distance,
    /// `exp(-distance / bandwidth)`, the bandwidth being the median over frames of the distance to the farthest linked
    /// neighbour among the `k` nearest.
    Affinity,
}

/// How recurrence is found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecurrenceConfig {
    /// Neighbours linked to each frame, in `1..=1000000`. Default: `2 ⌈√(n_frames - 2 width + 1)⌉`.
    pub k: Option<usize>,
    /// Frames nearer in time than this are not linked, in `1..(n_frames - 1) / 2`; 0 counts as 1. Default: 1.
    pub width: usize,
    /// The distance. Default: Euclidean.
    pub metric: Metric,
    /// Whether only mutual neighbours are linked. Default: false.
    pub sym: bool,
    /// What the entries are. Default: 1 for a neighbour.
    pub mode: RecurrenceMode,
    /// Whether each frame is linked to itself. Default: false.
    pub self_links: bool,
}

/// Which frames of a track resemble which: `librosa.segment.recurrence_matrix(data, ...)`, `[n_frames, n_frames]`.
///
/// Entry `[i, j]` is not 0 when frame `i` is among the `k` nearest of frame `j`, as librosa 0.11 has it. Every distance is
/// computed: time grows with the square of the frames, so aggregate them first ([`sync`]). Frames at the same distance
/// count in order of time, where librosa's order is that of its search. At a distance of exactly 0 there is no link,
/// because librosa stores links in a sparse matrix of distances (`Connectivity` keeps them).
///
/// `Connectivity` links the nearest `k`. librosa 0.11 sorts the ones that stand for links there, not the distances, so which
/// `k` of the `k + 2 width` nearest it keeps does not depend on how near they are: a few entries in a hundred differ.
/// `Affinity` is equal.
///
/// ```
/// use crooner_features::{RecurrenceConfig, Spectrogram, recurrence_matrix};
///
/// let data = Spectrogram::new(1, 6, vec![0.0, 5.0, 9.0, 0.1, 5.1, 9.1])?;
/// let config = RecurrenceConfig { k: Some(1), ..RecurrenceConfig::default() };
/// assert_eq!(recurrence_matrix(&data, &config)?.bin(0), [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Config`] for a setting out of range or an affinity without a single link.
pub fn recurrence_matrix(data: &Spectrogram, config: &RecurrenceConfig) -> Result<Spectrogram, FeatureError> {
    let n = data.n_frames();
    let width = config.width.max(1);
    if width >= n.saturating_sub(1) / 2 {
        let expected = format!("at least 1 and below (n_frames - 1) / 2 = {}", n.saturating_sub(1) / 2);
        return Err(FeatureError::config("width", expected, width));
    }
    let k = config.k.unwrap_or_else(|| 2 * ((n - 2 * width + 1) as f64).sqrt().ceil() as usize);
    check_range("k", k, 1, 1_000_000)?;

    let frames: Vec<Vec<f64>> = data
        .to_frames()
        .values()
        .chunks_exact(data.n_bins().max(1))
        .map(|frame| frame.iter().map(|&value| f64::from(value)).collect())
        .collect();
    let is_kept = |distance: f64| config.mode == RecurrenceMode::Connectivity || distance > 0.0;
    // `linked[i]` holds the distances to the neighbours of frame `i`, others are NaN.
    let mut linked = vec![f64::NAN; n * n];
    let mut nearest: Vec<(f64, usize)> = Vec::with_capacity(n);
    for i in 0..n {
        nearest.clear();
        let others = (0..n).filter(|&j| j != i);
        nearest.extend(others.map(|j| (config.metric.between(&frames[i], &frames[j]), j)));
        nearest.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        // Of the nearest, as many as could be too near in time besides `k` are looked at.
        let far = |&&(distance, j): &&(f64, usize)| i.abs_diff(j) >= width && is_kept(distance);
        for &(distance, j) in nearest.iter().take(k + 2 * width).filter(far).take(k) {
            linked[i * n + j] = distance;
        }
    }
    if config.sym {
        for i in 0..n {
            for j in 0..i {
                if linked[i * n + j].is_nan() || linked[j * n + i].is_nan() {
                    linked[i * n + j] = f64::NAN;
                    linked[j * n + i] = f64::NAN;
                }
            }
        }
    }
    let bandwidth =
        if config.mode == RecurrenceMode::Affinity { bandwidth(&linked, n, config)? } else { 1.0 };
    let mut values = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..n {
            let distance = linked[i * n + j];
            let entry = match config.mode {
                _ if distance.is_nan() => 0.0,
                RecurrenceMode::Connectivity => 1.0,
                RecurrenceMode::Distance => distance,
                RecurrenceMode::Affinity => (-distance / bandwidth).exp(),
            };
            values[j * n + i] = entry as f32;
        }
        if config.self_links && config.mode != RecurrenceMode::Distance {
            values[i * n + i] = 1.0;
        }
    }
    Spectrogram::new(n, n, values)
}

/// The median over frames of the largest linked distance; a frame linked to itself has that link at distance 0.
fn bandwidth(linked: &[f64], n: usize, config: &RecurrenceConfig) -> Result<f64, FeatureError> {
    let farthest = |row: &[f64]| {
        let links = row.iter().copied().filter(|distance| !distance.is_nan());
        links.reduce(f64::max).or(config.self_links.then_some(0.0))
    };
    let mut distances: Vec<f64> = linked.chunks_exact(n).filter_map(farthest).collect();
    distances.sort_unstable_by(f64::total_cmp);
    let middle = distances.len() / 2;
    match distances.get(middle) {
        Some(&upper) if distances.len() % 2 == 1 => Ok(upper),
        Some(&upper) => Ok(0.5 * (distances[middle - 1] + upper)),
        None => {
            Err(FeatureError::config("mode", "such that frames are linked", "affinity of an empty graph"))
        }
    }
}
