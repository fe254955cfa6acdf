//! Where the prediction of one spot comes from: the training spots it was retrieved from.

use std::collections::HashSet;
use std::sync::Arc;

use super::images::PatchKey;
use super::section_index::SectionIndex;
use super::text::values_text;
use super::values::{MapValues, PredictionIndex};
use crate::core::target::ExpressionScale;
use crate::core::text::counted;
use crate::data::section::Section;
use crate::predict::Retrieved;

/// The most training spots shown.
pub const SHOWN: usize = 8;

/// A training spot.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbour {
    /// Name of its section.
    pub section: String,
    /// Its identifier.
    pub spot: String,
    /// Cosine similarity of the image embeddings.
    pub similarity: f32,
    /// Its share in the retrieved prediction, 0 to 1.
    pub weight: f32,
    /// Measured expression of the gene; `None` while its section is not read.
    pub measured: Option<f32>,
    /// What that value means.
    pub scale: Option<ExpressionScale>,
    /// Its patch; `None` while its section is not read.
    pub patch: Option<PatchKey>,
}

/// The evidence of one spot.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// What is known, in one sentence.
    pub sentence: String,
    /// The patch of the spot itself.
    pub patch: PatchKey,
    /// The training spots with the largest share, largest first.
    pub neighbours: Vec<Neighbour>,
    /// The share of the shown training spots in the retrieved prediction.
    pub shown_weight: f32,
    /// Number of training spots it was retrieved from, itself left out.
    pub retrieved: usize,
    /// The share that the spot itself has in its own prediction, where the model was trained on it.
    pub own_weight: Option<f32>,
}

/// The patch around one spot of a section.
pub fn patch_of(section: &Section, spot: usize) -> Option<PatchKey> {
    let center = section.spots.get(spot)?.center;
    Some(PatchKey { slide: section.slide.clone(), mpp: section.mpp, center })
}

impl Evidence {
    /// Gathers the evidence of `spot`; `None` when there is no such spot. `other` gives the sections of the
    /// training spots, as far as they are read.
    pub fn new(
        index: &SectionIndex,
        prediction: Option<&PredictionIndex>,
        values: &MapValues,
        gene: &str,
        spot: usize,
        mut other: impl FnMut(&str) -> Option<Arc<SectionIndex>>,
    ) -> Option<Self> {
        let section = index.section();
        let id = &section.spots.get(spot)?.id;
        let row = prediction.and_then(|p| p.row(spot));
        let predictions = prediction.map(|p| p.predictions().as_ref());
        let retrieved =
            row.zip(predictions).and_then(|(r, p)| p.retrieved.get(r)).map_or(&[][..], Vec::as_slice);
        let bank = predictions.map_or(&[][..], |p| &p.bank_spots);
        // A spot that was trained on finds itself, which says nothing about other tissue.
        let is_itself = |r: &&Retrieved| {
            bank.get(r.bank as usize).is_some_and(|b| b.section == section.name && b.spot == *id)
        };
        let own: Vec<f32> = retrieved.iter().filter(is_itself).map(|r| r.weight).collect();
        let own_weight = (!own.is_empty()).then(|| own.iter().sum());
        let retrieved: Vec<Retrieved> = retrieved.iter().filter(|r| !is_itself(r)).copied().collect();
        let sections: HashSet<&str> =
            retrieved.iter().filter_map(|r| bank.get(r.bank as usize)).map(|b| b.section.as_str()).collect();
        let mut heaviest = retrieved.clone();
        heaviest.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(b.similarity.total_cmp(&a.similarity)));
        heaviest.truncate(SHOWN);
        let neighbours = heaviest
            .iter()
            .filter_map(|r| {
                let b = bank.get(r.bank as usize)?;
                let home = other(&b.section).and_then(|h| Some((h.spot(&b.spot)?, h)));
                Some(Neighbour {
                    section: b.section.clone(),
                    spot: b.spot.clone(),
                    similarity: r.similarity,
                    weight: r.weight,
                    measured: home.as_ref().and_then(|(i, h)| h.measured_at(gene, *i)),
                    scale: home.as_ref().map(|(_, h)| h.scale(gene)),
                    patch: home.as_ref().and_then(|(i, h)| patch_of(h.section(), *i)),
                })
            })
            .collect();
        let mut sentence = format!("Spot {id} of {}", section.name);
        sentence += &values_text(values, spot, " (80 % interval)");
        if !retrieved.is_empty() {
            sentence += &format!(
                " · retrieved from {} of {}",
                counted(retrieved.len(), "training spot"),
                counted(sections.len(), "section")
            );
        }
        if let Some(weight) = own_weight {
            sentence += &format!(
                " \u{00B7} trained on this very spot, which is left out here ({:.0} % of the weight)",
                100.0 * weight
            );
        }
        Some(Self {
            own_weight,
            sentence,
            patch: patch_of(section, spot)?,
            shown_weight: heaviest.iter().map(|r| r.weight).sum(),
            neighbours,
            retrieved: retrieved.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::section_index::tests::section;
    use super::*;
    use crate::core::matrix::Matrix;
    use crate::core::target::Target;
    use crate::predict::{BankSpot, Predictions, Retrieved};

    fn index(name: &str) -> Arc<SectionIndex> {
        let listed = ["A".to_owned()];
        Arc::new(SectionIndex::new(Arc::new(section(name, 3, &["A", "B"])), &listed, Target::Published))
    }

    #[test]
    fn tells_where_a_prediction_comes_from() {
        let here = index("C1");
        let bank = |section: &str, spot: &str| BankSpot { section: section.into(), spot: spot.into() };
        let r = |bank, weight| Retrieved { bank, similarity: 0.9, weight };
        let predictions = Predictions {
            section: "C1".into(),
            spots: vec!["1x0".into()],
            genes: vec!["A".into()],
            mean: Matrix::from_fn(1, 1, |_, _| 2.0),
            uncertainty: Matrix::from_fn(1, 1, |_, _| 0.25),
            retrieved: vec![vec![r(0, 0.2), r(1, 0.7), r(2, 0.1)]],
            bank_spots: vec![bank("C2", "2x1"), bank("C3", "0x0"), bank("C2", "1x1")],
        };
        let joined = PredictionIndex::new(Arc::new(predictions), &here, ExpressionScale::Log10Selected);
        let values = MapValues::new(&here, Some(&joined), "A");
        let other = |name: &str| (name == "C2").then(|| index("C2"));
        let e = Evidence::new(&here, Some(&joined), &values, "A", 1, other).unwrap();
        let measured = here.measured_at("A", 1).unwrap();
        assert_eq!(
            e.sentence,
            format!(
                "Spot 1x0 of C1 · measured {measured:.2} · predicted 2.00 ± 0.25 (80 % interval) · \
                 log10(1 + CP10k), selected genes · retrieved from 3 training spots of 2 sections"
            )
        );
        let first = &e.neighbours[0];
        assert_eq!((first.section.as_str(), first.measured, first.patch.is_none()), ("C3", None, true));
        assert_eq!(e.neighbours[1].measured, index("C2").measured_at("A", 5));
        assert!((e.shown_weight - 1.0).abs() < 1e-6);
        let without = Evidence::new(&here, Some(&joined), &values, "A", 0, other).unwrap();
        assert!(without.neighbours.is_empty() && !without.sentence.contains("retrieved"));
        assert!(Evidence::new(&here, None, &values, "A", 99, other).is_none());
    }

    #[test]
    fn a_spot_is_no_evidence_for_itself() {
        let here = index("C1");
        let bank = |section: &str, spot: &str| BankSpot { section: section.into(), spot: spot.into() };
        let r = |bank, weight| Retrieved { bank, similarity: 0.9, weight };
        let predictions = Predictions {
            section: "C1".into(),
            spots: vec!["1x0".into(), "0x0".into()],
            genes: vec!["A".into()],
            mean: Matrix::from_fn(2, 1, |_, _| 2.0),
            uncertainty: Matrix::from_fn(2, 1, |_, _| 0.25),
            retrieved: vec![vec![r(0, 0.6), r(1, 0.3), r(2, 0.1)], vec![r(0, 1.0)]],
            bank_spots: vec![bank("C1", "1x0"), bank("C2", "1x0"), bank("C1", "2x1")],
        };
        let joined = PredictionIndex::new(Arc::new(predictions), &here, here.scale("A"));
        let values = MapValues::new(&here, Some(&joined), "A");
        let evidence = |spot| Evidence::new(&here, Some(&joined), &values, "A", spot, |_| None).unwrap();
        let e = evidence(1);
        let told: Vec<_> = e.neighbours.iter().map(|n| (n.section.as_str(), n.spot.as_str())).collect();
        assert_eq!(told, [("C2", "1x0"), ("C1", "2x1")]);
        assert_eq!((e.retrieved, e.own_weight), (2, Some(0.6)));
        assert!((e.shown_weight - 0.4).abs() < 1e-6);
        assert!(e.sentence.ends_with(
            "retrieved from 2 training spots of 2 sections \u{00B7} trained on this very spot, which is left out here (60 \
             % of the weight)"
        ), "{}", e.sentence);
        // Another spot of the section may well be evidence.
        assert_eq!((evidence(0).retrieved, evidence(0).own_weight), (1, None));
    }
}
