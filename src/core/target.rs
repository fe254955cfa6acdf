//! What the model is trained to predict.

use serde::{Deserialize, Serialize};

/// The scale on which expression is predicted; stored with every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// `log10(1 + 1e4 * count / sum over the selected genes)`, as in the published protocol.
    #[default]
    Published,
    /// `ln(1 + 1e4 * count / sum over all genes)`.
    Lognorm,
}

impl Target {
    /// Name with unit, as it stands beside a colour bar.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Published => "log10(1 + CP10k), selected genes",
            Self::Lognorm => "ln(1 + CP10k), all genes",
        }
    }
}
