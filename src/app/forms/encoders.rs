//! The image encoders as the window knows them: which there are, how fast each is here, and how long computing
//! image features will take.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use crate::app::state::App;
use crate::core::text::{counted, pace_text};
use crate::device::{DeviceChoice, Kind};
use crate::jobs::encoders::EncoderInfo;
use crate::jobs::request::Request;

/// What is known of encoders now.
#[derive(Debug, Default)]
pub struct Encoders {
    /// All, texture first; empty until they were looked for.
    pub list: Vec<EncoderInfo>,
    /// Where weights are looked for.
    pub folder: Option<PathBuf>,
    /// Name of the one whose card is open.
    pub shown: String,
    /// Why a file was refused, by encoder.
    pub refused: BTreeMap<String, String>,
    /// Devices whose speed was asked for.
    pub(in crate::app) asked: BTreeSet<String>,
}

impl Encoders {
    /// The encoder of this name.
    pub fn find(&self, name: &str) -> Option<&EncoderInfo> {
        self.list.iter().find(|e| e.name == name)
    }

    /// Opens the card `by` places further down the list.
    pub fn step(&self, by: isize) -> Option<&'static str> {
        let last = self.list.len().checked_sub(1)?;
        let at = self.list.iter().position(|e| e.name == self.shown).unwrap_or(0);
        self.list.get(at.saturating_add_signed(by).min(last)).map(|e| e.name)
    }
}

/// Patches a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    /// Patches a second.
    pub per_second: f64,
    /// Whether it was measured with this very encoder.
    pub measured: bool,
}

impl Speed {
    /// "1.4 patches/s", "about 1.4 patches/s".
    pub fn text(self) -> String {
        let about = if self.measured { "" } else { "about " };
        format!("{about}{}", pace_text(self.per_second))
    }

    /// The time that this number of patches takes.
    pub fn time(self, patches: u64) -> Duration {
        Duration::try_from_secs_f64(patches as f64 / self.per_second.max(1e-6)).unwrap_or(Duration::MAX)
    }
}

/// What must be computed before a training or a cross-validation begins.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingFeatures {
    /// How the chosen encoder is called.
    pub encoder: &'static str,
    /// Whether the cache was looked at since the encoder was chosen.
    pub known: bool,
    /// Sections without image features.
    pub sections: usize,
    /// In how many views each section is wanted.
    pub views: usize,
    /// About how many patches they have.
    pub patches: u64,
    /// How fast the encoder is here.
    pub speed: Option<Speed>,
}

impl PendingFeatures {
    /// The time it takes, once the speed is known.
    pub fn time(&self) -> Option<Duration> {
        self.speed.filter(|_| self.patches > 0).map(|speed| speed.time(self.patches))
    }

    /// In a few words.
    pub fn brief(&self) -> String {
        let time = self.time().map_or_else(String::new, |time| format!(" ({})", rough(time)));
        match (self.known, self.sections) {
            (false, _) => "Checking which image features are available.".to_owned(),
            (true, 0) => "Image features are ready.".to_owned(),
            (true, n) => {
                format!("Image features of {} will be computed first{time}.", counted(n, "section"))
            }
        }
    }

    /// In one sentence.
    pub fn sentence(&self) -> String {
        let sections = counted(self.sections, "section");
        let sections = match self.views {
            0 | 1 => sections,
            views => format!("{sections}, in {views} views,"),
        };
        match (self.known, self.sections, self.time()) {
            (false, ..) => "Checking which image features are available.".to_owned(),
            (true, 0, _) => "The image features of all sections are ready.".to_owned(),
            (true, _, None) => {
                format!("The image features of {sections} are computed first, by {}.", self.encoder)
            }
            (true, _, Some(time)) => format!(
                "The image features of {sections} are computed first, by {}: {}.",
                self.encoder,
                rough(time)
            ),
        }
    }
}

impl App {
    /// The encoder that the form has chosen, once encoders were looked for.
    pub fn encoder(&self) -> Option<&EncoderInfo> {
        self.encoders.find(&self.forms.train.encoder.name)
    }

    /// The name of the device that the form has chosen, once it is known.
    pub fn device_name(&self) -> Option<&str> {
        let kind = |cpu: bool| self.devices.iter().find(|d| (d.kind == Kind::Cpu) == cpu);
        let device = match self.forms.train.device {
            DeviceChoice::Auto => self.devices.first(),
            DeviceChoice::Gpu => kind(false),
            DeviceChoice::Cpu => kind(true),
        };
        device.map(|d| d.name.as_str())
    }

    /// Whether the device that the form has chosen is a GPU.
    pub(in crate::app) fn on_gpu(&self) -> bool {
        let best = self.devices.first().map(|d| d.kind);
        match self.forms.train.device {
            DeviceChoice::Auto => best.is_some_and(|kind| kind != Kind::Cpu),
            DeviceChoice::Gpu => true,
            DeviceChoice::Cpu => false,
        }
    }

    /// How fast an encoder is on the chosen device: measured, or told from other networks.
    pub fn speed(&self, encoder: &EncoderInfo) -> Option<Speed> {
        let device = self.device_name()?;
        let settings = &self.settings.encoders;
        let measured = settings.speeds.get(device).and_then(|of| of.get(encoder.name));
        let told = || settings.rates.get(device).map(|rates| rates.patches_per_second(encoder));
        let usable = |v: &f64| v.is_finite() && *v > 0.0;
        match measured.copied().filter(usable) {
            Some(per_second) => Some(Speed { per_second, measured: true }),
            None => told().filter(usable).map(|per_second| Speed { per_second, measured: false }),
        }
    }

    /// The time that an encoder takes for all sections of the project.
    pub fn time_for_project(&self, encoder: &EncoderInfo) -> Option<Duration> {
        let patches: u64 = self.open.as_ref()?.patches.values().sum();
        self.speed(encoder).filter(|_| patches > 0).map(|speed| speed.time(patches))
    }

    /// What must be computed with the chosen encoder for all sections to have image features.
    pub fn ahead(&self) -> Option<PendingFeatures> {
        self.ahead_of(|_| 0, 1)
    }

    /// What must be computed with the chosen encoder before training begins, other views included.
    pub fn ahead_of_training(&self) -> Option<PendingFeatures> {
        let missing = &self.open.as_ref()?.missing_views;
        self.ahead_of(|section| missing.get(section).copied().unwrap_or(0), 1 + self.views().len())
    }

    /// With this many views of a section still to be computed beside the plain one.
    fn ahead_of(&self, missing_views: impl Fn(&str) -> u64, views: usize) -> Option<PendingFeatures> {
        let open = self.open.as_ref()?;
        let missing = |name: &str| u64::from(!open.cached.contains(name)) + missing_views(name);
        let missing: Vec<(&str, u64)> = open
            .ready()
            .map(|s| (s.name.as_str(), missing(&s.name)))
            .filter(|(_, times)| *times > 0)
            .collect();
        let patches = |(name, times): &(&str, u64)| Some(open.patches.get(*name)?.saturating_mul(*times));
        Some(PendingFeatures {
            encoder: self.encoder().map_or("the chosen encoder", |e| e.title),
            known: open.features_known,
            sections: missing.len(),
            views,
            patches: missing.iter().filter_map(patches).sum(),
            speed: self.encoder().and_then(|e| self.speed(e)),
        })
    }

    /// Measures how fast the chosen device is when features are to be computed or an encoder is to be trained, so
    /// that the time can be told.
    pub(in crate::app) fn ask_rates_if_needed(&mut self) {
        let features = self
            .ahead_of_training()
            .is_some_and(|ahead| ahead.known && ahead.sections > 0 && ahead.speed.is_none());
        let training = self.forms.train.trains_encoder() && self.training_speed().is_none();
        if features || training {
            self.ask_rates();
        }
    }

    /// Measures how fast the chosen device is, unless that is known or was asked for already.
    pub(in crate::app) fn ask_rates(&mut self) {
        let Some(device) = self.device_name().map(str::to_owned) else { return };
        if !self.settings.encoders.rates.contains_key(&device) && self.encoders.asked.insert(device) {
            self.work.start(Request::MeasureRates { device: self.forms.train.device });
        }
    }

    /// Looks which encoders have weights.
    pub(in crate::app) fn list_encoders(&mut self) {
        self.work.start(Request::ListEncoders { chosen: self.settings.encoders.weights.clone() });
    }
}

/// "about 40 min": as exactly as can be foreseen.
pub fn rough(time: Duration) -> String {
    let s = time.as_secs_f64();
    let round = |value: f64, to: f64| (value / to).round() * to;
    match s {
        s if s < 8.0 => "a few seconds".to_owned(),
        s if s < 55.0 => format!("about {:.0} s", round(s, 10.0).max(10.0)),
        s if s < 1170.0 => format!("about {:.0} min", (s / 60.0).round().max(1.0)),
        s if s < 3300.0 => format!("about {:.0} min", round(s / 60.0, 5.0)),
        s if s < 36_000.0 => {
            let minutes = round(s / 60.0, 10.0) as u64;
            match minutes % 60 {
                0 => format!("about {} h", minutes / 60),
                rest => format!("about {} h {rest:02} min", minutes / 60),
            }
        }
        s if s < 172_800.0 => format!("about {:.0} h", s / 3600.0),
        s => format!("about {:.0} days", s / 86_400.0),
    }
}

/// "1.1 GiB", "43 MiB".
pub fn memory_text(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1_u32 << 20);
    if mib >= 1000.0 { format!("{:.1} GiB", mib / 1024.0) } else { format!("{mib:.0} MiB") }
}

/// "303 million".
pub fn parameters_text(count: u64) -> String {
    match count as f64 / 1e6 {
        millions if millions >= 1000.0 => format!("{:.1} billion", millions / 1000.0),
        millions => format!("{millions:.0} million"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_exact_as_they_can_be() {
        for (seconds, text) in [
            (2.0, "a few seconds"),
            (9.0, "about 10 s"),
            (43.0, "about 40 s"),
            (58.0, "about 1 min"),
            (290.0, "about 5 min"),
            (750.0, "about 13 min"),
            (2350.0, "about 40 min"),
            (3400.0, "about 1 h"),
            (5000.0, "about 1 h 20 min"),
            (40_000.0, "about 11 h"),
            (300_000.0, "about 3 days"),
        ] {
            assert_eq!(rough(Duration::from_secs_f64(seconds)), text);
        }
        assert_eq!(Speed { per_second: 0.0, measured: true }.time(u64::MAX), Duration::MAX);
    }

    #[test]
    fn what_is_ahead_is_said_in_a_sentence() {
        let speed = Speed { per_second: 1.5, measured: false };
        let mut ahead = PendingFeatures {
            encoder: "UNI",
            known: true,
            sections: 4,
            views: 1,
            patches: 3600,
            speed: Some(speed),
        };
        let text = "The image features of 4 sections are computed first, by UNI: about 40 min.";
        assert_eq!(ahead.sentence(), text);
        assert_eq!(ahead.brief(), "Image features of 4 sections will be computed first (about 40 min).");
        ahead.views = 3;
        let text = "The image features of 4 sections, in 3 views, are computed first, by UNI: about 40 min.";
        assert_eq!(ahead.sentence(), text);
        ahead.views = 1;
        ahead.speed = None;
        ahead.sections = 1;
        assert_eq!(ahead.sentence(), "The image features of 1 section are computed first, by UNI.");
        ahead.sections = 0;
        assert_eq!(ahead.sentence(), "The image features of all sections are ready.");
        assert_eq!(speed.text(), "about 1.5 patches/s");
        assert_eq!(parameters_text(1_134_774_272), "1.1 billion");
        assert_eq!(memory_text(303_350_784 * 4), "1.1 GiB");
    }
}
