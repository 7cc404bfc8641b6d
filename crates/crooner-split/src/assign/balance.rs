//! Whole groups into bins of given shares, evenly class by class.
//!
//! Let `p_b` be the share that bin `b` should get and `x_b` the tracks it has of each class, each divided
//! by the square root of the class's size. The groups are taken from the largest to the smallest (equals in
//! the order given), and each goes where it raises
//!
//! ```text
//! Phi = sum over b of |x_b|^2 / p_b
//! ```
//!
//! least. `Phi` is smallest, `|x|^2` with `x = sum of x_b`, if every bin has exactly its share of every
//! class. A bin drawn with probability `p_b` would raise it by `2 <x, g> + B |g|^2` in the mean, and the best
//! bin by no more; so the deviation that is left,
//!
//! ```text
//! D = sum over b of |x_b - p_b x|^2 / p_b  <=  D_reserved + (B - 1) * sum over groups of |g|^2 ,
//! ```
//!
//! with `D_reserved = Phi - |x|^2` of the groups that were placed beforehand. With equal shares and groups of
//! one class each this is the rule "into the lightest bin", and of each class no bin has more than another by
//! more than the class's largest group (Graham 1966).

/// A group: how many tracks it has of which class.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Load {
    /// (class, tracks), sorted by class; never empty.
    pub(crate) classes: Vec<(usize, usize)>,
}

impl Load {
    pub(crate) fn size(&self) -> usize {
        self.classes.iter().map(|(_, n)| n).sum()
    }
}

/// What to fill.
pub(crate) struct Bins<'a> {
    /// The share of each bin; they add up to 1.
    pub(crate) shares: &'a [f64],
    /// For each class the order in which its groups prefer bins that are equally good.
    pub(crate) preference: &'a [Vec<usize>],
    /// Bins that must get a group of every class, in this order: one is reserved for each before the rest is
    /// balanced, the one whose size is nearest to the bin's share of the class.
    pub(crate) reserve: &'a [usize],
}

/// The bin of every group. A class with fewer groups than bins to reserve leaves some without.
pub(crate) fn balance(groups: &[Load], bins: &Bins<'_>) -> Vec<usize> {
    let n_classes = bins.preference.len();
    let mut totals = vec![0_usize; n_classes];
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); n_classes];
    for (index, group) in groups.iter().enumerate() {
        for &(class, n) in &group.classes {
            totals[class] += n;
            members[class].push(index);
        }
    }
    let mut state = State { groups, bins, totals, loads: vec![vec![0; n_classes]; bins.shares.len()] };
    let mut places: Vec<Option<usize>> = vec![None; groups.len()];

    // The classes with the fewest groups have the least choice.
    let mut scarce: Vec<usize> = (0..n_classes).collect();
    scarce.sort_by_key(|&class| members[class].len());
    for class in scarce {
        for &bin in bins.reserve {
            if state.loads[bin][class] == 0
                && let Some(group) = state.nearest(class, bin, &members[class], &places)
            {
                places[group] = Some(bin);
                state.put(group, bin);
            }
        }
    }

    let mut order: Vec<usize> = (0..groups.len()).filter(|&group| places[group].is_none()).collect();
    order.sort_by_key(|&group| std::cmp::Reverse(groups[group].size()));
    for group in order {
        let bin = state.best(group);
        places[group] = Some(bin);
        state.put(group, bin);
    }
    places.into_iter().map(Option::unwrap_or_default).collect()
}

struct State<'a> {
    groups: &'a [Load],
    bins: &'a Bins<'a>,
    totals: Vec<usize>,
    /// Tracks of each bin and class.
    loads: Vec<Vec<usize>>,
}

impl State<'_> {
    fn put(&mut self, group: usize, bin: usize) {
        for &(class, n) in &self.groups[group].classes {
            self.loads[bin][class] += n;
        }
    }

    /// The unplaced group of `class` whose tracks of it are nearest to the bin's share, the first of equals.
    fn nearest(
        &self,
        class: usize,
        bin: usize,
        members: &[usize],
        places: &[Option<usize>],
    ) -> Option<usize> {
        let wanted = self.totals[class] as f64 * self.bins.shares[bin];
        let distance = |group: usize| {
            let own = self.groups[group].classes.iter().find(|(other, _)| *other == class);
            (own.map_or(0, |(_, n)| *n) as f64 - wanted).abs()
        };
        let free = members.iter().copied().filter(|&group| places[group].is_none());
        free.min_by(|&a, &b| distance(a).total_cmp(&distance(b)))
    }

    /// The bin where `Phi` rises least, the preferred one of equals.
    fn best(&self, group: usize) -> usize {
        let classes = &self.groups[group].classes;
        let rise = |bin: usize| {
            let sum: f64 = classes
                .iter()
                .map(|&(class, n)| {
                    (2 * self.loads[bin][class] + n) as f64 * n as f64 / self.totals[class] as f64
                })
                .sum();
            sum / self.bins.shares[bin]
        };
        let preference = classes.first().map_or(&[][..], |&(class, _)| &self.bins.preference[class]);
        preference.iter().copied().min_by(|&a, &b| rise(a).total_cmp(&rise(b))).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn load(classes: &[usize]) -> Load {
        let classes = classes.iter().copied().enumerate().filter(|(_, n)| *n > 0).collect();
        Load { classes }
    }

    fn norm(x: &[f64], totals: &[f64]) -> f64 {
        x.iter().zip(totals).filter(|(_, total)| **total > 0.0).map(|(x, total)| x * x / total).sum()
    }

    proptest! {
        /// The bound that the module's documentation proves.
        #[test]
        fn the_deviation_keeps_its_bound(
            sizes in prop::collection::vec(prop::collection::vec(0_usize..9, 3), 1..40),
            cuts in prop::collection::vec(0.05..1.0_f64, 2..6),
            reserve: bool,
        ) {
            let groups: Vec<Load> = sizes.iter().map(|s| load(s)).filter(|g| !g.classes.is_empty()).collect();
            let sum: f64 = cuts.iter().sum();
            let shares: Vec<f64> = cuts.iter().map(|cut| cut / sum).collect();
            let order: Vec<usize> = (0..shares.len()).collect();
            let reserve = if reserve { order.clone() } else { vec![] };
            let bins = Bins { shares: &shares, preference: &vec![order; 3], reserve: &reserve };
            let places = balance(&groups, &bins);
            prop_assert_eq!(places.len(), groups.len());

            let mut loads = vec![vec![0.0; 3]; shares.len()];
            let mut totals = vec![0.0; 3];
            for (group, &bin) in groups.iter().zip(&places) {
                for &(class, n) in &group.classes {
                    loads[bin][class] += n as f64;
                    totals[class] += n as f64;
                }
            }
            let deviation: f64 = loads.iter().zip(&shares).map(|(load, p)| {
                let off: Vec<f64> = load.iter().zip(&totals).map(|(l, t)| l - p * t).collect();
                norm(&off, &totals) / p
            }).sum();
            let squares = |group: &Load| -> f64 {
                group.classes.iter().map(|&(c, n)| (n * n) as f64 / totals[c]).sum()
            };
            let all: f64 = groups.iter().map(squares).sum();
            // Whatever was reserved (at most one group for each class and bin) raises Phi by at most this.
            let worst = shares.iter().fold(f64::INFINITY, |low, &p| low.min(p));
            let most = groups.iter().map(squares).fold(0.0, f64::max);
            let n_reserved = 3.0 * reserve.len() as f64;
            let reserved = if reserve.is_empty() { 0.0 } else { most * n_reserved * n_reserved / worst };
            let bound = reserved + (shares.len() - 1) as f64 * all;
            prop_assert!(deviation <= bound + 1e-9, "{deviation} > {bound}");
        }

        #[test]
        fn equal_bins_differ_by_one_group_at_most(
            sizes in prop::collection::vec(1_usize..30, 1..60),
            n_bins in 2_usize..8,
        ) {
            let groups: Vec<Load> = sizes.iter().map(|&n| load(&[n])).collect();
            let shares = vec![1.0 / n_bins as f64; n_bins];
            let order = vec![(0..n_bins).collect()];
            let places = balance(&groups, &Bins { shares: &shares, preference: &order, reserve: &[] });
            let mut loads = vec![0; n_bins];
            for (n, bin) in sizes.iter().zip(places) {
                loads[bin] += n;
            }
            let spread = loads.iter().max().unwrap() - loads.iter().min().unwrap();
            prop_assert!(spread <= *sizes.iter().max().unwrap(), "{loads:?}");
        }
    }

    #[test]
    fn reserved_bins_get_every_class() {
        let groups: Vec<Load> = [50, 10, 10, 5].iter().map(|&n| load(&[n])).collect();
        let bins = Bins { shares: &[0.81, 0.09, 0.1], preference: &[vec![0, 1, 2]], reserve: &[2, 1, 0] };
        assert_eq!(balance(&groups, &bins), [0, 2, 0, 1]);
    }
}
