//! Seats whose people joined from elsewhere: their desks run on their own machines, with keys that control never has.
//!
//! A [`Line`] is such a seat as control has it. Its connection may break and come again: what asks meanwhile is refused,
//! and injects wait. Over it control looks at the desk and tells the person; nothing that it says there can have anything
//! signed, because the other end answers nothing but looks ([`may_be_asked`]).

mod exported;
pub mod folder;
mod line;
pub mod log;
pub(super) mod tame;
pub mod words;

use std::collections::BTreeMap;

use hotline_client::request::Request;

pub use line::{HERE_EVERY, Line, SILENT_FOR};

/// Whether control may ask this of a desk that joined. It may look, tell the story clock, and set a clock of the exercise
/// wrong; what people do at their desk is theirs.
#[must_use]
pub const fn may_be_asked(request: &Request) -> bool {
    match request {
        Request::Status
        | Request::List { .. }
        | Request::Show { .. }
        | Request::Story { .. }
        | Request::Clock { .. } => true,
        Request::Release { .. }
        | Request::Draft { .. }
        | Request::Drafts
        | Request::Act { .. }
        | Request::Annex { .. }
        | Request::Displayed { .. }
        | Request::Showing { .. }
        | Request::Alerted { .. }
        | Request::Ping { .. }
        | Request::CatchUp { .. }
        | Request::Wait { .. }
        | Request::KeepWatch { .. }
        | Request::Order { .. }
        | Request::OpenChannel { .. }
        | Request::State { .. }
        | Request::Watch
        | Request::Reload
        | Request::Opens
        | Request::Closes { .. }
        | Request::Backup { .. } => false,
    }
}

/// A joined seat on a stage.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The seat.
    pub seat: String,
    /// Its desk.
    pub desk: String,
    /// Its officers' names.
    pub officers: Vec<String>,
    /// What its people read: names of files below the domain's folder, and their text. Codebook and role cards.
    pub papers: BTreeMap<String, String>,
    /// Its connection.
    pub line: Line,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_may_have_nothing_signed_at_a_desk_that_joined() {
        let message = || vec![String::new()];
        for signs in [
            Request::Displayed { messages: message() },
            Request::Showing { messages: message() },
            Request::Alerted { messages: message() },
            Request::Act { act: String::new() },
            Request::KeepWatch { watch: String::new() },
            Request::Order { order: String::new() },
            Request::Opens,
            Request::Closes { within_ms: 1 },
            Request::Backup { to: "/".into() },
        ] {
            assert!(!may_be_asked(&signs), "{signs:?}");
        }
        assert!(may_be_asked(&Request::Status));
    }
}
