//! Stored numbers as the numbers that are wanted.

use super::element::Element;

/// A kind of number that a dataset can be read as.
pub trait Number: Copy + Default + Send + Sync {
    /// What was expected, for errors.
    const NOUN: &'static str;
    /// From a whole number; `None` when it does not fit.
    fn from_i64(v: i64) -> Option<Self>;
    /// From a whole number of 0 or more; `None` when it does not fit.
    fn from_u64(v: u64) -> Option<Self>;
    /// From a decimal number; `None` when it does not fit.
    fn from_f64(v: f64) -> Option<Self>;
}

macro_rules! whole {
    ($($t:ty, $noun:literal;)*) => {$(
        impl Number for $t {
            const NOUN: &'static str = $noun;
            #[inline]
            fn from_i64(v: i64) -> Option<Self> {
                v.try_into().ok()
            }
            #[inline]
            fn from_u64(v: u64) -> Option<Self> {
                v.try_into().ok()
            }
            #[inline]
            fn from_f64(v: f64) -> Option<Self> {
                // Beyond 2^53 a decimal number no longer says which whole number it is.
                (v.fract() == 0.0 && v.abs() < 9e15).then_some(v as i64).and_then(Self::from_i64)
            }
        }
    )*};
}

whole! {
    u8, "a whole number of 0 to 255";
    u32, "a whole number of 0 or more";
    u64, "a whole number of 0 or more";
    i64, "a whole number";
}

macro_rules! decimal {
    ($($t:ty)*) => {$(
        impl Number for $t {
            const NOUN: &'static str = "a number";
            #[inline]
            fn from_i64(v: i64) -> Option<Self> {
                Some(v as $t)
            }
            #[inline]
            fn from_u64(v: u64) -> Option<Self> {
                Some(v as $t)
            }
            #[inline]
            fn from_f64(v: f64) -> Option<Self> {
                Some(v as $t)
            }
        }
    )*};
}

decimal! { f32 f64 }

/// A stored value that is not of the wanted kind, as text.
#[derive(Debug)]
pub(super) struct ConversionError(pub(super) String);

/// The number that these 16 bits are: sign, 5 bits of exponent, 10 bits of fraction.
fn half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x3FF) / 1024.0;
    let size = match i32::from(bits >> 10 & 0x1F) {
        0 => fraction * (-14f64).exp2(),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1.0 + fraction) * f64::from(exponent - 15).exp2(),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// Writes the numbers in `bytes`, which hold `out.len()` values of `element`, to `out`.
pub(super) fn convert<T: Number>(
    element: &Element,
    bytes: &[u8],
    out: &mut [T],
) -> Result<(), ConversionError> {
    macro_rules! each {
        ($t:ty, $wide:ty, $from:ident, $big:expr) => {{
            for (slot, value) in out.iter_mut().zip(bytes.chunks_exact(size_of::<$t>())) {
                let mut raw = [0; size_of::<$t>()];
                raw.copy_from_slice(value);
                let v = if $big { <$t>::from_be_bytes(raw) } else { <$t>::from_le_bytes(raw) };
                *slot = T::$from(<$wide>::from(v)).ok_or_else(|| ConversionError(v.to_string()))?;
            }
        }};
    }
    match *element {
        Element::Integer { size: 1, signed: false, .. } => each!(u8, u64, from_u64, false),
        Element::Integer { size: 1, signed: true, .. } => each!(i8, i64, from_i64, false),
        Element::Integer { size: 2, signed: false, big_endian } => each!(u16, u64, from_u64, big_endian),
        Element::Integer { size: 2, signed: true, big_endian } => each!(i16, i64, from_i64, big_endian),
        Element::Integer { size: 4, signed: false, big_endian } => each!(u32, u64, from_u64, big_endian),
        Element::Integer { size: 4, signed: true, big_endian } => each!(i32, i64, from_i64, big_endian),
        Element::Integer { size: 8, signed: false, big_endian } => each!(u64, u64, from_u64, big_endian),
        Element::Integer { size: 8, signed: true, big_endian } => each!(i64, i64, from_i64, big_endian),
        Element::Float { size: 2, big_endian } => {
            for (slot, value) in out.iter_mut().zip(bytes.chunks_exact(2)) {
                let raw = [value[0], value[1]];
                let bits = if big_endian { u16::from_be_bytes(raw) } else { u16::from_le_bytes(raw) };
                let v = half(bits);
                *slot = T::from_f64(v).ok_or_else(|| ConversionError(v.to_string()))?;
            }
        }
        Element::Float { size: 4, big_endian } => each!(f32, f64, from_f64, big_endian),
        Element::Float { size: 8, big_endian } => each!(f64, f64, from_f64, big_endian),
        Element::Bool => each!(u8, u64, from_u64, false),
        _ => return Err(ConversionError(element.noun().to_owned())),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_floats_are_numbers() {
        // numpy.float16: 1, -2, 65504 (the largest), the least, 1/3, infinity.
        let bits: [u16; 6] = [0x3C00, 0xC000, 0x7BFF, 0x0001, 0x3555, 0x7C00];
        let expected = [1.0, -2.0, 65504.0, 5.960_464_5e-8, 0.333_251_95, f32::INFINITY];
        for big_endian in [false, true] {
            let bytes: Vec<u8> = bits
                .iter()
                .flat_map(|b| if big_endian { b.to_be_bytes() } else { b.to_le_bytes() })
                .collect();
            let mut out = [0f32; 6];
            convert(&Element::Float { size: 2, big_endian }, &bytes, &mut out).unwrap();
            assert_eq!(out, expected);
        }
        assert!(half(0x7E00).is_nan());
    }
}
