//! The settings of training. One table makes the struct, its defaults, its file format, the help of the
//! command line and of the form, and setting a field by name.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::preprocess::views::MAX_VIEWS;

/// Whom a setting is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Shown at once.
    Basic,
    /// Shown under "advanced".
    Advanced,
}

/// One setting, described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Help {
    /// Name of the field.
    pub field: &'static str,
    /// One sentence.
    pub sentence: &'static str,
    /// Whom it is for.
    pub level: Level,
    /// What is allowed: "0 to 1", "yes or no".
    pub allowed: &'static str,
}

/// A setting could not be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No such field.
    #[error("There is no training setting \"{0}\"")]
    UnknownField(String),
    /// Not a value for this field.
    #[error("\"{text}\" is not a value for {field}: it takes {allowed}")]
    Value {
        /// The field.
        field: &'static str,
        /// What was given.
        text: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// The width is no multiple of the number of heads.
    #[error("{field} is {width}, which is not a multiple of the {heads} attention heads")]
    Heads {
        /// The field.
        field: &'static str,
        /// Its value.
        width: usize,
        /// Heads.
        heads: usize,
    },
}

/// A type of setting.
pub(super) trait Setting: Sized {
    type Limits;
    fn read(text: &str) -> Option<Self>;
    fn within(&self, limits: &Self::Limits) -> bool;
}

macro_rules! number {
    ($($t:ty),*) => {$(
        impl Setting for $t {
            type Limits = RangeInclusive<$t>;
            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
            fn within(&self, limits: &Self::Limits) -> bool {
                limits.contains(self)
            }
        }
    )*};
}
number!(u64, usize, f64);

impl Setting for bool {
    type Limits = ();
    fn read(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "yes" | "true" | "on" | "1" => Some(true),
            "no" | "false" | "off" | "0" => Some(false),
            _ => None,
        }
    }
    fn within(&self, (): &()) -> bool {
        true
    }
}

/// Makes a struct of settings from their table.
macro_rules! settings {
    (
        $(#[doc = $about:literal])+ $name:ident;
        $($(#[doc = $doc:literal])+ $level:ident $field:ident: $type:ty = $default:expr, $limits:expr, $allowed:literal;)*
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[doc = $doc])+ pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $name {
            /// All settings in the order of a form.
            pub fn help() -> &'static [Help] {
                const HELP: &[Help] = &[$(Help {
                    field: stringify!($field),
                    sentence: concat!($($doc),+).trim_ascii(),
                    level: Level::$level,
                    allowed: $allowed,
                },)*];
                HELP
            }

            /// Sets `field` from text.
            ///
            /// # Errors
            /// [`ConfigError`] when there is no such field or it does not take this value.
            pub fn set(&mut self, field: &str, text: &str) -> Result<(), ConfigError> {
                let text = text.trim();
                match field {
                    $(stringify!($field) => {
                        let value = <$type as Setting>::read(text).filter(|v| v.within(&$limits));
                        self.$field = value.ok_or_else(|| ConfigError::Value {
                            field: stringify!($field),
                            text: text.to_owned(),
                            allowed: $allowed,
                        })?;
                    })*
                    _ => return Err(ConfigError::UnknownField(field.to_owned())),
                }
                Ok(())
            }

            /// The value of `field` as text that `set` takes.
            pub fn get(&self, field: &str) -> Option<String> {
                match field {
                    $(stringify!($field) => Some(self.$field.to_string()),)*
                    _ => None,
                }
            }

            /// Checks that every field has a value within its limits, as one read from a file may not.
            ///
            /// # Errors
            /// [`ConfigError`] naming the first field that does not.
            pub fn check_limits(&self) -> Result<(), ConfigError> {
                $(if !self.$field.within(&$limits) {
                    return Err(ConfigError::Value {
                        field: stringify!($field),
                        text: self.$field.to_string(),
                        allowed: $allowed,
                    });
                })*
                Ok(())
            }
        }
    };
}
pub(super) use settings;

impl TrainConfig {
    /// Checks that every field has a value it takes, as one read from a file may not.
    ///
    /// # Errors
    /// [`ConfigError`] naming the first field that does not.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_limits()?;
        for (field, width) in [("width", self.width), ("expression_width", self.expression_width)] {
            if !width.is_multiple_of(self.heads) {
                return Err(ConfigError::Heads { field, width, heads: self.heads });
            }
        }
        Ok(())
    }
}

settings! {
    /// The settings of training; each field's description is also its help.
    TrainConfig;

    /// Random seed. The same seed gives the same model on the CPU.
    Basic seed: u64 = 1, 0..=u64::MAX, "a whole number from 0";
    /// How many networks are trained and averaged; more take longer and vary less.
    Basic members: usize = 3, 1..=16, "1 to 16";
    /// Maximum number of epochs.
    Basic epochs: usize = 60, 1..=10_000, "1 to 10000";
    /// Training stops when this many epochs have not improved the validation section.
    Basic patience: usize = 20, 1..=10_000, "1 to 10000";
    /// Spots per training step.
    Basic batch_size: usize = 128, 4..=8_192, "4 to 8192";
    /// Learning rate. Smaller is slower but more stable.
    Basic learning_rate: f64 = 1e-3, 1e-7..=1.0, "0.0000001 to 1";
    /// Weight of the contrastive loss beside regression.
    Basic contrastive_weight: f64 = 0.1, 0.0..=100.0, "0 to 100";
    /// Principal components that training expression is reduced to, which takes out counting noise; 0 keeps it as measured.
    Basic rank: usize = 20, 0..=1_000, "0 to 1000";
    /// Share of what those components leave out that is kept, since some of it is a gene's own signal.
    Advanced residual_kept: f64 = 0.5, 0.0..=1.0, "0 to 1";
    /// How many of the most similar training spots a prediction is retrieved from.
    Basic neighbours: usize = 100, 1..=10_000, "1 to 10000";
    /// Width of the network's tokens.
    Advanced width: usize = 64, 8..=2_048, "8 to 2048, a multiple of the heads";
    /// Heads of attention.
    Advanced heads: usize = 4, 1..=64, "1 to 64";
    /// Length of the image embedding.
    Advanced embedding: usize = 256, 8..=4_096, "8 to 4096";
    /// Width of the expression branch.
    Advanced expression_width: usize = 64, 8..=2_048, "8 to 2048, a multiple of the heads";
    /// Nearest spots of the same section that the expression branch sees around a spot.
    Advanced expression_neighbours: usize = 6, 0..=64, "0 to 64";
    /// Length of the vectors that the contrastive loss compares.
    Advanced projection: usize = 128, 8..=4_096, "8 to 4096";
    /// The most landmarks that stand for a whole section.
    Advanced landmarks: usize = 256, 1..=1_024, "1 to 1024";
    /// Weight of one minus the correlation of each gene beside the squared error.
    Advanced correlation_weight: f64 = 1.0, 0.0..=100.0, "0 to 100";
    /// Weight decay.
    Advanced weight_decay: f64 = 0.05, 0.0..=10.0, "0 to 10";
    /// Share of the fused token that is left out at random in a step.
    Advanced dropout: f64 = 0.3, 0.0..=0.9, "0 to 0.9";
    /// Share of the image features that is left out at random in a step.
    Advanced feature_dropout: f64 = 0.2, 0.0..=0.9, "0 to 0.9";
    /// Share of the neighbourhood patches that is left out at random in a step.
    Advanced token_dropout: f64 = 0.2, 0.0..=0.9, "0 to 0.9";
    /// Other views of each section that training draws from beside the plain one: turned or mirrored and stained
    /// otherwise, each with image features of its own, which are computed first. Prediction sees the plain one.
    Advanced views: usize = 0, 0..=MAX_VIEWS, "0 to 16";
    /// How much hematoxylin and eosin of such a view differ at most, as a share. With 0 views are only turned, which
    /// the texture encoder does not see within a patch, only in how patches lie around a spot: they cost no time then.
    Advanced stain_jitter: f64 = 0.1, 0.0..=0.5, "0 to 0.5";
    /// Share of the epochs in which the learning rate rises from zero.
    Advanced warmup: f64 = 0.05, 0.0..=0.5, "0 to 0.5";
    /// Maximum gradient norm (gradient clipping).
    Advanced gradient_clip: f64 = 1.0, 1e-3..=1e6, "0.001 to 1000000";
    /// How much of the moving average of the weights is kept in a step; the average is what predicts.
    Advanced average_decay: f64 = 0.98, 0.0..=0.9999, "0 to 0.9999";
    /// Epochs between validation passes.
    Advanced validate_every: usize = 4, 1..=1_000, "1 to 1000";
    /// Epochs between two checkpoints, from which killed training resumes.
    Advanced checkpoint_every: usize = 10, 1..=10_000, "1 to 10000";
    /// Whether training sections are brought to the same mean expression, which no image can explain.
    Advanced center_sections: bool = true, (), "yes or no";
    /// Whether the networks are trained again on all training sections once the epochs are chosen.
    Advanced refit: bool = true, (), "yes or no";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_a_sentence_and_takes_its_own_default() {
        let mut config = TrainConfig::default();
        config.check().unwrap();
        for help in TrainConfig::help() {
            assert!(
                help.sentence.ends_with('.') && help.sentence.starts_with(char::is_uppercase),
                "{help:?}"
            );
            let text = config.get(help.field).unwrap();
            config.set(help.field, &text).unwrap();
        }
        assert_eq!(config, TrainConfig::default());
    }

    #[test]
    fn wrong_values_are_refused_in_one_sentence() {
        let mut config = TrainConfig::default();
        config.set("refit", "no").unwrap();
        config.set("learning_rate", "0.01").unwrap();
        assert!(!config.refit && config.learning_rate == 0.01);
        let e = config.set("epochs", "many").unwrap_err().to_string();
        assert_eq!(e, "\"many\" is not a value for epochs: it takes 1 to 10000");
        assert!(config.set("dropout", "NaN").is_err() && config.set("dropout", "1").is_err());
        let e = config.set("speed", "1").unwrap_err().to_string();
        assert_eq!(e, "There is no training setting \"speed\"");
        config.width = 130;
        assert!(config.check().unwrap_err().to_string().contains("multiple of the 4 attention heads"));
    }

    #[test]
    fn a_file_may_leave_fields_out() {
        let config: TrainConfig = serde_json::from_str(r#"{"epochs": 7}"#).unwrap();
        assert_eq!(config, TrainConfig { epochs: 7, ..TrainConfig::default() });
    }
}
