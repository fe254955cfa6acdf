//! Choosing genes: highly variable ones, a list from a file, panels.

use std::collections::HashSet;

use eframe::egui::{self, ComboBox, DragValue, RichText, ScrollArea, TextStyle, Ui};

use super::left_out;
use crate::app::command::{Command, GenesCommand, Overlay, PanelForm};
use crate::app::forms::HvgForm;
use crate::app::genes::{GeneQuery, typed_genes};
use crate::app::paths::{PathPurpose, PathRequest};
use crate::app::project::OpenProject;
use crate::app::state::App;
use crate::app::terms::Term;
use crate::core::text::{counted, upper_first};
use crate::data::aliases;
use crate::data::panels::GenePanel;
use crate::jobs::request::Request;
use crate::preprocess::hvg::Combine;
use crate::ui::gene_names;
use crate::ui::theme::{colors, gene, strong};
use crate::ui::wheel;
use crate::ui::widgets::{
    Tone, banner, card, entered, field, line_edit, mini, name, primary, remark, thousands,
};

const LABEL: f32 = 150.0;
const CONTROL: f32 = 190.0;
/// Genes that a search of all measured genes shows at most.
const MAX_FOUND: usize = 500;

/// Draws the card.
pub fn show(ui: &mut Ui, app: &App, open: &OpenProject, out: &mut Vec<Command>) {
    card(ui, "Genes", |ui| {
        let genes = open.genes();
        let c = colors(ui);
        if genes.is_empty() {
            let text = "No genes are chosen yet. Select highly variable ones, load a list, or add a panel.";
            banner(ui, Tone::Note, text);
        } else {
            ui.horizontal_wrapped(|ui| {
                let count = if genes.len() == 1 {
                    "1 gene".to_owned()
                } else {
                    format!("{} genes", thousands(genes.len() as f64))
                };
                ui.label(strong(count).size(15.0));
                let how = open.doc().selection.as_ref().map(|s| s.how.to_string()).unwrap_or_default();
                ui.label(RichText::new(how).color(c.weak));
            });
        }
        of_runs(ui, open, out);
        add_field(ui, app, open, out);
        if !genes.is_empty() {
            list(ui, open, out);
            left_out::show(ui, open, out);
            left_out::renamed(ui, open);
        }
        let some = !genes.is_empty();
        ui.horizontal_wrapped(|ui| {
            if ui.button("Load a list…").on_hover_text("A text or CSV file with gene names").clicked() {
                out.push(Command::Ask(PathRequest::new(PathPurpose::LoadGenes)));
            }
            if ui.add_enabled(some, egui::Button::new("Save the list…")).clicked() {
                out.push(Command::Ask(PathRequest::new(PathPurpose::SaveGenes).named("genes.txt")));
            }
            if ui.add_enabled(some, egui::Button::new("Clear")).on_hover_text("Clear the gene list").clicked()
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

/// The genes of a run that are not those of the list: one made by the command line, say.
fn of_runs(ui: &mut Ui, open: &OpenProject, out: &mut Vec<Command>) {
    let Some(run) = open.runs.with_other_genes(&[open.genes(), &open.gene_choice().used]) else { return };
    let count = counted(run.config.genes.len(), "gene");
    if open.genes().is_empty() {
        let text =
            format!("{} was trained on {count}, and the project has no gene list yet.", upper_first(&run.id));
        banner(ui, Tone::Note, text);
    } else {
        remark(
            ui,
            format!("{} was trained on {count}, which are not those of the list.", upper_first(&run.id)),
        );
    }
    let hover = format!("Make the {count} of {} the gene list of the project", run.id);
    if ui.button("Use the genes of this run").on_hover_text(hover).clicked() {
        out.push(Command::Genes(GenesCommand::UseOfRun(run.id.clone())));
    }
}

/// Text that a field keeps from frame to frame.
fn kept_text(ui: &Ui, what: &str) -> (egui::Id, String) {
    let id = ui.make_persistent_id(what);
    let text = ui.data(|d| d.get_temp::<String>(id)).unwrap_or_default();
    (id, text)
}

/// The field to add one gene, or several that are pasted.
fn add_field(ui: &mut Ui, app: &App, open: &OpenProject, out: &mut Vec<Command>) {
    let (id, mut text) = kept_text(ui, "genes to add");
    let mut sent = false;
    ui.horizontal(|ui| {
        let room = ui.available_width() - 76.0;
        let hint = "Add genes: ERBB2, ESR1, Ki-67 …";
        let typed = ui.add(line_edit(&mut text).hint_text(hint).desired_width(room));
        name(&typed, "Add genes");
        let enter = entered(ui, &typed);
        let ready = !text.trim().is_empty();
        let add = ui.add_enabled(ready, egui::Button::new("Add"));
        name(&add, "Add these genes to the gene list");
        sent = ready && (enter || add.clicked());
    });
    if !text.trim().is_empty() {
        told(ui, app, open, &text);
    }
    if sent {
        out.push(Command::Genes(GenesCommand::AddTyped(std::mem::take(&mut text))));
    }
    ui.data_mut(|d| d.insert_temp(id, text));
}

/// What is meant by the names that are typed, where that is another name or no gene at all.
fn told(ui: &mut Ui, app: &App, open: &OpenProject, text: &str) {
    let measured = open.measured_genes();
    if measured.is_empty() {
        return;
    }
    let typed = typed_genes(text, measured);
    let mut listed = gene_names::understood(ui, &typed, measured);
    listed.retain(|gene| app.is_listed(gene));
    if !listed.is_empty() {
        remark(ui, format!("In the list already: {}.", listed.join(", ")));
    }
    gene_names::unknown(ui, &typed, measured);
}

/// The list with a search, which can go on to all measured genes.
fn list(ui: &mut Ui, open: &OpenProject, out: &mut Vec<Command>) {
    let genes = open.genes();
    let (id, mut search) = kept_text(ui, "gene list search");
    let everywhere_id = ui.make_persistent_id("gene list search everywhere");
    let mut everywhere = ui.data(|d| d.get_temp::<bool>(everywhere_id)).unwrap_or_default();
    egui::CollapsingHeader::new("Show the list").id_salt("gene list").show(ui, |ui| {
        let typed = line_edit(&mut search).hint_text("Search").desired_width(f32::INFINITY);
        let typed = ui.add(typed);
        name(&typed, "Search the gene list");
        let query = GeneQuery::typed(&search, open.measured_genes());
        everywhere &= !query.is_empty();
        let found: Vec<&String> = genes.iter().filter(|g| query.fit(g).is_some()).collect();
        let more: Vec<&String> = if everywhere {
            let all = open.measured_genes().names().iter();
            all.filter(|g| query.fit(g).is_some() && !genes.contains(g)).take(MAX_FOUND).collect()
        } else {
            Vec::new()
        };
        if found.is_empty() && more.is_empty() {
            let place = if everywhere { "among all measured genes" } else { "in the gene list" };
            remark(ui, format!("No match for \"{}\" {place}.", search.trim()));
        }
        if !query.is_empty() && !everywhere && mini(ui, "Search all measured genes").clicked() {
            everywhere = true;
        }
        let rows: Vec<(&String, bool)> =
            found.into_iter().map(|g| (g, true)).chain(more.into_iter().map(|g| (g, false))).collect();
        let area =
            ScrollArea::vertical().min_scrolled_height(180.0).max_height(180.0).auto_shrink([false, true]);
        wheel::list(ui, "gene list", area, |area, ui| {
            area.show_rows(ui, 18.0, rows.len(), |ui, at| {
                for (g, listed) in rows.get(at).unwrap_or_default() {
                    ui.horizontal(|ui| {
                        ui.set_height(18.0);
                        if *listed {
                            let remove = mini(ui, "Remove");
                            if remove.on_hover_text(format!("Remove {g} from the list")).clicked() {
                                out.push(Command::Genes(GenesCommand::Remove(vec![(*g).clone()])));
                            }
                        } else {
                            let add = mini(ui, "Add");
                            name(&add, &format!("Add {g} to gene list"));
                            if add.clicked() {
                                out.push(Command::Genes(GenesCommand::Add(vec![(*g).clone()])));
                            }
                        }
                        ui.label(gene(g.as_str()));
                    });
                }
            })
        });
    });
    ui.data_mut(|d| {
        d.insert_temp(id, search);
        d.insert_temp(everywhere_id, everywhere);
    });
}

fn hvg(ui: &mut Ui, app: &App, open: &OpenProject, out: &mut Vec<Command>) {
    let form = &app.forms.hvg;
    let mut next = form.clone();
    let what = format!("{} Selected as scanpy's \"seurat\" flavour does.", Term::Hvg.sentence());
    ui.label(strong("Highly variable genes")).on_hover_text(what);
    field(ui, "Genes per section", LABEL, |ui| {
        ui.add(DragValue::new(&mut next.count).range(10..=10_000).speed(10));
    });
    field(ui, "Combine by", LABEL, |ui| {
        ComboBox::from_id_salt("combine").selected_text(combine_text(next.combine)).width(CONTROL).show_ui(
            ui,
            |ui| {
                for option in [Combine::Union, Combine::Intersection] {
                    ui.selectable_value(&mut next.combine, option, combine_text(option));
                }
            },
        );
    });
    field(ui, "Detected in at least", LABEL, |ui| {
        ui.add(DragValue::new(&mut next.min_percent).range(0.0..=100.0).speed(0.5).suffix(" % of spots"));
    });
    field(ui, "Always keep", LABEL, |ui| keep(ui, app, &mut next));
    keep_genes(ui, app, open, &mut next);
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
    if select.on_disabled_hover_text("No section with counts is ready yet.").clicked() {
        out.push(Command::Genes(GenesCommand::Select));
    }
    // Beneath the button, which would move while a name is typed.
    if !form.keep_genes.trim().is_empty() {
        told(ui, app, open, &form.keep_genes);
    }
    let text = "Genes are selected on all sections. For a strict test, select them on the training sections only and \
                load that list.";
    remark(ui, text);
}

/// Single genes that are kept, and whether those of the list are.
fn keep_genes(ui: &mut Ui, app: &App, open: &OpenProject, form: &mut HvgForm) {
    field(ui, "", LABEL, |ui| {
        let hint = "and genes: ERBB2, ESR1 …";
        let typed = ui.add(line_edit(&mut form.keep_genes).hint_text(hint).desired_width(CONTROL));
        name(&typed, "Genes to keep always");
    });
    if !open.genes().is_empty() {
        let mut kept = app.keeps_list();
        let text = match open.genes().len() {
            1 => "Keep the gene in the list".to_owned(),
            n => format!("Keep the {} in the list", counted(n, "gene")),
        };
        if ui.checkbox(&mut kept, text).changed() {
            form.keep_list = Some(kept);
        }
    }
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

fn panels(ui: &mut Ui, app: &App, open: &OpenProject, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.label(strong("Gene panels"));
        if mini(ui, "New panel…").clicked() {
            out.push(Command::Show(Overlay::Panel(PanelForm::default())));
        }
    });
    for panel in app.panels() {
        let own = open.doc().panels.iter().any(|p| p.name == panel.name);
        one_panel(ui, panel, own, open.genes(), out);
    }
}

fn one_panel(ui: &mut Ui, panel: &GenePanel, own: bool, genes: &[String], out: &mut Vec<Command>) {
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

fn panel_buttons(ui: &mut Ui, panel: &GenePanel, own: bool, out: &mut Vec<Command>) {
    let form = |original: Option<String>, name: String| PanelForm {
        original,
        name,
        source: panel.source.clone(),
        genes: panel.genes.join(", "),
    };
    if own {
        if ui.button("Edit…").clicked() {
            let form = form(Some(panel.name.clone()), panel.name.clone());
            out.push(Command::Show(Overlay::Panel(form)));
        }
        if ui.button("Delete").on_hover_text("Remove this panel from the project").clicked() {
            out.push(Command::Genes(GenesCommand::DeletePanel(panel.name.clone())));
        }
    } else {
        let edit = ui.button("Edit a copy…");
        if edit.on_hover_text("Built-in panels stay as they are; the copy is yours").clicked() {
            let copy = form(None, format!("My {}", panel.name));
            out.push(Command::Show(Overlay::Panel(copy)));
        }
    }
}
