//! The list of genes with similar maps.

use eframe::egui::{self, Align, Layout, Rect, ScrollArea, Ui, Window};

use super::explore;
use super::row::{self, Place};
use crate::app::command::Command;
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
            ui.horizontal(|ui| {
                ui.label(theme::strong("Genes like"));
                ui.label(theme::gene(&similar.gene));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let close = ui.add(
                        egui::Button::new(egui::RichText::new("×").size(16.0))
                            .frame_when_inactive(false)
                            .small(),
                    );
                    widgets::name(&close, "Close the similar genes");
                    open &= !close.clicked();
                });
            });
            match &similar.found {
                None => {
                    ui.horizontal(|ui| {
                        ui.spinner();
                        ui.label("Comparing maps …");
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
                    let line = ui.allocate_space(egui::vec2(ui.available_width(), 16.0)).1;
                    let right = line.right() - row::PAD;
                    let small = || (11.5, egui::FontFamily::Proportional);
                    row::text(ui, line, Place::To(right - APART), 70.0, "measured", small(), c.weak);
                    row::text(ui, line, Place::To(right), 70.0, "predicted", small(), c.weak);
                    ScrollArea::vertical()
                        .max_height((room.height() - ABOVE).clamp(60.0, 430.0))
                        .auto_shrink([false, true])
                        .show(ui, |ui| {
                            ui.spacing_mut().item_spacing.y = 2.0;
                            for gene in &found.genes {
                                let chosen = state.gene() == Some(gene.gene.as_str());
                                let (rect, response) =
                                    row::begin(ui, chosen, &format!("{}, similar", gene.gene));
                                let (left, right) = (rect.left() + row::PAD, rect.right() - row::PAD);
                                let number = |v: Option<f64>| {
                                    v.map_or_else(|| "\u{2013}".to_owned(), correlation_text)
                                };
                                let small = || (12.5, egui::FontFamily::Proportional);
                                row::text(
                                    ui,
                                    rect,
                                    Place::From(left),
                                    130.0,
                                    &gene.gene,
                                    (13.0, theme::italic()),
                                    c.text,
                                );
                                row::text(
                                    ui,
                                    rect,
                                    Place::To(right - APART),
                                    50.0,
                                    &number(gene.measured),
                                    small(),
                                    c.text,
                                );
                                row::text(
                                    ui,
                                    rect,
                                    Place::To(right),
                                    50.0,
                                    &number(gene.predicted),
                                    small(),
                                    c.weak,
                                );
                                if response.clicked() {
                                    commands.push(explore(ExploreCommand::SelectGene(gene.gene.clone())));
                                }
                            }
                        });
                }
            }
        });
    if !open {
        commands.push(explore(ExploreCommand::CloseSimilar));
    }
}
