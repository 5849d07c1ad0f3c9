//! What the targets around certificate requests share.

pub mod known;
pub mod plain_facts;
pub mod rules;
pub mod second_reader;
pub mod situation;
