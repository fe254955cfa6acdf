//! Pairing the files of sections to import.

use eframe::egui::{self, Context, Grid, RichText, ScrollArea, Ui};

use super::Closing;
use crate::app::command::{Command, SectionCommand};
use crate::app::import::{ImportForm, ImportRow};
use crate::app::paths::{PathPurpose, PathRequest};
use crate::app::state::App;
use crate::data::st::FileRole;
use crate::ui::theme::colors;
use crate::ui::widgets::{Tone, banner, caption, mini, primary, remark, text_field};

/// Height that the rest of the dialog takes.
const REST: f32 = 300.0;

/// Draws the form.
pub fn show(ctx: &Context, app: &App, out: &mut Vec<Command>) {
    let closing = Closing::with_typing(app.forms.import.rows.iter().any(ImportRow::is_filled));
    super::form(ctx, "Import sections", 980.0, closing, out, |ui, out| {
        remark(
            ui,
            "Each section needs a count table (spots by genes), a file that says where its spots are on the image, and \
             the slide image. What was found is paired by content and name; change what is wrong.",
        );
        ui.add_space(6.0);
        let form = &app.forms.import;
        let mut next = form.clone();
        let most = (super::free(ctx).height() - REST).clamp(80.0, 360.0);
        ScrollArea::both()
            .max_height(most)
            .auto_shrink([false, true])
            .show(ui, |ui| rows(ui, form, &mut next, out));
        if ui.button("Add a row").clicked() {
            next.rows.push(ImportRow::default());
        }
        if next != *form {
            out.push(Command::Section(SectionCommand::EditImport(next)));
        }
        ui.add_space(6.0);
        let missing = form.missing();
        if let Some(missing) = &missing {
            banner(ui, Tone::Note, missing);
        }
        ui.horizontal(|ui| {
            if ui.button("Cancel").clicked() {
                out.push(Command::CloseOverlay);
            }
            if primary(ui, missing.is_none(), "Import").clicked() {
                out.push(Command::Section(SectionCommand::Import));
            }
        });
    });
}

fn rows(ui: &mut Ui, form: &ImportForm, next: &mut ImportForm, out: &mut Vec<Command>) {
    Grid::new("import").num_columns(6).spacing([10.0, 6.0]).show(ui, |ui| {
        caption(ui, "Name");
        for role in FileRole::LEGACY {
            let optional = if role == FileRole::Labels { " (optional)" } else { "" };
            caption(ui, &format!("{}{optional}", role.noun()));
        }
        ui.label("");
        ui.end_row();
        for (at, row) in form.rows.iter().enumerate() {
            let number = at + 1;
            if let Some(name) =
                text_field(ui, ("import name", at), &format!("Name of section {number}"), &row.0.name, 110.0)
                && let Some(row) = next.rows.get_mut(at)
            {
                row.0.name = name;
            }
            for role in FileRole::LEGACY {
                file(ui, at, row, role, next, out);
            }
            if ui.button("Remove").on_hover_text(format!("Do not import section {number}")).clicked()
                && at < next.rows.len()
            {
                next.rows.remove(at);
            }
            ui.end_row();
        }
    });
}

fn file(
    ui: &mut Ui,
    at: usize,
    row: &ImportRow,
    role: FileRole,
    next: &mut ImportForm,
    out: &mut Vec<Command>,
) {
    let c = colors(ui);
    ui.horizontal(|ui| {
        let path = row.file(role);
        let text = match path {
            Some(path) => RichText::new(path.file_name().unwrap_or_default().to_string_lossy()),
            None => RichText::new("Choose…").color(c.weak),
        };
        let button = egui::Button::new(text).truncate().min_size(egui::vec2(140.0, 0.0));
        let button = ui.scope(|ui| {
            ui.set_max_width(170.0);
            ui.add(button)
        });
        let hover = match path {
            Some(path) => path.display().to_string(),
            None => format!("Choose the {}", role.noun()),
        };
        if button.inner.on_hover_text(hover).clicked() {
            out.push(Command::Ask(PathRequest::new(PathPurpose::ImportFile { row: at, role })));
        }
        if path.is_some()
            && role == FileRole::Labels
            && mini(ui, "x").on_hover_text("Import without labels").clicked()
            && let Some(row) = next.rows.get_mut(at)
        {
            row.set(role, None);
        }
    });
}
