//! Choosing the image encoder.

use std::path::Path;

use crate::app::command::{EncoderCommand, Overlay};
use crate::app::state::App;
use crate::jobs::encoder_speed::Rates;
use crate::jobs::encoders::EncoderChoice;
use crate::jobs::request::Request;

impl App {
    pub(super) fn apply_encoder(&mut self, command: EncoderCommand) {
        match command {
            EncoderCommand::Choose => {
                self.encoders.shown.clone_from(&self.forms.train.encoder.name);
                self.encoders.refused.clear();
                self.overlay = Some(Overlay::Encoders);
                self.list_encoders();
                self.ask_rates();
            }
            EncoderCommand::Look(name) => self.encoders.shown = name,
            EncoderCommand::Use(name) => {
                if let Some(choice) = self.choice(&name) {
                    self.use_encoder(choice);
                    self.overlay = None;
                }
            }
            EncoderCommand::SetWeights { encoder, path } => {
                self.encoders.refused.remove(&encoder);
                self.work.start(Request::CheckWeights { encoder, path });
            }
            EncoderCommand::LookAgain => {
                self.encoders.refused.clear();
                self.list_encoders();
            }
            EncoderCommand::OpenFolder => {
                self.work.start(Request::OpenWeightsFolder);
            }
            EncoderCommand::MeasureDevice => {
                self.work.start(Request::MeasureRates { device: self.forms.train.device });
            }
            EncoderCommand::Measure(name) => {
                if let Some(encoder) = self.choice(&name) {
                    self.work.start(Request::MeasureSpeed { encoder, device: self.forms.train.device });
                }
            }
        }
    }

    /// What jobs must be given to use an encoder; `None` while it cannot be used.
    fn choice(&self, name: &str) -> Option<EncoderChoice> {
        let encoder = self.encoders.find(name).filter(|e| e.is_ready())?;
        // Files in the folder of weights are found by themselves, even if they get another ending.
        let own = self.settings.encoders.weights.get(name);
        let weights = own.filter(|&path| encoder.weights.as_ref() == Some(path)).cloned();
        Some(EncoderChoice { name: name.to_owned(), weights })
    }

    fn use_encoder(&mut self, choice: EncoderChoice) {
        if self.forms.train.encoder == choice {
            return;
        }
        self.forms.train.encoder = choice.clone();
        self.settings.encoders.chosen = choice;
        self.settings_touched();
        // Kept with the project at once: it is more than where the user looks.
        self.remember_view();
        if let Some(open) = &mut self.open {
            open.forget_features();
            let (path, view) = (open.path.clone(), open.doc().view.clone());
            self.work.start(Request::SaveView { path, view });
        }
        self.check_features();
    }

    /// A weights file was found to belong to an encoder.
    pub(super) fn weights_fit(&mut self, encoder: &str, path: &Path) {
        self.settings.encoders.weights.insert(encoder.to_owned(), path.to_path_buf());
        self.settings_touched();
        self.list_encoders();
        if let Some(known) = self.encoders.list.iter_mut().find(|e| e.name == encoder) {
            known.weights = Some(path.to_path_buf());
        }
        // The one in use goes on with the new file.
        if self.forms.train.encoder.name == encoder
            && let Some(choice) = self.choice(encoder)
        {
            self.use_encoder(choice);
        }
    }

    /// A weights file was refused.
    pub(super) fn weights_refused(&mut self, encoder: &str, headline: String, causes: &[String]) {
        let why = std::iter::once(headline).chain(causes.iter().cloned()).collect::<Vec<_>>().join(": ");
        // Once the cards are closed, it is reported like anything else.
        match self.overlay {
            Some(Overlay::Encoders) => {
                self.encoders.refused.insert(encoder.to_owned(), why);
            }
            _ => self.notices.error(why, Vec::new()),
        }
    }

    pub(super) fn rates_arrived(&mut self, device: String, rates: Rates) {
        self.settings.encoders.rates.insert(device, rates);
        self.settings_touched();
    }

    pub(super) fn speed_arrived(&mut self, encoder: &str, device: String, per_second: f64) {
        self.settings.encoders.speeds.entry(device).or_default().insert(encoder.to_owned(), per_second);
        self.settings_touched();
    }
}
