//! Patches and regions.

use std::sync::Arc;

use super::fixtures::{folder, mean_difference};
use super::support::{gradient, open};
use crate::core::geometry::{Mpp, SlidePoint, SlideRect};
use crate::data::slide::orient::turned;
use crate::data::slide::*;

#[test]
fn levels_halve_down_to_one_tile() {
    let slide = Slide::from_image("g", gradient(1025, 700)).unwrap();
    let sizes: Vec<_> = slide.levels().iter().map(|l| (l.width, l.height, l.downsample)).collect();
    assert_eq!(sizes, [(1025, 700, 1.0), (513, 350, 2.0), (257, 175, 4.0)]);
    assert_eq!((slide.levels()[0].tile_columns(), slide.levels()[0].tile_rows()), (3, 2));
    let corner = slide.tile(0, 2, 1).unwrap();
    assert_eq!((corner.width, corner.height), (1, 188));
    for (level, col, row) in [(0, 3, 0), (0, 0, 2), (3, 0, 0)] {
        let text = slide.tile(level, col, row).unwrap_err().to_string();
        assert!(text.contains("there is no such tile"), "{text}");
    }
    assert_eq!(slide.memory_bytes(), (1025 * 700 + 513 * 350 + 257 * 175) * 3);
}

#[test]
fn a_pyramid_pixel_is_the_mean_of_four() {
    let block = [[0_u8, 10], [20, 32]];
    let rgb =
        (0..600_usize).flat_map(|y| (0..600_usize).flat_map(move |x| [block[y % 2][x % 2]; 3])).collect();
    let slide = Slide::from_image("b", RgbImage { width: 600, height: 600, rgb }).unwrap();
    assert!(slide.tile(1, 0, 0).unwrap().rgb.iter().all(|&v| v == 16));
}

#[test]
fn a_patch_at_slide_resolution_is_the_pixels_themselves() {
    let slide = Slide::from_image("g", gradient(1200, 900)).unwrap();
    let patch = slide.read_patch(SlidePoint::new(520.0, 510.0), Mpp(0.5), 0.5, 40).unwrap();
    assert_eq!((patch.on_slide, patch.rgb.len()), (1.0, 4800));
    for (i, pixel) in patch.rgb.chunks_exact(3).enumerate() {
        let (x, y) = (500 + i % 40, 490 + i / 40);
        assert_eq!(pixel, [(x % 251) as u8, (y % 251) as u8, 10], "at {x}, {y}");
    }
}

#[test]
fn resampled_patches_are_right_to_half_a_pixel() {
    // Red grows by one every four pixels, so that any position can be read off.
    let rgb = (0..800_u32)
        .flat_map(|y| (0..900_u32).flat_map(move |x| [(x / 4) as u8, (y / 4) as u8, 0]))
        .collect();
    let slide = Slide::from_image("r", RgbImage { width: 900, height: 800, rgb }).unwrap();
    let center = SlidePoint::new(451.3, 402.8);
    for patch_mpp in [0.3, 0.5, 0.7, 1.0, 1.9, 2.0, 4.1] {
        let patch = slide.read_patch(center, Mpp(0.5), patch_mpp, 20).unwrap();
        let step = patch_mpp / 0.5;
        for (i, pixel) in patch.rgb.chunks_exact(3).enumerate() {
            let x = center.x + ((i % 20) as f64 + 0.5 - 10.0) * step;
            let y = center.y + ((i / 20) as f64 + 0.5 - 10.0) * step;
            for (value, at) in [(pixel[0], x), (pixel[1], y)] {
                // Within a step of 4 px the stored value is constant: (x - 2) / 4 +- 0.5, and rounding.
                assert!((f64::from(value) - (at - 2.0) / 4.0).abs() <= 1.01, "{patch_mpp}: {value} at {at}");
            }
        }
    }
}

#[test]
fn a_patch_over_the_edge_is_white_there() {
    let image = RgbImage { width: 600, height: 600, rgb: vec![50; 1_080_000] };
    let slide = Slide::from_image("g", image).unwrap();
    let patch = |x, y, mpp| slide.read_patch(SlidePoint::new(x, y), Mpp(1.0), mpp, 10).unwrap();
    let left = patch(0.0, 300.0, 1.0);
    assert_eq!(left.on_slide, 0.5);
    assert_eq!(&left.rgb[..30], [[255_u8; 15], [50; 15]].concat());
    let away = patch(-5000.0, 1e9, 0.7);
    assert_eq!((away.on_slide, away.rgb.iter().all(|&v| v == 255)), (0.0, true));
    let right = patch(601.0, 590.0, 3.0);
    assert!(right.rgb.contains(&255) && right.rgb.contains(&50));
    for odd in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
        assert_eq!(patch(odd, odd, odd).rgb.len(), 300);
    }
}

#[test]
fn thumbnails_keep_the_shape() {
    let image = RgbImage { width: 1000, height: 500, rgb: vec![77; 1_500_000] };
    let slide = Slide::from_image("g", image).unwrap();
    let small = slide.thumbnail(100).unwrap();
    assert_eq!((small.width, small.height), (100, 50));
    assert!(small.rgb.iter().all(|&v| v == 77));
    assert_eq!(slide.thumbnail(5000).unwrap().width, 1000);
    assert!(Slide::from_image("bad", RgbImage { width: 2, height: 2, rgb: vec![0; 11] }).is_none());
    assert!(Slide::from_image("bad", RgbImage { width: 0, height: 2, rgb: vec![] }).is_none());
}

#[test]
fn tiled_and_decoded_slides_give_the_same_patches() {
    // The same pixels as a tiled pyramid and as an image in strips, which gets a pyramid of its own.
    let tiled = open(&folder().join("lzw_predictor.tif")).unwrap();
    let strips = open(&folder().join("strips_lzw.tif")).unwrap();
    for (x, y, mpp) in [(100.0, 90.0, 0.5), (33.3, 70.1, 0.4), (270.0, 200.0, 0.5), (140.0, 100.0, 0.9)] {
        let patch = |s: &Slide| s.read_patch(SlidePoint::new(x, y), Mpp(0.5), mpp, 48).unwrap();
        assert_eq!(patch(&tiled), patch(&strips), "at {x}, {y}");
    }
}

#[test]
fn a_region_is_read_from_the_level_that_suits() {
    let slide = open(&folder().join("vips_deflate.tif")).unwrap();
    assert_eq!([0.5, 1.0, 1.9, 2.0, 3.0, 4.0, 100.0].map(|s| slide.level_for(s)), [0, 0, 0, 1, 1, 2, 2]);
    let (width, height) = slide.size();
    let whole = slide.region(SlideRect::of_size(width, height), width, height).unwrap();
    let source = slide.source();
    let tiles = super::fixtures::read_rect(source.as_ref(), 0, 0, 0, width, height).unwrap();
    assert_eq!(whole.rgb, tiles.rgb);
    // Half its size: the level below, but for the rounding of sizes.
    let half = slide.region(SlideRect::of_size(width, height), width / 2, height / 2).unwrap();
    let below = super::fixtures::read_rect(source.as_ref(), 1, 0, 0, width / 2, height / 2).unwrap();
    assert!(mean_difference(&half.rgb, &below.rgb) < 1.5);
}

#[test]
fn tiles_are_held_by_the_shared_cache_until_the_slide_goes() {
    let cache = Arc::new(TileCache::default());
    let path = folder().join("jpeg_420.tif");
    let source = super::fixtures::open(&path).unwrap();
    let slide = Slide::new(source, &cache);
    assert!(slide.held_tile(0, 0, 0).is_none());
    let tile = slide.tile(0, 0, 0).unwrap();
    assert!(Arc::ptr_eq(&tile, &slide.tile(0, 0, 0).unwrap()));
    assert!(slide.held_tile(0, 0, 0).is_some() && cache.memory_bytes() > 0);
    let other = Slide::new(Arc::clone(slide.source()), &cache);
    assert!(other.held_tile(0, 0, 0).is_none(), "slides do not mix");
    drop(slide);
    assert_eq!(cache.memory_bytes(), 0);
}

#[test]
fn every_orientation_turns_the_whole_slide() {
    let source = super::fixtures::open(&folder().join("deflate_big_endian.tif")).unwrap();
    let (width, height) = source.info().size();
    let stored = super::fixtures::read_rect(source.as_ref(), 0, 0, 0, width, height).unwrap();
    for orientation in Orientation::ALL {
        let upright = Oriented::new(Arc::clone(&source), orientation);
        let wanted = turned(&stored, orientation);
        assert_eq!(upright.info().size(), (wanted.width, wanted.height));
        let found = super::fixtures::read_rect(&upright, 0, 0, 0, wanted.width, wanted.height).unwrap();
        assert!(found == wanted, "{orientation}");
        super::support::read_all(&upright).unwrap();
    }
    let turned = super::fixtures::open(&folder().join("turned.tif")).unwrap();
    assert_eq!(turned.info().orientation, Orientation::Turned90);
    assert_eq!(Oriented::new(turned, Orientation::Turned90).info().size(), (203, 277));
}

/// Counts how often tiles are decoded.
#[derive(Debug)]
struct Counted(Arc<dyn SlideSource>, std::sync::atomic::AtomicUsize);

impl SlideSource for Counted {
    fn info(&self) -> &SlideInfo {
        self.0.info()
    }

    fn read_tile(&self, level: usize, col: u32, row: u32) -> Result<Arc<Tile>, SlideError> {
        self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.0.read_tile(level, col, row)
    }
}

#[test]
fn in_reading_order_each_tile_is_decoded_about_once() {
    let source = super::fixtures::open(&folder().join("tiled_adobe_deflate.tif")).unwrap();
    let level = source.info().levels[0];
    let tiles = (level.tile_columns() * level.tile_rows()) as usize;
    let counted = Arc::new(Counted(source, std::sync::atomic::AtomicUsize::new(0)));
    // Room for three rows of tiles.
    let budget = 3 * u64::from(level.tile_columns()) * (64 * 64 * 3 + 256);
    let slide = Slide::new(Arc::clone(&counted) as _, &Arc::new(TileCache::with_budget(budget)));
    let places = |i: usize| SlidePoint::new((i * 97 % 277) as f64, (i * 61 % 203) as f64);
    let centers: Vec<_> = (0..800).map(places).collect();
    for i in slide.reading_order(&centers, 1.0) {
        slide.read_patch(centers[i], Mpp(0.5), 0.5, 32).unwrap();
    }
    let decoded = counted.1.load(std::sync::atomic::Ordering::Relaxed);
    assert!(decoded <= tiles + tiles / 4, "{decoded} of {tiles} tiles");
}
