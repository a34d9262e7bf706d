//! What one side signs, keeps or ends to make the other side's honest evidence look bad, or to get rid of its own: the one
//! who did it is named, with a proof, and nobody else.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod line;

use hotline_audit::bundle::Bundle;
use hotline_audit::dsse::{PayloadType, SigningKey};
use hotline_audit::evidence::{Evidence, Finding, Proof, Ruling};
use hotline_audit::key::{DenyList, Enrolment, Purpose, Roster};
use hotline_audit::note::Note;
use hotline_audit::policy::Policy;
use hotline_audit::statement::{Deny, LogLink, PeerCheckpoint};
use hotline_audit::tiles::Files;
use hotline_audit::{Hash, LogSigner};
use line::story::{Play, SHORT, play};
use line::{Line, NOW};

const NOBODY: &str = "quorum none";
/// A time behind everything that was cosigned.
const LATER: u64 = NOW + 3_600_000;

fn packed(line: &Line, place: usize, files: Files) -> Bundle {
    line::read(&line.pack(place, files)).unwrap()
}

fn judged<'b>(bundles: &[&'b Bundle], policy: &Policy) -> Evidence<'b> {
    Evidence::judge(bundles, policy).unwrap()
}

/// The verdict and the findings on both sides' files together, in either order the same.
fn together(line: &Line, a: Files, b: Files) -> (Ruling, Vec<Finding>) {
    let (a, b) = (packed(line, 0, a), packed(line, 1, b));
    let policy = line.policy(NOBODY);
    let turned = judged(&[&b, &a], &policy).compare().verdict;
    let evidence = judged(&[&a, &b], &policy);
    let verdict = evidence.compare().verdict;
    assert_eq!(verdict, turned);
    (verdict, evidence.findings().to_vec())
}

fn alone(line: &Line, place: usize, files: Files) -> (Ruling, Vec<Finding>) {
    let bundle = packed(line, place, files);
    let evidence = judged(&[&bundle], &line.policy(NOBODY));
    (evidence.verify().verdict, evidence.findings().to_vec())
}

fn names_only(findings: &[Finding], side: &str) {
    assert!(!findings.is_empty());
    for finding in findings {
        assert_eq!(finding.evidence_of, side, "{finding:?}");
        assert!(finding.who.contains(side), "{finding:?}");
    }
}

#[test]
fn a_message_with_another_ones_approval_convicts_its_sender_and_no_log_that_holds_it() {
    let mut play = Play::new();
    let first = play.message(1, "Approved.", None);
    play.receipt(0, &first, 4);
    let approved = play.unsigned(1, "Approved for nothing else.", None);
    let mut other = play.unsigned(1, "Approved by nobody.", None);
    other.header.sequence = approved.header.sequence;
    other.header.previous = approved.header.previous;
    other.number = approved.number;
    other.approvals = approved.approvals;
    let signed = play.line.sides[1]
        .desk
        .sign(PayloadType::Message, &other.encode());
    play.spread(1, signed.clone());
    let line = play.line;
    let borenia = line.sides[1].domain.clone();
    let bundle = line.bundle(0);
    let evidence = judged(&[&bundle], &line.policy(NOBODY));
    let report = evidence.verify();
    assert_eq!(report.verdict, Ruling::Failed("APPROVAL_MISMATCH"), "{report}");
    assert!(
        report.logs.iter().all(|log| log.ruling == Ruling::Match),
        "{report}"
    );
    names_only(&report.findings, &borenia);
    let [finding] = report.findings.as_slice() else {
        panic!("{report}")
    };
    assert_eq!(finding.who, line.sides[1].desk.identity);
    assert!(matches!(&finding.proof, Proof::Statement { sha256, .. } if *sha256 == Hash::of(&signed)));
    // Leaving it out of its own log does not help.
    let mut line = line;
    line.held[1].desk.retain(|entry| *entry != signed);
    let (ruling, findings) = together(&line, line.files(0), line.files(1));
    assert_eq!(ruling, Ruling::Truncated, "{findings:?}");
    names_only(&findings, &borenia);
}

#[test]
fn an_act_that_its_officer_did_not_sign_is_asked_for_in_its_desks_own_log_too() {
    let mut play = Play::new();
    let message = play.message(0, "To be acknowledged.", None);
    play.receipt(1, &message, 4);
    let stranger = play.line.sides[0].watch.clone();
    let honest = std::mem::replace(&mut play.line.sides[1].watch, stranger);
    let act = play.act(1, &message, 7, "");
    play.line.sides[1].watch = honest;
    let mut line = play.line;
    let borenia = line.sides[1].domain.clone();
    let (ruling, findings) = alone(&line, 0, line.files(0));
    assert_eq!(ruling, Ruling::Failed("WRONG_DOMAIN"), "{findings:?}");
    names_only(&findings, &borenia);
    line.held[1].desk.retain(|entry| *entry != act);
    line.held[1].relay.retain(|entry| *entry != act);
    line.held[1].proofs.clear();
    let (ruling, findings) = together(&line, line.files(0), line.files(1));
    assert_eq!(ruling, Ruling::Truncated, "{findings:?}");
    assert_eq!(findings[0].rule, "LACKS_OWN_STATEMENT");
    names_only(&findings, &borenia);
}

#[test]
fn a_statement_that_does_not_name_the_one_before_it_convicts_its_sender_and_not_the_relay_that_took_it() {
    let mut play = Play::new();
    play.message(1, "First.", None);
    let mut second = play.unsigned(1, "Second.", None);
    second.header.previous = Hash::of(b"something else");
    second.approvals.clear();
    let bytes = play.line.sides[1]
        .desk
        .sign(PayloadType::Message, &second.encode());
    play.line.held[0].relay.push(bytes);
    let line = play.line;
    let (ruling, findings) = alone(&line, 0, line.files(0));
    assert_eq!(ruling, Ruling::Failed("BROKEN_CHAIN"), "{findings:?}");
    names_only(&findings, &line.sides[1].domain);
}

#[test]
fn what_a_log_has_signed_wrongly_is_its_own_doing_and_not_that_of_whoever_mirrors_it() {
    let mut line = play(SHORT);
    let double = line.held[1].relay[2].clone();
    line.held[1].relay.push(double);
    let entries = line.held[1].relay.clone();
    let mut note = Note::parse(&line.sides[1].relay.note(&entries)).unwrap();
    let mirror = line.sides[0].cosigner(true);
    note.signatures.push(mirror.cosign(&note.text, NOW / 1000 + 99));
    line.held[0].mirrored = entries.clone();
    line.held[0].mirrored_note = Some(note);
    let (ruling, findings) = alone(&line, 0, line.files(0));
    let last = entries.len() as u64 - 1;
    assert_eq!(ruling, Ruling::Altered(Some(last)), "{findings:?}");
    names_only(&findings, &line.sides[1].domain);
    // What the mirror itself has changed is the mirror's.
    let mut files = line.files(0);
    let entries = files
        .iter_mut()
        .find(|(path, _)| path.starts_with("mirrors/") && path.contains("tile/entries/"));
    entries.unwrap().1[200] ^= 1;
    let (ruling, findings) = alone(&line, 0, files);
    assert_eq!(ruling, Ruling::Altered(Some(0)), "{findings:?}");
    assert_eq!(findings[0].evidence_of, line.sides[0].domain);
    assert!(findings[0].who.starts_with("mirror "), "{findings:?}");
}

/// Avelia's roster with the end of these keys, and its last entries.
fn ended(line: &Line, keys: &[Hash], claimed_ms: u64) -> (Roster, Vec<Vec<u8>>) {
    let mut builder = line.sides[0].builder();
    for key in keys {
        builder.revoke(*key, "ended", claimed_ms).unwrap();
    }
    let roster = builder.finish();
    let all: Vec<Vec<u8>> = roster.entries().map(<[u8]>::to_vec).collect();
    let new = all[all.len() - keys.len()..].to_vec();
    (roster, new)
}

/// Avelia's relay signs another history of its log, and then ends its key.
fn ended_behind(claimed_ms: u64, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> (Line, Files, Files) {
    let mut line = play(SHORT);
    let honest = line.files(1);
    let (roster, _) = ended(&line, &[line.sides[0].relay.statement], claimed_ms);
    line.rosters[0] = roster.to_text();
    let (line, tampered, _) = line.resigned(change);
    (line, tampered, honest)
}

#[test]
fn an_owner_who_ends_the_key_of_a_log_does_not_get_rid_of_what_both_sides_signed_before() {
    let (line, a, b) = ended_behind(LATER, |relay| relay.truncate(9));
    let (ruling, findings) = together(&line, a, b);
    assert_eq!(ruling, Ruling::Truncated, "{findings:?}");
    names_only(&findings, &line.sides[0].domain);
    let (line, a, b) = ended_behind(LATER, |relay| relay.swap(1, 2));
    let (ruling, findings) = together(&line, a, b);
    assert_eq!(ruling, Ruling::Fork, "{findings:?}");
    let (name, domain) = (line.sides[0].relay.origin(), &line.sides[0].domain);
    assert!(
        findings
            .iter()
            .all(|finding| finding.who.contains(name) || finding.evidence_of == *domain),
        "{findings:?}"
    );
}

#[test]
fn an_owner_who_says_that_the_key_of_its_log_ended_long_ago_clears_itself_of_nothing_and_blames_nobody() {
    let (line, a, b) = ended_behind(NOW - 1, |relay| relay.truncate(9));
    let (ruling, findings) = together(&line, a, b);
    assert_eq!(ruling, Ruling::CannotTell("REVIEW"), "{findings:?}");
    names_only(&findings, &line.sides[0].domain);
}

#[test]
fn an_owner_whose_logs_hide_the_end_of_their_key_is_convicted_by_the_place_of_the_end_in_the_other_sides_log()
{
    let mut line = play(SHORT);
    let (roster, ends) = ended(&line, &[line.sides[0].relay.statement], NOW - 1);
    line.rosters = [roster.to_text(), line.rosters[1].clone()];
    line.held[1].relay.extend(ends);
    let honest = line.files(1);
    let held = &mut line.held[0];
    held.relay.truncate(9);
    held.notes.clear();
    held.proofs.clear();
    held.mirrored_note = None;
    let (ruling, findings) = together(&line, line.files(0), honest);
    assert_eq!(ruling, Ruling::Truncated, "{findings:?}");
    names_only(&findings, &line.sides[0].domain);
}

#[test]
fn a_thief_of_the_key_of_a_log_that_was_ended_convicts_nobody_with_a_history_of_its_own() {
    let mut line = play(SHORT);
    let mut forged = line.held[0].relay.clone();
    forged.swap(1, 2);
    let forged = line.sides[0].relay.note(&forged);
    let (roster, ends) = ended(&line, &[line.sides[0].relay.statement], LATER);
    line.rosters[0] = roster.to_text();
    line.held[0].relay.extend(ends.clone());
    let a = line.files(0);
    // Borenia writes it down in front of the end, as if it had come before.
    let south = &line.sides[1].relay;
    let leaf = PeerCheckpoint {
        relay: south.identity.clone(),
        key_statement: south.statement,
        note: forged.clone(),
        claimed_time_ms: NOW,
        mirrored: 0,
    };
    let leaf = south.sign(PayloadType::PeerCheckpoint, &leaf.encode());
    line.held[1].relay.push(leaf);
    line.held[1].relay.extend(ends);
    line.held[1].conflicts = vec![forged];
    let (ruling, findings) = together(&line, a, line.files(1));
    assert_eq!(ruling, Ruling::CannotTell("REVIEW"), "{findings:?}");
}

#[test]
fn honest_evidence_of_a_desk_and_a_relay_whose_keys_have_all_ended_is_judged_like_any_other() {
    let keys = |line: &Line| {
        let side = &line.sides[0];
        [
            vec![side.desk.statement, side.desk_log.statement],
            vec![side.relay.statement],
        ]
    };
    for which in 0..2 {
        let mut line = play(SHORT);
        let (roster, ends) = ended(&line, &keys(&line)[which], LATER);
        line.rosters = [roster.to_text(), line.rosters[1].clone()];
        for held in &mut line.held {
            held.relay.extend(ends.clone());
        }
        for place in 0..2 {
            let (ruling, findings) = alone(&line, place, line.files(place));
            assert_eq!(ruling, Ruling::Match, "{findings:?}");
        }
        let (ruling, findings) = together(&line, line.files(0), line.files(1));
        assert_eq!(ruling, Ruling::Match, "{findings:?}");
        let (a, b) = (line.bundle(0), line.bundle(1));
        let report = judged(&[&a, &b], &line.policy(NOBODY)).dispute("A-0001").unwrap();
        assert_eq!(report.verdict, Ruling::Match, "{report}");
    }
}

/// Two security officers of Avelia, with the roster that enrols them.
fn officers(line: &Line) -> (Roster, [line::Signer; 2]) {
    let mut builder = line.sides[0].builder();
    let mut signers = Vec::new();
    for (name, seed) in [("weiss", 150u8), ("tanaka", 151)] {
        let identity = format!("spiffe://{}/officer/{name}", line.sides[0].domain);
        let statement = builder
            .enrol(Enrolment {
                purpose: Purpose::Officer,
                subject: identity.clone(),
                roles: vec![7],
                public_key: SigningKey::from_seed(&[seed; 32]).public(),
                not_before_ms: NOW - 1_000_000,
                not_after_ms: NOW + 1_000_000,
            })
            .unwrap();
        signers.push(line::Signer::new(identity, statement, seed));
    }
    (builder.finish(), signers.try_into().ok().unwrap())
}

fn deny(list: &mut DenyList, roster: &Roster, officers: &[line::Signer; 2], identity: &str) {
    let order = list.next(identity, "lost", 0, NOW);
    let signed = [&officers[0], &officers[1]].map(|by| {
        let said = Deny {
            officer: by.identity.clone(),
            key_statement: by.statement,
            order: order.encode(),
        };
        by.sign(PayloadType::Deny, &said.encode())
    });
    list.append([&signed[0], &signed[1]], roster).unwrap();
}

#[test]
fn two_deny_lists_that_part_convict_the_side_whose_officers_signed_them_and_all_else_is_judged() {
    let mut line = play(SHORT);
    let (roster, officers) = officers(&line);
    line.rosters[0] = roster.to_text();
    let domain = line.sides[0].domain.clone();
    let mut list = DenyList::empty(&roster);
    deny(
        &mut list,
        &roster,
        &officers,
        &format!("spiffe://{domain}/desk/old"),
    );
    let lists = ["one", "two"].map(|name| {
        let mut list = list.clone();
        deny(
            &mut list,
            &roster,
            &officers,
            &format!("spiffe://{domain}/desk/{name}"),
        );
        list.to_text()
    });
    let path = format!("keys/{domain}/deny");
    let (mut a, mut b) = (line.files(0), line.files(1));
    a.insert(path.clone(), lists[0].clone().into());
    b.insert(path.clone(), lists[1].clone().into());
    let (ruling, findings) = together(&line, a.clone(), b.clone());
    assert_eq!(ruling, Ruling::Equivocation, "{findings:?}");
    names_only(&findings, &domain);
    let Proof::Statements(two) = &findings[0].proof else {
        panic!("{findings:?}")
    };
    let said = [&two.statement_a, &two.statement_b].map(|line| format!("{line}\n"));
    assert!(
        lists
            .iter()
            .all(|list| said.iter().any(|line| list.ends_with(line.as_str())))
    );
    // One that only goes on is no contradiction.
    b.insert(path, list.to_text().into());
    let (ruling, findings) = together(&line, a, b);
    assert_eq!(ruling, Ruling::Match, "{findings:?}");
}

#[test]
fn a_cosigners_key_that_its_side_has_ended_dates_nothing_though_the_policy_names_it() {
    let mut line = play(SHORT);
    let facts = |line: &Line| {
        let (a, b) = (line.bundle(0), line.bundle(1));
        let report = judged(&[&a, &b], &line.policy(NOBODY)).dispute("B-0001").unwrap();
        let lines = report.proved.into_iter();
        lines
            .filter(|line| line.starts_with("COSIGNED"))
            .collect::<Vec<_>>()
    };
    assert!(!facts(&line).is_empty());
    let (roster, _) = ended(&line, &[line.sides[0].witness.statement], LATER);
    line.rosters = [roster.to_text(), line.rosters[1].clone()];
    let left = facts(&line);
    assert!(
        left.iter().all(|line| !line.contains("north/witness")),
        "{left:?}"
    );
}

#[test]
fn a_log_under_another_key_than_the_policy_names_is_not_believed_though_a_roster_enrols_it() {
    let line = play(SHORT);
    let origin = line.sides[0].relay.origin();
    let key = |seed: u8| {
        let signer = LogSigner::new(origin, SigningKey::from_seed(&[seed; 32])).unwrap();
        signer.verifier().verifier_key().to_string()
    };
    let own = LogSigner::new(origin, line.sides[0].relay.key())
        .unwrap()
        .verifier()
        .verifier_key()
        .to_string();
    let text = line.policy_text(NOBODY);
    assert!(text.contains(&own));
    let other = Policy::parse(text.replace(&own, &key(99)).as_bytes()).unwrap();
    let bundle = line.bundle(0);
    let evidence = judged(&[&bundle], &other);
    let report = evidence.verify();
    assert_eq!(report.verdict, Ruling::Failed("OTHER_LOG_KEY"), "{report}");
    names_only(&report.findings, &line.sides[0].domain);
    // The other side's mirror of it is under the same key.
    let bundle = line.bundle(1);
    let report = judged(&[&bundle], &other).verify();
    assert_eq!(report.verdict, Ruling::Failed("OTHER_LOG_KEY"), "{report}");
    names_only(&report.findings, &line.sides[0].domain);
    // Both keys of a log whose key was replaced may stand in a policy.
    let both = text.replace(&own, &format!("{own}\nlog {}", key(99)));
    let both = Policy::parse(both.as_bytes()).unwrap();
    let bundle = line.bundle(0);
    assert_eq!(judged(&[&bundle], &both).verify().verdict, Ruling::Match);
}

#[test]
fn the_log_that_follows_another_binds_the_old_one_by_the_checkpoint_in_its_link() {
    let mut line = play(SHORT);
    let origin = line.sides[0].relay.origin().to_owned();
    let mut builder = line.sides[0].builder();
    let identity = format!("spiffe://{}/relay/north-2", line.sides[0].domain);
    let statement = builder
        .enrol(Enrolment {
            purpose: Purpose::Log,
            subject: identity.clone(),
            roles: Vec::new(),
            public_key: SigningKey::from_seed(&[160; 32]).public(),
            not_before_ms: NOW - 1_000_000,
            not_after_ms: NOW + 1_000_000,
        })
        .unwrap();
    line.rosters[0] = builder.finish().to_text();
    let new = line::Signer::new(identity.clone(), statement, 160);
    let link = LogLink {
        relay: identity,
        key_statement: statement,
        old_origin: origin.clone(),
        old_note: line.sides[0].relay.note(&line.held[0].relay),
        reason: "restored".to_owned(),
        claimed_time_ms: NOW,
    };
    let entries = [new.sign(PayloadType::LogLink, &link.encode())];
    let held = &mut line.held[0];
    held.notes.clear();
    held.proofs.clear();
    held.mirrored_note = None;
    let with_link = |line: &Line| {
        let mut files = line.files(0);
        line::put_log(
            &mut files,
            &format!("logs/{}", new.origin()),
            &new.note(&entries),
            &entries,
        );
        files
    };
    let (ruling, findings) = alone(&line, 0, with_link(&line));
    assert_eq!(ruling, Ruling::Match, "{findings:?}");
    line.held[0].relay.truncate(9);
    let (ruling, findings) = alone(&line, 0, with_link(&line));
    assert_eq!(ruling, Ruling::Truncated, "{findings:?}");
    assert_eq!(findings[0].rule, "BEHIND_ITS_CHECKPOINT");
    names_only(&findings, &line.sides[0].domain);
}
