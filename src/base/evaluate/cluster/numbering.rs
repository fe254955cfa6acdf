//! Numbers of clusters.

use super::ClusterError;

/// The same clusters numbered from 0 without gaps by size, the largest first; of equal ones, the one that comes first.
pub fn by_size(clusters: &[usize]) -> Vec<usize> {
    let (dense, found) = compact(clusters);
    let mut sizes = vec![0usize; found.len()];
    dense.iter().for_each(|&c| sizes[c] += 1);
    let mut first = vec![usize::MAX; found.len()];
    for (i, &c) in dense.iter().enumerate().rev() {
        first[c] = i;
    }
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by_key(|&c| (std::cmp::Reverse(sizes[c]), first[c]));
    let mut number = vec![0; found.len()];
    for (n, &c) in order.iter().enumerate() {
        number[c] = n;
    }
    dense.into_iter().map(|c| number[c]).collect()
}

/// The same clusters numbered without gaps, in the order of their numbers, and these numbers.
pub(super) fn compact(clusters: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let mut found = clusters.to_vec();
    found.sort_unstable();
    found.dedup();
    // Every cluster is among those found.
    let dense = clusters.iter().map(|c| found.binary_search(c).unwrap_or(0)).collect();
    (dense, found)
}

/// How many clusters there are, numbered from 0 without gaps.
pub fn count(clusters: &[usize]) -> usize {
    clusters.iter().max().map_or(0, |most| most.saturating_add(1))
}

/// As [`count`], of numbers that others gave.
///
/// # Errors
/// [`ClusterError::Number`] when a number is not below that of the places, so that tables by cluster stay small.
pub(super) fn checked_count(clusters: &[usize]) -> Result<usize, ClusterError> {
    match clusters.iter().find(|&&c| c >= clusters.len()) {
        Some(&number) => Err(ClusterError::Number { number, places: clusters.len() }),
        None => Ok(count(clusters)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_comes_first_and_gaps_go() {
        assert_eq!(by_size(&[9, 4, 4, 7, usize::MAX, usize::MAX, usize::MAX]), [2, 1, 1, 3, 0, 0, 0]);
        assert_eq!(by_size(&[5, 2, 5, 2]), [0, 1, 0, 1], "of equal clusters, the one that comes first");
        assert_eq!(by_size(&[]), Vec::<usize>::new());
        assert_eq!((count(&[0, 2, 1]), count(&[])), (3, 0));
    }
}
