//! Figures of measured and predicted maps.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{anyhow, bail};

use super::context::Ctx;
use super::predict::predictions;
use super::runs::find_run;
use super::workspace::Workspace;
use crate::core::display::{DisplaySettings, PaneKind, color_scales};
use crate::core::target::Target;
use crate::data::aliases;
use crate::data::measured_genes::MeasuredGenes;
use crate::data::section::{Section, ValueKind};
use crate::device::DeviceChoice;
use crate::evaluate::metrics::pearson;
use crate::figures::{Figure, Panel, Row, Style, Tissue};
use crate::predict::Predictions;
use crate::preprocess::target;

/// What a figure is asked to show: one row for each gene of each section.
#[derive(Debug, Clone, PartialEq)]
pub struct FigureRequest {
    /// The run that predicts; `None` for figures of measured expression alone.
    pub run: Option<String>,
    /// Names of the sections and genes, one row each.
    pub rows: Vec<(String, String)>,
    /// Panes, colours, limits, spot size and opacity.
    pub display: DisplaySettings,
    /// Size and resolution.
    pub style: Style,
    /// Where predictions that are not stored are computed.
    pub device: DeviceChoice,
    /// The genes and target of measured values where no run gives them.
    pub genes: Vec<String>,
    /// See `genes`.
    pub target: Target,
}

/// One section of a figure.
struct Plate {
    section: Arc<Section>,
    tissue: Arc<Tissue>,
    genes: Vec<String>,
    target: Target,
    /// Measured values of each gene that was measured here.
    measured: Vec<Option<Vec<f32>>>,
    predicted: Option<Predictions>,
    /// Whether the run was trained on it.
    seen: bool,
}

/// Puts a figure together: reads the sections, predicts where needed, cuts the tissue images.
///
/// # Errors
/// One sentence naming the run, section, gene or file at fault.
pub fn compose(workspace: &Workspace, request: &FigureRequest, ctx: &Ctx) -> anyhow::Result<Figure> {
    let run = request.run.as_deref().map(|name| find_run(&workspace.path, name)).transpose()?;
    let (genes, target) = match &run {
        Some(run) => (&run.config.genes, run.config.target),
        None => (&request.genes, request.target),
    };
    let columns = request.display.panes.clone();
    if run.is_none() && columns.iter().any(|p| p.needs_prediction()) {
        return Err(anyhow!("A figure with predictions needs a run; train a model first"));
    }
    let mut plates: BTreeMap<&str, Plate> = BTreeMap::new();
    let mut rows = Vec::with_capacity(request.rows.len());
    for (done, (name, gene)) in request.rows.iter().enumerate() {
        ctx.check()?;
        ctx.observer.report("Drawing maps", done as u64, request.rows.len() as u64);
        if !plates.contains_key(name.as_str()) {
            let plate = plate(workspace, request, name, genes, target, ctx)?;
            plates.insert(name, plate);
        }
        if let Some(plate) = plates.get(name.as_str()) {
            rows.push(row(plate, gene, &request.display)?);
        }
    }
    let style = Style { opacity: request.display.opacity, ..request.style };
    let unit = unit(plates.values().map(|p| p.section.as_ref()), target);
    Ok(Figure { columns, rows, unit, style })
}

/// What stands beside the colour bars of these sections.
fn unit<'a>(sections: impl Iterator<Item = &'a Section>, target: Target) -> String {
    let (counted, normalised): (Vec<&Section>, Vec<&Section>) =
        sections.partition(|s| s.values == ValueKind::Counts);
    if normalised.is_empty() {
        return ValueKind::Counts.unit(target).to_owned();
    }
    if counted.is_empty() {
        return ValueKind::Normalised.unit(target).to_owned();
    }
    let names: Vec<&str> = normalised.iter().map(|s| s.name.as_str()).collect();
    let (counts, as_is) = (ValueKind::Counts.unit(target), ValueKind::Normalised.unit(target));
    format!("{counts}; {}: {as_is}", names.join(", "))
}

fn plate(
    workspace: &Workspace,
    request: &FigureRequest,
    name: &str,
    genes: &[String],
    target: Target,
    ctx: &Ctx,
) -> anyhow::Result<Plate> {
    let section = workspace.section(name, ctx)?;
    let slide = workspace.slide(&section, ctx)?;
    let centers: Vec<_> = section.centers().collect();
    let radius_px = section.spot_radius_px() * f64::from(request.display.spot_scale);
    let crop = Tissue::crop_around(&centers, radius_px, section.slide_size);
    // Never more pixels than the slide has.
    let wanted =
        f64::from(request.style.max_panel_px(request.display.panes.len())).min(crop.width()).max(1.0);
    let width = wanted.round() as u32;
    let height = (wanted * crop.height() / crop.width()).round().max(1.0) as u32;
    let image = slide.region(crop, width, height);
    let tissue = Arc::new(Tissue {
        crop,
        mpp: section.mpp,
        rgb: image.rgb,
        width: image.width,
        height: image.height,
        centers,
        radius_px,
    });
    // Expression on the published scale depends on all selected genes, not only on those shown.
    let measured = target::measured(&section, genes, target);
    let predicted = request
        .run
        .as_deref()
        .map(|run| predictions(workspace, run, name, request.device, ctx))
        .transpose()?;
    let seen = match request.run.as_deref() {
        Some(run) => find_run(&workspace.path, run)?.config.trained_on(workspace.entry(name)?),
        None => false,
    };
    Ok(Plate { section, tissue, genes: genes.to_vec(), target, measured, predicted, seen })
}

/// The gene of the run, or else of the section, that `typed` names: "HER2" and "erbb2" are ERBB2.
fn meant(plate: &Plate, typed: &str) -> String {
    let is_of_run = |name: &str| plate.genes.iter().any(|g| g == name);
    if is_of_run(typed) {
        return typed.to_owned();
    }
    let genes = MeasuredGenes::new([plate.section.as_ref()]).meant(typed).map_or_else(Vec::new, |m| m.genes);
    let of_run = genes.iter().find_map(|g| aliases::found_as(g, is_of_run));
    of_run.map(str::to_owned).or_else(|| genes.first().cloned()).unwrap_or_else(|| typed.to_owned())
}

fn row(plate: &Plate, gene: &str, display: &DisplaySettings) -> anyhow::Result<Row> {
    let meant = meant(plate, gene);
    let gene = meant.as_str();
    let column = plate.genes.iter().position(|name| name == gene);
    let predicted = plate.predicted.as_ref().zip(column).map(|(p, g)| p.mean.column(g));
    let measured = match column {
        Some(g) => plate.measured.get(g).cloned().flatten(),
        None => target::measured_beside(&plate.section, &plate.genes, gene, plate.target),
    };
    if measured.is_none() && predicted.is_none() {
        let section = &plate.section.name;
        if plate.predicted.is_some() && column.is_none() {
            bail!(
                "{gene} is not among the {} genes of the run and was not measured in {section}; choose another gene or \
                 another run",
                plate.genes.len()
            );
        }
        bail!("{gene} was not measured in {section}; choose another gene or section");
    }
    let uncertainty = plate.predicted.as_ref().zip(column).map(|(p, g)| p.uncertainty.column(g));
    let both = predicted.as_ref().zip(measured.as_ref());
    let difference: Option<Vec<f32>> = both.map(|(p, m)| p.iter().zip(m).map(|(p, m)| p - m).collect());
    let empty: &[f32] = &[];
    let values_of = |pane: PaneKind| match pane {
        PaneKind::He => empty,
        PaneKind::Measured => measured.as_deref().unwrap_or(empty),
        PaneKind::Predicted => predicted.as_deref().unwrap_or(empty),
        PaneKind::Difference => difference.as_deref().unwrap_or(empty),
        PaneKind::Uncertainty => uncertainty.as_deref().unwrap_or(empty),
    };
    // Shared limits are those of measured and predicted together, whichever of them the figure shows.
    let mut kinds = display.panes.clone();
    kinds
        .extend([PaneKind::Measured, PaneKind::Predicted].into_iter().filter(|k| !display.panes.contains(k)));
    let shown: Vec<_> = kinds.iter().map(|&kind| (kind, values_of(kind))).collect();
    let scales = color_scales(display, &shown);
    let pcc = both.and_then(|(p, m)| {
        let wide = |v: &[f32]| v.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
        pearson(&wide(m), &wide(p)).map(|r| r as f32)
    });
    let panels = display
        .panes
        .iter()
        .zip(scales)
        .map(|(&kind, scale)| Panel {
            values: values_of(kind).to_vec(),
            scale: scale.filter(|_| !values_of(kind).is_empty()),
            pcc: pcc.filter(|_| kind == PaneKind::Predicted),
        })
        .collect();
    Ok(Row {
        gene: Some(gene.to_owned()),
        section: plate.section.name.clone(),
        seen: plate.seen,
        tissue: Arc::clone(&plate.tissue),
        panels,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::section;

    #[test]
    fn the_unit_is_that_of_the_sections_shown() {
        let counted = section("C2", &["A"], &[&[1.0]]);
        let normalised = Section { values: ValueKind::Normalised, ..section("N", &["A"], &[&[0.5]]) };
        let of = |sections: &[&Section]| unit(sections.iter().copied(), Target::Lognorm);
        assert_eq!(of(&[&counted]), "ln(1 + CP10k), all genes");
        assert_eq!(of(&[&normalised]), "as in the file (normalised)");
        assert_eq!(of(&[&counted, &normalised]), "ln(1 + CP10k), all genes; N: as in the file (normalised)");
    }
}
