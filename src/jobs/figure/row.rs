//! A row of a figure: a gene on a section.

use std::sync::Arc;

use anyhow::anyhow;

use super::FigureRequest;
use super::plate::SectionMaps;
use crate::core::color_scale::{PaneValues, color_scales, is_silent, rare};
use crate::core::display::PaneKind;
use crate::core::target::ExpressionScale;
use crate::data::genes::is_ensembl_id;
use crate::data::measured_genes::MeasuredGenes;
use crate::data::panels::panel_of_score;
use crate::evaluate::fold::MIN_SPOTS_TO_CORRELATE;
use crate::evaluate::metrics::pearson;
use crate::figures::{MapPane, PanelRemark, Row};

/// The gene that `typed` names: "HER2" and "erbb2" are ERBB2; a symbol that several genes share is the first of them.
pub(super) fn meant(plate: &SectionMaps, typed: &str) -> String {
    if panel_of_score(typed).is_some() {
        return typed.to_owned();
    }
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
pub(super) fn note_on_shared(plate: &SectionMaps, typed: &str) -> Option<String> {
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

pub(super) fn row(plate: &SectionMaps, gene: &str, request: &FigureRequest) -> anyhow::Result<Row> {
    let display = &request.display;
    let meant = meant(plate, gene);
    let gene = meant.as_str();
    let maps = plate.maps(gene);
    if maps.measured().is_none() && maps.predicted().is_none() && display.panes.iter().any(|p| p.is_of_gene())
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
    let is_count = |scale: ExpressionScale| scale != ExpressionScale::AsInFile && !scale.is_score();
    let counted = maps.scale(PaneKind::Measured).is_some_and(is_count);
    let remark = |pane: PaneKind| match (pane, maps.pane(pane)) {
        (PaneKind::Measured, Some(values)) => {
            is_silent(values).then_some(PanelRemark::NoCounts).or_else(|| {
                counted.then(|| rare(values)).flatten().map(|(spots, of)| PanelRemark::Rare { spots, of })
            })
        }
        (PaneKind::Predicted, Some(values)) => is_silent(values).then_some(PanelRemark::PredictedZero),
        (_, Some(_)) => None,
        _ if pane.is_of_classes() => None,
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
        .map(|(&kind, scale)| match plate.classes.get(&kind) {
            Some(map) => MapPane { values: map.values.clone(), classes: map.classes.clone(), ..MapPane::HE },
            None => MapPane {
                values: maps.pane(kind).unwrap_or(&[]).to_vec(),
                classes: Vec::new(),
                // Fixed limits are there without values too.
                scale: scale.filter(|_| maps.pane(kind).is_some()),
                expression: maps.scale(kind).filter(|_| kind.is_expression()),
                pcc: pcc.filter(|_| kind == PaneKind::Predicted),
                remark: remark(kind),
                struck: match maps.pane(kind) {
                    Some(_) if kind.needs_prediction() => plate.struck.clone(),
                    _ => Vec::new(),
                },
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
pub(super) fn correlation(measured: &[f32], predicted: &[f32]) -> Option<f32> {
    let both = measured.iter().zip(predicted).filter(|(m, p)| m.is_finite() && p.is_finite());
    let (m, p): (Vec<f64>, Vec<f64>) = both.map(|(&m, &p)| (f64::from(m), f64::from(p))).unzip();
    pearson(&m, &p).map(|r| r as f32).filter(|_| m.len() >= MIN_SPOTS_TO_CORRELATE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use crate::core::display::DisplaySettings;
    use crate::core::geometry::{Mpp, SlideRect};
    use crate::core::matrix::Matrix;
    use crate::core::target::Target;
    use crate::data::genes::GeneIndex;
    use crate::data::section::Section;
    use crate::data::section::{Gene, ValueKind};
    use crate::data::testing::section;
    use crate::device::DeviceChoice;
    use crate::figures::{Style, Tissue};
    use crate::jobs::figure::in_order_of;
    use crate::predict::Predictions;
    use crate::preprocess::target::Totals;

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
            classes: BTreeMap::new(),
            panels: Vec::new(),
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
            clusters: BTreeMap::new(),
            plots: Vec::new(),
            comparison: None,
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
