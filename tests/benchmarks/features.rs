//! Reading slides and describing patches.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::encoder::{PatchEncoder, RgbPatch};
use hiscmcl::core::geometry::{Mpp, SlidePoint};
use hiscmcl::core::progress::Silent;
use hiscmcl::data::slide::{RgbImage, Slide};
use hiscmcl::preprocess::texture::TextureEncoder;

/// Dark discs on a wavy pink ground: about as busy as tissue.
fn tissue(side: u32) -> RgbImage {
    let mut rgb = Vec::with_capacity(side as usize * side as usize * 3);
    for y in 0..side {
        for x in 0..side {
            let (cx, cy) = ((x % 23) as f32 - 11.0, (y % 19) as f32 - 9.0);
            let wave = ((x as f32 / 37.0).sin() * (y as f32 / 53.0).cos() * 25.0) as i16;
            let base: [i16; 3] = if cx.hypot(cy) < 6.0 { [80, 60, 130] } else { [205, 160, 200] };
            rgb.extend(base.map(|v| (v + wave).clamp(0, 255) as u8));
        }
    }
    RgbImage { width: side, height: side, rgb }
}

/// Decodes a JPEG of 5,000 x 5,000 pixels and builds its pyramid.
#[divan::bench(sample_count = 10)]
fn decode_to_pyramid(bencher: Bencher) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slide.jpg");
    let image = tissue(5000);
    image::save_buffer(&path, &image.rgb, image.width, image.height, image::ColorType::Rgb8).unwrap();
    bencher.bench(|| Slide::open(&path, &Silent, &CancelToken::new()).unwrap());
}

/// Reads one patch of 224 pixels, from a finer and from a coarser slide.
#[divan::bench(args = [0.25, 0.73])]
fn read_patch(bencher: Bencher, slide_mpp: f64) {
    let slide = Slide::from_image("tissue", tissue(2048)).unwrap();
    let center = SlidePoint::new(1003.7, 998.2);
    bencher.bench(|| slide.read_patch(black_box(center), Mpp(slide_mpp), 0.5, 224));
}

/// Texture features of one patch on one core.
#[divan::bench]
fn texture_of_one_patch(bencher: Bencher) {
    let patch = patch();
    bencher.bench(|| TextureEncoder::describe(black_box(&patch)));
}

/// Texture features of 64 patches on all cores.
#[divan::bench]
fn texture_of_64_patches(bencher: Bencher) {
    let patches = vec![patch(); 64];
    bencher.counter(ItemsCount::new(64_usize)).bench(|| TextureEncoder.encode(black_box(&patches)));
}

fn patch() -> RgbPatch {
    RgbPatch { size: 224, rgb: tissue(224).rgb, on_slide: 1.0 }
}
