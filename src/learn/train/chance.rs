//! Whether a contrastive loss tells more than guessing would.

use super::stage::EpochMetrics;
use crate::core::note::Note;

/// A contrastive loss above this share of its value at chance has not left it.
const AT_CHANCE: f32 = 0.95;
/// One above this multiple of it does worse than guessing.
const ABOVE_CHANCE: f32 = 1.05;

/// How well images and expression are matched within a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersusChance {
    /// Sure of what is wrong, as a loss on plain products is before it has learned.
    WorseThanGuessing,
    /// As often as guessing would.
    Guessing,
    /// Better than that.
    Better,
}

/// The contrastive loss where all spots of a batch are held equally likely: `ln b`.
pub fn chance(batch: usize) -> f32 {
    (batch.max(1) as f32).ln()
}

impl VersusChance {
    /// Of a contrastive loss whose value at chance is known.
    pub fn from_loss(contrastive: f32, chance: f32) -> Self {
        match contrastive {
            loss if loss > ABOVE_CHANCE * chance => Self::WorseThanGuessing,
            loss if loss > AT_CHANCE * chance => Self::Guessing,
            _ => Self::Better,
        }
    }
}

impl EpochMetrics {
    /// How well images and expression were matched; `None` where they were not compared.
    pub fn matching(&self) -> Option<VersusChance> {
        self.chance.map(|chance| VersusChance::from_loss(self.contrastive, chance))
    }
}

/// The remark on a contrastive loss that ended at `last` in batches of `batch`, if it did not leave chance.
pub(super) fn chance_note(last: f32, batch: usize) -> Option<Note> {
    let chance = chance(batch);
    (VersusChance::from_loss(last, chance) != VersusChance::Better).then(|| {
        Note::AtChance(format!(
            "The contrastive loss did not fall below chance ({last:.2}; chance is {chance:.2}), so similar image embeddings \
             need not have similar expression."
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_judged_by_the_logarithm_of_the_batch() {
        assert!((chance(128) - 4.852).abs() < 1e-3);
        for (loss, matching) in [
            (24.5, VersusChance::WorseThanGuessing),
            (4.9, VersusChance::Guessing),
            (4.7, VersusChance::Guessing),
            (4.5, VersusChance::Better),
        ] {
            assert_eq!(VersusChance::from_loss(loss, chance(128)), matching, "{loss}");
        }
        let note = chance_note(4.84, 128).unwrap();
        assert!(matches!(&note, Note::AtChance(text) if text.contains("(4.84; chance is 4.85)")), "{note}");
        assert!(chance_note(18.0, 128).is_some() && chance_note(4.0, 128).is_none());
    }
}
