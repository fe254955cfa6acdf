//! Tests of panels and of the files that hold them: nothing collides, what is missing is shown as missing, and TIFF and PDF
//! are what they say.

use std::io::{Cursor, Read as _};
use std::sync::Arc;

use tiff::decoder::{Decoder, DecodingResult};
use tiff::tags::Tag;

use super::drawing::{Drawing, Item, Rect};
use super::layout::lay_out;
use super::tests::{figure as map_figure, tissue};
use super::{
    Axis, Curve, Curves, Dot, DotPlot, Facts, Figure, FigureError, GeneMix, MapGrid, MixGene, Panel,
    PanelLetters, PlacedPanel, Preset, RegionClass, RegionOutline, Scatter, ScoreRow, Scores, Span, Style,
    Volcano, VolcanoGene,
};
use crate::core::colormap::{ColorMap, NO_DATA};
use crate::core::display::PaneKind;
use crate::core::geometry::SlidePoint;

fn placed(span: Span, panel: Panel) -> PlacedPanel {
    PlacedPanel { title: Some("A title".into()), span, facts: Facts::default(), panel }
}

fn scatter() -> Panel {
    let points = (0..200).map(|i| [f64::from(i % 17) / 7.0, f64::from(i % 13) / 5.0]).collect();
    Panel::Scatter(Scatter {
        x: Axis::new("measured expression, log10(1 + CP10k)"),
        y: Axis::new("predicted expression, log10(1 + CP10k)"),
        points,
        identity: true,
        note: Some("PCC = 0.54".into()),
    })
}

fn volcano() -> Panel {
    let genes = (0..300u32)
        .map(|i| VolcanoGene {
            name: format!("GENE{i}"),
            log2_fold: f64::from(i % 41) / 8.0 - 2.5,
            p_adjusted: if i == 40 { 0.0 } else { 10f64.powf(-f64::from(i % 23) / 2.0) },
        })
        .collect();
    let labelled = (20..60).map(|i| format!("GENE{i}")).collect();
    let sides = Some(["stroma".to_owned(), "cancer".to_owned()]);
    Panel::Volcano(Volcano { genes, max_p: 0.05, min_log2_fold: 1.0, labelled, sides })
}

fn dots(missing: bool) -> Panel {
    let (genes, groups) = (9, 4);
    let dot = |i: usize| Dot { percent: (i * 7 % 101) as f64, mean: i as f64 / 20.0 };
    Panel::DotPlot(DotPlot {
        genes: (0..genes).map(|g| format!("GENE{g}")).collect(),
        groups: ["cancer", "stroma", "immune infiltrate", "fat"].map(String::from).to_vec(),
        dots: (0..genes * groups).map(|i| (!missing || i % 9 != 2).then(|| dot(i))).collect(),
        map: ColorMap::Viridis,
        mean_label: "mean log10(1 + CP10k)".into(),
    })
}

fn curves() -> Panel {
    let points = |k: f64| (1..80).map(|i| [f64::from(i), 5.0 - k * f64::from(i).ln()]).collect();
    let curve = |name: &str, k: f64, dashed| Curve { name: name.into(), points: points(k), dashed };
    Panel::Curves(Curves {
        x: Axis::new("epoch"),
        y: Axis::new("contrastive loss"),
        curves: vec![curve("training", 0.5, false), curve("validation", 0.3, true)],
        reference: Some((4.85, "chance".into())),
    })
}

fn scores(bars: bool) -> Panel {
    let row = |i: u32| ScoreRow {
        name: format!("GENE{i}"),
        values: vec![Some(0.7 - f64::from(i) / 20.0), (i != 2).then_some(0.1)],
    };
    Panel::Scores(Scores {
        axis: Axis::new("PCC"),
        series: vec!["model".into(), "ridge regression".into()],
        rows: (0..12).map(row).collect(),
        are_genes: true,
        bars,
        reference: Some((0.74, "noise ceiling".into())),
    })
}

fn mix(genes: usize) -> GeneMix {
    let values = |g: usize| (0..64).map(|i| ((i * (g + 3)) % 17) as f32 / 8.0).collect();
    let gene = |g: usize| MixGene { name: format!("GENE{g}"), values: values(g), low: 0.0, high: 2.0 };
    GeneMix { tissue: tissue(160, 120), genes: (0..genes).map(gene).collect(), scale_bar: true }
}

fn maps() -> Panel {
    let columns = [PaneKind::Measured, PaneKind::Predicted];
    map_figure(1, &columns, (160, 100)).panels.remove(0).panel
}

/// All kinds of panels.
fn all() -> Vec<PlacedPanel> {
    let class = |name: &str| RegionClass { name: name.into(), rgb: [213, 94, 0] };
    vec![
        placed(Span::Full, maps()),
        placed(Span::Half, scatter()),
        placed(Span::Half, volcano()),
        placed(Span::TwoThirds, dots(true)),
        placed(Span::Third, Panel::RegionLegend(vec![class("invasive cancer"), class("immune infiltrate")])),
        placed(Span::Half, curves()),
        placed(Span::Half, scores(true)),
        placed(Span::Half, scores(false)),
        placed(Span::Half, Panel::GeneMix(mix(3))),
    ]
}

/// Texts, images and colour bars lie on the page and apart.
fn assert_tidy(drawing: &Drawing<'_>, what: &str) {
    let mut boxes: Vec<(String, Rect)> = Vec::new();
    for item in &drawing.items {
        match item {
            Item::Text(t) => boxes.push((t.text.clone(), t.bounds())),
            Item::Image { rect, .. } => boxes.push(("image".into(), *rect)),
            Item::Bar(bar) => boxes.push(("bar".into(), bar.rect)),
            Item::Ramp { rect, .. } => boxes.push(("ramp".into(), *rect)),
            Item::Line { .. }
            | Item::Path { .. }
            | Item::Spots { .. }
            | Item::Cells { .. }
            | Item::Strikes { .. } => {}
        }
    }
    for (i, (name, a)) in boxes.iter().enumerate() {
        assert!(
            a.x >= -1e-6
                && a.y >= -1e-6
                && a.right() <= drawing.width + 1e-6
                && a.bottom() <= drawing.height + 1e-6,
            "{what}: {name} at {a:?} leaves the page of {} x {} mm",
            drawing.width,
            drawing.height
        );
        for (other, b) in &boxes[i + 1..] {
            assert!(!a.overlaps(*b), "{what}: {name} at {a:?} meets {other} at {b:?}");
        }
    }
}

#[test]
fn panels_collide_at_no_size() {
    let mut drawn = 0;
    for (width_mm, font_pt) in
        [(89.0, 5.0), (120.0, 6.0), (183.0, 7.0), (183.0, 9.0), (320.0, 14.0), (780.0, 30.0)]
    {
        for letters in [PanelLetters::None, PanelLetters::Panels] {
            for span in [Span::Quarter, Span::Third, Span::Half, Span::TwoThirds, Span::Full] {
                for panel in all() {
                    let style =
                        Style { width_mm, font_pt, letters, max_height_mm: 900.0, ..Style::default() };
                    let name = panel.panel.name();
                    let figure = Figure { panels: vec![PlacedPanel { span, ..panel.clone() }; 2], style };
                    match lay_out(&figure) {
                        Ok(drawing) => {
                            assert_tidy(&drawing, &format!("{name} {width_mm} {font_pt} {span:?}"));
                            drawn += 1;
                        }
                        Err(FigureError::PanelTooSmall { .. } | FigureError::TooSmall { .. }) => {}
                        Err(e) => panic!("{name}: {e}"),
                    }
                }
            }
        }
    }
    assert!(drawn > 350, "only {drawn} figures had room");
}

#[test]
fn panels_share_a_page_of_limited_height() {
    let style = Style { letters: PanelLetters::Panels, max_height_mm: 900.0, ..Style::default() };
    let mut figure = Figure { panels: all(), style };
    let free = lay_out(&figure).unwrap();
    assert_tidy(&free, "free");
    let height = free.height;
    figure.style.max_height_mm = 0.85 * height;
    let shrunk = lay_out(&figure).unwrap();
    assert_tidy(&shrunk, "shrunk");
    assert!((shrunk.height - 0.85 * height).abs() < 1e-6, "{} {height}", shrunk.height);
    let letters: String = shrunk
        .items
        .iter()
        .filter_map(|i| match i {
            Item::Text(t) if t.face == super::text::Face::Bold => Some(t.text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(letters, "abcdefghi");
    figure.style.max_height_mm = 60.0;
    let said = lay_out(&figure).unwrap_err().to_string();
    assert!(said.starts_with("Panel ") && said.contains("allow a higher figure"), "{said}");
}

fn texts(drawing: &Drawing<'_>) -> Vec<String> {
    let text = |i: &Item| if let Item::Text(t) = i { Some(t.text.clone()) } else { None };
    drawing.items.iter().filter_map(text).collect()
}

#[test]
fn what_is_missing_is_explained_and_not_drawn_as_zero() {
    let says = |panel: Panel, wanted: &str| {
        let figure = Figure { panels: vec![placed(Span::Full, panel)], style: Style::default() };
        texts(&lay_out(&figure).unwrap()).iter().any(|t| t == wanted)
    };
    assert!(says(dots(true), "not measured") && !says(dots(false), "not measured"));
    assert!(says(scores(true), "no score") && says(scores(false), "no score"));
    let mut some = mix(3);
    assert!(!says(Panel::GeneMix(some.clone()), "no data"));
    some.genes[0].values[5] = f32::NAN;
    assert_eq!(some.rgb(5), None);
    assert!(says(Panel::GeneMix(some.clone()), "no data"));
    some.genes[1].values.clear();
    assert!(says(Panel::GeneMix(some), "not measured"));
    // On maps a spot without a value has a colour of its own, which the legend explains.
    let mut figure = map_figure(1, &[PaneKind::Measured], (160, 160));
    if let Panel::Maps(grid) = &mut figure.panels[0].panel {
        grid.rows[0].panes[0].values[3] = f32::NAN;
    }
    let drawing = lay_out(&figure).unwrap();
    assert!(texts(&drawing).iter().any(|t| t == "no data"));
    assert!(
        drawing.items.iter().any(|i| matches!(i, Item::Spots { circles, .. } if circles[0].2 == NO_DATA))
    );
}

#[test]
fn dots_have_the_area_of_their_percentage() {
    let plot = DotPlot {
        genes: vec!["A".into(), "B".into()],
        groups: vec!["g".into()],
        dots: vec![Some(Dot { percent: 100.0, mean: 2.0 }), Some(Dot { percent: 25.0, mean: 0.0 })],
        map: ColorMap::Viridis,
        mean_label: "mean".into(),
    };
    let figure = Figure { panels: vec![placed(Span::Full, Panel::DotPlot(plot))], style: Style::default() };
    let drawing = lay_out(&figure).unwrap();
    let circles: Vec<(f64, [u8; 3])> = drawing
        .items
        .iter()
        .filter_map(|i| match i {
            Item::Spots { circles, radius, .. } => Some((*radius, circles[0].2)),
            _ => None,
        })
        .collect();
    assert!((circles[1].0 / circles[0].0 - 0.5).abs() < 1e-9, "a quarter of the area has half the radius");
    assert_eq!((circles[0].1, circles[1].1), (ColorMap::Viridis.rgb(1.0), ColorMap::Viridis.rgb(0.0)));
}

#[test]
fn genes_add_their_colours() {
    let spot = |values: &[f32]| {
        let genes = values
            .iter()
            .map(|v| MixGene { name: "G".into(), values: vec![*v; 64], low: 0.0, high: 2.0 })
            .collect::<Vec<_>>();
        GeneMix { genes, ..mix(3) }.rgb(0)
    };
    assert_eq!(spot(&[0.0, 0.0]), Some([0, 0, 0]));
    assert_eq!(spot(&[2.0, 0.0]), Some([255, 0, 255]));
    assert_eq!(spot(&[2.0, 2.0]), Some([255, 255, 255]));
    assert_eq!(spot(&[1.0, 0.0]), Some([128, 0, 128]));
    assert_eq!(spot(&[2.0, 2.0, 9.0]), Some([255, 255, 255]), "three add up to white, too");
    assert_eq!(spot(&[2.0, f32::NAN]), None);
}

/// CIE 1976 L*a*b* of linear sRGB under D65.
fn lab(rgb: [f64; 3]) -> [f64; 3] {
    const XYZ: [[f64; 3]; 3] = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]];
    let f = |row: [f64; 3]| {
        let dot = |v: [f64; 3]| row.iter().zip(v).map(|(a, b)| a * b).sum::<f64>();
        let t = dot(rgb.map(|v| v.clamp(0.0, 1.0))) / dot([1.0; 3]);
        if t > 0.008856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 }
    };
    let [x, y, z] = XYZ.map(f);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// Simulated for full protanopia, deuteranopia and tritanopia after Machado, Oliveira and Fernandes (2009).
#[test]
fn mixed_colours_are_told_apart_by_everyone() {
    const VISION: [[[f64; 3]; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ];
    let linear = |c: u32| {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    for genes in [2usize, 3] {
        let colors = GeneMix::colors(genes);
        // Every subset of the genes at full colour.
        let sums: Vec<[u32; 3]> = (0..1usize << genes)
            .map(|set| {
                let own = (0..genes).filter(|g| set >> g & 1 == 1);
                own.fold([0; 3], |sum, g| [0, 1, 2].map(|c| sum[c] + u32::from(colors[g][c])))
            })
            .collect();
        assert_eq!(sums.last(), Some(&[255, 255, 255]));
        for matrix in VISION {
            let seen: Vec<[f64; 3]> = sums
                .iter()
                .map(|sum| {
                    let rgb = sum.map(linear);
                    lab(matrix.map(|row| row.iter().zip(rgb).map(|(a, b)| a * b).sum()))
                })
                .collect();
            for (i, a) in seen.iter().enumerate() {
                for b in &seen[i + 1..] {
                    let distance = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                    assert!(distance > 25.0, "{genes} genes: {distance}");
                }
            }
        }
    }
}

#[test]
fn regions_are_outlined_and_explained() {
    let mut figure = map_figure(2, &[PaneKind::He, PaneKind::Measured], (160, 160));
    let class = RegionClass { name: "invasive cancer".into(), rgb: [213, 94, 0] };
    let ring = [(20.0, 20.0), (80.0, 20.0), (80.0, 80.0)].map(|(x, y)| SlidePoint::new(x, y)).to_vec();
    let Panel::Maps(grid) = &mut figure.panels[0].panel else { panic!("no maps") };
    let outlined = Arc::make_mut(&mut grid.rows[0].tissue);
    outlined.regions = vec![RegionOutline { class: class.clone(), rings: vec![ring] }];
    let outlined = Arc::clone(&grid.rows[0].tissue);
    grid.rows[1].tissue = outlined;
    let drawing = lay_out(&figure).unwrap();
    let outlines: Vec<&Vec<Vec<[f64; 2]>>> = drawing
        .items
        .iter()
        .filter_map(|i| match i {
            Item::Path { lines, closed: true, stroke: Some(s), .. } if s.rgb == class.rgb => Some(lines),
            _ => None,
        })
        .collect();
    assert_eq!(outlines.len(), 4, "on every map");
    let image =
        drawing.items.iter().find_map(|i| if let Item::Image { rect, .. } = i { Some(*rect) } else { None });
    let image = image.unwrap();
    let corner = outlines[0][0][0];
    assert!((corner[0] - (image.x + image.w / 8.0)).abs() < 1e-9);
    assert_eq!(texts(&drawing).iter().filter(|t| *t == "invasive cancer").count(), 1);
    if let Panel::Maps(MapGrid { region_legend, .. }) = &mut figure.panels[0].panel {
        *region_legend = false;
    }
    assert!(!texts(&lay_out(&figure).unwrap()).iter().any(|t| t == "invasive cancer"));
}

#[test]
fn wrong_panels_are_refused_in_one_sentence() {
    let said = |panel: Panel| {
        let figure = Figure { panels: vec![placed(Span::Full, panel)], style: Style::default() };
        lay_out(&figure).unwrap_err().to_string()
    };
    let one = |points| Panel::Scatter(Scatter { points, ..Scatter::default() });
    assert_eq!(
        said(one(vec![[f64::NAN, 1.0]])),
        "Panel 1 of the figure (A title): no dot has two finite coordinates"
    );
    let Panel::DotPlot(mut plot) = dots(false) else { panic!("no dot plot") };
    plot.dots.pop();
    assert!(said(Panel::DotPlot(plot.clone())).ends_with("35 dots for 4 groups of 9 genes"));
    plot.dots.push(Some(Dot { percent: 101.0, mean: 0.0 }));
    assert!(said(Panel::DotPlot(plot)).ends_with("a dot has 101 % and a mean of 0"));
    assert!(said(Panel::GeneMix(mix(4))).ends_with("it mixes 4 genes; choose one to three"));
    let axis = Axis { label: "x".into(), limits: Some([1.0, 0.0]) };
    let limited = Scatter { x: axis, points: vec![[0.0, 0.0]], ..Scatter::default() };
    assert!(said(Panel::Scatter(limited)).ends_with("the axis \"x\" runs from 1 to 0"));
}

#[test]
fn a_tiff_has_the_pixels_of_the_png() {
    let mut figure = map_figure(2, &[PaneKind::Measured, PaneKind::Predicted], (160, 160));
    figure.style = Style { width_mm: 127.0, dpi: 350.0, ..figure.style };
    let bytes = super::to_tiff(&figure).unwrap();
    let mut decoder = Decoder::new(Cursor::new(&bytes)).unwrap();
    let size = super::size(&figure).unwrap().px;
    assert_eq!(decoder.dimensions().unwrap(), (size[0], size[1]));
    assert_eq!(decoder.colortype().unwrap(), tiff::ColorType::RGB(8));
    assert_eq!(decoder.get_tag_u32(Tag::Compression).unwrap(), 5, "LZW");
    assert_eq!(decoder.get_tag_u32(Tag::ResolutionUnit).unwrap(), 2, "inches");
    for tag in [Tag::XResolution, Tag::YResolution] {
        assert_eq!(decoder.get_tag(tag).unwrap(), tiff::decoder::ifd::Value::Rational(35_000, 100));
    }
    let rows = decoder.get_tag_u32(Tag::RowsPerStrip).unwrap();
    assert!(rows < size[1] && 3 * size[0] * rows <= 1 << 20, "{rows} rows a strip");
    let DecodingResult::U8(pixels) = decoder.read_image().unwrap() else { panic!("not 8 bits") };
    let png = super::to_png(&figure).unwrap();
    let mut reader = png::Decoder::new(Cursor::new(&png)).read_info().unwrap();
    let mut expected = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut expected).unwrap();
    assert!(pixels == expected);
    // A transparent figure is white in a TIFF.
    figure.style.background = super::Background::Transparent;
    assert!(super::to_tiff(&figure).unwrap() == bytes);
}

/// The streams of a PDF, unpacked.
fn streams(pdf: &[u8]) -> Vec<Vec<u8>> {
    let find = |from: usize, word: &[u8]| {
        pdf.get(from..).unwrap_or_default().windows(word.len()).position(|w| w == word).map(|at| from + at)
    };
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(start) = find(at, b"\nstream\n") {
        let end = find(start, b"\nendstream").unwrap();
        let mut unpacked = Vec::new();
        let packed = &pdf[start + 8..end];
        if flate2::read::ZlibDecoder::new(packed).read_to_end(&mut unpacked).is_ok() {
            out.push(unpacked);
        } else {
            out.push(packed.to_vec());
        }
        at = end;
    }
    out
}

fn count(haystack: &[u8], needle: &str) -> usize {
    haystack.windows(needle.len()).filter(|w| *w == needle.as_bytes()).count()
}

#[test]
fn a_pdf_has_its_size_fonts_title_and_the_same_bytes() {
    let mut figure = map_figure(2, &[PaneKind::He, PaneKind::Measured, PaneKind::Predicted], (160, 160));
    figure.style.letters = PanelLetters::Rows;
    let pdf = super::to_pdf(&figure).unwrap();
    assert!(pdf == super::to_pdf(&figure).unwrap(), "the same figure gives the same bytes");
    assert!(pdf.starts_with(b"%PDF-1."));
    let mm = super::size(&figure).unwrap().mm;
    let page = String::from_utf8_lossy(&pdf);
    let media = page.split("/MediaBox").nth(1).and_then(|rest| rest.split(['[', ']']).nth(1)).unwrap();
    let sides: Vec<f64> = media.split_whitespace().map(|v| v.parse().unwrap()).collect();
    for (side, mm) in sides[2..].iter().zip(mm) {
        assert!((side / 72.0 * 25.4 - mm).abs() < 0.01, "{media}");
    }
    // Regular, bold and italic, each as a subset with a way back to characters.
    assert_eq!(count(&pdf, "/FontFile2"), 3);
    assert_eq!(count(&pdf, "/ToUnicode"), 3);
    assert_eq!(count(&pdf, "+LiberationSans"), page.matches("+LiberationSans").count());
    assert!(count(&pdf, "/CreationDate") == 0);
    assert!(count(&pdf, "GNAS, FASN in Section-0, Section-1") > 0, "the title");
    assert!(count(&pdf, "HisCMCL") > 0, "the producer");
    // One image, though three panels show it, without loss.
    assert_eq!(count(&pdf, "/Subtype/Image") + count(&pdf, "/Subtype /Image"), 1);
    assert_eq!(count(&pdf, "DCTDecode"), 0);
    let raw = &figure.panels[0].panel;
    let Panel::Maps(grid) = raw else { panic!("no maps") };
    assert!(streams(&pdf).iter().any(|s| *s == grid.rows[0].tissue.rgb), "its very pixels");
    // Colour bars are gradients.
    assert!(count(&pdf, "/ShadingType") > 0);
    let maps: Vec<Vec<u8>> = streams(&pdf).into_iter().filter(|s| count(s, "beginbfchar") > 0).collect();
    assert_eq!(maps.len(), 3);
    for letter in ["<0047>", "<004E>", "<0041>", "<0053>"] {
        assert!(maps.iter().any(|m| count(m, letter) > 0), "{letter} of GNAS can be found");
    }
}

#[test]
fn a_pdf_of_all_panels_is_written_in_a_moment() {
    let style = Style { letters: PanelLetters::Panels, max_height_mm: 900.0, ..Style::default() };
    let figure = Figure { panels: all(), style: Preset::Nature.apply(&style, 183.0) };
    let figure = Figure { style: Style { max_height_mm: 900.0, ..figure.style }, ..figure };
    let pdf = super::to_pdf(&figure).unwrap();
    assert!(pdf.len() < 2_000_000, "{} bytes", pdf.len());
    let svg = super::to_svg(&figure).unwrap();
    let shown = resvg::usvg::roxmltree::Document::parse(&svg).unwrap();
    assert!(shown.descendants().any(|n| n.text() == Some("noise ceiling (0.74)")));
    assert!(super::render_preview(&figure, 600).is_ok());
}
