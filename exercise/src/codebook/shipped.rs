//! The codebook that comes with the program.

use super::{BookErrors, Codebook, read};

/// The starter codebook: 17 coded messages.
pub const STARTER: &str = include_str!("../../codebook/starter.toml");

/// Reads the starter codebook.
///
/// # Errors
/// Never of itself: a test reads it.
pub fn starter() -> Result<Codebook, BookErrors> {
    read("starter.toml", STARTER)
}
