//! What a checkpoint is recognised by.

use super::config::PublishedConfig;
use super::input::Images;
use super::work::PublishedTrainer;

impl PublishedTrainer<'_> {
    /// Stands for data, settings and device: a checkpoint of others is not resumed.
    pub fn fingerprint(&self) -> String {
        let mut hash = blake3::Hasher::new();
        let mut bytes = |b: &[u8]| {
            hash.update(&(b.len() as u64).to_le_bytes());
            hash.update(b);
        };
        // More epochs are the same work going on.
        let config = PublishedConfig { epochs: 0, ..self.config.clone() };
        bytes(serde_json::to_string(&config).unwrap_or_default().as_bytes());
        bytes(self.compute.info().name.as_bytes());
        self.input.genes.iter().for_each(|g| bytes(g.as_bytes()));
        let floats = |v: &[f32]| -> Vec<u8> { v.iter().flat_map(|v| v.to_le_bytes()).collect() };
        for s in &self.input.sections {
            bytes(s.name.as_bytes());
            s.spot_ids.iter().for_each(|id| bytes(id.as_bytes()));
            bytes(&floats(s.expression.as_slice()));
            match s.images {
                Images::Features(features) => bytes(&floats(features.as_slice())),
                Images::Patches { slide, centers, mpp } => {
                    bytes(format!("{} {centers:?} {mpp:?}", slide.path().display()).as_bytes());
                }
            }
        }
        for (name, array) in self.input.encoder.iter().flat_map(|(_, parameters)| parameters) {
            bytes(name.as_bytes());
            bytes(&floats(&array.values));
        }
        hash.finalize().to_hex().to_string()
    }
}
