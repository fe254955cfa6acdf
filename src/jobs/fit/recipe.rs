//! The recipe by which models are trained, with all its settings.

use serde::{Deserialize, Serialize};

use super::published::PublishedChoice;
use crate::preprocess::views::View;
use crate::train::TrainConfig;

/// How models are trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub enum Recipe {
    /// Our own, which fuses three image levels.
    Fused(TrainConfig),
    /// The published one.
    Published(PublishedChoice),
}

/// A recipe as `run.json` keeps it.
#[derive(Serialize, Deserialize)]
struct Stored {
    /// Of the published recipe, the seed alone.
    train: TrainConfig,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published: Option<PublishedChoice>,
}

impl From<Stored> for Recipe {
    fn from(Stored { train, published }: Stored) -> Self {
        published.map_or(Self::Fused(train), Self::Published)
    }
}

impl From<Recipe> for Stored {
    fn from(recipe: Recipe) -> Self {
        let seed = recipe.seed();
        match recipe {
            Recipe::Fused(train) => Self { train, published: None },
            Recipe::Published(choice) => {
                Self { train: TrainConfig { seed, ..TrainConfig::default() }, published: Some(choice) }
            }
        }
    }
}

impl Default for Recipe {
    fn default() -> Self {
        Self::Fused(TrainConfig::default())
    }
}

impl Recipe {
    /// Whether it is the published one.
    pub fn is_published(&self) -> bool {
        matches!(self, Self::Published(_))
    }

    /// The random seed.
    pub fn seed(&self) -> u64 {
        match self {
            Self::Fused(config) => config.seed,
            Self::Published(choice) => choice.settings.seed,
        }
    }

    /// Networks that are averaged in each model.
    pub fn networks(&self) -> usize {
        match self {
            Self::Fused(config) => config.members,
            Self::Published(_) => 1,
        }
    }

    /// Epochs after which training stops, where no section decides it.
    pub fn fixed_epochs(&self) -> Option<usize> {
        match self {
            Self::Fused(_) => None,
            Self::Published(choice) => Some(choice.settings.epochs),
        }
    }

    /// The views of a section that are trained on beside the plain one.
    pub fn views(&self) -> Vec<View> {
        match self {
            Self::Fused(config) => (1..=config.views).map(|n| View::new(n, config.stain_jitter)).collect(),
            Self::Published(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::published::PublishedConfig;

    #[test]
    fn recipes_are_stored_as_before() {
        let fused = Recipe::Fused(TrainConfig { seed: 7, ..TrainConfig::default() });
        let json = serde_json::to_value(&fused).unwrap();
        assert_eq!(json["train"]["seed"], 7);
        assert!(json.get("published").is_none());
        assert_eq!(serde_json::from_value::<Recipe>(json).unwrap(), fused);
        let settings = PublishedConfig { seed: 8, ..PublishedConfig::default() };
        let published = Recipe::Published(PublishedChoice { settings, trained: None });
        let json = serde_json::to_value(&published).unwrap();
        assert_eq!((&json["train"]["seed"], &json["published"]["settings"]["seed"]), (&8.into(), &8.into()));
        assert_eq!(serde_json::from_value::<Recipe>(json).unwrap(), published);
    }
}
