//! How long a matrix takes to open, and how much memory: `tests/tools/compare_with_scanpy.py` runs this.

use std::path::PathBuf;
use std::time::Instant;

use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::memory::peak_rss_mb;
use hiscmcl::core::progress::Silent;
use hiscmcl::data::st::tenx::read_h5;

#[test]
#[ignore = "a measurement: HISCMCL_MATRIX names the matrix"]
fn open_matrix() {
    let Some(path) = std::env::var_os("HISCMCL_MATRIX").map(PathBuf::from) else { return };
    let before = peak_rss_mb().unwrap_or(0.0);
    let started = Instant::now();
    let table = read_h5(&path, &Silent, &CancelToken::new()).unwrap().table;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "measured {}",
        serde_json::json!({
            "seconds": seconds,
            "peak_mb": peak_rss_mb().unwrap_or(0.0),
            "peak_mb_before": before,
            "spots": table.counts.rows(),
            "genes": table.counts.cols(),
            "stored": table.counts.nnz(),
            "sum": table.counts.sum(),
        })
    );
}
