//! Printing results: a reader that has seen enough (`| head`) is no error.

use std::io::{self, Write as _};

use serde::Serialize;

pub use crate::out::Reader;
use crate::{exit::Failure, out};

/// One object on one line.
///
/// # Errors
/// Standard output failed.
pub fn object(value: &impl Serialize) -> Result<(), Failure> {
    let line =
        serde_json::to_string(value).map_err(|error| Failure::io("the object", &io::Error::other(error)))?;
    line_of(&line).map(|_| ())
}

/// Some text, with one line feed behind it.
///
/// # Errors
/// Standard output failed.
pub fn text(text: &str) -> Result<(), Failure> {
    line_of(text.trim_end_matches('\n')).map(|_| ())
}

/// One line; tells whether anybody still reads.
///
/// # Errors
/// Standard output failed.
pub fn line_of(line: &str) -> Result<Reader, Failure> {
    bytes(format!("{line}\n").as_bytes())
}

/// Bytes as they are.
///
/// # Errors
/// Standard output failed.
pub fn bytes(bytes: &[u8]) -> Result<Reader, Failure> {
    out::write(&mut io::stdout().lock(), |out| out.write_all(bytes))
}
