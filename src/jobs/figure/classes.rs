//! Regions and classes of spots in figures: outlines over the tissue, and maps in which each spot has the colour of its class.

use std::collections::BTreeMap;

use anyhow::anyhow;

use super::FigureRequest;
use crate::core::display::{PaneKind, RegionStyle};
use crate::core::geometry::SlidePoint;
use crate::data::project::SectionEntry;
use crate::data::regions::{Chain, ChainKind, Classes, PlaceClasses};
use crate::data::section::Section;
use crate::evaluate::cluster::run::ClusterSettings;
use crate::figures::{RegionClass, RegionOutline};
use crate::jobs::classes::SectionClasses;
use crate::jobs::cluster::{ClusterRequest, cluster_places};
use crate::jobs::compare::ClusterNames;
use crate::jobs::context::JobContext;
use crate::jobs::workspace::Workspace;

/// What a map of classes shows: the place of each spot's class in the list, NaN where it has none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClassMap {
    /// One a spot.
    pub values: Vec<f32>,
    /// The classes.
    pub classes: Vec<RegionClass>,
}

impl ClassMap {
    fn new(of_places: &PlaceClasses) -> Self {
        let class = |c: &crate::data::regions::Class| RegionClass { name: c.name.to_string(), rgb: c.color };
        let values = of_places.indices().iter().map(|i| i.map_or(f32::NAN, |i| i as f32)).collect();
        Self { values, classes: of_places.classes().iter().map(class).collect() }
    }
}

/// The outlines of the regions of a section, in pixels of its image: those that the display shows.
pub fn outlines(entry: &SectionEntry, classes: &Classes, style: RegionStyle) -> Vec<RegionOutline> {
    if style == RegionStyle::Hidden {
        return Vec::new();
    }
    let factor = entry.image_factor();
    let ring = |chain: Chain<'_>| -> Vec<SlidePoint> {
        chain.points.iter().map(|c| SlidePoint::new(c.x * factor, c.y * factor)).collect()
    };
    let drawn = entry.regions.iter().filter(|r| classes.shows(r) && !r.kind.is_detected());
    let outline = drawn.map(|region| {
        let rings = region.shape().geometry().chains().into_iter().filter(|c| c.kind == ChainKind::Ring);
        let unclassified = || region.name.clone().unwrap_or_else(|| "Unclassified".to_owned());
        let name = region.class.as_ref().map_or_else(unclassified, ToString::to_string);
        let class = RegionClass { name, rgb: classes.color_of(region) };
        RegionOutline { class, rings: rings.map(ring).collect() }
    });
    outline.filter(|o| !o.rings.is_empty()).collect()
}

/// The maps of classes that a figure asks for, of one section.
///
/// # Errors
/// One sentence: the section cannot be clustered, or it was cancelled.
pub fn class_maps(
    workspace: &Workspace,
    request: &FigureRequest,
    section: &Section,
    ctx: &JobContext,
) -> anyhow::Result<BTreeMap<PaneKind, ClassMap>> {
    let mut maps = BTreeMap::new();
    for pane in request.display.panes.iter().filter(|p| p.is_of_classes()) {
        let of_places = match pane {
            PaneKind::Regions => {
                let entry = workspace.entry(&section.name)?;
                let classes = &workspace.project.classes;
                SectionClasses::new(entry, section, classes, ctx.cancel)?.by_region_or_label()
            }
            _ => clusters(workspace, request, section, *pane, ctx)?,
        };
        maps.insert(*pane, ClassMap::new(&of_places));
    }
    Ok(maps)
}

/// The clusters of a section: those that are known, else those that Leiden finds.
fn clusters(
    workspace: &Workspace,
    request: &FigureRequest,
    section: &Section,
    pane: PaneKind,
    ctx: &JobContext,
) -> anyhow::Result<PlaceClasses> {
    let known = request.clusters.get(&pane).and_then(|names: &std::sync::Arc<ClusterNames>| {
        names.get(&section.name).filter(|names| names.len() == section.spots.len())
    });
    if let Some(names) = known {
        return Ok(PlaceClasses::from_labels(names, &mut Classes::default()));
    }
    let run = match pane {
        PaneKind::PredictedClusters => {
            let run = request.run.clone();
            Some(run.ok_or_else(|| anyhow!("Clusters of predicted values need a run; train a model first"))?)
        }
        _ => None,
    };
    let sections = vec![section.name.clone()];
    let settings = ClusterSettings::default();
    let found =
        cluster_places(workspace, &ClusterRequest { sections, run, settings, device: request.device }, ctx)?;
    let of = match pane {
        PaneKind::PredictedClusters => "Predicted cluster",
        _ => "Cluster",
    };
    let names: Vec<Option<String>> =
        found.found.clusters.iter().map(|c| Some(format!("{of} {}", c + 1))).collect();
    Ok(PlaceClasses::from_labels(&names, &mut Classes::default()))
}
