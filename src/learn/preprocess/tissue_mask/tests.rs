use super::*;
use crate::core::cancel::CancelToken;
use crate::core::places::Stroke;
use crate::core::progress::Silent;
use crate::data::slide::Slide;
use crate::data::testing::real_data;

const GLASS: [u8; 3] = [240, 236, 241];
const TISSUE: [u8; 3] = [196, 140, 190];

/// An overview of `side` pixels, of which `color` says the colour at x and y.
fn overview(side: u32, color: impl Fn(u32, u32) -> [u8; 3]) -> RgbImage {
    let rgb = (0..side).flat_map(|y| (0..side).flat_map(|x| color(x, y)).collect::<Vec<u8>>()).collect();
    RgbImage { width: side, height: side, rgb }
}

/// The mask of an overview at 8 micrometres per pixel of a slide at 0.5.
fn find(image: &RgbImage, settings: &TissueSettings) -> TissueMask {
    TissueMask::find(image, (image.width * 16, image.height * 16), Mpp(0.5), settings)
}

fn within(x: u32, y: u32, left: u32, top: u32, right: u32, bottom: u32) -> bool {
    (left..right).contains(&x) && (top..bottom).contains(&y)
}

/// Tissue of 100 x 100 pixels, at (100, 100), with a small hole and a large one, and a speck.
fn section(x: u32, y: u32) -> [u8; 3] {
    let hole = within(x, y, 110, 110, 125, 125) || within(x, y, 140, 140, 175, 175);
    let speck = within(x, y, 250, 250, 260, 260);
    if speck || (within(x, y, 100, 100, 200, 200) && !hole) { TISSUE } else { GLASS }
}

#[test]
fn holes_specks_and_areas() {
    let mask = find(&overview(300, section), &TissueSettings::default());
    let at = |x: f64, y: f64| mask.contains(SlidePoint::new(x * 16.0, y * 16.0));
    assert!(at(105.0, 105.0) && at(117.0, 117.0), "a hole of 0.014 mm2 is filled");
    assert!(!at(157.0, 157.0), "one of 0.078 mm2 stays");
    assert!(!at(255.0, 255.0), "a piece of 0.006 mm2 goes");
    assert!(!at(-3.0, 105.0) && !at(105.0, 301.0) && !at(f64::NAN, 105.0));
    let expected = (100.0 * 100.0 - 35.0 * 35.0) * 64.0 / 1e6;
    assert!((mask.area_mm2() / expected - 1.0).abs() < 0.02, "{} mm2", mask.area_mm2());
    let outlines = mask.outlines();
    assert_eq!(outlines.iter().map(|o| o.is_hole).collect::<Vec<_>>(), [false, true]);
    let bounds = mask.bounds().unwrap();
    assert_eq!((bounds.min.x, bounds.max.y), (1600.0, 3200.0));
    let shares = mask.shares();
    let share =
        |x: f64, y: f64, side: f64| shares.in_square(SlidePoint::new(x * 16.0, y * 16.0), side * 16.0);
    assert_eq!(share(130.0, 130.0, 10.0), 1.0);
    assert!((share(100.0, 130.0, 14.0) - 0.5).abs() < 0.05);
    assert_eq!((share(20.0, 20.0, 14.0), share(-50.0, 130.0, 14.0)), (0.0, 0.0));
    assert_eq!(share(130.2, 130.2, 0.1), 1.0, "a square between the centres of cells");
}

#[test]
fn ink_and_black_frames_are_left_out() {
    let marks = [
        ([40, 70, 170], "blue"),
        ([40, 130, 70], "green"),
        ([20, 110, 120], "blue green"),
        ([45, 42, 44], "black"),
        ([110, 108, 109], "grey"),
        ([0, 0, 0], "frame"),
    ];
    for (ink, name) in marks {
        // One stroke beside the tissue, one across it.
        let image = overview(300, |x, y| {
            let marked = within(x, y, 30, 30, 60, 270) || within(x, y, 150, 90, 180, 130);
            if marked { ink } else { section(x, y) }
        });
        let mask = find(&image, &TissueSettings::default());
        let at = |x: f64, y: f64| mask.contains(SlidePoint::new(x * 16.0, y * 16.0));
        assert!(!at(45.0, 150.0), "{name} beside the tissue");
        assert!(!at(165.0, 110.0), "{name} on the tissue");
        assert!(at(105.0, 190.0) && at(190.0, 190.0), "{name} hides what is tissue");
    }
}

#[test]
fn pale_and_dim_slides_have_tissue_too() {
    for (glass, tissue) in [([170, 172, 168], [150, 120, 150]), ([250, 250, 250], [230, 205, 228])] {
        let image = overview(300, |x, y| if section(x, y) == TISSUE { tissue } else { glass });
        let mask = find(&image, &TissueSettings::default());
        assert!((mask.area_mm2() - 0.56).abs() < 0.03, "{} mm2 on {glass:?}", mask.area_mm2());
    }
    let glass = overview(200, |_, _| GLASS);
    let none = find(&glass, &TissueSettings::default());
    assert!(none.area_mm2() == 0.0 && none.bounds().is_none() && none.outlines().is_empty());
    // A field without glass.
    let field = overview(100, |x, y| if (x / 8 + y / 8) % 2 == 0 { [120, 80, 150] } else { [190, 130, 185] });
    assert!(find(&field, &TissueSettings::default()).area_mm2() > 0.6);
    let empty = RgbImage { width: 0, height: 0, rgb: Vec::new() };
    assert_eq!(TissueMask::find(&empty, (0, 0), Mpp(0.5), &TissueSettings::default()).size(), (0, 0));
}

#[test]
fn threshold_and_strokes_are_the_users() {
    let image = overview(300, section);
    let stroke = |x: f64, y: f64, is_tissue| Stroke {
        center: SlidePoint::new(x * 16.0, y * 16.0),
        radius: 160.0,
        is_tissue,
    };
    let strokes = vec![stroke(50.0, 50.0, true), stroke(105.0, 190.0, false), stroke(f64::NAN, 0.0, true)];
    let mask = find(&image, &TissueSettings { strokes, ..TissueSettings::default() });
    let at = |x: f64, y: f64| mask.contains(SlidePoint::new(x * 16.0, y * 16.0));
    assert!(at(50.0, 58.0) && !at(50.0, 62.0) && !at(105.0, 190.0) && at(105.0, 120.0));
    let high = TissueSettings { threshold: Some(0.4), ..TissueSettings::default() };
    assert_eq!((find(&image, &high).area_mm2(), find(&image, &high).threshold()), (0.0, 0.4));
}

#[test]
fn spots_of_a_real_section_lie_on_its_tissue() {
    let Some(shared) = real_data() else { return };
    let path = shared.join("real_data/her2st/data/ST-imgs/C/C4/5714_HE_BT_D2.jpg");
    let slide = Slide::open(&path, &Silent, &CancelToken::new()).unwrap();
    let mpp = Mpp(0.69);
    let image = slide.thumbnail(overview_side(slide.size(), mpp)).unwrap();
    let mask = TissueMask::find(&image, slide.size(), mpp, &TissueSettings::default());
    let spots = shared.join("real_data/her2st/data/ST-spotfiles/C4_selection.tsv");
    let spots = crate::data::st::spots::read_spots(&spots).unwrap();
    let shares = mask.shares();
    let on = spots.iter().filter(|s| shares.in_square(s.center, mpp.px(112.0)) >= 0.5).count();
    assert!(on as f64 >= 0.97 * spots.len() as f64, "{on} of {}", spots.len());
    assert!((6.5..8.5).contains(&mask.area_mm2()), "{} mm2", mask.area_mm2());
}

/// Saves overviews with outlines, to be looked at.
#[test]
#[ignore = "draws the images that HISCMCL_OVERVIEWS names (FILE=MPP,...) beside them"]
fn outlines_are_drawn_over_real_slides() {
    let named = std::env::var("HISCMCL_OVERVIEWS").unwrap();
    for (number, item) in named.split(',').enumerate() {
        let (path, mpp) = item.split_once('=').unwrap();
        let mpp = Mpp(mpp.parse().unwrap());
        let slide = Slide::open(std::path::Path::new(path), &Silent, &CancelToken::new()).unwrap();
        let image = slide.thumbnail(overview_side(slide.size(), mpp)).unwrap();
        let start = std::time::Instant::now();
        let mask = TissueMask::find(&image, slide.size(), mpp, &TissueSettings::default());
        println!("{path}: {:.3}, {:.2} mm2, {:?}", mask.threshold(), mask.area_mm2(), start.elapsed());
        let mut drawn = image::RgbImage::from_raw(image.width, image.height, image.rgb.clone()).unwrap();
        let scale = f64::from(image.width) / f64::from(slide.size().0);
        for outline in mask.outlines() {
            let points = &outline.points;
            for (a, b) in points.iter().zip(points.iter().cycle().skip(1)) {
                let steps = (a.distance(*b) * scale * 2.0).ceil().max(1.0);
                for k in 0..steps as usize {
                    let t = k as f64 / steps;
                    let x = ((a.x + (b.x - a.x) * t) * scale).min(f64::from(image.width) - 1.0);
                    let y = ((a.y + (b.y - a.y) * t) * scale).min(f64::from(image.height) - 1.0);
                    drawn.put_pixel(x as u32, y as u32, image::Rgb([0, 255, 0]));
                }
            }
        }
        drawn.save(std::env::temp_dir().join(format!("tissue-{number}.png"))).unwrap();
    }
}
