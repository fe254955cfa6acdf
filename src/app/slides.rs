//! Slide images for the maps: decoded on threads of their own, shared with the jobs, asked for again each
//! frame.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use super::explore::images::{Images, Later, PatchKey, TileLevel, TilePixels, TileSource};
use super::work::Wake;
use crate::core::cancel::CancelToken;
use crate::core::encoder::RgbPatch;
use crate::core::progress::Silent;
use crate::data::slide::store::SlideStore;
use crate::data::slide::{RgbImage, Slide, TILE};

/// Threads that decode.
const THREADS: usize = 2;
/// Resolution of the patches shown as evidence, in micrometres per pixel, and their side in pixels: what the
/// image encoder sees.
const PATCH_MPP: f64 = 0.5;
const PATCH_SIZE: usize = 224;
/// Longer side of a thumbnail in pixels.
pub const THUMBNAIL: u32 = 440;
/// Patches kept; 150 KiB each.
const MOST_PATCHES: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Wanted {
    Slide(PathBuf),
    Thumbnail(PathBuf),
    Patch(PatchKey),
}

#[derive(Default)]
struct State {
    /// Asked for last comes first: it is what is looked at now.
    waiting: VecDeque<Wanted>,
    working: HashSet<Wanted>,
    tiles: HashMap<PathBuf, Weak<Tiles>>,
    patches: HashMap<PatchKey, Arc<RgbPatch>>,
    thumbnails: HashMap<PathBuf, Arc<RgbImage>>,
    failed: HashMap<PathBuf, String>,
    closing: bool,
}

struct Shared {
    store: Arc<SlideStore>,
    state: Mutex<State>,
    asked: Condvar,
    cancel: CancelToken,
    wake: Wake,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change leaves the state whole, so a poisoned lock is as good as a clean one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what is asked for until the application closes.
    fn work(&self) {
        loop {
            let mut state = self.state();
            let wanted = loop {
                if state.closing {
                    return;
                }
                if let Some(wanted) = state.waiting.pop_back() {
                    break wanted;
                }
                state = self.asked.wait(state).unwrap_or_else(PoisonError::into_inner);
            };
            state.working.insert(wanted.clone());
            drop(state);
            self.load(&wanted);
            self.state().working.remove(&wanted);
            (self.wake)();
        }
    }

    fn load(&self, wanted: &Wanted) {
        let path = match wanted {
            Wanted::Slide(path) | Wanted::Thumbnail(path) => path,
            Wanted::Patch(key) => &key.slide,
        };
        match (self.store.get(path, &Silent, &self.cancel), wanted) {
            (Ok(slide), Wanted::Thumbnail(_)) => {
                let thumbnail = Arc::new(slide.thumbnail(THUMBNAIL));
                self.state().thumbnails.insert(path.clone(), thumbnail);
            }
            (Ok(slide), Wanted::Patch(key)) => {
                let patch = slide.read_patch(key.center, key.mpp, PATCH_MPP, PATCH_SIZE);
                let mut state = self.state();
                if state.patches.len() >= MOST_PATCHES {
                    state.patches.clear();
                }
                state.patches.insert(key.clone(), Arc::new(patch));
            }
            (Ok(_), Wanted::Slide(_)) => {}
            (Err(error), _) => {
                self.state().failed.insert(path.clone(), error.to_string());
            }
        }
    }

    fn want(&self, state: &mut State, wanted: Wanted) {
        if !state.working.contains(&wanted) && !state.waiting.contains(&wanted) {
            // Thumbnails are looked at as a whole page: they come in their order, after what is looked at now.
            match wanted {
                Wanted::Thumbnail(_) => state.waiting.push_front(wanted),
                Wanted::Slide(_) | Wanted::Patch(_) => state.waiting.push_back(wanted),
            }
            self.asked.notify_one();
        }
    }
}

/// A slide's tiles.
struct Tiles(Arc<Slide>);

impl TileSource for Tiles {
    fn levels(&self) -> Vec<TileLevel> {
        let level = |l: &crate::data::slide::Level| TileLevel {
            width: l.width,
            height: l.height,
            downsample: f64::from(l.downsample),
        };
        self.0.levels().iter().map(level).collect()
    }

    fn tile_size(&self) -> u32 {
        TILE
    }

    fn tile(&self, level: usize, col: u32, row: u32) -> Option<TilePixels<'_>> {
        let tile = self.0.tile(level, col, row)?;
        Some(TilePixels { width: tile.width, height: tile.height, rgb: &tile.rgb })
    }
}

/// Gives slide images without waiting.
pub struct SlideImages(Arc<Shared>);

impl std::fmt::Debug for SlideImages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SlideImages").field(&self.0.store).finish()
    }
}

impl SlideImages {
    /// Decodes into `store`. `wake` is called whenever there is more to see.
    pub fn new(store: Arc<SlideStore>, wake: Wake) -> Self {
        let shared = Arc::new(Shared {
            store,
            state: Mutex::default(),
            asked: Condvar::new(),
            cancel: CancelToken::new(),
            wake,
        });
        for number in 1..=THREADS {
            let worker = Arc::clone(&shared);
            // Without its threads the application shows that images are loading; everything else works.
            let _ = thread::Builder::new().name(format!("slides {number}")).spawn(move || worker.work());
        }
        Self(shared)
    }

    /// The whole slide, its longer side at most [`THUMBNAIL`] pixels.
    pub fn thumbnail(&self, slide: &Path) -> Later<Arc<RgbImage>> {
        let mut state = self.0.state();
        if let Some(thumbnail) = state.thumbnails.get(slide) {
            return Later::Ready(Arc::clone(thumbnail));
        }
        if let Some(why) = state.failed.get(slide) {
            return Later::Failed(why.clone());
        }
        self.0.want(&mut state, Wanted::Thumbnail(slide.to_path_buf()));
        Later::Loading
    }

    /// Tries images again that could not be read.
    pub fn forget_failures(&self) {
        self.0.state().failed.clear();
    }
}

impl Drop for SlideImages {
    fn drop(&mut self) {
        self.0.state().closing = true;
        self.0.cancel.cancel();
        self.0.asked.notify_all();
    }
}

impl Images for SlideImages {
    fn tiles(&self, slide: &Path) -> Later<Arc<dyn TileSource>> {
        let mut state = self.0.state();
        // The same tiles for as long as somebody draws them, so that textures are kept.
        if let Some(tiles) = state.tiles.get(slide).and_then(Weak::upgrade) {
            return Later::Ready(tiles);
        }
        if let Some(found) = self.0.store.peek(slide) {
            let tiles = Arc::new(Tiles(found));
            state.tiles.insert(slide.to_path_buf(), Arc::downgrade(&tiles));
            return Later::Ready(tiles);
        }
        if let Some(why) = state.failed.get(slide) {
            return Later::Failed(why.clone());
        }
        self.0.want(&mut state, Wanted::Slide(slide.to_path_buf()));
        Later::Loading
    }

    fn patch(&self, key: &PatchKey) -> Later<Arc<RgbPatch>> {
        let mut state = self.0.state();
        if let Some(patch) = state.patches.get(key) {
            return Later::Ready(Arc::clone(patch));
        }
        if let Some(why) = state.failed.get(&key.slide) {
            return Later::Failed(why.clone());
        }
        self.0.want(&mut state, Wanted::Patch(key.clone()));
        Later::Loading
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::geometry::{Mpp, SlidePoint};
    use std::time::{Duration, Instant};

    fn wait<T>(ask: impl Fn() -> Later<T>) -> Later<T> {
        let start = Instant::now();
        loop {
            match ask() {
                Later::Loading if start.elapsed() < Duration::from_secs(20) => {
                    thread::sleep(Duration::from_millis(2));
                }
                other => return other,
            }
        }
    }

    #[test]
    fn tiles_and_patches_come_later_and_stay_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("slide.png");
        image::RgbImage::from_pixel(700, 600, image::Rgb([200, 10, 10])).save(&path).unwrap();
        let images = SlideImages::new(Arc::default(), Arc::new(|| ()));
        let Later::Ready(tiles) = wait(|| images.tiles(&path)) else { panic!("no tiles") };
        assert_eq!((tiles.levels()[0].width, tiles.levels()[0].height), (700, 600));
        assert_eq!(tiles.tile(0, 1, 0).unwrap().width, 700 - TILE);
        let Later::Ready(again) = images.tiles(&path) else { panic!("no tiles") };
        assert!(Arc::ptr_eq(&tiles, &again));
        let Later::Ready(small) = wait(|| images.thumbnail(&path)) else { panic!("no thumbnail") };
        assert_eq!((small.width, small.height), (THUMBNAIL, 377));
        let key = PatchKey { slide: path, mpp: Mpp(0.5), center: SlidePoint::new(300.0, 300.0) };
        let Later::Ready(patch) = wait(|| images.patch(&key)) else { panic!("no patch") };
        assert_eq!((patch.size, patch.on_slide), (PATCH_SIZE, 1.0));
    }

    #[test]
    fn a_missing_image_says_so_and_is_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("slide.png");
        let images = SlideImages::new(Arc::default(), Arc::new(|| ()));
        let Later::Failed(why) = wait(|| images.tiles(&path)) else { panic!("it is not there") };
        assert!(why.contains("slide.png"), "{why}");
        image::RgbImage::new(8, 8).save(&path).unwrap();
        images.forget_failures();
        assert!(matches!(wait(|| images.tiles(&path)), Later::Ready(_)));
    }
}
