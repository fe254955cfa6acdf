//! The recipe that the Train page has chosen.

use crate::app::encoders::{Speed, memory_text, rough};
use crate::app::forms::{ImageSide, RecipeKind};
use crate::app::held_out;
use crate::app::state::App;
use crate::jobs::encoders::{EncoderInfo, TRAINED};
use crate::jobs::fit::published::{PublishedChoice, TRAINING_COST, TrainedChoice};
use crate::jobs::fit::recipe::Recipe;
use crate::preprocess::views::View;
use crate::train::TrainConfig;
use crate::train::published::encoder_memory;

impl App {
    /// The recipe of the form.
    ///
    /// # Errors
    /// A sentence that names the setting that cannot be used, or the weights that are missing.
    pub fn recipe(&self) -> Result<Recipe, String> {
        let form = &self.forms.train;
        match form.recipe {
            RecipeKind::Fused => {
                let mut config = TrainConfig { seed: form.seed, ..TrainConfig::default() };
                for (name, value) in &form.settings {
                    config.set(name, value).map_err(|e| e.to_string())?;
                }
                config.check().map_err(|e| e.to_string())?;
                Ok(Recipe::Fused(config))
            }
            RecipeKind::Published => {
                let mut published = PublishedChoice::default();
                published.settings.seed = form.seed;
                for (name, value) in &form.published_settings {
                    published.settings.set(name, value).map_err(|e| e.to_string())?;
                }
                published.trained = match form.image_side {
                    ImageSide::Frozen => None,
                    ImageSide::FromRandom => Some(TrainedChoice::new(None)),
                    ImageSide::FromWeights => {
                        let weights = self.trainable().and_then(|e| e.weights.clone());
                        let missing = "The weights of DenseNet-121 are not on this computer: choose their file \
                                       among the image encoders, or begin with random weights.";
                        Some(TrainedChoice::new(Some(weights.ok_or(missing)?)))
                    }
                };
                Ok(Recipe::Published(published))
            }
        }
    }

    /// Why nothing can be trained now.
    pub fn cannot_train(&self) -> Option<&'static str> {
        let open = self.open.as_ref()?;
        if self.is_training() {
            Some("A model is being trained.")
        } else if open.taking_part().next().is_none() {
            Some("The sections are not ready.")
        } else if open.taking_part().all(|s| held_out(&self.forms.train, open).contains(&s.name)) {
            Some("The only section that could be read is held out.")
        } else if open.genes().is_empty() {
            Some("There is no gene list yet. Choose genes on the Data page.")
        } else if open.gene_choice().used.is_empty() {
            Some("None of the chosen genes was measured in every section.")
        } else {
            self.recipe().is_err().then_some("A setting above cannot be used.")
        }
    }

    /// The views that the form's settings want beside the plain one; none while they cannot be used, and none of the
    /// published recipe.
    pub fn views(&self) -> Vec<View> {
        self.recipe().map(|recipe| recipe.views()).unwrap_or_default()
    }

    /// The encoder that can be trained, once encoders were looked for.
    pub fn trainable(&self) -> Option<&EncoderInfo> {
        self.encoders.find(TRAINED)
    }

    /// How fast the encoder that can be trained is while it is trained, told from its speed when it is not.
    pub(in crate::app) fn training_speed(&self) -> Option<Speed> {
        let frozen = self.speed(self.trainable()?)?;
        Some(Speed { per_second: frozen.per_second / TRAINING_COST, measured: false })
    }

    /// What training an encoder takes on `spots` spots, those of all models added up: a sentence; `None` where none
    /// is trained.
    pub fn encoder_training(&self, recipe: &Recipe, spots: usize) -> Option<String> {
        let Recipe::Published(PublishedChoice { settings, trained: Some(_) }) = recipe else { return None };
        let epochs = settings.epochs;
        let time = self.training_speed().map(|speed| {
            let images = (spots as u64).saturating_mul(epochs as u64);
            format!("{}, ", rough(speed.time(images)))
        });
        let memory = memory_text(encoder_memory(settings.encoder_chunk, !self.on_gpu()));
        let time = time.unwrap_or_default();
        Some(format!("Training the encoder for {epochs} epochs: {time}{memory} of memory."))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::device::{DeviceInfo, Kind};
    use crate::jobs::encoder_speed::Rates;
    use crate::jobs::encoders::list_with;
    use crate::jobs::outcome::Outcome;

    fn app() -> App {
        let mut app = App::new(None, Arc::new(|_, _| Ok(Outcome::Done)), Arc::new(|| ()));
        app.encoders.list = list_with(&Default::default());
        app.encoders.list.iter_mut().for_each(|e| e.weights = None);
        app
    }

    #[test]
    fn each_recipe_has_settings_of_its_own() {
        let mut app = app();
        app.forms.train.seed = 7;
        app.forms.train.changed_mut().insert("members".into(), "2".into());
        let fused = app.recipe().unwrap();
        assert_eq!((fused.networks(), fused.fixed_epochs(), fused.seed()), (2, None, 7));
        app.forms.train.recipe = RecipeKind::Published;
        assert!(app.forms.train.changed().is_empty());
        app.forms.train.changed_mut().insert("epochs".into(), "8".into());
        let published = app.recipe().unwrap();
        assert_eq!((published.networks(), published.fixed_epochs()), (1, Some(8)));
        assert_eq!(published.seed(), 7);
        assert!(matches!(published, Recipe::Published(PublishedChoice { trained: None, .. })));
        app.forms.train.changed_mut().insert("epochs".into(), "none".into());
        assert!(app.recipe().unwrap_err().contains("\"none\" is not a value for epochs"));
        app.forms.train.recipe = RecipeKind::Fused;
        assert_eq!(app.recipe().unwrap(), fused, "what was typed for the other recipe does not count");
    }

    #[test]
    fn an_encoder_begins_with_weights_that_are_there() {
        let mut app = app();
        app.forms.train.recipe = RecipeKind::Published;
        app.forms.train.image_side = ImageSide::FromWeights;
        assert!(app.recipe().unwrap_err().contains("The weights of DenseNet-121 are not on this computer"));
        app.forms.train.image_side = ImageSide::FromRandom;
        let recipe = app.recipe().unwrap();
        let Recipe::Published(choice) = &recipe else { panic!("{recipe:?}") };
        assert_eq!(choice.trained, Some(TrainedChoice::new(None)));
        let untimed = app.encoder_training(&recipe, 1000).unwrap();
        assert!(
            untimed.starts_with("Training the encoder for 100 epochs: ") && untimed.ends_with("of memory.")
        );

        app.devices = vec![DeviceInfo { name: "CPU".into(), kind: Kind::Cpu }];
        let rates = Rates { convolutional: 269.14e9, transformer: 1.0, texture: 1.0 };
        app.settings.encoders.rates.insert("CPU".into(), rates);
        // 95 a second as it is, 10 in training: 100,000 images take 2 h 47 min.
        let timed = app.encoder_training(&recipe, 1000).unwrap();
        assert!(timed.starts_with("Training the encoder for 100 epochs: about 2 h 50 min, "), "{timed}");
        assert_eq!(app.encoder_training(&Recipe::default(), 1000), None);
    }
}
