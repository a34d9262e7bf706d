//! An error in words, with all that lies behind it.

use std::error::Error;

/// An error with its causes, the outermost first. What one says already is not said again.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let words = deeper.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = deeper.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the ledger cannot be opened")]
    struct Outer(#[source] io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("the ledger cannot be opened: no room")]
    struct SaysIt(#[source] io::Error);

    #[test]
    fn every_cause_is_told_once() {
        let no_room = || io::Error::other("no room");
        assert_eq!(chain(&Outer(no_room())), "the ledger cannot be opened: no room");
        assert_eq!(chain(&SaysIt(no_room())), "the ledger cannot be opened: no room");
    }
}
