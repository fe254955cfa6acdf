//! The scores of each held-out section.

use eframe::egui::{RichText, Ui};

use crate::app::scores::ShownReport;
use crate::app::sorting::{SortKey, Sorting};
use crate::app::terms::Term;
use crate::evaluate::judgement::{Judgement, Verdict};
use crate::evaluate::report::{EvalReport, FoldReport, MeanReport};
use crate::ui::table::{Column, Table, remember, remembered, text};
use crate::ui::theme::{colors, strong};
use crate::ui::widgets::{judged, remark};

const NAME: &str = "held-out sections";
const ROW: f32 = 22.0;
/// Rows shown before the table scrolls.
const ROWS: f32 = 12.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Section,
    Judgement,
    Genes,
    Pcc,
    Heg,
    Mse,
    Mae,
    RidgePcc,
    RidgeHeg,
    RidgeMse,
    MeanMse,
    Ceiling,
    CeilingHeg,
}

/// One row: a held-out section, or the mean of all.
struct Line {
    name: String,
    verdict: Verdict,
    scores: MeanReport,
}

impl Line {
    fn of_section(fold: &FoldReport, verdict: Verdict) -> Self {
        let name = match &fold.patient {
            Some(patient) => format!("{} (patient {patient})", fold.test),
            None => fold.test.clone(),
        };
        let scores =
            MeanReport { model: fold.model, ridge: fold.ridge, mean: fold.mean, ceiling: fold.ceiling };
        Self { name, verdict, scores }
    }

    fn number(&self, part: Part) -> Option<f64> {
        let MeanReport { model, ridge, mean, ceiling } = self.scores;
        match part {
            Part::Section => None,
            Part::Judgement => match self.verdict.judgement {
                Judgement::NotTested => None,
                judgement => Some(f64::from(judgement as u8)),
            },
            Part::Genes => Some(self.verdict.genes.good as f64),
            Part::Pcc => model.pcc_all,
            Part::Heg => model.pcc_heg50,
            Part::Mse => Some(model.mse),
            Part::Mae => Some(model.mae),
            Part::RidgePcc => ridge.pcc_all,
            Part::RidgeHeg => ridge.pcc_heg50,
            Part::RidgeMse => Some(ridge.mse),
            Part::MeanMse => Some(mean.mse),
            Part::Ceiling => ceiling.pcc_all,
            Part::CeilingHeg => ceiling.pcc_heg50,
        }
    }

    fn key(&self, part: Part) -> SortKey<'_> {
        match part {
            Part::Section => SortKey::Text(&self.name),
            _ => SortKey::Number(self.number(part)),
        }
    }
}

fn columns() -> [Column<Part>; 13] {
    let column = |id, title, hint: &'static str, width, number| Column {
        id,
        title,
        hint,
        width,
        grows: if id == Part::Section { 2.0 } else { 1.0 },
        number,
        sorts: true,
    };
    [
        column(Part::Section, "Held out", Term::HeldOut.sentence(), 132.0, false),
        column(Part::Judgement, "Judgement", Term::Judgement.sentence(), 74.0, false),
        column(Part::Genes, "Good genes", Term::Judgement.sentence(), 92.0, true),
        column(Part::Pcc, "PCC all", Term::Pcc.sentence(), 62.0, true),
        column(Part::Heg, "HEG-50", Term::Heg50.sentence(), 62.0, true),
        column(Part::Mse, "MSE", Term::Errors.sentence(), 50.0, true),
        column(Part::Mae, "MAE", Term::Errors.sentence(), 50.0, true),
        column(Part::RidgePcc, "Ridge PCC", Term::Ridge.sentence(), 84.0, true),
        column(Part::RidgeHeg, "Ridge HEG-50", Term::Ridge.sentence(), 102.0, true),
        column(Part::RidgeMse, "Ridge MSE", Term::Ridge.sentence(), 86.0, true),
        column(Part::MeanMse, "Mean MSE", Term::MeanPredictor.sentence(), 86.0, true),
        column(Part::Ceiling, "Ceiling", Term::NoiseCeiling.sentence(), 62.0, true),
        column(Part::CeilingHeg, "Ceiling HEG-50", Term::NoiseCeiling.sentence(), 108.0, true),
    ]
}

/// The table: a row per held-out section, and their means at the end.
pub fn folds(ui: &mut Ui, shown: &ShownReport) {
    let report = &shown.report;
    let sorting = remembered(ui, NAME, Sorting { by: Part::Section, descending: false });
    let mut lines: Vec<Line> = report
        .folds
        .iter()
        .zip(&shown.sections)
        .map(|(fold, verdict)| Line::of_section(fold, *verdict))
        .collect();
    lines.sort_by(|a, b| a.key(sorting.by).compare(b.key(sorting.by), sorting.descending));
    lines.push(Line { name: "Mean".to_owned(), verdict: shown.summary.verdict, scores: report.mean });
    let last = lines.len() - 1;
    let columns = columns();
    let table = Table { name: NAME, columns: &columns, row: ROW, most: ROWS * ROW, sorting: Some(sorting) };
    let touched = table.show(
        ui,
        lines.len(),
        |_| None,
        |ui, row, part| {
            let Some(line) = lines.get(row) else { return };
            let c = colors(ui);
            match part {
                Part::Section if row == last => drop(text(ui, strong(line.name.as_str()))),
                Part::Section => drop(text(ui, line.name.as_str())),
                Part::Judgement => drop(judged(ui, line.verdict.judgement)),
                Part::Genes => {
                    let genes = line.verdict.genes;
                    let cell = text(ui, format!("{} of {}", genes.good, genes.total()));
                    cell.on_hover_text(genes.headline());
                }
                _ => {
                    let value =
                        line.number(part).map_or_else(|| "\u{2013}".to_owned(), |v| format!("{v:.3}"));
                    let ours = matches!(part, Part::Pcc | Part::Heg | Part::Mse | Part::Mae);
                    text(ui, RichText::new(value).color(if ours { c.text } else { c.weak }));
                }
            }
        },
    );
    if let Some(part) = touched.head {
        remember(ui, NAME, sorting.clicked(part, part != Part::Section));
    }
    ui.add_space(4.0);
    let undefined: usize = report.folds.iter().map(|f| f.undefined_genes).sum();
    let mut note = "PCC is averaged over genes (all, or the 50 with the highest expression). Ridge is a linear model on the \
                    same image features; the mean predictor predicts the training mean everywhere; the ceiling is the best \
                    any predictor could reach given counting noise. Point at a heading to see what it means."
        .to_owned();
    if undefined > 0 {
        note.push_str(&format!(
            " {undefined} correlations are undefined because the gene is constant in the section or the section has too few \
             spots; they are excluded."
        ));
    }
    remark(ui, note);
    regions(ui, report);
}

/// How regions found in the prediction agree with the pathologist's, where sections have labels.
fn regions(ui: &mut Ui, report: &EvalReport) {
    let labelled: Vec<_> = report.folds.iter().filter_map(|f| Some((f.test.as_str(), f.regions?))).collect();
    let n = labelled.len() as f64;
    if labelled.is_empty() {
        return;
    }
    let ari = labelled.iter().map(|(_, r)| r.ari).sum::<f64>() / n;
    let nmi = labelled.iter().map(|(_, r)| r.nmi).sum::<f64>() / n;
    let mut each: Vec<String> = labelled
        .iter()
        .map(|(name, r)| format!("{name}: ARI {:.2}, NMI {:.2}, {} spots", r.ari, r.nmi, r.spots))
        .collect();
    each.push(format!("ARI: {}", Term::Ari.sentence()));
    each.push(format!("NMI: {}", Term::Nmi.sentence()));
    let over =
        if labelled.len() == 1 { String::new() } else { format!("; mean of {} sections", labelled.len()) };
    let text = format!(
        "Regions found in the predictions agree with the pathologist's labels by ARI {ari:.2} and NMI {nmi:.2} \
         (1 is perfect, 0 is chance{over})."
    );
    remark(ui, text).on_hover_text(each.join("\n"));
}
