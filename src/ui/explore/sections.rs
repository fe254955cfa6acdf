//! The list of sections.

use eframe::egui::{self, FontFamily, ScrollArea, Ui};

use super::explore;
use super::row::{self, Place};
use crate::app::command::Command;
use crate::app::explore::text::thousands;
use crate::app::explore::{ExploreCommand, ExploreInput, ExploreState, SectionInput};
use crate::ui::theme::{self, colors};
use crate::ui::widgets;

/// Rows shown before the list scrolls.
const ROWS: usize = 6;

/// What stands at the right end of a row.
fn remark(section: &SectionInput) -> String {
    match (&section.section, &section.problem) {
        (Some(s), _) if s.genes.is_empty() && s.spots.is_empty() => "H&E only".to_owned(),
        (Some(s), _) if s.genes.is_empty() => format!("{} places", thousands(s.spots.len())),
        (Some(s), _) => format!("{} spots", thousands(s.spots.len())),
        (None, Some(_)) => "not readable".to_owned(),
        (None, None) => "reading".to_owned(),
    }
}

/// Draws the list.
pub fn show(ui: &mut Ui, state: &ExploreState, input: &ExploreInput, commands: &mut Vec<Command>) {
    widgets::caption(ui, "Sections");
    ui.spacing_mut().item_spacing.y = 2.0;
    // In a low window the genes keep their share of the column.
    let most = (ROWS as f32 * theme::ROW).min((ui.available_height() * 0.3).max(2.0 * theme::ROW));
    ScrollArea::vertical().id_salt("sections").max_height(most).auto_shrink([false, true]).show(ui, |ui| {
        for section in input.sections {
            show_row(ui, section, state, commands);
        }
    });
}

fn show_row(ui: &mut Ui, section: &SectionInput, state: &ExploreState, commands: &mut Vec<Command>) {
    let c = colors(ui);
    let selected = state.section_name() == Some(section.name.as_str());
    let (rect, response) = row::begin(ui, selected, &section.name);
    let end = remark(section);
    // A longer name says by itself that it is one.
    let short = |p: &String| p.chars().count() <= 3;
    let patient = section.patient.as_ref().map(|p| if short(p) { format!("patient {p}") } else { p.clone() });
    let (left, right) = (rect.left() + row::PAD, rect.right() - row::PAD);
    let name_font = (13.0, theme::semibold());
    let end_font = egui::FontId::proportional(12.0);
    let end_width = ui.painter().layout_no_wrap(end.clone(), end_font, c.weak).size().x;
    let room = if patient.is_some() { 70.0 } else { (right - left - end_width - 8.0).max(40.0) };
    let fitted = row::text(ui, rect, Place::From(left), room, &section.name, name_font, c.text);
    let small = || (12.0, FontFamily::Proportional);
    let mut whole = fitted;
    if let Some(patient) = &patient {
        let room = (right - left - 78.0 - end_width - 6.0).clamp(20.0, 66.0);
        whole &= row::text(ui, rect, Place::From(left + 78.0), room, patient, small(), c.weak);
    }
    let color = if section.problem.is_some() { c.bad } else { c.weak };
    row::text(ui, rect, Place::To(right), end_width + 1.0, &end, small(), color);
    if response.clicked() && !selected {
        commands.push(explore(ExploreCommand::SelectSection(section.name.clone())));
    }
    if let Some(problem) = &section.problem {
        response.on_hover_text(problem);
    } else if !whole || section.patient.as_ref().is_some_and(|p| !short(p)) {
        let patient = section.patient.as_ref().map(|p| format!(" · patient {p}")).unwrap_or_default();
        response.on_hover_text(format!("{}{patient} · {end}", section.name));
    }
}
