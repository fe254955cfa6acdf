//! Switching the gene on the Explore page.

use std::path::Path;
use std::sync::Arc;

use divan::Bencher;
use eframe::egui;
use hiscmcl::app::command::Command;
use hiscmcl::app::explore::drawing::{Held, Tool};
use hiscmcl::app::explore::images::{Images, Later, PatchKey, TileSource};
use hiscmcl::app::explore::{
    ExploreCommand, ExploreInput, ExploreState, PointerStep, PredictionStatus, RegionsInput, SectionInput,
};
use hiscmcl::core::display::{DisplaySettings, RegionStyle};
use hiscmcl::core::encoder::RgbPatch;
use hiscmcl::core::geometry::{Mpp, SlidePoint};
use hiscmcl::core::matrix::{CsrBuilder, Matrix};
use hiscmcl::core::target::Target;
use hiscmcl::data::measured_genes::MeasuredGenes;
use hiscmcl::data::regions::{ClassName, Classes, Region, RegionSet, polygon};
use hiscmcl::data::section::{Gene, MppSource, Section, Spot, SpotGeometry, ValueKind};
use hiscmcl::jobs::settings::Theme;
use hiscmcl::predict::Predictions;
use hiscmcl::ui::explore::ExplorePage;
use hiscmcl::ui::theme;

const SPOTS: [usize; 2] = [5_000, 100_000];
/// Genes measured; every tenth count is above zero.
const MEASURED: usize = 1_000;
/// Genes predicted.
const PREDICTED: usize = 785;

struct NoImages;

impl Images for NoImages {
    fn tiles(&self, _slide: &Path) -> Later<Arc<dyn TileSource>> {
        Later::Loading
    }

    fn patch(&self, _key: &PatchKey) -> Later<Arc<RgbPatch>> {
        Later::Loading
    }
}

struct Page {
    state: ExploreState,
    sections: Vec<SectionInput>,
    genes: Vec<String>,
    measured: MeasuredGenes,
    next: usize,
}

impl Page {
    fn new(spots: usize) -> Self {
        let side = (spots as f64).sqrt().ceil() as usize;
        let genes: Vec<String> = (0..MEASURED).map(|g| format!("GENE{g}")).collect();
        let mut counts = CsrBuilder::new(MEASURED);
        for s in 0..spots {
            for g in (s % 10..MEASURED).step_by(10) {
                assert!(counts.push(g, ((s * 7 + g * 13) % 23) as f32 + 1.0));
            }
            counts.end_row();
        }
        let place = |s: usize| SlidePoint::new((s % side) as f64 * 20.0, (s / side) as f64 * 20.0);
        let id = |s: usize| format!("spot-{s}");
        let section = Section {
            name: "S".into(),
            patient: None,
            spots: (0..spots).map(|s| Spot { id: id(s), center: place(s) }).collect(),
            genes: genes.iter().map(Gene::named).collect(),
            counts: counts.finish(),
            values: ValueKind::Counts,
            labels: None,
            in_tissue: 0,
            sum: 0.0,
            mpp: Mpp(0.5),
            mpp_source: MppSource::User,
            mpp_by_spots: None,
            geometry: SpotGeometry { pitch_um: 10.0, diameter_um: 8.0 },
            slide: "none.png".into(),
            slide_size: (side as u32 * 20, side as u32 * 20),
        };
        let value = |r: usize, c: usize| ((r * 31 + c * 17) % 1000) as f32 / 300.0;
        let predictions = Predictions {
            section: "S".into(),
            spots: (0..spots).map(id).collect(),
            genes: genes.iter().take(PREDICTED).cloned().collect(),
            mean: Matrix::from_fn(spots, PREDICTED, value),
            uncertainty: Matrix::from_fn(spots, PREDICTED, value),
            retrieved: vec![Vec::new(); spots],
            bank_spots: Vec::new(),
        };
        let measured = MeasuredGenes::new([&section]);
        let input = SectionInput {
            name: "S".into(),
            section: Some(Arc::new(section)),
            predictions: Some(Arc::new(predictions)),
            ..SectionInput::default()
        };
        let mut page =
            Self { state: ExploreState::default(), sections: vec![input], genes, measured, next: 0 };
        while page.state.index().is_none() {
            page.refresh();
            std::thread::yield_now();
        }
        page.refresh();
        page
    }

    fn refresh(&mut self) {
        self.state.refresh(&Self::input(&self.sections, &self.genes, &self.measured));
    }

    fn input<'a>(
        sections: &'a [SectionInput],
        genes: &'a [String],
        measured: &'a MeasuredGenes,
    ) -> ExploreInput<'a> {
        let target = Target::Published;
        ExploreInput {
            sections,
            genes,
            measured,
            panels: &[],
            report: None,
            target,
            outlook: PredictionStatus::Train,
            images: &NoImages,
        }
    }

    fn next_gene(&mut self) {
        self.next = (self.next + 137) % PREDICTED;
        self.state.apply(ExploreCommand::SelectGene(format!("GENE{}", self.next)));
    }
}

/// From a chosen gene to the colours of all panes.
#[divan::bench(args = SPOTS, sample_count = 50)]
fn switch_gene(bencher: Bencher, spots: usize) {
    let mut page = Page::new(spots);
    bencher.bench_local(|| {
        page.next_gene();
        page.refresh();
    });
}

/// The same with the whole page drawn, up to the triangles that go to the graphics card.
#[divan::bench(args = SPOTS, sample_count = 50)]
fn switch_gene_and_draw(bencher: Bencher, spots: usize) {
    let mut page = Page::new(spots);
    let mut window = Window::new();
    window.frame(&mut page);
    bencher.bench_local(|| {
        page.next_gene();
        window.frame(&mut page)
    });
}

/// A frame in which the camera moves: every spot gets a new place.
#[divan::bench(args = SPOTS, sample_count = 50)]
fn pan_and_draw(bencher: Bencher, spots: usize) {
    let mut page = Page::new(spots);
    let mut window = Window::new();
    window.frame(&mut page);
    bencher.bench_local(|| {
        page.state.camera.drag([0.5, 0.0]);
        window.frame(&mut page)
    });
}

/// A frame in which nothing has changed.
#[divan::bench(args = SPOTS, sample_count = 50)]
fn draw_again(bencher: Bencher, spots: usize) {
    let mut page = Page::new(spots);
    let mut window = Window::new();
    window.frame(&mut page);
    bencher.bench_local(|| window.frame(&mut page));
}

/// Regions over the whole slide, and points of each.
const REGIONS: usize = 1_000;
const POINTS: usize = 200;

impl Page {
    /// The same with regions of many points in ten classes all over the slide.
    fn with_regions(mut self) -> Self {
        let side = self.state.index().unwrap().section().slide_size.0;
        let across = (REGIONS as f64).sqrt().ceil() as usize;
        let step = f64::from(side) / across as f64;
        let mut classes = Classes::default();
        let names: Vec<ClassName> = (0..10).map(|i| ClassName::new(&format!("Class {i}")).unwrap()).collect();
        for name in &names {
            classes.ensure(name);
        }
        let region = |i: usize| {
            let center = [(i % across) as f64 + 0.5, (i / across) as f64 + 0.5].map(|v| v * step);
            let corner = |k: usize| {
                let angle = std::f64::consts::TAU * k as f64 / POINTS as f64;
                let radius = step * (0.4 + 0.05 * (9.0 * angle).sin());
                SlidePoint::new(center[0] + radius * angle.cos(), center[1] + radius * angle.sin())
            };
            let corners: Vec<SlidePoint> = (0..POINTS).map(corner).collect();
            Region::new(polygon(&corners).unwrap()).with_class(names.get(i % names.len()).cloned())
        };
        let regions: RegionSet = (0..REGIONS).map(region).collect();
        let points: usize = regions.iter().map(|r| r.shape().vertex_count()).sum();
        assert!(points >= REGIONS * POINTS * 9 / 10, "{points}");
        self.sections[0].regions = Some(RegionsInput { regions, classes, factor: 1.0 });
        self.refresh();
        self
    }
}

/// Regions that are drawn filled as well as outlined.
fn filled(page: &mut Page) {
    let settings = DisplaySettings { regions: RegionStyle::Transparent, ..page.state.display().clone() };
    page.state.set_display(settings);
}

/// A frame with regions in which nothing has changed.
#[divan::bench(sample_count = 50)]
fn draw_regions_again(bencher: Bencher) {
    let mut page = Page::new(SPOTS[0]).with_regions();
    let mut window = Window::new();
    window.frame(&mut page);
    bencher.bench_local(|| window.frame(&mut page));
}

/// A frame with regions in which the camera moves.
#[divan::bench(sample_count = 50, args = [false, true])]
fn pan_over_regions(bencher: Bencher, fill: bool) {
    let mut page = Page::new(SPOTS[0]).with_regions();
    if fill {
        filled(&mut page);
    }
    let mut window = Window::new();
    window.frame(&mut page);
    bencher.bench_local(|| {
        page.state.camera.drag([0.5, 0.0]);
        window.frame(&mut page)
    });
}

/// A frame in which the brush goes on over a slide full of regions.
#[divan::bench(sample_count = 50, args = [Tool::Brush, Tool::Eraser])]
fn paint_among_regions(bencher: Bencher, tool: Tool) {
    let mut page = Page::new(SPOTS[0]).with_regions();
    let mut window = Window::new();
    page.state.apply(ExploreCommand::UseTool(tool));
    page.state.apply(ExploreCommand::SizeBrush(100.0));
    window.frame(&mut page);
    let held = Held::default();
    let side = f64::from(page.state.index().unwrap().section().slide_size.0);
    let place = |step: f64| SlidePoint::new(side * (0.5 + 0.4 * step.cos()), side * (0.5 + 0.4 * step.sin()));
    page.state.use_tool(PointerStep::Press, place(0.0), held);
    let mut step = 0.0;
    bencher.bench_local(|| {
        step += 0.01;
        page.state.use_tool(PointerStep::Drag, place(step), held);
        window.frame(&mut page)
    });
}

struct Window {
    ctx: egui::Context,
    page: ExplorePage,
}

impl Window {
    fn new() -> Self {
        let ctx = egui::Context::default();
        theme::install_fonts(&ctx);
        theme::apply(&ctx, Theme::Light);
        Self { ctx, page: ExplorePage::default() }
    }

    /// Draws a frame; gives the number of triangles.
    fn frame(&mut self, page: &mut Page) -> usize {
        let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1440.0, 860.0));
        let input = egui::RawInput { screen_rect: Some(screen), ..Default::default() };
        let mut commands: Vec<Command> = Vec::new();
        let output = self.ctx.run_ui(input, |ui| {
            let input = Page::input(&page.sections, &page.genes, &page.measured);
            commands = self.page.show(ui, &mut page.state, &input);
        });
        assert!(commands.is_empty());
        let mut triangles = 0;
        for primitive in self.ctx.tessellate(output.shapes, output.pixels_per_point) {
            if let egui::epaint::Primitive::Mesh(mesh) = primitive.primitive {
                triangles += mesh.indices.len() / 3;
            }
        }
        triangles
    }
}
