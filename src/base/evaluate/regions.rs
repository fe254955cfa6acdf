//! Whether predicted expression finds the pathologist's regions: clusters of spots against labels.

use crate::core::cancel::CancelToken;
use crate::core::matrix::Matrix;
use crate::core::progress::Silent;
use crate::evaluate::cluster::ClusterError;
use crate::evaluate::cluster::agreement::{adjusted_rand_index, normalised_mutual_information};
use crate::evaluate::cluster::k_means::k_means;
use crate::evaluate::report::RegionAgreement;

/// What pathologists write where they could not tell; such spots are not compared.
const NO_LABEL: [&str; 3] = ["undetermined", "unknown", "na"];

/// Clusters the spots by `values` (predicted expression or its principal components, `spots x anything`)
/// into as many clusters as there are labels, and compares. Spots without a label, or labelled
/// "undetermined", take no part. `None` when fewer than two labels or three spots remain.
///
/// # Errors
/// [`ClusterError`] when a value is not finite, or on cancel.
pub fn agreement(
    values: &Matrix,
    labels: &[Option<String>],
    seed: u64,
    cancel: &CancelToken,
) -> Result<Option<RegionAgreement>, ClusterError> {
    let labelled: Vec<(usize, &str)> = labels
        .iter()
        .take(values.rows())
        .enumerate()
        .filter_map(|(spot, label)| Some((spot, label.as_deref()?.trim())))
        .filter(|(_, label)| {
            !label.is_empty() && !NO_LABEL.iter().any(|none| label.eq_ignore_ascii_case(none))
        })
        .collect();
    let mut names: Vec<&str> = labelled.iter().map(|&(_, label)| label).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() < 2 || labelled.len() < 3 {
        return Ok(None);
    }
    let spots: Vec<usize> = labelled.iter().map(|&(spot, _)| spot).collect();
    let truth: Vec<usize> =
        labelled.iter().map(|(_, label)| names.binary_search(label).unwrap_or(0)).collect();
    let clusters = k_means(&values.select_rows(&spots), names.len(), seed, &Silent, cancel)?;
    Ok(Some(RegionAgreement {
        ari: adjusted_rand_index(&truth, &clusters),
        nmi: normalised_mutual_information(&truth, &clusters),
        spots: spots.len(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three well separated groups of 20 along one axis.
    fn groups() -> Matrix {
        Matrix::from_fn(60, 2, |r, c| if c == 0 { (r / 20 * 10) as f32 } else { (r % 7) as f32 * 0.2 })
    }

    fn labels(of: impl Fn(usize) -> Option<&'static str>) -> Vec<Option<String>> {
        (0..60).map(|r| of(r).map(str::to_owned)).collect()
    }

    #[test]
    fn clear_regions_are_found() {
        let names = ["tumour", "stroma", "fat"];
        let found = agreement(&groups(), &labels(|r| Some(names[r / 20])), 1, &CancelToken::new());
        let found = found.unwrap().unwrap();
        assert_eq!((found.ari, found.spots), (1.0, 60));
        assert!((found.nmi - 1.0).abs() < 1e-12);
    }

    #[test]
    fn spots_without_a_label_take_no_part() {
        let some = labels(|r| match r / 20 {
            0 => Some("tumour"),
            1 => Some("stroma"),
            _ if r % 2 == 0 => Some("Undetermined"),
            _ => None,
        });
        let found = agreement(&groups(), &some, 1, &CancelToken::new()).unwrap().unwrap();
        assert_eq!((found.ari, found.spots), (1.0, 40));
        let one = labels(|_| Some("tumour"));
        assert_eq!(agreement(&groups(), &one, 1, &CancelToken::new()), Ok(None));
        assert_eq!(agreement(&groups(), &labels(|_| None), 1, &CancelToken::new()), Ok(None));
    }
}
