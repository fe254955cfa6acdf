//! The names of the panels beneath the maps, of which one is shown.

use eframe::egui::{self, Pos2, RichText, Sense, Stroke, TextStyle, Ui, WidgetInfo, WidgetText};

use super::explore;
use crate::app::command::Command;
use crate::app::explore::compare::Tab;
use crate::app::explore::{ExploreCommand, ExploreState};
use crate::app::terms::Term;
use crate::ui::theme::{self, colors};

/// Height of the line.
const HEIGHT: f32 = 24.0;

/// What the pointer shows over a name.
fn hint(tab: Tab) -> &'static str {
    match tab {
        Tab::Evidence => Term::Evidence.sentence(),
        Tab::Compare => "Two groups of spots, such as two classes of regions, compared over all genes.",
        Tab::Clusters => "Groups of spots with similar expression, found without regions or labels.",
    }
}

/// Draws the names.
pub fn show(ui: &mut Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    let c = colors(ui);
    for tab in Tab::ALL {
        let shown = state.tab() == tab;
        let family = if shown { theme::semibold() } else { egui::FontFamily::Proportional };
        let text = RichText::new(tab.name()).size(13.0).family(family);
        let galley = WidgetText::from(text).into_galley(ui, None, f32::INFINITY, TextStyle::Body);
        let size = egui::vec2(galley.size().x, HEIGHT);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        response.widget_info(|| {
            WidgetInfo::selected(egui::accesskit::Role::Tab, ui.is_enabled(), shown, tab.name())
        });
        let strong = shown || response.hovered() || response.has_focus();
        let ink = if strong { c.text } else { c.weak };
        let at = Pos2::new(rect.left(), rect.center().y - galley.size().y / 2.0);
        ui.painter().galley(at, galley, ink);
        if shown {
            ui.painter().hline(rect.x_range(), rect.bottom(), Stroke::new(2.0, c.accent));
        } else if response.has_focus() {
            ui.painter().hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, c.accent));
        }
        if response.clicked() && !shown {
            commands.push(explore(ExploreCommand::ShowTab(tab)));
        }
        response.on_hover_text(hint(tab));
        ui.add_space(8.0);
    }
}

/// Draws the names with settings behind them, or beneath them where the panel is narrower than `one_line`.
pub fn with_settings(
    ui: &mut Ui,
    one_line: f32,
    state: &ExploreState,
    commands: &mut Vec<Command>,
    settings: &mut dyn FnMut(&mut Ui, &mut Vec<Command>),
) {
    let together = ui.available_width() >= one_line;
    ui.horizontal(|ui| {
        ui.set_height(HEIGHT + 2.0);
        show(ui, state, commands);
        if together {
            ui.add_space(4.0);
            settings(ui, commands);
        }
    });
    if !together {
        ui.horizontal(|ui| {
            ui.set_height(HEIGHT + 2.0);
            settings(ui, commands);
        });
    }
}
