//! Printing results: a reader that has seen enough (`| head`) is no error.

use std::io::{self, ErrorKind, Write as _};

use serde::Serialize;

use crate::exit::Failure;

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

/// Whether anybody still reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Yes.
    There,
    /// No: the pipe is closed.
    Gone,
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
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(Failure::io("standard output", &error)),
    }
}
