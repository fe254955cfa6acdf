//! Features of the real her2st sections: how long they take, how much memory, and that they are sound.
//! Run with `cargo test --release --test behaviour texture_features -- --ignored --nocapture`.

#![expect(clippy::unwrap_used, reason = "a test fails where its data are not as expected")]

use std::path::Path;
use std::time::Instant;

use crate::support::real_data;
use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::geometry::{Mpp, SlidePoint};
use hiscmcl::core::progress::Silent;
use hiscmcl::data::slide::{DEFAULT_BUDGET, SlideStore};
use hiscmcl::preprocess::cache::FeatureCache;
use hiscmcl::preprocess::features::NEIGHBOURHOOD;
use hiscmcl::preprocess::texture::TextureEncoder;

/// Pixel positions of the spots on tissue.
fn spots(table: &Path) -> Vec<SlidePoint> {
    let text = std::fs::read_to_string(table).unwrap();
    let mut lines = text.lines().map(|l| l.split('\t').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let column = |name: &str| header.iter().position(|h| *h == name).unwrap();
    let (x, y, selected) = (column("pixel_x"), column("pixel_y"), column("selected"));
    let on_tissue = lines.filter(|l| l[selected].starts_with('1'));
    on_tissue.map(|l| SlidePoint::new(l[x].parse().unwrap(), l[y].parse().unwrap())).collect()
}

/// From the median distance to the nearest spot, which is 200 um.
fn mpp(spots: &[SlidePoint]) -> Mpp {
    let nearest = |p: &SlidePoint| {
        spots.iter().filter(|q| *q != p).map(|q| p.distance(*q)).fold(f64::INFINITY, f64::min)
    };
    let mut distances: Vec<f64> = spots.iter().map(nearest).collect();
    distances.sort_by(f64::total_cmp);
    Mpp(200.0 / distances[distances.len() / 2])
}

/// The most memory this process ever held, in MB, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kb| kb / 1024)
}

#[test]
#[ignore = "takes half a minute; needs the real data"]
fn four_sections_from_cold() {
    let Some(shared) = real_data::folder_with("real_data/her2st/data") else { return };
    let data = shared.join("real_data/her2st/data");
    let folder = tempfile::tempdir().unwrap();
    let (cache, store) = (FeatureCache::at(folder.path()), SlideStore::default());
    let started = Instant::now();
    let compute = |section: &str| {
        let images = data.join("ST-imgs/C").join(section);
        let image = std::fs::read_dir(images).unwrap().next().unwrap().unwrap().path();
        let spots = spots(&data.join(format!("ST-spotfiles/{section}_selection.tsv")));
        let at = Instant::now();
        let features = cache
            .get_or_compute(
                &store,
                &image,
                &spots,
                mpp(&spots),
                &TextureEncoder,
                &Silent,
                &CancelToken::new(),
            )
            .unwrap();
        println!(
            "{section}: {} spots, {} landmarks, {:.2?}",
            spots.len(),
            features.landmarks.rows(),
            at.elapsed()
        );
        features
    };
    let cold = ["C2", "C3", "C4", "C5"].map(compute);
    println!(
        "from cold {:.2?}, peak {:?} MB, slides {} MB",
        started.elapsed(),
        peak_memory(),
        store.memory_bytes() >> 20
    );
    assert!(store.memory_bytes() <= DEFAULT_BUDGET, "four sections fit into the store");
    for f in &cold {
        let finite = |m: &hiscmcl::core::matrix::Matrix| m.as_slice().iter().all(|v| v.is_finite());
        assert!(finite(&f.spot) && finite(f.neighbourhood.nodes()) && finite(&f.landmarks));
        let seen = f.neighbourhood.tissue_tokens();
        assert!(seen > f.spot.rows() * NEIGHBOURHOOD / 2, "most of a neighbourhood is tissue");
    }
    let again = Instant::now();
    assert!(cold == ["C2", "C3", "C4", "C5"].map(compute), "the cache gives what was computed");
    println!("from the cache {:.2?}, {} MB", again.elapsed(), cache.size_bytes() >> 20);
}
