//! A file of cached features: a magic number, the length of a JSON header as four bytes, the header, then all
//! numbers little-endian: floats, doubles, words.

use std::io::Read;

use serde::{Deserialize, Serialize};

use crate::core::geometry::SlidePoint;
use crate::core::matrix::Matrix;
use crate::preprocess::features::{MAX_LANDMARKS, SectionFeatures};
use crate::preprocess::lattice::{Lattice, MAX_NODES};
use crate::preprocess::neighbourhood::Neighbourhood;

/// Its last letter counts the formats.
const MAGIC: &[u8; 8] = b"HISCFEA2";
/// The longest header that is read; a real one has about 300 bytes.
const MAX_HEADER: u32 = 4096;
/// Doubles of a lattice: its origin, step and patch.
const LATTICE: u64 = 4;

/// What stands before the numbers of a cached file.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    key: String,
    spots: u64,
    landmarks: u64,
    /// Nodes of the lattice that show tissue.
    nodes: u64,
    /// Nodes of the lattice along x.
    columns: u64,
    /// Nodes of the lattice along y.
    rows: u64,
    width: u64,
    /// Of everything after the header.
    blake3: String,
}

/// How many numbers of each kind a file has.
#[derive(Debug, PartialEq, Eq)]
struct Sizes {
    floats: u64,
    doubles: u64,
    words: u64,
}

impl Header {
    /// The numbers after the header; `None` when no memory could hold them.
    fn sizes(&self) -> Option<Sizes> {
        let (n, m, k, d) = (self.spots, self.landmarks, self.nodes, self.width);
        let rows = n.checked_add(m)?.checked_add(k)?;
        let floats = rows.checked_mul(d)?.checked_add(n.checked_add(m)?.checked_mul(2)?)?;
        let doubles = n.checked_mul(2)?.checked_add(LATTICE)?;
        Some(Sizes { floats, doubles, words: k })
    }
}

impl Sizes {
    fn bytes(&self) -> Option<u64> {
        let floats = self.floats.checked_mul(4)?;
        floats.checked_add(self.doubles.checked_mul(8)?)?.checked_add(self.words.checked_mul(4)?)
    }
}

/// The two parts of a file: what comes before the numbers, and the numbers.
pub(super) fn write(key: &str, f: &SectionFeatures) -> (Vec<u8>, Vec<u8>) {
    let (near, lattice) = (&f.neighbourhood, f.neighbourhood.lattice());
    let mut numbers = Vec::new();
    for matrix in [&f.spot, near.nodes(), &f.landmarks] {
        numbers.extend(matrix.as_slice().iter().flat_map(|v| v.to_le_bytes()));
    }
    numbers.extend(f.landmark_um.iter().chain(&f.spot_um).flatten().flat_map(|v| v.to_le_bytes()));
    let of_lattice = [lattice.origin().x, lattice.origin().y, lattice.step(), lattice.patch()];
    let centers = near.centers().iter().flat_map(|c| [c.x, c.y]);
    numbers.extend(of_lattice.into_iter().chain(centers).flat_map(f64::to_le_bytes));
    numbers.extend(lattice.tissue().iter().flat_map(|node| node.to_le_bytes()));

    let (columns, rows) = lattice.size();
    let header = Header {
        key: key.to_owned(),
        spots: f.spot.rows() as u64,
        landmarks: f.landmarks.rows() as u64,
        nodes: near.nodes().rows() as u64,
        columns: columns as u64,
        rows: rows as u64,
        width: f.spot.cols() as u64,
        blake3: blake3::hash(&numbers).to_hex().to_string(),
    };
    // Texts and whole numbers always have a JSON form; a file without a header would only be computed again.
    let header = serde_json::to_vec(&header).unwrap_or_default();
    let mut start = MAGIC.to_vec();
    start.extend((header.len() as u32).to_le_bytes());
    start.extend(header);
    (start, numbers)
}

/// Features from a cached file of `length` bytes; `None` when anything about it is not as written.
pub(super) fn read(source: &mut impl Read, length: u64, key: &str) -> Option<SectionFeatures> {
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
    let sizes = header.sizes()?;
    let expected = sizes.bytes()?;
    if header.key != key
        || header.landmarks > MAX_LANDMARKS as u64
        || header.nodes > MAX_NODES as u64
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
    parse(&header, &sizes, &bytes)
}

/// The parts of the features from the numbers of a file, of which there are as many as the header says.
fn parse(header: &Header, sizes: &Sizes, bytes: &[u8]) -> Option<SectionFeatures> {
    let part = |count: u64, width: usize| usize::try_from(count).ok()?.checked_mul(width);
    let (floats, rest) = bytes.split_at_checked(part(sizes.floats, 4)?)?;
    let (doubles, words) = rest.split_at_checked(part(sizes.doubles, 8)?)?;
    let mut floats = floats.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b));
    let mut doubles = doubles.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b));
    let tissue = words.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect();

    let (n, m) = (header.spots as usize, header.landmarks as usize);
    let (k, d) = (header.nodes as usize, header.width as usize);
    let mut matrix = |rows: usize| {
        let values: Vec<f32> = floats.by_ref().take(rows * d).collect();
        Matrix::from_vec(rows, d, values).filter(|m| m.as_slice().iter().all(|v| v.is_finite()))
    };
    let (spot, nodes, landmarks) = (matrix(n)?, matrix(k)?, matrix(m)?);
    let mut positions = |count: usize| -> Option<Vec<[f32; 2]>> {
        (0..count).map(|_| Some([floats.next()?, floats.next()?])).collect()
    };
    let (landmark_um, spot_um) = (positions(m)?, positions(n)?);
    let mut point = || Some(SlidePoint::new(doubles.next()?, doubles.next()?));
    let (origin, lengths) = (point()?, point()?);
    let centers = (0..n).map(|_| point()).collect::<Option<_>>()?;
    let size = (usize::try_from(header.columns).ok()?, usize::try_from(header.rows).ok()?);
    let lattice = Lattice::new(origin, lengths.x, lengths.y, size, tissue)?;
    let neighbourhood = Neighbourhood::new(lattice, centers, nodes)?;
    Some(SectionFeatures { spot, neighbourhood, landmarks, landmark_um, spot_um })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::standardise::tests::random_features;

    fn header(spots: u64, landmarks: u64, nodes: u64, width: u64) -> Header {
        let (key, blake3) = (String::new(), String::new());
        Header { key, spots, landmarks, nodes, columns: 5, rows: 4, width, blake3 }
    }

    #[test]
    fn numbers_too_large_to_hold_are_refused() {
        let sizes = header(2, 1, 9, 3).sizes().unwrap();
        assert_eq!(sizes, Sizes { floats: 12 * 3 + 6, doubles: 8, words: 9 });
        assert_eq!(sizes.bytes(), Some(42 * 4 + 8 * 8 + 9 * 4));
        for (n, m, k, d) in [
            (u64::MAX, 0, 0, 1),
            (1 << 40, 0, 0, 1 << 40),
            (1, u64::MAX, 0, u64::MAX),
            (0, 2, 0, u64::MAX / 2),
            (0, 0, u64::MAX, 0),
            (1 << 62, 0, 0, 0),
        ] {
            assert_eq!(header(n, m, k, d).sizes().and_then(|s| s.bytes()), None, "{n} {m} {k} {d}");
        }
    }

    #[test]
    fn what_is_written_is_read_and_only_under_its_key() {
        let features = random_features(1, 12, 3, 4);
        let (start, numbers) = write("k", &features);
        let file = [start, numbers].concat();
        let length = file.len() as u64;
        assert_eq!(read(&mut file.as_slice(), length, "k"), Some(features));
        assert_eq!(read(&mut file.as_slice(), length, "other"), None);
        assert_eq!(read(&mut file.as_slice(), length + 1, "k"), None);
    }

    /// The hash does not authenticate the file, so parsing must not panic on any content.
    #[test]
    fn a_lattice_that_is_not_one_is_refused() {
        let features = random_features(1, 3, 2, 1);
        let (_, numbers) = write("k", &features);
        let k = features.neighbourhood.nodes().rows() as u64;
        let read = |change: &dyn Fn(&mut Header, &mut Vec<u8>)| {
            let (mut header, mut numbers) = (header(3, 1, k, 2), numbers.clone());
            let (columns, rows) = features.neighbourhood.lattice().size();
            (header.columns, header.rows) = (columns as u64, rows as u64);
            change(&mut header, &mut numbers);
            parse(&header, &header.sizes().unwrap(), &numbers)
        };
        assert_eq!(read(&|_, _| ()), Some(features.clone()));
        assert_eq!(read(&|h, _| h.rows = 1), None, "nodes outside");
        assert_eq!(read(&|h, _| (h.columns, h.rows) = (u64::MAX, u64::MAX)), None);
        assert_eq!(read(&|_, n| n.truncate(n.len() - 4)), None, "a node less");
        assert_eq!(
            read(&|_, n| {
                let end = n.len();
                n[end - 4..].fill(0)
            }),
            None,
            "nodes not in order"
        );
        let floats = header(3, 1, k, 2).sizes().unwrap().floats as usize * 4;
        assert_eq!(read(&|_, n| n[floats + 16..floats + 24].fill(0)), None, "a step of 0");
        assert_eq!(read(&|_, n| n[floats..floats + 8].fill(255)), None, "an origin that is no number");
        // Centres may lie anywhere: that spot has no tissue beside itself.
        let odd = read(&|_, n| n[floats + 32..floats + 40].fill(255)).unwrap();
        assert!((0..25).filter(|&j| odd.neighbourhood.on_tissue(0, j)).count() == 1);
    }
}
