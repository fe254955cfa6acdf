//! Figures of measured and predicted maps.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::anyhow;

use super::context::JobContext;
use super::predict::{predictions_and_reach, stored_predictions};
use super::prediction_table::note_on_absent;
use super::run_store::{RunInfo, find_run};
use super::workspace::Workspace;
use crate::core::cells::Cells;
use crate::core::color_scale::{PaneValues, color_scales, is_silent, rare};
use crate::core::display::{DisplaySettings, PaneKind};
use crate::core::expression_maps::ExpressionMaps;
use crate::core::matrix::Matrix;
use crate::core::progress::Task;
use crate::core::target::{ExpressionScale, Target};
use crate::data::genes::{GeneIndex, is_ensembl_id};
use crate::data::measured_genes::MeasuredGenes;
use crate::data::section::Section;
use crate::device::DeviceChoice;
use crate::evaluate::fold::MIN_SPOTS_TO_CORRELATE;
use crate::evaluate::metrics::pearson;
use crate::figures::{Figure, MapPane, PanelRemark, Row, Style, Tissue};
use crate::predict::Predictions;
use crate::preprocess::target::Totals;

/// What a figure is asked to show: one row for each gene of each section.
#[derive(Debug, Clone, PartialEq)]
pub struct FigureRequest {
    /// The run that predicts; `None` for figures of measured expression alone.
    pub run: Option<String>,
    /// Names of the sections.
    pub sections: Vec<String>,
    /// Names of the genes; each has a row on each section.
    pub genes: Vec<String>,
    /// Panes, colours, limits, spot size and opacity.
    pub display: DisplaySettings,
    /// Size and resolution.
    pub style: Style,
    /// Where predictions that are not stored are computed.
    pub device: DeviceChoice,
    /// The scale of measured values where no run gives one.
    pub target: Target,
}

impl FigureRequest {
    /// The rows, each a section and a gene.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sections.iter().flat_map(|s| self.genes.iter().map(move |g| (s.as_str(), g.as_str())))
    }
}

/// One section of a figure.
struct SectionMaps {
    section: Arc<Section>,
    tissue: Arc<Tissue>,
    names: GeneIndex,
    totals: Totals,
    target: Target,
    predicted: Option<Predictions>,
    /// The places that are unlike everything the run was trained on, of a slide without measurements.
    struck: Vec<usize>,
    /// The scale of the predictions.
    predicted_scale: ExpressionScale,
    /// Whether the run was trained on it.
    seen: bool,
}

/// Puts a figure together: reads the sections, predicts where needed, cuts the tissue images. Measured genes that are not
/// among those of the run are drawn too, on a scale that does not depend on the list.
///
/// # Errors
/// One sentence naming the run, section, gene or file at fault.
pub fn compose(workspace: &Workspace, request: &FigureRequest, ctx: &JobContext) -> anyhow::Result<Figure> {
    let run = request.run.as_deref().map(|name| find_run(&workspace.path, name)).transpose()?;
    let columns = request.display.panes.clone();
    let needs_prediction = columns.iter().any(|p| p.needs_prediction());
    if run.is_none() && needs_prediction {
        return Err(anyhow!("A figure with predictions needs a run; train a model first"));
    }
    let mut plates: BTreeMap<&str, SectionMaps> = BTreeMap::new();
    let total = request.sections.len() * request.genes.len();
    let mut rows = Vec::with_capacity(total);
    for (done, (name, gene)) in request.rows().enumerate() {
        ctx.check()?;
        ctx.observer.report(&Task::DrawingMaps.into(), done as u64, total as u64);
        if !plates.contains_key(name) {
            let plate = plate(workspace, request, name, run.as_ref(), needs_prediction, ctx)?;
            plates.insert(name, plate);
        }
        if let Some(plate) = plates.get(name) {
            if let Some(note) = note_on_shared(plate, gene) {
                ctx.observer.note(&note);
            }
            rows.push(row(plate, gene, request)?);
        }
    }
    let style = Style { opacity: request.display.opacity, ..request.style };
    Ok(Figure::from_maps(columns, rows, style))
}

fn plate(
    workspace: &Workspace,
    request: &FigureRequest,
    name: &str,
    run: Option<&RunInfo>,
    needs_prediction: bool,
    ctx: &JobContext,
) -> anyhow::Result<SectionMaps> {
    let section = workspace.section(name, ctx)?;
    let slide = workspace.slide(&section, ctx)?;
    let centers: Vec<_> = section.centers().collect();
    let draws_cells = request.display.shape.draws_cells(section.is_measured());
    let cells = draws_cells.then(|| Cells::new(&centers, section.mpp.px(section.geometry.pitch_um)));
    let radius_px = section.spot_radius_px() * f64::from(request.display.spot_scale);
    let reach_px = cells.as_ref().map_or(radius_px, |cells| cells.cell().pitch / 2.0);
    let crop = Tissue::crop_around(&centers, reach_px, section.slide_size);
    // Never more pixels than the slide has.
    let wanted =
        f64::from(request.style.max_panel_px(request.display.panes.len())).min(crop.width()).max(1.0);
    let width = wanted.round() as u32;
    let height = (wanted * crop.height() / crop.width()).round().max(1.0) as u32;
    let image = slide.region(crop, width, height)?;
    let tissue = Arc::new(Tissue {
        crop,
        mpp: section.mpp,
        rgb: image.rgb,
        width: image.width,
        height: image.height,
        centers,
        radius_px,
        cells,
        regions: Vec::new(),
    });
    let (genes, target) = match run {
        Some(run) => (run.config.genes.as_slice(), run.config.target),
        // Where no model stands behind it, a map does not depend on which genes are listed.
        None => (&[][..], request.target),
    };
    let names = GeneIndex::new(&section.genes);
    // The published scale depends on all selected genes, not only on those shown.
    let totals = Totals::new(&section.counts, genes.iter().filter_map(|g| names.find(g)), target);
    let shows_measured = |p: &PaneKind| p.needs_measurement();
    let present = genes.iter().filter(|g| names.find(g).is_some()).count();
    if request.display.panes.iter().any(shows_measured)
        && let Some(note) = note_on_absent(&section, present, genes.len(), target)
    {
        ctx.observer.note(&note);
    }
    // A prediction that no pane shows sets the limits that measured values share with it, as on the screen, but is
    // not made for that alone.
    let (predicted, reach) = match run {
        Some(run) if needs_prediction => {
            let made = predictions_and_reach(workspace, &run.id, name, request.device, ctx)?;
            (Some(made.0), made.1)
        }
        Some(run) => (stored_predictions(workspace, run, name)?, None),
        None => (None, None),
    };
    // Distances are in the order of the places.
    let places = 0..section.spots.len();
    let struck = reach.map(|reach| places.filter(|&place| reach.is_unlike_training(place)).collect());
    let struck = struck.unwrap_or_default();
    let predicted = predicted.map(|p| in_order_of(p, &section));
    let seen = match run {
        Some(run) => run.config.trained_on(workspace.entry(name)?),
        None => false,
    };
    let predicted_scale = run.map_or(target.scale(true), |run| run.config.scale());
    Ok(SectionMaps { section, tissue, names, totals, target, predicted, struck, predicted_scale, seen })
}

/// The prediction with one row for each spot of the section, in its order; NaN for spots that were not predicted.
pub(super) fn in_order_of(predicted: Predictions, section: &Section) -> Predictions {
    let same = predicted.spots.len() == section.spots.len()
        && predicted.spots.iter().zip(&section.spots).all(|(id, spot)| *id == spot.id);
    if same {
        return predicted;
    }
    let row_of: HashMap<&str, usize> =
        predicted.spots.iter().enumerate().map(|(row, id)| (id.as_str(), row)).collect();
    let rows: Vec<Option<usize>> =
        section.spots.iter().map(|spot| row_of.get(spot.id.as_str()).copied()).collect();
    let arranged = |m: &Matrix| {
        Matrix::from_fn(rows.len(), m.cols(), |r, c| rows[r].map_or(f32::NAN, |row| m.get(row, c)))
    };
    let (mean, uncertainty) = (arranged(&predicted.mean), arranged(&predicted.uncertainty));
    Predictions { mean, uncertainty, ..predicted }
}

impl SectionMaps {
    /// The measured values of a gene and what they mean; `None` where the section did not measure it.
    fn measured(&self, gene: &str) -> Option<(Vec<f32>, ExpressionScale)> {
        let column = self.names.find(gene)?;
        let scale = self.section.values.scale(self.target, self.totals.is_selected(column));
        let counts = &self.section.counts;
        let values = (0..counts.rows()).map(|r| self.totals.value(r, counts.get(r, column), scale)).collect();
        Some((values, scale))
    }

    /// The place of the gene of this very name in the prediction.
    fn predicted_as_written(&self, gene: &str) -> Option<usize> {
        self.predicted.as_ref()?.genes.iter().position(|g| g == gene)
    }

    /// The place of a gene in the prediction: by its name, or by another name of the gene that the section knows.
    fn predicted(&self, gene: &str) -> Option<usize> {
        let genes = &self.predicted.as_ref()?.genes;
        let column = self.names.find(gene);
        let same = |g: &String| column.is_some() && self.names.find(g) == column;
        self.predicted_as_written(gene).or_else(|| genes.iter().position(same))
    }
}

/// The gene that `typed` names: "HER2" and "erbb2" are ERBB2; a symbol that several genes share is the first of them.
fn meant(plate: &SectionMaps, typed: &str) -> String {
    let names = &plate.names;
    if names.is_shared(typed) || (!names.has_name(typed) && is_ensembl_id(typed)) {
        let gene = names.get(typed).and_then(|column| plate.section.genes.get(column));
        return gene.map_or(typed, |g| g.name.as_str()).to_owned();
    }
    let known = names.find_as_written(typed).is_some() || plate.predicted_as_written(typed).is_some();
    let meant = if known { None } else { MeasuredGenes::new([plate.section.as_ref()]).meant(typed) };
    meant.and_then(|m| m.genes.into_iter().next()).unwrap_or_else(|| typed.to_owned())
}

/// A remark where several genes are called `typed`.
fn note_on_shared(plate: &SectionMaps, typed: &str) -> Option<String> {
    if !plate.names.is_shared(typed) {
        return None;
    }
    let section = &plate.section;
    let start = format!("{typed} (");
    let all: Vec<&str> =
        section.genes.iter().map(|g| g.name.as_str()).filter(|n| n.starts_with(&start)).collect();
    let (first, rest) = all.split_first()?;
    Some(format!(
        "Several genes of {} are called {typed}; {first} is shown. To show another, name it in full: {}",
        section.name,
        rest.join(", ")
    ))
}

fn row(plate: &SectionMaps, gene: &str, request: &FigureRequest) -> anyhow::Result<Row> {
    let display = &request.display;
    let meant = meant(plate, gene);
    let gene = meant.as_str();
    let predicted = plate.predicted(gene).zip(plate.predicted.as_ref()).map(|(column, p)| {
        (p.mean.column(column), Some(p.uncertainty.column(column)), plate.predicted_scale)
    });
    let maps = ExpressionMaps::new(plate.measured(gene), predicted);
    if maps.measured().is_none()
        && maps.predicted().is_none()
        && display.panes.iter().any(|p| *p != PaneKind::He)
    {
        let section = &plate.section.name;
        return Err(match (&request.run, plate.predicted.as_ref()) {
            (Some(run), Some(p)) => anyhow!(
                "{gene} was not measured in {section} and is not among the {} genes that \"{run}\" predicts; check \
                 the spelling, or choose another gene",
                p.genes.len()
            ),
            _ => anyhow!("{gene} was not measured in {section}; check the spelling, or choose another gene"),
        });
    }
    let counted = maps.scale(PaneKind::Measured).is_some_and(|scale| scale != ExpressionScale::AsInFile);
    let remark = |pane: PaneKind| match (pane, maps.pane(pane)) {
        (PaneKind::Measured, Some(values)) => {
            is_silent(values).then_some(PanelRemark::NoCounts).or_else(|| {
                counted.then(|| rare(values)).flatten().map(|(spots, of)| PanelRemark::Rare { spots, of })
            })
        }
        (PaneKind::Predicted, Some(values)) => is_silent(values).then_some(PanelRemark::PredictedZero),
        (_, Some(_)) => None,
        (_, None) if pane.needs_measurement() && maps.measured().is_none() => Some(PanelRemark::NotMeasured),
        (_, None) if pane.needs_prediction() && maps.predicted().is_none() => Some(PanelRemark::NotPredicted),
        (_, None) => maps.are_on_two_scales().then_some(PanelRemark::TwoScales).filter(|_| pane.compares()),
    };
    // Shared limits are those of measured and predicted together, whichever of them the figure shows.
    let mut kinds = display.panes.clone();
    kinds
        .extend([PaneKind::Measured, PaneKind::Predicted].into_iter().filter(|k| !display.panes.contains(k)));
    let shown: Vec<_> = kinds
        .iter()
        .map(|&kind| PaneValues {
            kind,
            values: maps.pane(kind).unwrap_or(&[]),
            scale: maps.scale(kind),
            one_count: maps.scale(PaneKind::Measured).and_then(|scale| plate.totals.one_count(scale)),
        })
        .collect();
    let scales = color_scales(display, &shown);
    let pcc = maps.measured().zip(maps.predicted()).and_then(|(m, p)| correlation(m, p));
    let panes = display
        .panes
        .iter()
        .zip(scales)
        .map(|(&kind, scale)| MapPane {
            values: maps.pane(kind).unwrap_or(&[]).to_vec(),
            // Fixed limits are there without values too.
            scale: scale.filter(|_| maps.pane(kind).is_some()),
            expression: maps.scale(kind).filter(|_| kind.is_expression()),
            pcc: pcc.filter(|_| kind == PaneKind::Predicted),
            remark: remark(kind),
            struck: match maps.pane(kind) {
                Some(_) if kind.needs_prediction() => plate.struck.clone(),
                _ => Vec::new(),
            },
        })
        .collect();
    Ok(Row {
        gene: Some(gene.to_owned()),
        section: plate.section.name.clone(),
        seen: plate.seen,
        tissue: Arc::clone(&plate.tissue),
        panes,
    })
}

/// Pearson's correlation over the spots that have both values; `None` where those are too few to correlate.
fn correlation(measured: &[f32], predicted: &[f32]) -> Option<f32> {
    let both = measured.iter().zip(predicted).filter(|(m, p)| m.is_finite() && p.is_finite());
    let (m, p): (Vec<f64>, Vec<f64>) = both.map(|(&m, &p)| (f64::from(m), f64::from(p))).unzip();
    pearson(&m, &p).map(|r| r as f32).filter(|_| m.len() >= MIN_SPOTS_TO_CORRELATE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::geometry::{Mpp, SlideRect};
    use crate::data::section::{Gene, ValueKind};
    use crate::data::testing::section;

    /// Genes A and B are listed and predicted, C and D are measured only; D is silent.
    fn plate(values: ValueKind) -> SectionMaps {
        let section = section("S", &["A", "B", "C", "D"], &[&[1.0, 3.0, 6.0, 0.0], &[2.0, 2.0, 0.0, 0.0]]);
        let section = Section { values, ..section };
        let names = GeneIndex::new(&section.genes);
        let totals = Totals::new(&section.counts, [0, 1], Target::Published);
        let tissue = Tissue {
            crop: SlideRect::of_size(10, 10),
            mpp: Mpp(1.0),
            rgb: vec![0; 300],
            width: 10,
            height: 10,
            centers: section.centers().collect(),
            radius_px: 1.0,
            cells: None,
            regions: Vec::new(),
        };
        let predicted = Predictions {
            section: "S".into(),
            spots: section.spots.iter().map(|s| s.id.clone()).collect(),
            genes: ["A".to_owned(), "B".to_owned(), "N".to_owned()].to_vec(),
            mean: Matrix::from_fn(2, 3, |r, c| (r + c) as f32),
            uncertainty: Matrix::from_fn(2, 3, |_, _| 0.5),
            retrieved: Vec::new(),
            bank_spots: Vec::new(),
        };
        SectionMaps {
            section: Arc::new(section),
            tissue: Arc::new(tissue),
            names,
            totals,
            target: Target::Published,
            predicted: Some(predicted),
            struck: vec![1],
            predicted_scale: ExpressionScale::Log10Selected,
            seen: false,
        }
    }

    fn request(panes: &[PaneKind]) -> FigureRequest {
        FigureRequest {
            run: Some("r".into()),
            sections: Vec::new(),
            genes: Vec::new(),
            display: DisplaySettings { panes: panes.to_vec(), ..DisplaySettings::default() },
            style: Style::default(),
            device: DeviceChoice::Cpu,
            target: Target::Published,
        }
    }

    const ALL: [PaneKind; 3] = [PaneKind::Measured, PaneKind::Predicted, PaneKind::Difference];

    #[test]
    fn every_row_has_the_scale_of_its_gene() {
        let plate = plate(ValueKind::Counts);
        let of = |gene| row(&plate, gene, &request(&ALL)).unwrap().panes;
        let listed = of("B");
        assert_eq!(listed[0].expression, Some(ExpressionScale::Log10Selected));
        assert_eq!(listed[0].values[0], 7501f64.log10() as f32);
        assert_eq!((listed[2].remark, listed[2].values.len()), (None, 2));
        assert_eq!((&listed[0].struck[..], &listed[1].struck[..]), (&[][..], &[1][..]));
        let outside = of("C");
        assert_eq!(outside[0].expression, Some(ExpressionScale::Log10All));
        assert_eq!(outside[0].values[0], 6001f64.log10() as f32);
        assert_eq!(outside[1].remark, Some(PanelRemark::NotPredicted));
        assert_eq!((outside[1].scale, outside[1].values.len()), (None, 0));
        assert_eq!(outside[2].remark, Some(PanelRemark::NotPredicted));
        let silent = of("D");
        assert_eq!(silent[0].remark, Some(PanelRemark::NoCounts));
        assert_eq!(silent[0].scale.unwrap().index(silent[0].values[0]), Some(0));
        let new = of("N");
        assert_eq!(new[0].remark, Some(PanelRemark::NotMeasured));
        assert!(new[1].scale.is_some());
    }

    #[test]
    fn values_as_in_the_file_are_not_subtracted() {
        let panels = row(&plate(ValueKind::Normalised), "B", &request(&ALL)).unwrap().panes;
        assert_eq!(panels[0].expression, Some(ExpressionScale::AsInFile));
        assert_eq!(panels[0].values, [3.0, 2.0]);
        assert_eq!(panels[1].expression, Some(ExpressionScale::Log10Selected));
        assert_eq!(panels[2].remark, Some(PanelRemark::TwoScales));
    }

    #[test]
    fn a_gene_that_nobody_knows_is_named() {
        let said = row(&plate(ValueKind::Counts), "X", &request(&ALL)).unwrap_err().to_string();
        assert!(said.starts_with("X was not measured in S and is not among the 3 genes"), "{said}");
        assert!(row(&plate(ValueKind::Counts), "X", &request(&[PaneKind::He])).is_ok());
    }

    #[test]
    fn genes_are_titled_by_the_name_of_the_one_that_is_shown() {
        let mut plate = plate(ValueKind::Counts);
        let mut section = plate.section.as_ref().clone();
        let genes = [
            ("GNAS (ENSG00000000001)", "ENSG00000000001"),
            ("GNAS (ENSG00000000002)", "ENSG00000000002"),
            ("ENSG00000001007.7", "ENSG00000001007.7"),
            ("KRT19", "ENSG00000171345"),
        ];
        section.genes = genes.map(|(name, id)| Gene { name: name.into(), id: id.into() }).to_vec();
        plate.names = GeneIndex::new(&section.genes);
        plate.section = Arc::new(section);
        plate.predicted = None;
        let title = |typed: &str| row(&plate, typed, &request(&[PaneKind::Measured])).unwrap().gene.unwrap();
        assert_eq!(title("GNAS"), "GNAS (ENSG00000000001)");
        assert_eq!(title("GNAS (ENSG00000000002)"), "GNAS (ENSG00000000002)");
        assert_eq!(title("ENSG00000001007"), "ENSG00000001007.7");
        assert_eq!(title("ENSG00000171345.3"), "KRT19");
        assert_eq!(title("krt19"), "KRT19");
        let note = note_on_shared(&plate, "GNAS").unwrap();
        assert_eq!(
            note,
            "Several genes of S are called GNAS; GNAS (ENSG00000000001) is shown. To show another, name it in full: \
             GNAS (ENSG00000000002)"
        );
        assert_eq!(note_on_shared(&plate, "KRT19"), None);
    }

    #[test]
    fn predictions_are_joined_by_spot() {
        let plate = plate(ValueKind::Counts);
        let mut turned = plate.predicted.unwrap();
        turned.spots.reverse();
        turned.spots[0] = "elsewhere".into();
        let arranged = in_order_of(turned, &plate.section);
        assert_eq!(arranged.mean.get(0, 0), 1.0);
        assert!(arranged.mean.get(1, 0).is_nan());
    }
}
