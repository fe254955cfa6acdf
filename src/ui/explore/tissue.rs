//! What is tissue on a slide without measurements, and how densely it is predicted.

use eframe::egui::{Button, Checkbox, ComboBox, Response, RichText, TextStyle, Ui, Vec2};

use super::display::slider_beside;
use super::explore;
use crate::app::command::{Command, SectionCommand, TissueEdit};
use crate::app::explore::tissue::{Brush, Tissue};
use crate::app::explore::{ExploreCommand, ExploreInput, ExploreState};
use crate::core::display::DisplaySettings;
use crate::core::places::{GridLattice, GridSettings, TissueSettings};
use crate::ui::theme::colors;
use crate::ui::widgets;

/// Width of the labels.
const LABEL: f32 = 76.0;
/// Width of the values beside sliders.
const VALUE: f32 = 66.0;
/// Width of the field for the pitch.
const PITCH: f32 = 52.0;

/// Draws the settings of the slide shown.
pub fn show(ui: &mut Ui, state: &ExploreState, input: &ExploreInput, commands: &mut Vec<Command>) {
    let (Some(section), Some(grid), Some(settings)) =
        (state.section_name(), state.tissue.grid(), state.tissue.settings())
    else {
        return;
    };
    ui.spacing_mut().item_spacing.y = 5.0;
    widgets::caption(ui, "Tissue and grid");
    summary(ui, section, state, input);
    widgets::field(ui, "Pitch", LABEL, |ui| pitch(ui, section, grid, commands));
    widgets::field(ui, "Lattice", LABEL, |ui| lattice(ui, section, grid, commands));
    widgets::field(ui, "Threshold", LABEL, |ui| threshold(ui, section, state, settings, commands));
    ui.columns_const(|[left, right]| {
        let set = |edit, tissue| {
            Command::Section(SectionCommand::SetTissue { section: section.to_owned(), edit, tissue })
        };
        let automatic = wide(left, "Automatic", settings.threshold.is_some(), false);
        if automatic.on_hover_text("Find the threshold from the slide (Otsu's method)").clicked() {
            let tissue = TissueSettings { threshold: None, ..settings.clone() };
            commands.push(set(TissueEdit::Threshold, tissue));
        }
        let clear = wide(right, "Clear strokes", !settings.strokes.is_empty(), false);
        if clear.on_hover_text("Remove everything that was painted with the brush").clicked() {
            let tissue = TissueSettings { strokes: Vec::new(), ..settings.clone() };
            commands.push(set(TissueEdit::ClearStrokes, tissue));
        }
    });
    ui.columns_const(|[left, right]| {
        brush(left, state, Brush::Add, commands);
        brush(right, state, Brush::Remove, commands);
    });
    widgets::field(ui, "Brush size", LABEL, |ui| size(ui, state, commands));
    let mut outline = state.display().tissue_outline;
    if ui.add(Checkbox::new(&mut outline, "Tissue outline")).changed() {
        let settings = DisplaySettings { tissue_outline: outline, ..state.display().clone() };
        commands.push(explore(ExploreCommand::Display { what: "Tissue outline", settings }));
    }
}

/// How much tissue there is and how many places cover it, or what is wrong.
fn summary(ui: &mut Ui, section: &str, state: &ExploreState, input: &ExploreInput) {
    let c = colors(ui);
    let problem = input.section(section).and_then(|s| s.problem.as_deref());
    let latest = state.index().and_then(|index| state.tissue.latest(&index.section().slide));
    let (text, color) = match (latest, problem) {
        (Some(Err(why)), _) => (why.to_owned(), c.bad),
        (Some(Ok(found)), _) if found.places.is_err() => (found.sentence(), c.fair),
        (_, Some(problem)) => (problem.to_owned(), c.bad),
        (Some(Ok(found)), None) => (found.sentence(), c.text),
        (None, None) => ("Finding the tissue".to_owned(), c.weak),
    };
    ui.label(RichText::new(text).size(12.5).color(color));
}

/// Distance between places.
fn pitch(ui: &mut Ui, section: &str, grid: GridSettings, commands: &mut Vec<Command>) {
    let now = format!("{}", grid.pitch_um);
    let typed = widgets::text_field(ui, ("pitch", section), "Pitch in \u{00B5}m", &now, PITCH);
    ui.label("\u{00B5}m");
    if let Some(text) = typed {
        commands.push(Command::Section(SectionCommand::EnterPitch { section: section.to_owned(), text }));
    }
}

fn lattice_name(lattice: GridLattice) -> &'static str {
    match lattice {
        GridLattice::Hexagonal => "hexagonal",
        GridLattice::Square => "square",
    }
}

fn lattice(ui: &mut Ui, section: &str, grid: GridSettings, commands: &mut Vec<Command>) {
    ui.spacing_mut().button_padding.x = 8.0;
    let now = RichText::new(lattice_name(grid.lattice)).size(12.5);
    let combo = ComboBox::from_id_salt("lattice").selected_text(now).width(ui.available_width()).truncate();
    let shown = combo.show_ui(ui, |ui| {
        for lattice in [GridLattice::Hexagonal, GridLattice::Square] {
            if ui.selectable_label(grid.lattice == lattice, lattice_name(lattice)).clicked() {
                let (section, grid) = (section.to_owned(), GridSettings { lattice, ..grid });
                commands.push(Command::Section(SectionCommand::SetGrid { section, grid }));
            }
        }
    });
    widgets::name(&shown.response, "Lattice");
}

/// Staining from which a pixel is tissue. The outline follows while it is dragged; the edit is made at the end.
fn threshold(
    ui: &mut Ui,
    section: &str,
    state: &ExploreState,
    settings: &TissueSettings,
    commands: &mut Vec<Command>,
) {
    let found = state.index().and_then(|index| state.tissue.latest(&index.section().slide)?.ok());
    let range = TissueSettings::THRESHOLDS;
    let Some(now) = settings.threshold.or(found.map(|f| f.threshold)) else {
        ui.label(RichText::new("automatic").size(12.0).color(colors(ui).weak));
        return;
    };
    let mut value = now.clamp(*range.start(), *range.end());
    let text = match settings.threshold {
        Some(threshold) => format!("{threshold:.3}"),
        None => format!("{now:.3}, auto"),
    };
    let slider = slider_beside(ui, VALUE, &mut value, range, text, "Tissue threshold");
    let tissue = if slider.changed() {
        Some(TissueSettings { threshold: Some(value), ..settings.clone() })
    } else {
        state.tissue.draft().filter(|_| slider.drag_stopped()).cloned()
    };
    let Some(tissue) = tissue else { return };
    if slider.dragged() {
        commands.push(explore(ExploreCommand::DraftTissue(tissue)));
    } else {
        let (section, edit) = (section.to_owned(), TissueEdit::Threshold);
        commands.push(Command::Section(SectionCommand::SetTissue { section, edit, tissue }));
    }
}

/// A button as wide as its column, pressed or not.
fn wide(ui: &mut Ui, text: &str, enabled: bool, pressed: bool) -> Response {
    ui.spacing_mut().button_padding.x = 4.0;
    let text = RichText::new(text).text_style(TextStyle::Small);
    let button = Button::new(text).min_size(Vec2::new(0.0, 24.0)).selected(pressed);
    ui.vertical_centered_justified(|ui| ui.add_enabled(enabled, button)).inner
}

fn brush(ui: &mut Ui, state: &ExploreState, brush: Brush, commands: &mut Vec<Command>) {
    let (text, help) = match brush {
        Brush::Add => ("Add tissue", "Drag over a map to add tissue. Click again or press Escape to stop."),
        Brush::Remove => {
            ("Remove tissue", "Drag over a map to remove tissue. Click again or press Escape to stop.")
        }
    };
    let is_used = state.tissue.brush() == Some(brush);
    if widgets::hint_beside(wide(ui, text, state.index().is_some(), is_used), help).clicked() {
        commands.push(explore(ExploreCommand::UseBrush((!is_used).then_some(brush))));
    }
}

/// Diameter of the brush, on a logarithmic slider.
fn size(ui: &mut Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    let (least, most) =
        (Tissue::DIAMETERS_UM.start().log2() as f32, Tissue::DIAMETERS_UM.end().log2() as f32);
    let um = state.tissue.diameter_um();
    let mut value = (um.log2() as f32).clamp(least, most);
    let slider =
        slider_beside(ui, VALUE, &mut value, least..=most, format!("{um:.0} \u{00B5}m"), "Brush size");
    if slider.changed() {
        // Two digits are enough for a brush.
        let um = f64::from(value).exp2();
        let unit = 10f64.powf(um.log10().floor() - 1.0);
        commands.push(explore(ExploreCommand::SizeBrush((um / unit).round() * unit)));
    }
    widgets::hint_beside(slider, "Diameter on the slide. The keys [ and ] change it.");
}
