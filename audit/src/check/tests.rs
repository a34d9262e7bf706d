//! Genuine statements pass; each rule refuses by its name.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::dsse::SigningKey;
use crate::statement::{
    Act, AnnexDone, ApprovalBy, Charter, Lifecycle, Message, Reference, SeenCheckpoint, Watch,
};
use crate::testing::{NOW, World, world};

fn rule<T>(result: Result<T, StatementError>) -> &'static str {
    result.map_or_else(|error| error.rule(), |_| "OK")
}

fn sign(world: &World, message: &Message) -> Vec<u8> {
    world.avelia.desk.sign(PayloadType::Message, &message.encode())
}

#[test]
fn a_genuine_message_and_its_approvals_pass() {
    let world = world();
    let message = world.message(1);
    let verified = verify_statement(&sign(&world, &message), &world.rosters, NOW).unwrap();
    assert_eq!(verified.payload, Payload::Message(message.clone()));
    let Parts::Message(approvals) = verify_parts(&verified.payload, &world.rosters, NOW).unwrap() else {
        panic!("a message has approvals");
    };
    assert_eq!(approvals[0].officer, world.avelia.officer.identity);
    assert_eq!(approvals[0].roles, [1, 2]);
    assert_eq!(approvals[0].said.first_difference(&message), None);
}

#[test]
fn every_rule_refuses_by_its_name() {
    let world = world();
    let check = |bytes: &[u8], now| rule(verify_statement(bytes, &world.rosters, now));
    let good = sign(&world, &world.message(1));
    assert_eq!(check(&good, NOW), "OK");
    assert_eq!(check(&vec![0; 61_441], NOW), "TOO_LARGE");
    assert_eq!(check(&good[1..], NOW), "MALFORMED");
    assert_eq!(check(&good, 1), "KEY_NOT_YET_VALID");
    assert_eq!(check(&good, u64::MAX), "EXPIRED_KEY");
    assert_eq!(
        rule(verify_statement(&good, &RosterSet::new(), NOW)),
        "UNKNOWN_KEY"
    );

    let with = |change: fn(&World, &mut Message)| {
        let mut message = world.message(1);
        change(&world, &mut message);
        check(&sign(&world, &message), NOW)
    };
    assert_eq!(
        with(|w, m| m.header.key_statement = w.avelia.officer.key_statement),
        "WRONG_PURPOSE"
    );
    assert_eq!(
        with(|w, m| m.header.key_statement = w.avelia.log.key_statement),
        "WRONG_PURPOSE"
    );
    assert_eq!(
        with(|w, m| m.header.key_statement = w.borenia.desk.key_statement),
        "BAD_SIGNATURE"
    );
    assert_eq!(
        with(|w, m| m.header.sender = w.borenia.desk.identity.clone()),
        "WRONG_SENDER"
    );
    assert_eq!(
        with(|_, m| m.header.trust_domain = "exercise.borenia.example".into()),
        "WRONG_DOMAIN"
    );
    assert_eq!(with(|_, m| m.precedence = 9), "MALFORMED");

    let foreign = SigningKey::from_seed(&[99; 32]);
    let forged = SignedStatement::sign(PayloadType::Message, &world.message(1).encode(), &foreign).unwrap();
    assert_eq!(check(forged.bytes(), NOW), "BAD_SIGNATURE");
    let approval = &world.message(1).approvals[0];
    assert_eq!(
        check(approval, NOW),
        "MALFORMED",
        "an approval is no statement of a desk"
    );
    let unknown = [world.message(1).encode(), vec![0xf8, 1, 1]].concat();
    assert_eq!(
        check(&world.avelia.desk.sign(PayloadType::Message, &unknown), NOW),
        "MALFORMED"
    );
}

#[test]
fn a_revoked_key_is_refused_from_then_on() {
    let world = world();
    let good = sign(&world, &world.message(1));
    let revoked = world.with_revoked(&world.avelia.desk);
    assert_eq!(rule(verify_statement(&good, &revoked, NOW)), "REVOKED_KEY");
}

#[test]
fn any_single_flipped_bit_of_a_statement_is_refused() {
    let world = world();
    let good = sign(&world, &world.message(1));
    for bit in 0..good.len() * 8 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(
            verify_statement(&bytes, &world.rosters, NOW).is_err(),
            "bit {bit}"
        );
    }
}

#[test]
fn an_approval_of_another_message_does_not_serve() {
    let world = world();
    let mut message = world.message(1);
    message.precedence = 6;
    let refused = verify_parts(&Payload::Message(message.clone()), &world.rosters, NOW).unwrap_err();
    assert_eq!(refused.rule(), "APPROVAL_MISMATCH");
    assert_eq!(
        refused.to_string(),
        "approval 1 inside it: the approval was given for another precedence"
    );
    message.precedence = world.message(1).precedence;
    message.approvals[0][70] ^= 1;
    assert!(verify_parts(&Payload::Message(message), &world.rosters, NOW).is_err());
}

#[test]
fn an_officer_of_one_side_cannot_sign_for_the_other_sides_desk() {
    let world = world();
    let message = world.message(1);
    let officer = &world.borenia.officer;
    let by = ApprovalBy {
        officer: officer.identity.clone(),
        key_statement: officer.key_statement,
        capacity: 2,
        claimed_time_ms: NOW,
    };
    let foreign = officer.sign(PayloadType::Approval, &Approval::of(&message, by).encode());
    assert_eq!(
        rule(verify_approval(&foreign, &world.rosters, NOW)),
        "WRONG_DOMAIN"
    );
}

fn acknowledgement(world: &World) -> OfficerAct {
    let officer = &world.avelia.officer;
    OfficerAct {
        officer: officer.identity.clone(),
        key_statement: officer.key_statement,
        rung: 7,
        desk: world.avelia.desk.identity.clone(),
        exercise: world.message(1).header.exercise,
        message: Reference {
            sender: world.borenia.desk.identity.clone(),
            id: [5; 16],
            sha256: Hash([6; 32]),
        },
        text: String::new(),
        claimed_time_ms: NOW,
    }
}

#[test]
fn an_officers_act_belongs_to_the_officers_desk() {
    let world = world();
    let act = acknowledgement(&world);
    let signed = world.avelia.officer.sign(PayloadType::OfficerAct, &act.encode());
    assert_eq!(
        verify_officer_act(&signed, &world.rosters, NOW).unwrap().said,
        act
    );
    assert_eq!(
        rule(verify_approval(&signed, &world.rosters, NOW)),
        "MALFORMED",
        "an act is no approval"
    );
    let wrapped = |header: Header| {
        let payload = Payload::Act(Act {
            header,
            act: signed.clone(),
        });
        rule(verify_parts(&payload, &world.rosters, NOW))
    };
    let header = world.message(1).header;
    assert_eq!(wrapped(header.clone()), "OK");
    assert_eq!(
        wrapped(Header {
            sender: world.borenia.desk.identity.clone(),
            ..header.clone()
        }),
        "ACT_MISMATCH"
    );
    assert_eq!(
        wrapped(Header {
            exercise: "OTHER".into(),
            ..header
        }),
        "ACT_MISMATCH"
    );
    let desk_signed = world.avelia.desk.sign(PayloadType::OfficerAct, &act.encode());
    assert_eq!(
        rule(verify_officer_act(&desk_signed, &world.rosters, NOW)),
        "BAD_SIGNATURE"
    );
}

fn annexed(world: &World, done: AnnexDone) -> OfficerAnnex {
    let act = acknowledgement(world);
    OfficerAnnex {
        officer: act.officer,
        key_statement: act.key_statement,
        desk: act.desk,
        exercise: act.exercise,
        message: act.message,
        done,
        claimed_time_ms: NOW,
    }
}

#[test]
fn an_annex_holds_the_very_words_that_its_officer_signed_for() {
    let world = world();
    let content = Content::plain([9; 32], "Navu Boreni seka.");
    let other = Content::plain([9; 32], "Navu Boreni sek.");
    let translated = annexed(
        &world,
        AnnexDone::Translated {
            grade: 1,
            language: "qav".into(),
            content_sha256: content.sha256(),
            of_annex: None,
        },
    );
    let presented = annexed(
        &world,
        AnnexDone::Presented {
            to: "the minister".into(),
        },
    );
    let placed = |said: &OfficerAnnex, content: Option<&Content>, header: Header| {
        let annex = Annex {
            header,
            annex: world
                .avelia
                .officer
                .sign(PayloadType::OfficerAnnex, &said.encode()),
            content: content.cloned(),
        };
        rule(verify_parts(&Payload::Annex(annex), &world.rosters, NOW))
    };
    let header = world.message(1).header;
    assert_eq!(placed(&translated, Some(&content), header.clone()), "OK");
    assert_eq!(placed(&presented, None, header.clone()), "OK");
    assert_eq!(
        placed(&translated, Some(&other), header.clone()),
        "ANNEX_MISMATCH"
    );
    assert_eq!(placed(&translated, None, header.clone()), "ANNEX_MISMATCH");
    assert_eq!(
        placed(&presented, Some(&content), header.clone()),
        "ANNEX_MISMATCH"
    );
    let elsewhere = Header {
        sender: world.borenia.desk.identity.clone(),
        ..header
    };
    assert_eq!(placed(&presented, None, elsewhere), "ACT_MISMATCH");
}

#[test]
fn an_annex_is_signed_by_an_officers_key_and_is_no_act() {
    let world = world();
    let said = annexed(
        &world,
        AnnexDone::Presented {
            to: "the minister".into(),
        },
    );
    let judge = |annex: Vec<u8>| {
        let header = world.message(1).header;
        let annex = Annex {
            header,
            annex,
            content: None,
        };
        rule(verify_officer_annex(&annex, &world.rosters, NOW))
    };
    let officer = &world.avelia.officer;
    assert_eq!(
        judge(officer.sign(PayloadType::OfficerAnnex, &said.encode())),
        "OK"
    );
    assert_eq!(
        judge(officer.sign(PayloadType::OfficerAct, &said.encode())),
        "MALFORMED"
    );
    let by_desk = world.avelia.desk.sign(PayloadType::OfficerAnnex, &said.encode());
    assert_eq!(judge(by_desk), "BAD_SIGNATURE");
    let bare = officer.sign(PayloadType::OfficerAnnex, &said.encode());
    assert_eq!(
        rule(verify_statement(&bare, &world.rosters, NOW)),
        "MALFORMED",
        "what an officer signs stands in no chain"
    );
}

#[test]
fn a_charter_holds_one_consent_of_each_side_to_its_very_terms() {
    let world = world();
    let terms = CharterTerms {
        channel: "MARITIME".into(),
        level: "MINISTER".into(),
        scope: "incidents at sea".into(),
        hours: "always".into(),
        exercise: "NORTHERN LIGHT".into(),
        sides: vec![
            "exercise.avelia.example".into(),
            "exercise.borenia.example".into(),
        ],
        receipt_policy: "all rungs".into(),
        codebook_sha256: None,
    };
    let consent = |officer: &crate::testing::Signer, terms: &[u8]| {
        let said = CharterConsent {
            officer: officer.identity.clone(),
            key_statement: officer.key_statement,
            terms_sha256: Hash::of(terms),
            claimed_time_ms: NOW,
        };
        officer.sign(PayloadType::CharterConsent, &said.encode())
    };
    let exact = terms.encode();
    let (ours, theirs) = (
        consent(&world.avelia.officer, &exact),
        consent(&world.borenia.officer, &exact),
    );
    assert!(verify_consent(&ours, &world.rosters, NOW).is_ok());
    let judge = |consents: Vec<Vec<u8>>| {
        let charter = Charter {
            header: world.message(1).header,
            terms: exact.clone(),
            consents,
        };
        rule(verify_parts(&Payload::Charter(charter), &world.rosters, NOW))
    };
    assert_eq!(judge(vec![ours.clone(), theirs.clone()]), "OK");
    assert_eq!(judge(vec![ours.clone(), ours.clone()]), "CONSENT_MISMATCH");
    assert_eq!(
        judge(vec![consent(&world.avelia.officer, b"other"), theirs]),
        "CONSENT_MISMATCH"
    );
}

#[test]
fn a_consent_counts_when_it_was_made_inside_its_keys_time() {
    let world = world();
    let officer = &world.avelia.officer;
    let made = |claimed_time_ms: u64| {
        let said = CharterConsent {
            officer: officer.identity.clone(),
            key_statement: officer.key_statement,
            terms_sha256: Hash::of(b"terms"),
            claimed_time_ms,
        };
        officer.sign(PayloadType::CharterConsent, &said.encode())
    };
    // The key is valid for a million milliseconds about NOW; the revocation claims NOW.
    let revoked = world.with_revoked(officer);
    let of = |at_ms: u64, rosters: &RosterSet| rule(verify_consent_made(&made(at_ms), rosters));
    assert_eq!(of(NOW + 1, &world.rosters), "OK");
    assert_eq!(of(NOW - 2_000_000, &world.rosters), "KEY_NOT_YET_VALID");
    assert_eq!(of(NOW + 2_000_000, &world.rosters), "EXPIRED_KEY");
    assert_eq!(of(NOW - 1, &revoked), "OK");
    assert_eq!(of(NOW, &revoked), "REVOKED_KEY");
    assert_eq!(of(NOW + 1, &revoked), "REVOKED_KEY");
}

#[test]
fn the_watch_and_orders_are_placed_by_the_officers_own_desk() {
    let world = world();
    let header = world.message(1).header;
    let (officer, stranger) = (&world.avelia.officer, &world.borenia.officer);
    let order = |by: &crate::testing::Signer, desk: &str| {
        let said = OfficerOrder {
            officer: by.identity.clone(),
            key_statement: by.key_statement,
            verb: 1,
            desk: desk.into(),
            exercise: header.exercise.clone(),
            channel: "MARITIME".into(),
            scope: String::new(),
            reason: "a visit".into(),
            review_by_ms: 0,
            consents_to: None,
            subject_sha256: None,
            claimed_time_ms: NOW,
            effective_ms: 0,
        };
        let order = by.sign(PayloadType::OfficerOrder, &said.encode());
        let header = header.clone();
        rule(verify_parts(
            &Payload::Lifecycle(Lifecycle { header, order }),
            &world.rosters,
            NOW,
        ))
    };
    assert_eq!(order(officer, &header.sender), "OK");
    assert_eq!(order(stranger, &world.borenia.desk.identity), "ACT_MISMATCH");
    assert_eq!(order(stranger, &header.sender), "WRONG_DOMAIN");
    let take = OfficerWatch {
        officer: officer.identity.clone(),
        key_statement: officer.key_statement,
        verb: 1,
        desk: header.sender.clone(),
        exercise: "ANOTHER".into(),
        other: String::new(),
        remark: String::new(),
        claimed_time_ms: NOW,
    };
    let watch = |said: &OfficerWatch| {
        let officer_watch = officer.sign(PayloadType::OfficerWatch, &said.encode());
        assert!(verify_officer_watch(&officer_watch, &world.rosters, NOW).is_ok());
        let header = header.clone();
        rule(verify_parts(
            &Payload::Watch(Watch {
                header,
                officer_watch,
            }),
            &world.rosters,
            NOW,
        ))
    };
    assert_eq!(watch(&take), "ACT_MISMATCH");
    let exercise = header.exercise.clone();
    assert_eq!(watch(&OfficerWatch { exercise, ..take }), "OK");
}

#[test]
fn a_relays_word_about_a_desk_counts_with_its_log_key_only() {
    let world = world();
    let word = |by: &crate::testing::Signer| {
        let said = Presence {
            relay: by.identity.clone(),
            key_statement: by.key_statement,
            desk: world.borenia.desk.identity.clone(),
            state: 1,
            doors: vec!["quic".into(), "tcp".into()],
            since_ms: NOW,
            claimed_time_ms: NOW,
        };
        let bytes = by.sign(PayloadType::Presence, &said.encode());
        (rule(verify_presence(&bytes, &world.rosters, NOW)), bytes)
    };
    assert_eq!(word(&world.avelia.log).0, "OK");
    assert_eq!(word(&world.avelia.desk).0, "WRONG_PURPOSE");
    let (_, bytes) = word(&world.avelia.log);
    assert_eq!(
        rule(verify_statement(&bytes, &world.rosters, NOW)),
        "MALFORMED",
        "a relay's word stands in no chain"
    );
}

struct OneLeaf(Hash);

impl crate::NodeReader for OneLeaf {
    type Error = std::convert::Infallible;

    fn node(&self, _level: u8, _index: u64) -> Result<Hash, Self::Error> {
        Ok(self.0)
    }
}

#[test]
fn a_relay_refuses_a_desk_that_has_seen_what_never_was() {
    let log = OneLeaf(Hash([5; 32]));
    let check = |size, root| {
        let mut header = world().message(1).header;
        header.seen = vec![
            SeenCheckpoint {
                origin: "north".into(),
                size,
                root,
            },
            SeenCheckpoint {
                origin: "another log".into(),
                size: 99,
                root: Hash::ZERO,
            },
        ];
        check_seen(&header, "north", &log, 1).map_err(|refusal| refusal.rule())
    };
    assert_eq!(check(1, Hash([5; 32])), Ok(()));
    assert_eq!(check(1, Hash([6; 32])), Err(Some("FORK")));
    assert_eq!(check(2, Hash([5; 32])), Err(Some("ROLLBACK")));
}
