//! Runs on the small inputs: splits, sections of another kit, few spots.
