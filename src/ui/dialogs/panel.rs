//! The editor of a gene panel.

use eframe::egui::{Context, ScrollArea, TextEdit};

use super::Closing;
use crate::app::command::{Command, GenesCommand, PanelForm};
use crate::app::genes::typed_genes;
use crate::app::project::OpenProject;
use crate::core::text::counted;
use crate::data::measured_genes::MeasuredGenes;
use crate::ui::gene_names;
use crate::ui::widgets::{line_edit, name, primary, remark};

/// Height that the rest of the dialog takes.
const REST: f32 = 320.0;

/// What is being typed.
#[derive(Debug, Default)]
pub struct PanelDialog {
    typed: Option<PanelForm>,
}

impl PanelDialog {
    /// Forgets what was typed.
    pub fn closed(&mut self) {
        self.typed = None;
    }

    /// Draws the editor, which begins with `form`.
    pub fn show(
        &mut self,
        ctx: &Context,
        form: &PanelForm,
        open: Option<&OpenProject>,
        out: &mut Vec<Command>,
    ) {
        let first = self.typed.is_none();
        let typed = self.typed.get_or_insert_with(|| form.clone());
        let title = if form.original.is_some() { "Edit the gene panel" } else { "New gene panel" };
        let closing = Closing::with_typing(typed != form);
        super::form(ctx, title, 560.0, closing, out, |ui, out| {
            let wide = f32::INFINITY;
            ui.label("Name");
            let field = ui.add(line_edit(&mut typed.name).desired_width(wide));
            name(&field, "Name of the panel");
            if first {
                field.request_focus();
            }
            ui.label("Source (a publication or a note)");
            let field = ui.add(line_edit(&mut typed.source).desired_width(wide));
            name(&field, "Source of the panel");
            ui.label("Genes, separated by spaces, commas, semicolons, tabs or lines");
            let most = (super::free(ctx).height() - REST).clamp(60.0, 220.0);
            ScrollArea::vertical().max_height(most).show(ui, |ui| {
                let field = ui.add(TextEdit::multiline(&mut typed.genes).desired_width(wide).desired_rows(8));
                name(&field, "Genes of the panel");
            });
            let nothing = MeasuredGenes::default();
            let measured = open.map_or(&nothing, OpenProject::measured_genes);
            let genes = typed_genes(&typed.genes, measured);
            let count = genes.len();
            let known = genes.iter().filter(|g| measured.meant(g).is_some()).count();
            if measured.is_empty() || known == count {
                remark(ui, counted(count, "gene"));
            } else {
                remark(ui, format!("{known} of {} measured in this project", counted(count, "gene")));
            }
            if !measured.is_empty() {
                gene_names::understood(ui, &genes, measured);
                gene_names::unknown(ui, &genes, measured);
            }
            ui.add_space(6.0);
            ui.horizontal(|ui| {
                if ui.button("Cancel").clicked() {
                    out.push(Command::CloseOverlay);
                }
                let ready = count > 0 && !typed.name.trim().is_empty();
                if primary(ui, ready, "Save the panel").clicked() {
                    out.push(Command::Genes(GenesCommand::SavePanel(typed.clone())));
                }
            });
        });
    }
}
