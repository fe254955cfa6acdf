//! How good predictions are: metrics, baselines, the noise ceiling, splits and reports. Arrays only.

mod beta;
pub mod ceiling;
pub mod metrics;
pub mod report;
pub mod ridge;
pub mod splits;
