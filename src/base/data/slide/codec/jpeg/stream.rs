//! The segments of a JPEG stream (ITU-T T.81, annex B).

use super::super::CodecError;

/// The start of frame: what an image consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Marker of its kind, 0xC0 for baseline.
    pub marker: u8,
    /// Bits of a sample.
    pub precision: u8,
    /// Width as it is written, 0 in slides that are too wide for it.
    pub width: u16,
    /// Height as it is written.
    pub height: u16,
    /// Identifier, and sampling factors across and down of every component.
    pub components: Vec<(u8, u8, u8)>,
    /// The segment from its marker on.
    segment: Vec<u8>,
}

impl Frame {
    /// Pixels of a minimum coded unit across and down.
    pub fn unit(&self) -> (u32, u32) {
        if self.components.len() == 1 {
            return (8, 8);
        }
        let most = |of: fn(&(u8, u8, u8)) -> u8| self.components.iter().map(of).max().unwrap_or(1);
        (u32::from(most(|c| c.1)) * 8, u32::from(most(|c| c.2)) * 8)
    }

    /// Whether the second component is coarser than the first.
    pub fn is_subsampled(&self) -> bool {
        match self.components.as_slice() {
            [first, second, ..] => (first.1, first.2) != (second.1, second.2),
            _ => false,
        }
    }
}

/// A JPEG stream taken apart.
#[derive(Debug, Clone)]
pub struct JpegStream<'a> {
    /// What it consists of.
    pub frame: Frame,
    /// The colour transform that Adobe's marker names.
    pub adobe: Option<u8>,
    /// Whether there is a marker of JFIF.
    pub is_jfif: bool,
    /// Minimum coded units between restarts, 0 without restarts.
    pub restart_interval: u16,
    /// EXIF data, from "Exif" on.
    pub exif: Option<&'a [u8]>,
    /// Tables, with their markers.
    pub tables: Vec<u8>,
    /// From the marker of the first scan on.
    pub scans: &'a [u8],
    /// Where in the stream the coded data of the first scan begin.
    pub data_at: usize,
}

/// A segment: its marker, its content, and where the next begins.
fn segment(bytes: &[u8], at: usize) -> Option<(u8, &[u8], usize)> {
    // Any number of fill bytes may stand before a marker.
    let mut at = at;
    while bytes.get(at)? == &0xFF && bytes.get(at + 1)? == &0xFF {
        at += 1;
    }
    let [0xFF, marker] = *bytes.get(at..at + 2)? else { return None };
    if matches!(marker, 0x01 | 0xD0..=0xD9) {
        return Some((marker, &[], at + 2));
    }
    let length = usize::from(u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]));
    let content = bytes.get(at + 4..at + 2 + length)?;
    Some((marker, content, at + 2 + length))
}

/// The tables that the streams of an image share (TIFF's tag JPEGTables).
#[derive(Debug, Clone, Default)]
pub struct JpegTables {
    /// Tables, with their markers.
    pub bytes: Vec<u8>,
    /// The colour transform that Adobe's marker names.
    pub adobe: Option<u8>,
    /// Minimum coded units between restarts, 0 where they do not say it.
    pub restart_interval: u16,
}

impl JpegTables {
    /// Tables from a stream that holds nothing else.
    ///
    /// # Errors
    /// [`CodecError`] when it is no JPEG stream.
    pub fn parse(stream: &[u8]) -> Result<Self, CodecError> {
        let mut tables = Self::default();
        let mut at = 0;
        while at < stream.len() {
            let Some((marker, content, next)) = segment(stream, at) else {
                return Err(CodecError::Damaged("its JPEG tables".to_owned()));
            };
            match marker {
                0xDB | 0xC4 => tables.bytes.extend_from_slice(stream.get(at..next).unwrap_or_default()),
                0xDD => tables.restart_interval = content.first_chunk().map_or(0, |v| u16::from_be_bytes(*v)),
                0xEE if content.starts_with(b"Adobe") => tables.adobe = content.get(11).copied(),
                0xD9 => break,
                _ => {}
            }
            at = next;
        }
        Ok(tables)
    }
}

fn frame(marker: u8, content: &[u8], segment: &[u8]) -> Option<Frame> {
    let &[precision, h1, h2, w1, w2, count, ref rest @ ..] = content else { return None };
    let component = |c: &[u8]| match *c {
        [id, sampling, _] if (1..=4).contains(&(sampling >> 4)) && (1..=4).contains(&(sampling & 15)) => {
            Some((id, sampling >> 4, sampling & 15))
        }
        _ => None,
    };
    let components: Vec<_> =
        rest.chunks_exact(3).take(usize::from(count)).map(component).collect::<Option<_>>()?;
    let is_whole = components.len() == usize::from(count) && !components.is_empty();
    is_whole.then(|| Frame {
        marker,
        precision,
        width: u16::from_be_bytes([w1, w2]),
        height: u16::from_be_bytes([h1, h2]),
        components,
        segment: segment.to_vec(),
    })
}

impl<'a> JpegStream<'a> {
    /// Takes a stream apart up to its first scan.
    ///
    /// # Errors
    /// [`CodecError`] when it is no JPEG stream, is cut off before its first scan, or of a kind that cannot be read.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, CodecError> {
        if !bytes.starts_with(&[0xFF, 0xD8]) {
            return Err(CodecError::Damaged("it is no JPEG stream".to_owned()));
        }
        let (mut found, mut adobe, mut is_jfif, mut exif) = (None, None, false, None);
        let (mut tables, mut restart_interval) = (Vec::new(), 0);
        let mut at = 2;
        loop {
            if at >= bytes.len() {
                return Err(CodecError::CutOff);
            }
            let Some((marker, content, next)) = segment(bytes, at) else {
                return Err(CodecError::Damaged(format!("no JPEG marker at byte {at}")));
            };
            let whole = bytes.get(at..next).unwrap_or_default();
            match marker {
                0xC0..=0xC2 if found.is_none() => found = frame(marker, content, whole),
                0xC4 | 0xDB => tables.extend_from_slice(whole),
                0xDD => restart_interval = content.first_chunk().map_or(0, |v| u16::from_be_bytes(*v)),
                0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                    let kind = "lossless, hierarchical or arithmetic JPEG, which cannot be read";
                    return Err(CodecError::Unsupported(format!("the image uses {kind}")));
                }
                0xE0 if content.starts_with(b"JFIF\0") => is_jfif = true,
                0xE1 if content.starts_with(b"Exif\0") && exif.is_none() => exif = Some(content),
                0xEE if content.starts_with(b"Adobe") => adobe = content.get(11).copied(),
                0xD9 => return Err(CodecError::CutOff),
                0xDA => {
                    let frame =
                        found.ok_or_else(|| CodecError::Damaged("it has no frame header".to_owned()))?;
                    let scans = bytes.get(at..).unwrap_or_default();
                    let parts =
                        Self { frame, adobe, is_jfif, restart_interval, exif, tables, scans, data_at: next };
                    return Ok(parts);
                }
                _ => {}
            }
            at = next;
        }
    }

    /// A whole stream of `width` x `height` pixels: Adobe's marker with `transform`, `tables`, those of this stream, its
    /// frame and `restart_interval`, then `scans` to their end.
    pub fn assemble(
        &self,
        transform: Option<u8>,
        tables: &[u8],
        size: (u16, u16),
        restart_interval: u16,
        scans: &[u8],
    ) -> Vec<u8> {
        let frame = &self.frame.segment;
        let mut whole = Vec::with_capacity(64 + tables.len() + self.tables.len() + frame.len() + scans.len());
        whole.extend([0xFF, 0xD8]);
        if let Some(transform) = transform {
            whole.extend([0xFF, 0xEE, 0, 14]);
            whole.extend(b"Adobe");
            whole.extend([0, 100, 0, 0, 0, 0, transform]);
        }
        whole.extend_from_slice(tables);
        whole.extend_from_slice(&self.tables);
        let at = whole.len();
        whole.extend_from_slice(frame);
        // Behind the marker come its length and the precision; then height and width.
        for (byte, value) in
            whole.iter_mut().skip(at + 5).zip([size.1.to_be_bytes(), size.0.to_be_bytes()].concat())
        {
            *byte = value;
        }
        whole.extend([0xFF, 0xDD, 0, 4]);
        whole.extend(restart_interval.to_be_bytes());
        whole.extend_from_slice(scans);
        whole
    }
}
