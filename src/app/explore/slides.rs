//! Slide images for the maps: decoded on threads of their own, shared with the jobs, asked for again each
//! frame.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use lru::LruCache;

use crate::app::explore::images::{Images, Later, PatchKey, TileLevel, TileSource, TileState};
use crate::app::queue::Wake;
use crate::core::cancel::CancelToken;
use crate::core::encoder::RgbPatch;
use crate::core::progress::Silent;
use crate::core::recent::recent;
use crate::data::slide::{RgbImage, Slide, SlideError, SlideStore, TileLoader};

/// Threads that open slides and read patches and thumbnails.
const THREADS: usize = 2;
/// The most threads that decode tiles.
const MAX_TILE_THREADS: usize = 6;
/// Longer side in pixels of the picture of a whole slide that is drawn until tiles come.
const OVERVIEW: u32 = 1024;
/// Pictures of whole slides that are kept; 3 MB each.
const MAX_OVERVIEWS: usize = 16;
/// Resolution of the patches shown as evidence, in micrometres per pixel, and their side in pixels: what the
/// image encoder sees.
const PATCH_MPP: f64 = 0.5;
const PATCH_SIZE: usize = 224;
/// Longer side of a thumbnail in pixels.
pub const THUMBNAIL: u32 = 440;
/// Patches kept; 150 KiB each.
const MAX_PATCHES: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Wanted {
    Slide(PathBuf),
    Thumbnail(PathBuf),
    Patch(PatchKey),
}

struct State {
    /// Asked for last comes first: it is what is looked at now.
    waiting: VecDeque<Wanted>,
    working: HashSet<Wanted>,
    tiles: HashMap<PathBuf, Weak<Tiles>>,
    /// With the number of the slide that it is of; none of a slide whose coarsest level is damaged.
    overviews: LruCache<PathBuf, (u64, Option<Arc<RgbImage>>)>,
    patches: LruCache<PatchKey, Arc<RgbPatch>>,
    thumbnails: HashMap<PathBuf, Arc<RgbImage>>,
    failed: HashMap<PathBuf, String>,
    failed_patches: HashMap<PatchKey, String>,
    /// What is wrong with slides that are open, each told once.
    problems: Vec<String>,
    /// Slides with damaged tiles, by number.
    damaged: HashSet<u64>,
    closing: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            working: HashSet::new(),
            tiles: HashMap::new(),
            overviews: recent(MAX_OVERVIEWS),
            patches: recent(MAX_PATCHES),
            thumbnails: HashMap::new(),
            failed: HashMap::new(),
            failed_patches: HashMap::new(),
            problems: Vec::new(),
            damaged: HashSet::new(),
            closing: false,
        }
    }
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
        let slide = match self.store.get(path, &Silent, &self.cancel) {
            Ok(slide) => slide,
            Err(error) => {
                self.state().failed.insert(path.clone(), error.to_string());
                return;
            }
        };
        match wanted {
            Wanted::Thumbnail(_) => {
                let read = slide.thumbnail(THUMBNAIL);
                let mut state = self.state();
                match read {
                    Ok(image) => drop(state.thumbnails.insert(path.clone(), Arc::new(image))),
                    Err(error) => drop(state.failed.insert(path.clone(), error.to_string())),
                }
            }
            Wanted::Patch(key) => {
                let read = slide.read_patch(key.center, key.mpp, PATCH_MPP, PATCH_SIZE);
                let mut state = self.state();
                match read {
                    Ok(patch) => {
                        state.patches.put(key.clone(), Arc::new(patch));
                    }
                    Err(error) => drop(state.failed_patches.insert(key.clone(), error.to_string())),
                }
            }
            Wanted::Slide(_) => {
                let overview = slide.thumbnail(OVERVIEW);
                let overview = overview.map_err(|error| self.tell_damage(&slide, &error)).ok();
                let mut state = self.state();
                state.overviews.put(path.clone(), (slide.number(), overview.map(Arc::new)));
            }
        }
    }

    /// Remembers to tell what is wrong with a slide, once for all of its tiles.
    fn tell_damage(&self, slide: &Slide, error: &SlideError) {
        let mut state = self.state();
        if state.damaged.insert(slide.number()) {
            state.problems.push(error.to_string());
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
struct Tiles {
    slide: Arc<Slide>,
    overview: Option<Arc<RgbImage>>,
    loader: Arc<TileLoader>,
}

impl TileSource for Tiles {
    fn levels(&self) -> Vec<TileLevel> {
        self.slide.levels().iter().map(TileLevel::from).collect()
    }

    fn overview(&self) -> Option<Arc<RgbImage>> {
        self.overview.clone()
    }

    fn tile(&self, level: usize, col: u32, row: u32) -> TileState {
        match self.slide.held_tile(level, col, row) {
            Some(tile) => TileState::Ready(tile),
            None if self.loader.has_failed(&self.slide, (level, col, row)) => TileState::Damaged,
            None => TileState::Waiting,
        }
    }

    fn request(&self, tiles: Vec<(usize, u32, u32)>) {
        // What was in view before is not looked at any more.
        self.loader.clear();
        self.loader.request(&self.slide, tiles);
    }
}

/// Gives slide images without waiting.
pub struct SlideImages {
    shared: Arc<Shared>,
    loader: Arc<TileLoader>,
}

impl std::fmt::Debug for SlideImages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SlideImages").field("store", &self.shared.store).finish_non_exhaustive()
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
        let told = Arc::clone(&shared);
        let threads = thread::available_parallelism().map_or(2, |n| n.get()).clamp(2, MAX_TILE_THREADS);
        let loader = TileLoader::new(threads, move |slide, arrived| {
            if let Err(error) = arrived {
                told.tell_damage(slide, &error);
            }
            (told.wake)();
        });
        Self { shared, loader: Arc::new(loader) }
    }

    /// What is wrong with slides that can be opened, since this was asked last, a sentence for each.
    pub fn take_problems(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.state().problems)
    }

    /// The whole slide, its longer side at most [`THUMBNAIL`] pixels.
    pub fn thumbnail(&self, slide: &Path) -> Later<Arc<RgbImage>> {
        let mut state = self.shared.state();
        if let Some(thumbnail) = state.thumbnails.get(slide) {
            return Later::Ready(Arc::clone(thumbnail));
        }
        if let Some(why) = state.failed.get(slide) {
            return Later::Failed(why.clone());
        }
        self.shared.want(&mut state, Wanted::Thumbnail(slide.to_path_buf()));
        Later::Loading
    }

    /// Tries images again that could not be read.
    pub fn forget_failures(&self) {
        let mut state = self.shared.state();
        state.failed.clear();
        state.failed_patches.clear();
        state.damaged.clear();
        drop(state);
        self.loader.forget_failures();
    }
}

impl Drop for SlideImages {
    fn drop(&mut self) {
        self.shared.state().closing = true;
        self.shared.cancel.cancel();
        self.shared.asked.notify_all();
    }
}

impl Images for SlideImages {
    fn tiles(&self, slide: &Path) -> Later<Arc<dyn TileSource>> {
        let mut state = self.shared.state();
        // The same tiles for as long as somebody draws them, so that textures are kept.
        if let Some(tiles) = state.tiles.get(slide).and_then(Weak::upgrade) {
            return Later::Ready(tiles);
        }
        if let Some(opened) = self.shared.store.peek(slide)
            && let Some((number, overview)) = state.overviews.get(slide)
            && *number == opened.number()
        {
            let (overview, loader) = (overview.clone(), Arc::clone(&self.loader));
            let tiles = Arc::new(Tiles { slide: opened, overview, loader });
            state.tiles.insert(slide.to_path_buf(), Arc::downgrade(&tiles));
            return Later::Ready(tiles);
        }
        if let Some(why) = state.failed.get(slide) {
            return Later::Failed(why.clone());
        }
        self.shared.want(&mut state, Wanted::Slide(slide.to_path_buf()));
        Later::Loading
    }

    fn patch(&self, key: &PatchKey) -> Later<Arc<RgbPatch>> {
        let mut state = self.shared.state();
        if let Some(patch) = state.patches.get(key) {
            return Later::Ready(Arc::clone(patch));
        }
        if let Some(why) = state.failed_patches.get(key).or_else(|| state.failed.get(&key.slide)) {
            return Later::Failed(why.clone());
        }
        self.shared.want(&mut state, Wanted::Patch(key.clone()));
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
        let TileState::Ready(tile) = tiles.tile(0, 1, 0) else { panic!("no tile") };
        assert_eq!(tile.width, 700 - tiles.levels()[0].tile_width);
        assert_eq!(tiles.overview().unwrap().width, 700);
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

    #[test]
    fn tiles_of_scanner_files_come_later_and_damaged_ones_are_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("slide.svs");
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/slides");
        let sound = std::fs::read(fixtures.join("tiled_adobe_deflate.tif")).unwrap();
        let packed: Vec<usize> = sound
            .windows(2)
            .enumerate()
            .filter(|(_, w)| matches!(w, [0x78, 0x9C | 0xDA | 0x01 | 0x5E]))
            .map(|(at, _)| at)
            .collect();
        let mut bytes = sound;
        // Two tiles of the finest level.
        packed[..2].iter().for_each(|&at| bytes[at] = 0);
        std::fs::write(&path, bytes).unwrap();
        let images = SlideImages::new(Arc::default(), Arc::new(|| ()));
        let Later::Ready(tiles) = wait(|| images.tiles(&path)) else { panic!("no tiles") };
        let first = tiles.levels()[0];
        let all: Vec<(usize, u32, u32)> = (0..first.height.div_ceil(first.tile_height))
            .flat_map(|row| (0..first.width.div_ceil(first.tile_width)).map(move |col| (0, col, row)))
            .collect();
        let states = || all.iter().map(|&(level, col, row)| tiles.tile(level, col, row)).collect::<Vec<_>>();
        let start = Instant::now();
        while states().iter().any(|s| matches!(s, TileState::Waiting)) {
            assert!(start.elapsed() < Duration::from_secs(20), "tiles stay away");
            tiles.request(all.clone());
            thread::sleep(Duration::from_millis(5));
        }
        let damaged = states().iter().filter(|s| matches!(s, TileState::Damaged)).count();
        assert_eq!(damaged, 2);
        let told = images.take_problems();
        assert!(told.len() == 1 && told[0].contains("slide.svs: the tile at column "), "{told:?}");
        assert!(images.take_problems().is_empty());
    }
}
