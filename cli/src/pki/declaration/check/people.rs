//! Desks, officers, the other side and the charter.

use std::collections::BTreeMap;

use hotline_core::words::OfficerRole;

use super::{Check, is_channel, is_name};
use crate::pki::declaration::{DESKS_MAX, Declaration, DeclaredDesk, OFFICERS_MAX};

/// Longest free text of a charter term, in bytes: what one reads aloud in half a minute.
const TERM_BYTES_MAX: usize = 500;

impl Check {
    pub(super) fn desks(&mut self, declaration: &Declaration) {
        self.count("desk", declaration.desks.len(), DESKS_MAX);
        self.names(
            "desk",
            declaration.desks.iter().map(|desk| desk.name.as_str()),
            "ops",
        );
        let mut seen = BTreeMap::new();
        for (place, desk) in declaration.desks.iter().enumerate() {
            let key = format!("desk[{place}].prefix");
            let works = format!("{}{}", declaration.prefix, place + 1);
            self.desk(&format!("desk[{place}]"), desk, &declaration.prefix, &works);
            if let Some(first) = seen.insert(desk.prefix.clone(), place) {
                let why = format!("desk[{first}] has it too, and two messages would have one name");
                self.fault(&key, format!("{:?}", desk.prefix), &why, format!("{works:?}"));
            }
        }
    }

    pub(super) fn desk(&mut self, at: &str, desk: &DeclaredDesk, side: &str, works: &str) {
        let key = format!("{at}.prefix");
        self.prefix(&key, &desk.prefix, works);
        if !desk.prefix.starts_with(side) {
            let why = "a desk's prefix starts with that of its side";
            self.fault(&key, format!("{:?}", desk.prefix), why, format!("{works:?}"));
        }
    }

    pub(super) fn officers(&mut self, declaration: &Declaration) {
        self.count("officer", declaration.officers.len(), OFFICERS_MAX);
        self.names(
            "officer",
            declaration.officers.iter().map(|officer| officer.name.as_str()),
            "okoye",
        );
        for (place, officer) in declaration.officers.iter().enumerate() {
            if officer.roles.is_empty() {
                self.fault(
                    format!("officer[{place}].roles"),
                    "[]",
                    "an officer needs a role",
                    "[\"WATCH_OFFICER\"]",
                );
            }
            if !declaration.desks.iter().any(|desk| desk.name == officer.desk) {
                let known: Vec<_> = declaration.desks.iter().map(|desk| desk.name.as_str()).collect();
                let why = "no such desk is declared";
                self.fault(
                    format!("officer[{place}].desk"),
                    format!("{:?}", officer.desk),
                    why,
                    known.join(" or "),
                );
            }
        }
        let holds = |role| {
            declaration
                .officers
                .iter()
                .any(|officer| officer.roles.contains(&role))
        };
        for (role, why) in [
            (
                OfficerRole::Releaser,
                "nobody could release a message or consent to the charter",
            ),
            (OfficerRole::WatchOfficer, "nobody could acknowledge a message"),
        ] {
            if !holds(role) {
                let name = role.name();
                self.fault(
                    "officer",
                    format!("nobody with the role {name}"),
                    why,
                    format!("roles = [{name:?}]"),
                );
            }
        }
    }

    pub(super) fn peer(&mut self, declaration: &Declaration) {
        let desk = &declaration.peer.desk;
        if !is_name(desk) {
            self.fault(
                "peer.desk",
                format!("{desk:?}"),
                "a name is 1 to 63 of the characters a-z, 0-9 and -",
                "\"ops\"",
            );
        }
    }

    pub(super) fn charter(&mut self, declaration: &Declaration) {
        let charter = &declaration.charter;
        if !is_channel(&charter.channel) {
            let why = "a channel is 1 to 32 of the characters A-Z, 0-9 and -";
            self.fault(
                "charter.channel",
                format!("{:?}", charter.channel),
                why,
                "\"MINISTER\"",
            );
        }
        for (key, term) in [
            ("charter.level", &charter.level),
            ("charter.scope", &charter.scope),
            ("charter.hours", &charter.hours),
            ("charter.receipt_policy", &charter.receipt_policy),
        ] {
            if term.trim().is_empty() || term.len() > TERM_BYTES_MAX || term.chars().any(char::is_control) {
                let why = format!("a term is one line of 1 to {TERM_BYTES_MAX} bytes");
                self.fault(key, format!("{term:?}"), &why, "\"always\"");
            }
        }
    }
}
