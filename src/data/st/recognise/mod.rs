//! Finding out what a folder or file is.
