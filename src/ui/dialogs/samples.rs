//! The import summary: a row a sample, edited before anything is added.

use eframe::egui::{self, ComboBox, Context, Grid, RichText, ScrollArea, TextStyle, Ui};

use crate::app::command::{Command, SectionCommand};
use crate::app::paths::{PathPurpose, PathRequest};
use crate::app::samples::{SampleRow, SamplesForm};
use crate::app::state::App;
use crate::data::candidates::kind_of;
use crate::data::slide::place;
use crate::data::st::FileRole;
use crate::ui::theme::colors;
use crate::ui::widgets::{Tone, banner, line_edit, name, primary, remark, text_field, thousands};

const WIDTH: f32 = 1080.0;
/// Room for the rows, beneath which they scroll.
const ROWS: f32 = 380.0;
/// Width of a button with a file's name.
const FILE: f32 = 170.0;

/// Draws the summary.
pub fn show(ctx: &Context, app: &App, out: &mut Vec<Command>) {
    super::form(ctx, "What was found", WIDTH, out, |ui, out| {
        let form = &app.forms.samples;
        let mut next = form.clone();
        remark(ui, "Nothing is added before you press Add. Ticked samples become sections of the project.");
        ui.add_space(4.0);
        ScrollArea::both().max_height(ROWS).auto_shrink([false, true]).show(ui, |ui| {
            table(ui, form, &mut next, out);
            ui.add_space(4.0);
        });
        together(ui, form, &mut next);
        for note in &form.notes {
            banner(ui, Tone::Note, note.as_str());
        }
        if next != *form {
            out.push(Command::Section(SectionCommand::EditSamples(next)));
        }
        ui.add_space(6.0);
        let problem = form.problem();
        if let Some(problem) = &problem {
            banner(ui, Tone::Warning, problem.as_str());
        }
        ui.horizontal(|ui| {
            let count = form.rows.iter().filter(|r| r.taken).count();
            let text =
                if count == 1 { "Add one section".to_owned() } else { format!("Add {count} sections") };
            if primary(ui, problem.is_none(), &text).clicked() {
                out.push(Command::Section(SectionCommand::AddSamples));
            }
            if ui.button("Cancel").clicked() {
                out.push(Command::CloseOverlay);
            }
        });
    });
}

fn table(ui: &mut Ui, form: &SamplesForm, next: &mut SamplesForm, out: &mut Vec<Command>) {
    Grid::new("samples").num_columns(8).spacing([12.0, 6.0]).show(ui, |ui| {
        let c = colors(ui);
        for head in
            ["", "Name", "Patient", "Kind", "Spots \u{00D7} genes", "Slide image", "\u{00B5}m/px", "Labels"]
        {
            ui.label(RichText::new(head).text_style(TextStyle::Small).color(c.weak));
        }
        ui.end_row();
        for (at, (row, edited)) in form.rows.iter().zip(&mut next.rows).enumerate() {
            sample(ui, at, row, edited, out);
            ui.end_row();
        }
    });
    // What holds for several samples is said once.
    let mut told: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in form.rows.iter().filter(|r| r.taken) {
        for warning in &row.candidate.warnings {
            match told.iter_mut().find(|(text, _)| text == warning) {
                Some((_, names)) => names.push(&row.candidate.entry.name),
                None => told.push((warning, vec![&row.candidate.entry.name])),
            }
        }
    }
    for (warning, names) in told {
        remark(ui, format!("{}: {warning}.", names.join(", ")));
    }
}

fn sample(ui: &mut Ui, at: usize, row: &SampleRow, edited: &mut SampleRow, out: &mut Vec<Command>) {
    let c = colors(ui);
    let entry = &row.candidate.entry;
    let tick = ui.checkbox(&mut edited.taken, "").on_hover_text(&row.candidate.line);
    name(&tick, &format!("Add {}", entry.name));
    let own = &mut edited.candidate.entry;
    if let Some(typed) =
        text_field(ui, ("sample name", at), &format!("Name of sample {}", at + 1), &entry.name, 130.0)
    {
        own.name = typed;
    }
    let patient = entry.patient.as_deref().unwrap_or("");
    let label = format!("Patient of sample {}", at + 1);
    if let Some(typed) = text_field(ui, ("sample patient", at), &label, patient, 90.0) {
        own.patient = (!typed.is_empty()).then_some(typed);
    }
    ui.label(kind_of(entry)).on_hover_text(&row.candidate.line);
    match row.candidate.size {
        Some((spots, genes)) => {
            ui.label(format!("{} \u{00D7} {}", thousands(spots as f64), thousands(genes as f64)))
        }
        None => ui.label(RichText::new("when read").color(c.weak)),
    };
    image(ui, at, row, out);
    match entry.slide_mpp {
        Some(mpp) => ui.label(format!("{mpp:.3}")),
        None => ui.label(RichText::new("from spots").color(c.weak)),
    };
    labels(ui, at, row, edited, out);
}

fn image(ui: &mut Ui, at: usize, row: &SampleRow, out: &mut Vec<Command>) {
    let c = colors(ui);
    let entry = &row.candidate.entry;
    let shown = match place::embedded(&entry.image) {
        _ if row.candidate.lacks().is_some() => RichText::new("Choose...").color(c.bad),
        Some(image) => RichText::new(format!("{} of the file", image.key)),
        None => RichText::new(entry.image.file_name().unwrap_or_default().to_string_lossy()),
    };
    if file_button(ui, shown).on_hover_text("Choose the full-resolution slide image").clicked() {
        let purpose = PathPurpose::SampleFile { row: at, role: FileRole::Image };
        out.push(Command::Ask(PathRequest::new(purpose)));
    }
}

fn file_button(ui: &mut Ui, text: RichText) -> egui::Response {
    ui.scope(|ui| {
        ui.set_max_width(FILE);
        ui.add(egui::Button::new(text).truncate().min_size(egui::vec2(120.0, 0.0)))
    })
    .inner
}

/// A column of the file where it has some, else a file of labels.
fn labels(ui: &mut Ui, at: usize, row: &SampleRow, edited: &mut SampleRow, out: &mut Vec<Command>) {
    let entry = &row.candidate.entry;
    if row.candidate.label_columns.is_empty() {
        let shown = match &entry.labels {
            Some(file) => RichText::new(file.file_name().unwrap_or_default().to_string_lossy()),
            None => RichText::new("none").color(colors(ui).weak),
        };
        if file_button(ui, shown).on_hover_text("Choose a table of spots and their labels").clicked() {
            let purpose = PathPurpose::SampleFile { row: at, role: FileRole::Labels };
            out.push(Command::Ask(PathRequest::new(purpose)));
        }
        return;
    }
    let own = &mut edited.candidate.entry.label_column;
    let combo = ComboBox::from_id_salt(("sample labels", at))
        .selected_text(entry.label_column.as_deref().unwrap_or("none"))
        .width(110.0)
        .show_ui(ui, |ui| {
            ui.selectable_value(own, None, "none");
            for column in &row.candidate.label_columns {
                ui.selectable_value(own, Some(column.clone()), column);
            }
        });
    name(&combo.response, &format!("Labels of sample {}", at + 1));
}

/// What is said of all ticked samples at once.
fn together(ui: &mut Ui, form: &SamplesForm, next: &mut SamplesForm) {
    if form.rows.len() < 2 {
        return;
    }
    ui.separator();
    ui.horizontal_wrapped(|ui| {
        let all = form.rows.iter().all(|r| r.taken);
        if ui.button(if all { "Untick all" } else { "Tick all" }).clicked() {
            next.rows.iter_mut().for_each(|r| r.taken = !all);
        }
        let id = ui.make_persistent_id("patient of all ticked");
        let mut patient = ui.data(|d| d.get_temp::<String>(id)).unwrap_or_default();
        let typed = ui.add(line_edit(&mut patient).hint_text("Patient of all ticked").desired_width(150.0));
        name(&typed, "Patient of all ticked samples");
        if ui.button("Set").on_hover_text("All ticked samples are of this patient").clicked() {
            next.set_patient(&patient);
        }
        ui.data_mut(|d| d.insert_temp(id, patient));
        let columns = form.label_columns();
        if !columns.is_empty() {
            ComboBox::from_id_salt("labels of all").selected_text("Labels of all ticked").show_ui(ui, |ui| {
                if ui.selectable_label(false, "none").clicked() {
                    next.set_label_column(None);
                }
                for column in &columns {
                    if ui.selectable_label(false, column).clicked() {
                        next.set_label_column(Some(column));
                    }
                }
            });
        }
    });
}
