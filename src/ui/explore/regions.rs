//! The list of classes of regions.

use eframe::egui::{
    Button, Color32, FontFamily, FontId, Pos2, Rect, RichText, ScrollArea, StrokeKind, TextStyle, Ui, Vec2,
};

use super::explore;
use super::row::{self, Place};
use crate::app::command::{Command, SectionCommand};
use crate::app::explore::regions::ClassRow;
use crate::app::explore::text::thousands;
use crate::app::explore::{ExploreCommand, ExploreState};
use crate::app::paths::{PathPurpose, PathRequest};
use crate::core::display::{DisplaySettings, RegionStyle};
use crate::core::text::counted;
use crate::ui::theme::{self, colors};
use crate::ui::widgets;

/// Rows shown before the list scrolls.
const ROWS: usize = 6;
/// Side of the square in the colour of a class.
const SWATCH: f32 = 11.0;

/// Draws the list, and the ways to import and export.
pub fn show(ui: &mut Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    let Some(section) = state.section_name() else { return };
    let rows = state.regions().rows();
    widgets::caption_with(ui, "Regions", |ui| {
        let button = |ui: &mut Ui, text: &str, hint: &str| {
            let text = RichText::new(text).text_style(TextStyle::Small);
            widgets::hint_beside(ui.add(Button::new(text).small().frame_when_inactive(false)), hint).clicked()
        };
        if !rows.is_empty()
            && button(ui, "Export\u{2026}", "Save the regions for QuPath or Loupe Browser, or as a mask.")
        {
            let purpose = PathPurpose::ExportRegions { section: section.to_owned() };
            commands.push(Command::Ask(PathRequest::new(purpose).named(format!("{section}.geojson"))));
        }
        if button(ui, "Import\u{2026}", "Add annotations exported from QuPath as GeoJSON.") {
            let purpose = PathPurpose::ImportRegions { section: section.to_owned() };
            commands.push(Command::Ask(PathRequest::new(purpose)));
        }
    });
    ui.spacing_mut().item_spacing.y = 2.0;
    let places = state.index().is_some_and(|index| !index.is_measured());
    // In a low window the genes keep their share of the column.
    let most = (ROWS as f32 * theme::ROW).min((ui.available_height() * 0.3).max(2.0 * theme::ROW));
    ScrollArea::vertical().id_salt("regions").max_height(most).auto_shrink([false, true]).show(ui, |ui| {
        for row in rows {
            class_row(ui, section, row, places, state, commands);
        }
    });
}

fn class_row(
    ui: &mut Ui,
    section: &str,
    shown: &ClassRow,
    places: bool,
    state: &ExploreState,
    commands: &mut Vec<Command>,
) {
    let c = colors(ui);
    let name = shown.class.as_deref().unwrap_or("Unclassified");
    let (rect, response) = row::begin(ui, false, name);
    let hidden = shown.hidden || state.display().regions == RegionStyle::Hidden;
    let (left, right) = (rect.left() + row::PAD, rect.right() - row::PAD);
    let at = Rect::from_min_size(Pos2::new(left, rect.center().y - SWATCH / 2.0), Vec2::splat(SWATCH));
    let [r, g, b] = shown.color;
    let color = Color32::from_rgb(r, g, b);
    if hidden {
        ui.painter().rect_stroke(at, 2.0, (1.5, color), StrokeKind::Inside);
    } else {
        ui.painter().rect_filled(at, 2.0, color);
    }
    let unit = if places { "places" } else { "spots" };
    let end = if shown.area_mm2 > 0.0 {
        format!("{} mm\u{b2} \u{b7} {} {unit}", area_text(shown.area_mm2), thousands(shown.places))
    } else {
        // Points and lines.
        counted(shown.regions, "region")
    };
    let width = ui.painter().layout_no_wrap(end.clone(), FontId::proportional(12.0), c.weak).size().x;
    let room = (right - left - SWATCH - 8.0 - width - 8.0).max(30.0);
    let small = || (12.0, FontFamily::Proportional);
    let ink = if hidden { c.weak } else { c.text };
    row::text(ui, rect, Place::From(left + SWATCH + 8.0), room, name, (13.0, FontFamily::Proportional), ink);
    row::text(ui, rect, Place::To(right), width + 1.0, &end, small(), c.weak);
    let mut told = format!(
        "{name}: {}, {} mm\u{b2}, {} {unit} inside.",
        counted(shown.regions, "region"),
        area_text(shown.area_mm2),
        thousands(shown.places)
    );
    // Regions without a class cannot be hidden by themselves.
    if shown.class.is_some() || hidden {
        told.push_str(if hidden { " Click to show it." } else { " Click to hide it." });
    }
    if response.clicked() {
        match (&shown.class, state.display().regions) {
            (_, RegionStyle::Hidden) => {
                let settings = DisplaySettings { regions: RegionStyle::Outlined, ..state.display().clone() };
                commands.push(explore(ExploreCommand::Display { what: "Regions", settings }));
            }
            (Some(class), _) => {
                let (class, hidden) = (class.clone(), !shown.hidden);
                commands.push(Command::Section(SectionCommand::HideClass { class, hidden }));
            }
            (None, _) => {}
        }
    }
    response.clone().on_hover_text(told);
    response.context_menu(|ui| {
        if ui.button(format!("Delete {name}")).clicked() {
            let (section, class) = (section.to_owned(), shown.class.clone());
            commands.push(Command::Section(SectionCommand::DeleteRegions { section, class }));
        }
    });
}

/// An area with as many digits as say something.
fn area_text(mm2: f64) -> String {
    if mm2 >= 99.95 {
        format!("{mm2:.0}")
    } else if mm2 >= 0.995 {
        format!("{mm2:.1}")
    } else {
        // A sum of nothing is -0.
        format!("{:.2}", mm2 + 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::area_text;

    #[test]
    fn areas_have_two_or_three_digits() {
        assert_eq!([3.92, 120.4, 0.472, -0.0].map(area_text), ["3.9", "120", "0.47", "0.00"]);
    }
}
