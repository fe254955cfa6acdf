use super::*;
use crate::core::matrix::Csr;
use crate::core::target::{ExpressionScale, Target};
use crate::data::testing::{real_data, real_section};
use crate::evaluate::reference::{self, assert_close, numbers, strings};
use serde_json::Value;

/// The synthetic genes are called G0, G1, ...
fn find(name: &str) -> Option<usize> {
    name.strip_prefix('G')?.parse().ok()
}

fn score(expression: Expression<'_>, signature: &[String]) -> Result<SignatureScores, SignatureError> {
    score_signature(expression, signature, find, SignatureSettings::default(), &CancelToken::new())
}

fn dense(counts: &Csr) -> crate::core::matrix::Matrix {
    Target::Lognorm.of_counts(counts, &(0..counts.cols()).collect::<Vec<_>>())
}

/// What scanpy sums up in single precision over the genes of a sparse row is off by a rounding of a sum.
fn assert_sparse(what: &str, got: &[f64], want: &[f64]) {
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() < 2e-6, "{what}, {i}: {got} {want}");
    }
}

fn assert_signatures(reference: &Value, counts: &Csr, find: impl Fn(&str) -> Option<usize>) {
    let dense = dense(counts);
    for (name, signature) in reference["signatures"].as_object().unwrap() {
        let signature = strings(signature);
        let of = |expression| {
            score_signature(expression, &signature, &find, SignatureSettings::default(), &CancelToken::new())
                .unwrap()
        };
        let sparse = of(Expression::Counts(counts));
        assert_eq!(sparse.scores.len(), counts.rows());
        assert_sparse(name, &sparse.scores, &numbers(&reference["scores_sparse"][name]));
        let whole = of(Expression::Dense { values: &dense, scale: ExpressionScale::LnAll });
        assert_close(name, &whole.scores, &numbers(&reference["scores_dense"][name]));
        let missing: Vec<String> = signature.iter().filter(|g| find(g).is_none()).cloned().collect();
        assert_eq!((&sparse.missing, sparse.genes.len()), (&missing, signature.len() - missing.len()));
    }
}

#[test]
fn scores_equal_scanpy() {
    let reference = reference::synthetic();
    let counts = reference::counts(&reference);
    assert_signatures(&reference, &counts, find);
}

#[test]
fn scores_of_few_genes_equal_scanpy() {
    let reference = reference::synthetic();
    let mut values = dense(&reference::counts(&reference));
    values = values.select_cols(&(20..30).collect::<Vec<_>>());
    let signature = ["G0", "G1", "G2"].map(str::to_owned);
    let found =
        score(Expression::Dense { values: &values, scale: ExpressionScale::LnAll }, &signature).unwrap();
    assert_close("ten genes", &found.scores, &numbers(&reference["score_of_ten_genes"]));
    assert_eq!(found.controls, (3..10).collect::<Vec<_>>());
}

#[test]
fn her2st_scores_equal_scanpy() {
    let Some(shared) = real_data() else { return };
    let c2 = real_section(&shared, "C2");
    assert_signatures(&reference::her2st(), &c2.counts, |name| c2.gene(name));
}

#[test]
fn bins_are_of_equal_ranks() {
    // Ten genes, 25 bins: 10 / 24 rounds to 0, so all are in one bin.
    assert_eq!(bin_of_each(&[3.0, 1.0, 2.0], 25), [0, 0, 0]);
    // Two genes per bin; ranks 1 2 2 4 5 6.
    assert_eq!(bin_of_each(&[0.0, 1.0, 1.0, 2.0, 5.0, 3.0], 4), [0, 1, 1, 2, 3, 2]);
    // 5 / 2 is rounded to even.
    assert_eq!(bin_of_each(&[1.0, 2.0, 3.0, 4.0, 5.0], 3), [0, 1, 1, 2, 2]);
}

#[test]
fn a_gene_counts_once_and_missing_ones_are_named() {
    let reference = reference::synthetic();
    let counts = reference::counts(&reference);
    let signature = ["G7", "?", "G400", "G7"].map(str::to_owned);
    let found = score(Expression::Counts(&counts), &signature).unwrap();
    assert_eq!((found.genes, found.missing), (vec![7], vec!["?".to_owned(), "G400".to_owned()]));
    assert_eq!(found.scores, score(Expression::Counts(&counts), &["G7".to_owned()]).unwrap().scores);
    assert!(!found.controls.contains(&7) && found.controls.is_sorted());
}

#[test]
fn what_cannot_be_scored_is_told() {
    let reference = reference::synthetic();
    let counts = reference::counts(&reference);
    let counts = Expression::Counts(&counts);
    assert_eq!(score(counts, &[]), Err(SignatureError::Empty));
    let none = score(counts, &["X".to_owned(), "Y".to_owned()]).unwrap_err();
    assert_eq!(none, SignatureError::NoneFound(2));
    assert!(
        none.to_string().starts_with("The section has none of the 2 genes of the signature; check"),
        "{none}"
    );
    let all: Vec<String> = (0..counts.cols()).map(|i| format!("G{i}")).collect();
    assert_eq!(score(counts, &all), Err(SignatureError::NoControls));
    let settings = SignatureSettings { bins: 1, ..SignatureSettings::default() };
    let cancel = CancelToken::new();
    assert_eq!(
        score_signature(counts, &all, find, settings, &cancel),
        Err(SignatureError::Settings { bins: 1, control_genes: 50 })
    );
    cancel.cancel();
    assert_eq!(
        score_signature(counts, &all, find, SignatureSettings::default(), &cancel),
        Err(SignatureError::Cancelled(Cancelled))
    );
    let bad = Csr::from_parts(3, vec![0, 3], vec![0, 1, 2], vec![1.0, f32::NAN, 1.0]).unwrap();
    assert!(matches!(
        score(Expression::Counts(&bad), &["G0".to_owned()]),
        Err(SignatureError::NotFinite { place: 0, .. })
    ));
}
