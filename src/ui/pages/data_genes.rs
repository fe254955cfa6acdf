//! Choosing genes: highly variable ones, a list from a file, panels.

use std::collections::HashSet;

use eframe::egui::{self, ComboBox, DragValue, RichText, ScrollArea, TextStyle, Ui};

use crate::app::command::{Command, GenesCommand, Overlay, PanelForm};
use crate::app::forms::HvgForm;
use crate::app::paths::{PathPurpose, PathRequest};
use crate::app::project::Open;
use crate::app::state::App;
use crate::app::terms::Term;
use crate::app::work::Request;
use crate::data::aliases;
use crate::data::panels::Panel;
use crate::preprocess::hvg::Combine;
use crate::ui::theme::{colors, gene, strong};
use crate::ui::widgets::{Tone, banner, card, field, line_edit, mini, name, primary, remark, thousands};

const LABEL: f32 = 150.0;
const CONTROL: f32 = 190.0;

/// Draws the card.
pub fn show(ui: &mut Ui, app: &App, open: &Open, out: &mut Vec<Command>) {
    card(ui, "Genes", |ui| {
        let genes = open.genes();
        let c = colors(ui);
        if genes.is_empty() {
            let text = "No genes are chosen yet. Select highly variable ones, load a list, or add a panel.";
            banner(ui, Tone::Note, text);
        } else {
            ui.horizontal_wrapped(|ui| {
                ui.label(strong(format!("{} genes", thousands(genes.len() as f64))).size(15.0));
                let how = open.doc().selection.as_ref().map_or("", |s| s.how.as_str());
                ui.label(RichText::new(how).color(c.weak));
            });
            list(ui, genes, out);
        }
        let some = !genes.is_empty();
        ui.horizontal_wrapped(|ui| {
            if ui.button("Load a list...").on_hover_text("A text or CSV file with gene names").clicked() {
                out.push(Command::Ask(PathRequest::new(PathPurpose::LoadGenes)));
            }
            if ui.add_enabled(some, egui::Button::new("Save the list...")).clicked() {
                out.push(Command::Ask(PathRequest::new(PathPurpose::SaveGenes).named("genes.txt")));
            }
            if ui.add_enabled(some, egui::Button::new("Clear")).on_hover_text("Empty the gene list").clicked()
            {
                out.push(Command::Genes(GenesCommand::Set(Vec::new())));
            }
        });
        ui.separator();
        hvg(ui, app, open, out);
        ui.separator();
        panels(ui, app, open, out);
    });
}

fn list(ui: &mut Ui, genes: &[String], out: &mut Vec<Command>) {
    let id = ui.make_persistent_id("gene list search");
    let mut search = ui.data(|d| d.get_temp::<String>(id)).unwrap_or_default();
    egui::CollapsingHeader::new("Show the list").id_salt("gene list").show(ui, |ui| {
        let typed = line_edit(&mut search).hint_text("Search").desired_width(f32::INFINITY);
        let typed = ui.add(typed);
        name(&typed, "Search the gene list");
        let wanted = search.to_uppercase();
        let found: Vec<&String> = genes.iter().filter(|g| g.to_uppercase().contains(&wanted)).collect();
        ScrollArea::vertical()
            .min_scrolled_height(180.0)
            .max_height(180.0)
            .auto_shrink([false, true])
            .show_rows(ui, 18.0, found.len(), |ui, rows| {
                for g in found.get(rows).unwrap_or_default() {
                    ui.horizontal(|ui| {
                        ui.set_height(18.0);
                        let remove = mini(ui, "Remove");
                        if remove.on_hover_text(format!("Take {g} off the list")).clicked() {
                            out.push(Command::Genes(GenesCommand::Remove(vec![(*g).clone()])));
                        }
                        ui.label(gene(g.as_str()));
                    });
                }
            });
    });
    ui.data_mut(|d| d.insert_temp(id, search));
}

fn hvg(ui: &mut Ui, app: &App, open: &Open, out: &mut Vec<Command>) {
    let form = &app.forms.hvg;
    let mut next = form.clone();
    let what = format!("{} Selected as scanpy's \"seurat\" flavour does.", Term::Hvg.sentence());
    ui.label(strong("Highly variable genes")).on_hover_text(what);
    field(ui, "Genes per section", LABEL, |ui| {
        ui.add(DragValue::new(&mut next.count).range(10..=10_000).speed(10));
    });
    field(ui, "Put together by", LABEL, |ui| {
        ComboBox::from_id_salt("combine").selected_text(combine_text(next.combine)).width(CONTROL).show_ui(
            ui,
            |ui| {
                for option in [Combine::Union, Combine::Intersection] {
                    ui.selectable_value(&mut next.combine, option, combine_text(option));
                }
            },
        );
    });
    field(ui, "Seen in at least", LABEL, |ui| {
        ui.add(DragValue::new(&mut next.min_percent).range(0.0..=100.0).speed(0.5).suffix(" % of spots"));
    });
    field(ui, "Always keep", LABEL, |ui| keep(ui, app, &mut next));
    if next != *form {
        out.push(Command::Genes(GenesCommand::Edit(next)));
    }
    let busy = app.work.any(|r| matches!(r, Request::SelectGenes { .. }));
    let ready = open.ready().next().is_some() && !busy;
    // The way on, while there is nothing else to do.
    let select = if open.genes().is_empty() {
        primary(ui, ready, "Select genes")
    } else {
        ui.add_enabled(ready, egui::Button::new("Select genes"))
    };
    if select.on_disabled_hover_text("No section is ready yet.").clicked() {
        out.push(Command::Genes(GenesCommand::Select));
    }
    let text = "All sections take part here. For a strict test, select on the training sections alone and load \
                that list.";
    remark(ui, text);
}

/// Which panels' genes are kept whatever their variability.
fn keep(ui: &mut Ui, app: &App, form: &mut HvgForm) {
    let text = match form.keep.as_slice() {
        [] => "no panel".to_owned(),
        [one] => one.clone(),
        many => format!("{} panels", many.len()),
    };
    ComboBox::from_id_salt("keep panels")
        .selected_text(text)
        .width(CONTROL)
        .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside)
        .show_ui(ui, |ui| {
            for panel in app.panels() {
                let mut kept = form.keep.contains(&panel.name);
                if ui.checkbox(&mut kept, panel.name.as_str()).changed() {
                    form.keep.retain(|n| *n != panel.name);
                    if kept {
                        form.keep.push(panel.name.clone());
                    }
                }
            }
        });
}

fn combine_text(combine: Combine) -> &'static str {
    match combine {
        Combine::Union => "union (in any section)",
        Combine::Intersection => "intersection (in all)",
    }
}

fn panels(ui: &mut Ui, app: &App, open: &Open, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.label(strong("Gene panels"));
        if mini(ui, "New panel...").clicked() {
            out.push(Command::Show(Overlay::Panel(PanelForm::default())));
        }
    });
    for panel in app.panels() {
        let own = open.doc().panels.iter().any(|p| p.name == panel.name);
        one_panel(ui, panel, own, open.genes(), out);
    }
}

fn one_panel(ui: &mut Ui, panel: &Panel, own: bool, genes: &[String], out: &mut Vec<Command>) {
    let c = colors(ui);
    let title = format!("{} ({})", panel.name, panel.genes.len());
    egui::CollapsingHeader::new(title).id_salt(("panel", &panel.name)).show(ui, |ui| {
        ui.add(egui::Label::new(gene(panel.genes.join(", "))).wrap().selectable(true));
        if !panel.description.is_empty() {
            remark(ui, panel.description.as_str());
        }
        let source = if panel.source.is_empty() { "no source given" } else { panel.source.as_str() };
        let source = RichText::new(format!("Source: {source}")).text_style(TextStyle::Small).color(c.weak);
        ui.add(egui::Label::new(source).wrap().selectable(true));
        let names: HashSet<&str> = genes.iter().map(String::as_str).collect();
        let is_listed = |g: &&String| aliases::found_as(g, |name| names.contains(name)).is_some();
        let listed = panel.genes.iter().filter(is_listed).count();
        ui.horizontal_wrapped(|ui| {
            let add = ui.add_enabled(listed < panel.genes.len(), egui::Button::new("Add to the list"));
            if add.on_disabled_hover_text("All of its genes are in the list.").clicked() {
                out.push(Command::Genes(GenesCommand::Add(panel.genes.clone())));
            }
            panel_buttons(ui, panel, own, out);
            ui.label(RichText::new(format!("{listed} of {} in the list", panel.genes.len())).color(c.weak));
        });
    });
}

fn panel_buttons(ui: &mut Ui, panel: &Panel, own: bool, out: &mut Vec<Command>) {
    let form = |original: Option<String>, name: String| PanelForm {
        original,
        name,
        source: panel.source.clone(),
        genes: panel.genes.join(", "),
    };
    if own {
        if ui.button("Edit...").clicked() {
            let form = form(Some(panel.name.clone()), panel.name.clone());
            out.push(Command::Show(Overlay::Panel(form)));
        }
        if ui.button("Delete").on_hover_text("Take this panel out of the project").clicked() {
            out.push(Command::Genes(GenesCommand::DeletePanel(panel.name.clone())));
        }
    } else {
        let edit = ui.button("Edit a copy...");
        if edit.on_hover_text("Built-in panels stay as they are; the copy is yours").clicked() {
            let copy = form(None, format!("My {}", panel.name));
            out.push(Command::Show(Overlay::Panel(copy)));
        }
    }
}
