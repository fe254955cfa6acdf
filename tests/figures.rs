//! Figures as files: saved by extension, whole or not at all, fast enough to wait for.
#![expect(clippy::unwrap_used, reason = "a test fails where its data are not as expected")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use hiscmcl::core::color_scale::{PaneValues, color_scales};
use hiscmcl::core::colormap::ColorMap;
use hiscmcl::core::display::{DisplaySettings, PaneKind};
use hiscmcl::core::geometry::{Mpp, SlidePoint};
use hiscmcl::core::target::ExpressionScale;
use hiscmcl::figures::{
    Figure, FigureError, MapGrid, MapPane, Panel, PanelLetters, Row, Style, Tissue, save,
};

/// Tissue of smooth blobs in H&E colours with a lattice of spots, 3 mm across.
fn tissue(side: u32, pitch: f64) -> Tissue {
    let mut rgb = Vec::with_capacity((side * side * 3) as usize);
    for y in 0..side {
        for x in 0..side {
            let (u, v) = (f64::from(x) / f64::from(side), f64::from(y) / f64::from(side));
            let inside = (u - 0.5).hypot(v - 0.5) < 0.42 + 0.03 * (7.0 * (v - 0.5).atan2(u - 0.5)).sin();
            let wave = (u * 40.0 + 3.0 * (v * 17.0).sin()).sin() * (v * 35.0).cos();
            let [r, g, b] = if inside { [205.0, 140.0, 185.0] } else { [244.0, 242.0, 245.0] };
            let depth = if inside { 30.0 * wave } else { 0.0 };
            rgb.extend([r - depth, g - 1.4 * depth, b - 0.6 * depth].map(|c: f64| c as u8));
        }
    }
    let n = (f64::from(side) / pitch) as u32;
    let centers: Vec<SlidePoint> = (0..n * n)
        .map(|i| SlidePoint::new((f64::from(i % n) + 0.5) * pitch, (f64::from(i / n) + 0.5) * pitch))
        .filter(|p| (p.x / f64::from(side) - 0.5).hypot(p.y / f64::from(side) - 0.5) < 0.4)
        .collect();
    let radius_px = pitch / 4.0;
    let crop = Tissue::crop_around(&centers, radius_px, (side, side));
    // The picture of the crop is the crop's part of the whole; here the crop is nearly everything.
    Tissue {
        crop,
        mpp: Mpp(3000.0 / f64::from(side)),
        rgb,
        width: side,
        height: side,
        centers,
        radius_px,
        cells: None,
        regions: Vec::new(),
    }
}

fn figure(genes: &[&str], panes: &[PaneKind], tissue: &Arc<Tissue>) -> Figure {
    let rows = genes
        .iter()
        .enumerate()
        .map(|(g, gene)| {
            let at = |k: f64, p: &SlidePoint| {
                ((p.x * 0.004 * k + g as f64).sin() + (p.y * 0.003 * k - g as f64).cos() + 1.6).max(0.0)
                    as f32
                    * 0.6
            };
            let predicted: Vec<f32> = tissue.centers.iter().map(|p| at(1.0, p)).collect();
            let measured: Vec<f32> =
                tissue.centers.iter().map(|p| (at(1.0, p) + 0.4 * at(9.0, p) - 0.3).max(0.0)).collect();
            let difference: Vec<f32> = predicted.iter().zip(&measured).map(|(p, m)| p - m).collect();
            let uncertainty: Vec<f32> = tissue.centers.iter().map(|p| 0.1 + 0.1 * at(3.0, p)).collect();
            let of = |kind: &PaneKind| match kind {
                PaneKind::He | PaneKind::Regions | PaneKind::Clusters | PaneKind::PredictedClusters => {
                    Vec::new()
                }
                PaneKind::Measured => measured.clone(),
                PaneKind::Predicted => predicted.clone(),
                PaneKind::Difference => difference.clone(),
                PaneKind::Uncertainty => uncertainty.clone(),
            };
            let values: Vec<Vec<f32>> = panes.iter().map(of).collect();
            let expression = |kind: PaneKind| kind.is_expression().then_some(ExpressionScale::Log10Selected);
            let shown: Vec<PaneValues<'_>> = panes
                .iter()
                .zip(&values)
                .map(|(&kind, values)| PaneValues { kind, values, scale: expression(kind), one_count: None })
                .collect();
            let settings = DisplaySettings { colormap: ColorMap::Viridis, ..DisplaySettings::default() };
            let scales = color_scales(&settings, &shown);
            let maps = panes
                .iter()
                .zip(values)
                .zip(scales)
                .map(|((kind, values), scale)| {
                    let pcc = (*kind == PaneKind::Predicted).then_some(0.71 - 0.1 * g as f32);
                    MapPane { values, scale, expression: expression(*kind), pcc, ..MapPane::HE }
                })
                .collect();
            Row {
                gene: Some((*gene).to_owned()),
                section: "C4".into(),
                seen: false,
                tissue: Arc::clone(tissue),
                panes: maps,
            }
        })
        .collect();
    Figure::from_maps(panes.to_vec(), rows, Style::default())
}

/// The maps of a figure that is nothing else.
fn grid(figure: &mut Figure) -> &mut MapGrid {
    match &mut figure.panels[0].panel {
        Panel::Maps(grid) => grid,
        other => unreachable!("the figure is a {}", other.name()),
    }
}

/// Where to leave the pictures for a look at them: a folder named by HISCMCL_PICTURES, or nowhere.
fn keep(figure: &Figure, name: &str) {
    if let Some(dir) = std::env::var_os("HISCMCL_PICTURES") {
        save(figure, &Path::new(&dir).join(name)).unwrap();
    }
}

const THREE: [PaneKind; 3] = [PaneKind::He, PaneKind::Measured, PaneKind::Predicted];

#[test]
fn four_genes_at_print_size_take_seconds() {
    let tissue = Arc::new(tissue(1500, 1500.0 / 15.0));
    let figure = figure(&["GNAS", "FASN", "COL1A1", "CD8A"], &THREE, &tissue);
    let dir = tempfile::tempdir().unwrap();
    for name in ["a.png", "a.svg", "a.pdf", "a.tif"] {
        let start = Instant::now();
        save(&figure, &dir.path().join(name)).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        println!("{name}: {seconds:.2} s, {} bytes", fs::metadata(dir.path().join(name)).unwrap().len());
        assert!(seconds < 10.0, "{name} took {seconds} s");
    }
    keep(&figure, "four.png");
    keep(&figure, "four.svg");
}

#[test]
fn many_spots_and_all_panes() {
    let tissue = Arc::new(tissue(1500, 18.0));
    assert!(tissue.centers.len() > 3000);
    let mut figure = figure(&["ERBB2", "KRT19"], &PaneKind::ALL, &tissue);
    figure.style.letters = PanelLetters::Panels;
    let figure = &mut figure;
    grid(figure).rows[1].panes[1].values[100..300].fill(f32::NAN);
    let dir = tempfile::tempdir().unwrap();
    let start = Instant::now();
    save(figure, &dir.path().join("a.png")).unwrap();
    println!("{} spots a panel: {:.2} s", tissue.centers.len(), start.elapsed().as_secs_f64());
    keep(figure, "all.png");
    figure.style = Style { width_mm: 88.0, letters: PanelLetters::Rows, ..figure.style };
    let maps = grid(figure);
    for row in &mut maps.rows {
        row.panes.truncate(3);
    }
    maps.columns.truncate(3);
    keep(figure, "column.png");
}

#[test]
fn other_extensions_are_refused_and_nothing_is_left() {
    let figure = figure(&["GNAS"], &THREE, &Arc::new(tissue(200, 20.0)));
    let dir = tempfile::tempdir().unwrap();
    for name in ["figure.eps", "figure", "png"] {
        let error = save(&figure, &dir.path().join(name)).unwrap_err();
        assert!(matches!(error, FigureError::UnknownFormat(_)));
        assert!(
            error.to_string().contains(name) && error.to_string().contains(".png, .svg, .pdf or .tif"),
            "{error}"
        );
    }
    fs::write(dir.path().join("file"), "x").unwrap();
    let error = save(&figure, &dir.path().join("file/figure.svg")).unwrap_err();
    assert!(matches!(error, FigureError::File(_)), "{error}");
    assert!(error.to_string().ends_with("file: it is a file, not a folder"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    save(&figure, &dir.path().join("Figure.PNG")).unwrap();
    assert!(fs::read(dir.path().join("Figure.PNG")).unwrap().starts_with(b"\x89PNG"));
}
