//! The random choice of NumPy's legacy generator, by which scanpy draws control genes.

use rand_mt::Mt;

/// `numpy.random.RandomState`, as `numpy.random.seed` sets it.
#[derive(Debug, Clone)]
pub(super) struct RandomState(Mt);

impl RandomState {
    /// Seeds MT19937 as NumPy does for a whole number (`init_genrand` of Matsumoto and Nishimura).
    pub fn new(seed: u32) -> Self {
        Self(Mt::new(seed))
    }

    /// A number from 0 to `max`: masked bits, drawn anew while they exceed `max` (`random_interval`).
    fn interval(&mut self, max: u32) -> u32 {
        let mask = u32::MAX.checked_shr(max.leading_zeros()).unwrap_or(0);
        loop {
            let drawn = self.0.next_u32() & mask;
            if drawn <= max {
                return drawn;
            }
        }
    }

    /// The first `size` numbers of a permutation of 0 to `n - 1`: `choice(n, size, replace=False)`, which pandas' `sample`
    /// calls.
    pub fn choice(&mut self, n: u32, size: usize) -> Vec<u32> {
        let mut all: Vec<u32> = (0..n).collect();
        for i in (1..n).rev() {
            let j = self.interval(i);
            all.swap(i as usize, j as usize);
        }
        all.truncate(size);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_equal_numpy() {
        // numpy 2.4.6: r = numpy.random.RandomState(seed); r.choice(n, size, replace=False).
        let mut r = RandomState::new(0);
        assert_eq!(r.choice(100, 8), [26, 86, 2, 55, 75, 93, 16, 73]);
        assert_eq!(r.choice(654, 5), [257, 514, 14, 31, 157]);
        assert_eq!((r.choice(1, 5), r.choice(0, 5)), (vec![0], vec![]));
        assert_eq!(r.choice(10, 10), [2, 1, 9, 8, 4, 5, 3, 6, 7, 0]);
        assert_eq!(RandomState::new(u32::MAX).choice(70_000, 4), [14_972, 66_828, 49_490, 22_806]);
    }
}
