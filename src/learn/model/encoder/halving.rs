//! Running many items in batches on a device of unknown memory: a batch that fails is halved.

use std::sync::atomic::{AtomicUsize, Ordering};

/// A batch could not be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The device works on, and may have room for a smaller one: the reason.
    Batch(String),
    /// The device does not work any more: the reason.
    Device(String),
}

/// How many items are run at once. Less after each batch that failed, for all that come later.
#[derive(Debug)]
pub(super) struct AdaptiveBatch {
    most: AtomicUsize,
}

impl AdaptiveBatch {
    /// `most` items at once, until that turns out to be too many.
    pub(super) fn new(most: usize) -> Self {
        Self { most: AtomicUsize::new(most.max(1)) }
    }

    /// How many items are run at once.
    pub(super) fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    /// Runs all `items` in order, in batches, and gives what came of them, one after another.
    ///
    /// # Errors
    /// Why not even one item at a time can be run, or why the device does not work any more.
    pub(super) fn run<I, O>(
        &self,
        items: &[I],
        mut batch: impl FnMut(&[I]) -> Result<Vec<O>, Failure>,
    ) -> Result<Vec<O>, Failure> {
        let mut done = Vec::new();
        let mut rest = items;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(self.most().min(rest.len()));
            match batch(now) {
                Ok(outcome) => {
                    done.extend(outcome);
                    rest = later;
                }
                Err(Failure::Batch(_)) if now.len() > 1 => {
                    // Another thread may have found out that still less fits.
                    self.most.fetch_min(now.len() / 2, Ordering::Relaxed);
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A device with room for `room` items; notes how many it was asked to take.
    fn device(room: usize, asked: &mut Vec<usize>) -> impl FnMut(&[u32]) -> Result<Vec<u32>, Failure> {
        move |items| {
            asked.push(items.len());
            match items.len() <= room {
                true => Ok(items.iter().flat_map(|i| [2 * i, 2 * i + 1]).collect()),
                false => Err(Failure::Batch("out of memory".to_owned())),
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_halved_and_remembered() {
        let items: Vec<u32> = (0..70).collect();
        let all: Vec<u32> = (0..140).collect();
        let halving = AdaptiveBatch::new(64);
        let mut asked = Vec::new();
        assert_eq!(halving.run(&items, device(20, &mut asked)).unwrap(), all);
        assert_eq!(asked, [64, 32, 16, 16, 16, 16, 6]);
        assert_eq!(halving.most(), 16);
        // The next call begins where that one ended.
        asked.clear();
        assert_eq!(halving.run(&items[..16], device(20, &mut asked)).unwrap(), all[..32]);
        assert_eq!(asked, [16]);
    }

    #[test]
    fn a_short_batch_is_halved_by_its_own_length() {
        let halving = AdaptiveBatch::new(64);
        let mut asked = Vec::new();
        assert_eq!(halving.run(&[0, 1, 2, 3, 4], device(1, &mut asked)).unwrap().len(), 10);
        assert_eq!(asked, [5, 2, 1, 1, 1, 1, 1]);
        assert_eq!(halving.most(), 1);
    }

    #[test]
    fn what_fits_stays_whole() {
        let halving = AdaptiveBatch::new(4);
        let mut asked = Vec::new();
        assert_eq!(halving.run(&(0..9).collect::<Vec<_>>(), device(64, &mut asked)).unwrap().len(), 18);
        assert_eq!((asked, halving.most()), (vec![4, 4, 1], 4));
        assert_eq!(halving.run(&[], device(0, &mut Vec::new())), Ok(Vec::new()));
    }

    #[test]
    fn one_at_a_time_is_the_end() {
        let halving = AdaptiveBatch::new(8);
        let mut asked = Vec::new();
        let failure = halving.run(&[1, 2, 3, 4, 5, 6, 7, 8], device(0, &mut asked)).unwrap_err();
        assert_eq!(failure, Failure::Batch("out of memory".to_owned()));
        assert_eq!(asked, [8, 4, 2, 1]);
    }

    #[test]
    fn a_device_that_is_gone_is_not_tried_again() {
        let halving = AdaptiveBatch::new(8);
        let mut calls = 0;
        let failure = halving.run(&[1, 2, 3], |_: &[u32]| {
            calls += 1;
            Err::<Vec<u32>, _>(Failure::Device("lost".to_owned()))
        });
        assert_eq!((failure, calls, halving.most()), (Err(Failure::Device("lost".to_owned())), 1, 8));
    }
}
