//! How well a section was predicted that no stored run was tested on, such as one that was added after training: the same
//! scores as in a cross-validation, computed on another thread when its maps are looked at.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use rayon::prelude::*;

use super::section_index::SectionIndex;
use super::values::pearson;
use crate::core::cancel::CancelToken;
use crate::data::section::ValueKind;
use crate::evaluate::ceiling::noise_ceiling;
use crate::evaluate::fold::MIN_SPOTS_TO_CORRELATE;
use crate::evaluate::metrics::{benjamini_hochberg, pearson_p};
use crate::predict::Predictions;

/// The seed of the random halves that ceilings are estimated with.
const SEED: u64 = 1;

/// What is known of one gene.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct OwnScore {
    /// Correlation of measured and predicted expression.
    pub pcc: Option<f64>,
    /// Its q-value among all genes that were measured and predicted.
    pub q: Option<f64>,
    /// The noise ceiling.
    pub ceiling: Option<f64>,
}

/// The scores of one prediction, by gene.
type Scores = HashMap<String, OwnScore>;

/// The scores of the prediction that is looked at, on their way or there.
#[derive(Debug, Default)]
pub struct OwnScores {
    of: Option<Arc<Predictions>>,
    found: Scores,
    receive: Option<Receiver<Scores>>,
    cancel: CancelToken,
}

impl OwnScores {
    /// The scores of `gene`, once they are there.
    pub fn get(&self, gene: &str) -> Option<OwnScore> {
        self.found.get(gene).copied()
    }

    /// Whether they are being computed.
    pub fn is_busy(&self) -> bool {
        self.receive.is_some()
    }

    /// Turns to another prediction; `None` where there is nothing to compare or a run has told already.
    pub fn turn_to(&mut self, wanted: Option<(&Arc<SectionIndex>, &Arc<Predictions>)>) {
        let same = match (&self.of, wanted) {
            (Some(a), Some((_, b))) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        if same {
            return;
        }
        self.cancel.cancel();
        *self = Self { of: wanted.map(|(_, p)| Arc::clone(p)), ..Self::default() };
        let Some((index, predictions)) = wanted else { return };
        let (index, predictions) = (Arc::clone(index), Arc::clone(predictions));
        let cancel = self.cancel.clone();
        let (send, receive) = sync_channel(1);
        let started = std::thread::Builder::new().name("scores of a section".into()).spawn(move || {
            // A send error means that another section is shown; the scores are not needed.
            let _ = send.send(scores(&index, &predictions, &cancel));
        });
        self.receive = started.is_ok().then_some(receive);
    }

    /// Takes what has arrived. Whether there is something new.
    pub fn collect(&mut self) -> bool {
        let Some(receive) = &self.receive else { return false };
        match receive.try_recv() {
            Ok(found) => self.found = found,
            Err(TryRecvError::Empty) => return false,
            Err(TryRecvError::Disconnected) => {}
        }
        self.receive = None;
        true
    }
}

/// Scores every gene that was measured in the section and predicted.
fn scores(index: &SectionIndex, predictions: &Predictions, cancel: &CancelToken) -> Scores {
    let rows: Vec<Option<usize>> = predictions.spots.iter().map(|id| index.spot(id)).collect();
    let compared: Vec<(usize, Option<f64>, usize)> = (0..predictions.genes.len())
        .into_par_iter()
        .filter_map(|g| {
            cancel.check().ok()?;
            let all = index.measured(predictions.genes.get(g)?)?;
            let at = |row: &Option<usize>| row.and_then(|s| all.get(s).copied()).unwrap_or(f32::NAN);
            let measured: Vec<f32> = rows.iter().map(at).collect();
            let predicted = predictions.mean.column(g);
            let both =
                measured.iter().zip(&predicted).filter(|(m, p)| m.is_finite() && p.is_finite()).count();
            // As in a cross-validation, a few spots say nothing.
            let pcc = pearson(&measured, &predicted).filter(|_| both >= MIN_SPOTS_TO_CORRELATE);
            Some((g, pcc, both))
        })
        .collect();
    let p_values: Vec<Option<f64>> = compared.iter().map(|(_, pcc, n)| pearson_p((*pcc)?, *n)).collect();
    let q_values = benjamini_hochberg(&p_values);
    let genes = compared.iter().filter_map(|(g, ..)| predictions.genes.get(*g));
    let ceilings = ceilings(index, genes, cancel);
    let named = compared.iter().zip(q_values).zip(ceilings);
    named
        .filter_map(|(((g, pcc, _), q), ceiling)| {
            Some((predictions.genes.get(*g)?.clone(), OwnScore { pcc: *pcc, q, ceiling }))
        })
        .collect()
}

/// The noise ceilings of these genes, which the section has.
fn ceilings<'a>(
    index: &SectionIndex,
    genes: impl Iterator<Item = &'a String>,
    cancel: &CancelToken,
) -> Vec<Option<f64>> {
    let section = index.section();
    let columns: Vec<Option<usize>> = genes.map(|g| index.column(g)).collect();
    let known: Vec<usize> = columns.iter().flatten().copied().collect();
    let none = vec![None; columns.len()];
    // Only counts can be split in two.
    if section.values != ValueKind::Counts || known.len() != columns.len() {
        return none;
    }
    noise_ceiling(&section.counts, &known, index.target(), SEED, cancel).unwrap_or(none)
}

#[cfg(test)]
mod tests {
    use super::super::section_index::tests::section;
    use super::*;
    use crate::core::matrix::Matrix;
    use crate::core::target::Target;
    use crate::evaluate::judgement::{Judgement, is_significant};

    #[test]
    fn a_section_that_no_run_was_tested_on_is_scored_all_the_same() {
        let index = Arc::new(SectionIndex::new(Arc::new(section("N", 8, &["A", "B"])), &[], Target::Lognorm));
        let measured = index.measured("A").unwrap();
        let predictions = Arc::new(Predictions {
            section: "N".into(),
            spots: index.section().spots.iter().map(|s| s.id.clone()).collect(),
            genes: vec!["A".into(), "B".into(), "ELSEWHERE".into()],
            mean: Matrix::from_fn(64, 3, |r, c| if c == 0 { 2.0 * measured[r] } else { (r % 2) as f32 }),
            uncertainty: Matrix::zeros(64, 3),
            retrieved: vec![Vec::new(); 64],
            bank_spots: Vec::new(),
        });
        let mut own = OwnScores::default();
        own.turn_to(Some((&index, &predictions)));
        while !own.collect() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert!(!own.is_busy());
        let a = own.get("A").unwrap();
        assert!(a.pcc.unwrap() > 0.999 && a.q.unwrap() < 1e-9 && a.ceiling.is_some());
        let judged = |s: OwnScore| Judgement::new(s.pcc, s.ceiling, is_significant(s.pcc, s.q));
        assert_eq!(judged(a), Judgement::Good);
        assert_eq!(judged(own.get("B").unwrap()), Judgement::Poor);
        assert_eq!(own.get("ELSEWHERE"), None);
        own.turn_to(None);
        assert_eq!(own.get("A"), None);
    }
}
