//! The settings of the published recipe.

use serde::{Deserialize, Serialize};

use crate::train::config::{ConfigError, Help, Level, Setting, settings};

settings! {
    /// The settings of the published recipe; each field's description is also its help.
    PublishedConfig;

    /// Random seed. The same seed gives the same model on the CPU.
    Basic seed: u64 = 1, 0..=u64::MAX, "a whole number from 0";
    /// Number of epochs; nothing stops training earlier.
    Basic epochs: usize = 100, 1..=10_000, "1 to 10000";
    /// Spots per training step.
    Basic batch_size: usize = 128, 4..=8_192, "4 to 8192";
    /// Learning rate of Adam.
    Basic learning_rate: f64 = 1e-4, 1e-7..=1.0, "0.0000001 to 1";
    /// Weight decay, as a part of the gradient.
    Advanced weight_decay: f64 = 1e-3, 0.0..=10.0, "0 to 10";
    /// How many training spots a prediction is retrieved from.
    Basic neighbours: usize = 200, 1..=10_000, "1 to 10000";
    /// Heads of attention.
    Advanced heads: usize = 8, 1..=64, "1 to 64";
    /// Width of a head.
    Advanced head_width: usize = 64, 1..=512, "1 to 512";
    /// Length of what is compared.
    Advanced projection: usize = 256, 8..=4_096, "8 to 4096";
    /// Nearest spots of the same section that a spot attends to.
    Advanced expression_neighbours: usize = 8, 0..=64, "0 to 64";
    /// Images that go through a trained encoder together; batch normalisation sees only these.
    Advanced encoder_chunk: usize = 8, 2..=512, "2 to 512";
    /// How far brightness, contrast and saturation are changed at random for a trained encoder.
    Advanced jitter: f64 = 0.5, 0.0..=1.0, "0 to 1";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_a_sentence_and_takes_its_own_default() {
        let mut config = PublishedConfig::default();
        config.check_limits().unwrap();
        for help in PublishedConfig::help() {
            assert!(help.sentence.ends_with('.') && help.sentence.starts_with(char::is_uppercase));
            config.set(help.field, &config.get(help.field).unwrap()).unwrap();
        }
        assert_eq!(config, PublishedConfig::default());
        assert!(config.set("members", "3").unwrap_err().to_string().contains("no training setting"));
    }
}
