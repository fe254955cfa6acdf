//! What one value of a dataset is.

use hdf5_pure::{CompoundMember, Datatype, DatatypeByteOrder, FloatingPointLayout, StringPadding};

/// The type of the values of a dataset, as far as it can be read here.
#[derive(Debug, Clone, PartialEq)]
pub enum Element {
    /// Whole numbers of 1, 2, 4 or 8 bytes.
    Integer {
        /// Bytes.
        size: usize,
        /// Whether below zero is possible.
        signed: bool,
        /// Most significant byte first.
        big_endian: bool,
    },
    /// IEEE 754 numbers of 2, 4 or 8 bytes.
    Float {
        /// Bytes.
        size: usize,
        /// Most significant byte first.
        big_endian: bool,
    },
    /// True or false in a byte, as h5py writes them (an enumeration of FALSE and TRUE).
    Bool,
    /// Text in a fixed number of bytes.
    Text {
        /// Bytes.
        size: usize,
        /// Filled up with blanks instead of zeros.
        blanks: bool,
    },
    /// Text of any length, kept in the file's global heap.
    LongText,
    /// Several fields beside each other.
    Record {
        /// Bytes.
        size: usize,
        /// The fields.
        fields: Vec<CompoundField>,
    },
    /// Anything else: references, opaque bytes, arrays.
    Other {
        /// Bytes.
        size: usize,
    },
}

/// A field of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct CompoundField {
    /// Its name.
    pub name: String,
    /// Where it begins within the record.
    pub offset: usize,
    /// What it is.
    pub element: Element,
}

impl Element {
    pub(super) fn from_datatype(datatype: &Datatype) -> Self {
        let size = datatype.type_size() as usize;
        let other = Self::Other { size };
        match datatype {
            Datatype::FixedPoint { byte_order, layout, .. } => {
                let whole = layout.bit_offset == 0 && usize::from(layout.bit_precision) == size * 8;
                match big_endian(byte_order) {
                    Some(big_endian) if whole && matches!(size, 1 | 2 | 4 | 8) => {
                        Self::Integer { size, signed: layout.signed, big_endian }
                    }
                    _ => other,
                }
            }
            Datatype::FloatingPoint { byte_order, layout, .. } => {
                let known = (size == 4 && *layout == FloatingPointLayout::IEEE754_BINARY32)
                    || (size == 8 && *layout == FloatingPointLayout::IEEE754_BINARY64)
                    || (size == 2 && *layout == BINARY16);
                match big_endian(byte_order) {
                    Some(big_endian) if known => Self::Float { size, big_endian },
                    _ => other,
                }
            }
            Datatype::Enumeration { base_type, members, .. } => match Self::from_datatype(base_type) {
                Self::Integer { size: 1, .. } if members.len() == 2 => Self::Bool,
                base @ Self::Integer { .. } => base,
                _ => other,
            },
            Datatype::String { padding, .. } => {
                Self::Text { size, blanks: matches!(padding, StringPadding::SpacePad) }
            }
            Datatype::VariableLength { is_string: true, .. } => Self::LongText,
            Datatype::Compound { members, .. } => {
                let fields = members.iter().flat_map(fields_of);
                let inside =
                    |f: &CompoundField| f.offset.checked_add(f.element.size()).is_some_and(|end| end <= size);
                Self::Record { size, fields: fields.filter(inside).collect() }
            }
            _ => other,
        }
    }

    /// Bytes of a value.
    pub fn size(&self) -> usize {
        match self {
            Self::Integer { size, .. }
            | Self::Float { size, .. }
            | Self::Text { size, .. }
            | Self::Record { size, .. }
            | Self::Other { size } => *size,
            Self::Bool => 1,
            Self::LongText => 16, // Length, address of 8 bytes, index.
        }
    }

    /// Whether values are numbers (or true and false).
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Integer { .. } | Self::Float { .. } | Self::Bool)
    }

    /// Whether values are texts.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text { .. } | Self::LongText)
    }

    /// "whole numbers", "texts".
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Integer { .. } => "whole numbers",
            Self::Float { .. } => "decimal numbers",
            Self::Bool => "true and false",
            Self::Text { .. } | Self::LongText => "strings",
            Self::Record { .. } => "records",
            Self::Other { .. } => "values of a type that cannot be read here",
        }
    }
}

/// IEEE 754 in 2 bytes, as numpy's float16.
const BINARY16: FloatingPointLayout = FloatingPointLayout {
    bit_offset: 0,
    bit_precision: 16,
    exponent_location: 10,
    exponent_size: 5,
    mantissa_location: 0,
    mantissa_size: 10,
    exponent_bias: 15,
};

/// A member of a record as a field; one that is a short list as a field for each place: "spatial[0]", "spatial[1]".
fn fields_of(member: &CompoundMember) -> Vec<CompoundField> {
    const MAX_LIST: u32 = 4;
    let Ok(offset) = usize::try_from(member.byte_offset) else { return Vec::new() };
    match &member.datatype {
        Datatype::Array { base_type, dimensions } if matches!(dimensions[..], [1..=MAX_LIST]) => {
            let element = Element::from_datatype(base_type);
            let places = 0..dimensions.first().copied().unwrap_or(0) as usize;
            let field = |at: usize| {
                let offset = offset.checked_add(at.checked_mul(element.size())?)?;
                Some(CompoundField {
                    name: format!("{}[{at}]", member.name),
                    offset,
                    element: element.clone(),
                })
            };
            places.filter_map(field).collect()
        }
        other => {
            vec![CompoundField { name: member.name.clone(), offset, element: Element::from_datatype(other) }]
        }
    }
}

fn big_endian(order: &DatatypeByteOrder) -> Option<bool> {
    match order {
        DatatypeByteOrder::LittleEndian => Some(false),
        DatatypeByteOrder::BigEndian => Some(true),
        _ => None,
    }
}
