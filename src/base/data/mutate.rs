//! Damaging sound files at random, for tests of parsers. Those that go on for minutes are run by
//! `HISCMCL_FUZZ_MINUTES=10 cargo test --release --lib -- --ignored --nocapture minutes`.

use std::path::Path;
use std::time::{Duration, Instant};

/// A stream of damaged copies of sound files; the same seed gives the same stream.
struct Mutator {
    state: u64,
    sound: Vec<Vec<u8>>,
}

impl Mutator {
    fn new(seed: u64, sound: Vec<Vec<u8>>) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, sound }
    }

    fn next(&mut self, below: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as usize % below.max(1)
    }

    /// The next damaged file.
    fn damaged(&mut self) -> Vec<u8> {
        const TELLING: [u8; 12] = [0, 1, 0x7f, 0x80, 0xff, b'-', b'9', b',', b'\n', b'"', b'e', 0x1c];
        let which = self.next(self.sound.len());
        let mut bytes = self.sound[which].clone();
        // Footers and headers matter more than the middle.
        for _ in 0..=self.next(4) {
            let length = bytes.len();
            let at = match self.next(3) {
                0 => self.next(length.min(400)),
                1 => length - 1 - self.next(length.min(1500)),
                _ => self.next(length),
            };
            let run = self.next(16).min(length - at);
            match self.next(8) {
                0 => bytes[at] = self.next(256) as u8,
                1 => bytes[at] ^= 1 << self.next(8),
                2 => bytes[at] = TELLING[self.next(TELLING.len())],
                3 => bytes.insert(at, self.next(256) as u8),
                4 => drop(bytes.drain(at..at + run)),
                5 => {
                    let copy = bytes[at..at + run].to_vec();
                    let to = self.next(length);
                    bytes.splice(to..to, copy);
                }
                6 => {
                    let value = TELLING[self.next(TELLING.len())];
                    bytes[at..at + run].fill(value);
                }
                _ if self.next(8) == 0 => bytes.truncate(at),
                _ => bytes[at] = bytes[at].wrapping_add(1),
            }
            if bytes.is_empty() {
                bytes.push(0);
            }
        }
        bytes
    }
}

/// How long to go on damaging files: `HISCMCL_FUZZ_MINUTES`, or 1.
fn duration() -> Duration {
    let minutes =
        std::env::var("HISCMCL_FUZZ_MINUTES").ok().and_then(|m| m.parse::<f64>().ok()).unwrap_or(1.0);
    Duration::from_secs_f64(minutes * 60.0)
}

/// One file may take so long.
const SLOW: Duration = Duration::from_secs(5);

/// Gives damaged files to `parse` for the time that the environment says. Fails when `parse` panics or is slow, and
/// names the file, which it keeps.
pub(in crate::data) fn fuzz(name: &str, sound: Vec<Vec<u8>>, mut parse: impl FnMut(&[u8]) -> bool) {
    let seed = std::env::var("HISCMCL_FUZZ_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let mut mutator = Mutator::new(seed, sound);
    let kept = std::env::temp_dir().join(format!("hiscmcl-fuzz-{name}"));
    let (start, mut files, mut read) = (Instant::now(), 0u64, 0u64);
    let mut slowest = Duration::ZERO;
    while start.elapsed() < duration() {
        let bytes = mutator.damaged();
        let mut timed = || {
            let before = Instant::now();
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| parse(&bytes)));
            (outcome, before.elapsed())
        };
        let (mut outcome, mut took) = timed();
        if outcome.is_ok() && took > SLOW {
            // The computer may have been busy with something else.
            (outcome, took) = timed();
        }
        if outcome.is_err() || took > SLOW {
            std::fs::write(&kept, &bytes).unwrap();
            panic!("{name}: panicked or took {took:?}; the file is {}", kept.display());
        }
        files += 1;
        read += u64::from(outcome.unwrap_or(false));
        slowest = slowest.max(took);
    }
    let peak = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = peak.lines().find(|l| l.starts_with("VmHWM")).unwrap_or("").to_owned();
    println!("{name}: {files} damaged files, {read} still read, slowest {slowest:?}, {peak}");
}

/// As [`fuzz`], for parsers that read files: the damaged file lies at the path that `parse` is given, `file` in a
/// folder of its own.
pub(in crate::data) fn fuzz_file(
    name: &str,
    file: &str,
    sound: Vec<Vec<u8>>,
    mut parse: impl FnMut(&Path) -> bool,
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    fuzz(name, sound, |bytes| {
        std::fs::write(&path, bytes).unwrap();
        parse(&path)
    });
}

/// `bytes` as gzip packs them.
pub(in crate::data) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}
