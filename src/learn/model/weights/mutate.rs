//! Damaging sound files at random, for the tests of this folder.

use std::time::{Duration, Instant};

/// A stream of damaged copies of sound files; the same seed gives the same stream.
pub(super) struct Mutator {
    state: u64,
    sound: Vec<Vec<u8>>,
}

impl Mutator {
    pub fn new(seed: u64, sound: Vec<Vec<u8>>) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, sound }
    }

    fn below(&mut self, n: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as usize % n.max(1)
    }

    /// The next damaged file: up to five bytes or short runs are changed, moved, repeated or taken out, half of
    /// them at the ends, where headers and directories are.
    pub fn damaged(&mut self) -> Vec<u8> {
        // Signs of pickle, JSON and zip, and numbers at the borders of their ranges.
        const TELLING: &[u8] =
            b"\0\x01\x7f\x80\xff(.RQbcdhjlortu)]}\x81\x85\x86\x87\x8a\x93\x94{}[],\":09-KP";
        let which = self.below(self.sound.len());
        let mut bytes = self.sound[which].clone();
        for _ in 0..=self.below(5) {
            let length = bytes.len();
            let at = match self.below(4) {
                0 => self.below(length.min(300)),
                1 => length - 1 - self.below(length.min(1200)),
                _ => self.below(length),
            };
            let run = self.below(16).min(length - at);
            match self.below(9) {
                0 => bytes[at] = self.below(256) as u8,
                1 => bytes[at] ^= 1 << self.below(8),
                2 => bytes[at] = TELLING[self.below(TELLING.len())],
                3 => bytes.insert(at, TELLING[self.below(TELLING.len())]),
                4 => drop(bytes.drain(at..at + run)),
                5 => {
                    let copy = bytes[at..at + run].to_vec();
                    let to = self.below(length);
                    bytes.splice(to..to, copy);
                }
                6 => {
                    let value = TELLING[self.below(TELLING.len())];
                    bytes[at..at + run].fill(value);
                }
                7 if self.below(8) == 0 => bytes.truncate(at),
                7 => bytes[at] = bytes[at].wrapping_add(1),
                _ => {
                    // A part of another file.
                    let other = self.below(self.sound.len());
                    let from = self.below(self.sound[other].len());
                    let to = (from + self.below(80)).min(self.sound[other].len());
                    bytes.splice(at..at, self.sound[other][from..to].to_vec());
                }
            }
            if bytes.is_empty() {
                bytes.push(0);
            }
        }
        bytes
    }
}

/// Gives damaged files to `read` for as many minutes as `HISCMCL_FUZZ_MINUTES` says (else one). Fails when one
/// takes more than 5 s or panics, and keeps the file.
pub(super) fn fuzz(name: &str, sound: Vec<Vec<u8>>, mut read: impl FnMut(&[u8]) -> bool) {
    let number = |name| std::env::var(name).ok().and_then(|n| n.parse::<f64>().ok());
    let minutes = number("HISCMCL_FUZZ_MINUTES").unwrap_or(1.0);
    let mut mutator = Mutator::new(number("HISCMCL_FUZZ_SEED").unwrap_or(1.0) as u64, sound);
    let kept = std::env::temp_dir().join(format!("hiscmcl-fuzz-{name}"));
    let (start, mut files, mut sound, mut slowest) = (Instant::now(), 0_u64, 0_u64, Duration::ZERO);
    while start.elapsed().as_secs_f64() < minutes * 60.0 {
        let bytes = mutator.damaged();
        let before = Instant::now();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| read(&bytes)));
        let took = before.elapsed();
        if outcome.is_err() || took > Duration::from_secs(5) {
            std::fs::write(&kept, &bytes).unwrap();
            panic!("{name}: panicked or took {took:?}; the file is {}", kept.display());
        }
        files += 1;
        sound += u64::from(outcome.unwrap_or(false));
        slowest = slowest.max(took);
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default();
    println!("{name}: {files} damaged files, {sound} still read, slowest {slowest:?}, {peak}");
}
