//! One directory as an image: how its tiles or strips are found and what is in them.

use super::{TiffLevel, layout};
use crate::data::slide::MAX_PIXELS;
use crate::data::slide::codec::jpeg::{self, JpegColor, JpegTables};
use crate::data::slide::codec::{
    self, CodecError, Color, Compression, MAX_CHUNK_PIXELS, SampleLayout, Wanted, decode_jpeg2000,
    decode_webp,
};
use crate::data::slide::source::Tile;
use crate::data::slide::tiff::{Directory, NumberList, Problem, TiffError, TiffFile, tags};

/// No tile may have more pixels than this.
const MAX_TILE_PIXELS: u64 = 1 << 26;
/// No JPEG has more pixels for each of its bytes: a block takes a bit or two even where nothing is in it.
const JPEG_PIXELS_PER_BYTE: u64 = 1024;
/// No image of another codec has more.
const MAX_PIXELS_PER_BYTE: u64 = 1 << 16;
/// Images of no more pixels are not doubted.
const UNDOUBTED_PIXELS: u64 = 1 << 22;

/// An image of a TIFF file, in tiles or strips ("chunks").
#[derive(Debug, Clone)]
pub struct Page {
    directory: usize,
    size: (u32, u32),
    is_tiled: bool,
    chunk_size: (u32, u32),
    compression: Compression,
    layout: SampleLayout,
    is_planar: bool,
    has_predictor: bool,
    has_reversed_bits: bool,
    jpeg_tables: JpegTables,
    jpeg_color: JpegColor,
    offsets: NumberList,
    lengths: NumberList,
    /// Rows of a strip as it is stored, where uncompressed strips are read in parts.
    stored_rows: Option<u32>,
}

impl Page {
    /// What `directory` says of its image.
    ///
    /// # Errors
    /// [`TiffError`] when something is missing, makes no sense, or cannot be read.
    pub fn read(file: &TiffFile, directory: &Directory) -> Result<Self, TiffError> {
        let error = |tag, problem| TiffError::tag(file.path(), directory.index(), tag, problem);
        let size = directory.size(file)?;
        let compression = Compression::from_tag(directory.number_or(file, tags::COMPRESSION, 1)?)
            .map_err(|says| error(tags::COMPRESSION, Problem::Unsupported(says)))?;
        let is_tiled = directory.has(tags::TILE_OFFSETS) || directory.has(tags::TILE_WIDTH);
        let side = |tag, default: Option<u64>| {
            let value =
                directory.number(file, tag)?.or(default).ok_or_else(|| error(tag, Problem::Missing))?;
            let side = u32::try_from(value).ok().filter(|&v| v > 0);
            side.ok_or_else(|| error(tag, Problem::Value(value)))
        };
        let chunk_size = if is_tiled {
            (side(tags::TILE_WIDTH, None)?, side(tags::TILE_LENGTH, None)?)
        } else {
            (size.0, side(tags::ROWS_PER_STRIP, Some(u64::from(size.1)))?.min(size.1))
        };
        let list = |tag| directory.list(file, tag)?.ok_or_else(|| error(tag, Problem::Missing));
        let (offsets, lengths) = if is_tiled {
            (list(tags::TILE_OFFSETS)?, list(tags::TILE_BYTE_COUNTS)?)
        } else {
            (list(tags::STRIP_OFFSETS)?, list(tags::STRIP_BYTE_COUNTS)?)
        };
        let (layout, jpeg_color) = layout::read(file, directory, compression)?;
        let jpeg_tables = match compression {
            Compression::Jpeg => JpegTables::parse(&directory.raw(file, tags::JPEG_TABLES)?),
            _ => Ok(JpegTables::default()),
        };
        let jpeg_tables = jpeg_tables.map_err(|_| {
            error(tags::JPEG_TABLES, Problem::Unsupported("the tables are damaged".to_owned()))
        })?;
        let predictor = directory.number_or(file, tags::PREDICTOR, 1)?;
        if !matches!(predictor, 1 | 2) {
            let says = format!("predictor {predictor} cannot be read; save the image in 8-bit RGB");
            return Err(error(tags::PREDICTOR, Problem::Unsupported(says)));
        }
        let mut page = Self {
            directory: directory.index(),
            size,
            is_tiled,
            chunk_size,
            compression,
            is_planar: directory.number_or(file, tags::PLANAR_CONFIGURATION, 1)? == 2 && layout.samples > 1,
            has_predictor: predictor == 2,
            has_reversed_bits: directory.number_or(file, tags::FILL_ORDER, 1)? == 2 && layout.bits < 8,
            jpeg_tables,
            jpeg_color,
            layout,
            offsets,
            lengths,
            stored_rows: None,
        };
        page.split_uncompressed_strips();
        page.check(file)?;
        Ok(page)
    }

    /// Uncompressed strips may be read in parts, so that one that is a whole image need not lie in memory.
    fn split_uncompressed_strips(&mut self) {
        const ROWS: u32 = 64;
        let splits = !self.is_tiled && self.compression == Compression::None && !self.is_planar;
        if splits && self.chunk_size.1 > ROWS {
            self.stored_rows = Some(self.chunk_size.1);
            self.chunk_size.1 = ROWS;
        }
    }

    fn check(&self, file: &TiffFile) -> Result<(), TiffError> {
        let error = |tag, problem| TiffError::tag(file.path(), self.directory, tag, problem);
        let pixels = u64::from(self.chunk_size.0) * u64::from(self.chunk_size.1);
        let most = match (self.is_tiled, self.compression.is_image()) {
            (true, _) => MAX_TILE_PIXELS,
            (false, true) => MAX_CHUNK_PIXELS,
            (false, false) => MAX_PIXELS,
        };
        if pixels > most {
            let says = format!(
                "tiles or strips of {} x {} pixels are too large to be read; save it with smaller tiles",
                self.chunk_size.0, self.chunk_size.1
            );
            let tag = if self.is_tiled { tags::TILE_WIDTH } else { tags::ROWS_PER_STRIP };
            return Err(error(tag, Problem::Unsupported(says)));
        }
        let stored_rows = self.stored_rows.unwrap_or(self.chunk_size.1);
        let rows = u64::from(self.size.1.div_ceil(stored_rows));
        let planes = if self.is_planar { self.layout.samples as u64 } else { 1 };
        let wanted = u64::from(self.columns()).saturating_mul(rows).saturating_mul(planes);
        let (offsets_tag, lengths_tag) = match self.is_tiled {
            true => (tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS),
            false => (tags::STRIP_OFFSETS, tags::STRIP_BYTE_COUNTS),
        };
        for (list, tag) in [(self.offsets, offsets_tag), (self.lengths, lengths_tag)] {
            if list.len() < wanted {
                return Err(error(tag, Problem::Count { found: list.len(), wanted }));
            }
        }
        Ok(())
    }

    /// Whether it is cut into tiles rather than strips.
    pub fn is_tiled(&self) -> bool {
        self.is_tiled
    }

    /// Whether it has colours, and not only shades of grey.
    pub fn has_color(&self) -> bool {
        !matches!(self.layout.color, Color::Grey { .. })
    }

    /// Tiles or strips across.
    pub fn columns(&self) -> u32 {
        self.size.0.div_ceil(self.chunk_size.0)
    }

    /// Tiles or strips down.
    pub fn rows(&self) -> u32 {
        self.size.1.div_ceil(self.chunk_size.1)
    }

    /// Rows of the tile or strip in row `row`: the last strip may have fewer.
    fn rows_of(&self, row: u32) -> u32 {
        if self.is_tiled {
            return self.chunk_size.1;
        }
        self.chunk_size.1.min(self.size.1.saturating_sub(row.saturating_mul(self.chunk_size.1)))
    }

    /// The packed bytes of a chunk of a plane; `None` where there are none.
    fn packed(
        &self,
        file: &TiffFile,
        (col, row): (u32, u32),
        plane: usize,
        unpacked: u64,
    ) -> Result<Option<Vec<u8>>, CodecError> {
        let number =
            |list: &NumberList, index| list.get(file, index).map_err(|e| CodecError::File(e.problem));
        let read = |offset, length| file.bytes().read(offset, length).map_err(|e| CodecError::File(e.into()));
        if let Some(stored_rows) = self.stored_rows {
            let first = row * self.chunk_size.1;
            let (strip, skipped) = (u64::from(first / stored_rows), u64::from(first % stored_rows));
            // A piece may reach into the next strip; strips of one image need not lie one after the other.
            return self.rows_across_strips(file, strip, skipped, u64::from(self.rows_of(row)), stored_rows);
        }
        let columns = u64::from(self.columns());
        let index = (plane as u64 * u64::from(self.rows()) + u64::from(row)) * columns + u64::from(col);
        let (offset, length) = (number(&self.offsets, index)?, number(&self.lengths, index)?);
        if length == 0 || offset == 0 {
            return Ok(None);
        }
        if length > unpacked.saturating_mul(4).saturating_add(1 << 20) {
            return Err(CodecError::Damaged(format!("it is said to take {length} bytes")));
        }
        read(offset, length).map(Some)
    }

    /// `count` rows of uncompressed strips of `stored_rows` rows, from row `skipped` of `strip` on.
    fn rows_across_strips(
        &self,
        file: &TiffFile,
        mut strip: u64,
        mut skipped: u64,
        mut count: u64,
        stored_rows: u32,
    ) -> Result<Option<Vec<u8>>, CodecError> {
        let row_bytes =
            self.layout.row_bytes(self.size.0, self.layout.samples).ok_or(CodecError::Memory)? as u64;
        let mut rows = Vec::new();
        while count > 0 {
            let offset = self.offsets.get(file, strip).map_err(|e| CodecError::File(e.problem))?;
            let take = count.min(u64::from(stored_rows).saturating_sub(skipped)).max(1);
            let start = offset.checked_add(skipped.saturating_mul(row_bytes)).ok_or(CodecError::CutOff)?;
            let piece = file.bytes().read(start, take * row_bytes).map_err(|e| CodecError::File(e.into()))?;
            rows.extend_from_slice(&piece);
            (strip, skipped, count) = (strip + 1, 0, count - take);
        }
        Ok(Some(rows))
    }

    /// Decodes the tile or strip at `col`, `row`; `None` where nothing was stored.
    ///
    /// # Errors
    /// [`CodecError`] when it is damaged.
    pub fn decode(&self, file: &TiffFile, col: u32, row: u32) -> Result<Option<Tile>, CodecError> {
        let (width, height) = (self.chunk_size.0, self.rows_of(row));
        let samples = if self.is_planar { 1 } else { self.layout.samples };
        let row_bytes = self.layout.row_bytes(width, samples).ok_or(CodecError::Memory)?;
        let length = row_bytes.checked_mul(height as usize).ok_or(CodecError::Memory)?;
        if self.is_planar {
            return self.decode_planes(file, (col, row), (width, height), row_bytes);
        }
        let Some(packed) = self.packed(file, (col, row), 0, length as u64)? else { return Ok(None) };
        if self.compression.is_image() {
            return self.decode_image(&packed, (col, row)).map(Some);
        }
        let bytes = self.unpacked(packed, length, row_bytes, samples)?;
        let rgb = self.layout.chunky_to_rgb(bytes, width, height)?;
        Ok(Some(Tile { width, height, rgb }))
    }

    /// The largest 16-bit colour value of a chunk; `None` where nothing was stored.
    fn brightest_of(&self, file: &TiffFile, place: (u32, u32)) -> Result<Option<u16>, CodecError> {
        let (width, height) = (self.chunk_size.0, self.rows_of(place.1));
        let colors = self.layout.color.samples();
        let (planes, samples) = if self.is_planar { (colors, 1) } else { (1, self.layout.samples) };
        let row_bytes = self.layout.row_bytes(width, samples).ok_or(CodecError::Memory)?;
        let length = row_bytes.checked_mul(height as usize).ok_or(CodecError::Memory)?;
        let mut brightest = None;
        for plane in 0..planes {
            let Some(packed) = self.packed(file, place, plane, length as u64)? else { continue };
            let bytes = self.unpacked(packed, length, row_bytes, samples)?;
            brightest = brightest.max(self.layout.brightest(&bytes, samples, colors.min(samples)));
        }
        Ok(brightest)
    }

    fn decode_image(&self, packed: &[u8], (col, row): (u32, u32)) -> Result<Tile, CodecError> {
        let (tile_width, tile_height) = self.chunk_size;
        let pixels = u64::from(tile_width) * u64::from(tile_height);
        let most = match self.compression {
            Compression::Jpeg => JPEG_PIXELS_PER_BYTE,
            _ => MAX_PIXELS_PER_BYTE,
        };
        if pixels > UNDOUBTED_PIXELS && pixels / most > packed.len() as u64 {
            return Err(CodecError::CutOff);
        }
        // Some writers cut tiles at the edge of the image.
        let visible =
            |whole: u32, index: u32, tile: u32| tile.min(whole.saturating_sub(index.saturating_mul(tile)));
        let wanted = Wanted {
            width: visible(self.size.0, col, tile_width),
            height: visible(self.size.1, row, tile_height),
            max_pixels: pixels.saturating_mul(4),
        };
        match self.compression {
            Compression::Jpeg2000 { ycbcr } => decode_jpeg2000(packed, ycbcr, wanted),
            Compression::WebP => decode_webp(packed, wanted),
            _ => jpeg::decode(packed, &self.jpeg_tables, self.jpeg_color, wanted),
        }
    }

    fn unpacked(
        &self,
        packed: Vec<u8>,
        length: usize,
        row_bytes: usize,
        samples: usize,
    ) -> Result<Vec<u8>, CodecError> {
        let mut bytes = codec::unpack(self.compression, packed, length)?;
        if self.has_reversed_bits {
            bytes.iter_mut().for_each(|b| *b = b.reverse_bits());
        }
        if self.has_predictor {
            codec::undo_horizontal(&mut bytes, row_bytes, samples, self.layout.bits, self.layout.order);
        }
        Ok(bytes)
    }

    fn decode_planes(
        &self,
        file: &TiffFile,
        place: (u32, u32),
        (width, height): (u32, u32),
        row_bytes: usize,
    ) -> Result<Option<Tile>, CodecError> {
        let length = row_bytes * height as usize;
        let wanted = self.layout.color.samples() + usize::from(self.layout.alpha.is_some());
        let mut planes = Vec::with_capacity(wanted);
        let mut is_missing = true;
        for plane in 0..wanted.min(self.layout.samples) {
            planes.push(match self.packed(file, place, plane, length as u64)? {
                None => {
                    vec![0xFF; if self.compression.is_image() { (width * height) as usize } else { length }]
                }
                Some(packed) => {
                    is_missing = false;
                    if self.compression.is_image() {
                        let mut grey = Tile::filled(width, height, [255; 3]);
                        grey.paste(&self.decode_image(&packed, place)?, 0, 0);
                        grey.rgb.into_iter().step_by(3).collect()
                    } else {
                        self.unpacked(packed, length, row_bytes, 1)?
                    }
                }
            });
        }
        if is_missing {
            return Ok(None);
        }
        let mut layout = self.layout.clone();
        if self.compression.is_image() {
            // Such planes are decoded to 8 bits.
            (layout.bits, layout.max) = (8, 255);
        }
        Ok(Some(Tile { width, height, rgb: layout.planes_to_rgb(&planes, width, height)? }))
    }
}

impl TiffLevel for Page {
    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn tile_size(&self) -> (u32, u32) {
        self.chunk_size
    }

    fn max_unpacked(&self) -> u64 {
        match self.compression {
            Compression::Zstandard | Compression::Jpeg2000 { .. } | Compression::WebP => 1 << 16,
            // Tiles may be missing.
            _ if self.is_tiled => 1 << 16,
            _ => 1 << 12,
        }
    }

    fn brightest(&self, file: &TiffFile) -> Option<u16> {
        /// How many tiles or strips are looked at, spread over the image.
        const LOOKED_AT: u64 = 64;
        let is_open = self.layout.bits == 16 && self.layout.max == u32::from(u16::MAX);
        if !is_open || self.compression.is_image() || matches!(self.layout.color, Color::Palette(_)) {
            return None;
        }
        let columns = u64::from(self.columns()).max(1);
        let count = columns * u64::from(self.rows());
        let indices = (0..count).step_by(count.div_ceil(LOOKED_AT).max(1) as usize);
        // What cannot be decoded says so when it is looked at.
        let looked_at =
            indices.map(|i| self.brightest_of(file, ((i % columns) as u32, (i / columns) as u32)));
        looked_at.flatten().flatten().max()
    }

    fn set_significant_bits(&mut self, bits: u8) {
        if (1..=16).contains(&bits) && bits < self.layout.bits {
            self.layout.max = (1 << bits) - 1;
        }
    }

    fn read(&self, file: &TiffFile, col: u32, row: u32) -> Result<Option<Tile>, CodecError> {
        self.decode(file, col, row)
    }
}
