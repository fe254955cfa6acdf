//! How good predictions are: metrics, baselines, the noise ceiling, splits and reports. Arrays only.

pub mod report;
