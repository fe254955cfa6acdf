//! What is known of a GPU's memory before anything is put into it.

/// Limits of a GPU. Its drivers do not say through wgpu how much memory it has, nor how much of it is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GpuLimits {
    /// Bytes of the largest buffer that a program on it can be given.
    pub largest_buffer: u64,
    /// Whether it uses the computer's memory instead of its own.
    pub shares_memory: bool,
}
