//! The scores of each held-out section.

use eframe::egui::{RichText, Ui};

use crate::app::scores::ShownReport;
use crate::app::sorting::{SortKey, Sorting};
use crate::app::terms::Term;
use crate::app::text::score;
use crate::evaluate::judgement::Verdict;
use crate::evaluate::report::{Better, EvalReport, FoldReport, METRICS, MeanReport, Method, Metric};
use crate::ui::table::{Column, SortedTable, text};
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
    Score(Method, &'static Metric),
}

/// One row: a held-out section, or the mean of all.
struct Line {
    name: String,
    verdict: Verdict,
    scores: MeanReport,
    is_mean: bool,
}

impl Line {
    fn of_section(fold: &FoldReport, verdict: Verdict) -> Self {
        let name = match &fold.patient {
            Some(patient) => format!("{} (patient {patient})", fold.test),
            None => fold.test.clone(),
        };
        Self { name, verdict, scores: fold.scores(), is_mean: false }
    }

    fn mean(verdict: Verdict, scores: MeanReport) -> Self {
        Self { name: "Mean".to_owned(), verdict, scores, is_mean: true }
    }

    fn key(&self, part: Part) -> SortKey<'_> {
        match part {
            Part::Section => SortKey::Text(&self.name),
            Part::Judgement => SortKey::judgement(self.verdict.judgement),
            Part::Genes => SortKey::Number(Some(self.verdict.genes.good as f64)),
            Part::Score(method, metric) => SortKey::Number(metric.value(&self.scores, method)),
        }
    }
}

fn columns() -> Vec<Column<Part>> {
    let section = Column::text(Part::Section, "Held out", 132.0).hint(Term::HeldOut.sentence());
    let mut columns = vec![
        Column { grows: 2.0, ..section },
        Column::text(Part::Judgement, "Judgement", 74.0).hint(Term::Judgement.sentence()).largest_first(),
        Column::number(Part::Genes, "Good genes", 92.0).hint(Term::Judgement.sentence()),
    ];
    for method in Method::ALL {
        for metric in &METRICS {
            let headings = metric.columns.iter().filter(|(of, _)| *of == method);
            columns.extend(headings.map(|&(_, title)| Column {
                descending: metric.better == Better::Higher,
                ..Column::number(Part::Score(method, metric), title, width(title)).hint(hint(method, metric))
            }));
        }
    }
    columns
}

/// Room for a heading.
fn width(title: &str) -> f32 {
    (6.2 * title.len() as f32 + 24.0).max(50.0)
}

/// What a column means.
fn hint(method: Method, metric: &Metric) -> &'static str {
    match method {
        Method::Model => metric.meaning,
        Method::Ridge => Term::Ridge.sentence(),
        Method::Mean => Term::MeanPredictor.sentence(),
        Method::Ceiling => Term::NoiseCeiling.sentence(),
    }
}

/// The table: a row per held-out section, and their means at the end.
pub fn folds(ui: &mut Ui, shown: &ShownReport) {
    let report = &shown.report;
    let mut lines: Vec<Line> = report
        .folds
        .iter()
        .zip(&shown.sections)
        .map(|(fold, verdict)| Line::of_section(fold, *verdict))
        .collect();
    lines.push(Line::mean(shown.summary.verdict, report.mean));
    let first = Sorting { by: Part::Section, descending: false };
    let table = SortedTable { name: NAME, columns: &columns(), row: ROW, rows: ROWS, first, fixed: 1 };
    table.show(ui, &mut lines, Line::key, cell);
    ui.add_space(4.0);
    legend(ui, report);
    regions(ui, report);
}

fn cell(ui: &mut Ui, line: &Line, part: Part) {
    let c = colors(ui);
    match part {
        Part::Section if line.is_mean => drop(text(ui, strong(line.name.as_str()))),
        Part::Section => drop(text(ui, line.name.as_str())),
        Part::Judgement => drop(judged(ui, line.verdict.judgement)),
        Part::Genes => {
            let genes = line.verdict.genes;
            let cell = text(ui, format!("{} of {}", genes.good, genes.total()));
            cell.on_hover_text(genes.headline());
        }
        Part::Score(method, metric) => {
            let ink = if method == Method::Model { c.text } else { c.weak };
            text(ui, RichText::new(score(metric.value(&line.scores, method))).color(ink));
        }
    }
}

/// What the columns mean, and what is left out of the means.
fn legend(ui: &mut Ui, report: &EvalReport) {
    let undefined: usize = report.folds.iter().map(|f| f.undefined_genes).sum();
    let mut note = "PCC is averaged over genes (all, or the 50 with the highest expression). Ridge is a linear model on the \
                    same image features; the mean predictor predicts the training mean everywhere; the ceiling is the best \
                    any predictor could reach given counting noise. Point at a heading to see what it means."
        .to_owned();
    if undefined > 0 {
        let are = if undefined == 1 { "1 correlation is" } else { &format!("{undefined} correlations are") };
        note.push_str(&format!(
            " {are} undefined because the gene is constant in the section or the section has too few \
             spots; they are excluded."
        ));
    }
    remark(ui, note);
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
