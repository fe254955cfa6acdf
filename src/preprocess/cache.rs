//! Features on disk, so that a slide is encoded once however often it is trained on.
//!
//! A file is found by its content key: slide, encoder, parameters, resolution and spots. Anything odd about
//! a cached file (cut off, altered, from another version) means that its features are computed again.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::features::{self, FeatureError, MAX_LANDMARKS, NEIGHBOURHOOD, SectionFeatures};
use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::encoder::PatchEncoder;
use crate::core::files::{FileError, write_atomically};
use crate::core::geometry::{Mpp, SlidePoint};
use crate::core::matrix::Matrix;
use crate::core::progress::Progress;
use crate::data::slide::store::SlideStore;
use crate::data::slide::{SlideError, place};

/// How much the cache may hold unless said otherwise.
pub const DEFAULT_LIMIT: u64 = 5 << 30;
/// Names the folder of the cache, in place of the user's cache folder.
pub const FOLDER_VARIABLE: &str = "HISCMCL_CACHE";

const EXTENSION: &str = "features";
const MAGIC: &[u8; 8] = b"HISCFEA1";
/// The longest header that is read; a real one has about 250 bytes.
const MAX_HEADER: u32 = 4096;

/// What stands before the numbers of a cached file.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    key: String,
    spots: u64,
    landmarks: u64,
    width: u64,
    /// Of everything after the header.
    blake3: String,
}

impl Header {
    /// Number of floats and of mask bytes after the header; `None` when no memory could hold them.
    fn sizes(&self) -> Option<(usize, usize)> {
        let (n, m, d) = (self.spots, self.landmarks, self.width);
        let tokens = n.checked_mul(NEIGHBOURHOOD as u64)?;
        let rows = n.checked_add(tokens)?.checked_add(m)?;
        let floats = rows.checked_mul(d)?.checked_add(n.checked_add(m)?.checked_mul(2)?)?;
        floats.checked_mul(4)?.checked_add(tokens)?;
        Some((usize::try_from(floats).ok()?, usize::try_from(tokens).ok()?))
    }
}

/// A folder of cached features with a size limit; the files that were not used for longest go first.
#[derive(Debug, Clone)]
pub struct FeatureCache {
    folder: PathBuf,
    limit: u64,
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
        Self { folder: folder.into(), limit: DEFAULT_LIMIT }
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
    /// computed and cached otherwise. A cache that cannot be written is a note, not an error.
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
        let key = key(slide, centers, mpp, encoder, cancel)?;
        if let Some(found) = self.read(&key, centers.len(), 2 * encoder.width()) {
            return Ok(found);
        }
        let decoded = store.get(slide, progress, cancel)?;
        let computed = features::compute(&decoded, centers, mpp, encoder, progress, cancel)?;
        if let Err(error) = self.write(&key, &computed) {
            progress.note(&format!("Features could not be kept for next time. {error}"));
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
        Ok(self.path(&key(slide, centers, mpp, encoder, cancel)?).is_file())
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(key).with_extension(EXTENSION)
    }

    /// The cached features of this key with `n` spots and width `d`, where they are whole.
    fn read(&self, key: &str, n: usize, d: usize) -> Option<SectionFeatures> {
        let path = self.path(key);
        let mut file = File::open(&path).ok()?;
        let length = file.metadata().ok()?.len();
        let features = parse(&mut file, length, key)?;
        if features.spot.rows() != n || (n > 0 && features.spot.cols() != d) {
            return None;
        }
        // Used now: the last to go. Where the folder cannot be written nothing is ever thrown away either.
        if let Ok(file) = File::options().append(true).open(&path) {
            let _ = file.set_modified(SystemTime::now());
        }
        Some(features)
    }

    fn write(&self, key: &str, features: &SectionFeatures) -> Result<(), FileError> {
        let path = self.path(key);
        let payload = payload(features);
        let header = Header {
            key: key.to_owned(),
            spots: features.spot.rows() as u64,
            landmarks: features.landmarks.rows() as u64,
            width: features.spot.cols() as u64,
            blake3: blake3::hash(&payload).to_hex().to_string(),
        };
        let header = serde_json::to_vec(&header).map_err(|e| FileError::io("write", &path)(e.into()))?;
        write_atomically(&path, |w| {
            let mut all = || {
                w.write_all(MAGIC)?;
                w.write_all(&(header.len() as u32).to_le_bytes())?;
                w.write_all(&header)?;
                w.write_all(&payload)
            };
            all().map_err(FileError::io("write", &path))
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

/// Hashes all that the features depend on.
fn key(
    slide: &Path,
    centers: &[SlidePoint],
    mpp: Mpp,
    encoder: &dyn PatchEncoder,
    cancel: &CancelToken,
) -> Result<String, SlideError> {
    let mut hash = blake3::Hasher::new();
    let (slide, whole) = (place::file_of(slide), slide);
    let mut file = File::open(slide).map_err(FileError::io("open", slide))?;
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        cancel.check().map_err(|Cancelled| SlideError::Cancelled(Cancelled))?;
        let n = file.read(&mut buffer).map_err(FileError::io("read", slide))?;
        if n == 0 {
            break;
        }
        hash.update(buffer.get(..n).unwrap_or_default());
    }
    let content = hash.finalize();
    let mut hash = blake3::Hasher::new();
    hash.update(content.as_bytes());
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
    for center in centers {
        hash.update(&center.x.to_le_bytes());
        hash.update(&center.y.to_le_bytes());
    }
    Ok(hash.finalize().to_hex().to_string())
}

/// Everything after the header: all floats little-endian, then the mask.
fn payload(f: &SectionFeatures) -> Vec<u8> {
    let mut bytes = Vec::new();
    for matrix in [&f.spot, &f.neighbourhood, &f.landmarks] {
        bytes.extend(matrix.as_slice().iter().flat_map(|v| v.to_le_bytes()));
    }
    for position in f.landmark_um.iter().chain(&f.spot_um) {
        bytes.extend(position.iter().flat_map(|v| v.to_le_bytes()));
    }
    bytes.extend(f.neighbourhood_on_tissue.iter().map(|&t| u8::from(t)));
    bytes
}

/// Features from a cached file of `length` bytes; `None` when anything about it is not as written.
fn parse(source: &mut impl Read, length: u64, key: &str) -> Option<SectionFeatures> {
    let mut start = [0_u8; 12];
    source.read_exact(&mut start).ok()?;
    let (magic, header_length) = start.split_first_chunk::<8>()?;
    let header_length = u32::from_le_bytes(header_length.try_into().ok()?);
    if magic != MAGIC || header_length > MAX_HEADER {
        return None;
    }
    let mut header = vec![0_u8; header_length as usize];
    source.read_exact(&mut header).ok()?;
    let header: Header = serde_json::from_slice(&header).ok()?;
    let (floats, tokens) = header.sizes()?;
    let expected = (floats as u64).checked_mul(4)?.checked_add(tokens as u64)?;
    if header.key != key
        || header.landmarks > MAX_LANDMARKS as u64
        || length != expected.checked_add(12 + u64::from(header_length))?
    {
        return None;
    }
    // No more than the file holds, which was compared above.
    let mut bytes = Vec::with_capacity(usize::try_from(expected).ok()?);
    source.take(expected).read_to_end(&mut bytes).ok()?;
    if bytes.len() as u64 != expected || blake3::hash(&bytes).to_hex().as_str() != header.blake3 {
        return None;
    }

    let (numbers, mask) = bytes.split_at_checked(floats * 4)?;
    let mut numbers = numbers.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let (n, m, d) = (header.spots as usize, header.landmarks as usize, header.width as usize);
    let mut matrix = |rows: usize| {
        let values: Vec<f32> = numbers.by_ref().take(rows * d).collect();
        Matrix::from_vec(rows, d, values).filter(|m| m.as_slice().iter().all(|v| v.is_finite()))
    };
    let (spot, neighbourhood, landmarks) = (matrix(n)?, matrix(n * NEIGHBOURHOOD)?, matrix(m)?);
    let mut positions = |count: usize| -> Option<Vec<[f32; 2]>> {
        (0..count).map(|_| Some([numbers.next()?, numbers.next()?])).collect()
    };
    let (landmark_um, spot_um) = (positions(m)?, positions(n)?);
    let neighbourhood_on_tissue = mask.iter().map(|&t| t != 0).collect();
    Some(SectionFeatures { spot, neighbourhood, neighbourhood_on_tissue, landmarks, landmark_um, spot_um })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::encoder::{EncoderError, RgbPatch};
    use crate::core::progress::Silent;
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
    fn numbers_too_large_to_hold_are_refused() {
        let header = |spots, landmarks, width| Header {
            key: String::new(),
            spots,
            landmarks,
            width,
            blake3: String::new(),
        };
        assert_eq!(header(2, 1, 3).sizes(), Some((53 * 3 + 6, 50)));
        for (n, m, d) in
            [(u64::MAX, 0, 1), (1 << 40, 0, 1 << 40), (1, u64::MAX, u64::MAX), (0, 2, u64::MAX / 2)]
        {
            assert_eq!(header(n, m, d).sizes(), None);
        }
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
