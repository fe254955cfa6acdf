//! Of the room `model` only the files of weights.

#[path = "../../../src/learn/model/weights/mod.rs"]
pub mod weights;
