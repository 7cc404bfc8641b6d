//! Sizes of one image of a block.

use crate::simd::CHANNELS;

/// One image of a conv block: `[height, width, channels]`, channels padded to whole vectors wherever a kernel
/// computes. Pixels beyond the last whole pooling window are part of the convolution and of the statistics, not of the
/// output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Geometry {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
    pub(crate) filters: usize,
    pub(crate) kernel: [usize; 2],
    pub(crate) pool: [usize; 2],
}

impl Geometry {
    /// Input channels, padded.
    pub(crate) fn c(&self) -> usize {
        self.channels.next_multiple_of(CHANNELS)
    }

    /// Filters, padded.
    pub(crate) fn k(&self) -> usize {
        self.filters.next_multiple_of(CHANNELS)
    }

    /// Values of an input image.
    pub(crate) fn input(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Values of one row of activations.
    pub(crate) fn row(&self) -> usize {
        self.width * self.k()
    }

    /// Values of all activations of an image.
    pub(crate) fn activations(&self) -> usize {
        self.height * self.row()
    }

    /// Height and width of the output.
    pub(crate) fn pooled(&self) -> [usize; 2] {
        [self.height / self.pool[0], self.width / self.pool[1]]
    }

    /// Values of an output image, filters padded.
    pub(crate) fn pooled_values(&self) -> usize {
        let [height, width] = self.pooled();
        height * width * self.k()
    }

    /// Rows and columns of 4 x 4 tiles.
    pub(crate) fn tiles(&self) -> [usize; 2] {
        [self.height.div_ceil(4), self.width.div_ceil(4)]
    }
}

/// The rows of a batch in bands that hold whole pooling windows and whole tiles, so that they can be computed apart.
/// An image's last band has the rows that are left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bands {
    /// Rows of a band.
    pub(crate) height: usize,
    /// Bands of an image.
    pub(crate) per_image: usize,
}

impl Bands {
    /// Bands whose height is a multiple of `unit` rows.
    pub(crate) fn new(g: &Geometry, unit: usize) -> Self {
        let height = (1..=unit).map(|i| i * g.pool[0]).find(|rows| rows.is_multiple_of(unit));
        let height = height.unwrap_or(g.pool[0] * unit);
        Self { height, per_image: g.height.div_ceil(height) }
    }

    /// Image and row at which band `band` of the batch begins.
    pub(crate) fn start(&self, band: usize) -> At {
        At { image: band / self.per_image, row: band % self.per_image * self.height }
    }
}

/// A row of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    pub(crate) image: usize,
    pub(crate) row: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_hold_whole_windows_and_tiles() {
        for pool in 1..9 {
            for height in pool..40 {
                let g =
                    Geometry { height, width: 5, channels: 1, filters: 1, kernel: [3, 3], pool: [pool, 1] };
                for unit in [1, 4] {
                    let bands = Bands::new(&g, unit);
                    assert!(bands.height.is_multiple_of(unit) && bands.height.is_multiple_of(pool));
                    let last = bands.start(3 * bands.per_image - 1);
                    assert!(last.image == 2 && last.row < height && last.row + bands.height >= height);
                    let end = bands.start(3 * bands.per_image);
                    assert!(end.image == 3 && end.row == 0);
                }
            }
        }
    }
}
