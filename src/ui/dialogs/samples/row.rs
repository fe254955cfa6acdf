//! One sample of the import summary.

use eframe::egui::{
    self, Button, Checkbox, ComboBox, Label, Rect, Response, RichText, Sense, Stroke, StrokeKind, Ui,
    WidgetInfo, accesskit::Role,
};

use super::{Columns, cell};
use crate::app::command::Command;
use crate::app::measure::MeasuredOn;
use crate::app::paths::{PathPurpose, PathRequest};
use crate::app::samples::{SampleRow, SamplesForm, Select};
use crate::data::candidates::kind_of;
use crate::data::slide::place;
use crate::data::st::FileRole;
use crate::ui::dialogs::measure;
use crate::ui::theme::{self, colors};
use crate::ui::widgets::{name, text_field, thousands};

/// Draws the row `at` into `rect`. `problem` is what stands in the way of adding it.
pub fn show(
    ui: &mut Ui,
    at: usize,
    rect: Rect,
    problem: Option<&str>,
    form: &SamplesForm,
    next: &mut SamplesForm,
    out: &mut Vec<Command>,
) {
    let Some(row) = form.rows.get(at) else { return };
    background(ui, at, rect, row, next);
    let columns = Columns::new(rect);
    let entry = &row.candidate.entry;
    // An edit in a selected row is meant for all that are selected.
    let several = row.selected && form.selected() > 1;
    let mut taken = row.taken;
    let tick = cell(ui, columns.tick, |ui| ui.add(Checkbox::without_text(&mut taken)));
    name(&tick, &format!("Add {}", entry.name));
    if tick.changed() {
        match next.rows.get_mut(at) {
            _ if several => next.edited_together().for_each(|r| r.taken = taken),
            Some(own) => own.taken = taken,
            None => {}
        }
    }
    cell(ui, columns.name, |ui| {
        let label = format!("Name of sample {}", at + 1);
        let width = columns.name.width() - 2.0;
        let typed = text_field(ui, ("sample name", at), &label, &entry.name, width);
        if let (Some(typed), Some(own)) = (typed, next.rows.get_mut(at)) {
            own.candidate.entry.name = typed;
        }
    });
    if problem.is_some() {
        let frame = columns.name.shrink2(egui::vec2(0.0, 2.0));
        ui.painter().rect_stroke(frame, theme::ROUND, Stroke::new(1.0, colors(ui).bad), StrokeKind::Inside);
    }
    cell(ui, columns.patient, |ui| {
        let patient = entry.patient.as_deref().unwrap_or("");
        let label = format!("Patient of sample {}", at + 1);
        let width = columns.patient.width() - 2.0;
        let typed = text_field(ui, ("sample patient", at), &label, patient, width);
        match (typed, next.rows.get_mut(at)) {
            (Some(typed), _) if several => next.set_patient(&typed),
            (Some(typed), Some(own)) => own.candidate.entry.patient = (!typed.is_empty()).then_some(typed),
            _ => {}
        }
    });
    plain(ui, columns.kind, kind_of(entry), false);
    let is_slide = !entry.is_measured();
    match row.candidate.size {
        None if is_slide => plain(ui, columns.size, "none".to_owned(), true),
        Some((spots, genes)) => {
            let text = format!("{} \u{00D7} {}", thousands(spots as f64), thousands(genes as f64));
            plain(ui, columns.size, text, false);
        }
        None => plain(ui, columns.size, "when read".to_owned(), true),
    }
    cell(ui, columns.image, |ui| image(ui, at, row, out));
    match entry.slide_mpp {
        _ if is_slide => cell(ui, columns.mpp, |ui| resolution(ui, at, row, next)),
        Some(mpp) => plain(ui, columns.mpp, format!("{mpp:.3}"), false),
        None => plain(ui, columns.mpp, "from spots".to_owned(), true),
    }
    cell(ui, columns.labels, |ui| {
        if is_slide && entry.slide_mpp.is_none() {
            let label = format!("Measure the resolution of sample {}", at + 1);
            measure::button(ui, MeasuredOn::Sample(at), entry, &label, out);
        } else if !is_slide {
            labels(ui, at, row, several, next, out);
        }
    });
    remarks(ui, columns.remarks, row, problem);
}

/// The row itself: clicking it selects.
fn background(ui: &mut Ui, at: usize, rect: Rect, row: &SampleRow, next: &mut SamplesForm) {
    let c = colors(ui);
    let response = ui.interact(rect, ui.scope_id().with("row"), Sense::click());
    let label = format!("Sample {}", at + 1);
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, row.selected, label.as_str()));
    if row.selected || response.hovered() {
        let fill = if row.selected { c.selected } else { c.quiet };
        ui.painter().rect_filled(rect.shrink2(egui::vec2(0.0, 1.0)), theme::ROUND, fill);
    }
    if response.clicked() {
        let modifiers = ui.input(|i| i.modifiers);
        let how = match (modifiers.shift, modifiers.command) {
            (true, _) => Select::UpTo,
            (false, true) => Select::Also,
            (false, false) if row.selected && next.selected() == 1 => Select::Also,
            (false, false) => Select::Only,
        };
        next.select(at, how);
        // What was typed is done with; keys are for the list now.
        ui.memory_mut(|m| m.focused().map(|id| m.surrender_focus(id)));
    }
    response.on_hover_text(&row.candidate.line);
}

fn plain(ui: &mut Ui, rect: Rect, text: String, weak: bool) {
    let color = if weak { colors(ui).weak } else { colors(ui).text };
    // Clicks go to the row beneath.
    cell(ui, rect, |ui| ui.add(Label::new(RichText::new(text).color(color)).truncate().selectable(false)));
}

/// What to know of it: why it cannot be added, or what its import will lack.
fn remarks(ui: &mut Ui, rect: Rect, row: &SampleRow, problem: Option<&str>) {
    let c = colors(ui);
    let copy = row.candidate.copy_of.as_deref();
    let (text, color) = match (problem, row.candidate.warnings.as_slice()) {
        (Some(problem), _) => (problem.to_owned(), c.bad),
        (None, _) if row.refusal().is_some() => {
            (format!("Cannot be used: {}.", row.refusal().unwrap_or_default()), c.bad)
        }
        (None, _) if row.known => ("In the project already.".to_owned(), c.weak),
        (None, _) if copy.is_some() => {
            (format!("A copy of {}: its counts are the same.", copy.unwrap_or_default()), c.fair)
        }
        (None, []) => return,
        (None, warnings) => (warnings.join(". "), c.fair),
    };
    let shown = RichText::new(text.as_str()).small().color(color);
    cell(ui, rect, |ui| ui.add(Label::new(shown).truncate().selectable(false))).on_hover_text(text);
}

fn image(ui: &mut Ui, at: usize, row: &SampleRow, out: &mut Vec<Command>) {
    let c = colors(ui);
    let entry = &row.candidate.entry;
    let shown = match place::embedded(&entry.image) {
        _ if !entry.has_image() => RichText::new("Choose…").color(c.fair),
        Some(image) => RichText::new(format!("{} of the file", image.key)),
        None => RichText::new(entry.image.file_name().unwrap_or_default().to_string_lossy()),
    };
    let button = file_button(ui, shown).on_hover_text("Choose the full-resolution slide image");
    name(&button, &format!("Slide image of sample {}", at + 1));
    if button.clicked() {
        let purpose = PathPurpose::SampleFile { row: at, role: FileRole::Image };
        out.push(Command::Ask(PathRequest::new(purpose)));
    }
}

fn file_button(ui: &mut Ui, text: RichText) -> Response {
    let width = ui.available_width();
    ui.add(Button::new(text).truncate().min_size(egui::vec2(width, 0.0)))
}

/// The resolution of a slide without measurements, which nothing but its file or the user can tell.
fn resolution(ui: &mut Ui, at: usize, row: &SampleRow, next: &mut SamplesForm) {
    let entry = &row.candidate.entry;
    let known = entry.mpp.or(entry.slide_mpp).map(|mpp| format!("{mpp:.3}")).unwrap_or_default();
    let shown = row.mistyped.as_ref().map_or(known, |(typed, _)| typed.clone());
    let label = format!("Micrometres per pixel of sample {}", at + 1);
    let width = ui.available_width() - 2.0;
    if let Some(typed) = text_field(ui, ("sample mpp", at), &label, &shown, width) {
        next.set_resolution(at, &typed);
    }
}

/// A column of the file where it has some, else a file of labels.
fn labels(
    ui: &mut Ui,
    at: usize,
    row: &SampleRow,
    several: bool,
    next: &mut SamplesForm,
    out: &mut Vec<Command>,
) {
    let entry = &row.candidate.entry;
    if row.candidate.label_columns.is_empty() {
        let shown = match &entry.labels {
            Some(file) => RichText::new(file.file_name().unwrap_or_default().to_string_lossy()),
            None => RichText::new("none").color(colors(ui).weak),
        };
        let button = file_button(ui, shown).on_hover_text("Choose a table of spots and their labels");
        name(&button, &format!("Labels of sample {}", at + 1));
        if button.clicked() {
            let purpose = PathPurpose::SampleFile { row: at, role: FileRole::Labels };
            out.push(Command::Ask(PathRequest::new(purpose)));
        }
        return;
    }
    let file =
        entry.labels.as_ref().map(|f| f.file_name().unwrap_or_default().to_string_lossy().into_owned());
    let none = file.as_deref().unwrap_or("none");
    let mut chosen = entry.label_column.clone();
    let combo = ComboBox::from_id_salt(("sample labels", at))
        .selected_text(entry.label_column.as_deref().unwrap_or(none))
        .width(ui.available_width())
        .truncate()
        .show_ui(ui, |ui| {
            ui.selectable_value(&mut chosen, None, none);
            for column in &row.candidate.label_columns {
                ui.selectable_value(&mut chosen, Some(column.clone()), column);
            }
        });
    name(&combo.response, &format!("Labels of sample {}", at + 1));
    if chosen != entry.label_column {
        match next.rows.get_mut(at) {
            _ if several => next.set_label_column(chosen.as_deref()),
            Some(own) => own.candidate.set_label_column(chosen.as_deref()),
            None => {}
        }
    }
}
