//! What the targets around certificate requests share.

pub mod second_reader;
