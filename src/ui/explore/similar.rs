//! The list of genes with similar maps.

use eframe::egui::{self, Align, Layout, RichText, ScrollArea, Ui, Window};

use super::{explore, row};
use crate::app::command::Command;
use crate::app::explore::{ExploreCommand, ExploreState};
use crate::ui::theme::{self, colors};
use crate::ui::widgets;

/// Draws the list in a window of its own, where one was asked for.
pub fn show(ui: &mut Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    let Some(similar) = state.similar() else { return };
    let mut open = true;
    let title = format!("Genes like {}", similar.gene);
    let corner = ui.max_rect().right_top() + egui::vec2(-290.0, 60.0);
    Window::new(title)
        .id(ui.scope_id().with("similar genes"))
        .open(&mut open)
        .default_pos(corner)
        .pivot(egui::Align2::RIGHT_TOP)
        .fixed_size([270.0, 420.0])
        .collapsible(false)
        .show(ui.ctx(), |ui| {
            ui.set_width(270.0);
            match &similar.found {
                None => {
                    ui.horizontal(|ui| {
                        ui.spinner();
                        ui.label("Comparing maps …");
                    });
                }
                Some(found) if found.is_empty() => {
                    widgets::remark(
                        ui,
                        format!("No other gene has a map on {} to compare with.", similar.section),
                    );
                }
                Some(found) => {
                    let c = colors(ui);
                    ui.horizontal(|ui| {
                        let small = |text: &str| RichText::new(text).size(11.5).color(c.weak);
                        ui.label(small(&format!("Correlation of maps on {}", similar.section)));
                        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                            ui.label(small("measured · predicted"));
                        });
                    });
                    ScrollArea::vertical().auto_shrink([false, true]).show(ui, |ui| {
                        ui.spacing_mut().item_spacing.y = 2.0;
                        for gene in found {
                            let chosen = state.gene() == Some(gene.gene.as_str());
                            let (rect, response) = row::begin(ui, chosen, &format!("{}, similar", gene.gene));
                            let (left, right) = (rect.left() + row::PAD, rect.right() - row::PAD);
                            let number = |v: Option<f64>| v.map_or("–".to_owned(), |v| format!("{v:.2}"));
                            let small = || (12.5, egui::FontFamily::Proportional);
                            row::text(
                                ui,
                                rect,
                                left,
                                false,
                                130.0,
                                &gene.gene,
                                (13.0, theme::italic()),
                                c.text,
                            );
                            row::text(
                                ui,
                                rect,
                                right - 62.0,
                                true,
                                50.0,
                                &number(gene.measured),
                                small(),
                                c.text,
                            );
                            row::text(ui, rect, right, true, 50.0, &number(gene.predicted), small(), c.weak);
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
