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
