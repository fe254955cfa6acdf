//! What `tests/tools/make_compare_reference.py` wrote, for tests.

use serde_json::Value;

use crate::core::matrix::{Csr, CsrBuilder, Matrix};

/// Results on small synthetic counts.
pub(super) fn synthetic() -> Value {
    serde_json::from_str(include_str!("../../../tests/fixtures/compare_reference.json")).unwrap()
}

/// Results on section C2 of her2st.
pub(super) fn her2st() -> Value {
    serde_json::from_str(include_str!("../../../tests/fixtures/compare_her2st.json")).unwrap()
}

/// A list of numbers; NaN for null.
pub(super) fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

/// A list of row numbers.
pub(super) fn rows(list: &Value) -> Vec<usize> {
    list.as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as usize).collect()
}

/// A list of strings.
pub(super) fn strings(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

/// The synthetic counts, given as a digit per gene.
pub(super) fn counts(reference: &Value) -> Csr {
    let lines = strings(&reference["counts"]);
    let mut b = CsrBuilder::new(lines[0].len());
    for line in lines {
        for (column, digit) in line.bytes().enumerate() {
            assert!(b.push(column, f32::from(digit - b'0')));
        }
        b.end_row();
    }
    b.finish()
}

/// A list of rows.
pub(super) fn matrix(list: &Value) -> Matrix {
    let rows: Vec<Vec<f64>> = list.as_array().unwrap().iter().map(numbers).collect();
    Matrix::from_fn(rows.len(), rows[0].len(), |r, c| rows[r][c] as f32)
}

/// Each number of `got` is that of `want`, within 1e-6 or within as much of its size.
pub(super) fn assert_close(what: &str, got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() <= 1e-6 * want.abs().max(1.0), "{what}, {i}: {got} {want}");
    }
}
