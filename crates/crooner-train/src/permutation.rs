//! The numbers below `n` in random order, without a list of them where it would be long.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::seeds::shuffle;

/// The most numbers that are shuffled in a list: four megabytes.
const LISTED: usize = 1 << 20;

/// Rounds of the Feistel network: four already look random to whoever sees fewer than the root of what is permuted
/// (Luby & Rackoff 1988), and seven to whoever sees nearly all of it (Patarin 2003).
const ROUNDS: usize = 8;

/// A random order of `0..n`.
pub(crate) enum Permutation {
    /// Each of the `n!` orders is as likely.
    Listed(Vec<u32>),
    Computed(Feistel),
}

impl Permutation {
    /// Whether so many numbers are few enough for a list.
    pub(crate) fn fits_list(n: usize) -> bool {
        n <= LISTED
    }

    /// A list, shuffled (Fisher & Yates).
    pub(crate) fn listed(n: usize, rng: &mut ChaCha8Rng) -> Self {
        // What fits a list fits 32 bits.
        let mut numbers: Vec<u32> = (0..n as u32).collect();
        shuffle(&mut numbers, rng);
        Self::Listed(numbers)
    }

    /// One of 2^64 orders and more, of a few bytes.
    pub(crate) fn computed(n: usize, rng: &mut ChaCha8Rng) -> Self {
        Self::Computed(Feistel::new(n as u64, rng))
    }

    /// The number at `place < n`.
    pub(crate) fn at(&self, place: usize) -> usize {
        match self {
            Self::Listed(numbers) => numbers[place] as usize,
            Self::Computed(feistel) => feistel.at(place as u64) as usize,
        }
    }
}

/// A Feistel network over the numbers of `left + right` bits, applied until the result is below `n` ("cycle walking",
/// Black & Rogaway 2002): a permutation of them restricted to `0..n`, hence one of `0..n`. There are fewer than `2 n`
/// numbers of so many bits, so that two applications are the most one needs on average.
pub(crate) struct Feistel {
    n: u64,
    /// Bits of the halves, the lower and the upper one.
    bits: [u32; 2],
    keys: [u64; ROUNDS],
}

impl Feistel {
    fn new(n: u64, rng: &mut ChaCha8Rng) -> Self {
        let bits = u64::BITS - n.saturating_sub(1).leading_zeros();
        Self { n, bits: [bits / 2, bits - bits / 2], keys: std::array::from_fn(|_| rng.next_u64()) }
    }

    fn at(&self, place: u64) -> u64 {
        let mut number = place;
        loop {
            number = self.network(number);
            if number < self.n {
                return number;
            }
        }
    }

    /// Each round changes one half by a function of the other, which can be undone: lower, upper, lower, ...
    fn network(&self, number: u64) -> u64 {
        let [low, high] = self.bits;
        let mut halves = [number & mask(low), number >> low];
        for (round, key) in self.keys.iter().enumerate() {
            let changed = round % 2;
            halves[changed] ^= mix(halves[1 - changed] ^ key) & mask(self.bits[changed]);
        }
        debug_assert!(halves[1] <= mask(high));
        halves[1] << low | halves[0]
    }
}

fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}

/// A number that looks random: the finaliser of SplitMix64 (Steele, Lea & Flood 2014).
fn mix(mut x: u64) -> u64 {
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds::{Purpose, generator};

    fn computed(n: usize, index: u64) -> Vec<usize> {
        let permutation = Permutation::computed(n, &mut generator(3, Purpose::Order, index));
        (0..n).map(|place| permutation.at(place)).collect()
    }

    #[test]
    fn every_number_comes_once() {
        let lengths = (1..70).chain([1000, 4095, 4096, 4097, (1 << 16) + 1]);
        for n in lengths {
            let mut numbers = computed(n, 0);
            numbers.sort_unstable();
            assert!(numbers.into_iter().eq(0..n), "{n}");
        }
    }

    #[test]
    fn a_list_is_what_shuffling_gives() {
        let mut letters: Vec<char> = ('a'..='z').collect();
        let permutation = Permutation::listed(letters.len(), &mut generator(0, Purpose::Order, 1));
        let ours: Vec<char> = (0..letters.len()).map(|place| letters[permutation.at(place)]).collect();
        shuffle(&mut letters, &mut generator(0, Purpose::Order, 1));
        assert_eq!(ours, letters);
    }

    /// Of random orders of `n`: the mean of `(number - place)^2` is `(n^2 - 1) / 6`; neighbours are not correlated, with
    /// a standard deviation of `1 / sqrt(n)`; each of `k` equal parts of the places holds a share of `1 / k` of each of
    /// `k` equal parts of the numbers, so that the chi-square of the table has a mean and half a variance of
    /// `(k - 1)^2`; and the number of places that hold the same number in two orders is Poisson distributed around 1.
    #[test]
    fn a_computed_order_looks_random() {
        let n = 100_000;
        let k = 50;
        let orders: Vec<Vec<usize>> = (0..20).map(|index| computed(n, index)).collect();
        let (size, middle, cells) = (n as f64, (n - 1) as f64 / 2.0, (k * k) as f64);
        let mut chi_squares = 0.0;
        for order in &orders {
            let moved =
                order.iter().enumerate().map(|(place, &number)| (number as f64 - place as f64).powi(2));
            let moved = moved.sum::<f64>() / size / ((size * size - 1.0) / 6.0);
            assert!((moved - 1.0).abs() < 5.0 / size.sqrt(), "{moved}");

            let centred = |number: usize| number as f64 - middle;
            let neighbours = order.windows(2).map(|pair| centred(pair[0]) * centred(pair[1])).sum::<f64>();
            let correlation = neighbours / (size * (size * size - 1.0) / 12.0);
            assert!(correlation.abs() < 5.0 / size.sqrt(), "{correlation}");

            let mut table = vec![0_u32; k * k];
            for (place, number) in order.iter().enumerate() {
                table[place * k / n * k + number * k / n] += 1;
            }
            let expected = size / cells;
            chi_squares +=
                table.iter().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum::<f64>();
        }
        let degrees = ((k - 1) * (k - 1) * orders.len()) as f64;
        assert!((chi_squares - degrees).abs() < 5.0 * (2.0 * degrees).sqrt(), "{chi_squares} of {degrees}");

        let pairs =
            orders.iter().enumerate().flat_map(|(one, a)| orders[one + 1..].iter().map(move |b| (a, b)));
        let (mut n_pairs, mut same) = (0, 0);
        for (a, b) in pairs {
            n_pairs += 1;
            same += a.iter().zip(b).filter(|(a, b)| a == b).count();
        }
        let excess = same as f64 - f64::from(n_pairs);
        assert!(excess.abs() < 5.0 * f64::from(n_pairs).sqrt(), "{same} of {n_pairs}");
    }
}
