//! Annotated regions from files and to files.

use std::path::{Path, PathBuf};

use anyhow::bail;
use serde::Serialize;

use super::classes::SectionClasses;
use super::context::JobContext;
use super::workspace::Workspace;
use crate::core::geometry::Mpp;
use crate::core::text::counted;
use crate::data::project::{Project, SectionEntry};
use crate::data::regions::mask::{MAX_PIXELS, MaskOptions, save_mask};
use crate::data::regions::{Classes, Region, geojson, save_class_table};

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportedRegions {
    /// The section.
    pub section: String,
    /// Regions that were added.
    pub regions: usize,
    /// Classes that were not in the project before.
    pub new_classes: Vec<String>,
    /// What was repaired or left out, a sentence each.
    pub notes: Vec<String>,
}

/// The regions of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadRegions {
    /// In the order of the file.
    pub regions: Vec<Region>,
    /// The classes that occur.
    pub classes: Classes,
    /// What was repaired or left out, a sentence each.
    pub notes: Vec<String>,
}

/// More cells, tiles and other objects that a program found are left out: they are no regions that somebody has drawn, and
/// would only be carried along.
const MAX_DETECTIONS: usize = 20_000;

/// Reads a GeoJSON file of QuPath: regions in pixels of the full-resolution slide.
///
/// # Errors
/// One sentence naming the file, or that it holds no region.
pub fn read(path: &Path) -> anyhow::Result<ReadRegions> {
    let mut read = geojson::read(path)?;
    let mut notes: Vec<String> = read.notes.iter().map(ToString::to_string).collect();
    let detections = read.regions.iter().filter(|r| r.kind.is_detected()).count();
    if detections > MAX_DETECTIONS {
        read = read.without_detections().0;
        notes.push(format!(
            "{} that a program found, such as cells, were left out",
            counted(detections, "object")
        ));
    }
    if read.regions.is_empty() {
        bail!("{} holds no regions; export annotations as GeoJSON", path.display());
    }
    Ok(ReadRegions { regions: read.regions, classes: read.classes, notes })
}

impl ReadRegions {
    /// Adds them to a section of a project in memory. Gives the classes that the project did not have.
    pub fn add_to(&self, project: &mut Project, section: &str) -> Vec<String> {
        let new = self.classes.iter().map(|c| c.name.to_string());
        let new = new.filter(|c| !project.classes.contains(c)).collect();
        if let Some(entry) = project.section_mut(section) {
            entry.regions.extend(self.regions.iter().cloned());
            project.classes.adopt(&self.classes);
        }
        new
    }
}

/// Adds the regions of a file to a section of a project in memory.
///
/// # Errors
/// As [`read`], or there is no such section.
pub fn import(project: &mut Project, section: &str, path: &Path) -> anyhow::Result<ImportedRegions> {
    let name = super::project::section_called(project, section)?.name.clone();
    let read = read(path)?;
    let new_classes = read.add_to(project, &name);
    Ok(ImportedRegions { section: name, regions: read.regions.len(), new_classes, notes: read.notes })
}

/// A form in which regions are exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegionFormat {
    /// GeoJSON, as QuPath reads it.
    GeoJson,
    /// A table of barcodes and classes, as Loupe Browser reads it.
    Csv,
    /// A picture of classes.
    Mask,
}

impl RegionFormat {
    /// The form that the ending of a path asks for.
    ///
    /// # Errors
    /// One sentence naming the endings there are.
    pub fn from_path(path: &Path) -> anyhow::Result<Self> {
        let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
        let ends = |endings: &[&str]| endings.iter().any(|e| name.ends_with(e));
        if ends(&[".geojson", ".json"]) {
            Ok(Self::GeoJson)
        } else if ends(&[".csv"]) {
            Ok(Self::Csv)
        } else if ends(&[".png"]) {
            Ok(Self::Mask)
        } else {
            bail!(
                "{}: choose a name that ends in .geojson (QuPath), .csv (barcodes and classes) or .png (mask)",
                path.display()
            )
        }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportedRegions {
    /// The file.
    pub out: PathBuf,
    /// Regions in it, or spots with a class.
    pub count: usize,
    /// Slide pixels per pixel of a mask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub downsample: Option<f64>,
}

/// Writes the regions of a section in the form that the ending of `out` asks for.
///
/// # Errors
/// One sentence: the section has no regions, or the file cannot be written.
pub fn export(
    workspace: &Workspace,
    section: &str,
    out: &Path,
    ctx: &JobContext,
) -> anyhow::Result<ExportedRegions> {
    let format = RegionFormat::from_path(out)?;
    workspace.prepare_output(out)?;
    let entry = workspace.entry(section)?;
    if entry.regions.is_empty() {
        bail!("{} has no regions; draw some on the Explore page, or import them", entry.name);
    }
    let classes = &workspace.project.classes;
    let written = |count, downsample| ExportedRegions { out: out.to_path_buf(), count, downsample };
    match format {
        RegionFormat::GeoJson => {
            geojson::export(out, &entry.regions, classes)?;
            Ok(written(entry.regions.len(), None))
        }
        RegionFormat::Csv => {
            let section = workspace.section(&entry.name, ctx)?;
            let of_places = SectionClasses::new(entry, &section, classes, ctx.cancel)?.regions;
            let ids: Vec<&str> = section.spots.iter().map(|s| s.id.as_str()).collect();
            save_class_table(out, "Region", &ids, &of_places)?;
            Ok(written(of_places.indices().iter().flatten().count(), None))
        }
        RegionFormat::Mask => {
            let options = mask_options(workspace, entry, ctx)?;
            save_mask(out, &entry.regions, classes, &options, ctx.progress(), ctx.cancel)?;
            Ok(written(entry.regions.len(), Some(options.downsample)))
        }
    }
}

/// A mask as large as the image of the section, or as large as a mask can be.
fn mask_options(
    workspace: &Workspace,
    entry: &SectionEntry,
    ctx: &JobContext,
) -> anyhow::Result<MaskOptions> {
    let section = workspace.section(&entry.name, ctx)?;
    let factor = entry.image_factor();
    let full = |n: u32| ((f64::from(n) / factor).round() as u32).max(1);
    let slide_size = (full(section.slide_size.0), full(section.slide_size.1));
    let pixels = f64::from(slide_size.0) * f64::from(slide_size.1);
    // A little more than the bound asks for, as both sides are rounded up.
    let least = (pixels / MAX_PIXELS as f64).sqrt() * 1.001;
    let downsample = if least > 1.0 { least.ceil() } else { 1.0 };
    let mpp = Some(Mpp(section.mpp.0 * factor));
    Ok(MaskOptions { slide_size, downsample, mpp, kind: Default::default() })
}
