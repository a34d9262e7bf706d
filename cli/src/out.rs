//! Standard output for results: a reader that has seen enough (`| head`) is no error, and no station ends for it.
//!
//! `println!` would panic. What standard output refuses for another reason (a full disk behind `>`) is told once on standard
//! error, and the verb ends with an error.

use std::{
    fmt,
    io::{self, ErrorKind},
    sync::atomic::{AtomicBool, Ordering},
};

use crate::exit::Failure;

/// Set once standard output has refused something.
static REFUSED: AtomicBool = AtomicBool::new(false);

/// Whether anybody still reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Yes.
    There,
    /// No: the pipe is closed.
    Gone,
}

/// Writes something, at once.
///
/// # Errors
/// It could not be written, for another reason than that nobody reads.
pub fn write<W: io::Write>(
    out: &mut W,
    words: impl FnOnce(&mut W) -> io::Result<()>,
) -> Result<Reader, Failure> {
    match words(out).and_then(|()| out.flush()) {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(Failure::io("standard output", &error)),
    }
}

/// Writes to standard output; a failure is told once.
pub fn part(words: fmt::Arguments<'_>) {
    part_to(&mut io::stdout().lock(), words);
}

fn part_to(out: &mut impl io::Write, words: fmt::Arguments<'_>) {
    if let Err(failure) = write(out, |out| out.write_fmt(words))
        && !REFUSED.swap(true, Ordering::Relaxed)
    {
        failure.print();
    }
}

/// Whether standard output has refused something that a reader should have had.
#[must_use]
pub fn refused() -> bool {
    REFUSED.load(Ordering::Relaxed)
}

/// A line of a result.
#[macro_export]
macro_rules! say {
    () => { $crate::out::part(format_args!("\n")) };
    ($($words:tt)*) => { $crate::out::part(format_args!("{}\n", format_args!($($words)*))) };
}

/// A part of a result, as it is.
#[macro_export]
macro_rules! say_part {
    ($($words:tt)*) => { $crate::out::part(format_args!($($words)*)) };
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken(ErrorKind);

    impl io::Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_no_error_and_a_full_disk_is_one() {
        part_to(&mut Broken(ErrorKind::BrokenPipe), format_args!("words"));
        assert!(!refused());
        part_to(&mut Broken(ErrorKind::StorageFull), format_args!("words"));
        assert!(refused());
    }
}
