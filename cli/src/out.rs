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

/// Writes to standard output.
pub fn part(words: fmt::Arguments<'_>) {
    let mut out = io::stdout().lock();
    write(&mut out, words);
}

/// Whether standard output has refused something that a reader should have had.
#[must_use]
pub fn refused() -> bool {
    REFUSED.load(Ordering::Relaxed)
}

fn write(out: &mut impl io::Write, words: fmt::Arguments<'_>) {
    match out.write_fmt(words).and_then(|()| out.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => {
            if !REFUSED.swap(true, Ordering::Relaxed) {
                Failure::io("standard output", &error).print();
            }
        }
    }
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
        write(&mut Broken(ErrorKind::BrokenPipe), format_args!("words"));
        assert!(!refused());
        write(&mut Broken(ErrorKind::StorageFull), format_args!("words"));
        assert!(refused());
    }
}
