//! The functions of OpenSlide's library. This is the only file with unsafe code.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;

use libloading::Library as Loaded;

/// `openslide_t`, of which only pointers are known.
type Raw = c_void;
type OpenFn = unsafe extern "C" fn(*const c_char) -> *mut Raw;
type CloseFn = unsafe extern "C" fn(*mut Raw);
type TextFn = unsafe extern "C" fn(*mut Raw) -> *const c_char;
type NamesFn = unsafe extern "C" fn(*mut Raw) -> *const *const c_char;
type ValueFn = unsafe extern "C" fn(*mut Raw, *const c_char) -> *const c_char;
type CountFn = unsafe extern "C" fn(*mut Raw) -> i32;
type SizeFn = unsafe extern "C" fn(*mut Raw, i32, *mut i64, *mut i64);
type ReadFn = unsafe extern "C" fn(*mut Raw, *mut u32, i64, i64, i32, i64, i64);
type VersionFn = unsafe extern "C" fn() -> *const c_char;
type VendorFn = unsafe extern "C" fn(*const c_char) -> *const c_char;

/// OpenSlide's library with the functions that are used.
#[derive(Debug)]
pub struct Library {
    open: OpenFn,
    close: CloseFn,
    error: TextFn,
    level_count: CountFn,
    level_size: SizeFn,
    read_region: ReadFn,
    property: ValueFn,
    associated_names: NamesFn,
    vendor: VendorFn,
    version: VersionFn,
    /// The functions above live as long as this.
    _loaded: Loaded,
}

/// The text at `text`, copied.
///
/// # Safety
/// `text` is null, or points to a text that ends with a zero and lives until this returns.
unsafe fn copied(text: *const c_char) -> Option<String> {
    // SAFETY: as the caller promises; null is left out.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

impl Library {
    /// Loads the library at `path`, or of this name among the system's; `None` where it is not there or is none of
    /// OpenSlide 4.
    pub fn load(path: &Path) -> Option<Self> {
        // SAFETY: loading runs the initialisers of the library and of those it needs. It is OpenSlide by its name, which
        // the user installed or named; its initialisers do nothing that concerns this program.
        let loaded = unsafe { Loaded::new(path) }.ok()?;
        // SAFETY: the signatures are those of openslide.h of version 3.4 and later, which do not change within
        // version 1 of the library's interface. The functions are kept together with the library.
        unsafe {
            Some(Self {
                open: *loaded.get::<OpenFn>(b"openslide_open\0").ok()?,
                close: *loaded.get::<CloseFn>(b"openslide_close\0").ok()?,
                error: *loaded.get::<TextFn>(b"openslide_get_error\0").ok()?,
                level_count: *loaded.get::<CountFn>(b"openslide_get_level_count\0").ok()?,
                level_size: *loaded.get::<SizeFn>(b"openslide_get_level_dimensions\0").ok()?,
                read_region: *loaded.get::<ReadFn>(b"openslide_read_region\0").ok()?,
                property: *loaded.get::<ValueFn>(b"openslide_get_property_value\0").ok()?,
                associated_names: *loaded.get::<NamesFn>(b"openslide_get_associated_image_names\0").ok()?,
                vendor: *loaded.get::<VendorFn>(b"openslide_detect_vendor\0").ok()?,
                version: *loaded.get::<VersionFn>(b"openslide_get_version\0").ok()?,
                _loaded: loaded,
            })
        }
    }

    /// The library's version.
    pub fn version(&self) -> String {
        // SAFETY: takes nothing; the text is constant.
        unsafe { copied((self.version)()) }.unwrap_or_default()
    }
}

/// A slide that OpenSlide has opened; closed when dropped.
#[derive(Debug)]
pub struct Handle {
    library: Arc<Library>,
    raw: NonNull<Raw>,
}

// SAFETY: openslide.h says that all functions but `openslide_close` may be called from several threads at once on the
// same slide; closing takes the value itself, which nobody else can use then.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: `raw` came from `openslide_open`, was not closed, and is not used after this.
        unsafe { (self.library.close)(self.raw.as_ptr()) }
    }
}

impl Handle {
    /// Opens the slide at `path`; OpenSlide's reason where it cannot.
    ///
    /// # Errors
    /// A phrase.
    pub fn open(library: Arc<Library>, path: &Path) -> Result<Self, String> {
        let unread = || "OpenSlide does not recognise this format".to_owned();
        let name = path.to_str().and_then(|p| CString::new(p).ok());
        let name = name.ok_or_else(|| "OpenSlide cannot open files of this name".to_owned())?;
        // SAFETY: `name` ends with a zero and lives until the call returns.
        let raw = unsafe { (library.open)(name.as_ptr()) };
        let raw = NonNull::new(raw).ok_or_else(unread)?;
        let handle = Self { library, raw };
        handle.error().map_or(Ok(handle), Err)
    }

    /// What went wrong with this slide, if anything did. It can then only be closed.
    pub fn error(&self) -> Option<String> {
        // SAFETY: `raw` is open; the text lives as long as it does.
        unsafe { copied((self.library.error)(self.raw.as_ptr())) }
    }

    /// OpenSlide's name of the format of the file at `path`.
    pub fn vendor(&self, path: &Path) -> Option<String> {
        let name = CString::new(path.to_str()?).ok()?;
        // SAFETY: `name` ends with a zero and lives until the call returns; the text is constant.
        unsafe { copied((self.library.vendor)(name.as_ptr())) }
    }

    /// Width and height of every level.
    pub fn level_sizes(&self) -> Vec<(i64, i64)> {
        // SAFETY: `raw` is open.
        let count = unsafe { (self.library.level_count)(self.raw.as_ptr()) };
        let size = |level| {
            let (mut width, mut height) = (-1, -1);
            // SAFETY: `raw` is open, and both places may be written to until the call returns.
            unsafe { (self.library.level_size)(self.raw.as_ptr(), level, &raw mut width, &raw mut height) };
            (width, height)
        };
        (0..count.clamp(0, 64)).map(size).collect()
    }

    /// The property `name`.
    pub fn property(&self, name: &str) -> Option<String> {
        let name = CString::new(name).ok()?;
        // SAFETY: `raw` is open, `name` ends with a zero; the text lives as long as `raw` and is copied.
        unsafe { copied((self.library.property)(self.raw.as_ptr(), name.as_ptr())) }
    }

    /// Names of the images beside the slide.
    pub fn associated_names(&self) -> Vec<String> {
        // SAFETY: `raw` is open; the list lives as long as it does.
        let list = unsafe { (self.library.associated_names)(self.raw.as_ptr()) };
        let mut names = Vec::new();
        for index in 0..256 {
            if list.is_null() {
                break;
            }
            // SAFETY: the list ends with a null, at which this stops, so that `index` lies within it.
            match unsafe { copied(*list.add(index)) } {
                Some(name) => names.push(name),
                None => break,
            }
        }
        names
    }

    /// Premultiplied ARGB pixels of `width` x `height` at slide pixel `x`, `y` of `level`.
    ///
    /// # Errors
    /// OpenSlide's reason.
    pub fn read(&self, level: i32, x: i64, y: i64, width: u32, height: u32) -> Result<Vec<u32>, String> {
        let mut pixels = vec![0_u32; width as usize * height as usize];
        // SAFETY: `raw` is open; `pixels` has room for exactly as many as are asked for, until the call returns.
        unsafe {
            let (width, height) = (i64::from(width), i64::from(height));
            (self.library.read_region)(self.raw.as_ptr(), pixels.as_mut_ptr(), x, y, level, width, height);
        }
        self.error().map_or(Ok(pixels), Err)
    }
}
