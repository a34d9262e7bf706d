//! Officers who may not do what the file has them do: the release rule, the ladder's table of roles, who sits where, and
//! answers that a message does not ask for.

use hotline_core::{
    dialogue::{Effect, effect},
    ladder::roles_for,
    precedence::SignaturesNeeded,
    words::{OfficerRole, Rung},
};

use super::{
    Code, Findings,
    comes::Comes,
    sent::{self, Origin, Relation, Sent},
};
use crate::{
    codebook::Codebook,
    scenario::{
        cast::SeatCard,
        lists::{Act, InstitutionVerb, ReleaseRule, SeatKind, Side},
        msel::{Deed, Institution},
        place::Placed,
        player::{Cue, Do, Rule},
    },
};

/// Who may order about a channel, and cancel a message.
const RELEASES: &[OfficerRole] = &[OfficerRole::Releaser];
/// Who keeps the watch.
const WATCHES: &[OfficerRole] = &[OfficerRole::WatchOfficer, OfficerRole::DutyOfficer];
/// Who has the side's keys in hand.
const SECURES: &[OfficerRole] = &[OfficerRole::SecurityOfficer];
/// Who may write a message.
const DRAFTS: &[OfficerRole] = &[OfficerRole::Drafter, OfficerRole::Releaser];

/// At which end of the line a rung is signed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Sender,
    Recipient,
}

/// Every message: who signs last releases it, who signs first has written it.
pub(super) fn releases(findings: &mut Findings<'_>, book: &Codebook) {
    for sent in sent::all(findings.scenario) {
        release(findings, book, &sent);
        seated(findings, &sent.key(), sent.seat, &sent.sending.by);
    }
}

fn release(findings: &mut Findings<'_>, book: &Codebook, sent: &Sent<'_>) {
    let (Some(first), Some(last)) = (sent.sending.by.first(), sent.sending.by.last()) else {
        return;
    };
    let key = format!("{}.by", sent.key());
    if !has(findings, last, RELEASES) {
        let what = format!(
            "who signs last releases it, and \"{}\" is no RELEASER",
            last.value
        );
        findings.refuse(Code::Role, last.span.clone(), &key, what);
    }
    let function = sent.function(book);
    let needed = sent
        .precedence(book)
        .map(|precedence| (precedence, precedence.signatures_needed(function, None)));
    let Some((precedence, SignaturesNeeded::Two)) = needed else {
        return;
    };
    if findings.scenario.release == ReleaseRule::One {
        return;
    }
    if sent.sending.by.len() < 2 {
        let what = format!("{precedence} needs two officers: drafter and releaser");
        findings.refuse(Code::Role, first.span.clone(), &key, what);
    } else if !has(findings, first, DRAFTS) {
        let what = format!(
            "who signs first has written it, and \"{}\" is neither DRAFTER nor RELEASER",
            first.value
        );
        findings.refuse(Code::Role, first.span.clone(), &key, what);
    }
}

/// Answers: only to what the other side sent, and only one that it asks for.
pub(super) fn answers(findings: &mut Findings<'_>, comes: &Comes<'_>, book: &Codebook) {
    for sent in sent::all(findings.scenario) {
        let (Relation::Answers(answer), Origin::Rule(rule)) = (sent.relation, sent.origin) else {
            continue;
        };
        let asked = match &rule.when {
            Cue::Arrives { code: Some(code), .. } => book.code(code).map(|code| code.response),
            cue => sent::about(cue)
                .and_then(|alias| comes.first(&alias.name))
                .map(|original| original.asks(book)),
        };
        if let Some(asked) = asked
            && effect(asked, answer) == Effect::NotAllowed
        {
            let what = format!("{answer} does not answer a message that asks for {asked}");
            findings.refuse(Code::Role, rule.id.span.clone(), &sent.key(), what);
        }
    }
}

/// Every act that the file asks for, and every officer's place.
pub(super) fn officers(findings: &mut Findings<'_>, comes: &Comes<'_>) {
    let scenario = findings.scenario;
    places(findings);
    for inject in scenario.injects() {
        if let Deed::Institution(act) = &inject.deed {
            institution(findings, &format!("inject {}", inject.serial), act);
        }
        if let Deed::Phrase(officer) = &inject.deed
            && let Err(what) = comes.has_second(officer)
        {
            let key = format!("inject {}.officer", inject.serial);
            findings.refuse(Code::Role, officer.span.clone(), &key, what);
        }
    }
    for script in &scenario.players {
        let seat = scenario.seat(&script.seat);
        for rule in &script.rules {
            for deed in &rule.deeds {
                acts(findings, comes, (seat, rule), deed);
            }
        }
    }
}

/// An officer's key lies at its desk; at a seat of another desk it is not there.
fn places(findings: &mut Findings<'_>) {
    let scenario = findings.scenario;
    for officer in &scenario.officers {
        if let Some(desk) = sent::desk_of(scenario, &officer.desk)
            && desk.side != officer.side
        {
            let what = format!(
                "\"{}\" is of side {}, and desk {} is not",
                *officer.name, officer.side, *officer.desk
            );
            findings.refuse(Code::Role, officer.desk.span.clone(), "officer.desk", what);
        }
    }
    for side in Side::ALL {
        let mut officers = scenario
            .officers
            .iter()
            .filter(|officer| officer.side == *side && !scenario.comes_later(officer))
            .peekable();
        let place = officers.peek().map_or(0..0, |officer| officer.name.span.clone());
        let held: Vec<OfficerRole> = officers.flat_map(|officer| officer.roles.clone()).collect();
        for role in [OfficerRole::Releaser, OfficerRole::WatchOfficer] {
            if !held.contains(&role) {
                let what =
                    format!("side {side} has no {role}, and its identities cannot be made without one");
                findings.refuse(Code::Role, place.clone(), "officer", what);
            }
        }
    }
    for seat in scenario.seats.iter().filter(|seat| seat.kind == SeatKind::Desk) {
        for name in &seat.officers {
            if let (Some(officer), Some(desk)) = (scenario.officer(name), &seat.desk)
                && *officer.desk.value != **desk
            {
                let what = format!(
                    "\"{}\" is an officer of desk {}, and its key is not at {}",
                    name.value, *officer.desk, **desk
                );
                findings.refuse(Code::Role, name.span.clone(), "seat.officers", what);
            }
        }
    }
}

fn acts(findings: &mut Findings<'_>, comes: &Comes<'_>, of: (Option<&SeatCard>, &Rule), deed: &Do) {
    let (seat, rule) = of;
    let key = format!("rule {}", *rule.id);
    let (by, roles, end) = match deed {
        Do::Act { act, by, .. } => {
            let (roles, end) = of_act(*act);
            (by, roles, end)
        }
        Do::Holding { by, .. } => (by, roles_for(Rung::Holding), Some(End::Recipient)),
        Do::Insufficient { by, .. } => (by, roles_for(Rung::Insufficient), Some(End::Recipient)),
        Do::Translate { by, .. } => (by, roles_for(Rung::Translated), Some(End::Recipient)),
        Do::Institution(act) => {
            institution(findings, &key, act);
            return seated(findings, &key, seat, &act.by);
        }
        Do::Answer(_, sending) => return ends(findings, comes, of, deed, (&sending.by, End::Recipient)),
        Do::Correct(sending) => return ends(findings, comes, of, deed, (&sending.by, End::Sender)),
        Do::Send(_) | Do::Display | Do::Nothing | Do::State { .. } => return,
    };
    each(findings, &key, by, roles);
    seated(findings, &key, seat, by);
    if let Some(end) = end {
        ends(findings, comes, of, deed, (by, end));
    }
}

/// The roles for an act, and where on the ladder it is signed. An act on no rung is signed anywhere.
const fn of_act(act: Act) -> (&'static [OfficerRole], Option<End>) {
    match act {
        Act::Ack => (roles_for(Rung::Acknowledged), Some(End::Recipient)),
        Act::ReadBack => (roles_for(Rung::ReadBack), Some(End::Recipient)),
        Act::Decline => (roles_for(Rung::Declined), Some(End::Recipient)),
        Act::Present => (roles_for(Rung::Presented), Some(End::Recipient)),
        Act::Standby => (roles_for(Rung::Answered), Some(End::Recipient)),
        Act::Confirm => (roles_for(Rung::Confirmed), Some(End::Sender)),
        Act::Cancel => (RELEASES, Some(End::Sender)),
        Act::Consent => (RELEASES, None),
        Act::TakeWatch | Act::LeaveWatch | Act::HandOver | Act::Check | Act::AnswerCheck => (WATCHES, None),
        // Identities end by any two officers of their side; what is asked over another path bears no role.
        Act::Deny | Act::SecondDeny | Act::UseBackup | Act::Callback => (&[], None),
    }
}

/// An act about a message at the end of the line where it is not signed.
fn ends(
    findings: &mut Findings<'_>,
    comes: &Comes<'_>,
    (seat, rule): (Option<&SeatCard>, &Rule),
    deed: &Do,
    (by, end): (&[Placed<String>], End),
) {
    let named = match deed {
        Do::Act { of: Some(of), .. } => Some(&of.value),
        _ => sent::about(&rule.when),
    };
    let (Some(of), Some(first)) = (named, by.first()) else {
        return;
    };
    let here = seat.and_then(|seat| seat.desk.as_ref()).map(|desk| desk.as_str());
    let sender = comes.sender(&of.name);
    let (Some(here), Some(sender)) = (here, sender) else {
        return;
    };
    let what = match end {
        End::Recipient if here == sender => {
            format!("\"{of}\" comes from {here} itself; the other side signs that")
        }
        End::Sender if here != sender => format!("\"{of}\" comes from {sender}; only there is that signed"),
        End::Sender | End::Recipient => return,
    };
    findings.refuse(
        Code::Role,
        first.span.clone(),
        &format!("rule {}", *rule.id),
        what,
    );
}

fn institution(findings: &mut Findings<'_>, key: &str, act: &Institution) {
    let roles: &[OfficerRole] = match act.verb {
        InstitutionVerb::Open
        | InstitutionVerb::Suspend
        | InstitutionVerb::Sever
        | InstitutionVerb::Restore
        | InstitutionVerb::Refuse
        | InstitutionVerb::AgreeCodebook => RELEASES,
        InstitutionVerb::LeaveWatch => WATCHES,
        InstitutionVerb::Renew | InstitutionVerb::Enrol | InstitutionVerb::RePin => SECURES,
        InstitutionVerb::Deny
        | InstitutionVerb::UseBackup
        | InstitutionVerb::Retire
        | InstitutionVerb::Inspect
        | InstitutionVerb::Wake
        | InstitutionVerb::TryOld => &[],
    };
    each(findings, key, &act.by, roles);
    for name in &act.by {
        let officer = findings.scenario.officer(name);
        if officer.is_some_and(|officer| officer.side != act.side) {
            let what = format!("\"{}\" is no officer of side {}", name.value, act.side);
            findings.refuse(Code::Role, name.span.clone(), key, what);
        }
    }
    if matches!(act.verb, InstitutionVerb::Deny | InstitutionVerb::Retire) {
        ended_by(findings, key, act);
    }
    let of = act.identity.as_ref().filter(|_| act.verb.names_an_officer());
    let stranger = |name: &&Placed<String>| {
        let officer = findings.scenario.officer(name);
        officer.is_some_and(|officer| officer.side != act.side)
    };
    if let Some(name) = of.filter(stranger) {
        let what = format!("\"{}\" is no officer of side {}", name.value, act.side);
        findings.refuse(Code::Role, name.span.clone(), key, what);
    }
}

/// An identity ends by two different officers, one of them a SECURITY_OFFICER.
fn ended_by(findings: &mut Findings<'_>, key: &str, act: &Institution) {
    let two = matches!(act.by.as_slice(), [one, other] if one.value != other.value);
    let security = act
        .by
        .iter()
        .any(|name| has(findings, name, &[OfficerRole::SecurityOfficer]));
    if let (Some(first), false) = (act.by.first(), two && security) {
        let what = "an identity is ended by two officers, one of them a SECURITY_OFFICER";
        findings.refuse(Code::Role, first.span.clone(), key, what.to_owned());
    }
}

/// Whoever signs sits at the seat.
fn seated(findings: &mut Findings<'_>, key: &str, seat: Option<&SeatCard>, by: &[Placed<String>]) {
    let Some(seat) = seat else { return };
    for name in by {
        if !seat.officers.iter().any(|officer| officer.value == name.value) {
            let what = format!("\"{}\" does not sit at seat \"{}\"", name.value, *seat.name);
            findings.refuse(Code::Role, name.span.clone(), key, what);
        }
    }
}

/// Each has one of the roles. An empty list asks for none.
fn each(findings: &mut Findings<'_>, key: &str, by: &[Placed<String>], roles: &[OfficerRole]) {
    for name in by {
        if !roles.is_empty() && !has(findings, name, roles) {
            let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
            let what = format!("\"{}\" would have to be {}", name.value, names.join(" or "));
            findings.refuse(Code::Role, name.span.clone(), key, what);
        }
    }
}

fn has(findings: &Findings<'_>, name: &str, roles: &[OfficerRole]) -> bool {
    let officer = findings.scenario.officer(name);
    officer.is_some_and(|officer| officer.roles.iter().any(|role| roles.contains(role)))
}
