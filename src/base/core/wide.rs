//! Loops with the widest SIMD instructions of the processor.

/// Does `work` compiled for this processor, to the same numbers. The closure and what it calls must be `#[inline(always)]`, else
/// that part is compiled for the oldest processor.
#[inline(always)]
pub fn wide<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}
