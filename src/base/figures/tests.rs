//! Tests of figures on made-up maps: nothing collides, nothing is cut off, files are what they say.

use std::sync::Arc;

use super::drawing::{Item, Rect};
use super::layout::lay_out;
use super::{
    Background, Figure, FigureError, MapPane, Panel, PanelLetters, PanelRemark, RegionClass, Row, Style,
    Tissue, raster, svg,
};
use crate::core::cells::Cells;
use crate::core::color_scale::ColorScale;
use crate::core::colormap::ColorMap;
use crate::core::display::PaneKind;
use crate::core::geometry::{Mpp, SlidePoint, SlideRect};
use crate::core::target::ExpressionScale;

pub(super) fn tissue(width: u32, height: u32) -> Arc<Tissue> {
    let centers: Vec<SlidePoint> = (0..8)
        .flat_map(|r| (0..8).map(move |c| (r, c)))
        .map(|(r, c)| {
            SlidePoint::new(
                f64::from(width) * (f64::from(c) + 0.5) / 8.0,
                f64::from(height) * (f64::from(r) + 0.5) / 8.0,
            )
        })
        .collect();
    Arc::new(Tissue {
        crop: SlideRect::of_size(width, height),
        mpp: Mpp(4.0),
        rgb: vec![230; (width * height * 3) as usize],
        width,
        height,
        centers,
        radius_px: f64::from(width) / 32.0,
        cells: None,
        regions: Vec::new(),
    })
}

pub(super) const MEASURED: PaneKind = PaneKind::Measured;

/// A figure of every pane and `rows` rows on tissue of these pixels.
pub(super) fn figure(rows: usize, columns: &[PaneKind], size: (u32, u32)) -> Figure {
    let tissue = tissue(size.0, size.1);
    let values = |k: usize| (0..64).map(|i| ((i * (k + 3)) % 17) as f32 / 8.0 - 0.1).collect::<Vec<f32>>();
    let panel = |kind: PaneKind, r: usize| {
        let scale = |map, low, high| Some(ColorScale { map, low, high });
        let expression = Some(ExpressionScale::Log10Selected);
        match kind {
            PaneKind::He => MapPane::HE,
            PaneKind::Regions | PaneKind::Clusters | PaneKind::PredictedClusters => {
                let class = |(name, rgb): (&str, [u8; 3])| RegionClass { name: name.into(), rgb };
                let classes = [("Tumour", [200, 0, 0]), ("Stroma", [0, 120, 0])].map(class).to_vec();
                let values = (0..64).map(|i| [0.0, 1.0, f32::NAN][i % 3]).collect();
                MapPane { values, classes, ..MapPane::HE }
            }
            PaneKind::Measured => MapPane {
                values: values(r),
                scale: scale(ColorMap::Viridis, 0.0, 1.9),
                expression,
                ..MapPane::HE
            },
            PaneKind::Predicted => {
                let (values, scale) = (values(r + 1), scale(ColorMap::Viridis, 0.0, 1.9));
                MapPane { values, scale, expression, pcc: Some(-0.71), ..MapPane::HE }
            }
            PaneKind::Difference => {
                MapPane { values: values(r + 2), scale: scale(ColorMap::RdBu, -1.25, 1.25), ..MapPane::HE }
            }
            PaneKind::Uncertainty => {
                MapPane { values: values(r + 3), scale: scale(ColorMap::Magma, 0.0, 0.4), ..MapPane::HE }
            }
        }
    };
    let rows = (0..rows)
        .map(|r| Row {
            gene: Some(
                ["GNAS", "FASN", "A very long <gene> & name that cannot be set in full"][r % 3].into(),
            ),
            section: format!("Section-{r}"),
            seen: false,
            tissue: Arc::clone(&tissue),
            panes: columns.iter().map(|k| panel(*k, r)).collect(),
        })
        .collect();
    Figure::from_maps(columns.to_vec(), rows, Style::default())
}

/// The grid of a figure that is nothing else.
fn grid(figure: &mut Figure) -> &mut super::MapGrid {
    match &mut figure.panels[0].panel {
        Panel::Maps(grid) => grid,
        _ => panic!("no maps"),
    }
}

/// Texts, images and colour bars lie on the page and apart.
fn assert_tidy(figure: &Figure, what: &str) {
    let drawing = lay_out(figure).unwrap();
    let mut boxes: Vec<(String, Rect)> = Vec::new();
    for item in &drawing.items {
        match item {
            Item::Text(t) => boxes.push((t.text.clone(), t.bounds())),
            Item::Image { rect, .. } => boxes.push(("image".into(), *rect)),
            Item::Bar(bar) => boxes.push(("bar".into(), bar.rect)),
            Item::Line { from, to, .. } => {
                let rect = Rect { x: from[0], y: from[1] - 0.1, w: to[0] - from[0], h: 0.2 };
                boxes.push(("line".into(), rect));
            }
            Item::Ramp { rect, .. } => boxes.push(("ramp".into(), *rect)),
            Item::Spots { .. } | Item::Cells { .. } | Item::Strikes { .. } | Item::Path { .. } => {}
        }
    }
    for (i, (name, a)) in boxes.iter().enumerate() {
        assert!(
            a.x >= 0.0 && a.y >= 0.0 && a.right() <= drawing.width && a.bottom() <= drawing.height,
            "{what}: {name} at {a:?} leaves the page of {} x {} mm",
            drawing.width,
            drawing.height
        );
        for (other, b) in &boxes[i + 1..] {
            assert!(!a.overlaps(*b), "{what}: {name} at {a:?} meets {other} at {b:?}");
        }
    }
    assert!(drawing.height <= figure.style.max_height_mm + 1e-6);
}

#[test]
fn nothing_collides_whatever_the_size() {
    use PaneKind::{Difference, He, Measured, Predicted, Uncertainty};
    let column_sets: [&[PaneKind]; 6] = [
        &[Predicted],
        &[Measured, Predicted],
        &[He, Measured, Predicted],
        &[Measured, Predicted, Difference, Uncertainty],
        &[He, Measured, Predicted, Difference, Uncertainty],
        &[Measured, He, Predicted],
    ];
    let mut drawn = 0;
    for columns in column_sets {
        for rows in [1, 2, 4, 7] {
            for size in [(160, 160), (160, 60), (60, 160), (200, 20)] {
                for letters in [PanelLetters::None, PanelLetters::Rows, PanelLetters::Panels] {
                    for (width_mm, font_pt) in [(88.0, 6.0), (183.0, 7.0), (183.0, 12.0), (400.0, 7.0)] {
                        let mut f = figure(rows, columns, size);
                        f.style = Style { width_mm, font_pt, letters, ..f.style };
                        if rows == 2 {
                            grid(&mut f).rows[1].panes.last_mut().unwrap().values.fill(f32::NAN);
                        }
                        match super::size(&f) {
                            Ok(_) => {
                                assert_tidy(
                                    &f,
                                    &format!("{columns:?} {rows} {size:?} {letters:?} {width_mm}"),
                                );
                                drawn += 1;
                            }
                            Err(FigureError::TooSmall { .. }) => {}
                            Err(e) => panic!("{e}"),
                        }
                    }
                }
            }
        }
    }
    assert!(drawn > 900, "only {drawn} figures had room");
}

#[test]
fn the_svg_is_in_millimetres_and_says_what_it_shows() {
    let f = figure(3, &[PaneKind::He, PaneKind::Measured, PaneKind::Predicted], (160, 160));
    let text = super::to_svg(&f).unwrap();
    assert!(text.contains("width=\"183mm\"") && text.contains("viewBox=\"0 0 183 "));
    assert!(text.contains("font-style=\"italic\" fill=\"#000000\">GNAS</text>"));
    assert!(text.contains("PCC = \u{2212}0.71") && text.contains("log\u{2081}\u{2080}(1 + CP10k)"));
    assert_eq!(text.matches("data:image/jpeg").count(), 1, "rows share their tissue");
    assert_eq!(text.matches("url(#viridis)").count(), 3, "measured and predicted share a colour bar");
    let shown = resvg::usvg::roxmltree::Document::parse(&text).unwrap();
    assert!(shown.descendants().any(|n| n.text().is_some_and(|t| t.starts_with("A very long <gene> &"))));
}

#[test]
fn own_limits_get_own_colour_bars() {
    let mut f = figure(2, &[PaneKind::Measured, PaneKind::Predicted], (160, 160));
    grid(&mut f).rows[1].panes[1].scale = Some(ColorScale { map: ColorMap::Viridis, low: 0.5, high: 1.0 });
    assert_eq!(super::to_svg(&f).unwrap().matches("url(#viridis)").count(), 4);
    assert_tidy(&f, "own limits");
}

#[test]
fn every_row_says_what_its_values_are() {
    let mut f = figure(2, &[PaneKind::Measured, PaneKind::Predicted], (160, 160));
    let none = MapPane { remark: Some(PanelRemark::NotPredicted), ..MapPane::HE };
    grid(&mut f).rows[1].panes[0].expression = Some(ExpressionScale::Log10All);
    grid(&mut f).rows[1].panes[1] = none;
    let texts: Vec<String> = lay_out(&f)
        .unwrap()
        .items
        .into_iter()
        .filter_map(|i| if let Item::Text(t) = i { Some(t.text) } else { None })
        .collect();
    let count = |part: &str| texts.iter().filter(|t| t.contains(part)).count();
    assert_eq!(count("selected genes"), 1, "the first row shares its bar: {texts:?}");
    assert_eq!((count("all genes"), count("not predicted by this run")), (1, 1), "{texts:?}");
    assert_eq!(count("no data"), 0);
    assert_tidy(&f, "two scales");
    // The same limits do not make one scale of two.
    let mut f = figure(1, &[PaneKind::Measured, PaneKind::Predicted], (160, 160));
    grid(&mut f).rows[0].panes[0].expression = Some(ExpressionScale::AsInFile);
    assert_eq!(super::to_svg(&f).unwrap().matches("url(#viridis)").count(), 2);
}

#[test]
fn a_silent_gene_is_drawn_in_the_lowest_colour_with_a_remark() {
    let mut f = figure(1, &[PaneKind::Measured], (160, 160));
    let panel = &mut grid(&mut f).rows[0].panes[0];
    panel.values.fill(0.0);
    panel.scale = Some(ColorScale { map: ColorMap::Viridis, low: 0.0, high: 1.0 });
    panel.remark = Some(PanelRemark::NoCounts);
    let drawing = lay_out(&f).unwrap();
    let circles = drawing.items.iter().find_map(|i| match i {
        Item::Spots { circles, .. } => Some(circles),
        _ => None,
    });
    assert!(circles.unwrap().iter().all(|(_, _, rgb)| *rgb == ColorMap::Viridis.rgb(0.0)));
    assert!(super::to_svg(&f).unwrap().contains("no counts at any spot"));
}

#[test]
fn the_png_knows_its_size() {
    let mut f = figure(1, &[PaneKind::Measured, PaneKind::Predicted], (160, 160));
    f.style = Style { width_mm: 127.0, dpi: 200.0, ..f.style };
    let size = super::size(&f).unwrap();
    assert_eq!(size.px[0], 1000);
    let bytes = super::to_png(&f).unwrap();
    let reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
    let info = reader.info();
    assert_eq!([info.width, info.height], size.px);
    assert_eq!(info.color_type, png::ColorType::Rgb);
    let dims = info.pixel_dims.unwrap();
    assert_eq!((dims.xppu, dims.unit), (7874, png::Unit::Meter));
    f.style.background = Background::Transparent;
    let bytes = super::to_png(&f).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    assert_eq!(pixels[..4], [0, 0, 0, 0], "the corner is transparent");
}

#[test]
fn spots_have_the_colour_of_their_value() {
    let mut f = figure(1, &[PaneKind::Measured], (160, 160));
    f.style = Style { opacity: 1.0, ..f.style };
    grid(&mut f).rows[0].panes[0].values[9] = 1.9;
    grid(&mut f).rows[0].panes[0].values[10] = f32::NAN;
    let preview = super::render_preview(&f, 1000).unwrap();
    assert_eq!(preview.width, 1000);
    let drawing = lay_out(&f).unwrap();
    let Some(Item::Spots { circles, .. }) = drawing.items.iter().find(|i| matches!(i, Item::Spots { .. }))
    else {
        panic!("no spots")
    };
    let scale = 1000.0 / f.style.width_mm;
    for (i, (x, y, rgb)) in circles.iter().enumerate() {
        let at = ((y * scale) as usize * 1000 + (x * scale) as usize) * 4;
        assert_eq!(preview.rgba[at..at + 3], *rgb, "spot {i}");
    }
    assert_eq!(circles[9].2, [253, 231, 37]);
    assert_eq!(circles[10].2, crate::core::colormap::NO_DATA);
}

#[test]
fn cells_fill_the_tissue_and_what_is_unlike_training_is_struck_through() {
    let mut f = figure(1, &[PaneKind::He, PaneKind::Predicted], (160, 160));
    f.style = Style { opacity: 1.0, ..f.style };
    let t = Arc::make_mut(&mut grid(&mut f).rows[0].tissue);
    t.cells = Some(Cells::new(&t.centers, 20.0));
    let drawing = lay_out(&f).unwrap();
    let cells = drawing.items.iter().find_map(|i| match i {
        Item::Cells { cells, corners, .. } => Some((cells.clone(), corners.clone())),
        _ => None,
    });
    let (cells, corners) = cells.unwrap();
    assert_eq!(corners.len(), 4);
    let preview = super::render_preview(&f, 1000).unwrap();
    let scale = 1000.0 / f.style.width_mm;
    for (x, y, rgb) in &cells {
        // Nearly as far as its corners everything has its colour.
        for corner in &corners {
            let (x, y) = (x + 0.85 * corner[0], y + 0.85 * corner[1]);
            let at = ((y * scale) as usize * 1000 + (x * scale) as usize) * 4;
            assert_eq!(preview.rgba[at..at + 3], *rgb);
        }
    }
    assert!(!super::to_svg(&f).unwrap().contains("struck through"));
    grid(&mut f).rows[0].panes[1].struck = vec![3, 9];
    let svg = super::to_svg(&f).unwrap();
    assert!(svg.contains("struck through: unlike the sections that the model was trained on"), "{svg}");
    let drawing = lay_out(&f).unwrap();
    let struck: Vec<usize> = drawing
        .items
        .iter()
        .filter_map(|i| if let Item::Strikes { middles, .. } = i { Some(middles.len()) } else { None })
        .collect();
    assert_eq!(struck, [2, 1], "the places, and the one that explains them");
    grid(&mut f).rows[0].panes[1].struck.push(1_000);
    assert!(lay_out(&f).unwrap_err().to_string().contains("struck through"));
}

#[test]
fn spots_beyond_the_crop_are_cut_off_or_left_out() {
    let mut f = figure(1, &[PaneKind::Measured], (160, 160));
    let t = Arc::make_mut(&mut grid(&mut f).rows[0].tissue);
    t.centers[0] = SlidePoint::new(-100.0, 10.0);
    t.centers[1] = SlidePoint::new(0.0, 50.0);
    let drawing = lay_out(&f).unwrap();
    let spots = drawing.items.iter().find_map(|i| match i {
        Item::Spots { circles, clip, .. } => Some((circles.len(), clip.is_some())),
        _ => None,
    });
    assert_eq!(spots, Some((63, true)));
}

#[test]
fn impossible_wishes_are_refused_in_one_sentence() {
    let good = || figure(1, &[PaneKind::Measured], (160, 160));
    type Change<'a> = &'a dyn Fn(&mut Figure);
    let refusals: [(Change, &str); 10] = [
        (&|f| grid(f).rows.clear(), "at least one gene"),
        (&|f| f.style.dpi = 20.0, "between 30 and 1200"),
        (&|f| f.style.dpi = f64::NAN, "dpi is NaN"),
        (&|f| f.style.width_mm = 901.0, "between 20 and 900"),
        (&|f| f.style.opacity = 1.5, "opacity"),
        (&|f| grid(f).rows[0].panes[0].values.truncate(3), "3 values for 64 spots"),
        (&|f| grid(f).columns.push(PaneKind::He), "1 maps for 2 columns"),
        (&|f| Arc::make_mut(&mut grid(f).rows[0].tissue).rgb.truncate(5), "has 5 bytes"),
        (&|f| Arc::make_mut(&mut grid(f).rows[0].tissue).mpp = Mpp(0.0), "not a resolution"),
        (&|f| f.style.width_mm = 20.0, "make it wider"),
    ];
    for (spoil, expected) in refusals {
        let mut f = good();
        spoil(&mut f);
        let error = super::to_svg(&f).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let mut f = good();
    f.style = Style { width_mm: 500.0, max_height_mm: 500.0, dpi: 1200.0, ..f.style };
    assert!(matches!(super::to_png(&f), Err(FigureError::TooManyPixels { .. })));
    assert!(svg::write(&lay_out(&f).unwrap(), 1200.0).is_ok(), "an SVG has no such limit");
    assert!(raster::pixel_size(&lay_out(&f).unwrap(), 300.0).is_ok());
}

/// A gene that the run does not predict has a measured map only; its row shares the bar all the same.
#[test]
fn a_row_without_a_prediction_keeps_the_shared_bar() {
    let bars =
        |figure: &Figure| lay_out(figure).unwrap().items.iter().filter(|i| matches!(i, Item::Bar(_))).count();
    let columns = [PaneKind::Measured, PaneKind::Predicted];
    let mut some = figure(3, &columns, (60, 50));
    let whole = bars(&some);
    assert_eq!(whole, 3);
    grid(&mut some).rows[1].panes[1] = MapPane { remark: Some(PanelRemark::NotPredicted), ..MapPane::HE };
    grid(&mut some).rows[2].panes[0] = MapPane { remark: Some(PanelRemark::NotMeasured), ..MapPane::HE };
    // The scale of a gene outside the run is another one.
    grid(&mut some).rows[1].panes[0].expression = Some(ExpressionScale::Log10All);
    assert_eq!(bars(&some), 3);
    // Where no row has both, there is nothing to share.
    grid(&mut some).rows.truncate(2);
    grid(&mut some).rows.remove(0);
    assert_eq!(bars(&some), 1);
    // Two scales in one row need two bars.
    let mut two = figure(2, &columns, (60, 50));
    grid(&mut two).rows[0].panes[0].expression = Some(ExpressionScale::AsInFile);
    assert_eq!(bars(&two), 4);
}
