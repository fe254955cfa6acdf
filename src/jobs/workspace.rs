//! What jobs work on: a snapshot of the open project, and the slides, sections and features that are
//! already in memory or cached on disk, shared by all jobs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, anyhow, bail};
use rayon::prelude::*;
use serde::Serialize;

use super::aggregate::AggregateProgress;
use super::context::JobContext;
use super::encoders::EncoderChoice;
use super::resources::Resources;
use crate::core::encoder::PatchEncoder;
use crate::core::file_names::check_file_name;
use crate::core::files::{create_folder_of, lead_to_same_file};
use crate::core::progress::{NotesOnly, PrefixedProgress, Silent, Task};
use crate::data::gene_symbols::{GeneSymbols, lack_symbols};
use crate::data::project::{Project, SectionEntry};
use crate::data::section::Section;
use crate::data::slide::Slide;
use crate::device::ComputeDevice;
use crate::preprocess::features::{self, SectionFeatures};
use crate::preprocess::texture::TextureEncoder;
use crate::preprocess::views::{AugmentedEncoder, View};

/// Why a section that was measured cannot be trained on or predicted.
pub(super) const NO_IMAGE: &str = "it has no slide image";

/// A section that cannot be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// Its name.
    pub name: String,
    /// What is wrong, a sentence with the file.
    pub reason: String,
}

impl Unreadable {
    /// The section of this name, because of `error` and what that came from.
    pub fn new(name: &str, error: &anyhow::Error) -> Self {
        let mut reason = error.to_string();
        for cause in error.chain().skip(1).map(ToString::to_string) {
            if !reason.contains(&cause) {
                reason = format!("{reason}: {cause}");
            }
        }
        Self { name: name.to_owned(), reason }
    }

    /// "C2 was skipped: ...".
    pub fn sentence(&self) -> String {
        format!("{} was skipped: {}", self.name, self.reason)
    }
}

/// A snapshot of the open project for one job.
#[derive(Clone)]
pub struct Workspace {
    /// The project file; runs lie beside it.
    pub path: PathBuf,
    /// The project as it was when the job was asked for.
    pub project: Project,
    /// What is already in memory or cached.
    pub resources: Resources,
    /// The frozen image encoder.
    pub encoder: Arc<dyn PatchEncoder>,
}

impl Workspace {
    /// A project with what is in memory, to be looked at through the texture encoder.
    pub fn new(path: PathBuf, project: Project, resources: Resources) -> Self {
        Self { path, project, resources, encoder: Arc::new(TextureEncoder) }
    }

    /// Readies `path` for a result to be saved there: its folder is made.
    ///
    /// # Errors
    /// One sentence when the folder cannot be made, when some system allows no file of that name, or when it would
    /// overwrite something that the project needs.
    pub fn prepare_output(&self, path: &Path) -> anyhow::Result<()> {
        check_file_name(path)?;
        self.project.check_output(&self.path, path)?;
        Ok(create_folder_of(path)?)
    }

    /// Readies several paths for the results of one command, which reads the gene list `genes`.
    ///
    /// # Errors
    /// As [`Workspace::prepare_output`]; or two of them are one file, or one is the list.
    pub fn prepare_outputs(&self, paths: &[&Path], genes: Option<&Path>) -> anyhow::Result<()> {
        paths.iter().try_for_each(|path| self.prepare_output(path))?;
        for (n, path) in paths.iter().enumerate() {
            if genes.is_some_and(|genes| lead_to_same_file(genes, path)) {
                bail!("{} is the gene list, so it is not overwritten; choose another name", path.display());
            }
            if paths.iter().take(n).any(|other| lead_to_same_file(other, path)) {
                bail!("{} is named for two results; choose another name for one of them", path.display());
            }
        }
        Ok(())
    }

    /// Opens a project file.
    ///
    /// # Errors
    /// One sentence naming the project file.
    pub fn open(path: PathBuf) -> anyhow::Result<Self> {
        let project = Project::load(&path)?;
        Ok(Self::new(path, project, Resources::new()))
    }

    /// The same, seen through another encoder.
    ///
    /// # Errors
    /// There is no such encoder, or its weights are not found or do not fit.
    pub fn with_encoder(
        &self,
        choice: &EncoderChoice,
        device: &ComputeDevice,
        ctx: &JobContext,
    ) -> anyhow::Result<Self> {
        let encoder = self.resources.encoder(choice, device, ctx)?;
        Ok(Self { encoder, ..self.clone() })
    }

    /// Names of all sections, in the project's order.
    pub fn section_names(&self) -> Vec<String> {
        self.project.sections.iter().map(|s| s.name.clone()).collect()
    }

    /// Names of the sections with measurements, in the project's order: those that can be trained on.
    pub fn measured_names(&self) -> Vec<String> {
        self.project.sections.iter().filter(|s| s.is_measured()).map(|s| s.name.clone()).collect()
    }

    /// Checks that the section of this name has measurements.
    ///
    /// # Errors
    /// It is a slide without, or there is no such section.
    pub fn require_measured(&self, name: &str) -> anyhow::Result<()> {
        let entry = self.entry(name)?;
        if entry.is_measured() {
            return Ok(());
        }
        bail!(
            "{} is a slide without measurements: it can be predicted on, but neither trained on nor tested",
            entry.name
        )
    }

    /// The entry of the section of this name, or the one that had it before.
    ///
    /// # Errors
    /// One sentence naming the sections there are.
    pub fn entry(&self, name: &str) -> anyhow::Result<&SectionEntry> {
        self.project.section(name).ok_or_else(|| {
            let known = self.section_names().join(", ");
            anyhow!("There is no section named \"{name}\" in {}; there are: {known}", self.path.display())
        })
    }

    /// The section of this name.
    ///
    /// # Errors
    /// One sentence naming the file that is missing or damaged.
    pub fn section(&self, name: &str, ctx: &JobContext) -> anyhow::Result<Arc<Section>> {
        let section = self.resources.section(self.entry(name)?, ctx.progress(), ctx.cancel)?;
        self.with_symbols(section, ctx)
    }

    /// The section with the symbols that other sections of the project know, where it names genes by their identifiers.
    fn with_symbols(&self, section: Arc<Section>, ctx: &JobContext) -> anyhow::Result<Arc<Section>> {
        if !lack_symbols(&section.genes) {
            return Ok(section);
        }
        let mut symbols = GeneSymbols::default();
        for entry in self.project.sections.iter().filter(|s| s.is_measured()) {
            if entry.name == section.name {
                continue;
            }
            // What is wrong with it is said where it is asked for.
            if let Ok(other) = self.resources.section(entry, &Silent, ctx.cancel)
                && !lack_symbols(&other.genes)
            {
                symbols.add(&other.genes);
                if symbols.name_nearly_all(&section.genes) {
                    break;
                }
            }
            ctx.check()?;
        }
        let Some(genes) = symbols.named(&section.genes) else { return Ok(section) };
        let mut named = section;
        Arc::make_mut(&mut named).genes = genes;
        self.resources.replace(self.entry(&named.name)?, &named);
        Ok(named)
    }

    /// The sections of these names, read in parallel.
    ///
    /// # Errors
    /// As [`Workspace::section`], of the first section that fails.
    pub fn sections(&self, names: &[String], ctx: &JobContext) -> anyhow::Result<Vec<Arc<Section>>> {
        ctx.observer.report(&Task::ReadingSections.into(), 0, names.len() as u64);
        let done = AtomicU64::new(0);
        names
            .par_iter()
            .map(|name| {
                let quiet = NotesOnly(ctx.progress());
                let section = self.resources.section(self.entry(name)?, &quiet, ctx.cancel)?;
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                ctx.observer.report(&Task::ReadingSections.into(), done, names.len() as u64);
                Ok(section)
            })
            .collect::<anyhow::Result<Vec<_>>>()?
            .into_iter()
            .map(|section| self.with_symbols(section, ctx))
            .collect()
    }

    /// The sections of these names that can be read, in their order, and why the others cannot.
    ///
    /// # Errors
    /// There is no section of one of the names, or it was cancelled.
    pub fn readable(
        &self,
        names: &[String],
        ctx: &JobContext,
    ) -> anyhow::Result<(Vec<Arc<Section>>, Vec<Unreadable>)> {
        names.iter().try_for_each(|name| self.entry(name).map(drop))?;
        ctx.observer.report(&Task::ReadingSections.into(), 0, names.len() as u64);
        let done = AtomicU64::new(0);
        let read: Vec<Result<Arc<Section>, Unreadable>> = names
            .par_iter()
            .map(|name| {
                let quiet = NotesOnly(ctx.progress());
                let section =
                    self.entry(name).and_then(|entry| self.resources.section(entry, &quiet, ctx.cancel));
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                ctx.observer.report(&Task::ReadingSections.into(), done, names.len() as u64);
                section.map_err(|error| Unreadable::new(name, &error))
            })
            .collect();
        ctx.check()?;
        let (mut sections, mut unreadable) = (Vec::new(), Vec::new());
        for section in read {
            match section {
                Ok(section) => sections.push(self.with_symbols(section, ctx)?),
                Err(why) => unreadable.push(why),
            }
        }
        Ok((sections, unreadable))
    }

    /// The sections of these names that can be read, in their order. The others are named in a note and skipped, so
    /// that one section that was moved or damaged does not keep the rest of a project from being used.
    ///
    /// # Errors
    /// A section of `required` cannot be read, none can, there is no section of one of the names, or it was cancelled.
    pub fn usable(
        &self,
        names: &[String],
        required: &[String],
        ctx: &JobContext,
    ) -> anyhow::Result<(Vec<Arc<Section>>, Vec<Unreadable>)> {
        let (sections, skipped) = self.readable(names, ctx)?;
        self.skip(&skipped, required, sections.is_empty(), ctx)?;
        Ok((sections, skipped))
    }

    /// Says which sections are skipped.
    ///
    /// # Errors
    /// One of `required` would be, or all are.
    pub fn skip(
        &self,
        skipped: &[Unreadable],
        required: &[String],
        all: bool,
        ctx: &JobContext,
    ) -> anyhow::Result<()> {
        if let Some(why) = skipped.iter().find(|s| required.contains(&s.name)) {
            return Err(anyhow!("Section {} cannot be used: {}", why.name, why.reason));
        }
        match skipped.first() {
            Some(first) if all => {
                Err(anyhow!("No section of {} can be used: {}", self.path.display(), first.reason))
            }
            _ => {
                skipped.iter().for_each(|s| ctx.observer.note(&s.sentence()));
                Ok(())
            }
        }
    }

    /// The decoded slide of a section.
    ///
    /// # Errors
    /// One sentence naming the image.
    pub fn slide(&self, section: &Section, ctx: &JobContext) -> anyhow::Result<Arc<Slide>> {
        Ok(self.resources.slides.get(&section.slide, ctx.progress(), ctx.cancel)?)
    }

    /// Why a section whose image features failed with `error` cannot be used.
    ///
    /// # Errors
    /// `error` itself, where its slide can be read and something else is wrong: that is no reason to go on without the
    /// section.
    pub fn unusable(
        &self,
        section: &Section,
        error: anyhow::Error,
        ctx: &JobContext,
    ) -> anyhow::Result<Unreadable> {
        if !section.has_image() {
            return Ok(Unreadable { name: section.name.clone(), reason: NO_IMAGE.to_owned() });
        }
        match self.slide(section, ctx) {
            Ok(_) => Err(error),
            Err(slide) => {
                ctx.check()?;
                Ok(Unreadable::new(&section.name, &slide))
            }
        }
    }

    /// About how many patches the features of a section take to encode.
    pub fn expected_patches(&self, section: &Section) -> u64 {
        let centers: Vec<_> = section.centers().collect();
        let field_um = self.encoder.mpp() * self.encoder.patch_size() as f64;
        features::expected_patches(section.slide_size, &centers, section.mpp, field_um)
    }

    /// Whether the image features of a section in a view are cached, or those of the plain view serve.
    ///
    /// # Errors
    /// One sentence naming the image.
    pub fn has_features(&self, section: &Section, view: View, ctx: &JobContext) -> anyhow::Result<bool> {
        if view != View::PLAIN && view.is_identity_for(self.encoder.as_ref()) {
            return Ok(true);
        }
        let centers: Vec<_> = section.centers().collect();
        let encoder = AugmentedEncoder { view, encoder: self.encoder.as_ref() };
        Ok(self.resources.cache.holds(&section.slide, &centers, section.mpp, &encoder, ctx.cancel)?)
    }

    /// The image features of sections in views, in their order, as [`Workspace::features_for_view`]; progress is that of
    /// all of them together, in patches. `take` is given what came of each, and says whether to go on.
    ///
    /// # Errors
    /// Those of `take`, or it was cancelled.
    pub fn compute_features_for_all(
        &self,
        wanted: &[(Arc<Section>, View)],
        ctx: &JobContext,
        mut take: impl FnMut(&Section, anyhow::Result<Arc<SectionFeatures>>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut expected = Vec::with_capacity(wanted.len());
        for (done, (section, view)) in wanted.iter().enumerate() {
            ctx.observer.report(&Task::CheckingFeatureCache.into(), done as u64, wanted.len() as u64);
            ctx.check()?;
            // A slide that cannot be read is reported when its features are computed.
            let cached = self.has_features(section, *view, ctx).unwrap_or(false);
            expected.push(if cached { 0 } else { self.expected_patches(section) });
        }
        let progress = AggregateProgress::new(&expected, ctx.observer);
        for (section, view) in wanted {
            let ctx = JobContext { observer: &progress, cancel: ctx.cancel };
            let features = self.features_for_view(section, *view, &ctx);
            ctx.check()?;
            progress.next();
            take(section, features)?;
        }
        Ok(())
    }

    /// The image features of a section, from the cache or computed now.
    ///
    /// # Errors
    /// One sentence naming the image or the cache file.
    pub fn features(&self, section: &Section, ctx: &JobContext) -> anyhow::Result<Arc<SectionFeatures>> {
        self.features_for_view(section, View::PLAIN, ctx)
    }

    /// The image features of a section in a view, from the cache or computed now; those of the plain view where the
    /// encoder sees no difference.
    ///
    /// # Errors
    /// One sentence naming the image or the cache file.
    pub fn features_for_view(
        &self,
        section: &Section,
        view: View,
        ctx: &JobContext,
    ) -> anyhow::Result<Arc<SectionFeatures>> {
        if !section.has_image() {
            bail!("Section {} cannot be used: {NO_IMAGE}", section.name);
        }
        let Resources { slides, cache, .. } = &self.resources;
        let centers: Vec<_> = section.centers().collect();
        let encoder = self.encoder.as_ref();
        let view = if view.is_identity_for(encoder) { View::PLAIN } else { view };
        let name = match view.number() {
            0 => section.name.clone(),
            number => format!("{}, view {number}", section.name),
        };
        // A quick job that has to compute after all takes its turn.
        let is_cached = self
            .has_features(section, view, ctx)
            .with_context(|| format!("The image features of section {name} could not be computed"))?;
        let _turn = if is_cached { None } else { self.resources.turn(ctx)? };
        let features = cache
            .get_or_compute(
                slides,
                &section.slide,
                &centers,
                section.mpp,
                &AugmentedEncoder { view, encoder },
                &PrefixedProgress { name: &name, to: ctx.progress() },
                ctx.cancel,
            )
            .with_context(|| format!("The image features of section {name} could not be computed"))?;
        Ok(Arc::new(features))
    }
}
