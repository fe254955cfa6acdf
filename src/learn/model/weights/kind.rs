//! The kinds of numbers that weights files hold.

use std::fmt;

use half::{bf16, f16};

/// How one number of a tensor is stored, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NumberKind {
    /// Double precision.
    F64,
    /// Single precision.
    F32,
    /// Half precision (IEEE).
    F16,
    /// Half precision with the exponent of single ("brain floating point").
    BF16,
    /// Signed, 64 bits.
    I64,
    /// Signed, 32 bits.
    I32,
    /// Signed, 16 bits.
    I16,
    /// Signed, 8 bits.
    I8,
    /// Unsigned, 64 bits.
    U64,
    /// Unsigned, 32 bits.
    U32,
    /// Unsigned, 16 bits.
    U16,
    /// Unsigned, 8 bits.
    U8,
    /// One byte, 0 or 1.
    Bool,
    /// Not read; its name, and how many bytes one takes.
    Other(&'static str, u8),
}

impl NumberKind {
    /// Bytes of one number.
    pub fn bytes(self) -> u64 {
        match self {
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::BF16 | Self::I16 | Self::U16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
            Self::Other(_, bytes) => u64::from(bytes),
        }
    }

    /// Whether it can be converted to single precision.
    pub fn is_supported(self) -> bool {
        !matches!(self, Self::Other(..))
    }

    /// Appends the numbers in `bytes` as single precision; a remainder that is no whole number is left out.
    pub(super) fn convert(self, bytes: &[u8], out: &mut Vec<f32>) {
        fn each<const N: usize>(bytes: &[u8], out: &mut Vec<f32>, to: impl Fn([u8; N]) -> f32) {
            out.extend(bytes.as_chunks::<N>().0.iter().map(|&b| to(b)));
        }
        match self {
            Self::F64 => each(bytes, out, |b| f64::from_le_bytes(b) as f32),
            Self::F32 => each(bytes, out, f32::from_le_bytes),
            Self::F16 => each(bytes, out, |b| f16::from_le_bytes(b).to_f32()),
            Self::BF16 => each(bytes, out, |b| bf16::from_le_bytes(b).to_f32()),
            Self::I64 => each(bytes, out, |b| i64::from_le_bytes(b) as f32),
            Self::I32 => each(bytes, out, |b| i32::from_le_bytes(b) as f32),
            Self::I16 => each(bytes, out, |b| f32::from(i16::from_le_bytes(b))),
            Self::I8 => each(bytes, out, |b| f32::from(i8::from_le_bytes(b))),
            Self::U64 => each(bytes, out, |b| u64::from_le_bytes(b) as f32),
            Self::U32 => each(bytes, out, |b| u32::from_le_bytes(b) as f32),
            Self::U16 => each(bytes, out, |b| f32::from(u16::from_le_bytes(b))),
            Self::U8 => each(bytes, out, |[b]| f32::from(b)),
            Self::Bool => each(bytes, out, |[b]| f32::from(u8::from(b != 0))),
            Self::Other(..) => {}
        }
    }

    /// The kind behind a name that PyTorch uses for it: "float32", "bfloat16".
    pub(super) fn of_torch(name: &str) -> Option<Self> {
        Some(match name {
            "float64" | "double" => Self::F64,
            "float32" | "float" => Self::F32,
            "float16" | "half" => Self::F16,
            "bfloat16" => Self::BF16,
            "int64" | "long" => Self::I64,
            "int32" | "int" => Self::I32,
            "int16" | "short" => Self::I16,
            "int8" => Self::I8,
            "uint64" => Self::U64,
            "uint32" => Self::U32,
            "uint16" => Self::U16,
            "uint8" => Self::U8,
            "bool" => Self::Bool,
            "complex32" | "chalf" => Self::Other("complex", 4),
            "complex64" | "cfloat" => Self::Other("complex", 8),
            "complex128" | "cdouble" => Self::Other("complex", 16),
            "qint8" | "quint8" => Self::Other("quantised", 1),
            "qint32" => Self::Other("quantised", 4),
            _ if name.starts_with("float8_") => Self::Other("8-bit floating point", 1),
            _ => return None,
        })
    }

    /// The kind of one of PyTorch's storage classes: "FloatStorage".
    pub(super) fn of_storage(class: &str) -> Option<Self> {
        Some(match class {
            "DoubleStorage" => Self::F64,
            "FloatStorage" => Self::F32,
            "HalfStorage" => Self::F16,
            "BFloat16Storage" => Self::BF16,
            "LongStorage" => Self::I64,
            "IntStorage" => Self::I32,
            "ShortStorage" => Self::I16,
            "CharStorage" => Self::I8,
            "ByteStorage" | "UntypedStorage" => Self::U8,
            "BoolStorage" => Self::Bool,
            "ComplexFloatStorage" => Self::Other("complex", 8),
            "ComplexDoubleStorage" => Self::Other("complex", 16),
            "QInt8Storage" | "QUInt8Storage" | "QUInt4x2Storage" | "QUInt2x4Storage" => {
                Self::Other("quantised", 1)
            }
            "QInt32Storage" => Self::Other("quantised", 4),
            _ => return None,
        })
    }
}

impl fmt::Display for NumberKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F64 => "float64",
            Self::F32 => "float32",
            Self::F16 => "float16",
            Self::BF16 => "bfloat16",
            Self::I64 => "int64",
            Self::I32 => "int32",
            Self::I16 => "int16",
            Self::I8 => "int8",
            Self::U64 => "uint64",
            Self::U32 => "uint32",
            Self::U16 => "uint16",
            Self::U8 => "uint8",
            Self::Bool => "bool",
            Self::Other(name, _) => name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_convert() {
        let check = |kind: NumberKind, bytes: &[u8], expected: &[f32]| {
            let mut out = Vec::new();
            kind.convert(bytes, &mut out);
            assert_eq!(out, expected, "{kind}");
        };
        check(NumberKind::F16, &[0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00], &[1.0, -2.0, 5.960_464_5e-8]);
        check(NumberKind::BF16, &[0x80, 0x3f, 0x49, 0x40], &[1.0, 3.140_625]);
        check(NumberKind::F64, &std::f64::consts::PI.to_le_bytes(), &[std::f32::consts::PI]);
        check(NumberKind::I64, &(-5_i64).to_le_bytes(), &[-5.0]);
        check(NumberKind::I8, &[0xff, 0x7f], &[-1.0, 127.0]);
        check(NumberKind::U16, &[0xff, 0xff, 0x01], &[65535.0]);
        check(NumberKind::Bool, &[0, 1, 2], &[0.0, 1.0, 1.0]);
        check(NumberKind::Other("complex", 8), &[0; 16], &[]);
    }
}
