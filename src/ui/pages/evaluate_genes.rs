//! The scores of each gene: sorted, against ridge, and as a list.

use eframe::egui::{self, ComboBox, RichText, ScrollArea, Sense, TextStyle, Ui, vec2};

use crate::app::command::{Command, EvaluateCommand, Step};
use crate::app::explore::ExploreCommand;
use crate::app::forms::EvaluateForm;
use crate::app::scores::ShownReport;
use crate::app::state::App;
use crate::evaluate::tables::GeneSummary;
use crate::ui::plots::{Series, lines, scatter};
use crate::ui::theme::{colors, gene};
use crate::ui::widgets::{caption, card, line_edit, name, remark};

const PLOT: f32 = 240.0;
const ROW: f32 = 20.0;
const LIST: f32 = 260.0;

/// Draws the card.
pub fn show(ui: &mut Ui, app: &App, shown: &ShownReport, out: &mut Vec<Command>) {
    card(ui, "Genes", |ui| {
        fold_choice(ui, app, shown, out);
        ui.columns(2, |columns| {
            if let [left, right] = columns {
                left.label("Genes from best to worst");
                sorted(left, shown);
                right.label("Model against ridge, one dot a gene");
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
        list(ui, shown, out);
    });
}

fn fold_choice(ui: &mut Ui, app: &App, shown: &ShownReport, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let label = ui.label("Tested on");
        let text = shown.fold.clone().unwrap_or_else(|| "all folds together".to_owned());
        let mut chosen = shown.fold.clone();
        let combo = ComboBox::from_id_salt("fold").selected_text(text).width(200.0).show_ui(ui, |ui| {
            ui.selectable_value(&mut chosen, None, "all folds together");
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

fn list(ui: &mut Ui, shown: &ShownReport, out: &mut Vec<Command>) {
    let c = colors(ui);
    let id = ui.make_persistent_id("scored genes search");
    let mut search = ui.data(|d| d.get_temp::<String>(id)).unwrap_or_default();
    ui.horizontal(|ui| {
        caption(ui, "All genes");
        let field = ui.add(line_edit(&mut search).hint_text("Search").desired_width(160.0));
        name(&field, "Search the scored genes");
    });
    let wanted = search.to_uppercase();
    let found: Vec<&GeneSummary> =
        shown.genes.iter().filter(|g| g.gene.to_uppercase().contains(&wanted)).collect();
    ui.data_mut(|d| d.insert_temp(id, search));
    let columns = [0.0, 0.26, 0.40, 0.54, 0.68, 0.84];
    let line = |ui: &mut Ui, texts: [RichText; 6], sense: Sense| {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), sense);
        if response.hovered() {
            ui.painter().rect_filled(rect, 3.0, c.selected);
        }
        for (text, at) in texts.into_iter().zip(columns) {
            let cell = rect.with_min_x(rect.left() + 4.0 + rect.width() * at);
            let mut cell = ui.new_child(
                egui::UiBuilder::new()
                    .max_rect(cell)
                    .layout(egui::Layout::left_to_right(egui::Align::Center)),
            );
            cell.add(egui::Label::new(text).selectable(false));
        }
        response
    };
    let head = |t: &str| RichText::new(t).text_style(TextStyle::Small).color(c.weak);
    let heads = ["Gene", "Model PCC", "Ridge PCC", "Ceiling", "Expression", "Significant in"].map(head);
    line(ui, heads, Sense::hover());
    ScrollArea::vertical()
        .id_salt("scored genes")
        .min_scrolled_height(LIST)
        .max_height(LIST)
        .auto_shrink([false, true])
        .show_rows(ui, ROW, found.len(), |ui, rows| {
            for g in found.get(rows).unwrap_or_default() {
                let number = |v: Option<f64>| v.map_or_else(|| "-".to_owned(), |v| format!("{v:.3}"));
                let texts = [
                    gene(g.gene.as_str()),
                    RichText::new(number(g.pcc)).color(c.text),
                    RichText::new(number(g.ridge_pcc)).color(c.weak),
                    RichText::new(number(g.ceiling)).color(c.weak),
                    RichText::new(format!("{:.2}", g.mean_expression)).color(c.weak),
                    RichText::new(format!("{} of {} folds", g.significant, g.folds)).color(c.weak),
                ];
                let response = line(ui, texts, Sense::click());
                let label = format!("Maps of {}", g.gene);
                response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
                if response.on_hover_text(label.as_str()).clicked() {
                    go_to_gene(&g.gene, out);
                }
            }
        });
}
