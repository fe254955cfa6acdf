//! What the stages of one training share: standardised features, the two sets of spots, and the model that
//! is put together at the end.

use std::sync::Arc;

use crate::core::cancel::CancelToken;
use crate::core::matrix::Matrix;
use crate::core::note::Note;
use crate::device::ComputeDevice;
use crate::model::parameters::Layout;
use crate::model::{ExpressionConfig, FusionConfig, NetworkConfig};
use crate::predict::bank::Bank;
use crate::predict::blend::Blend;
use crate::predict::fitted::{embed_all, networks, raise_to};
use crate::predict::source::{ImageSource, SpotRef};
use crate::predict::uncertainty::Calibration;
use crate::predict::{BankSpot, FusedModel, FusedModelConfig};
use crate::preprocess::features::{NEIGHBOURHOOD_SIDE, SectionFeatures};
use crate::preprocess::standardise::{StandardFeatures, standardise};
use crate::preprocess::views::View;
use crate::train::batch::batch_size;
use crate::train::chance::chance_note;
use crate::train::checkpoint::{Checkpoint, Member};
use crate::train::config::TrainConfig;
use crate::train::fit::{FitInput, MIN_JUDGES, TrainError, TrainSection, Validation};
use crate::train::prepare::{Prepared, input_width, prepare};
use crate::train::stage::{Best, Phase, Stage, StageState, TrainCallbacks, ValidationSpots};

/// Distance of neighbouring patches of the neighbourhood grid: 224 pixels of 0.5 um.
const STEP_UM: f32 = 112.0;

/// What all stages share.
pub struct FusedTrainer<'a> {
    input: &'a FitInput<'a>,
    config: &'a TrainConfig,
    device: &'a ComputeDevice,
    network: NetworkConfig,
    features: Vec<StandardFeatures<'a>>,
    /// Of the views beside the plain one, each of all sections.
    views: Vec<Vec<StandardFeatures<'a>>>,
    /// The spots that choose, and their measured expression; none where nothing is chosen.
    validation: Vec<SpotRef>,
    measured: Matrix,
    judge: JudgeSpots,
    choosing: Prepared,
    whole: Prepared,
}

impl<'a> FusedTrainer<'a> {
    /// Prepares `input`, which fits together.
    pub fn new(
        input: &'a FitInput<'a>,
        config: &'a TrainConfig,
        device: &'a ComputeDevice,
        cancel: &CancelToken,
    ) -> Result<Self, TrainError> {
        let standard = |s: &TrainSection<'a>, features: &'a SectionFeatures| {
            let failed = |source| TrainError::Features { section: s.name.to_owned(), source };
            cancel.check()?;
            standardise(features, config.landmarks).map_err(failed)
        };
        let features =
            input.sections.iter().map(|s| standard(s, s.features)).collect::<Result<Vec<_>, TrainError>>()?;
        let view = |index: usize| -> Result<Vec<StandardFeatures<'a>>, TrainError> {
            let of = |s: &TrainSection<'a>| Some((s.views.get(index)?, *s));
            let seen = input.sections.iter().filter_map(of);
            seen.map(|(f, s)| Ok(standard(&s, f)?.turned(View::turn_of(index + 1)))).collect()
        };
        let views = (0..config.views).map(view).collect::<Result<Vec<_>, TrainError>>()?;
        let (training, validation, judge) = split(input, &features)?;
        let expression: Vec<&Matrix> = input.sections.iter().map(|s| s.expression).collect();
        let places: Vec<&[[f32; 2]]> = features.iter().map(StandardFeatures::spot_um).collect();
        let mut all: Vec<SpotRef> = training.iter().chain(&validation).copied().collect();
        all.sort_unstable();
        let measured = Matrix::from_fn(validation.len(), input.genes.len(), |r, c| {
            expression[validation[r].section].get(validation[r].spot, c)
        });
        let choosing = prepare(&expression, &places, training, config, cancel)?;
        let whole = prepare(&expression, &places, all, config, cancel)?;
        let width = features.first().map_or(0, StandardFeatures::width);
        let network = network_config(config, width, input.genes.len());
        Ok(Self {
            input,
            config,
            device,
            network,
            features,
            views,
            validation,
            measured,
            judge,
            choosing,
            whole,
        })
    }

    /// The settings.
    pub fn config(&self) -> &'a TrainConfig {
        self.config
    }

    /// Networks that are trained at the same time: one a core, since one keeps hardly more than a core busy;
    /// a GPU does one after another.
    pub fn workers(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        if self.device.is_deterministic() { self.config.members.min(cores) } else { 1 }
    }

    /// Number of parameters of a network.
    pub fn parameter_count(&self) -> usize {
        Layout::from_module(&self.network.init(0, self.device.burn())).len()
    }

    /// Trains one network through one phase, from `state` if it was interrupted: choosing its epochs, or, once
    /// they are `chosen`, on all spots.
    pub fn run(
        &self,
        member: usize,
        chosen: Option<&Best>,
        state: Option<StageState>,
        listeners: &mut TrainCallbacks<'_>,
    ) -> Result<Best, TrainError> {
        let device = self.device.burn().clone().without_autodiff();
        let source = ImageSource::new(&self.features, &device).and_views(&self.views);
        let (phase, prepared, validation, epochs) = match chosen {
            None if self.validation.is_empty() => {
                (Phase::Choosing, &self.choosing, None, default_epochs(self.config))
            }
            None => {
                let spots = ValidationSpots { picks: &self.validation, measured: &self.measured };
                (Phase::Choosing, &self.choosing, Some(spots), self.config.epochs)
            }
            Some(best) => (Phase::Refitting, &self.whole, None, best.epochs),
        };
        let stage = Stage {
            phase,
            member,
            seed: self.config.seed.wrapping_add(member as u64 * 1_000_003),
            epochs,
            network: &self.network,
            config: self.config,
            source: &source,
            prepared,
            validation,
            device: &device,
        };
        stage.run(state, listeners)
    }

    /// The model of the trained networks.
    pub fn finish(&self, standing: &Checkpoint, cancel: &CancelToken) -> Result<FusedModel, TrainError> {
        let of = |pick: fn(&Member) -> &Option<Best>| -> Vec<Vec<f32>> {
            standing.members.iter().filter_map(|m| pick(m).as_ref()).map(|b| b.parameters.clone()).collect()
        };
        let chosen = of(|m| &m.chosen);
        let (blend, calibration) = self.choose(&chosen, cancel)?;
        let refitted = of(|m| &m.refitted);
        let (parameters, known) =
            if refitted.is_empty() { (chosen, &self.choosing) } else { (refitted, &self.whole) };
        let networks = networks(&self.network, &parameters, self.device);
        let device = self.device.burn().clone().without_autodiff();
        let source = ImageSource::new(&self.features, &device);
        let (embedding, _) = embed_all(&networks, &known.scale, &source, &known.picks, |_| (), cancel)?;
        let bank = Bank::new(&embedding, known.denoised.clone(), self.names(&known.picks))?;
        let config = FusedModelConfig {
            target: self.input.target,
            network: self.network,
            members: parameters.len(),
            landmarks: self.config.landmarks,
            neighbours: self.config.neighbours,
            sections: self.input.sections.iter().map(|s| s.name.to_owned()).collect(),
            validation: match &self.judge {
                JudgeSpots::Sections(name) => Some(name.clone()),
                JudgeSpots::Part(_) | JudgeSpots::Nothing => None,
            },
            epochs: standing.members.iter().filter_map(|m| m.chosen.as_ref()).map(|b| b.epochs).collect(),
            floor: self.floor(),
            notes: self.notes(standing),
            device: self.device.info().name.clone(),
            training: serde_json::to_value(self.config).unwrap_or_default(),
        };
        Ok(FusedModel {
            config,
            genes: self.input.genes.to_vec(),
            scale: known.scale.clone(),
            parameters,
            blend,
            calibration,
            bank,
            networks,
            device,
        })
    }

    /// Blend and calibration on the validation spots, which these networks have not seen.
    fn choose(
        &self,
        parameters: &[Vec<f32>],
        cancel: &CancelToken,
    ) -> Result<(Blend, Calibration), TrainError> {
        let p = &self.choosing;
        if self.validation.is_empty() {
            let calibration = Calibration::from_deviation(&p.scale.deviation);
            return Ok((Blend::even(self.input.genes.len()), calibration));
        }
        let networks = networks(&self.network, parameters, self.device);
        let device = self.device.burn().clone().without_autodiff();
        let source = ImageSource::new(&self.features, &device);
        let (known, _) = embed_all(&networks, &p.scale, &source, &p.picks, |_| (), cancel)?;
        let (asked, regressed) = embed_all(&networks, &p.scale, &source, &self.validation, |_| (), cancel)?;
        let bank = Bank::new(&known, p.denoised.clone(), self.names(&p.picks))?;
        let retrieved = bank.retrieve(&asked, self.config.neighbours, cancel)?;
        let average = bank.average(&retrieved, cancel)?;
        let mut blend = Blend::choose(&average.mean, &regressed, &self.measured, &p.scale.mean);
        // Of a gene that never varied, retrieval gives its value and regression a little noise around it.
        for (weight, _) in
            blend.weight.iter_mut().zip(self.constant_genes()).filter(|(_, constant)| *constant)
        {
            *weight = 0.0;
        }
        let predicted = raise_to(self.floor(), blend.apply(&average.mean, &regressed, &p.scale.mean));
        let calibration = Calibration::choose(&predicted, &average.spread, &self.measured);
        Ok((blend, calibration))
    }

    /// The value below which nothing was measured, where that is zero: of counts, and of values that were normalised
    /// without being centred.
    fn floor(&self) -> Option<f32> {
        let mut values = self.input.sections.iter().flat_map(|s| s.expression.as_slice());
        values.all(|v| *v >= 0.0).then_some(0.0)
    }

    /// Whether each gene has one value at all spots of all sections.
    fn constant_genes(&self) -> Vec<bool> {
        let mut rows = self.input.sections.iter().flat_map(|s| s.expression.iter_rows());
        let Some(first) = rows.next() else { return Vec::new() };
        let mut constant = vec![true; first.len()];
        for row in rows {
            for ((c, v), f) in constant.iter_mut().zip(row).zip(first) {
                *c &= v == f;
            }
        }
        constant
    }

    fn names(&self, picks: &[SpotRef]) -> Vec<BankSpot> {
        let name = |p: &SpotRef| {
            let s = &self.input.sections[p.section];
            BankSpot { section: s.name.to_owned(), spot: s.spot_ids[p.spot].clone() }
        };
        picks.iter().map(name).collect()
    }

    fn notes(&self, standing: &Checkpoint) -> Vec<Note> {
        let mut notes = Vec::new();
        match &self.judge {
            JudgeSpots::Sections(_) => {}
            JudgeSpots::Part(_) if self.input.sections.len() == 1 => notes.push(Note::General(
                "There was one section to train on, so a quarter of its spots chose when to stop: \
                 how well the model does on other sections is not known."
                    .to_owned(),
            )),
            JudgeSpots::Part(section) => notes.push(Note::General(format!(
                "No section could be spared to choose the number of epochs and the blend, so a quarter of the spots \
                 of {section}, those at its right edge, chose them: how well the model does on other sections is \
                 not known."
            ))),
            JudgeSpots::Nothing => notes.push(Note::General(format!(
                "There were too few spots to choose the number of epochs and the blend, so defaults were used \
                 ({} epochs, equal parts of retrieval and regression): how well the model does on other sections \
                 is not known.",
                default_epochs(self.config)
            ))),
        }
        let batch = batch_size(self.choosing.picks.len(), self.config.batch_size);
        let last = standing
            .members
            .iter()
            .filter_map(|m| m.history.iter().rev().find(|e| e.phase == Phase::Choosing))
            .map(|e| e.contrastive)
            .fold(0.0, f32::max);
        if self.config.contrastive_weight > 0.0 {
            notes.extend(chance_note(last, batch));
        }
        notes
    }
}

fn network_config(config: &TrainConfig, features: usize, genes: usize) -> NetworkConfig {
    NetworkConfig {
        fusion: FusionConfig {
            features,
            side: NEIGHBOURHOOD_SIDE,
            step_um: STEP_UM,
            width: config.width,
            heads: config.heads,
            embedding: config.embedding,
        },
        expression: ExpressionConfig {
            inputs: input_width(config, genes),
            width: config.expression_width,
            heads: config.heads,
            embedding: config.embedding,
        },
        projection: config.projection,
        outputs: genes,
    }
}

/// Epochs that networks are trained for where nothing chooses.
fn default_epochs(config: &TrainConfig) -> usize {
    (config.epochs / 2).max(1)
}

/// What the validation spots are.
enum JudgeSpots {
    /// Whole sections, by name.
    Sections(String),
    /// A part of the section of this name.
    Part(String),
    /// There are none.
    Nothing,
}

type Split = (Vec<SpotRef>, Vec<SpotRef>, JudgeSpots);

/// Spots to train on while choosing, spots to choose on, and what these are.
fn split(input: &FitInput<'_>, features: &[StandardFeatures<'_>]) -> Result<Split, TrainError> {
    let names: Vec<&str> = input.sections.iter().map(|s| s.name).collect();
    let all = || {
        let spots = features.iter().enumerate();
        spots.flat_map(|(section, f)| (0..f.spots()).map(move |spot| SpotRef { section, spot }))
    };
    let impossible = |wanted: &str| TrainError::Validation(wanted.to_owned());
    let held: Vec<usize> = match &input.validation {
        Validation::Nothing => return Ok((all().collect(), Vec::new(), JudgeSpots::Nothing)),
        Validation::Auto if names.len() < 2 => {
            return hold_out_quarter(&names, features, 0).ok_or_else(|| impossible("a part of the spots"));
        }
        Validation::Part(wanted) => {
            let found = names.iter().position(|n| n == wanted);
            let split = found.and_then(|section| hold_out_quarter(&names, features, section));
            return split.ok_or_else(|| impossible(&format!("a part of {wanted}")));
        }
        Validation::Auto => vec![names.len() - 1],
        Validation::Sections(wanted) => {
            let found: Option<Vec<usize>> =
                wanted.iter().map(|w| names.iter().position(|n| n == w)).collect();
            found
                .filter(|f| !f.is_empty() && f.len() < names.len())
                .ok_or_else(|| impossible(&wanted.join(", ")))?
        }
    };
    let (validation, training): (Vec<SpotRef>, Vec<SpotRef>) = all().partition(|p| held.contains(&p.section));
    let name = held.iter().map(|&h| names[h]).collect::<Vec<_>>().join(", ");
    if training.len().min(validation.len()) < MIN_JUDGES {
        return Err(impossible(&name));
    }
    Ok((training, validation, JudgeSpots::Sections(name)))
}

/// Holds out the quarter of a section's spots that lies furthest right: spots next to each other look alike, so a
/// random quarter would tell nothing. `None` where that is too few to validate on.
fn hold_out_quarter(names: &[&str], features: &[StandardFeatures<'_>], section: usize) -> Option<Split> {
    let places = features.get(section)?.spot_um();
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|&a, &b| places[a][0].total_cmp(&places[b][0]).then(a.cmp(&b)));
    let kept = places.len() - places.len() / 4;
    let mut is_held = vec![false; places.len()];
    order[kept..].iter().for_each(|&spot| is_held[spot] = true);
    let all = features.iter().enumerate();
    let all = all.flat_map(|(section, f)| (0..f.spots()).map(move |spot| SpotRef { section, spot }));
    let (validation, training): (Vec<SpotRef>, Vec<SpotRef>) =
        all.partition(|p| p.section == section && is_held[p.spot]);
    let name = names.get(section).copied().unwrap_or_default().to_owned();
    (validation.len() >= MIN_JUDGES).then_some((training, validation, JudgeSpots::Part(name)))
}

/// Stands for data, settings and device: a checkpoint of others is not resumed.
pub fn fingerprint(input: &FitInput<'_>, config: &TrainConfig, device: &ComputeDevice) -> String {
    let mut hash = blake3::Hasher::new();
    let mut text = |t: &str| {
        hash.update(&(t.len() as u64).to_le_bytes());
        hash.update(t.as_bytes());
    };
    text(&serde_json::to_string(config).unwrap_or_default());
    text(&device.info().name);
    text(&format!("{:?} {:?}", input.validation, input.target));
    input.genes.iter().for_each(|g| text(g));
    for s in &input.sections {
        text(s.name);
        s.spot_ids.iter().for_each(|id| text(id));
    }
    for s in &input.sections {
        let seen = std::iter::once(s.features).chain(s.views.iter().map(Arc::as_ref));
        let parts = seen.flat_map(|f| [&f.spot, f.neighbourhood.nodes(), &f.landmarks]);
        for m in std::iter::once(s.expression).chain(parts) {
            hash.update(&(m.cols() as u64).to_le_bytes());
            for chunk in m.as_slice().chunks(4096) {
                let bytes: Vec<u8> = chunk.iter().flat_map(|v| v.to_le_bytes()).collect();
                hash.update(&bytes);
            }
        }
    }
    hash.finalize().to_hex().to_string()
}
