//! The colour map of spectrograms: magma, by Nathaniel Smith and Stéfan van der Walt (CC0), which gets
//! lighter from end to end at a pace that looks even, also in grey and for every kind of colour vision.

/// Every 17th of matplotlib's 256 colours. Linear in between, no channel is off by more than 3.
const ANCHORS: [[u8; 3]; 16] = [
    [0, 0, 4],
    [11, 9, 36],
    [32, 17, 75],
    [59, 15, 112],
    [87, 21, 126],
    [114, 31, 129],
    [140, 41, 129],
    [168, 50, 125],
    [196, 60, 117],
    [222, 73, 104],
    [241, 96, 93],
    [250, 127, 94],
    [254, 159, 109],
    [254, 191, 132],
    [253, 222, 160],
    [252, 253, 191],
];

/// Steps between two anchors: `15 * 17 + 1 = 256`.
const STEP: usize = 17;

/// The colour of `level`, from near black at 0 to pale yellow at 255.
pub(super) fn magma(level: u8) -> [u8; 3] {
    let (anchor, offset) = (usize::from(level) / STEP, usize::from(level) % STEP);
    let (from, to) = (ANCHORS[anchor], ANCHORS[(anchor + 1).min(ANCHORS.len() - 1)]);
    std::array::from_fn(|channel| {
        let (from, to) = (f64::from(from[channel]), f64::from(to[channel]));
        (from + (to - from) * offset as f64 / STEP as f64).round() as u8
    })
}

/// All 256 colours, as the palette of a PNG wants them.
pub(super) fn palette() -> Vec<u8> {
    (0..=u8::MAX).flat_map(magma).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some of matplotlib's `_magma_data`, as `round(255 * value)`, away from the anchors.
    const MATPLOTLIB: [(u8, [u8; 3]); 6] = [
        (8, [3, 3, 18]),
        (26, [21, 14, 56]),
        (77, [101, 26, 128]),
        (128, [183, 55, 121]),
        (179, [247, 112, 92]),
        (247, [252, 238, 176]),
    ];

    #[test]
    fn colours_are_those_of_matplotlib_within_3() {
        for (level, expected) in MATPLOTLIB {
            for (channel, expected) in magma(level).into_iter().zip(expected) {
                assert!(channel.abs_diff(expected) <= 3, "level {level}: {channel} against {expected}");
            }
        }
    }

    /// CIE lightness, from sRGB.
    fn lightness(color: [u8; 3]) -> f64 {
        let [red, green, blue] = color.map(|channel| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        });
        let luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        if luminance > 0.008856 { 116.0 * luminance.cbrt() - 16.0 } else { 903.3 * luminance }
    }

    #[test]
    fn lightness_rises_evenly() {
        let lightness: Vec<_> = (0..=255).map(|level| lightness(magma(level))).collect();
        assert!(lightness[0] < 1.0 && lightness[255] > 97.0);
        for (level, value) in lightness.iter().enumerate() {
            // The map is even in CAM02-UCS. On the older CIE scale, matplotlib's own 256 colours stray from
            // the line by 5.7 of 100.
            let straight = lightness[0] + (lightness[255] - lightness[0]) * level as f64 / 255.0;
            assert!((value - straight).abs() < 6.0, "level {level}: {value} against {straight}");
        }
        assert!(lightness.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
