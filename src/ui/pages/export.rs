//! The Export page: a figure, its preview, and tables.

use std::collections::HashMap;

use eframe::egui::{self, ComboBox, DragValue, RichText, ScrollArea, Ui, vec2};

use super::{Side, fit_form, scrolling, two_columns};
use crate::app::command::{Command, ExportCommand};
use crate::app::forms::ExportForm;
use crate::app::genes::{Fit, GeneQuery, typed_genes};
use crate::app::paths::{PathPurpose, PathRequest};
use crate::app::project::OpenProject;
use crate::app::state::App;
use crate::core::display::PaneKind;
use crate::core::file_names::safe_stem;
use crate::core::text::counted;
use crate::figures::{Format, PanelLetters, Preset};
use crate::jobs::figure::FigurePlot;
use crate::jobs::request::Request;
use crate::ui::export::PreviewTexture;
use crate::ui::theme::{colors, gene};
use crate::ui::wheel;
use crate::ui::widgets::{Tone, banner, card, entered, field, line_edit, mini, name, primary, remark};

const RIGHT: f32 = 360.0;
const LABEL: f32 = 90.0;
/// Genes offered while searching.
const OFFERED: usize = 8;

/// Draws the page.
pub fn show(ui: &mut Ui, app: &App, texture: &mut PreviewTexture, out: &mut Vec<Command>) {
    let Some(open) = &app.open else { return };
    scrolling(ui, "export page", |ui| {
        two_columns(ui, RIGHT, |ui, side| match side {
            Side::Left => {
                save(ui, app, open, out);
                preview(ui, app, texture, out);
            }
            Side::Right => form(ui, app, open, out),
        });
    });
}

fn preview(ui: &mut Ui, app: &App, texture: &mut PreviewTexture, out: &mut Vec<Command>) {
    card(ui, "Preview", |ui| {
        let is_preview = |r: &Request| matches!(r, Request::Preview { .. });
        let (drawing, waiting) = (app.work.any(is_preview), app.work.waits(is_preview));
        match &app.preview.image {
            Some(Ok(image)) => {
                let handle = texture.of(ui.ctx(), image);
                let width = ui.available_width();
                let size = vec2(width, width * image.height as f32 / image.width.max(1) as f32);
                let tint = if drawing { egui::Color32::from_white_alpha(120) } else { egui::Color32::WHITE };
                let shown = ui
                    .add(egui::Image::new((handle.id(), size)).tint(tint).alt_text("Preview of the figure"));
                name(&shown, "Preview of the figure");
                let left_out = match app.rows_beyond_preview() {
                    0 => String::new(),
                    n => format!(" {} more not shown here.", counted(n, "row")),
                };
                if !image.not_allowed.is_empty() {
                    banner(ui, Tone::Warning, image.not_allowed.join("\n"));
                }
                ui.horizontal(|ui| {
                    remark(ui, format!("Preview at reduced resolution.{left_out}"));
                    let copy = mini(ui, "Copy caption");
                    if copy.on_hover_text(&image.caption).clicked() {
                        out.push(Command::Copy(image.caption.clone()));
                    }
                });
            }
            Some(Err((headline, causes))) => {
                banner(
                    ui,
                    Tone::Error,
                    [std::slice::from_ref(headline), causes.as_slice()].concat().join("\n"),
                );
            }
            None if drawing => {
                ui.horizontal(|ui| {
                    ui.spinner();
                    ui.label(if waiting {
                        "Waiting for another job to finish"
                    } else {
                        "Drawing the preview"
                    });
                });
            }
            None => {
                remark(ui, "Choose at least one gene, section and pane.");
            }
        }
    });
}

fn form(ui: &mut Ui, app: &App, open: &OpenProject, out: &mut Vec<Command>) {
    card(ui, "Figure", |ui| {
        let form = &app.forms.export;
        let mut next = form.clone();
        genes(ui, app, open, &mut next);
        ui.separator();
        sections(ui, app, open, &mut next);
        ui.separator();
        panes(ui, app, open, &mut next);
        ui.separator();
        plots(ui, app, open, &mut next);
        ui.separator();
        measures(ui, &mut next);
        if next != *form {
            out.push(Command::Export(ExportCommand::Edit(next)));
        }
    });
}

fn genes(ui: &mut Ui, app: &App, open: &OpenProject, form: &mut ExportForm) {
    let c = colors(ui);
    ui.label("Genes, one row each");
    let shown = app.export_genes(open);
    let chosen = !form.genes.is_empty();
    ui.horizontal_wrapped(|ui| {
        for g in &shown {
            let button = egui::Button::new(gene(format!("{g}  \u{00D7}"))).small().min_size(vec2(0.0, 22.0));
            if chosen {
                if ui.add(button).on_hover_text(format!("Remove {g} from the figure")).clicked() {
                    form.genes.retain(|x| x != g);
                }
            } else {
                ui.label(gene(g.as_str()));
                ui.label(RichText::new("(until you add others)").color(c.weak));
            }
        }
    });
    gene_field(ui, app, open, form);
    ComboBox::from_id_salt("export panel").selected_text("Add a panel").width(160.0).show_ui(ui, |ui| {
        for panel in app.panels() {
            let fit: Vec<String> = panel
                .genes
                .iter()
                .filter(|g| open.genes().contains(g) && !form.genes.contains(g))
                .cloned()
                .collect();
            let text = format!("{} ({} genes)", panel.name, fit.len());
            if ui.add_enabled(!fit.is_empty(), egui::Button::new(text).frame_when_inactive(false)).clicked() {
                form.genes.extend(fit);
                ui.close();
            }
        }
    });
    if form.genes.len() > 1 && mini(ui, "Clear the genes").clicked() {
        form.genes.clear();
    }
}

/// The field to add a gene to the figure, or several that are pasted.
fn gene_field(ui: &mut Ui, app: &App, open: &OpenProject, form: &mut ExportForm) {
    let id = ui.make_persistent_id("export gene search");
    let everywhere_id = ui.make_persistent_id("export gene search everywhere");
    let mut search = ui.data(|d| d.get_temp::<String>(id)).unwrap_or_default();
    let mut everywhere = ui.data(|d| d.get_temp::<bool>(everywhere_id)).unwrap_or_default();
    let typed = ui.add(line_edit(&mut search).hint_text("Add a gene").desired_width(f32::INFINITY));
    name(&typed, "Add a gene to the figure");
    let measured = open.measured_genes();
    let query = GeneQuery::typed(&search, measured);
    everywhere &= !query.is_empty();
    if !query.is_empty() {
        let run = app.export_run(open);
        let known = run.map_or(open.genes(), |run| &run.config.genes);
        let fitting = |genes: &[String]| -> Vec<(Fit, String)> {
            let new = genes.iter().filter(|g| !form.genes.contains(g));
            let mut found: Vec<(Fit, String)> =
                new.filter_map(|g| Some((query.fit(g)?, g.clone()))).collect();
            found.sort_by_key(|(fit, _)| *fit);
            found
        };
        let mut found = fitting(known);
        // A pasted list is taken whole; what the run does not predict is shown as it was measured.
        if everywhere || query.is_list() {
            let more = fitting(measured.names()).into_iter().filter(|(_, g)| !known.contains(g));
            found.extend(more.filter(|(fit, _)| everywhere || *fit == Fit::Exact));
        }
        if query.is_list() {
            // The rows of the figure come as they were typed.
            let typed = measured.understood(&typed_genes(&search, measured));
            let place: HashMap<&str, usize> =
                typed.iter().enumerate().map(|(i, g)| (g.as_str(), i)).collect();
            found.sort_by_key(|(_, gene)| place.get(gene.as_str()).copied().unwrap_or(usize::MAX));
        }
        let unanswered = query.unanswered(|one| {
            let more = measured.names().iter().filter(|_| everywhere);
            known.iter().chain(more).filter_map(|g| one.fit(g)).min()
        });
        if found.is_empty() && unanswered.is_empty() {
            remark(ui, "These genes are in the figure already.");
        } else if !unanswered.is_empty() {
            let place = if everywhere { "among all measured genes" } else { "among the genes of the model" };
            remark(ui, format!("No match for {} {place}.", unanswered.join(", ")));
        }
        if !everywhere && mini(ui, "Search all measured genes").clicked() {
            everywhere = true;
        }
        let enter = entered(ui, &typed);
        let mut add: Vec<String> = Vec::new();
        if query.is_list() && !found.is_empty() {
            let text = format!("Add {}", counted(found.len(), "gene"));
            if mini(ui, text).on_hover_text("Add all of these to the figure").clicked() || enter {
                add = found.iter().map(|(_, g)| g.clone()).collect();
            }
        } else if enter {
            add.extend(found.first().map(|(_, g)| g.clone()));
        }
        ui.horizontal_wrapped(|ui| {
            for (_, g) in found.iter().take(OFFERED) {
                let button = egui::Button::new(gene(g.as_str())).small().min_size(vec2(0.0, 22.0));
                if ui.add(button).clicked() {
                    add.push(g.clone());
                }
            }
        });
        if !add.is_empty() {
            form.genes.extend(add);
            search.clear();
        }
    }
    ui.data_mut(|d| {
        d.insert_temp(id, search);
        d.insert_temp(everywhere_id, everywhere);
    });
}

fn sections(ui: &mut Ui, app: &App, open: &OpenProject, form: &mut ExportForm) {
    let shown = app.export_sections(open);
    let all: Vec<String> = open.viewable().map(|s| s.name.clone()).collect();
    ui.horizontal(|ui| {
        ui.label("Sections");
        if all.len() > 2 {
            if mini(ui, "All").on_hover_text("Tick all sections").clicked() {
                form.sections = all.clone();
            }
            if mini(ui, "First").on_hover_text("Tick only the first section").clicked() {
                form.sections = all.first().cloned().into_iter().collect();
            }
        }
    });
    let area = ScrollArea::vertical()
        .id_salt("export sections")
        .max_height(120.0)
        .min_scrolled_height(120.0)
        .auto_shrink([false, true]);
    wheel::list(ui, "export sections", area, |area, ui| {
        area.show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                for section in open.viewable() {
                    let mut on = shown.contains(&section.name);
                    if ui.checkbox(&mut on, section.name.as_str()).changed() {
                        form.sections = shown.iter().filter(|s| **s != section.name).cloned().collect();
                        if on {
                            form.sections.push(section.name.clone());
                        }
                    }
                }
            });
        })
    });
}

fn panes(ui: &mut Ui, app: &App, open: &OpenProject, form: &mut ExportForm) {
    ui.label("Panes, from left to right");
    let run = app.export_run(open);
    ui.horizontal_wrapped(|ui| {
        let (shown, is_measured) = (app.export_panes(open), app.exports_measured(open));
        for pane in PaneKind::ALL.into_iter().filter(|pane| is_measured || !pane.needs_measurement()) {
            let mut on = shown.contains(&pane);
            let possible = run.is_some() || !pane.needs_prediction();
            let text = "This needs a trained model.";
            let checkbox = ui.add_enabled(possible, egui::Checkbox::new(&mut on, pane.name()));
            if checkbox.on_disabled_hover_text(text).changed() {
                form.panes.clone_from(&shown);
                form.panes.retain(|p| *p != pane);
                if on {
                    form.panes.push(pane);
                    form.panes.sort();
                }
            }
        }
    });
    if let Some(run) = run {
        field(ui, "Predicted by", LABEL, |ui| {
            ComboBox::from_id_salt("export run")
                .selected_text(if form.run.is_none() { format!("Automatic: {}", run.id) } else { run.id.clone() })
                .width(fit_form::CONTROL)
                .truncate()
                .show_ui(ui, |ui| {
                    let hover = "The newest run that held the first section of the figure out from training, and the newest \
                                 model where no run did";
                    ui.selectable_value(&mut form.run, None, "Automatic").on_hover_text(hover);
                    for run in open.runs.list.iter().filter(|r| r.complete) {
                        ui.selectable_value(&mut form.run, Some(run.id.clone()), &run.id);
                    }
                });
        });
    } else {
        remark(ui, "No model is trained yet, so only the H&E image and measured maps can be shown.");
    }
    remark(ui, "Colours, limits and spot size are those of the Explore page.");
}

/// Plots that the figure has beside its maps.
fn plots(ui: &mut Ui, app: &App, open: &OpenProject, form: &mut ExportForm) {
    ui.label("Plots beside the maps");
    let (has_run, has_comparison) =
        (app.export_run(open).is_some(), app.explore.comparing().shared().is_some());
    ui.horizontal_wrapped(|ui| {
        for plot in FigurePlot::ALL {
            let missing = match plot {
                _ if plot.needs_run() && !has_run => Some("This needs a trained model."),
                _ if plot.needs_comparison() && !has_comparison => {
                    Some("Compare two groups of spots on the Explore page first.")
                }
                _ => None,
            };
            let mut on = form.plots.contains(&plot) && missing.is_none();
            let checkbox = ui.add_enabled(missing.is_none(), egui::Checkbox::new(&mut on, plot.name()));
            if checkbox.on_disabled_hover_text(missing.unwrap_or_default()).changed() {
                form.plots.retain(|p| *p != plot);
                if on {
                    form.plots.push(plot);
                }
            }
        }
    });
}

fn measures(ui: &mut Ui, form: &mut ExportForm) {
    field(ui, "Set for", LABEL, |ui| {
        let text = |preset: Option<Preset>| preset.map_or("anything", Preset::name);
        let mut chosen = form.preset;
        let combo = ComboBox::from_id_salt("preset").selected_text(text(form.preset)).width(150.0);
        let shown = combo.show_ui(ui, |ui| {
            for preset in std::iter::once(None).chain(Preset::ALL.map(Some)) {
                ui.selectable_value(&mut chosen, preset, text(preset));
            }
        });
        name(&shown.response, "What the figure is set for");
        if chosen != form.preset {
            form.set_preset(chosen);
        }
    });
    field(ui, "Width", LABEL, |ui| {
        ui.add(DragValue::new(&mut form.width_mm).range(ExportForm::WIDTH_RANGE).speed(1.0).suffix(" mm"));
        let offered: Vec<(f64, &str)> = match form.preset {
            Some(preset) => preset.widths().iter().map(|w| (w.mm, w.name)).collect(),
            None => ExportForm::WIDTHS.to_vec(),
        };
        for (width, what) in offered {
            let text = format!("{width:.0}");
            if ui.selectable_label(form.width_mm == width, text).on_hover_text(what).clicked() {
                form.width_mm = width;
            }
        }
    });
    field(ui, "Resolution", LABEL, |ui| {
        ui.add(DragValue::new(&mut form.dpi).range(ExportForm::DPI_RANGE).speed(5.0).suffix(" dpi"));
        for dpi in ExportForm::DPI {
            if ui.selectable_label(form.dpi == dpi, format!("{dpi:.0}")).clicked() {
                form.dpi = dpi;
            }
        }
    });
    field(ui, "Format", LABEL, |ui| {
        for format in Format::ALL {
            ui.selectable_value(&mut form.format, format, format.name()).on_hover_text(format.description());
        }
    });
    field(ui, "Letters", LABEL, |ui| {
        for (letters, word) in [
            (PanelLetters::None, "none"),
            (PanelLetters::Rows, "at rows"),
            (PanelLetters::Panels, "at panels"),
        ] {
            ui.selectable_value(&mut form.letters, letters, word);
        }
    });
}

/// Names as part of the name of a file: all of a few, or how many `what` there are.
fn joined(names: &[String], what: &str) -> String {
    match names.len() {
        0..=3 => names.join("-"),
        n => format!("{n}-{what}"),
    }
}

fn save(ui: &mut Ui, app: &App, open: &OpenProject, out: &mut Vec<Command>) {
    card(ui, "Save", |ui| {
        ui.horizontal_wrapped(|ui| {
        let form = &app.forms.export;
        let (genes, sections) = (app.export_genes(open), app.export_sections(open));
        let shows = !form.panes.is_empty() || !app.export_plots(open).is_empty();
        let ready = !genes.is_empty() && !sections.is_empty() && shows;
        if primary(ui, ready, "Save the figure…").clicked() {
            let stem = safe_stem(&format!("{}-{}", joined(&sections, "sections"), joined(&genes, "genes")));
            let file = format!("{stem}.{}", form.format.extension());
            out.push(Command::Ask(PathRequest::new(PathPurpose::SaveFigure).named(file)));
        }
        let many = genes.len() * sections.len();
        let batch = ui.add_enabled(ready, egui::Button::new("Save each map as a file…"));
        let batch = batch.on_hover_text(format!("{many} in all: one per gene and section, into a folder"));
        if batch.clicked() {
            out.push(Command::Ask(PathRequest::new(PathPurpose::FigureFolder)));
        }
        let run = app.export_run(open);
        let report = ui.add_enabled(run.is_some(), egui::Button::new("Save report…"));
        let report = report.on_disabled_hover_text("This needs a trained model.");
        let name = run.map(|r| r.id.as_str()).unwrap_or_default();
        let hint = format!("Sections, scores, genes, maps and settings of {name}, as one PDF");
        if report.on_hover_text(hint).clicked() {
            let file = format!("{}-report.pdf", safe_stem(name));
            out.push(Command::Ask(PathRequest::new(PathPurpose::SaveRunReport).named(file)));
        }
        let can = run.is_some() && !sections.is_empty();
        let table = ui.add_enabled(can, egui::Button::new("Save predictions as CSV…"));
        let first = sections.first().cloned().unwrap_or_default();
        let table = table.on_disabled_hover_text("This needs a trained model.");
        if table.on_hover_text(format!("All genes at all spots of {first}")).clicked() {
            out.push(Command::Ask(
                PathRequest::new(PathPurpose::SavePredictions)
                    .named(format!("{}-predictions.csv", safe_stem(&first))),
            ));
        }
        let anndata = ui.add_enabled(can, egui::Button::new("Save predictions for scanpy…"));
        let hover = "All genes at all spots of the ticked sections, as AnnData (.h5ad): predicted, measured and uncertainty";
        let anndata = anndata.on_disabled_hover_text("This needs a trained model.");
        if anndata.on_hover_text(hover).clicked() {
            let file = format!("{}-predictions.h5ad", safe_stem(&joined(&sections, "sections")));
            out.push(Command::Ask(PathRequest::new(PathPurpose::SavePredictionsAnnData).named(file)));
        }
        if let Some((run, slides)) = app.slides_to_predict(open) {
            let button = ui.button("Predict all slides…");
            let hint = format!(
                "{} without measurements by {}: all genes, one AnnData file (.h5ad) each, into a folder",
                counted(slides.len(), "slide"),
                run.id
            );
            if button.on_hover_text(hint).clicked() {
                out.push(Command::Ask(PathRequest::new(PathPurpose::SlidesFolder)));
            }
        }
    })
    });
}
