//! Genes of the list that cannot be trained on, all of them by name.

use eframe::egui::{self, RichText, ScrollArea, Ui};

use crate::app::command::{Command, GenesCommand};
use crate::app::project::OpenProject;
use crate::data::section::ValueKind;
use crate::ui::theme::{colors, gene};
use crate::ui::wheel;
use crate::ui::widgets::{Tone, banner, mini, name, remark};

/// Taller lists are scrolled.
const MAX_HEIGHT: f32 = 150.0;

/// Names the genes that are left out and why; nothing where none is.
pub fn show(ui: &mut Ui, open: &OpenProject, out: &mut Vec<Command>) {
    let choice = open.gene_choice();
    let Some(headline) = choice.left_out_headline() else { return };
    let text = if choice.used.is_empty() {
        format!(
            "{headline} There is nothing to train on: add genes that all sections have, or leave sections out."
        )
    } else {
        format!(
            "{headline} Training leaves {} out; measured maps are shown where there are any.",
            if choice.left_out.len() == 1 { "it" } else { "them" }
        )
    };
    banner(ui, if choice.used.is_empty() { Tone::Warning } else { Tone::Note }, text);
    let c = colors(ui);
    let area = ScrollArea::vertical()
        .id_salt("left out")
        .max_height(MAX_HEIGHT)
        .min_scrolled_height(MAX_HEIGHT)
        .auto_shrink([false, true]);
    wheel::list(ui, "left out", area, |area, ui| {
        area.show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            for (why, genes) in choice.left_out_groups() {
                ui.horizontal_wrapped(|ui| {
                    ui.label(RichText::new(format!("{why}:")).color(c.weak));
                    ui.add(egui::Label::new(gene(genes.join(", "))).wrap().selectable(true));
                });
            }
        })
    });
    ui.horizontal_wrapped(|ui| {
        let copy = mini(ui, "Copy the names");
        name(&copy, "Copy the names of the genes that are left out");
        if copy.on_hover_text("Put these names on the clipboard, one per line").clicked() {
            out.push(Command::Copy(choice.left_out_names().join("\n")));
        }
        let remove = mini(ui, "Remove them from the list");
        if remove.on_hover_text("The list keeps the genes that every section measured").clicked() {
            out.push(Command::Genes(GenesCommand::Remove(choice.left_out_names())));
        }
    });
}

/// Names the sections that training skips, as their values are of another kind than those of the others.
pub fn other_kind(ui: &mut Ui, open: &OpenProject) {
    let Some((names, held)) = open.of_other_kind() else { return };
    let (hold, their) = if names.len() == 1 { ("holds", "its") } else { ("hold", "their") };
    let text = match held {
        ValueKind::Normalised => format!(
            "Skipped in training: {} {hold} normalised values, which are on another scale than the counts of the other \
             sections. Add {their} counts instead.",
            names.join(", ")
        ),
        ValueKind::Counts => format!(
            "Skipped in training: {} {hold} counts, which are on another scale than the normalised values of the other \
             sections. Add the counts of those instead.",
            names.join(", ")
        ),
    };
    banner(ui, Tone::Warning, text);
}

/// What the button is called that starts to train: it says when genes are left out.
pub fn start_label<'a>(open: &OpenProject, plain: &'a str, without: &'a str) -> &'a str {
    let choice = open.gene_choice();
    if choice.left_out.is_empty() || choice.used.is_empty() { plain } else { without }
}

/// A remark on names of the list that are taken for genes of other names.
pub fn renamed(ui: &mut Ui, open: &OpenProject) {
    if let Some(text) = open.gene_choice().renamed_text() {
        remark(ui, text);
    }
}
