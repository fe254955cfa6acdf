//! How many images are run at once.

use super::listing::Listed;
use crate::core::gpu::GpuLimits;

/// The most images that the processor takes at once; more gain nothing and hold cancelling up.
pub(super) const MAX_BATCH_ON_CPU: usize = 16;
/// Multiply-adds of a run on one core of the processor: half a second or so, so that cancelling is prompt
/// even in networks that take seconds for a few patches.
const WORK_OF_CORE: u64 = 64_000_000_000;

/// The most images that a GPU takes at once; its cores are busy with fewer.
const MAX_BATCH_ON_GPU: u64 = 128;
/// Multiply-adds of a run on a graphics card: a second on one that does 4 TFLOPS.
const WORK_OF_CARD: u64 = 2_000_000_000_000;
/// Multiply-adds of a run on graphics that share the computer's memory, which are about that much slower.
const WORK_OF_SHARED: u64 = 250_000_000_000;
/// Bytes that images may take on a graphics card. How many are free is not known, so this is what cards of 4 GiB
/// have left beside the weights; where that is wrong, the batch is halved when it does not fit.
const MEMORY_OF_CARD: u64 = 2 << 30;
/// Bytes that images may take of the computer's memory.
const MEMORY_OF_SHARED: u64 = 1 << 30;
/// How many arrays as large as the largest are there at once: what goes into an operation, what comes out, what
/// stays for later, and what the memory pool keeps for the next.
const ARRAYS: u64 = 8;
/// Bytes of a value. In half precision too, since sums and activations are in single.
const VALUE: u64 = 4;

/// How many images of a network the processor takes at once, where it has `cores`.
pub(super) fn on_processor(network: &Listed, cores: usize) -> usize {
    let fit = WORK_OF_CORE.saturating_mul(cores as u64) / network.multiply_adds.max(1);
    (fit as usize).clamp(1, MAX_BATCH_ON_CPU)
}

/// How many images of a network a GPU takes at once: a power of two, so that halving it and tuning for it go by
/// the same steps.
pub(super) fn on_gpu(network: &Listed, gpu: GpuLimits) -> usize {
    let (memory, work) = match gpu.shares_memory {
        true => (MEMORY_OF_SHARED, WORK_OF_SHARED),
        false => (MEMORY_OF_CARD, WORK_OF_CARD),
    };
    let array = network.largest.max(1).saturating_mul(VALUE);
    let fit = (gpu.largest_buffer / array)
        .min(memory / array.saturating_mul(ARRAYS))
        .min(work / network.multiply_adds.max(1))
        .clamp(1, MAX_BATCH_ON_GPU);
    1 << fit.ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::encoder::preset;

    const CARD: GpuLimits = GpuLimits { largest_buffer: (2 << 30) - 1, shares_memory: false };
    const SHARED: GpuLimits = GpuLimits { largest_buffer: (2 << 30) - 1, shares_memory: true };

    fn network(largest: u64, multiply_adds: u64) -> Listed {
        Listed { largest, multiply_adds, ..Listed::default() }
    }

    #[test]
    fn the_tightest_limit_counts() {
        // 8 arrays of 4 MB an image: 64 images in 2 GiB, 32 in 1 GiB.
        let million = network(1 << 20, 1);
        assert_eq!((on_gpu(&million, CARD), on_gpu(&million, SHARED)), (64, 32));
        // An array of the batch has to fit into a buffer.
        let narrow = GpuLimits { largest_buffer: 128 << 20, ..CARD };
        assert_eq!(on_gpu(&million, narrow), 32);
        // 300 billion multiply-adds, as the giants have: 6 rounded down to 4, and one at a time.
        let giant = network(1, 300_000_000_000);
        assert_eq!((on_gpu(&giant, CARD), on_gpu(&giant, SHARED)), (4, 1));
        assert_eq!(on_gpu(&network(1, 1), CARD), 128);
    }

    #[test]
    fn there_is_always_a_batch() {
        for gpu in [CARD, SHARED, GpuLimits { largest_buffer: 0, shares_memory: false }] {
            assert_eq!(on_gpu(&network(u64::MAX, u64::MAX), gpu), 1);
            assert!(on_gpu(&network(0, 0), gpu) >= 1);
        }
        assert_eq!(on_processor(&network(0, u64::MAX), 2), 1);
        assert_eq!(on_processor(&network(0, 0), 2), 16);
    }

    /// Batches of the published encoders on a card and on shared graphics, and what they take there.
    #[test]
    fn published_encoders_have_batches_that_fit() {
        for (name, card, shared) in
            [("resnet50", 64, 32), ("densenet121", 64, 32), ("uni", 32, 4), ("h-optimus-0", 4, 1)]
        {
            let preset = preset(name).unwrap();
            let listed = preset.architecture.list(preset.side);
            println!("{name}: {} values at most, {} multiply-adds", listed.largest, listed.multiply_adds);
            assert_eq!((on_gpu(&listed, CARD), on_gpu(&listed, SHARED)), (card, shared), "{name}");
        }
    }
}
