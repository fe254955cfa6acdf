//! Sections and image features.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::app::command::{Command, FeaturesCommand, Overlay, SectionCommand};
use crate::app::history::History;
use crate::app::import::ImportRow;
use crate::app::measure::MeasuredOn;
use crate::app::notices::{SectionField, Topic};
use crate::app::paths::{PathPurpose, PathRequest};
use crate::app::project::SectionState;
use crate::app::samples::SamplesForm;
use crate::app::state::{App, Effect};
use crate::core::geometry::Mpp;
use crate::core::text::counted;
use crate::data::candidates::Candidate;
use crate::data::project::{Project, ProjectError, SectionEntry};
use crate::jobs::request::Request;

impl App {
    /// OpenSlide's library is there: what it was missing for may open now.
    pub(super) fn openslide_loaded(&mut self, request: &Request, version: &str) {
        if let Request::UseOpenSlide { library } = request {
            self.settings.openslide = Some(library.clone());
            self.settings_touched();
        }
        if let Some(open) = &mut self.open {
            let failed: Vec<String> = open
                .sections()
                .filter(|s| matches!(s.state, SectionState::Failed(..)))
                .map(|s| s.entry.name.clone())
                .collect();
            failed.iter().for_each(|name| open.forget(name));
        }
        self.effects.push(Effect::ReadImagesAgain);
        self.notices.done(format!("OpenSlide {version} now reads MRXS, DICOM, CZI and further slides."));
    }

    pub(super) fn apply_section(&mut self, command: SectionCommand) {
        match command {
            SectionCommand::Find(paths) => self.import_files(paths),
            SectionCommand::TakeMeasured { of, mpp } => self.take_measured(of, mpp),
            SectionCommand::FindSlides(paths) => self.find_samples(paths, true),
            SectionCommand::EditSamples(form) => self.edit_samples(form),
            SectionCommand::AddSamples => self.add_samples(),
            SectionCommand::EditImport(form) => self.forms.import = form,
            SectionCommand::Import => self.import(),
            SectionCommand::Retry(name) => {
                if let Some(open) = &mut self.open {
                    open.forget(&name);
                }
                self.effects.push(Effect::ReadImagesAgain);
            }
            SectionCommand::Rename { section, name } => {
                let what = format!("Rename {section} to {name}");
                // Without models, nothing refers to its old name.
                let unknown = self.open.as_ref().is_some_and(|o| o.runs.are_none());
                let field = Topic::Field(SectionField::Name, section.clone());
                self.edit_field(field, &what, |doc| {
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
                    self.notices.error_about(
                        Topic::Field(SectionField::Resolution, section.clone()),
                        format!(
                            "The resolution of {section} must be between {} and {} \u{00B5}m per pixel.",
                            Mpp::PLAUSIBLE.start(),
                            Mpp::PLAUSIBLE.end()
                        ),
                        Vec::new(),
                    );
                    return;
                }
                let field = Topic::Field(SectionField::Resolution, section.clone());
                self.edit_field(field, &format!("Resolution of {section}"), |doc| {
                    if let Some(entry) = doc.section_mut(&section) {
                        entry.mpp = mpp;
                        entry.mpp_confirmed = false;
                    }
                    Ok(())
                });
            }
            SectionCommand::EnterMpp { section, text } => self.enter_mpp(section, text.trim()),
            SectionCommand::ConfirmMpp { section } => {
                let field = Topic::Field(SectionField::Resolution, section.clone());
                self.edit_field(field, &format!("Keep the resolution of {section}"), |doc| {
                    if let Some(entry) = doc.section_mut(&section) {
                        entry.mpp_confirmed = true;
                    }
                    Ok(())
                });
            }
            SectionCommand::SetGrid { section, grid } => self.set_grid(&section, grid),
            SectionCommand::EnterPitch { section, text } => self.enter_pitch(&section, text.trim()),
            SectionCommand::SetTissue { section, edit, tissue } => self.set_tissue(&section, edit, tissue),
            SectionCommand::SetLabels { section, path } => {
                if let Some(open) = &self.open {
                    self.work.start(Request::ReadLabels { snapshot: open.snapshot(), section, path });
                }
            }
            SectionCommand::ImportRegions { section, path } => {
                self.work.start(Request::ReadRegions { section, path });
            }
            SectionCommand::ExportRegions { section, path } => {
                if let Some(open) = &self.open {
                    self.work.start(Request::ExportRegions { snapshot: open.snapshot(), section, path });
                }
            }
            SectionCommand::EditRegions { section, edit } => self.edit_regions(&section, &edit),
            SectionCommand::EditClass(edit) => self.edit_class(&edit),
            SectionCommand::DeleteRegions { section, class } => {
                self.delete_regions(&section, class.as_deref())
            }
            SectionCommand::RemoveLabels(section) => {
                self.set_labels(&section, None);
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

    /// Sets the resolution that was typed; a blank text infers it again.
    fn enter_mpp(&mut self, section: String, text: &str) {
        let mpp = if text.is_empty() { Ok(None) } else { text.parse().map(|Mpp(mpp)| Some(mpp)) };
        match mpp {
            Ok(mpp) => self.apply_section(SectionCommand::SetMpp { section, mpp }),
            Err(why) => self.notices.error_about(
                Topic::Field(SectionField::Resolution, section.clone()),
                format!("The resolution of {section} was not changed: {why}."),
                Vec::new(),
            ),
        }
    }

    /// Takes a resolution that was measured on the slide.
    fn take_measured(&mut self, of: MeasuredOn, mpp: Mpp) {
        match of {
            MeasuredOn::Sample(row) => {
                let mut form = self.forms.samples.clone();
                form.take_measured(row, mpp);
                self.overlay = Some(Overlay::Samples);
                self.edit_samples(form);
            }
            MeasuredOn::Section(section) => {
                self.overlay = None;
                self.apply_section(SectionCommand::SetMpp { section, mpp: Some(mpp.0) });
            }
        }
    }

    /// Gives a section the labels of a file, or none.
    pub(super) fn set_labels(&mut self, section: &str, path: Option<&Path>) -> bool {
        self.edit_sections(&format!("Labels of {section}"), |doc| {
            if let Some(entry) = doc.section_mut(section) {
                entry.labels = path.map(Path::to_path_buf);
                entry.label_column = None;
            }
            Ok(())
        })
    }

    /// An edit of the sections that may be refused. Returns whether anything changed.
    fn edit_sections(
        &mut self,
        what: &str,
        change: impl FnOnce(&mut Project) -> Result<(), ProjectError>,
    ) -> bool {
        match self.change_sections(what, change) {
            Ok(changed) => changed,
            Err(why) => {
                self.notices.error(why, Vec::new());
                false
            }
        }
    }

    /// An edit of what was entered in a field. What was said of an earlier entry is over once one is taken.
    fn edit_field(
        &mut self,
        field: Topic,
        what: &str,
        change: impl FnOnce(&mut Project) -> Result<(), ProjectError>,
    ) {
        let result = self.change_sections(what, change);
        self.notices.settled(&field);
        if let Err(why) = result {
            self.notices.error_about(field, why, Vec::new());
        }
    }

    /// Whether anything changed, or why the edit was refused.
    fn change_sections(
        &mut self,
        what: &str,
        change: impl FnOnce(&mut Project) -> Result<(), ProjectError>,
    ) -> Result<bool, String> {
        let Some(open) = &mut self.open else { return Ok(false) };
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
        refused.map_or(Ok(changed), Err)
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

    /// Changes the summary of what was found; the change can be undone.
    fn edit_samples(&mut self, next: SamplesForm) {
        let what = self.forms.samples.edit_to(&next);
        let before = std::mem::replace(&mut self.forms.samples, next);
        if let Some(what) = what {
            self.forms.samples_history.record(what, before.rows, None, Instant::now());
        }
    }

    /// Shows what was found, to be looked at before it is added.
    pub(super) fn show_samples(&mut self, found: Vec<Candidate>, notes: Vec<String>) {
        let new = match &self.open {
            Some(open) => SamplesForm::for_project(found, notes, open.doc()),
            None => SamplesForm::new(found, notes),
        };
        let chooses_file = |ask: &PathRequest| matches!(ask.purpose, PathPurpose::SampleFile { .. });
        let is_shown = match &self.overlay {
            Some(Overlay::Samples) => true,
            Some(Overlay::Path(ask)) => chooses_file(ask),
            _ => false,
        };
        if is_shown {
            // What was typed or chosen already stays.
            let before = self.forms.samples.rows.clone();
            self.forms.samples.extend(new);
            self.forms.samples_history.record("More samples", before, None, Instant::now());
        } else {
            self.forms.samples = new;
            self.forms.samples_history = History::default();
        }
        self.present(Overlay::Samples, "Samples were found that can be added.");
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

    /// Searches files and folders; what is found is shown before it is added.
    pub(super) fn import_files(&mut self, files: Vec<PathBuf>) {
        if self.open.is_none() {
            self.pending_import = files;
            self.apply(Command::Project(crate::app::command::ProjectCommand::NewEmpty));
            return;
        }
        self.find_samples(files, false);
    }

    /// Searches files and folders for samples, or for slides to predict on.
    fn find_samples(&mut self, paths: Vec<PathBuf>, as_slides: bool) {
        let sections = self.open.as_ref().map(|open| open.doc().sections.clone()).unwrap_or_default();
        self.work.start(Request::FindSamples { paths, as_slides, sections });
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
