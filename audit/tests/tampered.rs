//! Evidence that one side has tampered with: each way is found and named, in the bundles alone or against the other side's.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod line;

use hotline_audit::bundle::Bundle;
use hotline_audit::dsse::{PayloadType, PublicKey, SignedStatement};
use hotline_audit::evidence::{Evidence, Finding, Proof, Ruling};
use hotline_audit::hash::Hash;
use hotline_audit::policy::Policy;
use hotline_audit::statement::{KeyStatement, Recipient};
use hotline_audit::tiles::{Files, entries_path};
use hotline_audit::trust::{TrustPolicy, root_line};
use hotline_audit::verify::verify_directory;
use line::story::{Play, SHORT, play};
use line::{Line, NOW};

const NOBODY: &str = "quorum none";

fn judged<'b>(bundles: &[&'b Bundle], policy: &Policy) -> Evidence<'b> {
    Evidence::judge(bundles, policy).unwrap()
}

/// The ruling on one side's bundle of these files by itself.
fn alone(line: &Line, place: usize, files: Files) -> Ruling {
    let bundle = line::read(&line.pack(place, files)).unwrap();
    judged(&[&bundle], &line.policy(NOBODY)).verify().verdict
}

/// The gravest finding in both sides' bundles together.
fn together(line: &Line, a: Files, b: Files) -> (Ruling, Option<Finding>) {
    let [a, b] = [line.pack(0, a), line.pack(1, b)].map(|bytes| line::read(&bytes).unwrap());
    let evidence = judged(&[&a, &b], &line.policy(NOBODY));
    (evidence.compare().verdict, evidence.findings().first().cloned())
}

/// The rule by which nothing is judged at all.
fn refused(line: &Line, files: Files) -> &'static str {
    let bundle = line::read(&line.pack(0, files)).unwrap();
    Evidence::judge(&[&bundle], &line.policy(NOBODY))
        .unwrap_err()
        .rule
}

/// Changes the entries of Avelia's relay log and nothing else: no tile, no checkpoint.
fn with_entries(line: &Line, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Files {
    let mut files = line.files(0);
    let origin = line.sides[0].relay.origin();
    let mut entries = line.held[0].relay.clone();
    let path = format!("logs/{origin}/{}", entries_path(0, entries.len() as u64));
    change(&mut entries);
    let framed = |entry: &Vec<u8>| [&u16::try_from(entry.len()).unwrap().to_be_bytes()[..], entry].concat();
    files.insert(path, entries.iter().flat_map(framed).collect());
    files
}

#[test]
fn clean_evidence_matches_alone_together_and_in_a_dispute() {
    let line = play(SHORT);
    for place in 0..2 {
        let bundle = line.bundle(place);
        let evidence = judged(&[&bundle], &line.policy("quorum either"));
        let report = evidence.verify();
        assert_eq!(report.verdict, Ruling::Match, "{report}");
        assert_eq!(report.exit_code, 0);
    }
    let (ruling, finding) = together(&line, line.files(0), line.files(1));
    assert_eq!(ruling, Ruling::Match, "{finding:?}");
}

#[test]
fn an_edited_entry_is_altered_at_its_index() {
    let line = play(SHORT);
    let files = with_entries(&line, |entries| entries[3][200] ^= 1);
    assert_eq!(alone(&line, 0, files), Ruling::Altered(Some(3)));
}

#[test]
fn a_deleted_entry_is_altered_at_its_index() {
    let line = play(SHORT);
    let files = with_entries(&line, |entries| drop(entries.remove(4)));
    assert_eq!(alone(&line, 0, files), Ruling::Altered(Some(4)));
}

#[test]
fn an_inserted_entry_is_altered_at_its_index() {
    let line = play(SHORT);
    // The other relay's own record, which belongs into its own log.
    let foreign = line.held[1].relay.last().unwrap().clone();
    let files = with_entries(&line, |entries| entries.insert(2, foreign));
    let ruling = alone(&line, 0, files);
    assert_eq!(ruling, Ruling::Altered(Some(2)));
}

#[test]
fn a_duplicated_entry_is_altered_at_its_index() {
    let line = play(SHORT);
    let files = with_entries(&line, |entries| entries.insert(6, entries[5].clone()));
    assert_eq!(alone(&line, 0, files), Ruling::Altered(Some(6)));
}

#[test]
fn reordered_entries_are_altered_at_the_first_that_moved() {
    let line = play(SHORT);
    let files = with_entries(&line, |entries| entries.swap(1, 5));
    assert_eq!(alone(&line, 0, files), Ruling::Altered(Some(1)));
}

#[test]
fn a_log_whose_end_is_missing_is_truncated() {
    let line = play(SHORT);
    let files = with_entries(&line, |entries| entries.truncate(9));
    assert_eq!(alone(&line, 0, files), Ruling::Truncated);
}

#[test]
fn a_log_rolled_back_and_signed_again_is_truncated_and_the_other_sides_note_proves_it() {
    let (line, a, b) = play(SHORT).resigned(|entries| entries.truncate(9));
    let (ruling, finding) = together(&line, a, b);
    assert_eq!(ruling, Ruling::Truncated);
    let finding = finding.unwrap();
    assert_eq!(finding.evidence_of, line.sides[0].domain);
    assert!(finding.who.contains(line.sides[0].relay.origin()), "{finding:?}");
    let Proof::Note { note, .. } = finding.proof else {
        panic!("no note")
    };
    assert!(
        note.contains(line.sides[1].witness.origin()),
        "cosigned by the other side: {note}"
    );
}

#[test]
fn a_fork_at_the_same_size_is_proved_by_two_signed_leaves() {
    let (line, a, b) = play(SHORT).resigned(|entries| {
        let last = entries.len() - 2;
        entries.swap(last - 1, last - 2);
    });
    fork_is_proved(&line, a, b);
}

#[test]
fn a_fork_that_began_earlier_is_proved_too() {
    let (line, a, b) = play(SHORT).resigned(|entries| entries.swap(1, 2));
    fork_is_proved(&line, a, b);
}

fn fork_is_proved(line: &Line, a: Files, b: Files) {
    let (ruling, finding) = together(line, a, b);
    assert_eq!(ruling, Ruling::Fork, "{finding:?}");
    let finding = finding.unwrap();
    assert!(finding.who.contains(line.sides[0].relay.origin()), "{finding:?}");
    let mut rosters = hotline_audit::RosterSet::new();
    for side in &line.sides {
        rosters.update(side.builder().finish()).unwrap();
    }
    let trust = TrustPolicy::new(rosters);
    match finding.proof {
        Proof::Leaves(fork) => assert!(fork.holds(&trust)),
        Proof::Roots(fork) => assert!(fork.holds(&trust)),
        other => panic!("no proof of a fork: {other:?}"),
    }
}

#[test]
fn two_notes_of_one_size_are_a_fork_without_any_entry() {
    let mut line = play(SHORT);
    let mut other = line.held[0].relay.clone();
    other.swap(1, 2);
    line.held[1].conflicts = vec![line.sides[0].relay.note(&other)];
    line.held[1].mirrored_note = None;
    assert_eq!(alone(&line, 1, line.files(1)), Ruling::Fork);
    let (ruling, _) = together(&line, line.files(0), line.files(1));
    assert_eq!(ruling, Ruling::Fork);
}

#[test]
fn a_withheld_receipt_is_shown_by_the_other_side_and_proves_delivery() {
    let mut play = Play::new();
    let message = play.message(0, "We are withdrawing.", None);
    play.receipt(1, &message, 4);
    let mut line = play.line;
    // Borenia hands in its relay's log, to which the receipt never came, and not its desk's.
    line.held[1].relay.truncate(1);
    line.held[1].proofs.clear();
    let mut b = line.files(1);
    b.retain(|path, _| !path.contains("/desk/"));
    let (ruling, finding) = together(&line, line.files(0), b.clone());
    assert_eq!(ruling, Ruling::ReceiptProvesDelivery, "{finding:?}");
    let [a, b] = [line.pack(0, line.files(0)), line.pack(1, b)].map(|bytes| line::read(&bytes).unwrap());
    let report = judged(&[&a, &b], &line.policy(NOBODY)).dispute("A-0001").unwrap();
    assert_eq!(report.verdict, Ruling::ReceiptProvesDelivery, "{report}");
    assert_eq!(report.exit_code, 11);
}

#[test]
fn a_side_that_hands_in_no_log_proves_nothing_and_the_missing_logs_are_asked_for() {
    let line = play(SHORT);
    let mut b = line.files(1);
    b.retain(|path, _| !path.starts_with("logs/"));
    assert_eq!(alone(&line, 1, b.clone()), Ruling::CannotTell("NO_LOG"));
    let [a, b] = [line.pack(0, line.files(0)), line.pack(1, b)].map(|bytes| line::read(&bytes).unwrap());
    let report = judged(&[&a, &b], &line.policy(NOBODY)).compare();
    assert_eq!(report.verdict, Ruling::ReceiptProvesDelivery, "{report}");
    assert!(report.sentence.contains("A-0001"), "{}", report.sentence);
    for log in ["relay/south", "desk/ops"] {
        let asked = format!("does not hand in the log {}/{log}", line.sides[1].domain);
        assert!(
            report.remarks.iter().any(|told| told.ends_with(&asked)),
            "{report}"
        );
    }
    let dispute = judged(&[&a, &b], &line.policy(NOBODY)).dispute("A-0001").unwrap();
    assert!(
        dispute.sentence.contains("lacks the message itself; ")
            && dispute.sentence.contains("lacks its own DELIVERED, "),
        "{}",
        dispute.sentence
    );
}

#[test]
fn a_message_that_nobody_signed_for_is_sent_without_receipt() {
    let mut play = Play::new();
    play.message(0, "Is anybody there?", None);
    let mut line = play.line;
    line.held[1] = line::Held::default();
    let mut b = line.files(1);
    b.retain(|path, _| !path.starts_with("logs/"));
    let (ruling, finding) = together(&line, line.files(0), b.clone());
    assert_eq!(ruling, Ruling::SentNoReceipt, "{finding:?}");
    let [a, b] = [line.pack(0, line.files(0)), line.pack(1, b)].map(|bytes| line::read(&bytes).unwrap());
    let report = judged(&[&a, &b], &line.policy(NOBODY)).dispute("A-0001").unwrap();
    assert_eq!(
        (report.verdict.clone(), report.exit_code),
        (Ruling::SentNoReceipt, 10),
        "{report}"
    );
}

#[test]
fn a_message_replayed_to_another_recipient_is_named() {
    let mut play = Play::new();
    let mut message = play.unsigned(1, "For somebody else.", None);
    message.header.recipients = vec![Recipient {
        identity: "spiffe://exercise.avelia.example/desk/other".to_owned(),
        kind: 1,
    }];
    message.approvals.clear();
    let mut line = play.line;
    let bytes = line.sides[1].desk.sign(PayloadType::Message, &message.encode());
    for held in &mut line.held {
        held.relay.push(bytes.clone());
    }
    line.held[1].desk.push(bytes.clone());
    assert_eq!(alone(&line, 1, line.files(1)), Ruling::Match);
    line.held[0].desk.push(bytes);
    assert_eq!(alone(&line, 0, line.files(0)), Ruling::Failed("WRONG_RECIPIENT"));
}

/// The same statement with one length written in two bytes where one does.
fn reencoded(statement: &[u8]) -> Vec<u8> {
    // Field 1, length below 128: tag, length, text.
    let mut other = vec![statement[0], statement[1] | 0x80, 0x00];
    other.extend_from_slice(&statement[2..]);
    other
}

#[test]
fn a_statement_in_another_encoding_is_altered_even_where_the_log_signed_it() {
    let line = play(SHORT);
    let files = with_entries(&line, |entries| entries[3] = reencoded(&entries[3]));
    assert_eq!(alone(&line, 0, files), Ruling::Altered(Some(3)));
    let (line, a, _) = line.resigned(|entries| entries[3] = reencoded(&entries[3]));
    let bundle = line::read(&line.pack(0, a)).unwrap();
    let evidence = judged(&[&bundle], &line.policy(NOBODY));
    let named = evidence
        .findings()
        .iter()
        .find(|finding| finding.rule == "MALFORMED");
    assert_eq!(named.unwrap().index, Some(3));
    assert_ne!(evidence.verify().exit_code, 0);
}

#[test]
fn a_weak_key_in_a_roster_is_refused_though_the_root_signed_it() {
    let mut line = play(SHORT);
    let side = &line.sides[0];
    let roster = side.builder().finish();
    let head = roster.head().unwrap();
    let mut weak = [0; 32];
    weak[0] = 1;
    assert!(PublicKey::parse(&weak).is_err());
    let statement = KeyStatement {
        trust_domain: side.domain.clone(),
        number: head.number + 1,
        previous: head.hash,
        purpose: 1,
        subject: format!("spiffe://{}/desk/weak", side.domain),
        roles: Vec::new(),
        public_key: weak,
        not_before_ms: NOW,
        not_after_ms: NOW + 1,
    };
    let signed = SignedStatement::sign(PayloadType::Key, &statement.encode(), &side.root).unwrap();
    let added = data_encoding::BASE64.encode(signed.bytes());
    line.rosters[0] = format!("{}{added}\n", line.rosters[0]);
    assert_eq!(refused(&line, line.files(0)), "WEAK_KEY");
}

#[test]
fn words_that_are_not_those_committed_to_are_refused_as_an_opening() {
    let line = play(SHORT);
    let mut files = line.files(0);
    let path = line::opening_in(&files);
    let text = String::from_utf8(files[&path].clone())
        .unwrap()
        .replace("quiet", "loud");
    files.insert(path, text.into_bytes());
    assert_eq!(alone(&line, 0, files), Ruling::Failed("OPENING_MISMATCH"));
}

#[test]
fn a_key_used_behind_its_revocation_is_named() {
    let mut play = Play::new();
    play.message(0, "Before.", None);
    let mut builder = play.line.sides[0].builder();
    builder
        .revoke(play.line.sides[0].desk.statement, "lost", NOW)
        .unwrap();
    let roster = builder.finish();
    let revocation = roster.entries().last().unwrap().to_vec();
    play.line.rosters = [roster.to_text(), play.line.rosters[1].clone()];
    for held in &mut play.line.held {
        held.relay.push(revocation.clone());
    }
    let before = play.line.files(1);
    assert_eq!(alone(&play.line, 1, before), Ruling::Match);
    play.message(0, "After.", None);
    let bundle = play.line.bundle(1);
    let report = judged(&[&bundle], &play.line.policy(NOBODY)).verify();
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.rule == "REVOKED_KEY"),
        "{report}"
    );
    assert_ne!(report.exit_code, 0);
}

/// Avelia's desk signs a message, which north holds before the end of the desk's key; `seen` tells whether Borenia has cosigned
/// that; it comes to Borenia's relay behind the end.
fn a_message_that_came_late(seen: bool) -> Play {
    let mut play = Play::new();
    let message = play.message(0, "In time.", None);
    play.line.held[1].relay.clear();
    play.receipt(1, &message, 4);
    if seen {
        play.cosign();
    }
    let mut builder = play.line.sides[0].builder();
    builder
        .revoke(play.line.sides[0].desk.statement, "lost", NOW)
        .unwrap();
    let roster = builder.finish();
    let revocation = roster.entries().last().unwrap().to_vec();
    play.line.rosters = [roster.to_text(), play.line.rosters[1].clone()];
    for held in &mut play.line.held {
        held.relay.push(revocation.clone());
    }
    play.line.held[1].relay.push(message);
    play
}

#[test]
fn a_message_that_both_sides_saw_before_its_key_ended_counts_wherever_it_came_late() {
    let line = a_message_that_came_late(true).line;
    let (ruling, finding) = together(&line, line.files(0), line.files(1));
    assert_eq!(ruling, Ruling::Match, "{finding:?}");
}

#[test]
fn a_message_that_nobody_can_date_before_the_end_of_its_key_is_for_people_to_review() {
    let line = a_message_that_came_late(false).line;
    let (ruling, finding) = together(&line, line.files(0), line.files(1));
    assert_eq!(ruling, Ruling::CannotTell("REVIEW"), "{finding:?}");
}

#[test]
fn a_bundle_with_trust_anchors_of_its_own_is_refused() {
    let line = play(SHORT);
    let stranger = line::Side::new("avelia", "A", "north", 90);
    let root = format!("keys/{}/root.pub", stranger.domain);
    let roster = format!("keys/{}/roster", stranger.domain);
    let mut files = line.files(0);
    files.insert(
        root.clone(),
        root_line(&stranger.domain, &stranger.root.public()).into(),
    );
    assert_eq!(refused(&line, files), "FOREIGN_ANCHOR", "another root");
    let mut files = line.files(0);
    files.insert(roster, stranger.roster.clone().into());
    files.remove(&root);
    assert_eq!(
        refused(&line, files),
        "FOREIGN_ANCHOR",
        "a roster of another root"
    );
    let mut files = line.files(0);
    let elsewhere = line::Side::new("caldria", "C", "west", 90);
    files.insert(
        format!("keys/{}/root.pub", elsewhere.domain),
        root_line(&elsewhere.domain, &elsewhere.root.public()).into(),
    );
    assert_eq!(
        refused(&line, files),
        "FOREIGN_ANCHOR",
        "a trust domain that the policy does not name"
    );
}

#[test]
fn a_key_file_inside_a_log_folder_is_refused() {
    let line = play(SHORT);
    let dir = tempfile::tempdir().unwrap();
    for (file, bytes) in line.files(0) {
        if let Some(file) = file.strip_prefix(&format!("logs/{}/", line.sides[0].relay.origin())) {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
    let mut rosters = hotline_audit::RosterSet::new();
    for side in &line.sides {
        rosters.update(side.builder().finish()).unwrap();
    }
    let trust = TrustPolicy::new(rosters);
    assert!(verify_directory(dir.path(), &trust).passed());
    std::fs::write(
        dir.path().join("notes.txt"),
        "-----BEGIN PRIVATE KEY-----\nAA==\n",
    )
    .unwrap();
    let report = verify_directory(dir.path(), &trust);
    assert_eq!(report.faults[0].rule, "KEY_FILE");
    assert!(!report.passed());
}

#[test]
fn a_desk_log_cut_behind_its_last_statements_is_truncated_by_what_others_hold_of_it() {
    let mut line = play(SHORT);
    let honest = line.files(0);
    let whole = line.held[1].desk.clone();
    line.held[1].desk.truncate(whole.len() - 4);
    let (ruling, finding) = together(&line, honest, line.files(1));
    assert_eq!(ruling, Ruling::Truncated, "{finding:?}");
    let finding = finding.unwrap();
    assert_eq!(finding.rule, "LACKS_OWN_STATEMENT");
    assert_eq!(finding.evidence_of, line.sides[1].domain);
}

#[test]
fn a_message_signed_again_with_other_words_is_equivocation_with_both_statements() {
    let mut play = Play::new();
    let message = play.unsigned(0, "At noon.", None);
    let mut other = message.clone();
    other.content = hotline_audit::statement::Content::plain([7; 32], "At midnight.");
    other.approvals.clear();
    let mut line = play.line;
    let [said, changed] =
        [&message, &other].map(|message| line.sides[0].desk.sign(PayloadType::Message, &message.encode()));
    for (held, bytes) in line.held.iter_mut().zip([changed, said]) {
        held.relay.push(bytes.clone());
        held.desk.push(bytes);
    }
    let (ruling, finding) = together(&line, line.files(0), line.files(1));
    assert_eq!(ruling, Ruling::Equivocation, "{finding:?}");
    let finding = finding.unwrap();
    assert_eq!(finding.who, line.sides[0].desk.identity);
    assert!(matches!(finding.proof, Proof::Statements(_)));
}

#[test]
fn an_edited_body_is_altered_in_the_evidence_of_whoever_edited_it() {
    let line = play(SHORT);
    let a = with_entries(&line, |entries| {
        let place = entries[0]
            .windows(5)
            .position(|window| window == b"quiet")
            .unwrap();
        entries[0][place..place + 5].copy_from_slice(b"loud!");
    });
    let (ruling, finding) = together(&line, a, line.files(1));
    assert_eq!(ruling, Ruling::Altered(Some(0)));
    assert_eq!(finding.unwrap().evidence_of, line.sides[0].domain);
}

#[test]
fn entries_tiles_and_all_changed_alike_are_placed_by_the_other_sides_mirror() {
    let line = play(SHORT);
    let mut entries = line.held[0].relay.clone();
    let mut files = line.files(0);
    let folder = format!("logs/{}", line.sides[0].relay.origin());
    let note = files[&format!("{folder}/checkpoint")].clone();
    entries.swap(2, 4);
    files.retain(|path, _| !path.starts_with(&folder));
    line::put_log(&mut files, &folder, &line.sides[0].relay.note(&entries), &entries);
    files.insert(format!("{folder}/checkpoint"), note);
    let (ruling, finding) = together(&line, files, line.files(1));
    assert!(matches!(ruling, Ruling::Altered(Some(_))), "{ruling} {finding:?}");
}

#[test]
fn a_mirror_that_lacks_what_it_cosigned_is_truncated_too() {
    let mut line = play(SHORT);
    line.held[1].mirrored.truncate(5);
    let note = line.sides[0].relay.note(&line.held[1].mirrored);
    line.held[1].mirrored_note = Some(hotline_audit::note::Note::parse(&note).unwrap());
    assert_eq!(alone(&line, 1, line.files(1)), Ruling::Truncated);
}

#[test]
fn an_altered_cosignature_and_a_missing_quorum_are_named() {
    let line = play(SHORT);
    let path = |files: &Files| {
        files
            .keys()
            .rfind(|path| path.starts_with("cosigned/"))
            .unwrap()
            .clone()
    };
    let mut files = line.files(0);
    let note = path(&files);
    let text = String::from_utf8(files[&note].clone()).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let last = lines.last_mut().unwrap();
    let place = last.len() - 12;
    let other = if last.as_bytes()[place] == b'A' { "B" } else { "A" };
    last.replace_range(place..=place, other);
    files.insert(note, format!("{}\n", lines.join("\n")).into_bytes());
    assert_eq!(alone(&line, 0, files), Ruling::Failed("BAD_COSIGNATURE"));
    let mut unsigned = play_without_witnesses();
    unsigned.held[0].notes.clear();
    let bundle = unsigned.bundle(0);
    let report = judged(&[&bundle], &unsigned.policy("quorum either")).verify();
    assert_eq!(report.verdict, Ruling::Failed("QUORUM_NOT_MET"), "{report}");
    assert_eq!(
        judged(&[&bundle], &unsigned.policy(NOBODY)).verify().verdict,
        Ruling::Match
    );
}

fn play_without_witnesses() -> Line {
    let mut play = Play::new();
    let message = play.message(0, "Nobody watches.", None);
    play.receipt(1, &message, 4);
    play.line
}

#[test]
fn logs_of_the_other_side_are_refused_as_ones_own() {
    let line = play(SHORT);
    let mut files = line.files(0);
    let entries = &line.held[1].relay;
    line::put_log(
        &mut files,
        &format!("logs/{}", line.sides[1].relay.origin()),
        &line.sides[1].relay.note(entries),
        entries,
    );
    assert_eq!(refused(&line, files), "WRONG_SIDE");
}

#[test]
fn a_roster_in_an_older_copy_is_refused_where_the_policy_pins_a_newer_entry() {
    let line = play(SHORT);
    let pinned = format!(
        "{}hotline-roster {} 99 {}\n",
        line.policy_text(NOBODY),
        line.sides[0].domain,
        Hash::of(b"no such entry")
    );
    let policy = Policy::parse(pinned.as_bytes()).unwrap();
    let bundle = line.bundle(0);
    assert_eq!(
        Evidence::judge(&[&bundle], &policy).unwrap_err().rule,
        "OLDER_ROSTER"
    );
}
