//! The list of genes with similar maps.

use eframe::egui::{self, Align, Layout, Rect, ScrollArea, Ui, Window};

use super::explore;
use super::row::{self, Place};
use crate::app::command::Command;
use crate::app::explore::similar::SimilarGene;
use crate::app::explore::text::correlation_text;
use crate::app::explore::{ExploreCommand, ExploreState};
use crate::ui::theme::{self, colors};
use crate::ui::widgets;

/// Width of the window's contents.
const WIDTH: f32 = 260.0;
/// The most height that the window takes beside its rows.
const ABOVE: f32 = 190.0;
/// Distance between the two columns of numbers.
const APART: f32 = 72.0;

/// Draws the list in a window of its own within `room`, where one was asked for.
pub fn show(ui: &mut Ui, room: Rect, state: &ExploreState, commands: &mut Vec<Command>) {
    let Some(similar) = state.similar() else { return };
    let mut open = true;
    let c = colors(ui);
    Window::new("similar genes")
        .id(ui.scope_id().with("similar genes"))
        .title_bar(false)
        .default_pos(room.right_top())
        .pivot(egui::Align2::RIGHT_TOP)
        .constrain_to(room)
        .resizable(false)
        .frame(theme::card(c).shadow(ui.visuals().popup_shadow))
        .show(ui.ctx(), |ui| {
            ui.set_width(WIDTH);
            open = !heading(ui, &similar.gene);
            match &similar.found {
                None => {
                    ui.horizontal(|ui| {
                        ui.spinner();
                        ui.label("Comparing maps");
                    });
                }
                Some(found) if found.genes.is_empty() => {
                    widgets::remark(
                        ui,
                        format!("No other gene has a map on {} to compare with.", similar.section),
                    );
                }
                Some(found) => {
                    widgets::remark(ui, format!("Correlation of their maps on {}", similar.section));
                    if let Some(caution) = found.caution() {
                        widgets::remark(ui, caution);
                    }
                    genes(ui, room.height() - ABOVE, state, &found.genes, commands);
                }
            }
        });
    if !open {
        commands.push(explore(ExploreCommand::CloseSimilar));
    }
}

/// Draws what the list is about. Gives whether it was closed.
fn heading(ui: &mut Ui, gene: &str) -> bool {
    let mut closed = false;
    ui.horizontal(|ui| {
        ui.label(theme::strong("Genes like"));
        ui.label(theme::gene(gene));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let close = egui::Button::new(egui::RichText::new("×").size(16.0));
            let close = ui.add(close.frame_when_inactive(false).small());
            widgets::name(&close, "Close the similar genes");
            closed = close.clicked();
        });
    });
    closed
}

fn genes(ui: &mut Ui, height: f32, state: &ExploreState, genes: &[SimilarGene], commands: &mut Vec<Command>) {
    let c = colors(ui);
    let line = ui.allocate_space(egui::vec2(ui.available_width(), 16.0)).1;
    let right = line.right() - row::PAD;
    let small = || (11.5, egui::FontFamily::Proportional);
    row::text(ui, line, Place::To(right - APART), 70.0, "measured", small(), c.weak);
    row::text(ui, line, Place::To(right), 70.0, "predicted", small(), c.weak);
    ScrollArea::vertical().max_height(height.clamp(60.0, 430.0)).auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for gene in genes {
            if show_gene(ui, gene, state.gene() == Some(gene.gene.as_str())) {
                commands.push(explore(ExploreCommand::SelectGene(gene.gene.clone())));
            }
        }
    });
}

/// Draws a gene and its two correlations. Gives whether it was clicked.
fn show_gene(ui: &mut Ui, gene: &SimilarGene, chosen: bool) -> bool {
    let c = colors(ui);
    let (rect, response) = row::begin(ui, chosen, &format!("{}, similar", gene.gene));
    let (left, right) = (rect.left() + row::PAD, rect.right() - row::PAD);
    let number = |v: Option<f64>| v.map_or_else(|| "\u{2013}".to_owned(), correlation_text);
    let small = || (12.5, egui::FontFamily::Proportional);
    let (measured, predicted) = (number(gene.measured), number(gene.predicted));
    row::text(ui, rect, Place::From(left), 130.0, &gene.gene, (13.0, theme::italic()), c.text);
    row::text(ui, rect, Place::To(right - APART), 50.0, &measured, small(), c.text);
    row::text(ui, rect, Place::To(right), 50.0, &predicted, small(), c.weak);
    response.clicked()
}
