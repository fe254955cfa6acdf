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
pub(super) struct Unfit(pub(super) String);

/// Writes the numbers in `bytes`, which hold `out.len()` values of `element`, to `out`.
pub(super) fn convert<T: Number>(element: &Element, bytes: &[u8], out: &mut [T]) -> Result<(), Unfit> {
    macro_rules! each {
        ($t:ty, $wide:ty, $from:ident, $big:expr) => {{
            for (slot, value) in out.iter_mut().zip(bytes.chunks_exact(size_of::<$t>())) {
                let mut raw = [0; size_of::<$t>()];
                raw.copy_from_slice(value);
                let v = if $big { <$t>::from_be_bytes(raw) } else { <$t>::from_le_bytes(raw) };
                *slot = T::$from(<$wide>::from(v)).ok_or_else(|| Unfit(v.to_string()))?;
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
        Element::Float { size: 4, big_endian } => each!(f32, f64, from_f64, big_endian),
        Element::Float { size: 8, big_endian } => each!(f64, f64, from_f64, big_endian),
        Element::Bool => each!(u8, u64, from_u64, false),
        _ => return Err(Unfit(element.noun().to_owned())),
    }
    Ok(())
}
