//! How good predictions are: metrics, baselines, the noise ceiling, splits and reports. Arrays only.

pub mod ceiling;
pub mod cluster;
pub mod compare;
pub mod expression;
pub mod fold;
pub mod judgement;
pub mod metrics;
pub mod regions;
pub mod report;
pub mod ridge;
pub mod signature;
pub mod splits;
pub mod tables;

#[cfg(test)]
mod reference;
