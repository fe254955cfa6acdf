//! The places at which a slide is predicted that has no spots, or more finely than its spots.

use anyhow::Context;

use super::context::JobContext;
use super::resources::Resources;
use super::workspace::Workspace;
use crate::core::cancel::CancelToken;
use crate::core::geometry::Mpp;
use crate::core::matrix::Csr;
use crate::core::places::{GridSettings, TissueSettings};
use crate::core::progress::Progress;
use crate::data::open::{geometry_of, open_section};
use crate::data::project::SectionEntry;
use crate::data::section::Section;
use crate::data::slide::RgbImage;
use crate::preprocess::grid::{self, GridError};
use crate::preprocess::tissue_mask::{Stain, TissueMask};

/// Longer side, in pixels, of the picture that the stain of a slide is measured on.
const STAIN_SIDE: u32 = 512;

/// Covers the tissue of a slide with places, which take the part of spots; nothing is measured there.
///
/// # Errors
/// One sentence naming the image or what is wrong with the grid.
pub(super) fn lay(
    resources: &Resources,
    section: &Section,
    grid: &GridSettings,
    settings: &TissueSettings,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> anyhow::Result<Section> {
    // Before anything is decoded.
    grid::check(grid)?;
    let mask = resources.tissue.find(&resources.slides, section, settings, progress, cancel)?;
    let spots = match grid::places(grid, &mask, section.mpp) {
        // It can be looked at, and tissue be added.
        Err(GridError::NoTissue) => {
            progress.note(&format!("{}: no tissue was found on the slide", section.name));
            Vec::new()
        }
        places => places.with_context(|| format!("{} cannot be covered with places", section.name))?,
    };
    Ok(Section {
        name: section.name.clone(),
        patient: section.patient.clone(),
        in_tissue: spots.len(),
        spots,
        genes: Vec::new(),
        counts: Csr::default(),
        values: section.values,
        labels: None,
        sum: 0.0,
        mpp: section.mpp,
        mpp_source: section.mpp_source,
        mpp_by_spots: None,
        geometry: geometry_of(grid),
        slide: section.slide.clone(),
        slide_size: section.slide_size,
    })
}

/// The section of `entry` with the places of a grid instead of spots.
///
/// # Errors
/// One sentence naming the file at fault, or what is wrong with the grid.
pub fn on_grid(
    workspace: &Workspace,
    entry: &SectionEntry,
    grid: &GridSettings,
    ctx: &JobContext,
) -> anyhow::Result<Section> {
    grid::check(grid)?;
    let lay = |section: &Section| {
        lay(&workspace.resources, section, grid, &entry.tissue, ctx.progress(), ctx.cancel)
    };
    if entry.is_measured() {
        lay(workspace.section(&entry.name, ctx)?.as_ref())
    } else {
        // Its usual places are not needed.
        lay(&open_section(entry, ctx.progress(), ctx.cancel)?)
    }
}

/// How the tissue of a section's slide is stained; `None` where there is none.
///
/// # Errors
/// One sentence naming the image.
pub(super) fn stain_of(
    workspace: &Workspace,
    section: &Section,
    settings: &TissueSettings,
    ctx: &JobContext,
) -> anyhow::Result<Option<Stain>> {
    let slides = &workspace.resources.slides;
    let overview = slides.thumbnail(&section.slide, STAIN_SIDE, ctx.progress(), ctx.cancel)?;
    let overview: &RgbImage = overview.as_ref();
    let mask = TissueMask::find(overview, section.slide_size, section.mpp, settings);
    Ok(Stain::from_overview(overview, &mask))
}

/// The median of resolutions; `None` of none.
pub(super) fn median_mpp(all: impl Iterator<Item = Mpp>) -> Option<f64> {
    let mut all: Vec<f64> = all.map(|mpp| mpp.0).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}
