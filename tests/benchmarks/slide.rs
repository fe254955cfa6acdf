//! Looking at a large slide: how soon it is seen, how long frames take while it is panned and zoomed, how fast its tiles are
//! decoded. `tests/tools/make_large_slide.py` makes one.
//!
//!     cargo bench --bench slide -- SLIDE
#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use eframe::egui;
use hiscmcl::app::explore::images::{Images, Later};
use hiscmcl::app::explore::{ExploreCommand, ExploreInput, ExploreState, PredictionStatus, SectionInput};
use hiscmcl::app::slides::SlideImages;
use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::geometry::{Mpp, SlidePoint};
use hiscmcl::core::matrix::{Csr, Matrix};
use hiscmcl::core::progress::Silent;
use hiscmcl::core::target::Target;
use hiscmcl::data::measured_genes::MeasuredGenes;
use hiscmcl::data::section::{MppSource, Section, Spot, SpotGeometry, ValueKind};
use hiscmcl::data::slide::{SlideStore, read_info};
use hiscmcl::jobs::settings::Theme;
use hiscmcl::predict::Predictions;
use hiscmcl::ui::explore::ExplorePage;
use hiscmcl::ui::theme;

const GENES: [&str; 4] = ["ERBB2", "FASN", "MS4A1", "COL1A1"];
/// Places are this far apart.
const PITCH_UM: f64 = 100.0;
/// The resolution of a slide that does not say it.
const USUAL_MPP: f64 = 0.5;
/// A screen of 60 pictures a second.
const FRAME: Duration = Duration::from_micros(16_667);
const THREADS: usize = 2;
/// Tiles that are decoded to measure speed.
const TILES: u32 = 6_000;

fn main() {
    let Some(path) = std::env::args().skip(1).find(|a| !a.starts_with("--")) else {
        // Without a slide, as when all benchmarks are run, there is nothing to measure.
        println!("usage: cargo bench --bench slide -- SLIDE");
        return;
    };
    let path = PathBuf::from(path);
    decode(&path);
    look(&path);
    if let Some(mb) = peak_memory_mb() {
        println!("peak memory: {mb} MB");
    }
}

fn decode(path: &Path) {
    let slide = SlideStore::default().get(path, &Silent, &CancelToken::new()).unwrap();
    let level = slide.levels()[0];
    let all = level.tile_columns() * level.tile_rows();
    let (next, count) = (AtomicU32::new(0), all.min(TILES));
    let started = Instant::now();
    std::thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        return;
                    }
                    let (col, row) = (at % level.tile_columns(), at / level.tile_columns());
                    slide.source().read_tile(0, col, row).unwrap();
                }
            });
        }
    });
    let each = f64::from(count) / started.elapsed().as_secs_f64();
    let (width, height) = (level.tile_width, level.tile_height);
    println!("decoding: {each:.0} tiles of {width} x {height} pixels a second with {THREADS} threads");
}

fn look(path: &Path) {
    let started = Instant::now();
    let store = Arc::new(SlideStore::default());
    let images = SlideImages::new(Arc::clone(&store), Arc::new(|| ()));
    let mut view = View::new(path);
    // The page is drawn until it shows the slide, and holds its tiles from then on.
    let shown = loop {
        view.frame(&images);
        match images.tiles(path) {
            Later::Ready(tiles) if view.state.index().is_some() => break tiles,
            Later::Ready(_) | Later::Loading => std::thread::sleep(Duration::from_millis(1)),
            Later::Failed(why) => panic!("{why}"),
        }
    };
    let first = view.frame(&images);
    println!("first picture: {:.2} s", started.elapsed().as_secs_f64());

    view.state.apply(ExploreCommand::SelectGene(GENES[0].to_owned()));
    let mut times: Vec<f64> = Vec::new();
    let mut most = first;
    for step in 0..1_200 {
        view.move_camera(step);
        let began = Instant::now();
        most = most.max(view.frame(&images));
        times.push(began.elapsed().as_secs_f64() * 1e3);
        std::thread::sleep(FRAME.saturating_sub(began.elapsed()));
    }
    let levels = shown.levels();
    assert!(levels.len() > 1 && store.memory_bytes() > 0, "the slide was not looked at");
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("tiles held at the end: {} MB", store.memory_bytes() >> 20);
    println!(
        "frames of up to {most} triangles: median {:.1} ms, 95 % below {:.1} ms, 99 % below {:.1} ms, longest {:.1} ms",
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0)
    );
}

/// The Explore page with a slide and predictions for places all over it.
struct View {
    ctx: egui::Context,
    page: ExplorePage,
    state: ExploreState,
    sections: Vec<SectionInput>,
    genes: Vec<String>,
    measured: MeasuredGenes,
}

impl View {
    fn new(path: &Path) -> Self {
        let info = read_info(path).unwrap();
        let (width, height) = info.size();
        let mpp = info.mpp.unwrap_or(Mpp(USUAL_MPP));
        let pitch = mpp.px(PITCH_UM);
        let (columns, rows) = ((f64::from(width) / pitch) as usize, (f64::from(height) / pitch) as usize);
        let spots: Vec<Spot> = (0..columns * rows)
            .map(|i| {
                let (x, y) = ((i % columns) as f64, (i / columns) as f64);
                Spot { id: i.to_string(), center: SlidePoint::new((x + 0.5) * pitch, (y + 0.5) * pitch) }
            })
            .collect();
        let genes: Vec<String> = GENES.map(str::to_owned).to_vec();
        let value = |r: usize, c: usize| ((r * 31 + c * 17) % 1000) as f32 / 300.0;
        let predictions = Predictions {
            section: "slide".into(),
            spots: spots.iter().map(|s| s.id.clone()).collect(),
            genes: genes.clone(),
            mean: Matrix::from_fn(spots.len(), genes.len(), value),
            uncertainty: Matrix::from_fn(spots.len(), genes.len(), value),
            retrieved: vec![Vec::new(); spots.len()],
            bank_spots: Vec::new(),
        };
        let section = Section {
            name: "slide".into(),
            patient: None,
            spots,
            genes: Vec::new(),
            counts: Csr::default(),
            values: ValueKind::Counts,
            labels: None,
            in_tissue: 0,
            sum: 0.0,
            mpp,
            mpp_source: MppSource::File,
            mpp_by_spots: None,
            geometry: SpotGeometry { pitch_um: PITCH_UM, diameter_um: PITCH_UM },
            slide: path.to_path_buf(),
            slide_size: (width, height),
        };
        let measured = MeasuredGenes::new([]);
        let input = SectionInput {
            name: "slide".into(),
            section: Some(Arc::new(section)),
            predictions: Some(Arc::new(predictions)),
            ..SectionInput::default()
        };
        let ctx = egui::Context::default();
        theme::install_fonts(&ctx);
        theme::apply(&ctx, Theme::Light);
        let (page, state) = (ExplorePage::default(), ExploreState::default());
        Self { ctx, page, state, sections: vec![input], genes, measured }
    }

    /// In to single nuclei, across the slide, out again, and so on from other places.
    fn move_camera(&mut self, step: usize) {
        let camera = &mut self.state.camera;
        match step % 300 {
            0..60 => camera.zoom_at([300.0 + (step / 300) as f64 * 60.0, 250.0], 1.08),
            60..160 => camera.drag([-23.0, 9.0]),
            160..220 => camera.drag([31.0, -17.0]),
            220..280 => camera.zoom(1.0 / 1.08),
            _ => camera.drag([3.0, 0.0]),
        }
        camera.arrive();
    }

    /// Draws a frame; gives the number of triangles.
    fn frame(&mut self, images: &dyn Images) -> usize {
        let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1440.0, 860.0));
        let input = egui::RawInput { screen_rect: Some(screen), ..Default::default() };
        let output = self.ctx.run_ui(input, |ui| {
            let input = ExploreInput {
                sections: &self.sections,
                genes: &self.genes,
                measured: &self.measured,
                panels: &[],
                report: None,
                target: Target::Published,
                outlook: PredictionStatus::Train,
                images,
            };
            self.page.show(ui, &mut self.state, &input);
        });
        let mut triangles = 0;
        for primitive in self.ctx.tessellate(output.shapes, output.pixels_per_point) {
            if let egui::epaint::Primitive::Mesh(mesh) = primitive.primitive {
                triangles += mesh.indices.len() / 3;
            }
        }
        triangles
    }
}

/// What this process has taken at most, where the system says so.
fn peak_memory_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kb| kb / 1024)
}
