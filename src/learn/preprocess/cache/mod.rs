//! Features on disk, so that a slide is encoded once however often it is trained on.
//!
//! A file is found by its content key: slide, encoder, parameters, resolution and spots. Anything odd about
//! a cached file (cut off, altered, from another version) means that its features are computed again.

mod content;
mod format;
mod key;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use content::Contents;
use key::{Key, Latest};

use super::features::{self, FeatureError, SectionFeatures};
use crate::core::cancel::CancelToken;
use crate::core::encoder::PatchEncoder;
use crate::core::files::{FileError, create_folder_of, write_atomically};
use crate::core::geometry::{Mpp, SlidePoint};
use crate::core::progress::Progress;
use crate::data::slide::{SlideError, SlideStore};

/// How much the cache may hold unless said otherwise.
pub const DEFAULT_LIMIT: u64 = 5 << 30;
/// Names the folder of the cache, in place of the user's cache folder.
pub const FOLDER_VARIABLE: &str = "HISCMCL_CACHE";

const EXTENSION: &str = "features";
/// A folder of cached features with a size limit; the files that were not used for longest go first.
#[derive(Debug, Clone)]
pub struct FeatureCache {
    folder: PathBuf,
    limit: u64,
    contents: Arc<Contents>,
    latest: Arc<Latest>,
}

impl FeatureCache {
    /// In the user's cache folder, or where the environment variable [`FOLDER_VARIABLE`] says.
    pub fn in_user_cache() -> Self {
        let named = std::env::var_os(FOLDER_VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from);
        let of_user =
            || directories::ProjectDirs::from("", "", "hiscmcl").map(|d| d.cache_dir().join("features"));
        Self::at(named.or_else(of_user).unwrap_or_else(|| std::env::temp_dir().join("hiscmcl-features")))
    }

    /// In `folder`, which need not exist yet, holding up to [`DEFAULT_LIMIT`] bytes.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), limit: DEFAULT_LIMIT, contents: Arc::default(), latest: Arc::default() }
    }

    /// Holding at most `limit` bytes.
    #[must_use]
    pub fn with_limit(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    /// The folder of the cached files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Features of the spots at `centers` on the slide at `slide`: read from the cache where they are,
    /// computed and cached otherwise. Where other spots of the same slide were cached last, what lies at the same places is
    /// used again. A cache that cannot be written is a note, not an error.
    ///
    /// # Errors
    /// [`FeatureError`] when the slide cannot be read or the encoder not be run, or when cancelled.
    #[expect(clippy::too_many_arguments, reason = "what features depend on, and how long work is watched")]
    pub fn get_or_compute(
        &self,
        store: &SlideStore,
        slide: &Path,
        centers: &[SlidePoint],
        mpp: Mpp,
        encoder: &dyn PatchEncoder,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<SectionFeatures, FeatureError> {
        let key = Key::new(&self.contents, slide, centers, mpp, encoder, cancel)?;
        if let Some(found) = self.read(&key.whole)
            && (found.spot.rows(), found.spot.cols()) == (centers.len(), 2 * encoder.width())
        {
            self.latest.remember(&key);
            return Ok(found);
        }
        let known = self.latest.of_slide(&key).and_then(|last| self.read(&last));
        let decoded = store.get(slide, progress, cancel)?;
        let computed = features::compute(&decoded, centers, mpp, encoder, known.as_ref(), progress, cancel)?;
        match self.write(&key.whole, &computed) {
            Ok(()) => self.latest.remember(&key),
            Err(error) => progress.note(&format!("Features could not be kept for next time. {error}")),
        }
        Ok(computed)
    }

    /// Whether the features of these spots are cached. The slide is read to tell, not decoded.
    ///
    /// # Errors
    /// [`SlideError`] when the slide cannot be read, or when cancelled.
    pub fn holds(
        &self,
        slide: &Path,
        centers: &[SlidePoint],
        mpp: Mpp,
        encoder: &dyn PatchEncoder,
        cancel: &CancelToken,
    ) -> Result<bool, SlideError> {
        Ok(self.path(&Key::new(&self.contents, slide, centers, mpp, encoder, cancel)?.whole).is_file())
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(key).with_extension(EXTENSION)
    }

    /// The cached features of this key, where they are whole.
    fn read(&self, key: &str) -> Option<SectionFeatures> {
        let path = self.path(key);
        let mut file = File::open(&path).ok()?;
        let length = file.metadata().ok()?.len();
        let features = format::read(&mut file, length, key)?;
        // Used now: the last to go. Where the folder cannot be written nothing is ever thrown away either.
        if let Ok(file) = File::options().append(true).open(&path) {
            let _ = file.set_modified(SystemTime::now());
        }
        Some(features)
    }

    fn write(&self, key: &str, features: &SectionFeatures) -> Result<(), FileError> {
        let path = self.path(key);
        let (start, payload) = format::write(key, features);
        create_folder_of(&path)?;
        write_atomically(&path, |w| {
            [start, payload]
                .iter()
                .try_for_each(|part| w.write_all(part))
                .map_err(FileError::io("write", &path))
        })?;
        self.shrink();
        Ok(())
    }

    /// Cached files with size and time of last use, the longest unused first.
    fn entries(&self) -> Vec<(SystemTime, u64, PathBuf)> {
        let Ok(listing) = fs::read_dir(&self.folder) else { return Vec::new() };
        let mut entries: Vec<_> = listing
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let path = entry.path();
                let metadata = entry.metadata().ok()?;
                let ours = metadata.is_file() && path.extension().is_some_and(|e| e == EXTENSION);
                ours.then(|| (metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), metadata.len(), path))
            })
            .collect();
        entries.sort();
        entries
    }

    fn shrink(&self) {
        let mut held = self.size_bytes();
        for (_, length, path) in self.entries() {
            if held <= self.limit {
                return;
            }
            if fs::remove_file(path).is_ok() {
                held = held.saturating_sub(length);
            }
        }
    }

    /// Bytes of all cached files.
    pub fn size_bytes(&self) -> u64 {
        self.entries().iter().map(|(_, length, _)| length).sum()
    }

    /// Deletes all cached files (and nothing else that may lie in the folder); returns the bytes freed.
    ///
    /// # Errors
    /// [`FileError`] naming the first file that could not be deleted.
    pub fn clear(&self) -> Result<u64, FileError> {
        let mut freed = 0;
        for (_, length, path) in self.entries() {
            fs::remove_file(&path).map_err(FileError::io("delete", &path))?;
            freed += length;
        }
        Ok(freed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::encoder::{EncoderError, RgbPatch};
    use crate::core::progress::Silent;
    use crate::preprocess::views::{AugmentedEncoder, View};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Counts how many patches it was given.
    #[derive(Default)]
    struct Counting {
        patches: AtomicUsize,
        precision: &'static str,
    }

    impl PatchEncoder for Counting {
        fn id(&self) -> String {
            "counting".into()
        }
        fn cache_id(&self) -> String {
            format!("{}{}", self.id(), self.precision)
        }
        fn mpp(&self) -> f64 {
            1.0
        }
        fn patch_size(&self) -> usize {
            16
        }
        fn width(&self) -> usize {
            3
        }
        fn encode(&self, patches: &[RgbPatch]) -> Result<Vec<Vec<f32>>, EncoderError> {
            self.patches.fetch_add(patches.len(), Ordering::SeqCst);
            Ok(patches.iter().map(|p| vec![p.on_slide, f32::from(p.rgb[0]), 1.5]).collect())
        }
    }

    struct Setup {
        dir: tempfile::TempDir,
        slide: PathBuf,
        cache: FeatureCache,
        store: SlideStore,
        encoder: Counting,
        spots: Vec<SlidePoint>,
    }

    fn setup() -> Setup {
        let dir = tempfile::tempdir().unwrap();
        let slide = dir.path().join("s.png");
        image::RgbImage::from_pixel(80, 80, image::Rgb([90, 60, 120])).save(&slide).unwrap();
        let cache = FeatureCache::at(dir.path().join("cache"));
        let spots = vec![SlidePoint::new(20.0, 30.0), SlidePoint::new(60.0, 50.0)];
        Setup { dir, slide, cache, store: SlideStore::default(), encoder: Counting::default(), spots }
    }

    impl Setup {
        /// The features, and whether they had to be computed.
        fn get(&self) -> (SectionFeatures, bool) {
            let before = self.encoder.patches.load(Ordering::SeqCst);
            let features = self
                .cache
                .get_or_compute(
                    &self.store,
                    &self.slide,
                    &self.spots,
                    Mpp(1.0),
                    &self.encoder,
                    &Silent,
                    &CancelToken::new(),
                )
                .unwrap();
            (features, self.encoder.patches.load(Ordering::SeqCst) > before)
        }

        fn file(&self) -> PathBuf {
            self.cache.entries().pop().unwrap().2
        }
    }

    #[test]
    fn the_second_time_it_is_read() {
        let mut s = setup();
        let (first, computed) = s.get();
        assert!(computed && first.landmarks.rows() > 0);
        assert_eq!(s.get(), (first, false));
        assert_eq!(s.cache.size_bytes(), fs::metadata(s.file()).unwrap().len());
        s.spots[0].x += 1.0;
        assert!(s.get().1, "other spots are other features");
        image::RgbImage::from_pixel(80, 80, image::Rgb([90, 60, 121])).save(&s.slide).unwrap();
        assert!(s.get().1, "another slide under the same name is another slide");
        s.encoder.precision = "-f16";
        assert!(s.get().1, "another precision gives other numbers");
        fs::write(s.cache.folder().join("notes.txt"), "mine").unwrap();
        assert!(s.cache.clear().unwrap() > 0);
        assert_eq!(s.cache.size_bytes(), 0);
        assert!(s.cache.folder().join("notes.txt").exists(), "only cached files are deleted");
    }

    #[test]
    fn patches_at_the_same_places_are_encoded_once() {
        let mut s = setup();
        let patches = |s: &Setup| s.encoder.patches.swap(0, Ordering::SeqCst);
        s.get();
        let all = patches(&s);
        // A third spot between the two: the lattice around them stays, and one spot is new.
        s.spots.push(SlidePoint::new(37.0, 41.0));
        let (features, computed) = s.get();
        assert!(computed && all > 2);
        assert_eq!(patches(&s), 2, "the spot at two scales");
        s.cache.clear().unwrap();
        assert_eq!(s.get(), (features, true), "the same as when all is computed");
        assert_eq!(patches(&s), all + 2);
        // One less is the same lattice again, and nothing new.
        s.spots.remove(2);
        let (fewer, _) = s.get();
        assert_eq!((fewer.spot.rows(), patches(&s)), (2, 0));
        s.encoder.precision = "-f16";
        assert!(s.get().1 && patches(&s) == all, "another precision gives other numbers");
    }

    #[test]
    fn views_are_cached_apart() {
        let s = setup();
        let get = |view| {
            let encoder = AugmentedEncoder { view, encoder: &s.encoder };
            let cancel = CancelToken::new();
            let holds = || s.cache.holds(&s.slide, &s.spots, Mpp(1.0), &encoder, &cancel).unwrap();
            let before = holds();
            let features = s
                .cache
                .get_or_compute(&s.store, &s.slide, &s.spots, Mpp(1.0), &encoder, &Silent, &cancel)
                .unwrap();
            assert!(holds());
            (features, before)
        };
        let (plain, _) = s.get();
        assert_eq!(get(View::PLAIN), (plain.clone(), true), "the plain view is the slide itself");
        let (first, known) = get(View::new(1, 0.2));
        assert!(!known && first.spot != plain.spot && first.landmark_um == plain.landmark_um);
        assert_eq!(get(View::new(1, 0.2)), (first, true));
        assert!(!get(View::new(2, 0.2)).1 && !get(View::new(1, 0.1)).1);
        assert_eq!(s.cache.entries().len(), 4);
    }

    #[test]
    fn a_damaged_file_is_computed_again() {
        let s = setup();
        let (features, _) = s.get();
        let whole = fs::read(s.file()).unwrap();
        for length in [0, 5, 11, 40, whole.len() - 1] {
            fs::write(s.file(), &whole[..length]).unwrap();
            assert_eq!(s.get(), (features.clone(), true), "cut to {length} bytes");
        }
        for at in (0..whole.len()).step_by(7) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            fs::write(s.file(), &bytes).unwrap();
            assert_eq!(s.get().0, features, "byte {at} changed");
        }
        let mut longer = whole.clone();
        longer.push(0);
        fs::write(s.file(), longer).unwrap();
        assert!(s.get().1);
    }

    #[test]
    fn the_longest_unused_goes_first() {
        let mut s = setup();
        s.get();
        let first = s.file();
        let size = fs::metadata(&first).unwrap().len();
        s.cache = s.cache.clone().with_limit(2 * size + 10);
        let long_ago = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1000);
        let age = |path: &Path, seconds: u64| {
            let file = File::options().append(true).open(path).unwrap();
            file.set_modified(long_ago + std::time::Duration::from_secs(seconds)).unwrap();
        };
        age(&first, 0);
        s.spots[0].x += 1.0;
        s.get();
        age(&s.file(), 1);
        // Reading the first makes the second the oldest.
        s.spots[0].x -= 1.0;
        assert!(!s.get().1);
        s.spots[0].x += 2.0;
        s.get();
        assert!(s.cache.size_bytes() <= 2 * size + 10);
        assert!(first.exists());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_only_noted() {
        let mut s = setup();
        let blocked = s.dir.path().join("file");
        fs::write(&blocked, "not a folder").unwrap();
        s.cache = FeatureCache::at(blocked);
        assert!(s.get().1 && s.get().1);
    }
}
