//! Frames replaced by what their nearest neighbours have in common.

use crate::rhythm::onset::Aggregate;
use crate::{FeatureError, Spectrogram};

/// How the neighbours of a frame become one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeighbourAggregate {
    /// Bin by bin, all neighbours alike; librosa's default is their mean.
    Plain(Aggregate),
    /// The mean weighed by the links: librosa's `aggregate=numpy.average`.
    Weighted,
}

impl Default for NeighbourAggregate {
    fn default() -> Self {
        Self::Plain(Aggregate::Mean)
    }
}

/// Every frame replaced by what its neighbours have in common, a non-local filter: `librosa.decompose.nn_filter(data,
/// rec=links, aggregate=...)`, `[n_bins, n_frames]`.
///
/// ```text
/// out[:, i] = aggregate over j with links[j, i] ≠ 0 of data[:, j]
/// ```
///
/// `links` is `[n_frames, n_frames]`, as [`recurrence_matrix`](crate::recurrence_matrix) makes it; a frame without a link
/// stays as it is. With the median over mutual neighbours it takes out what does not recur, as in Rafii and Pardo (ISMIR
/// 2012).
///
/// ```
/// use crooner_features::{
///     NeighbourAggregate, RecurrenceConfig, Spectrogram, nn_filter, recurrence_matrix,
/// };
///
/// let data = Spectrogram::new(1, 6, vec![0.0, 5.0, 9.0, 0.5, 5.5, 9.5])?;
/// let links = recurrence_matrix(&data, &RecurrenceConfig { k: Some(1), ..RecurrenceConfig::default() })?;
/// let filtered = nn_filter(&data, &links, NeighbourAggregate::default())?;
/// assert_eq!(filtered.values(), [0.5, 5.5, 9.5, 0.0, 5.0, 9.0]);
/// # Ok::<(), crooner_features::FeatureError>(())
/// ```
///
/// # Errors
/// [`FeatureError::Shape`] unless `links` has a row and a column for every frame, [`FeatureError::Config`] where the weights
/// of a frame add up to 0 or are not finite.
pub fn nn_filter(
    data: &Spectrogram,
    links: &Spectrogram,
    aggregate: NeighbourAggregate,
) -> Result<Spectrogram, FeatureError> {
    let (n_bins, n_frames) = (data.n_bins(), data.n_frames());
    if links.n_bins() != n_frames || links.n_frames() != n_frames {
        return Err(FeatureError::Shape {
            expected: format!("a row and a column of links for each of {n_frames} frames"),
            found: links.values().len(),
        });
    }
    let mut neighbours: Vec<Vec<(usize, f64)>> = vec![Vec::new(); n_frames];
    for j in 0..n_frames {
        for (of, &weight) in neighbours.iter_mut().zip(links.bin(j)) {
            if weight != 0.0 {
                of.push((j, weight.into()));
            }
        }
    }
    if aggregate == NeighbourAggregate::Weighted {
        let sums = neighbours.iter().map(|of| of.iter().map(|(_, weight)| weight).sum::<f64>());
        let is_usable = |(sum, of): (f64, &Vec<_>)| of.is_empty() || (sum.is_finite() && sum != 0.0);
        if let Some(frame) = sums.zip(&neighbours).position(|pair| !is_usable(pair)) {
            let expected = "such that the weights of every frame have a finite sum other than 0";
            return Err(FeatureError::config("links", expected.to_owned(), format!("frame {frame}")));
        }
    }
    let mut values = Vec::with_capacity(n_bins * n_frames);
    let mut of_bin = Vec::new();
    for bin in 0..n_bins {
        let row = data.bin(bin);
        for (own, of) in row.iter().zip(&neighbours) {
            values.push(match aggregate {
                _ if of.is_empty() => *own,
                NeighbourAggregate::Plain(aggregate) => {
                    of_bin.clear();
                    of_bin.extend(of.iter().map(|&(j, _)| row[j]));
                    aggregate.of(&mut of_bin)
                }
                NeighbourAggregate::Weighted => {
                    let weighed: f64 = of.iter().map(|&(j, weight)| weight * f64::from(row[j])).sum();
                    (weighed / of.iter().map(|(_, weight)| weight).sum::<f64>()) as f32
                }
            });
        }
    }
    Spectrogram::new(n_bins, n_frames, values)
}
