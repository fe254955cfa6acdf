//! The table of sections.

use eframe::egui::{self, CollapsingHeader, Grid, RichText, ScrollArea, TextStyle, Ui};

use crate::app::command::{Command, Overlay, SectionCommand};
use crate::app::measure::MeasuredOn;
use crate::app::paths::{PathPurpose, PathRequest};
use crate::app::project::{OpenProject, SectionState, SectionView};
use crate::app::terms::Term;
use crate::data::candidates::kind_of;
use crate::data::section::{MppSource, Section, ValueKind, repeated};
use crate::ui::dialogs::measure;
use crate::ui::theme::colors;
use crate::ui::widgets::{Tone, banner, card, mini_button, remark, text_field, thousands};

/// Draws the card.
pub fn show(ui: &mut Ui, open: &OpenProject, out: &mut Vec<Command>) {
    card(ui, "Sections", |ui| {
        ui.horizontal_wrapped(|ui| {
            let add = ui.button("Add a folder…");
            let hover = "Space Ranger output, HEST, her2st, a folder of many samples, or one of H&E slides to predict on; \
                         nothing is added before you have seen what was found";
            if add.on_hover_text(hover).clicked() {
                out.push(Command::Ask(PathRequest::new(PathPurpose::AddFolder)));
            }
            let file = ui.button("Add a file…");
            let hover = "An AnnData file (.h5ad), an H&E slide to predict on, or any file of a sample: its folder is searched for the others";
            if file.on_hover_text(hover).clicked() {
                out.push(Command::Ask(PathRequest::new(PathPurpose::AddFile)));
            }
            let slides = ui.button("Add slides…");
            let hover = "H&E slides without measurements, one or many, to predict on";
            if slides.on_hover_text(hover).clicked() {
                out.push(Command::Ask(PathRequest::new(PathPurpose::AddSlides)));
            }
            let import = ui.button("Pair files…");
            let hover = "Pair a count table, a spot file and an image whose names follow no convention";
            if import.on_hover_text(hover).clicked() {
                out.push(Command::Show(Overlay::Import));
            }
        });
        ui.add_space(4.0);
        if open.doc().sections.is_empty() {
            let text = "There are no sections yet. Add a folder or a file, or drop them on the window.";
            banner(ui, Tone::Note, text);
            return;
        }
        ScrollArea::horizontal().id_salt("sections").auto_shrink([false, true]).show(ui, |ui| {
            table(ui, open, out);
            ui.add_space(4.0);
        });
        for section in open.sections() {
            problems(ui, &section, out);
        }
        for repeated in repeated(open.ready().map(AsRef::as_ref)) {
            banner(ui, Tone::Warning, repeated);
        }
        remarks(ui, open);
        if open.doc().sections.iter().filter(|s| s.is_measured()).count() > 1 && open.patients().is_none() {
            let text = "Sections from the same patient resemble each other. Enter the patient of every section so that \
                        cross-validation can hold out whole patients.";
            remark(ui, text);
        }
    });
}

fn head(ui: &mut Ui, text: &str, hover: &str) {
    let c = colors(ui);
    ui.label(RichText::new(text).text_style(TextStyle::Small).color(c.weak)).on_hover_text(hover);
}

fn table(ui: &mut Ui, open: &OpenProject, out: &mut Vec<Command>) {
    Grid::new("section table").num_columns(10).spacing([14.0, 6.0]).show(ui, |ui| {
        head(ui, "Name", "Click to rename");
        head(ui, "Patient", "The donor; blank if unknown");
        head(ui, "Kind", "Detected format");
        head(ui, "Spots", "Spots that have both counts and a place on the tissue");
        head(ui, "Genes", "Genes in the count table");
        head(ui, "Counts", &format!("All counts of the section. UMI: {}", Term::Umi.sentence()));
        head(
            ui,
            "\u{00B5}m/px",
            "Image resolution (mpp) in micrometres per pixel. Leave blank to infer it from the spot spacing.",
        );
        head(ui, "Image", "Width and height in pixels");
        head(ui, "Labels", "How many of its spots have a label, such as a pathologist's");
        ui.label("");
        ui.end_row();
        for section in open.sections() {
            row(ui, &section, out);
            ui.end_row();
        }
    });
}

fn row(ui: &mut Ui, view: &SectionView, out: &mut Vec<Command>) {
    let c = colors(ui);
    let entry = view.entry;
    let name = &entry.name;
    if let Some(new) =
        text_field(ui, ("name", entry.source.counts()), &format!("Name of {name}"), name, 178.0)
    {
        out.push(Command::Section(SectionCommand::Rename { section: name.clone(), name: new }));
    }
    let patient = entry.patient.as_deref().unwrap_or("");
    if let Some(new) =
        text_field(ui, ("patient", entry.source.counts()), &format!("Patient of {name}"), patient, 84.0)
    {
        out.push(Command::Section(SectionCommand::SetPatient { section: name.clone(), patient: new }));
    }
    ui.label(kind_of(entry));
    match view.state {
        SectionState::Ready(read) => facts(ui, view, &read.section, read.umis, out),
        SectionState::Loading => {
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label(RichText::new("reading").color(c.weak));
            });
            skip(ui, 5);
        }
        SectionState::Failed(..) => {
            ui.label(RichText::new("not read").color(c.bad));
            skip(ui, 5);
        }
        SectionState::Missing(_) => {
            ui.label(RichText::new("file missing").color(c.fair));
            skip(ui, 5);
        }
    }
    let remove = mini_button("Remove").frame_when_inactive(false);
    let remove = ui.add(remove).on_hover_text(format!("Remove {name} from the project (files are kept)"));
    crate::ui::widgets::name(&remove, &format!("Remove {name}"));
    if remove.clicked() {
        out.push(Command::Section(SectionCommand::Remove(name.clone())));
    }
}

fn skip(ui: &mut Ui, cells: usize) {
    for _ in 0..cells {
        ui.label("");
    }
}

fn facts(ui: &mut Ui, view: &SectionView, section: &Section, umis: f64, out: &mut Vec<Command>) {
    let c = colors(ui);
    let name = &view.entry.name;
    if section.is_measured() {
        ui.label(thousands(section.spots.len() as f64));
        ui.label(thousands(section.genes.len() as f64));
    } else {
        let places = RichText::new(format!("{} places", thousands(section.spots.len() as f64))).color(c.weak);
        ui.label(places).on_hover_text(
            "Nothing was measured on this slide. Gene expression is predicted at these places.",
        );
        ui.label("");
    }
    if !section.is_measured() {
        ui.label("");
    } else if section.values == ValueKind::Counts {
        ui.label(thousands(umis));
    } else {
        let hover = "The values of this file are not counts; they are treated as already normalised";
        ui.label(RichText::new("normalised").color(c.weak)).on_hover_text(hover);
    }
    let mpp = format!("{:.3}", section.mpp.0);
    let (mark, source) = match section.mpp_source {
        MppSource::SpotPitch => ("inferred", "Inferred from the distance between spots"),
        MppSource::File => ("from file", "Read from the image file"),
        MppSource::User if !section.is_measured() => ("set", "Entered by you"),
        MppSource::User => ("set", "Entered by you; leave the field blank to infer it again"),
    };
    ui.horizontal(|ui| {
        let label = format!("Micrometres per pixel of {name}");
        if let Some(text) = text_field(ui, ("mpp", view.entry.source.counts()), &label, &mpp, 64.0) {
            out.push(Command::Section(SectionCommand::EnterMpp { section: name.clone(), text }));
        }
        ui.label(RichText::new(mark).text_style(TextStyle::Small).color(c.weak)).on_hover_text(source);
        if !section.is_measured() && section.mpp_source != MppSource::File {
            let label = format!("Measure the resolution of {name}");
            measure::button(ui, MeasuredOn::Section(name.clone()), view.entry, &label, out);
        }
    });
    let (width, height) = section.slide_size;
    ui.horizontal(|ui| {
        if !section.has_image() {
            let button = ui.add(mini_button("Choose…"));
            let hover = "There is no slide image, so this section takes no part in training and prediction. Choose the \
                         full-resolution slide that its spots refer to.";
            crate::ui::widgets::name(&button, &format!("Slide image of {name}"));
            if button.on_hover_text(hover).clicked() {
                out.push(Command::Ask(PathRequest::new(PathPurpose::FullSlide { section: name.clone() })));
            }
            return;
        }
        ui.label(format!("{} \u{00D7} {}", thousands(f64::from(width)), thousands(f64::from(height))));
        if view.entry.image_scale.is_some() {
            let button = ui.add(mini_button("Full slide…"));
            let hover = "This is a small image of the slide; choose the full-resolution slide that its spots refer to";
            crate::ui::widgets::name(&button, &format!("Full-resolution slide of {name}"));
            if button.on_hover_text(hover).clicked() {
                out.push(Command::Ask(PathRequest::new(PathPurpose::FullSlide { section: name.clone() })));
            }
        }
    });
    if section.is_measured() {
        labels(ui, view, section, out);
    } else {
        ui.label("");
    }
}

/// Chooses labels for a section, or takes them away.
fn labels(ui: &mut Ui, view: &SectionView, section: &Section, out: &mut Vec<Command>) {
    let name = &view.entry.name;
    let ask = || Command::Ask(PathRequest::new(PathPurpose::SectionLabels { section: name.clone() }));
    let response = match &section.labels {
        None => {
            let button = ui.add(mini_button("Add…"));
            if button.clicked() {
                out.push(ask());
            }
            button
        }
        Some(labels) => {
            let count = labels.iter().flatten().count();
            let button = mini_button(thousands(count as f64));
            let (response, _) = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
                if ui.button("Replace…").clicked() {
                    out.push(ask());
                }
                if ui.button("Remove labels").clicked() {
                    out.push(Command::Section(SectionCommand::RemoveLabels(name.clone())));
                }
            });
            response
        }
    };
    crate::ui::widgets::name(&response, &format!("Labels of {name}"));
    response.on_hover_text(labels_hover(view));
}

/// Where the labels of a section come from, and what the button does.
fn labels_hover(view: &SectionView) -> String {
    let from = match (&view.entry.labels, &view.entry.label_column) {
        (Some(file), _) => {
            format!("From {}. ", file.file_name().unwrap_or_default().to_string_lossy())
        }
        (None, Some(column)) => format!("From the column {column} of the file. "),
        (None, None) => String::new(),
    };
    format!("{from}Choose a table of spots and labels, or regions drawn in QuPath (GeoJSON).")
}

/// A resolution that the distance between the spots contradicts is asked about.
fn ask_for_mpp(ui: &mut Ui, view: &SectionView, section: &Section, out: &mut Vec<Command>) {
    let Some(by_spots) = section.contradicting_mpp().filter(|_| !view.entry.mpp_confirmed) else { return };
    let name = &view.entry.name;
    let doubt = section.mpp_doubt().unwrap_or_default();
    banner(ui, Tone::Warning, format!("{name}: {doubt}. Which is right?"));
    ui.horizontal(|ui| {
        let keep = ui.button(format!("Keep {:.3} \u{00B5}m/px", section.mpp.0));
        crate::ui::widgets::name(&keep, &format!("Keep {:.3} for {name}", section.mpp.0));
        if keep.clicked() {
            out.push(Command::Section(SectionCommand::ConfirmMpp { section: name.clone() }));
        }
        let other = ui.button(format!("Use {:.3} \u{00B5}m/px", by_spots.0));
        crate::ui::widgets::name(&other, &format!("Use {:.3} for {name}", by_spots.0));
        if other.on_hover_text("From the distance between the spots").clicked() {
            let mpp = Some(by_spots.0);
            out.push(Command::Section(SectionCommand::SetMpp { section: name.clone(), mpp }));
        }
    });
}

/// What is wrong with a section, beneath the table, with what can be done about it.
fn problems(ui: &mut Ui, view: &SectionView, out: &mut Vec<Command>) {
    let name = &view.entry.name;
    match view.state {
        SectionState::Missing(missing) => {
            for file in missing {
                banner(ui, Tone::Warning, format!("{file}."));
                if ui.button(format!("Find the {} of {name}…", file.role)).clicked() {
                    let purpose = PathPurpose::Relocate { section: name.clone(), role: file.role };
                    out.push(Command::Ask(PathRequest::new(purpose)));
                }
            }
        }
        SectionState::Failed(headline, causes) => {
            let text = [std::slice::from_ref(headline), causes.as_slice()].concat().join("\n");
            banner(ui, Tone::Error, format!("{name}: {text}"));
            if ui.button(format!("Reload {name}")).clicked() {
                out.push(Command::Section(SectionCommand::Retry(name.clone())));
            }
        }
        SectionState::Ready(read) => ask_for_mpp(ui, view, &read.section, out),
        SectionState::Loading => {}
    }
}

/// A note of the reader as a sentence of its own.
fn sentence(note: &str) -> String {
    let end = if note.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{note}{end}")
}

/// What the reader remarked; many remarks are put away under their number.
fn remarks(ui: &mut Ui, open: &OpenProject) {
    const SHOWN: usize = 4;
    // The reader names the section itself.
    let notes: Vec<&str> = open.sections().flat_map(|s| s.notes).map(String::as_str).collect();
    let all = |ui: &mut Ui| {
        for note in &notes {
            remark(ui, sentence(note));
        }
    };
    if notes.len() <= SHOWN {
        all(ui);
    } else {
        let head = format!("{} notes about the files", notes.len());
        CollapsingHeader::new(head).id_salt("remarks").show(ui, all);
    }
}
