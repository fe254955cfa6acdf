//! The tests of behaviour, in one program: linking one takes as long as linking each of them. Those of the window are in one of
//! their own, as they wait for what is drawn while others keep all processors busy.

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
