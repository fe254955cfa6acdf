//! Editing several samples of the import summary at once.

use eframe::egui::{ComboBox, Response, Ui};

use crate::app::command::Command;
use crate::app::palette::{REDO, UNDO};
use crate::app::samples::SamplesForm;
use crate::app::state::App;
use crate::ui::theme::strong;
use crate::ui::widgets::{entered, line_edit, name};

/// A field of one line that is kept while the summary is open. Its text, and whether Enter was pressed in it.
fn field(ui: &mut Ui, key: &str, hint: &str, label: &str, width: f32) -> (String, bool) {
    let id = ui.make_persistent_id(("samples together", key));
    let mut text = ui.data(|d| d.get_temp::<String>(id)).unwrap_or_default();
    let typed: Response = ui.add(line_edit(&mut text).hint_text(hint).desired_width(width));
    name(&typed, label);
    let entered = entered(ui, &typed);
    ui.data_mut(|d| d.insert_temp(id, text.clone()));
    (text, entered)
}

/// Draws the line beneath the table.
pub fn show(ui: &mut Ui, app: &App, form: &SamplesForm, next: &mut SamplesForm, out: &mut Vec<Command>) {
    if form.rows.len() > 1 {
        ui.separator();
        ui.horizontal_wrapped(|ui| bar(ui, app, form, next, out));
    }
}

fn bar(ui: &mut Ui, app: &App, form: &SamplesForm, next: &mut SamplesForm, out: &mut Vec<Command>) {
    let selected = form.selected();
    let taken = form.rows.iter().filter(|r| r.taken).count();
    ui.label(strong(match (selected, taken) {
        (0, n) => format!("All {n} ticked:"),
        (1, _) => "1 selected:".to_owned(),
        (n, _) => format!("{n} selected:"),
    }));
    let some = if selected > 0 { selected } else { taken };
    let all_ticked = form.rows.iter().filter(|r| selected == 0 || r.selected).all(|r| r.taken);
    let tick = match (selected > 0, all_ticked) {
        (false, true) => "Untick all",
        (false, false) => "Tick all",
        (true, true) => "Untick",
        (true, false) => "Tick",
    };
    if ui.button(tick).clicked() {
        for row in next.rows.iter_mut().filter(|r| selected == 0 || r.selected) {
            row.taken = !all_ticked && !row.known;
        }
    }
    ui.separator();
    let (patient, entered) = field(ui, "patient", "Patient", "Patient of several samples", 110.0);
    let hover = format!("Sets the patient of {some} samples. Leave blank if unknown.");
    if ui.button("Set patient").on_hover_text(hover).clicked() || entered {
        next.set_patient(&patient);
    }
    ui.separator();
    let columns = form.label_columns();
    if !columns.is_empty() {
        let shown = ComboBox::from_id_salt("labels of several").selected_text("Labels").width(90.0).show_ui(
            ui,
            |ui| {
                if ui.selectable_label(false, "none").clicked() {
                    next.set_label_column(None);
                }
                for column in &columns {
                    if ui.selectable_label(false, column).clicked() {
                        next.set_label_column(Some(column));
                    }
                }
            },
        );
        name(&shown.response, "Labels of several samples");
        ui.separator();
    }
    let (text, _) = field(ui, "replace", "In names, replace", "Text to replace in names", 140.0);
    let (with, entered) = field(ui, "with", "by", "Text to put in its place", 90.0);
    let can = !text.is_empty();
    if ui.add_enabled(can, eframe::egui::Button::new("Replace")).clicked() || (entered && can) {
        next.replace_in_names(&text, &with);
    }
    ui.separator();
    let history = &app.forms.samples_history;
    for (text, what, command, key) in
        [("Undo", history.can_undo(), Command::Undo, UNDO), ("Redo", history.can_redo(), Command::Redo, REDO)]
    {
        let button = ui.add_enabled(what.is_some(), eframe::egui::Button::new(text));
        if button.on_hover_text(format!("{} ({})", what.unwrap_or_default(), key.text())).clicked() {
            out.push(command);
        }
    }
}
