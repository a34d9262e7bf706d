//! Every payload comes back from its bytes, and no byte string that is accepted has a second encoding.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::samples::{header, message};
use super::*;

pub(super) fn text() -> impl Strategy<Value = String> {
    "[a-zA-Zé/:. ]{1,30}"
}

pub(super) fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

prop_compose! {
    fn reference()(sender in text(), id in any::<[u8; 16]>(), sha256 in hash()) -> Reference {
        Reference { sender, id, sha256 }
    }
}

prop_compose! {
    fn some_recipients()(pairs in vec((text(), 1..=2u32), 1..5)) -> Vec<Recipient> {
        pairs.into_iter().map(|(identity, kind)| Recipient { identity, kind }).collect()
    }
}

prop_compose! {
    fn any_header()(
        (id, conversation) in any::<([u8; 16], [u8; 16])>(),
        (trust_domain, exercise, sender) in (text(), text(), text()),
        (key_statement, previous) in (hash(), hash()),
        recipients in some_recipients(),
        (claimed_time_ms, epoch, sequence) in (1..=u64::MAX, 1..=u64::MAX, 1..=u64::MAX),
        seen in vec((text(), 1..=u64::MAX, hash()), 0..4),
    ) -> Header {
        let seen = seen.into_iter().map(|(origin, size, root)| SeenCheckpoint { origin, size, root }).collect();
        Header {
            id, trust_domain, exercise, conversation, sender, key_statement, recipients, claimed_time_ms, epoch,
            sequence, previous, seen,
        }
    }
}

prop_compose! {
    fn any_message()(
        header in any_header(),
        (traffic_class, message_type, function, precedence) in (1..=5u32, 1..=4u32, 1..=6u32, 1..=6u32),
        channel in "[A-Z]{0,8}",
        number in 1..=u64::MAX,
        response_attribute in 1..=7u32,
        refers_to in option::of(reference()),
        answer in 0..=14u32,
        approvals in vec(vec(any::<u8>(), 1..200), 0..=8),
        salt in any::<[u8; 32]>(),
        body in "\\PC{0,40}",
    ) -> Message {
        Message {
            header, traffic_class, message_type, function, precedence, channel, number, response_attribute, refers_to,
            answer, approvals, content: Content::plain(salt, &body), expires_ms: number, safety_of_life: answer > 5, respond_by_ms: u64::from(answer), contact: answer % 3,
        }
    }
}

prop_compose! {
    fn any_receipt()(
        header in any_header(),
        rung in 4..=6u32,
        subject in text(),
        items in vec((any::<[u8; 16]>(), hash(), text()), 1..6),
    ) -> Receipt {
        let items = items.into_iter().map(|(id, sha256, leg)| ReceiptItem { id, sha256, leg }).collect();
        Receipt { header, rung, subject, items }
    }
}

prop_compose! {
    fn any_service()(
        header in any_header(), kind in 1..=10u32, refers_to in option::of(reference()), step in 0..=4u32,
        legs in vec((text(), 0..=u64::MAX), 0..5), (before, after) in (0..=u64::MAX, 0..=u64::MAX),
        words in "[a-z ]{0,10}",
    ) -> Service {
        let legs = legs.into_iter().map(|(leg, ms)| LegFact { leg, ms }).collect();
        Service { header, kind, refers_to, legs, clock_before_ms: before, clock_after_ms: after, step, text: words }
    }
}

prop_compose! {
    fn any_done()(
        grade in 1..=3u32, language in "[a-z]{2,3}", content_sha256 in hash(), of_annex in option::of(reference()),
        to in option::of(text()),
    ) -> AnnexDone {
        match to {
            Some(to) => AnnexDone::Presented { to },
            None => AnnexDone::Translated { grade, language, content_sha256, of_annex },
        }
    }
}

prop_compose! {
    fn any_payload()(
        kind in 0..8u8, message in any_message(), receipt in any_receipt(), service in any_service(), bytes in vec(vec(any::<u8>(), 1..60), 1..4),
    ) -> Payload {
        match kind {
            0 => Payload::Message(message),
            1 => Payload::Receipt(receipt),
            2 => Payload::Act(Act { header: message.header, act: bytes[0].clone() }),
            3 => Payload::Charter(Charter { header: message.header, terms: bytes[0].clone(), consents: bytes }),
            4 => Payload::Service(service),
            5 => Payload::Annex(Annex {
                header: message.header, annex: bytes[0].clone(), content: (bytes.len() > 1).then_some(message.content),
            }),
            6 => Payload::Watch(Watch { header: message.header, officer_watch: bytes[0].clone() }),
            _ => Payload::Lifecycle(Lifecycle { header: message.header, order: bytes[0].clone() }),
        }
    }
}

fn decode_as(kind: PayloadType, bytes: &[u8]) -> Result<Payload, StrictError> {
    match kind {
        PayloadType::Message => Message::decode(bytes).map(Payload::Message),
        PayloadType::Receipt => Receipt::decode(bytes).map(Payload::Receipt),
        PayloadType::Act => Act::decode(bytes).map(Payload::Act),
        PayloadType::Annex => Annex::decode(bytes).map(Payload::Annex),
        PayloadType::Service => Service::decode(bytes).map(Payload::Service),
        PayloadType::Watch => Watch::decode(bytes).map(Payload::Watch),
        PayloadType::Lifecycle => Lifecycle::decode(bytes).map(Payload::Lifecycle),
        _ => Charter::decode(bytes).map(Payload::Charter),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_payload_of_a_chain_comes_back_from_its_bytes(payload in any_payload()) {
        prop_assert_eq!(decode_as(payload.payload_type(), &payload.encode()), Ok(payload));
    }

    #[test]
    fn what_is_accepted_after_damage_still_has_one_encoding(
        payload in any_payload(), place in any::<prop::sample::Index>(), byte in any::<u8>(), grow in any::<bool>(),
    ) {
        let mut bytes = payload.encode();
        let place = place.index(bytes.len());
        if grow { bytes.insert(place, byte) } else { bytes[place] = byte }
        if let Ok(accepted) = decode_as(payload.payload_type(), &bytes) {
            prop_assert_eq!(accepted.encode(), bytes);
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in vec(any::<u8>(), 0..200)) {
        let accepted = [
            Message::decode(&bytes).is_ok(), Receipt::decode(&bytes).is_ok(), Act::decode(&bytes).is_ok(),
            Charter::decode(&bytes).is_ok(), CharterTerms::decode(&bytes).is_ok(), Approval::decode(&bytes).is_ok(),
            OfficerAct::decode(&bytes).is_ok(), CharterConsent::decode(&bytes).is_ok(),
            KeyStatement::decode(&bytes).is_ok(), Revocation::decode(&bytes).is_ok(), Header::decode(&bytes).is_ok(),
            Service::decode(&bytes).is_ok(), Watch::decode(&bytes).is_ok(), Lifecycle::decode(&bytes).is_ok(),
            OfficerWatch::decode(&bytes).is_ok(), OfficerOrder::decode(&bytes).is_ok(),
            Presence::decode(&bytes).is_ok(), Control::decode(&bytes).is_ok(), ControlOrder::decode(&bytes).is_ok(),
            SignedStatement::parse(&bytes).is_ok(), Annex::decode(&bytes).is_ok(), OfficerAnnex::decode(&bytes).is_ok(),
            ReportSignature::decode(&bytes).is_ok(), SealKey::decode(&bytes).is_ok(), LogLink::decode(&bytes).is_ok(),
            PeerCheckpoint::decode(&bytes).is_ok(), CosignRefused::decode(&bytes).is_ok(),
        ];
        prop_assert_eq!(accepted, [false; 27]);
    }

    #[test]
    fn officers_statements_come_back_from_their_bytes(
        message in any_message(), (officer, text) in (text(), "[a-z ]{0,10}"), (hash, other) in (hash(), hash()),
        (capacity, time) in (1..=2u32, 1..=u64::MAX), rung in prop::sample::select(vec![7u32, 20, 21, 22, 23, 24, 25]),
        reference in reference(), codebook in option::of(any::<[u8; 32]>()), done in any_done(),
    ) {
        let by = ApprovalBy { officer: officer.clone(), key_statement: hash, capacity, claimed_time_ms: time };
        let approval = Approval::of(&message, by);
        prop_assert_eq!(Approval::decode(&approval.encode()), Ok(approval));
        let act = OfficerAct {
            officer: officer.clone(), key_statement: hash, rung, desk: officer.clone(), exercise: officer.clone(),
            message: reference.clone(), text, claimed_time_ms: time,
        };
        prop_assert_eq!(OfficerAct::decode(&act.encode()), Ok(act));
        let annex = OfficerAnnex {
            officer: officer.clone(), key_statement: hash, desk: officer.clone(), exercise: officer.clone(),
            message: reference, done, claimed_time_ms: time,
        };
        prop_assert_eq!(OfficerAnnex::decode(&annex.encode()), Ok(annex));
        let consent = CharterConsent {
            officer: officer.clone(), key_statement: hash, terms_sha256: other, claimed_time_ms: time,
        };
        prop_assert_eq!(CharterConsent::decode(&consent.encode()), Ok(consent));
        let watch = OfficerWatch {
            officer: officer.clone(), key_statement: hash, verb: 2, desk: officer.clone(), exercise: officer.clone(),
            other: officer.clone(), remark: String::new(), claimed_time_ms: time,
        };
        prop_assert_eq!(OfficerWatch::decode(&watch.encode()), Ok(watch));
        let order = OfficerOrder {
            officer: officer.clone(), key_statement: hash, verb: capacity, desk: officer.clone(),
            exercise: officer.clone(), channel: String::new(), scope: officer.clone(), reason: officer.clone(),
            review_by_ms: time / 2, consents_to: message.refers_to.clone(), subject_sha256: codebook.map(Hash),
            claimed_time_ms: time, effective_ms: time / 3,
        };
        prop_assert_eq!(OfficerOrder::decode(&order.encode()), Ok(order));
        let presence = Presence {
            relay: officer.clone(), key_statement: hash, desk: officer.clone(), state: 3, doors: vec!["tcp".into()],
            since_ms: time, claimed_time_ms: time,
        };
        prop_assert_eq!(Presence::decode(&presence.encode()), Ok(presence));
        let terms = CharterTerms {
            channel: officer.clone(), level: officer.clone(), scope: officer.clone(), hours: officer.clone(),
            exercise: officer.clone(), sides: vec!["a".into(), "b".into()], receipt_policy: officer,
            codebook_sha256: codebook.map(Hash),
        };
        prop_assert_eq!(CharterTerms::decode(&terms.encode()), Ok(terms));
    }

    #[test]
    fn roster_entries_come_back_from_their_bytes(
        (trust_domain, subject, reason) in (text(), text(), text()), (previous, named) in (hash(), hash()),
        (number, from, until) in (1..=u64::MAX, 1..=u64::MAX, 1..=u64::MAX), purpose in 1..=6u32,
        roles in prop::sample::subsequence((1..=8u32).collect::<Vec<_>>(), 0..=8), public_key in any::<[u8; 32]>(),
    ) {
        let key = KeyStatement {
            trust_domain: trust_domain.clone(), number, previous, purpose, subject, roles, public_key,
            not_before_ms: from, not_after_ms: until,
        };
        prop_assert_eq!(KeyStatement::decode(&key.encode()), Ok(key));
        let revocation =
            Revocation { trust_domain, number, previous, key_statement: named, reason, claimed_time_ms: from };
        prop_assert_eq!(Revocation::decode(&revocation.encode()), Ok(revocation));
    }

    #[test]
    fn keys_for_sealing_and_records_of_relays_come_back_from_their_bytes(
        (domain, subject, words) in (text(), text(), text()), (previous, key) in (hash(), hash()),
        (number, from, until, size) in (1..=u64::MAX, 1..=u64::MAX, 1..=u64::MAX, 0..=u64::MAX),
        byte in any::<u8>(), mut note in vec(any::<u8>(), 1..400), (reason, status) in (1..=5u32, prop_oneof![Just(0u32), 100..=599u32]),
    ) {
        let seal = SealKey {
            trust_domain: domain.clone(), number, previous, subject: subject.clone(), suite: SEAL_SUITE_XWING,
            public_key: Box::new([byte; SEAL_KEY_BYTES]), not_before_ms: from, not_after_ms: until,
        };
        prop_assert_eq!(SealKey::decode(&seal.encode()), Ok(seal));
        let peer = PeerCheckpoint {
            relay: subject.clone(), key_statement: key, note: note.clone(), claimed_time_ms: from, mirrored: size,
        };
        prop_assert_eq!(PeerCheckpoint::decode(&peer.encode()), Ok(peer));
        let refused = CosignRefused {
            relay: subject.clone(), key_statement: key, witness: words.clone(), size, reason, status,
            claimed_time_ms: from, since_ms: until,
        };
        prop_assert_eq!(CosignRefused::decode(&refused.encode()), Ok(refused));
        let link = LogLink {
            relay: subject, key_statement: key, old_origin: domain, old_note: note.split_off(usize::from(byte) % note.len().max(1)),
            reason: words, claimed_time_ms: from,
        };
        prop_assert_eq!(LogLink::decode(&link.encode()), Ok(link));
    }
}

#[test]
fn a_suite_a_reason_or_a_note_beyond_the_schema_is_refused() {
    let mut seal = SealKey {
        trust_domain: "d".into(),
        number: 1,
        previous: Hash::ZERO,
        subject: "s".into(),
        suite: 1,
        public_key: Box::new([1; SEAL_KEY_BYTES]),
        not_before_ms: 1,
        not_after_ms: 2,
    };
    let fault = |seal: &SealKey| SealKey::decode(&seal.encode()).unwrap_err().to_string();
    assert_eq!(fault(&seal), "SealKeyPayload.suite: 1 is not defined");
    seal.suite = 3;
    assert_eq!(fault(&seal), "SealKeyPayload.suite: 3 is not defined");
    let mut refused = samples::cosign_refused();
    for (reason, status, said) in [
        (0, 403, "CosignRefusedPayload.reason: missing"),
        (6, 403, "CosignRefusedPayload.reason: 6 is not defined"),
        (2, 99, "CosignRefusedPayload.status: 99 is not defined"),
    ] {
        (refused.reason, refused.status) = (reason, status);
        assert_eq!(
            CosignRefused::decode(&refused.encode()).unwrap_err().to_string(),
            said
        );
    }
    let mut peer = samples::peer_checkpoint();
    peer.note = vec![b'x'; MAX_LOGGED_NOTE];
    assert!(PeerCheckpoint::decode(&peer.encode()).is_ok());
    peer.note.push(b'x');
    let said = PeerCheckpoint::decode(&peer.encode()).unwrap_err().to_string();
    assert_eq!(
        said,
        "PeerCheckpointPayload.note: 49153 bytes, at most 49152 are allowed"
    );
    peer.note.clear();
    let said = PeerCheckpoint::decode(&peer.encode()).unwrap_err().to_string();
    assert_eq!(said, "PeerCheckpointPayload.note: missing");
}

#[test]
fn a_missing_field_is_named() {
    let cut = |change: fn(&mut Header)| {
        let mut header = header(1);
        change(&mut header);
        Header::decode(&header.encode()).unwrap_err().to_string()
    };
    assert_eq!(cut(|header| header.sequence = 0), "Header.sequence: missing");
    assert_eq!(cut(|header| header.epoch = 0), "Header.epoch: missing");
    assert_eq!(
        cut(|header| header.claimed_time_ms = 0),
        "Header.claimed_time_ms: missing"
    );
    assert_eq!(cut(|header| header.sender.clear()), "Header.sender: missing");
    assert_eq!(
        cut(|header| header.recipients.clear()),
        "Header.recipients: missing"
    );
    assert_eq!(
        cut(|header| header.recipients[0].kind = 3),
        "Recipient.kind: 3 is not defined"
    );
    let mut no_precedence = message(1);
    no_precedence.precedence = 0;
    assert_eq!(
        Message::decode(&no_precedence.encode()).unwrap_err().to_string(),
        "MessagePayload.precedence: missing"
    );
}

#[test]
fn a_hand_over_names_an_officer_and_leaving_names_none() {
    let watch = |verb, other: &str| {
        let watch = OfficerWatch {
            officer: "o".into(),
            key_statement: Hash([1; 32]),
            verb,
            desk: "d".into(),
            exercise: "e".into(),
            other: other.into(),
            remark: String::new(),
            claimed_time_ms: 1,
        };
        OfficerWatch::decode(&watch.encode())
            .map(|_| ())
            .map_err(|error| error.fault)
    };
    assert_eq!(watch(1, ""), Ok(()));
    assert_eq!(watch(1, "from"), Ok(()));
    assert_eq!(watch(2, "to"), Ok(()));
    assert_eq!(watch(2, ""), Err(StrictFault::Missing));
    assert_eq!(watch(3, ""), Ok(()));
    assert_eq!(watch(3, "to"), Err(StrictFault::Unknown));
}

#[test]
fn each_kind_of_annex_has_its_own_fields() {
    let annex = |kind: u64, with: [bool; 5]| {
        let [grade, language, content, of_annex, text] = with;
        let reference = Reference {
            sender: "d".into(),
            id: [1; 16],
            sha256: Hash([1; 32]),
        }
        .encode();
        let words = |there: bool, words: &'static str| if there { words } else { "" };
        let bytes = |there: bool, bytes: &[u8]| if there { bytes.to_vec() } else { Vec::new() };
        let written = crate::strict::Writer::new()
            .text(1, "o")
            .bytes(2, &[1; 32])
            .text(3, "d")
            .text(4, "e")
            .message(5, &reference)
            .number(6, kind)
            .number(7, u64::from(grade))
            .text(8, words(language, "qav"))
            .bytes(9, &bytes(content, &[1; 32]))
            .bytes(10, &bytes(of_annex, &reference))
            .text(11, words(text, "the minister"))
            .number(12, 1)
            .finish();
        OfficerAnnex::decode(&written)
            .map(|_| ())
            .map_err(|error| (error.field.into_owned(), error.fault))
    };
    let fault = |field: &str, fault| Err((field.to_owned(), fault));
    assert_eq!(annex(8, [true, true, true, false, false]), Ok(()));
    assert_eq!(annex(8, [true, true, true, true, false]), Ok(()));
    assert_eq!(annex(9, [false, false, false, false, true]), Ok(()));
    for (place, field) in ["grade", "language", "content_sha256", "of_annex", "text"]
        .iter()
        .enumerate()
    {
        let mut translated = [true, true, true, true, false];
        translated[place] = !translated[place];
        let mut presented = [false, false, false, false, true];
        presented[place] = !presented[place];
        let missing = fault(field, StrictFault::Missing);
        let unknown = fault(field, StrictFault::Unknown);
        match *field {
            "of_annex" => assert_eq!(annex(8, translated), Ok(())),
            "text" => assert_eq!(annex(8, translated), unknown),
            _ => assert_eq!(annex(8, translated), missing),
        }
        let expected = if *field == "text" { missing } else { unknown };
        assert_eq!(annex(9, presented), expected);
    }
    assert_eq!(
        annex(7, [true, true, true, false, false]),
        fault("kind", StrictFault::OutOfRange { value: 7 })
    );
}

#[test]
fn lists_are_bounded() {
    let mut crowded = message(1);
    crowded.header.recipients = vec![crowded.header.recipients[0].clone(); MAX_RECIPIENTS + 1];
    assert_eq!(
        Message::decode(&crowded.encode()).unwrap_err().to_string(),
        "Header.recipients: more than 64"
    );
    let mut approved = message(1);
    approved.approvals = vec![vec![1]; MAX_APPROVALS + 1];
    assert_eq!(
        Message::decode(&approved.encode()).unwrap_err().to_string(),
        "MessagePayload.approvals: more than 8"
    );
    let mut seen = header(1);
    seen.seen = vec![seen.seen[0].clone(); MAX_SEEN + 1];
    assert_eq!(
        Header::decode(&seen.encode()).unwrap_err().to_string(),
        "Header.seen: more than 16"
    );
    let item = ReceiptItem {
        id: [1; 16],
        sha256: Hash::ZERO,
        leg: "n/tcp".into(),
    };
    let receipt = Receipt {
        header: header(1),
        rung: 4,
        subject: "d".into(),
        items: vec![item; MAX_RECEIPT_ITEMS + 1],
    };
    assert_eq!(
        Receipt::decode(&receipt.encode()).unwrap_err().to_string(),
        "ReceiptPayload.items: more than 512"
    );
}

#[test]
fn a_charter_has_two_sides_in_ascending_order() {
    let terms = |sides: &[&str]| {
        let terms = CharterTerms {
            channel: "MARITIME".into(),
            level: "MINISTER".into(),
            scope: "s".into(),
            hours: "h".into(),
            exercise: "e".into(),
            sides: sides.iter().map(ToString::to_string).collect(),
            receipt_policy: "r".into(),
            codebook_sha256: None,
        };
        CharterTerms::decode(&terms.encode())
            .map(|_| ())
            .map_err(|error| error.fault)
    };
    assert_eq!(terms(&["a", "b"]), Ok(()));
    assert_eq!(terms(&["b", "a"]), Err(StrictFault::NotAscending));
    assert_eq!(terms(&["a", "a"]), Err(StrictFault::NotAscending));
    assert_eq!(terms(&["a"]), Err(StrictFault::Missing));
    assert_eq!(terms(&["a", "b", "c"]), Err(StrictFault::TooMany { limit: 2 }));
}

#[test]
fn an_approval_covers_the_message_it_was_made_for_and_no_other() {
    let approved = message(1);
    let by = ApprovalBy {
        officer: "o".into(),
        key_statement: Hash::ZERO,
        capacity: 2,
        claimed_time_ms: 1,
    };
    let approval = Approval::of(&approved, by);
    assert_eq!(approval.first_difference(&approved), None);
    type Change = fn(&mut Message);
    let changes: [(&str, Change); 6] = [
        ("id", |m| m.header.id = [0xee; 16]),
        ("recipients", |m| m.header.recipients[0].kind = 2),
        ("precedence", |m| m.precedence = 6),
        ("channel", |m| m.channel = "AIR".into()),
        ("content_sha256", |m| {
            m.content = Content::plain([9; 32], "Is the vessel at 57N 19E ours?");
        }),
        ("answer", |m| m.answer = 1),
    ];
    for (field, change) in changes {
        let mut other = approved.clone();
        change(&mut other);
        assert_eq!(approval.first_difference(&other), Some(field));
    }
    let mut placed = approved.clone();
    placed.header.sequence = 77;
    placed.approvals.push(vec![1]);
    assert_eq!(
        approval.first_difference(&placed),
        None,
        "the place in the chain is the desk's own"
    );
}

#[test]
fn content_opens_only_to_the_text_committed_to() {
    let content = Content::plain([9; 32], "yes");
    assert_eq!(content.text(), Ok("yes"));
    assert_eq!(
        content.commitment,
        Hash::of_parts(&[b"hotline/commit/v1", &[9; 32], b"yes"])
    );
    let mut other = content.clone();
    other.body = b"no".to_vec();
    assert_eq!(other.text(), Err(ContentError::WrongCommitment));
    let mut later = content.clone();
    later.suite = 3;
    assert_eq!(later.text(), Err(ContentError::UnknownSuite(3)));
    later.suite = Content::SUITE_XWING;
    assert_eq!(later.text(), Err(ContentError::Sealed));
    let mut unsalted = content;
    unsalted.salt.clear();
    assert_eq!(
        Content::decode(&unsalted.encode()).unwrap_err().to_string(),
        "Content.salt: missing"
    );
}

#[test]
fn only_statements_of_a_chain_are_payloads_of_a_chain() {
    let key = crate::dsse::SigningKey::from_seed(&[1; 32]);
    let whole = SignedStatement::sign(PayloadType::Message, &message(1).encode(), &key).unwrap();
    assert_eq!(Payload::parse(&whole).unwrap().header().sequence, 1);
    let key_statement = SignedStatement::sign(PayloadType::Key, &message(1).encode(), &key).unwrap();
    assert_eq!(
        Payload::parse(&key_statement).unwrap_err().fault,
        StrictFault::WrongPayloadType
    );
}
