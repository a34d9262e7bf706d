//! Joining an exercise from a terminal: the code, the words that people compare, the keys that are made here, and the
//! connection to control afterwards. What is said and why it is safe: `exercise/JOIN.md`.

pub(crate) mod enter;
pub(crate) mod keys;
pub(crate) mod place;

use hotline_core::causes::chain;

use crate::exit::{self, Failure};

/// Control could not be reached, or has gone.
pub(crate) fn unreachable(at: &str, error: &std::io::Error) -> Failure {
    Failure::new(
        "HL-EX-193",
        exit::UNREACHABLE,
        format!("control at {at}: {}", chain(error)),
        "ask whether the exercise still runs, and type the place behind the @ of your code as it was printed",
    )
}

/// Control says no.
pub(crate) fn refused(what: &str) -> Failure {
    match what {
        "wrong code" => Failure::new(
            "HL-EX-191",
            exit::IDENTITY,
            "wrong code",
            "each code is for one person, three tries and 15 minutes: ask control for a new one",
        ),
        what => Failure::new("HL-EX-194", exit::IDENTITY, what, "ask control for a new code"),
    }
}
