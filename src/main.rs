//! HisCMCL
fn main() {}
