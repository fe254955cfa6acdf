//! What kind of file something is, by its content, without decoding it.

use std::fmt;
use std::path::Path;

use super::bytes::ByteSource;
use super::packed;
use super::tiff::is_tiff;
use crate::core::files::FileError;

/// How names of slides end, in lower case: of plain images, of scanners' files that are read here or through OpenSlide,
/// and of those that are only known, so that what to do can be said. What a file is, its content tells.
pub const EXTENSIONS: [&str; 21] = [
    "tif", "tiff", "btf", "tf8", "jpg", "jpeg", "png", "svs", "ndpi", "scn", "bif", "qptiff", "mrxs", "vms",
    "czi", "dcm", "dicom", "svslide", "isyntax", "vsi", "zvi",
];

/// What stands before the extension in the name of a slide, perhaps packed with gzip; `None` of other files.
pub fn stem_of_slide(name: &str) -> Option<&str> {
    let is = |found: &str, extension: &str| found.eq_ignore_ascii_case(extension);
    let unpacked = name.rsplit_once('.').filter(|(_, end)| is(end, "gz")).map_or(name, |(rest, _)| rest);
    let (stem, end) = unpacked.rsplit_once('.')?;
    EXTENSIONS.iter().any(|extension| is(end, extension)).then_some(stem)
}

/// A kind of file, as far as its first bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FileKind {
    Tiff,
    Jpeg,
    Png,
    /// Packed with gzip as a whole, as GEO does with every file.
    Gzip,
    Mirax,
    HamamatsuVms,
    Dicom,
    ZeissCzi,
    ZeissZvi,
    Sakura,
    PhilipsISyntax,
    OlympusVsi,
    Jpeg2000,
    WebP,
    Other,
}

impl FileKind {
    /// Whether it is read here.
    pub fn is_read(self) -> bool {
        matches!(self, Self::Tiff | Self::Jpeg | Self::Png | Self::Gzip)
    }

    /// Whether OpenSlide 4 reads it.
    pub fn is_read_by_openslide(self) -> bool {
        matches!(self, Self::Mirax | Self::HamamatsuVms | Self::Dicom | Self::ZeissCzi | Self::Sakura)
    }

    /// Whether it is a slide or an image at all.
    pub fn is_image(self) -> bool {
        self != Self::Other
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tiff => "TIFF",
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Gzip => "gzip",
            Self::Mirax => "3DHISTECH MRXS",
            Self::HamamatsuVms => "Hamamatsu VMS",
            Self::Dicom => "DICOM",
            Self::ZeissCzi => "Zeiss CZI",
            Self::ZeissZvi => "Zeiss ZVI",
            Self::Sakura => "Sakura SVSLIDE",
            Self::PhilipsISyntax => "Philips iSyntax",
            Self::OlympusVsi => "Olympus VSI",
            Self::Jpeg2000 => "JPEG 2000",
            Self::WebP => "WebP",
            Self::Other => "unknown",
        })
    }
}

/// The kind of the file at `path`.
///
/// # Errors
/// [`FileError`] when it cannot be opened or read.
pub fn identify(path: &Path) -> Result<FileKind, FileError> {
    let bytes = ByteSource::open(path)?;
    identify_bytes(&bytes).map(|kind| match kind {
        // These are known by the files beside them; what they hold themselves is a thumbnail.
        FileKind::Jpeg | FileKind::Other if is_mirax(path) => FileKind::Mirax,
        FileKind::Tiff if has_extension(path, "vsi") => FileKind::OlympusVsi,
        kind => kind,
    })
}

/// The kind of the file at `path`, which begins with `head`: some kilobytes tell most.
pub fn identify_beginning(path: &Path, head: &[u8]) -> FileKind {
    identify_bytes(&ByteSource::in_memory(path, head)).unwrap_or(FileKind::Other)
}

/// The kind of a file by its first bytes.
pub(super) fn identify_bytes(bytes: &ByteSource) -> Result<FileKind, FileError> {
    const HEAD: u64 = 4096;
    let head = bytes.read_up_to(0, HEAD).map_err(FileError::io("read", bytes.path()))?;
    let contains = |text: &[u8]| head.windows(text.len()).any(|w| w == text);
    Ok(if is_tiff(&head) {
        FileKind::Tiff
    } else if head.starts_with(&[0xFF, 0xD8, 0xFF]) {
        FileKind::Jpeg
    } else if head.starts_with(b"\x89PNG\r\n\x1A\n") {
        FileKind::Png
    } else if packed::is_packed(&head) {
        FileKind::Gzip
    } else if head.get(128..132) == Some(b"DICM") {
        FileKind::Dicom
    } else if head.starts_with(b"ZISRAWFILE") {
        FileKind::ZeissCzi
    } else if head.starts_with(b"SQLite format 3\0") && has_extension(bytes.path(), "svslide") {
        FileKind::Sakura
    } else if head.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) && has_extension(bytes.path(), "zvi") {
        FileKind::ZeissZvi
    } else if head.starts_with(b"<DataObject") && contains(b"DPUfsImport") {
        FileKind::PhilipsISyntax
    } else if contains(b"[Virtual Microscope Specimen]")
        || contains(b"[Uncompressed Virtual Microscope Specimen]")
    {
        FileKind::HamamatsuVms
    } else if head.starts_with(b"\0\0\0\x0CjP  \r\n") || head.starts_with(&[0xFF, 0x4F, 0xFF, 0x51]) {
        FileKind::Jpeg2000
    } else if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        FileKind::WebP
    } else {
        FileKind::Other
    })
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension))
}

/// Whether a folder of the same name as the file holds the data of MRXS.
fn is_mirax(path: &Path) -> bool {
    has_extension(path, "mrxs") || path.with_extension("").join("Slidedat.ini").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slides_are_known_by_their_names() {
        assert_eq!(stem_of_slide("A.SVS"), Some("A"));
        assert_eq!(stem_of_slide("a.ome.tif"), Some("a.ome"));
        assert_eq!(stem_of_slide("HE.jpg.gz"), Some("HE"));
        assert_eq!([stem_of_slide("a.tsv.gz"), stem_of_slide("svs"), stem_of_slide("a.")], [None; 3]);
    }
}
