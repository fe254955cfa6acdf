//! The files below a folder.

use std::cell::OnceCell;
use std::collections::{HashSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use super::super::geojson::{is_geojson_name, looks_like_geojson};
use super::super::names::file_name;
use super::ignored::Ignored;
use super::images::MAX_LISTED;
use crate::core::files::FileError;
use crate::data::slide::stem_of_slide;

/// Folders deeper than this are not searched: SAMPLE/outs/binned_outputs/square_008um/spatial is five.
const DEPTH: usize = 7;
/// More files than this are not looked at.
const MAX_FILES: usize = 20_000;
/// Folders whose many files are nothing that is read here.
const SKIPPED: [&str; 17] = [
    "__macosx",
    "analysis",
    "analysis_csv",
    "cellvit_seg",
    "deconvolution",
    "deconvolved",
    "fastqs",
    "node_modules",
    "patches",
    "patches_vis",
    "segmented_outputs",
    "spatial_plots",
    "thumbnails",
    "tissue_seg",
    "tissue_seg_vis",
    "transcripts",
    "xenium_seg",
];
/// What file managers leave in every folder.
const LEFT_BEHIND: [&str; 3] = ["thumbs.db", "desktop.ini", "icon\r"];
/// Files of other programs that hold what is looked for, in forms that are not read here.
const FOREIGN: [&str; 8] = [".rds", ".rdata", ".rda", ".h5seurat", ".loom", ".h5mu", ".qs", ".cloupe"];

/// What is said of the cells of Space Ranger 4.
pub(super) const CELLS: &str =
    "holds segmented cells, which are not read; add binned_outputs of the same run instead";
/// What is said of them where the bins are there.
pub(super) const CELLS_BESIDE_BINS: &str =
    "holds segmented cells, which are not read; binned_outputs is used";

/// A file that was found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// Its name without folder.
    pub(super) name: String,
    /// The same in lower case.
    pub(super) lower: String,
    /// Whether some sample uses it, or it was told why none does.
    pub(super) used: bool,
}

impl Found {
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// A picture or slide by its name, also one that is packed.
    pub(super) fn is_image(&self) -> bool {
        names_image(&self.lower)
    }

    /// Why an image of a kind that is not read is not used, and what to do; `None` for all other files.
    fn unread_image(&self) -> Option<&'static str> {
        const SCANS: [&str; 4] = [".vmu", ".lif", ".nd2", ".afi"];
        const PICTURES: [&str; 12] = [
            ".bmp", ".jp2", ".j2k", ".jpx", ".jxl", ".webp", ".heic", ".heif", ".avif", ".gif", ".psd",
            ".psb",
        ];
        let ends = |endings: &[&str]| endings.iter().any(|e| self.lower.ends_with(e));
        if ends(&SCANS) {
            Some("a scanner format that is not read here; export the slide as TIFF, for example from QuPath")
        } else if ends(&PICTURES) {
            Some("a kind of image that is not read here; save it as TIFF, PNG or JPEG")
        } else {
            None
        }
    }

    pub(super) fn is_table(&self) -> bool {
        let name = self.lower.strip_suffix(".gz").unwrap_or(&self.lower);
        [".csv", ".tsv", ".txt"].iter().any(|e| name.ends_with(e))
    }

    /// Of another program, whose files are not read here.
    pub(super) fn is_foreign(&self) -> bool {
        is_foreign(&self.lower)
    }

    pub(super) fn is_archive(&self) -> bool {
        is_archive(&self.lower)
    }
}

/// Whether `path` is called as a picture or slide is, also one that is packed.
pub(super) fn is_image(path: &Path) -> bool {
    names_image(&file_name(path).to_lowercase())
}

fn names_image(lower: &str) -> bool {
    stem_of_slide(lower).is_some()
}

/// Whether a file of this name, in lower case, is an archive of others.
pub(super) fn is_archive(lower: &str) -> bool {
    const ARCHIVES: [&str; 12] = [
        ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".zip", ".7z", ".rar",
        ".gtar",
    ];
    ARCHIVES.iter().any(|e| lower.ends_with(e))
}

/// Whether a file of this name, in lower case, is of another program.
pub(super) fn is_foreign(lower: &str) -> bool {
    let name = lower.strip_suffix(".gz").unwrap_or(lower);
    FOREIGN.iter().any(|e| name.ends_with(e))
}

/// Why a folder of this name is passed over, where a user may have meant it.
pub(super) fn why_not(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    if lower.ends_with(".zarr") {
        return Some(format!("{name} is a Zarr store, which is not read here; write its table as .h5ad"));
    }
    (lower == "segmented_outputs").then(|| format!("{name} {CELLS}"))
}

/// The files below a folder, by path.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) files: Vec<Found>,
    /// What was not looked at.
    pub(super) notes: Vec<String>,
    /// See [`Listing::regions`].
    regions: OnceCell<Vec<PathBuf>>,
}

impl Listing {
    /// Lists `root`, a few levels deep, without hidden files. A folder inside that cannot be read is told in a note.
    /// Links are followed to folders that are not found without them, so that no folder is listed twice.
    pub(super) fn read(root: &Path) -> Result<Self, FileError> {
        let mut listing = Self::default();
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        // What `root` lies in would lead back to it.
        let mut seen: HashSet<PathBuf> = real(root).ancestors().map(Path::to_path_buf).collect();
        let mut links: Vec<(PathBuf, usize)> = Vec::new();
        listing.list(vec![(root.to_path_buf(), 0)], root, &mut links, &mut seen)?;
        while !links.is_empty() {
            let found = std::mem::take(&mut links);
            for (link, depth) in found {
                if seen.insert(real(&link)) {
                    listing.list(vec![(link, depth)], root, &mut links, &mut seen)?;
                }
            }
        }
        listing.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(listing)
    }

    /// The images that `belongs` accepts but whose kind cannot be read, each with what to do about it.
    pub(super) fn unread_images(&self, belongs: impl Fn(&Found) -> bool) -> Vec<Ignored> {
        let unread = self.files.iter().filter_map(|f| Some((f, f.unread_image()?)));
        let unread = unread.filter(|(f, _)| belongs(f)).take(MAX_LISTED);
        unread.map(|(f, why)| Ignored::new(&f.name, why)).collect()
    }

    /// Lists folders at these depths and what is below them, level by level; links to folders are put into `links`.
    fn list(
        &mut self,
        folders: Vec<(PathBuf, usize)>,
        root: &Path,
        links: &mut Vec<(PathBuf, usize)>,
        seen: &mut HashSet<PathBuf>,
    ) -> Result<(), FileError> {
        let mut waiting = VecDeque::from(folders);
        while let Some((folder, depth)) = waiting.pop_front() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(e) if folder == root => return Err(FileError::io("list", root)(e)),
                Err(e) => {
                    self.notes.push(FileError::io("list", &folder)(e).to_string());
                    continue;
                }
            };
            seen.extend(folder.canonicalize());
            let mut here: Vec<(PathBuf, bool, bool)> = entries
                .filter_map(|entry| {
                    let entry = entry.ok()?;
                    let mut kind = entry.file_type().ok()?;
                    let is_link = kind.is_symlink();
                    if is_link {
                        // A link that leads nowhere is neither.
                        kind = fs::metadata(entry.path()).ok()?.file_type();
                    }
                    Some((entry.path(), kind.is_dir(), is_link))
                })
                .collect();
            here.sort();
            for (path, is_folder, is_link) in here {
                let name = file_name(&path);
                let lower = name.to_lowercase();
                if name.starts_with('.') || LEFT_BEHIND.contains(&lower.as_str()) {
                    continue;
                }
                if is_folder {
                    // Space Ranger keeps the pieces of its work in folders such as SPATIAL_RNA_COUNTER_CS.
                    let pieces = [".zarr", "_counter_cs"].iter().any(|end| lower.ends_with(end));
                    self.notes.extend(why_not(&name));
                    if pieces || SKIPPED.contains(&lower.as_str()) || depth + 1 == DEPTH {
                        continue;
                    }
                    if is_link {
                        links.push((path, depth + 1));
                    } else {
                        waiting.push_back((path, depth + 1));
                    }
                    continue;
                }
                if self.files.len() == MAX_FILES {
                    let message = "there are more than 20000 files in it, of which the first were looked at; choose \
                                   the folder of the samples";
                    self.notes.push(format!("{}: {message}", root.display()));
                    links.clear();
                    return Ok(());
                }
                self.files.push(Found { path, name, lower, used: false });
            }
        }
        Ok(())
    }

    /// The files that hold regions as GeoJSON, whether a sample uses them or not; looked for once.
    pub(super) fn regions(&self) -> &[PathBuf] {
        /// Each is opened, and so many drawings has nobody.
        const MAX_REGION_FILES: usize = 500;
        self.regions.get_or_init(|| {
            let could_be = self.files.iter().filter(|f| !f.lower.contains("scalefactors"));
            let named =
                could_be.map(|f| f.path.clone()).filter(|p| is_geojson_name(p)).take(MAX_REGION_FILES);
            named.filter(|p| looks_like_geojson(p)).collect()
        })
    }

    /// Marks `path` as used by a sample.
    pub(super) fn take(&mut self, path: &Path) {
        if let Ok(i) = self.files.binary_search_by(|f| f.path.as_path().cmp(path))
            && let Some(file) = self.files.get_mut(i)
        {
            file.used = true;
        }
    }
}
