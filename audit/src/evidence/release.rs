//! Who let a message go. A desk's key alone releases nothing: a RELEASER of its side has to have approved exactly this.

use super::names::short;
use super::statements::Known;
use super::timeline::domain_of;
use crate::check::{ByOfficer, Parts};
use crate::statement::{Approval, Message};

/// How a message left its desk.
#[derive(Debug)]
pub(super) struct Released {
    /// Whether a RELEASER of the desk's side approved it as such.
    pub(super) by_releaser: bool,
    /// By whom, in words.
    pub(super) text: String,
}

impl Released {
    pub(super) fn of(known: &Known, message: &Message) -> Released {
        let approvals: &[ByOfficer<Approval>] = match &known.parts {
            Parts::Message(approvals) => approvals,
            _ => &[],
        };
        let side = domain_of(&message.header.sender);
        let own = |by: &&ByOfficer<Approval>| domain_of(&by.officer) == side;
        let releases =
            |by: &ByOfficer<Approval>| by.said.capacity == AS_RELEASER && by.roles.contains(&RELEASER);
        let mut officers: Vec<&str> = approvals
            .iter()
            .filter(own)
            .map(|by| by.officer.as_str())
            .collect();
        officers.sort_unstable();
        officers.dedup();
        let by_releaser = approvals.iter().filter(own).any(releases);
        let alone = by_releaser && officers.len() == 1 && asks_for_two(message);
        Released {
            by_releaser,
            text: in_words(&officers, by_releaser, alone),
        }
    }
}

/// OVERRIDE and FLASH ask for two officers, but for a CANCEL. One suffices for the code CM-01, which cannot be read here, and
/// in an exercise that one person plays: so one is told, and convicts nobody.
fn asks_for_two(message: &Message) -> bool {
    message.precedence >= FLASH && message.function != CANCEL
}

fn in_words(officers: &[&str], by_releaser: bool, alone: bool) -> String {
    let names: Vec<String> = officers.iter().map(|officer| short(officer)).collect();
    let names = names.join(" and ");
    match (names.is_empty(), by_releaser, alone) {
        (true, _, _) => "without an officer's approval".to_owned(),
        (false, false, _) => format!("approved by {names}, and by no RELEASER"),
        (false, true, true) => {
            format!("approved by {names} alone, where its precedence asks for two officers")
        }
        (false, true, false) => format!("approved by {names}"),
    }
}

const AS_RELEASER: u32 = 2;
const RELEASER: u32 = 2;
const FLASH: u32 = 5;
const CANCEL: u32 = 5;
