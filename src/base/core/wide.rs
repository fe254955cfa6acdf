//! Loops in the widest vectors that the processor has.

/// Does `work` compiled for this processor, to the same numbers. The closure and what it calls must be `#[inline(always)]`, else
/// that part is compiled for the oldest processor.
#[inline(always)]
pub fn wide<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}
