//! The tests of behaviour, in one program, which is linked once. Those of the window are a program of their own: they wait for
//! what is drawn, and must not run beside tests that keep all processors busy.

mod architecture;
mod cases;
mod command_line;
mod damaged_input;
mod demo;
mod encoders;
mod figures;
mod formats;
mod fuzz_inputs;
mod her2st;
mod intake;
mod matrices;
mod prediction_files;
mod published;
mod real_data_counts;
mod slides;
mod support;
mod texture_features;
mod training;
mod workbench;
