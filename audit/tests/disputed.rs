//! Evidence made to deceive whoever decides a dispute: stolen keys that were ended, words that nobody could read, messages
//! that nobody released, logs that are withheld, notes with lines in them that are nobody's.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod line;

use hotline_audit::Hash;
use hotline_audit::evidence::{DisputeReport, Evidence, Fact, Ruling, Standing};
use hotline_audit::note::{Note, NoteSignature};
use hotline_audit::opening::Opening;
use hotline_audit::sealed::{Container, Wrap};
use hotline_audit::statement::Content;
use hotline_audit::tiles::Files;
use line::story::{Play, SHORT, play};
use line::{Line, put_log};

const NOBODY: &str = "quorum none";

/// The report on one message of both sides' bundles.
fn dispute(line: &Line, message: &str) -> DisputeReport {
    dispute_of(line, [line.files(0), line.files(1)], message)
}

fn dispute_of(line: &Line, [a, b]: [Files; 2], message: &str) -> DisputeReport {
    let [a, b] = [line.pack(0, a), line.pack(1, b)].map(|bytes| line::read(&bytes).unwrap());
    let evidence = Evidence::judge(&[&a, &b], &line.policy(NOBODY)).unwrap();
    evidence.dispute(message).unwrap()
}

fn fact<'r>(report: &'r DisputeReport, rung: &str) -> &'r Fact {
    let found = report.life.facts.iter().find(|fact| fact.rung == rung);
    found.unwrap_or_else(|| panic!("no {rung}: {report}"))
}

/// The rule by which one side's bundle of these files is refused or found faulty.
fn alone(line: &Line, place: usize, files: Files) -> String {
    let bundle = line::read(&line.pack(place, files)).unwrap();
    match Evidence::judge(&[&bundle], &line.policy(NOBODY)) {
        Err(refused) => refused.rule.to_owned(),
        Ok(evidence) => evidence.verify().verdict.to_string(),
    }
}

#[test]
fn a_receipt_by_a_key_that_has_ended_proves_nothing_where_no_relay_dates_it() {
    let mut play = Play::new();
    let message = play.message(0, "You had this.", None);
    play.end(1, play.line.sides[1].desk.statement);
    // Avelia has Borenia's stolen key, and hands its receipt to no relay.
    play.receipt(1, &message, 4);
    play.only_in_desk(1, 0);
    let report = dispute(&play.line, "A-0001");
    assert_eq!(fact(&report, "DELIVERED").standing, Standing::Review, "{report}");
    assert_eq!(report.verdict, Ruling::CannotTell("REVIEW"), "{report}");
}

#[test]
fn a_message_by_a_key_that_has_ended_is_for_review_where_no_relay_dates_it() {
    let mut play = Play::new();
    play.end(0, play.line.sides[0].desk.statement);
    // Borenia has Avelia's stolen key, and signs for what it wrote itself.
    let forged = play.message(0, "We agree to everything.", None);
    play.only_in_desk(0, 1);
    play.receipt(1, &forged, 4);
    let report = dispute(&play.line, "A-0001");
    assert_eq!(report.verdict, Ruling::CannotTell("REVIEW"), "{report}");
    assert!(report.sentence.contains("A-0001"), "{}", report.sentence);
}

#[test]
fn an_approval_by_a_key_that_has_ended_is_for_review_where_no_relay_dates_it() {
    let mut play = Play::new();
    play.end(0, play.line.sides[0].releaser.statement);
    play.message(0, "Approved by a thief.", None);
    for held in &mut play.line.held {
        held.relay.pop();
    }
    play.line.held[0].proofs.clear();
    let report = dispute(&play.line, "A-0001");
    assert_eq!(report.verdict, Ruling::CannotTell("REVIEW"), "{report}");
}

#[test]
fn a_stolen_key_that_was_ended_convicts_nobody_of_equivocation() {
    let mut play = Play::new();
    let mut message = play.unsigned(0, "At noon.", None);
    play.sign(0, &message);
    play.cosign();
    play.end(0, play.line.sides[0].desk.statement);
    message.content = Content::plain([7; 32], "At midnight.");
    message.approvals.clear();
    play.sign(0, &message);
    play.only_in_desk(0, 1);
    let mut line = play.line;
    line.held[1].desk.remove(0);
    let report = dispute(&line, &Hash::of(&line.held[0].desk[0]).to_string());
    let named = report
        .findings
        .iter()
        .find(|finding| finding.rule == "EQUIVOCATION");
    assert!(named.is_none(), "{named:?}");
}

#[test]
fn what_did_not_open_at_its_recipient_is_no_match_whatever_its_sender_discloses() {
    let mut play = Play::new();
    let opening = Opening {
        salt: [5; 32],
        text: "What was committed to.".to_owned(),
    };
    let garbage = Container {
        wraps: vec![Wrap {
            key_statement: Hash([9; 32]),
            encapsulation: Box::new([7; 1_120]),
            wrapped_key: [7; 48],
        }],
        ciphertext: vec![9; 272],
    };
    let content = Content::sealed(opening.commitment(), &garbage);
    let message = play.with_content(0, content, None);
    let bytes = play.sign(0, &message);
    let why = "MISMATCH: it opens to something else";
    play.service(1, &bytes, 11, why);
    let mut a = play.line.files(0);
    let hash = Hash::of(&bytes);
    a.insert(
        format!("openings/{hash}.json"),
        opening.of_statement(hash).to_line().into(),
    );
    let report = dispute_of(&play.line, [a, play.line.files(1)], "A-0001");
    assert_eq!(report.verdict, Ruling::CannotTell("NOT_OPENED"), "{report}");
    assert_eq!(fact(&report, "NOT_OPENED").text, why);
    let page = report.to_string();
    assert!(page.contains(why), "{page}");
    assert!(
        page.contains(
            "disclosed by exercise.avelia.example, never opened at desk/ops of exercise.borenia.example"
        ),
        "{page}"
    );
    // A desk that has signed DELIVERED as well has read it.
    play.receipt(1, &bytes, 4);
    assert_eq!(dispute(&play.line, "A-0001").verdict, Ruling::Match);
}

#[test]
fn what_a_desk_says_of_itself_does_not_prove_that_a_message_arrived() {
    for kind in [8, 9] {
        let mut play = Play::new();
        let message = play.message(0, "Is anybody there?", None);
        play.service(
            1,
            &message,
            kind,
            "spiffe://exercise.borenia.example/desk/ops NO_RECEIPT",
        );
        let report = dispute(&play.line, "A-0001");
        assert_eq!(report.verdict, Ruling::SentNoReceipt, "{kind}: {report}");
    }
}

#[test]
fn a_message_that_no_releaser_approved_was_signed_and_not_released() {
    let without = |change: &dyn Fn(&mut Play)| {
        let mut play = Play::new();
        change(&mut play);
        let message = play.message(0, "On nobody's behalf.", None);
        play.receipt(1, &message, 4);
        dispute(&play.line, "A-0001")
    };
    let report = without(&|_| {});
    assert_eq!(fact(&report, "RELEASED").standing, Standing::Proved);
    // An officer who may watch and may not release.
    let report = without(&|play| play.line.sides[0].releaser = play.line.sides[0].watch.clone());
    assert_eq!(fact(&report, "SIGNED").standing, Standing::Foreign, "{report}");
    assert!(!report.proved.iter().any(|line| line.starts_with("RELEASED")));
}

#[test]
fn a_reply_that_no_releaser_approved_answers_nothing() {
    let mut play = Play::new();
    let message = play.message(0, "Do you accept?", None);
    let mut reply = play.unsigned(1, "We accept.", Some((&message, 4)));
    reply.approvals.clear();
    play.sign(1, &reply);
    let report = dispute(&play.line, "A-0001");
    let said = fact(&report, "SIGNED");
    assert_eq!(said.standing, Standing::Foreign);
    assert!(said.text.contains("ANSWERED ACCEPT"), "{}", said.text);
    assert_eq!(report.verdict, Ruling::SentNoReceipt, "{report}");
    assert!(
        !report.life.facts.iter().any(|fact| fact.rung == "ANSWERED"),
        "{report}"
    );
}

#[test]
fn a_message_that_asks_for_two_officers_and_has_one_says_so() {
    let mut play = Play::new();
    let mut message = play.unsigned(0, "At once.", None);
    message.precedence = 5;
    play.approve(0, &mut message);
    play.sign(0, &message);
    let report = dispute(&play.line, "A-0001");
    let text = &fact(&report, "RELEASED").text;
    assert!(text.contains("alone") && text.contains("two officers"), "{text}");
}

#[test]
fn a_dispute_says_which_logs_a_side_did_not_hand_in() {
    let mut play = Play::new();
    play.message(0, "Is anybody there?", None);
    let line = play.line;
    let mut b = line.files(1);
    b.retain(|path, _| !path.starts_with("logs/"));
    let report = dispute_of(&line, [line.files(0), b], "A-0001");
    assert_eq!(report.verdict, Ruling::SentNoReceipt, "{report}");
    let side = &line.sides[1].domain;
    assert!(
        report
            .sentence
            .contains(&format!("{side} did not hand in the log of desk/ops")),
        "{}",
        report.sentence
    );
    let asked = format!("{side} does not hand in the log {side}/relay/south");
    let json = serde_json::to_value(&report).unwrap();
    let remarks = json["remarks"].as_array().unwrap();
    assert!(remarks.iter().any(|told| told == &asked), "{remarks:?}");
    assert!(report.to_string().contains(&asked), "{report}");
    // With all logs there is nothing to ask for.
    let whole = dispute(&line, "A-0001");
    assert!(!whole.sentence.contains("hand in"), "{}", whole.sentence);
}

/// A line that passes for one of this cosigner.
fn junk(line: &NoteSignature) -> NoteSignature {
    let mut signature = line.signature.clone();
    let last = signature.len() - 1;
    signature[last] ^= 1;
    NoteSignature {
        signature,
        ..line.clone()
    }
}

#[test]
fn a_line_that_a_relay_made_up_does_not_take_away_what_its_note_proves() {
    let mut play = Play::new();
    for text in ["One.", "Two.", "Three."] {
        let message = play.message(0, text, None);
        play.receipt(1, &message, 4);
    }
    let mut line = play.line;
    // Avelia's relay has put a line of Borenia's witness under the note that Borenia's desk keeps; then it cuts its log.
    let mut note = Note::parse(&line.sides[0].relay.note(&line.held[0].relay)).unwrap();
    let good = line.sides[1].cosigner(false).cosign(&note.text, 1_795_000_100);
    note.signatures.push(junk(&good));
    line.held[1].notes = vec![note];
    line.held[0].relay.truncate(3);
    line.held[0].proofs.clear();
    let [a, b] = [line.bundle(0), line.bundle(1)];
    let evidence = Evidence::judge(&[&a, &b], &line.policy(NOBODY)).unwrap();
    let mut cuts = evidence.findings().iter();
    let cut = cuts.find(|finding| finding.rule == "BEHIND_ITS_CHECKPOINT");
    assert_eq!(cut.unwrap().evidence_of, line.sides[0].domain);
    assert_eq!(evidence.compare().verdict, Ruling::Truncated);
}

#[test]
fn a_line_of_somebody_elses_under_somebody_elses_log_is_a_remark_on_nobody() {
    let line = play(SHORT);
    // A neutral witness of the policy, whose line Avelia's relay made up under its own checkpoint.
    let neutral = hotline_audit::cosign::CosignSigner::new(
        "witness.example/neutral".parse().unwrap(),
        hotline_audit::dsse::SigningKey::from_seed(&[77; 32]),
    );
    let mut files = line.files(1);
    for held in line.held[1]
        .notes
        .iter()
        .filter(|note| note.text.starts_with(line.sides[0].relay.origin()))
    {
        let mut held: Note = held.clone();
        let good = neutral.cosign(&held.text, 1_795_000_100);
        held.signatures.push(junk(&good));
        let head = hotline_audit::Checkpoint::danger_parse_unverified(&held.encode()).unwrap();
        files.insert(format!("cosigned/{}/{}", head.origin, head.size), held.encode());
    }
    let bundle = line::read(&line.pack(1, files)).unwrap();
    let text = line
        .policy_text(NOBODY)
        .replace("group ", &format!("witness n {}\ngroup ", neutral.verifier()));
    let policy = hotline_audit::policy::Policy::parse(text.as_bytes()).unwrap();
    let report = Evidence::judge(&[&bundle], &policy).unwrap().verify();
    assert_eq!(report.verdict, Ruling::Match, "{report}");
    assert!(
        report
            .remarks
            .iter()
            .any(|told| told.contains("witness.example/neutral")),
        "{report}"
    );
}

#[test]
fn a_bundle_with_more_logs_than_a_side_has_is_refused() {
    let line = play(SHORT);
    let mut files = line.files(0);
    for number in 0..300 {
        let folder = format!("logs/{}/relay/x{number}", line.sides[0].domain);
        put_log(&mut files, &folder, &line.sides[0].relay.note(&[]), &[]);
    }
    assert_eq!(alone(&line, 0, files), "TOO_LARGE");
}

#[test]
fn a_file_that_belongs_to_no_log_of_its_size_is_named() {
    let line = play(SHORT);
    let folder = format!("logs/{}", line.sides[0].relay.origin());
    for strange in [
        "tile/0/001",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/000.p/07",
        "tile/9/000",
    ] {
        let mut files = line.files(0);
        files.insert(format!("{folder}/{strange}"), vec![0; 32]);
        let verdict = alone(&line, 0, files);
        assert!(verdict != "MATCH", "{strange}: {verdict}");
    }
}

#[test]
fn what_another_sides_mirror_holds_is_not_handed_in_as_ones_own() {
    let line = play(SHORT);
    let mut files = line.files(1);
    let folder = format!(
        "mirrors/{}/mirror/{}",
        line.sides[0].relay.origin(),
        line.sides[0].relay.origin()
    );
    let entries = &line.held[0].relay[..4];
    put_log(&mut files, &folder, &line.sides[0].relay.note(entries), entries);
    assert_eq!(alone(&line, 1, files), "WRONG_SIDE");
}

#[test]
fn openings_that_do_not_fit_are_not_counted_among_those_that_do() {
    let line = play(SHORT);
    let mut files = line.files(0);
    let path = line::opening_in(&files);
    let bundle = line::read(&line.pack(0, files.clone())).unwrap();
    let policy = line.policy(NOBODY);
    assert_eq!(Evidence::judge(&[&bundle], &policy).unwrap().verify().openings, 1);
    let text = String::from_utf8(files[&path].clone()).unwrap();
    files.insert(path, text.replace("quiet", "loud").into_bytes());
    let bundle = line::read(&line.pack(0, files)).unwrap();
    assert_eq!(Evidence::judge(&[&bundle], &policy).unwrap().verify().openings, 0);
}

#[test]
fn words_in_proofs_do_nothing_to_a_terminal() {
    let mut line = play(SHORT);
    for note in &mut line.held[1].notes {
        note.signatures.push(NoteSignature {
            name: "x\u{202e}y.example".to_owned(),
            key_id: [1, 2, 3, 4],
            signature: vec![0; 64],
        });
    }
    line.held[0].relay.truncate(9);
    line.held[0].notes.clear();
    line.held[0].proofs.clear();
    line.held[0].mirrored_note = None;
    line.held[1].mirrored_note = None;
    let report = dispute(&line, "A-0001");
    let page = report.to_string();
    assert!(page.contains("\\u{202e}") && !page.contains('\u{202e}'), "{page}");
    let [a, b] = [line.bundle(0), line.bundle(1)];
    let policy = line.policy(NOBODY);
    let compared = Evidence::judge(&[&a, &b], &policy).unwrap().compare().to_string();
    assert!(!compared.contains('\u{202e}'), "{compared}");
}
