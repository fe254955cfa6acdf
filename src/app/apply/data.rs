//! Sections, genes and image features.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Instant;

use crate::app::command::{Command, FeaturesCommand, GenesCommand, Overlay, PanelForm, SectionCommand};
use crate::app::genes::{parse_genes, with_genes};
use crate::app::history::History;
use crate::app::import::ImportRow;
use crate::app::samples::SamplesForm;
use crate::app::state::App;
use crate::app::work::Request;
use crate::core::geometry::Mpp;
use crate::data::aliases;
use crate::data::candidates::Candidate;
use crate::data::panels::Panel;
use crate::data::project::{GeneSelection, ProjectError, SectionEntry};
use crate::data::st::names::{counted, quoted};

impl App {
    pub(super) fn apply_section(&mut self, command: SectionCommand) {
        match command {
            SectionCommand::Find(paths) => self.import_files(paths),
            SectionCommand::EditSamples(form) => self.edit_samples(form),
            SectionCommand::AddSamples => self.add_samples(),
            SectionCommand::EditImport(form) => self.forms.import = form,
            SectionCommand::Import => self.import(),
            SectionCommand::Retry(name) => {
                if let Some(open) = &mut self.open {
                    open.forget(&name);
                }
            }
            SectionCommand::Rename { section, name } => {
                let what = format!("Rename {section} to {name}");
                // Without models nobody knows it under its old name.
                let unknown = self.open.as_ref().is_some_and(|o| o.runs.are_none());
                self.edit_sections(&what, |doc| {
                    doc.rename(&section, &name)?;
                    if let Some(entry) = doc.section_mut(&name).filter(|_| unknown) {
                        entry.formerly.clear();
                    }
                    Ok(())
                });
            }
            SectionCommand::SetPatient { section, patient } => {
                let patient = (!patient.is_empty()).then_some(patient);
                self.edit_sections(&format!("Patient of {section}"), |doc| {
                    if let Some(entry) = doc.section_mut(&section) {
                        entry.patient = patient;
                    }
                    Ok(())
                });
            }
            SectionCommand::SetMpp { section, mpp } => {
                if mpp.is_some_and(|mpp| !Mpp::PLAUSIBLE.contains(&mpp)) {
                    self.notices.error(
                        format!(
                            "The resolution of {section} must be between {} and {} micrometres per pixel",
                            Mpp::PLAUSIBLE.start(),
                            Mpp::PLAUSIBLE.end()
                        ),
                        Vec::new(),
                    );
                    return;
                }
                self.edit_sections(&format!("Resolution of {section}"), |doc| {
                    if let Some(entry) = doc.section_mut(&section) {
                        entry.mpp = mpp;
                        entry.mpp_confirmed = false;
                    }
                    Ok(())
                });
            }
            SectionCommand::EnterMpp { section, text } => {
                let text = text.trim();
                let mpp = if text.is_empty() { Ok(None) } else { text.replace(',', ".").parse().map(Some) };
                match mpp {
                    Ok(mpp) => self.apply_section(SectionCommand::SetMpp { section, mpp }),
                    Err(_) => self.notices.error(
                        format!(
                            "The resolution of {section} was not changed: {} is not a number. Enter micrometres per \
                             pixel, such as 0.5, or leave the field blank to infer it from the spots.",
                            quoted(text)
                        ),
                        Vec::new(),
                    ),
                }
            }
            SectionCommand::ConfirmMpp { section } => {
                self.edit_sections(&format!("Keep the resolution of {section}"), |doc| {
                    if let Some(entry) = doc.section_mut(&section) {
                        entry.mpp_confirmed = true;
                    }
                    Ok(())
                });
            }
            SectionCommand::SetLabels { section, path } => {
                self.edit_sections(&format!("Labels of {section}"), |doc| {
                    if let Some(entry) = doc.section_mut(&section) {
                        entry.labels = path;
                    }
                    Ok(())
                });
            }
            SectionCommand::UseFullSlide { section, path } => {
                self.edit_sections(&format!("Slide of {section}"), |doc| {
                    if let Some(entry) = doc.section_mut(&section) {
                        entry.image = path;
                        entry.image_scale = None;
                        // What was entered was of the other image.
                        entry.mpp = None;
                        entry.mpp_confirmed = false;
                    }
                    Ok(())
                });
            }
            SectionCommand::Remove(section) => {
                let removed = self.edit_sections(&format!("Remove {section}"), |doc| {
                    doc.remove(&section);
                    Ok(())
                });
                if removed {
                    self.notices.push(
                        crate::app::notices::Severity::Info,
                        format!("{section} was removed from the project; its files stay."),
                        Vec::new(),
                        Some(("Undo".to_owned(), Command::Undo)),
                    );
                }
            }
            SectionCommand::Relocate { section, role, path } => {
                let mut moved = 0;
                self.edit_sections(&format!("New place of the {role} of {section}"), |doc| {
                    moved = doc.relocate(&section, role, &path)?.len();
                    Ok(())
                });
                if moved > 1 {
                    self.notices.done(format!("Found {moved} files in their new place."));
                }
            }
        }
    }

    /// An edit of the sections that may be refused. Returns whether anything changed.
    fn edit_sections(
        &mut self,
        what: &str,
        change: impl FnOnce(&mut crate::data::project::Project) -> Result<(), ProjectError>,
    ) -> bool {
        let Some(open) = &mut self.open else { return false };
        let mut refused = None;
        let changed = open.edit(what, None, |doc| {
            if let Err(error) = change(doc) {
                refused = Some(error.to_string());
            }
        });
        open.follow_names();
        self.follow_renames();
        if changed {
            // What is cached is known by the names of sections and by what they are read from.
            self.check_features();
        }
        if let Some(why) = refused {
            self.notices.error(why, Vec::new());
        }
        changed
    }

    /// Adds sections that were found or imported.
    pub(super) fn add_sections(&mut self, entries: Vec<SectionEntry>) {
        let found = entries.len();
        let mut added = 0;
        self.edit_sections("Add sections", |doc| {
            added = doc.add_new(entries)?.len();
            Ok(())
        });
        match (found, added) {
            (0, _) => {}
            (_, 0) => self.notices.info("These sections are in the project already."),
            (_, n) => self.notices.done(format!("{} added.", counted(n, "section"))),
        }
    }

    /// Changes the summary of what was found, so that the change can be taken back.
    fn edit_samples(&mut self, next: SamplesForm) {
        let what = self.forms.samples.edit_to(&next);
        let before = std::mem::replace(&mut self.forms.samples, next);
        if let Some(what) = what {
            self.forms.samples_history.record(what, before.rows, None, Instant::now());
        }
    }

    /// Shows what was found, to be looked at before it is added.
    pub(super) fn show_samples(&mut self, found: Vec<Candidate>, notes: Vec<String>) {
        self.forms.samples = match &self.open {
            Some(open) => SamplesForm::for_project(found, notes, open.doc()),
            None => SamplesForm::new(found, notes),
        };
        self.forms.samples_history = History::default();
        self.overlay = Some(Overlay::Samples);
    }

    fn add_samples(&mut self) {
        if let Some(problem) = self.forms.samples.problem() {
            self.notices.error(problem, Vec::new());
            return;
        }
        self.overlay = None;
        let form = std::mem::take(&mut self.forms.samples);
        self.forms.samples_history = History::default();
        self.add_sections(form.entries());
    }

    /// Looks what is in files and folders; what is found is shown before it is added.
    pub(super) fn import_files(&mut self, files: Vec<PathBuf>) {
        if self.open.is_none() {
            self.pending_import = files;
            self.apply(Command::Project(crate::app::command::ProjectCommand::NewEmpty));
            return;
        }
        self.work.start(Request::FindSamples(files));
    }

    fn import(&mut self) {
        let form = std::mem::take(&mut self.forms.import);
        if let Some(missing) = form.missing() {
            self.notices.error(missing, Vec::new());
            self.forms.import = form;
            return;
        }
        self.overlay = None;
        self.add_sections(form.rows.iter().filter_map(ImportRow::entry).collect());
    }

    pub(super) fn apply_genes(&mut self, command: GenesCommand) {
        match command {
            GenesCommand::Edit(form) => self.forms.hvg = form,
            GenesCommand::Select => self.select_genes(),
            GenesCommand::Load(path) => {
                self.work.start(Request::LoadGenes(path));
            }
            GenesCommand::Save(path) => {
                if let Some(open) = &self.open {
                    self.work.start(Request::SaveGenes { path, genes: open.genes().to_vec() });
                }
            }
            GenesCommand::Set(genes) => self.set_genes("Gene list", genes, String::new()),
            GenesCommand::Add(genes) => {
                let genes = self.without_listed_otherwise(genes);
                self.change_genes("Add genes", |list| with_genes(list, &genes));
            }
            GenesCommand::Remove(genes) => self.change_genes("Remove genes", |list| {
                list.iter().filter(|g| !genes.contains(g)).cloned().collect()
            }),
            GenesCommand::SavePanel(form) => self.save_panel(form),
            GenesCommand::DeletePanel(name) => {
                if let Some(open) = &mut self.open {
                    open.edit(&format!("Delete panel {name}"), None, |doc| {
                        doc.panels.retain(|p| p.name != name)
                    });
                }
            }
        }
    }

    /// Without the genes that the list has under a former or the current symbol. Where a section measured both
    /// names, they are two genes.
    fn without_listed_otherwise(&self, mut genes: Vec<String>) -> Vec<String> {
        let Some(open) = &self.open else { return genes };
        let listed: HashSet<&str> = open.genes().iter().map(String::as_str).collect();
        let are_two = |a: &str, b: &str| open.ready().any(|s| s.gene(a).is_some() && s.gene(b).is_some());
        genes.retain(|gene| match aliases::found_as(gene, |name| listed.contains(name)) {
            Some(name) => are_two(gene, name),
            None => true,
        });
        genes
    }

    fn change_genes(&mut self, what: &str, change: impl FnOnce(&[String]) -> Vec<String>) {
        let Some(open) = &self.open else { return };
        let next = change(open.genes());
        let how = open.doc().selection.as_ref().map_or_else(String::new, |s| s.how.clone());
        let how = match how.as_str() {
            "" => "chosen by hand".to_owned(),
            how if how.ends_with("edited") || how == "chosen by hand" => how.to_owned(),
            how => format!("{how}, edited"),
        };
        self.set_genes(what, next, how);
    }

    /// Makes these the genes of the project.
    pub(super) fn set_genes(&mut self, what: &str, genes: Vec<String>, how: String) {
        if let Some(open) = &mut self.open {
            open.edit(what, None, |doc| {
                doc.selection = (!genes.is_empty()).then_some(GeneSelection { genes, how });
            });
        }
    }

    fn select_genes(&mut self) {
        let Some(open) = &self.open else { return };
        let form = &self.forms.hvg;
        let keep = self
            .panels()
            .into_iter()
            .filter(|p| form.keep.contains(&p.name))
            .fold(Vec::new(), |all, p| with_genes(&all, &p.genes));
        self.work.start(Request::SelectGenes {
            snapshot: open.snapshot(),
            count: form.count,
            combine: form.combine,
            min_spots: form.min_percent / 100.0,
            keep,
        });
    }

    fn save_panel(&mut self, form: PanelForm) {
        let name = form.name.trim().to_owned();
        let genes = parse_genes(&form.genes);
        if name.is_empty() || genes.is_empty() {
            self.notices.error("A panel needs a name and at least one gene", Vec::new());
            return;
        }
        let Some(open) = &mut self.open else { return };
        let panel = Panel::new(name.clone(), form.source.trim(), &genes);
        open.edit(&format!("Panel {name}"), None, |doc| {
            let at =
                doc.panels.iter().position(|p| Some(&p.name) == form.original.as_ref() || p.name == name);
            match at.and_then(|at| doc.panels.get_mut(at)) {
                Some(old) => *old = panel,
                None => doc.panels.push(panel),
            }
        });
        self.overlay = None;
    }

    pub(super) fn apply_features(&mut self, command: FeaturesCommand) {
        let Some(open) = &self.open else { return };
        self.work.start(match command {
            FeaturesCommand::Compute => {
                let form = &self.forms.train;
                let (encoder, device) = (form.encoder.clone(), form.device);
                Request::ComputeFeatures { snapshot: open.snapshot(), encoder, device }
            }
            FeaturesCommand::ClearCache => Request::ClearCache,
        });
    }
}
