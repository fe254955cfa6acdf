//! Slides of every format against what other readers make of them, damaged ones, and what is read of them.

mod damaged;
mod fixtures;
mod mutated;
mod openslide;
mod plain;
mod real;
mod support;
mod view;
