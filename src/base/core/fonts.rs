//! Fonts of the operating system, for characters that the embedded fonts lack: names of sections, patients and genes come
//! in any script. Nothing is read before such a character is met.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use skrifa::raw::FontRead as _;
use skrifa::raw::tables::cmap::Cmap;
use skrifa::string::StringId;
use skrifa::{FontRef, MetadataProvider as _};

/// The most font files looked at.
const MAX_FILES: usize = 4_000;
/// How deep folders of fonts are searched.
const MAX_DEPTH: usize = 6;
/// The largest font file read.
const MAX_BYTES: u64 = 120 << 20;
/// The largest table of characters read; that of a font with all of Unicode takes less.
const MAX_CMAP: u32 = 16 << 20;
/// The most faces of one file looked at.
const MAX_FACES: u32 = 64;

/// A face of a font file.
#[derive(Debug)]
pub struct SystemFont {
    /// Its family: "Noto Sans CJK SC".
    pub family: String,
    /// The file.
    pub path: PathBuf,
    /// Which face of the file.
    pub index: u32,
    /// The content of the file.
    pub data: Arc<Vec<u8>>,
}

impl SystemFont {
    /// Whether it can draw `c`.
    pub fn has(&self, c: char) -> bool {
        FontRef::from_index(&self.data, self.index)
            .is_ok_and(|font| font.charmap().map(c).is_some_and(|glyph| glyph.to_u32() != 0))
    }
}

/// A font of the operating system that can draw `c`; `None` where there is none.
pub fn find(c: char) -> Option<Arc<SystemFont>> {
    static FINDER: LazyLock<Mutex<Finder>> = LazyLock::new(|| Mutex::new(Finder::new(folders())));
    // A finder that was left by a panic still knows what it found.
    FINDER.lock().unwrap_or_else(PoisonError::into_inner).find(c)
}

/// What to say of characters that no font can draw, in two sentences.
pub fn missing_text(missing: &[char]) -> String {
    const NAMED: usize = 12;
    let named: Vec<String> = missing.iter().take(NAMED).map(char::to_string).collect();
    let codes: Vec<String> = missing.iter().take(NAMED).map(|c| format!("U+{:04X}", u32::from(*c))).collect();
    let more = match missing.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let noun = if missing.len() == 1 { "the character" } else { "the characters" };
    let it = if missing.len() == 1 { "it" } else { "them" };
    format!(
        "No font on this computer can draw {noun} {}{more} ({}{}). Install a font that has {it}, such as Noto Sans CJK for \
         Chinese, Japanese and Korean.",
        named.join(" "),
        codes.join(", "),
        if more.is_empty() { "" } else { ", \u{2026}" }
    )
}

/// Looks for fonts in some folders, each only once.
#[derive(Debug)]
struct Finder {
    folders: Vec<PathBuf>,
    files: Option<Vec<PathBuf>>,
    found: Vec<Arc<SystemFont>>,
    data: HashMap<PathBuf, Arc<Vec<u8>>>,
    missing: HashSet<char>,
}

impl Finder {
    fn new(folders: Vec<PathBuf>) -> Self {
        Self { folders, files: None, found: Vec::new(), data: HashMap::new(), missing: HashSet::new() }
    }

    fn find(&mut self, c: char) -> Option<Arc<SystemFont>> {
        if self.missing.contains(&c) {
            return None;
        }
        let script = Script::from_char(c);
        let known = self.found.iter().find(|f| script.fits(&f.family) && f.has(c));
        if let Some(font) = known {
            return Some(Arc::clone(font));
        }
        let found = self.search(c, script);
        let Some(found) = found else {
            self.missing.insert(c);
            return None;
        };
        match self.found.iter().find(|f| f.path == found.path && f.index == found.index) {
            Some(known) => Some(Arc::clone(known)),
            None => {
                self.found.push(Arc::clone(&found));
                Some(found)
            }
        }
    }

    fn search(&mut self, c: char, script: Script) -> Option<Arc<SystemFont>> {
        let folders = &self.folders;
        let files = self.files.get_or_insert_with(|| font_files(folders));
        let mut files: Vec<(usize, PathBuf)> =
            files.iter().map(|path| (script.rank(path), path.clone())).collect();
        files.sort();
        for (_, path) in files {
            let Some(faces) = faces_with(&path, c) else { continue };
            let Some(data) = self.read(&path) else { continue };
            let family_of = |index: u32| Some((index, family(&data, index)?));
            let mut faces: Vec<(u32, String)> = faces.into_iter().filter_map(family_of).collect();
            faces.sort_by_key(|(index, family)| (!script.fits(family), family.contains("Mono"), *index));
            let Some((index, family)) = faces.into_iter().next() else { continue };
            let font = SystemFont { family, path, index, data };
            if font.has(c) {
                return Some(Arc::new(font));
            }
        }
        None
    }

    fn read(&mut self, path: &Path) -> Option<Arc<Vec<u8>>> {
        if let Some(data) = self.data.get(path) {
            return Some(Arc::clone(data));
        }
        if fs::metadata(path).ok()?.len() > MAX_BYTES {
            return None;
        }
        let data = Arc::new(fs::read(path).ok()?);
        self.data.insert(path.to_path_buf(), Arc::clone(&data));
        Some(data)
    }
}

/// What decides which fonts are tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Han,
    Japanese,
    Korean,
    Other,
}

impl Script {
    fn from_char(c: char) -> Self {
        match u32::from(c) {
            0x3040..=0x30ff | 0x31f0..=0x31ff | 0xff66..=0xff9f => Self::Japanese,
            0x1100..=0x11ff | 0x3130..=0x318f | 0xa960..=0xa97f | 0xac00..=0xd7ff => Self::Korean,
            0x2e80..=0x303f | 0x3100..=0x312f | 0x3190..=0x31ef | 0x3200..=0x9fff => Self::Han,
            0xf900..=0xfaff | 0xfe30..=0xfe4f | 0xff00..=0xffef | 0x20000..=0x3ffff => Self::Han,
            _ => Self::Other,
        }
    }

    /// Whether a family is made for it, where one file holds families for several.
    fn fits(self, family: &str) -> bool {
        let made_for = |ending: &str| family.split(' ').any(|word| word == ending);
        let east_asian = ["SC", "TC", "HK", "JP", "KR"].into_iter().any(made_for);
        match self {
            Self::Han => !east_asian || made_for("SC"),
            Self::Japanese => !east_asian || made_for("JP"),
            Self::Korean => !east_asian || made_for("KR"),
            Self::Other => true,
        }
    }

    /// The place of a file among those that are tried: well-known plain fonts come first.
    fn rank(self, path: &Path) -> usize {
        const EAST_ASIAN: [&str; 14] = [
            "notosanscjk",
            "notosanssc",
            "sourcehansans",
            "msyh",
            "pingfang",
            "hiragino",
            "yugoth",
            "meiryo",
            "malgun",
            "applesdgothic",
            "stheiti",
            "wqy",
            "droidsansfallback",
            "simsun",
        ];
        const OTHER: [&str; 9] = [
            "notosans-",
            "notosans",
            "dejavusans",
            "segoeui",
            "arialunicode",
            "arial",
            "helvetica",
            "freesans",
            "liberationsans",
        ];
        let name: String = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase()
            .chars()
            .filter(|c| !matches!(c, ' ' | '_'))
            .collect();
        let known: &[&str] = if self == Self::Other { &OTHER } else { &EAST_ASIAN };
        let family = known.iter().position(|k| name.starts_with(k)).unwrap_or(known.len());
        let styled =
            ["bold", "italic", "oblique", "light", "thin", "black", "medium", "condensed", "serif", "mono"]
                .into_iter()
                .any(|style| name.contains(style));
        // Names are told by letters, not by pictures; a last resort draws a box for everything.
        let odd = ["emoji", "symbol", "lastresort", "blank"].into_iter().any(|odd| name.contains(odd));
        family + if styled { 100 } else { 0 } + if odd { 1_000 } else { 0 }
    }
}

/// Where fonts are on this operating system.
fn folders() -> Vec<PathBuf> {
    let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_path_buf());
    let mut folders: Vec<PathBuf> = Vec::new();
    if cfg!(windows) {
        let windows = std::env::var_os("WINDIR").map_or_else(|| PathBuf::from("C:\\Windows"), PathBuf::from);
        folders.push(windows.join("Fonts"));
        let own = std::env::var_os("LOCALAPPDATA").map(PathBuf::from);
        folders.extend(own.map(|own| own.join("Microsoft").join("Windows").join("Fonts")));
    } else if cfg!(target_os = "macos") {
        folders.extend(
            ["/System/Library/Fonts", "/Library/Fonts", "/System/Library/AssetsV2"].map(PathBuf::from),
        );
        folders.extend(home.map(|home| home.join("Library/Fonts")));
    } else {
        folders.extend(["/usr/share/fonts", "/usr/local/share/fonts", "/run/host/fonts"].map(PathBuf::from));
        let more = std::env::var_os("XDG_DATA_DIRS");
        folders.extend(more.iter().flat_map(std::env::split_paths).map(|dir| dir.join("fonts")));
        if let Some(home) = home {
            folders.extend([home.join(".fonts"), home.join(".local/share/fonts")]);
        }
    }
    folders
}

/// The font files in these folders and below.
fn font_files(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut seen = HashSet::new();
    let mut open: Vec<(PathBuf, usize)> = folders.iter().rev().map(|f| (f.clone(), 0)).collect();
    while let Some((folder, depth)) = open.pop() {
        // A folder that two paths lead to is read once, and a link in a circle ends.
        if depth > MAX_DEPTH || !fs::canonicalize(&folder).is_ok_and(|real| seen.insert(real)) {
            continue;
        }
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push((path, depth + 1));
            } else if path.extension().and_then(|e| e.to_str()).is_some_and(is_font)
                && files.len() < MAX_FILES
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files.dedup();
    files
}

fn is_font(extension: &str) -> bool {
    ["ttf", "otf", "ttc", "otc"].into_iter().any(|e| extension.eq_ignore_ascii_case(e))
}

/// The faces of a font file that have a glyph for `c`, as its tables of characters say. Reads no more of the file.
fn faces_with(path: &Path, c: char) -> Option<Vec<u32>> {
    let mut file = File::open(path).ok()?;
    let size = file.metadata().ok()?.len();
    let starts = match read_at::<4>(&mut file, 0)? {
        [b't', b't', b'c', b'f'] => {
            let count = number(read_at(&mut file, 8)?).min(MAX_FACES);
            let start = |face: u32| Some((face, number(read_at(&mut file, 12 + 4 * u64::from(face))?)));
            (0..count).map(start).collect::<Option<Vec<_>>>()?
        }
        _ => vec![(0, 0)],
    };
    let mut tables: HashMap<(u32, u32), bool> = HashMap::new();
    let mut faces = Vec::new();
    for (face, start) in starts {
        let Some(place) = cmap_place(&mut file, u64::from(start)) else { continue };
        let (offset, length) = place;
        if length > MAX_CMAP || u64::from(offset) + u64::from(length) > size {
            continue;
        }
        let has = *tables.entry(place).or_insert_with(|| has_character(&mut file, place, c));
        if has {
            faces.push(face);
        }
    }
    (!faces.is_empty()).then_some(faces)
}

/// Offset and length of the table of characters of the face that starts at `start`.
fn cmap_place(file: &mut File, start: u64) -> Option<(u32, u32)> {
    let [_, _, _, _, high, low] = read_at::<6>(file, start)?;
    let count = u64::from(u16::from_be_bytes([high, low]));
    (0..count).find_map(|i| {
        let record: [u8; 16] = read_at(file, start + 12 + 16 * i)?;
        let part = |at: usize| Some(number(record.get(at..at + 4)?.try_into().ok()?));
        (record.get(..4)? == b"cmap").then(|| Some((part(8)?, part(12)?))).flatten()
    })
}

fn has_character(file: &mut File, (offset, length): (u32, u32), c: char) -> bool {
    let mut bytes = vec![0; length as usize];
    let read = file.seek(SeekFrom::Start(u64::from(offset))).and_then(|_| file.read_exact(&mut bytes));
    let cmap = read.ok().and_then(|()| Cmap::read(skrifa::raw::FontData::new(&bytes)).ok());
    cmap.and_then(|cmap| cmap.map_codepoint(c)).is_some_and(|glyph| glyph.to_u32() != 0)
}

fn read_at<const N: usize>(file: &mut File, at: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    file.seek(SeekFrom::Start(at)).ok()?;
    file.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

fn number(bytes: [u8; 4]) -> u32 {
    u32::from_be_bytes(bytes)
}

/// The family of a face, under its English name.
fn family(data: &[u8], index: u32) -> Option<String> {
    let font = FontRef::from_index(data, index).ok()?;
    let name = |id| font.localized_strings(id).english_or_first().map(|name| name.to_string());
    name(StringId::TYPOGRAPHIC_FAMILY_NAME).or_else(|| name(StringId::FAMILY_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBERATION: &[u8] = include_bytes!("../../../assets/fonts/LiberationSans-Regular.ttf");

    /// A folder with a font that has Latin, Greek and Cyrillic letters.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("deeper")).unwrap();
        fs::write(folder.path().join("deeper/Some-Regular.TTF"), LIBERATION).unwrap();
        fs::write(folder.path().join("broken.ttf"), b"not a font").unwrap();
        fs::write(folder.path().join("cut.ttc"), b"ttcf\0\x01\0\0\xff\xff\xff\xff").unwrap();
        fs::write(folder.path().join("empty.otf"), b"").unwrap();
        fs::write(folder.path().join("readme.txt"), b"a").unwrap();
        folder
    }

    #[test]
    fn a_font_is_found_by_its_characters() {
        let folder = folder();
        let mut finder = Finder::new(vec![folder.path().join("none"), folder.path().to_path_buf()]);
        let font = finder.find('\u{0416}').unwrap();
        assert_eq!((font.family.as_str(), font.index), ("Liberation Sans", 0));
        assert!(font.has('\u{03b2}') && !font.has('\u{7ec4}'));
        assert!(Arc::ptr_eq(&font, &finder.find('\u{03b2}').unwrap()), "read once");
        assert!(finder.find('\u{7ec4}').is_none(), "no Han characters in there");
        assert!(finder.find('\u{7ec4}').is_none());
    }

    #[test]
    fn missing_characters_are_named() {
        let one = missing_text(&['\u{7ec4}']);
        assert!(
            one.starts_with("No font on this computer can draw the character \u{7ec4} (U+7EC4). "),
            "{one}"
        );
        let many: Vec<char> = ('\u{4e00}'..='\u{4e20}').collect();
        let text = missing_text(&many);
        assert!(text.contains("U+4E00, U+4E01") && text.contains(" and 21 more"), "{text}");
    }

    #[test]
    fn without_fonts_nothing_is_found() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Finder::new(vec![folder.path().to_path_buf()]).find('a').is_none());
        assert!(Finder::new(Vec::new()).find('a').is_none());
    }

    #[test]
    fn plain_fonts_of_the_script_come_first() {
        let rank = |script: Script, name: &str| script.rank(Path::new(name));
        let han = |name| rank(Script::Han, name);
        assert!(han("NotoSansCJK-Regular.ttc") < han("NotoSansCJK-Bold.ttc"));
        assert!(han("wqy-microhei.ttc") < han("DejaVuSans.ttf"));
        assert!(han("NotoSerifCJK-Regular.ttc") < han("NotoColorEmoji.ttf"));
        assert!(rank(Script::Other, "DejaVuSans.ttf") < rank(Script::Other, "NotoSansCJK-Bold.ttc"));
        let scripts = ['\u{7ec4}', '\u{3042}', '\u{d55c}', '\u{0416}', '\u{2116}'].map(Script::from_char);
        assert_eq!(scripts, [Script::Han, Script::Japanese, Script::Korean, Script::Other, Script::Other]);
        assert!(Script::Han.fits("Noto Sans CJK SC") && !Script::Han.fits("Noto Sans CJK JP"));
        assert!(Script::Korean.fits("Noto Sans CJK KR") && Script::Han.fits("WenQuanYi Micro Hei"));
    }
}
