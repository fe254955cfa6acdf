//! A made-up project: three sections of a lattice of spots, one of them predicted, with an evaluation.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use eframe::egui;
use egui_kittest::Harness;
use hiscmcl::app::command::Command;
use hiscmcl::app::explore::images::{Images, Later, PatchKey, TileLevel, TileSource, TileState};
use hiscmcl::app::explore::{ExploreCommand, ExploreInput, ExploreState, PredictionStatus, SectionInput};
use hiscmcl::app::history::History;
use hiscmcl::core::display::DisplaySettings;
use hiscmcl::core::encoder::RgbPatch;
use hiscmcl::core::geometry::{Mpp, SlidePoint};
use hiscmcl::core::matrix::{CsrBuilder, Matrix};
use hiscmcl::core::target::Target;
use hiscmcl::data::measured_genes::MeasuredGenes;
use hiscmcl::data::panels::GenePanel;
use hiscmcl::data::section::{Gene, MppSource, Section, Spot, SpotGeometry, ValueKind};
use hiscmcl::data::slide::{RgbImage, Slide};
use hiscmcl::evaluate::report::{EvalReport, FoldReport, GeneScore, MeanReport, Scores, Split};
use hiscmcl::jobs::settings::Theme;
use hiscmcl::predict::{BankSpot, Predictions, Retrieved};
use hiscmcl::ui::explore::ExplorePage;
use hiscmcl::ui::theme;

/// The genes of the model; the sections also measure "MT-CO1", which it does not predict.
pub const GENES: [&str; 6] = ["GNAS", "FASN", "SCD", "FN1", "ERBB2", "SPARC"];
/// Their cross-validated correlations.
pub const TRUST: [f64; 6] = [0.71, 0.74, 0.75, 0.44, 0.52, 0.13];
/// Spots along one side of the lattice.
pub const SIDE: usize = 12;

fn wave(g: usize, x: usize, y: usize) -> f32 {
    let (x, y) = (x as f32 / SIDE as f32, y as f32 / SIDE as f32);
    1.0 + (3.0 * x + g as f32).sin() * (2.0 * y + 0.5 * g as f32).cos()
}

pub fn section(name: &str) -> Section {
    let mut counts = CsrBuilder::new(GENES.len() + 1);
    let mut spots = Vec::new();
    for s in 0..SIDE * SIDE {
        let (x, y) = (s % SIDE, s / SIDE);
        for g in 0..=GENES.len() {
            assert!(counts.push(g, (wave(g, x, y) * 8.0).round()));
        }
        counts.end_row();
        let center = SlidePoint::new(300.0 + 200.0 * x as f64, 300.0 + 200.0 * y as f64);
        spots.push(Spot { id: format!("{x}x{y}"), center });
    }
    let side = 600 + 200 * (SIDE as u32 - 1);
    Section {
        name: name.into(),
        patient: Some(name.chars().take(1).collect()),
        spots,
        genes: GENES.iter().chain(&["MT-CO1"]).map(|g| Gene::named(*g)).collect(),
        counts: counts.finish(),
        values: ValueKind::Counts,
        labels: None,
        in_tissue: 0,
        sum: 0.0,
        mpp: Mpp(1.0),
        mpp_source: MppSource::SpotPitch,
        mpp_by_spots: None,
        geometry: SpotGeometry::LEGACY_ST,
        slide: format!("{name}.png").into(),
        slide_size: (side, side),
    }
}

pub fn predictions(section: &Section) -> Predictions {
    let n = section.spots.len();
    let genes: Vec<String> = GENES.map(String::from).to_vec();
    let retrieved = (0..n)
        .map(|i| {
            (0..10u32)
                .map(|k| Retrieved {
                    bank: (i as u32 + 20 * k) % (2 * n as u32),
                    similarity: 0.95 - 0.01 * k as f32,
                    weight: (10 - k) as f32 / 55.0,
                })
                .collect()
        })
        .collect();
    let bank = |s: &str| {
        let s = s.to_owned();
        section.spots.iter().map(move |spot| BankSpot { section: s.clone(), spot: spot.id.clone() })
    };
    Predictions {
        section: section.name.clone(),
        spots: section.spots.iter().map(|s| s.id.clone()).collect(),
        mean: Matrix::from_fn(n, genes.len(), |r, c| 2.2 + 0.6 * wave(c, r % SIDE, r / SIDE)),
        uncertainty: Matrix::from_fn(n, genes.len(), |r, _| 0.1 + 0.01 * (r % 7) as f32),
        genes,
        retrieved,
        bank_spots: bank("C2").chain(bank("C3")).collect(),
    }
}

pub fn report() -> EvalReport {
    let scores = Scores::default();
    let fold = |test: &str| FoldReport {
        test: test.into(),
        patient: Some("C".into()),
        train: Vec::new(),
        validation: None,
        model: scores,
        ridge: scores,
        ridge_alpha: 100.0,
        mean: scores,
        ceiling: Default::default(),
        undefined_genes: 0,
        regions: None,
        notes: Vec::new(),
        genes: GENES
            .iter()
            .zip(TRUST)
            .map(|(g, pcc)| GeneScore {
                gene: (*g).into(),
                mean_expression: 1.0,
                pcc: Some(pcc),
                q: Some(1e-6),
                spearman: None,
                mse: 0.1,
                mae: 0.2,
                ridge_pcc: Some(pcc - 0.03),
                ceiling: Some(0.93),
                uncertainty: 0.2,
            })
            .collect(),
    };
    EvalReport {
        split: Split::Section,
        target: Target::Published,
        gene_count: GENES.len(),
        device: "test".into(),
        seed: 1,
        folds: vec![fold("C2"), fold("C4")],
        mean: MeanReport::default(),
        warnings: Vec::new(),
        seconds: 1.0,
        peak_rss_mb: 1.0,
    }
}

struct Tiles(Arc<Slide>);

impl TileSource for Tiles {
    fn levels(&self) -> Vec<TileLevel> {
        self.0.levels().iter().map(TileLevel::from).collect()
    }

    fn overview(&self) -> Option<Arc<RgbImage>> {
        self.0.thumbnail(256).ok().map(Arc::new)
    }

    fn tile(&self, level: usize, col: u32, row: u32) -> TileState {
        self.0.tile(level, col, row).map_or(TileState::Damaged, TileState::Ready)
    }

    fn request(&self, _tiles: Vec<(usize, u32, u32)>) {}
}

/// Slides drawn by hand. The first question for anything is answered "later", as in real life.
pub struct Pictures {
    slide: Arc<Slide>,
    tiles: Arc<Tiles>,
    asked: Cell<usize>,
}

impl Pictures {
    pub fn new() -> Self {
        let side = 600 + 200 * (SIDE as u32 - 1);
        let rgb = (0..side * side)
            .flat_map(|i| {
                let (x, y) = (i % side, i / side);
                let shade = ((x / 40 + y / 40) % 2 * 14) as u8;
                [226 - shade, 196 - shade, 222 - shade]
            })
            .collect();
        let slide = Slide::from_image("made up", RgbImage { width: side, height: side, rgb });
        let slide = Arc::new(slide.unwrap());
        Self { tiles: Arc::new(Tiles(slide.clone())), slide, asked: Cell::new(0) }
    }

    fn later(&self) -> bool {
        self.asked.set(self.asked.get() + 1);
        self.asked.get() == 1
    }
}

impl Images for Pictures {
    fn tiles(&self, slide: &Path) -> Later<Arc<dyn TileSource>> {
        if slide == Path::new("C3.png") {
            return Later::Failed("C3.png is not an image.".into());
        }
        if self.later() { Later::Loading } else { Later::Ready(self.tiles.clone()) }
    }

    fn patch(&self, key: &PatchKey) -> Later<Arc<RgbPatch>> {
        Later::Ready(Arc::new(self.slide.read_patch(key.center, key.mpp, 0.5, 224).unwrap()))
    }
}

/// The page with as much of the application around it as it needs: commands are applied, display edits
/// can be taken back.
pub struct App {
    pub page: ExplorePage,
    pub state: ExploreState,
    pub sections: Vec<SectionInput>,
    pub genes: Vec<String>,
    pub panels: Vec<GenePanel>,
    pub report: Option<Arc<EvalReport>>,
    pub pictures: Pictures,
    pub history: History<DisplaySettings>,
    pub sent: Vec<Command>,
    /// What must be done before a model can be trained.
    pub first: Option<&'static str>,
}

impl App {
    pub fn new() -> Self {
        let sections = ["C2", "C3", "C4"].map(|name| {
            let section = section(name);
            let predictions = (name == "C4").then(|| Arc::new(predictions(&section)));
            SectionInput {
                name: name.into(),
                patient: section.patient.clone(),
                section: Some(Arc::new(section)),
                // The run that predicts C4 has held it out, and was tested on it.
                tested: (name == "C4").then(|| Arc::new(report())),
                seen_in_training: false,
                predictions,
                reach: None,
                run: None,
                is_being_predicted: false,
                regions: None,
                places: None,
                problem: None,
            }
        });
        let panel = |name: &str, genes: &[&str]| {
            GenePanel::new(name, "made up", &genes.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>())
        };
        Self {
            page: ExplorePage::default(),
            state: ExploreState::default(),
            sections: sections.into(),
            genes: GENES.map(String::from).to_vec(),
            panels: vec![panel("Lipids", &["FASN", "SCD"]), panel("Stroma", &["FN1", "SPARC", "MT-CO1"])],
            report: Some(Arc::new(report())),
            pictures: Pictures::new(),
            history: History::default(),
            sent: Vec::new(),
            first: None,
        }
    }

    pub fn empty() -> Self {
        Self { sections: Vec::new(), genes: Vec::new(), report: None, ..Self::new() }
    }

    pub fn undo(&mut self) {
        let mut settings = self.state.display().clone();
        self.history.undo(&mut settings);
        self.state.set_display(settings);
    }

    pub fn ui(&mut self, ui: &mut egui::Ui) {
        let measured = MeasuredGenes::new(self.sections.iter().filter_map(|s| s.section.as_deref()));
        let input = ExploreInput {
            sections: &self.sections,
            genes: &self.genes,
            measured: &measured,
            panels: &self.panels,
            report: self.report.as_ref(),
            target: Target::Published,
            outlook: self.first.map_or(PredictionStatus::Train, PredictionStatus::First),
            images: &self.pictures,
        };
        for command in self.page.show(ui, &mut self.state, &input) {
            self.sent.push(command.clone());
            if let Command::Explore(command) = command {
                if let ExploreCommand::Display { what, .. } = &command {
                    let before = self.state.display().clone();
                    self.history.record(*what, before, Some((*what).into()), Instant::now());
                }
                self.state.apply(command);
                ui.ctx().request_repaint();
            }
        }
    }
}

/// The page in a window.
pub fn open(app: App) -> Harness<'static, App> {
    open_in(Theme::Light, app)
}

/// The page in a window of this theme.
pub fn open_in(wanted: Theme, app: App) -> Harness<'static, App> {
    Harness::builder()
        .with_size(egui::vec2(1440.0, 860.0))
        .with_max_steps(40)
        .with_theme(match wanted {
            Theme::Light => egui::Theme::Light,
            Theme::Dark => egui::Theme::Dark,
        })
        .with_context_setup(move |ctx| {
            theme::install_fonts(ctx);
            theme::apply(ctx, wanted);
        })
        .build_ui_state(|ui, app: &mut App| app.ui(ui), app)
}
