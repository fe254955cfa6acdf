//! Comparing two groups of many places.

use divan::Bencher;
use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::matrix::Matrix;
use hiscmcl::core::progress::Silent;
use hiscmcl::core::target::ExpressionScale;
use hiscmcl::evaluate::compare::{CompareOptions, ComparedSection, compare_groups};
use hiscmcl::evaluate::expression::Expression;

const PLACES: usize = 100_000;
const GENES: usize = 785;

/// Predicted values of a large grid: dense, hardly a tie among them.
#[divan::bench(sample_count = 3)]
fn compare_a_large_grid(bencher: Bencher) {
    let value = |r: usize, c: usize| {
        let mixed = (r as u64 * 2_654_435_761 + c as u64 * 40_503) % 1_000_003;
        mixed as f32 / 300_000.0 + if r.is_multiple_of(3) { c as f32 / 2_000.0 } else { 0.0 }
    };
    let values = Matrix::from_fn(PLACES, GENES, value);
    let genes: Vec<String> = (0..GENES).map(|g| format!("GENE{g}")).collect();
    let columns: Vec<Option<usize>> = (0..GENES).map(Some).collect();
    let (a, b): (Vec<usize>, Vec<usize>) = (0..PLACES).partition(|place| place.is_multiple_of(3));
    let section = ComparedSection {
        name: "grid",
        expression: Expression::Dense { values: &values, scale: ExpressionScale::LnAll },
        columns: &columns,
        a: &a,
        b: &b,
        replicate: 0,
    };
    bencher.bench_local(|| {
        compare_groups(&genes, &[section], CompareOptions::default(), &Silent, &CancelToken::new()).unwrap()
    });
}
