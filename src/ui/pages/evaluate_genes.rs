//! The scores of each gene: sorted, against ridge, and as a list.

use eframe::egui::{self, ComboBox, RichText, Ui};

use crate::app::command::{Command, EvaluateCommand, Step};
use crate::app::explore::ExploreCommand;
use crate::app::forms::EvaluateForm;
use crate::app::paths::{PathPurpose, PathRequest};
use crate::app::score_table::{GeneColumn, GeneTable};
use crate::app::scores::ShownReport;
use crate::app::state::App;
use crate::app::terms::Term;
use crate::evaluate::judgement::{JudgedGenes, Judgement};
use crate::evaluate::tables::GeneSummary;
use crate::ui::plots::{Series, lines, scatter};
use crate::ui::table::{Column, Table, text};
use crate::ui::theme::{colors, gene, judgement_color};
use crate::ui::widgets::{caption, card, line_edit, name, remark};

const PLOT: f32 = 240.0;
const ROW: f32 = 22.0;
/// Height of the list before it scrolls.
const LIST: f32 = 420.0;

/// Draws the card.
pub fn show(ui: &mut Ui, app: &App, shown: &ShownReport, out: &mut Vec<Command>) {
    card(ui, "Genes", |ui| {
        fold_choice(ui, app, shown, out);
        ui.columns(2, |columns| {
            if let [left, right] = columns {
                left.label("Genes from best to worst");
                sorted(left, shown);
                right.label("Model vs. ridge, one dot per gene");
                against_ridge(right, shown, out);
            }
        });
        let better =
            shown.genes.iter().filter(|g| g.pcc.zip(g.ridge_pcc).is_some_and(|(m, r)| m > r)).count();
        let both = shown.genes.iter().filter(|g| g.pcc.is_some() && g.ridge_pcc.is_some()).count();
        remark(
            ui,
            format!(
                "The model is better than ridge for {better} of {both} genes. Point at a dot to see its gene; click it to see its maps."
            ),
        );
        ui.add_space(4.0);
        list(ui, app, shown, out);
    });
}

fn fold_choice(ui: &mut Ui, app: &App, shown: &ShownReport, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let label = ui.label("Tested on");
        let text = shown.fold.clone().unwrap_or_else(|| "all sections together".to_owned());
        let mut chosen = shown.fold.clone();
        let combo = ComboBox::from_id_salt("fold").selected_text(text).width(200.0).show_ui(ui, |ui| {
            ui.selectable_value(&mut chosen, None, "all sections together");
            for fold in &shown.report.folds {
                ui.selectable_value(&mut chosen, Some(fold.test.clone()), fold.test.as_str());
            }
        });
        combo.response.labelled_by(label.id);
        if chosen != shown.fold {
            let form = EvaluateForm { fold: chosen, ..app.forms.evaluate.clone() };
            out.push(Command::Evaluate(EvaluateCommand::Edit(form)));
        }
    });
}

fn sorted(ui: &mut Ui, shown: &ShownReport) {
    let c = colors(ui);
    let curve = |value: fn(&GeneSummary) -> Option<f64>| -> Vec<[f64; 2]> {
        let mut values: Vec<f64> = shown.genes.iter().filter_map(value).collect();
        values.sort_by(|a, b| b.total_cmp(a));
        values.into_iter().enumerate().map(|(i, v)| [(i + 1) as f64, v]).collect()
    };
    let series = |name: &str, points, color, dashed| Series {
        name: name.to_owned(),
        points,
        color,
        dashed,
        marks: false,
    };
    let all = [
        series("model", curve(|g| g.pcc), c.accent, false),
        series("ridge", curve(|g| g.ridge_pcc), c.fair, false),
        series("ceiling", curve(|g| g.ceiling), c.weak, true),
    ];
    lines(ui, "sorted genes", PLOT, "rank", "PCC", &all);
}

fn against_ridge(ui: &mut Ui, shown: &ShownReport, out: &mut Vec<Command>) {
    let mut names = Vec::new();
    let mut points = Vec::new();
    for g in &shown.genes {
        if let (Some(model), Some(ridge)) = (g.pcc, g.ridge_pcc) {
            names.push(g.gene.as_str());
            points.push([ridge, model]);
        }
    }
    if let Some(gene) =
        scatter(ui, "model against ridge", PLOT, ["ridge, PCC", "model, PCC"], &names, &points)
            .and_then(|at| names.get(at))
    {
        go_to_gene(gene, out);
    }
}

fn go_to_gene(gene: &str, out: &mut Vec<Command>) {
    out.push(Command::Explore(ExploreCommand::SelectGene(gene.to_owned())));
    out.push(Command::GoTo(Step::Explore));
}

/// The columns of the list.
fn columns() -> [Column<GeneColumn>; 8] {
    GeneColumn::ALL.map(|id| {
        let (hint, width): (&'static str, f32) = match id {
            GeneColumn::Gene => ("", 110.0),
            GeneColumn::Judgement => (Term::Judgement.sentence(), 88.0),
            GeneColumn::Pcc => (Term::Pcc.sentence(), 82.0),
            GeneColumn::Ceiling => (Term::NoiseCeiling.sentence(), 94.0),
            GeneColumn::Share => ("The share of its noise ceiling that the model's PCC reaches.", 108.0),
            GeneColumn::Ridge => (Term::Ridge.sentence(), 82.0),
            GeneColumn::Expression => ("Mean measured expression, on the scale of the target.", 112.0),
            GeneColumn::Significant => (
                "On how many of the held-out sections the correlation is positive with a q-value below 0.05.",
                114.0,
            ),
        };
        let number = !matches!(id, GeneColumn::Gene | GeneColumn::Judgement);
        let descending = id.begins_descending();
        Column { number, descending, ..Column::text(id, id.title(), width).hint(hint) }
    })
}

fn list(ui: &mut Ui, app: &App, shown: &ShownReport, out: &mut Vec<Command>) {
    let form = &app.forms.evaluate;
    let mut table = form.table.clone();
    ui.horizontal_wrapped(|ui| {
        caption(ui, "All genes");
        let field = ui.add(line_edit(&mut table.search).hint_text("Search").desired_width(160.0));
        name(&field, "Search the scored genes");
        filter(ui, shown, &mut table);
    });
    let rows = form.table.rows(&shown.genes);
    if rows.is_empty() {
        remark(ui, "No gene matches the search and the filter.");
    }
    let most = (ui.ctx().content_rect().height() * 0.55).clamp(6.0 * ROW, LIST);
    let columns = columns();
    let drawn =
        Table { name: "scored genes", columns: &columns, row: ROW, most, sorting: Some(form.table.sorting) };
    let touched = drawn.show(
        ui,
        rows.len(),
        |row| rows.get(row).map(|g| format!("Maps of {}", g.gene)),
        |ui, row, column| {
            let Some(g) = rows.get(row) else { return };
            let c = colors(ui);
            let cell = column.text(g);
            let cell = match column {
                GeneColumn::Gene => gene(cell),
                GeneColumn::Judgement => {
                    RichText::new(cell).color(judgement_color(Judgement::of_summary(g), c))
                }
                GeneColumn::Pcc => RichText::new(cell).color(c.text),
                _ => RichText::new(cell).color(c.weak),
            };
            text(ui, cell);
        },
    );
    if let Some(sorting) = touched.sorting {
        table.sorting = sorting;
    }
    if let Some(g) = touched.row.and_then(|row| rows.get(row)) {
        go_to_gene(&g.gene, out);
    }
    if table != form.table {
        out.push(Command::Evaluate(EvaluateCommand::Edit(EvaluateForm { table, ..form.clone() })));
    }
    ui.add_space(4.0);
    ui.horizontal_wrapped(|ui| {
        let button = ui.add_enabled(!rows.is_empty(), egui::Button::new("Save genes as CSV…"));
        let hover = "This table: the rows, order and columns on the screen";
        if button.on_hover_text(hover).clicked() {
            out.push(Command::Ask(PathRequest::new(PathPurpose::SaveGeneTable).named("genes.csv")));
        }
        let hover = "Every gene on every held-out section, with all scores, whatever this table shows";
        if ui.button("Save genes by section as CSV…").on_hover_text(hover).clicked() {
            out.push(Command::Ask(PathRequest::new(PathPurpose::SaveReportCsv).named("per_gene.csv")));
        }
        let c = colors(ui);
        let listed = format!("{} of {} genes listed", rows.len(), shown.genes.len());
        ui.label(RichText::new(listed).color(c.weak));
    });
}

/// Which judgements are listed.
fn filter(ui: &mut Ui, shown: &ShownReport, table: &mut GeneTable) {
    let counts = JudgedGenes::count(shown.genes.iter().map(Judgement::of_summary));
    let all = format!("all {}", counts.total());
    let word = |judgement: Judgement| format!("{} {}", counts.of(judgement), judgement.word());
    let chosen = table.only.map_or_else(|| all.clone(), word);
    let combo =
        ComboBox::from_id_salt("judgement filter").selected_text(chosen).width(120.0).show_ui(ui, |ui| {
            ui.selectable_value(&mut table.only, None, all);
            for judgement in Judgement::ALL.into_iter().filter(|j| counts.of(*j) > 0) {
                ui.selectable_value(&mut table.only, Some(judgement), word(judgement));
            }
        });
    name(&combo.response, "Filter by judgement");
    combo.response.on_hover_text(Term::Judgement.sentence());
}
