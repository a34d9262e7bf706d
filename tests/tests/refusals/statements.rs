//! Statements that are not in order, through a desk's own connection.

use std::collections::BTreeSet;

use hotline_audit::statement::Payload;
use hotline_core::leg::Door;
use hotline_ledger::Inspector;
use hotline_tests::{
    AVELIA, BORENIA, Line,
    hand::{Counter, Hand, Told, dialer, sha256},
    ledgers,
    verb::word,
    wait::{PATIENCE, eventually},
};
use tokio::task::JoinSet;

use super::{PROGRAM, ROUNDS};

#[tokio::test(flavor = "current_thread")]
async fn a_statement_that_is_not_in_order_is_refused_by_its_rule_and_the_log_stays_as_it_was() {
    let line = Line::with_relays(PROGRAM).await;
    let mut ours = Hand::of(&line, AVELIA, "lindqvist");
    let theirs = Hand::of(&line, BORENIA, "novak");
    let good = ours.message("In order.");
    let payload = good.payload.encode();
    let mut bad_signature = ours.message("A signature of something else.").bytes;
    *bad_signature.last_mut().unwrap() ^= 1;
    let mut elsewhere = ours.draft("To a desk that nobody knows.");
    elsewhere.header.recipients[0].identity = "spiffe://exercise.borenia.example/desk/nowhere".into();
    let mut to_operation = ours.draft("Across the worlds.");
    to_operation.header.recipients[0].identity = "spiffe://borenia.example/desk/ops".into();
    let table: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", Vec::new(), "MALFORMED"),
        ("noise", vec![0xff; 300], "MALFORMED"),
        ("a bad signature", bad_signature, "BAD_SIGNATURE"),
        ("one byte over 60 KiB", vec![0x0a; 60 * 1024 + 1], "TOO_LARGE"),
        (
            "an unknown field",
            ours.sign_payload(&[&payload[..], &[0xf8, 0x01, 0x01]].concat()),
            "MALFORMED",
        ),
        (
            "a field twice",
            ours.sign_payload(&[&payload[..], &payload[payload.len() - 40..]].concat()),
            "MALFORMED",
        ),
        ("trailing bytes", [&good.bytes[..], &[0]].concat(), "MALFORMED"),
        (
            "cut short",
            good.bytes[..good.bytes.len() - 1].to_vec(),
            "MALFORMED",
        ),
        (
            "another desk's",
            theirs.sign(theirs.draft("Signed as Borenia.")).bytes,
            "NOT_YOURS",
        ),
        (
            "a recipient nobody knows",
            ours.sign(elsewhere).bytes,
            "UNKNOWN_RECIPIENT",
        ),
        (
            "a recipient of the other world",
            ours.sign(to_operation).bytes,
            "UNKNOWN_RECIPIENT",
        ),
    ];
    let relay = line.stage.sides[AVELIA]
        .relay
        .config
        .with_file_name("relay.ledger");
    for door in Door::ALL {
        let counter = Counter::open(&line, &dialer(&line, AVELIA), AVELIA, door)
            .await
            .unwrap();
        assert!(matches!(counter.hand_in(&good.bytes).await, Told::Held(_)));
        for (what, bytes, rule) in &table {
            let told = counter.hand_in(bytes).await;
            let Told::Refused {
                rule: said,
                explanation,
                hash,
            } = &told
            else {
                panic!("{door}: {what} was taken")
            };
            assert_eq!(said, rule, "{door}: {what}: {explanation}");
            assert!(!explanation.is_empty(), "{door}: {what}: no explanation");
            assert_eq!(
                hash,
                &sha256(bytes),
                "{door}: {what}: the refusal names other bytes"
            );
            let held = ledgers::leaves_of_desks(&relay).len();
            assert_eq!(held, 1, "{door}: {what} changed the log");
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_same_bytes_are_one_leaf_and_other_bytes_under_one_id_are_equivocation_of_which_both_are_kept() {
    let mut line = Line::with_relays(PROGRAM).await;
    line.stage.start_desk(BORENIA).await.unwrap();
    line.stage.legs_up(BORENIA, 4).await.unwrap();
    let hand = Hand::of(&line, AVELIA, "lindqvist");
    let draft = hand.draft("The first.");
    let first = hand.sign(draft.clone());
    let mut same_id = hand.draft("The second, under the id of the first.");
    same_id.header.id = draft.header.id;
    let same_id = hand.sign(same_id);
    let same_place = hand.sign(hand.draft("The third, at the place of the first."));

    let counters = [
        Counter::open(&line, &dialer(&line, AVELIA), AVELIA, Door::Quic)
            .await
            .unwrap(),
        Counter::open(&line, &dialer(&line, AVELIA), AVELIA, Door::Tcp)
            .await
            .unwrap(),
    ];
    let mut leaves = Vec::new();
    for counter in counters.iter().cycle().take(6) {
        leaves.push(counter.hand_in(&first.bytes).await);
    }
    assert!(
        leaves.iter().all(|told| *told == leaves[0]) && matches!(leaves[0], Told::Held(_)),
        "{leaves:?}"
    );
    for (counter, forged) in counters.iter().zip([&same_id, &same_place]) {
        let before = counter.log_size().await;
        let told = counter.hand_in(&forged.bytes).await;
        assert_eq!(told.rule(), "EQUIVOCATION", "{told:?}");
        let Told::Refused { explanation, .. } = &told else {
            panic!("{told:?}")
        };
        for hash in [first.hash, forged.hash] {
            assert!(explanation.contains(&hash.to_string()), "{explanation}");
        }
        assert!(
            counter.log_size().await <= before + 1,
            "only receipts may have come meanwhile"
        );
    }
    // Borenia got it by this relay and by no other, and has it once.
    let shown = eventually("it is there", PATIENCE, async || {
        let incoming = line.incoming(BORENIA).await;
        (!incoming.is_empty()).then_some(incoming)
    })
    .await;
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].sha256, first.hash.to_string());
    assert_eq!(
        (shown[0].text.as_str(), &shown[0].rejected),
        ("The first.", &None)
    );
    line.close().await;
    let relay = line.stage.sides[AVELIA]
        .relay
        .config
        .with_file_name("relay.ledger");
    let kept = Inspector::open(&relay).unwrap().conflicts(16).unwrap();
    let mut hashes: Vec<_> = kept.kept.iter().map(|kept| kept.hash).collect();
    hashes.sort();
    let mut expected = vec![same_id.hash, same_place.hash];
    expected.sort();
    assert_eq!(hashes, expected, "both statements of each contradiction are kept");
    let said = line.run(&["log", "show", &word(&relay)]).await.ended(0);
    assert_eq!(said.text().matches("EQUIVOCATION").count(), 2, "{}", said.text());
}

/// Copies of one statement race through four connections at both doors, as a FLASH does.
#[tokio::test(flavor = "current_thread")]
async fn an_honest_desk_is_never_accused_however_its_copies_race() {
    let mut line = Line::with_relays(PROGRAM).await;
    let mut hand = Hand::of(&line, AVELIA, "lindqvist");
    let dialer = dialer(&line, AVELIA);
    let (mut counters, mut sessions) = (Vec::new(), Vec::new());
    for door in Door::ALL.into_iter().chain(Door::ALL) {
        let counter = Counter::open(&line, &dialer, AVELIA, door).await.unwrap();
        sessions.push(counter.session([9; 16]).await);
        counters.push(counter);
    }
    for round in 0..ROUNDS {
        // The same twelve in four frames that cut and order them differently, one behind the other on each connection.
        let batch: Vec<Vec<u8>> = (0..12)
            .map(|number| hand.message(&format!("{round}.{number}")).bytes)
            .collect();
        let mut answers = JoinSet::new();
        for (place, mut session) in sessions.drain(..).enumerate() {
            let mut mine = batch.clone();
            mine.rotate_left(place * 3);
            answers.spawn(async move {
                let mut told = Vec::new();
                for frame in mine.chunks(2 + place) {
                    told.extend(session.hand_in(frame).await);
                }
                (session, told)
            });
        }
        let mut leaves = BTreeSet::new();
        for (session, told) in answers.join_all().await {
            sessions.push(session);
            for (hash, told) in told {
                let Told::Held(index) = told else {
                    panic!("round {round}: {told:?}")
                };
                leaves.insert((hash, index));
            }
        }
        assert_eq!(
            leaves.len(),
            batch.len(),
            "each statement at one leaf, whoever brought it"
        );
    }
    line.close().await;
    let relay = line.stage.sides[AVELIA]
        .relay
        .config
        .with_file_name("relay.ledger");
    assert_eq!(ledgers::leaves_of_desks(&relay).len() as u64, 12 * ROUNDS);
    let relay = Inspector::open(&relay).unwrap();
    assert!(
        relay.conflicts(16).unwrap().kept.is_empty(),
        "evidence of what never was"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_message_without_its_officers_is_kept_and_never_shown_as_formal() {
    let mut line = Line::with_relays(PROGRAM).await;
    line.stage.start_desk(BORENIA).await.unwrap();
    let hand = Hand::of(&line, AVELIA, "lindqvist");
    let mut unsigned = hand.draft("Nobody released this.");
    unsigned.approvals.clear();
    let unsigned = hand.sign(unsigned);
    assert!(matches!(unsigned.payload, Payload::Message(_)));
    let counter = Counter::open(&line, &dialer(&line, AVELIA), AVELIA, Door::Tcp)
        .await
        .unwrap();
    // A relay is a carrier: who may release what is for the desks to judge.
    assert!(matches!(counter.hand_in(&unsigned.bytes).await, Told::Held(_)));
    let view = eventually("it is there", PATIENCE, async || {
        line.incoming(BORENIA).await.pop()
    })
    .await;
    assert!(view.rejected.is_some() && view.text.is_empty(), "{view:#?}");
    let plain = line.desk_plain(BORENIA, "inbox", &[]).await.ended(0).text();
    assert!(
        plain.contains("REJECTED") && !plain.contains("Nobody released this"),
        "{plain}"
    );
    assert!(line.status(BORENIA).await.alarms.contains_key("REJECTED"));
    let _ = line.desk(BORENIA, "ack", &[&view.sha256]).await.ended(1);
}

#[tokio::test(flavor = "current_thread")]
async fn a_message_with_another_ones_approval_is_not_formal_after_a_restart_either() {
    let mut line = Line::with_relays(PROGRAM).await;
    line.stage.start_desk(BORENIA).await.unwrap();
    let hand = Hand::of(&line, AVELIA, "lindqvist");
    let approved = hand.draft("Released.");
    let mut other = hand.draft("Never released.");
    other.approvals = approved.approvals;
    let other = hand.sign(other);
    let counter = Counter::open(&line, &dialer(&line, AVELIA), AVELIA, Door::Tcp)
        .await
        .unwrap();
    assert!(matches!(counter.hand_in(&other.bytes).await, Told::Held(_)));
    let view = eventually("it is there", PATIENCE, async || {
        line.incoming(BORENIA).await.pop()
    })
    .await;
    assert!(view.rejected.is_some() && view.text.is_empty(), "{view:#?}");
    line.stage.kill_desk(BORENIA).await.unwrap();
    line.stage.start_desk(BORENIA).await.unwrap();
    let again = line.seat(BORENIA).await.show(&view.sha256).await.unwrap();
    assert!(again.rejected.is_some() && again.text.is_empty(), "{again:#?}");
    // Whoever carries or keeps it has done nothing wrong: its sender is named.
    let trust = word(&line.stage.trust(BORENIA));
    let ledgers = line.stage.ledgers();
    let mut told = 0;
    for (title, ledger) in ledgers.iter().filter(|(_, ledger)| ledger.exists()) {
        let said = line
            .run(&["log", "verify", &word(ledger), "--trust", &trust])
            .await;
        assert_eq!(said.code, 0, "{title:?}: {} {}", said.text(), said.err);
        told += usize::from(said.text().contains("APPROVAL_MISMATCH"));
    }
    assert!(told >= 2, "a relay and the desk hold it: {told}");
}
