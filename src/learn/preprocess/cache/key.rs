//! What cached features are found by.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::content::Contents;
use crate::core::cancel::CancelToken;
use crate::core::encoder::PatchEncoder;
use crate::core::files::FileError;
use crate::core::geometry::{Mpp, SlidePoint};
use crate::data::slide::{Orientation, SlideError, companions, place};
use crate::preprocess::features;

/// The most slides whose latest features are remembered.
const MAX_KEPT: usize = 4096;

/// Hashes of what features depend on.
#[derive(Debug)]
pub(super) struct Key {
    /// Of all of it; names the file.
    pub whole: String,
    /// Of all but the spots: slide, encoder, parameters and resolution.
    slide: blake3::Hash,
}

impl Key {
    /// # Errors
    /// [`SlideError`] when the slide cannot be read, or when cancelled.
    pub(super) fn new(
        contents: &Contents,
        slide: &Path,
        centers: &[SlidePoint],
        mpp: Mpp,
        encoder: &dyn PatchEncoder,
        cancel: &CancelToken,
    ) -> Result<Self, SlideError> {
        let (slide, whole) = (place::file_of(slide), slide);
        let content = contents.hash(slide, cancel)?;
        let mut hash = blake3::Hasher::new();
        hash.update(content.as_bytes());
        // Files of many gigabytes are told by their size and age.
        for file in companions(slide)? {
            let about = fs::metadata(&file).map_err(FileError::io("open", &file))?;
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            hash.update(format!("{name}|{}|{:?}", about.len(), about.modified().ok()).as_bytes());
        }
        let (_, orientation) = place::as_stored(whole);
        if orientation != Orientation::Upright {
            hash.update(&[orientation.tag()]);
        }
        // An image within a file is one of several.
        if let Some(image) = place::embedded(whole) {
            hash.update(format!("{}/{}", image.library, image.key).as_bytes());
        }
        for text in [features::VERSION, &encoder.cache_id()] {
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        hash.update(&encoder.mpp().to_le_bytes());
        hash.update(&(encoder.patch_size() as u64).to_le_bytes());
        hash.update(&mpp.0.to_le_bytes());
        let slide = hash.finalize();
        for center in centers {
            hash.update(&center.x.to_le_bytes());
            hash.update(&center.y.to_le_bytes());
        }
        Ok(Self { whole: hash.finalize().to_hex().to_string(), slide })
    }
}

/// Which features of a slide were cached or read last.
#[derive(Debug, Default)]
pub(super) struct Latest(Mutex<HashMap<blake3::Hash, String>>);

impl Latest {
    fn keys(&self) -> MutexGuard<'_, HashMap<blake3::Hash, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The features of the same slide that were cached or read last.
    pub(super) fn of_slide(&self, key: &Key) -> Option<String> {
        self.keys().get(&key.slide).cloned()
    }

    /// Remembers features that are in the cache.
    pub(super) fn remember(&self, key: &Key) {
        let mut latest = self.keys();
        if latest.len() >= MAX_KEPT && !latest.contains_key(&key.slide) {
            latest.clear();
        }
        latest.insert(key.slide, key.whole.clone());
    }
}
