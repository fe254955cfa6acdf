//! The open project: its document, which undo covers, and everything read or computed from it, which
//! undo leaves alone.

mod saving;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::project_genes::ProjectGenes;
use crate::app::history::History;
use crate::app::runs::Runs;
use crate::app::view::SavedView;
use crate::data::gene_choice::GeneChoice;
use crate::data::gene_symbols::shared_symbols;
use crate::data::measured_genes::MeasuredGenes;
use crate::data::project::{Project, SectionEntry};
use crate::data::section::{Gene, Section, ValueKind};
use crate::data::st::{FileRole, MissingFile};
use crate::jobs::outcome::ReadSection;
use crate::jobs::request::Snapshot;

pub use saving::SaveState;

/// The places of a slide are laid this long after its grid or tissue was last changed: one change follows another.
const LAY_AFTER: Duration = Duration::from_millis(400);
/// The most slides without measurements that stay read although their grid or tissue was changed since, for undo.
const MAX_FORMER_SLIDES: usize = 4;

/// What is known of a section's files.
#[derive(Debug, Clone, PartialEq)]
pub enum SectionState {
    /// Being read, or waiting for it.
    Loading,
    /// Read.
    Ready(ReadSection),
    /// Could not be read: one sentence, and what it came from.
    Failed(String, Vec<String>),
    /// A file is not where it was.
    Missing(Vec<MissingFile>),
}

/// A section in the project's order, with what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct SectionView<'a> {
    /// What the project remembers.
    pub entry: &'a SectionEntry,
    /// What was read.
    pub state: &'a SectionState,
    /// What the reader remarked.
    pub notes: &'a [String],
}

impl<'a> SectionView<'a> {
    /// The section, once it is read.
    pub fn ready(&self) -> Option<&'a Arc<Section>> {
        match self.state {
            SectionState::Ready(read) => Some(&read.section),
            _ => None,
        }
    }

    /// The section, once it is read, unless it is a slide without measurements.
    pub fn measured(&self) -> Option<&'a Arc<Section>> {
        self.ready().filter(|section| section.is_measured())
    }
}

/// The project that is open.
#[derive(Debug)]
pub struct OpenProject {
    /// Its file.
    pub path: PathBuf,
    /// Whether it is the synthetic demo.
    pub demo: bool,
    doc: Project,
    renamed: Vec<Renamed>,
    history: History<Project>,
    /// Grows with every change of the document.
    revision: u64,
    /// Whether the file holds what the window shows.
    pub save: SaveState,
    loaded: BTreeMap<String, SectionState>,
    /// Keys of the slides without measurements that were read, the latest last.
    laid: Vec<String>,
    /// When the places of a slide were changed last.
    places_changed: Option<Instant>,
    notes: BTreeMap<String, Vec<String>>,
    /// Names of the sections whose features by the chosen encoder are cached.
    pub cached: BTreeSet<String>,
    /// Whether that is known: the cache was looked at since the encoder was chosen.
    pub features_known: bool,
    /// About how many patches are encoded for each section.
    pub patches: BTreeMap<String, u64>,
    /// How many of the views that training wants beside the plain one are not cached, by section.
    pub missing_views: BTreeMap<String, u64>,
    /// Bytes in the feature cache, once known.
    pub cache_bytes: Option<u64>,
    /// Its runs, and what was read from them.
    pub runs: Runs,
    genes: ProjectGenes,
}

/// Names before a change and after it, of the sections whose names changed.
pub type Renamed = BTreeMap<String, String>;

/// Identifies what must be read again when it changes.
pub fn key(entry: &SectionEntry) -> String {
    let SectionEntry {
        kind,
        source,
        image,
        image_scale,
        labels,
        label_column,
        slide_mpp,
        mpp,
        grid,
        tissue,
        ..
    } = entry;
    // There may be thousands of strokes, and keys are made for every frame.
    let tissue = tissue.fingerprint();
    format!(
        "{kind:?}|{source:?}|{image:?}|{image_scale:?}|{labels:?}|{label_column:?}|{slide_mpp:?}|{mpp:?}|{grid:?}|{tissue:x}"
    )
}

impl OpenProject {
    /// A project that was just read. Sections with missing files wait for the user.
    pub fn new(path: PathBuf, doc: Project, missing: Vec<MissingFile>, demo: bool) -> Self {
        let mut loaded = BTreeMap::new();
        for entry in &doc.sections {
            let gone: Vec<MissingFile> = missing
                .iter()
                .filter(|m| m.section == entry.name && m.role != FileRole::Labels)
                .cloned()
                .collect();
            if !gone.is_empty() {
                loaded.insert(key(entry), SectionState::Missing(gone));
            }
        }
        let mut open = Self {
            path,
            demo,
            doc,
            renamed: Vec::new(),
            history: History::default(),
            revision: 0,
            save: SaveState::default(),
            loaded,
            laid: Vec::new(),
            places_changed: None,
            notes: BTreeMap::new(),
            cached: BTreeSet::new(),
            features_known: false,
            patches: BTreeMap::new(),
            missing_views: BTreeMap::new(),
            cache_bytes: None,
            runs: Runs::default(),
            genes: ProjectGenes::default(),
        };
        open.follow_genes();
        open
    }

    /// The project as it is now, for a job.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { path: self.path.clone(), project: self.doc.clone() }
    }

    /// The document.
    pub fn doc(&self) -> &Project {
        &self.doc
    }

    /// The chosen genes.
    pub fn genes(&self) -> &[String] {
        self.doc.selection.as_ref().map_or(&[], |s| &s.genes)
    }

    /// Which of the chosen genes can be trained on, and why the others cannot.
    pub fn gene_choice(&self) -> &GeneChoice {
        self.genes.choice()
    }

    /// All genes that the sections measured.
    pub fn measured_genes(&self) -> &MeasuredGenes {
        self.genes.measured()
    }

    fn follow_genes(&mut self) {
        let mut genes = std::mem::take(&mut self.genes);
        let read: Vec<_> =
            self.sections().enumerate().filter_map(|(place, s)| Some((place, s.measured()?))).collect();
        let parts: Vec<*const Section> = self.taking_part().map(Arc::as_ptr).collect();
        let takes_part = |s: &Arc<Section>| parts.is_empty() || parts.contains(&Arc::as_ptr(s));
        genes.follow(&read, takes_part, self.genes());
        self.genes = genes;
    }

    /// "her2st-C".
    pub fn name(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Changes the document so that the change can be taken back. Edits with the same `key` that follow
    /// each other quickly are taken back together. Returns whether anything changed.
    pub fn edit(&mut self, what: &str, key: Option<&str>, change: impl FnOnce(&mut Project)) -> bool {
        let mut next = self.doc.clone();
        change(&mut next);
        if next == self.doc {
            return false;
        }
        let before = std::mem::replace(&mut self.doc, next);
        self.follow_renames(&before.sections);
        self.history.record(what, before, key.map(str::to_owned), Instant::now());
        self.touched();
        true
    }

    /// Remembers where the user is. It goes into the file with the next save; by itself it is no change.
    pub fn remember_view(&mut self, view: &SavedView) {
        if let Ok(view) = serde_json::to_value(view) {
            self.doc.view = view;
        }
    }

    /// Takes the last edit back; its name.
    pub fn undo(&mut self) -> Option<String> {
        let before = self.doc.sections.clone();
        let what = self.history.undo(&mut self.doc);
        self.follow_renames(&before);
        self.touched();
        what
    }

    /// Does again what was taken back; its name.
    pub fn redo(&mut self) -> Option<String> {
        let before = self.doc.sections.clone();
        let what = self.history.redo(&mut self.doc);
        self.follow_renames(&before);
        self.touched();
        what
    }

    /// What undo and redo would do.
    pub fn undo_names(&self) -> (Option<&str>, Option<&str>) {
        (self.history.can_undo(), self.history.can_redo())
    }

    /// What the sections `before` a change were called is replaced by their names of now in everything read from
    /// runs. What is on disk has the names of then, which [`OpenProject::follow_names`] is for.
    fn follow_renames(&mut self, before: &[SectionEntry]) {
        let names = |sections: &[SectionEntry]| sections.iter().map(|s| s.name.clone()).collect::<Vec<_>>();
        if names(before) == names(&self.doc.sections) {
            return;
        }
        let now: BTreeMap<String, &str> =
            self.doc.sections.iter().map(|s| (key(s), s.name.as_str())).collect();
        let renamed: Renamed = before
            .iter()
            .filter_map(|s| Some((s.name.clone(), (*now.get(&key(s))?).to_owned())))
            .filter(|(before, now)| before != now)
            .collect();
        if !renamed.is_empty() {
            self.runs.rename(&renamed);
            let now = |name: &String| renamed.get(name).unwrap_or(name).clone();
            self.cached = self.cached.iter().map(now).collect();
            self.patches = self.patches.iter().map(|(name, n)| (now(name), *n)).collect();
            self.missing_views = self.missing_views.iter().map(|(name, n)| (now(name), *n)).collect();
            self.renamed.push(renamed);
        }
    }

    /// Names that sections have got since the last call, in order, for what else knows sections by name.
    pub(in crate::app) fn take_renamed(&mut self) -> Vec<Renamed> {
        std::mem::take(&mut self.renamed)
    }

    /// Sections that were renamed are called by their names of now in everything read from runs.
    pub fn follow_names(&mut self) {
        self.runs.follow_names(&self.doc);
    }

    /// A number that is another one after every change of the document.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    fn touched(&mut self) {
        self.save.edited();
        self.sync_section_names();
    }

    /// Names and patients are part of what was read; the rest of a section stays as it is.
    fn sync_section_names(&mut self) {
        self.revision += 1;
        for entry in &self.doc.sections {
            if let Some(SectionState::Ready(read)) = self.loaded.get_mut(&key(entry))
                && (read.section.name != entry.name || read.section.patient != entry.patient)
            {
                let section = Arc::make_mut(&mut read.section);
                section.name.clone_from(&entry.name);
                section.patient.clone_from(&entry.patient);
            }
        }
        self.follow_genes();
    }

    /// The sections in the project's order.
    pub fn sections(&self) -> impl Iterator<Item = SectionView<'_>> {
        self.doc.sections.iter().map(|entry| SectionView {
            entry,
            state: self.loaded.get(&key(entry)).unwrap_or(&SectionState::Loading),
            notes: self.notes.get(&key(entry)).map_or(&[], Vec::as_slice),
        })
    }

    /// The sections that are read and have measurements and a slide image.
    pub fn ready(&self) -> impl Iterator<Item = &Arc<Section>> {
        self.sections().filter_map(|s| s.measured()).filter(|s| s.has_image())
    }

    /// The sections that are read, slides without measurements among them: those that can be looked at and predicted.
    pub fn viewable(&self) -> impl Iterator<Item = &Arc<Section>> {
        self.sections().filter_map(|s| s.ready())
    }

    /// The sections that take part in training and cross-validation: those that are ready, have any counts, and values of
    /// the kind that most have.
    pub fn taking_part(&self) -> impl Iterator<Item = &Arc<Section>> {
        let (kind, any) = (self.common_kind(), self.counted().next().is_some());
        self.ready().filter(move |s| !any || (s.counts.nnz() > 0 && s.values == kind))
    }

    fn counted(&self) -> impl Iterator<Item = &Arc<Section>> {
        self.ready().filter(|s| s.counts.nnz() > 0)
    }

    fn common_kind(&self) -> ValueKind {
        ValueKind::of_most(self.counted().map(|s| s.values))
    }

    /// The sections that training skips, as most others hold counts and they normalised values, or the other way round;
    /// with what these hold.
    pub fn of_other_kind(&self) -> Option<(Vec<&str>, ValueKind)> {
        let kind = self.common_kind();
        let others: Vec<&Arc<Section>> = self.counted().filter(|s| s.values != kind).collect();
        let held = others.first()?.values;
        Some((others.iter().map(|s| s.name.as_str()).collect(), held))
    }

    /// The section called `name`, or the one that was.
    pub fn section(&self, name: &str) -> Option<SectionView<'_>> {
        self.sections().find(|s| s.entry.matches_name(name))
    }

    /// The grid or the tissue of a slide was changed.
    pub(in crate::app) fn places_edited(&mut self) {
        self.places_changed = Some(Instant::now());
    }

    /// How long the places of slides are not laid yet, since their settings may go on changing.
    pub(in crate::app) fn lays_later(&self, now: Instant) -> Option<Duration> {
        (self.places_changed? + LAY_AFTER).checked_duration_since(now).filter(|left| !left.is_zero())
    }

    /// The sections of which nothing is known yet; from now on they count as being read.
    pub fn take_pending_sections(&mut self) -> Vec<SectionEntry> {
        let waits = self.lays_later(Instant::now()).is_some();
        let is_unread = |e: &&SectionEntry| !self.loaded.contains_key(&key(e)) && (e.is_measured() || !waits);
        let unread: Vec<SectionEntry> = self.doc.sections.iter().filter(is_unread).cloned().collect();
        for entry in &unread {
            self.loaded.insert(key(entry), SectionState::Loading);
        }
        unread
    }

    /// Remembers a remark of the reader of the files named by `key`.
    pub fn note(&mut self, key: &str, text: String) {
        let notes = self.notes.entry(key.to_owned()).or_default();
        if !notes.contains(&text) {
            notes.push(text);
        }
    }

    /// Remembers what came of reading the files named by `key`.
    pub fn set_state(&mut self, key: String, state: SectionState) {
        if matches!(&state, SectionState::Ready(read) if !read.section.is_measured()) {
            self.laid.retain(|k| *k != key);
            self.laid.push(key.clone());
        }
        self.loaded.insert(key, state);
        self.forget_former_slides();
        self.share_symbols();
        self.sync_section_names();
    }

    /// Forgets the longest-read places of slides that have others by now.
    fn forget_former_slides(&mut self) {
        let now: BTreeSet<String> = self.doc.sections.iter().map(key).collect();
        let former: Vec<&String> = self.laid.iter().filter(|k| !now.contains(*k)).collect();
        let count = former.len().saturating_sub(MAX_FORMER_SLIDES);
        let gone: BTreeSet<String> = former.into_iter().take(count).cloned().collect();
        self.laid.retain(|k| !gone.contains(k));
        self.loaded.retain(|k, _| !gone.contains(k));
    }

    /// Reading the files named by `key` was stopped because they were not needed any more.
    pub(in crate::app) fn not_read(&mut self, key: &str) {
        self.loaded.remove(key);
    }

    /// Sections that name genes by their identifiers get the symbols that the others know.
    fn share_symbols(&mut self) {
        let named: Vec<(String, Vec<Gene>)> = {
            let ready: Vec<(String, &Arc<Section>)> =
                self.sections().filter_map(|s| Some((key(s.entry), s.ready()?))).collect();
            let shared = shared_symbols(ready.iter().map(|(_, section)| section.as_ref()));
            shared.into_iter().filter_map(|(at, genes)| Some((ready.get(at)?.0.clone(), genes))).collect()
        };
        for (key, genes) in named {
            if let Some(SectionState::Ready(read)) = self.loaded.get_mut(&key) {
                Arc::make_mut(&mut read.section).genes = genes;
            }
        }
    }

    /// Forgets whose features are cached, since another encoder was chosen, or other views.
    pub fn forget_features(&mut self) {
        self.cached.clear();
        self.missing_views.clear();
        self.features_known = false;
    }

    /// Forgets what is known of a section, so that it is read again.
    pub fn forget(&mut self, name: &str) {
        if let Some(entry) = self.doc.sections.iter().find(|e| e.name == name) {
            self.loaded.remove(&key(entry));
            self.notes.remove(&key(entry));
        }
        self.follow_genes();
    }

    /// Whether any section is still being read.
    pub fn is_loading(&self) -> bool {
        self.sections().any(|s| matches!(s.state, SectionState::Loading))
    }

    /// The patients of the sections with counts, each once; `None` while one of them is not known.
    pub fn patients(&self) -> Option<Vec<&str>> {
        let measured = self.doc.sections.iter().filter(|s| s.is_measured());
        let mut patients: Vec<&str> = measured.map(|s| s.patient.as_deref()).collect::<Option<_>>()?;
        patients.sort_unstable();
        patients.dedup();
        Some(patients)
    }
}

#[cfg(test)]
pub(in crate::app) mod tests;
