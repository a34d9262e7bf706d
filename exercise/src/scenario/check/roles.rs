//! Officers who may not do what the file has them do: the release rule, and the roles of single acts.

use hotline_core::{precedence::Precedence, words::OfficerRole};

use super::{Code, Findings};
use crate::scenario::{
    lists::{Act, ReleaseRule},
    msel::{Deed, Sending},
    place::Placed,
    player::Do,
};

/// Every signature that the file asks for.
pub(super) fn officers(findings: &mut Findings<'_>) {
    let scenario = findings.scenario;
    for inject in scenario.injects() {
        if let Deed::Message { sending, .. } = &inject.deed {
            release(findings, sending);
        }
    }
    let rules = scenario.players.iter().flat_map(|player| &player.rules);
    for deed in rules.flat_map(|rule| &rule.deeds) {
        match deed {
            Do::Send(sending) | Do::Answer(_, sending) | Do::Correct(sending) => release(findings, sending),
            Do::Act {
                act: Act::Ack | Act::ReadBack | Act::Decline,
                by,
                ..
            }
            | Do::Holding { by, .. }
            | Do::Insufficient { by, .. } => {
                each(
                    findings,
                    by,
                    &[OfficerRole::WatchOfficer, OfficerRole::DutyOfficer],
                );
            }
            Do::Act {
                act: Act::Present,
                by,
                ..
            } => each(findings, by, &[OfficerRole::DutyOfficer]),
            Do::Translate { by, .. } => each(findings, by, &[OfficerRole::Translator]),
            _ => {}
        }
    }
}

/// A message is released by a RELEASER; one of OVERRIDE or FLASH by two officers, unless the file says one.
fn release(findings: &mut Findings<'_>, sending: &Sending) {
    let Some(first) = sending.by.first() else {
        return;
    };
    if !sending
        .by
        .iter()
        .any(|name| has(findings, name, &[OfficerRole::Releaser]))
    {
        let what = "nobody who signs this is a RELEASER";
        findings.refuse(Code::Role, first.span.clone(), "by", what);
    }
    let urgent = matches!(sending.precedence, Some(Precedence::Flash | Precedence::Override));
    if urgent && sending.by.len() < 2 && findings.scenario.release == ReleaseRule::Two {
        let what = "OVERRIDE and FLASH need two officers: drafter and releaser";
        findings.refuse(Code::Role, first.span.clone(), "by", what);
    }
}

fn each(findings: &mut Findings<'_>, by: &[Placed<String>], roles: &[OfficerRole]) {
    for name in by {
        if !has(findings, name, roles) {
            let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
            let what = format!("\"{}\" would have to be {}", name.value, names.join(" or "));
            findings.refuse(Code::Role, name.span.clone(), "by", what);
        }
    }
}

fn has(findings: &Findings<'_>, name: &str, roles: &[OfficerRole]) -> bool {
    let officer = findings.scenario.officer(name);
    officer.is_some_and(|officer| officer.roles.iter().any(|role| roles.contains(role)))
}
