//! Scores of gene panels at the spots of the section shown, computed on another thread when their maps are looked at.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use super::section_index::SectionIndex;
use crate::core::cancel::CancelToken;
use crate::core::expression_maps::ExpressionMaps;
use crate::core::target::ExpressionScale;
use crate::jobs::score::{measured_scores, predicted_scores};
use crate::predict::Predictions;

/// The section and the prediction that are scored.
type Basis = (Arc<SectionIndex>, Option<(Arc<Predictions>, ExpressionScale)>);

/// The scores of panels, by panel.
#[derive(Debug, Default)]
pub struct Signatures {
    basis: Option<Basis>,
    found: HashMap<String, ExpressionMaps>,
    /// The panel that is being scored.
    pending: Option<(String, Receiver<ExpressionMaps>)>,
    cancel: CancelToken,
}

impl Signatures {
    /// Turns to another section or prediction; what was scored before is forgotten.
    pub(super) fn turn_to(&mut self, basis: Option<Basis>) {
        let same = match (&self.basis, &basis) {
            (Some((a, p)), Some((b, q))) => {
                Arc::ptr_eq(a, b)
                    && match (p, q) {
                        (Some((p, _)), Some((q, _))) => Arc::ptr_eq(p, q),
                        (None, None) => true,
                        _ => false,
                    }
            }
            (None, None) => true,
            _ => false,
        };
        if !same {
            self.cancel.cancel();
            *self = Self { basis, ..Self::default() };
        }
    }

    /// Panels were edited.
    pub(super) fn forget(&mut self) {
        self.cancel.cancel();
        *self = Self { basis: self.basis.take(), ..Self::default() };
    }

    /// The scores of a panel with these genes; they are computed where they are not known, and there later.
    pub(super) fn get(&mut self, panel: &str, genes: &[String]) -> Option<&ExpressionMaps> {
        let is_pending = self.pending.as_ref().is_some_and(|(name, _)| name == panel);
        if !self.found.contains_key(panel) && !is_pending {
            self.begin(panel, genes);
        }
        self.found.get(panel)
    }

    fn begin(&mut self, panel: &str, genes: &[String]) {
        let Some((index, predicted)) = self.basis.clone() else { return };
        // Another panel is of no interest any more.
        self.cancel.cancel();
        self.cancel = CancelToken::new();
        let (genes, cancel) = (genes.to_vec(), self.cancel.clone());
        let (send, receive) = sync_channel(1);
        let started = std::thread::Builder::new().name("scores of a panel".into()).spawn(move || {
            // A send error means that something else is shown.
            let _ = send.send(scores(&index, predicted.as_ref(), &genes, &cancel));
        });
        self.pending = started.is_ok().then(|| (panel.to_owned(), receive));
    }

    /// Whether scores are being computed.
    pub fn is_busy(&self) -> bool {
        self.pending.is_some()
    }

    /// Takes what has arrived. Whether there is something new.
    pub(super) fn collect(&mut self) -> bool {
        let Some((panel, receive)) = &self.pending else { return false };
        match receive.try_recv() {
            Ok(found) => drop(self.found.insert(panel.clone(), found)),
            Err(TryRecvError::Empty) => return false,
            Err(TryRecvError::Disconnected) => {}
        }
        self.pending = None;
        true
    }
}

/// The maps of a panel's score: measured where any of its genes was, predicted where any is.
fn scores(
    index: &SectionIndex,
    predicted: Option<&(Arc<Predictions>, ExpressionScale)>,
    genes: &[String],
    cancel: &CancelToken,
) -> ExpressionMaps {
    let section = index.section();
    let narrow = |scores: Vec<f64>| scores.into_iter().map(|v| v as f32).collect::<Vec<f32>>();
    let measured = section.is_measured().then(|| measured_scores(section, genes, cancel).ok()).flatten();
    let measured = measured.map(|found| (narrow(found.scores), ExpressionScale::MeasuredScore));
    let predicted = predicted.and_then(|(made, scale)| {
        let found = predicted_scores(made, *scale, genes, cancel).ok()?;
        let mut at_spots = vec![f32::NAN; section.spots.len()];
        for (id, score) in made.spots.iter().zip(narrow(found.scores)) {
            if let Some(slot) = index.spot(id).and_then(|spot| at_spots.get_mut(spot)) {
                *slot = score;
            }
        }
        Some((at_spots, None, ExpressionScale::PredictedScore))
    });
    ExpressionMaps::new(measured, predicted)
}

#[cfg(test)]
mod tests {
    use super::super::section_index::tests::section;
    use super::*;
    use crate::core::matrix::Matrix;
    use crate::core::target::Target;

    #[test]
    fn a_panel_is_scored_once_for_each_section_and_prediction() {
        let section = Arc::new(section("N", 8, &["A", "B", "C", "D"]));
        let index = Arc::new(SectionIndex::new(Arc::clone(&section), &[], Target::Lognorm));
        let predictions = Arc::new(Predictions {
            section: "N".into(),
            // Without the first spot.
            spots: section.spots.iter().skip(1).map(|s| s.id.clone()).collect(),
            genes: ["A", "B", "C"].map(str::to_owned).to_vec(),
            mean: Matrix::from_fn(63, 3, |r, c| (r * (c + 1)) as f32),
            uncertainty: Matrix::zeros(63, 3),
            retrieved: vec![Vec::new(); 63],
            bank_spots: Vec::new(),
        });
        let mut signatures = Signatures::default();
        let genes = ["A".to_owned(), "ELSEWHERE".to_owned()];
        assert!(signatures.get("P", &genes).is_none() && !signatures.is_busy(), "there is no section yet");
        let basis =
            |p: &Arc<Predictions>| Some((Arc::clone(&index), Some((Arc::clone(p), ExpressionScale::LnAll))));
        signatures.turn_to(basis(&predictions));
        assert!(signatures.get("P", &genes).is_none() && signatures.is_busy());
        while !signatures.collect() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let maps = signatures.get("P", &genes).unwrap();
        let (measured, predicted) = (maps.measured().unwrap(), maps.predicted().unwrap());
        assert_eq!((measured.len(), predicted.len()), (64, 64));
        assert!(predicted[0].is_nan() && predicted[1].is_finite());
        assert!(maps.are_on_two_scales());
        let own = measured_scores(&section, &genes, &CancelToken::new()).unwrap();
        assert_eq!(measured[5], own.scores[5] as f32);
        signatures.turn_to(basis(&predictions));
        assert!(signatures.get("P", &genes).is_some());
        signatures.turn_to(basis(&Arc::new(predictions.as_ref().clone())));
        assert!(signatures.get("P", &genes).is_none());
    }
}
