//! Two readers, one meaning: whatever `audit` encodes, the generated types decode and encode to the same bytes, and the
//! other way round. `audit` is handed to the counterpart alone, so nothing but this keeps the two together.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use hotline_audit::{
    Hash, PayloadType, SignedStatement, SigningKey,
    statement::{
        Act, Annex, AnnexDone, Approval, Charter, CharterConsent, CharterTerms, Content, Control,
        ControlOrder, CosignRefused, Deny, DenyOrder, Header, KeyStatement, LegFact, Lifecycle, LogLink,
        Message, OfficerAct, OfficerAnnex, OfficerOrder, OfficerWatch, PeerCheckpoint, Presence, Receipt,
        ReceiptItem, Recipient, Reference, ReportSignature, Revocation, SEAL_KEY_BYTES, SEAL_SUITE_XWING,
        SealKey, SeenCheckpoint, Service, Watch,
    },
};
use hotline_proto::v1;
use proptest::prelude::*;
use prost::Message as _;

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

/// A text that is not empty: an empty one is absent on the wire.
fn text() -> impl Strategy<Value = String> {
    "\\PC{1,24}"
}

fn recipients() -> impl Strategy<Value = Vec<Recipient>> {
    let one = (text(), 1..=2u32).prop_map(|(identity, kind)| Recipient { identity, kind });
    prop::collection::vec(one, 1..4)
}

fn reference() -> impl Strategy<Value = Reference> {
    (text(), any::<[u8; 16]>(), hash()).prop_map(|(sender, id, sha256)| Reference { sender, id, sha256 })
}

prop_compose! {
    fn header()(
        (id, conversation) in any::<([u8; 16], [u8; 16])>(),
        (trust_domain, exercise, sender) in (text(), text(), text()),
        (key_statement, previous) in (hash(), hash()),
        recipients in recipients(),
        (claimed_time_ms, epoch, sequence) in (1..=u64::MAX, 1..=u64::MAX, 1..=u64::MAX),
        seen in prop::collection::vec((text(), 1..=u64::MAX, hash()), 0..3),
    ) -> Header {
        let seen = seen.into_iter().map(|(origin, size, root)| SeenCheckpoint { origin, size, root }).collect();
        Header {
            id, trust_domain, exercise, conversation, sender, key_statement, recipients, claimed_time_ms, epoch,
            sequence, previous, seen,
        }
    }
}

prop_compose! {
    fn message()(
        header in header(),
        (traffic_class, message_type, function, precedence) in (1..=5u32, 1..=4u32, 1..=6u32, 1..=6u32),
        (channel, number) in ("[A-Z]{0,8}", 1..=u64::MAX),
        (response_attribute, answer) in (1..=7u32, 0..=14u32),
        refers_to in prop::option::of(reference()),
        approvals in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..3),
        (salt, body) in (any::<[u8; 32]>(), "\\PC{0,80}"),
    ) -> Message {
        Message {
            header, traffic_class, message_type, function, precedence, channel, number, response_attribute, refers_to,
            answer, approvals, content: Content::plain(salt, &body), expires_ms: number, safety_of_life: answer > 5, respond_by_ms: u64::from(answer), contact: answer % 3,
        }
    }
}

prop_compose! {
    fn approval()(
        (officer, desk, exercise) in (text(), text(), text()),
        (key_statement, content_sha256) in (hash(), hash()),
        (id, conversation) in any::<([u8; 16], [u8; 16])>(),
        recipients in recipients(),
        (capacity, traffic_class, message_type) in (1..=2u32, 1..=5u32, 1..=4u32),
        (function, precedence) in (1..=6u32, 1..=6u32),
        (channel, response_attribute, answer) in ("[A-Z]{0,8}", 1..=7u32, 0..=14u32),
        refers_to in prop::option::of(reference()),
        claimed_time_ms in 1..=u64::MAX,
    ) -> Approval {
        Approval {
            officer, key_statement, capacity, id, desk, exercise, conversation, recipients, traffic_class, message_type,
            function, precedence, channel, response_attribute, refers_to, answer, content_sha256, claimed_time_ms, expires_ms: claimed_time_ms / 2,
            safety_of_life: answer > 5, respond_by_ms: u64::from(answer), contact: answer % 3,
        }
    }
}

prop_compose! {
    fn receipt()(
        header in header(),
        (rung, subject) in (4..=6u32, text()),
        items in prop::collection::vec((any::<[u8; 16]>(), hash(), text()), 1..4),
    ) -> Receipt {
        let items = items.into_iter().map(|(id, sha256, leg)| ReceiptItem { id, sha256, leg }).collect();
        Receipt { header, rung, subject, items }
    }
}

prop_compose! {
    fn officer_act()(
        (officer, desk, exercise, words) in (text(), text(), text(), "\\PC{0,40}"),
        key_statement in hash(),
        rung in prop::sample::select(vec![7u32, 20, 21, 22, 23, 24]),
        message in reference(),
        claimed_time_ms in 1..=u64::MAX,
    ) -> OfficerAct {
        OfficerAct { officer, key_statement, rung, desk, exercise, message, text: words, claimed_time_ms }
    }
}

prop_compose! {
    fn terms()(
        (channel, level, scope, hours) in (text(), text(), text(), text()),
        (exercise, receipt_policy) in (text(), text()),
        (first, second) in ("[a-m]{1,9}", "[n-z]{1,9}"),
        codebook_sha256 in prop::option::of(hash()),
    ) -> CharterTerms {
        CharterTerms { channel, level, scope, hours, exercise, sides: vec![first, second], receipt_policy, codebook_sha256 }
    }
}

prop_compose! {
    fn key_statement()(
        (trust_domain, subject) in (text(), text()),
        (number, not_before_ms, not_after_ms) in (1..=u64::MAX, 1..=u64::MAX, 1..=u64::MAX),
        (previous, public_key) in (hash(), any::<[u8; 32]>()),
        purpose in 1..=6u32,
        roles in prop::sample::subsequence(vec![1u32, 2, 3, 4, 5, 6, 7, 8], 0..=8),
    ) -> KeyStatement {
        KeyStatement {
            trust_domain, number, previous, purpose, subject, roles, public_key, not_before_ms, not_after_ms,
        }
    }
}

/// The generated reader takes `audit`'s bytes and its writer gives the same; `audit` takes those and finds the same.
macro_rules! agree {
    ($value:expr, $audit:ty, $generated:ty) => {{
        let value = $value;
        let bytes = value.encode();
        let generated = <$generated>::decode(bytes.as_slice()).unwrap();
        let again = generated.encode_to_vec();
        prop_assert_eq!(&again, &bytes, "the generated writer differs for {:?}", value);
        prop_assert_eq!(<$audit>::decode(&again).unwrap(), value);
        generated
    }};
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_readers_find_the_same_in_a_message(message in message()) {
        let read = agree!(message.clone(), Message, v1::MessagePayload);
        let (header, content) = (read.header.unwrap(), read.content.unwrap());
        prop_assert_eq!(header.id.as_ref(), &message.header.id[..]);
        prop_assert_eq!(header.sender, message.header.sender);
        prop_assert_eq!(header.previous.as_ref(), &message.header.previous.0[..]);
        prop_assert_eq!(header.sequence, message.header.sequence);
        prop_assert_eq!(header.seen.len(), message.header.seen.len());
        prop_assert_eq!(read.precedence, message.precedence);
        prop_assert_eq!(read.answer, message.answer);
        prop_assert_eq!(content.body.as_ref(), message.content.body.as_slice());
        prop_assert_eq!(content.commitment.as_ref(), &message.content.commitment.0[..]);
    }

    #[test]
    fn both_readers_find_the_same_in_an_approval(approval in approval()) {
        let read = agree!(approval.clone(), Approval, v1::ApprovalPayload);
        prop_assert_eq!(read.capacity, approval.capacity);
        prop_assert_eq!(read.content_sha256.as_ref(), &approval.content_sha256.0[..]);
    }

    #[test]
    fn both_readers_find_the_same_in_receipts_and_acts(
        receipt in receipt(), officer_act in officer_act(), header in header(),
        inner in prop::collection::vec(any::<u8>(), 1..60),
    ) {
        let read = agree!(receipt.clone(), Receipt, v1::ReceiptPayload);
        prop_assert_eq!(read.rung, receipt.rung);
        prop_assert_eq!(read.items.len(), receipt.items.len());
        let read = agree!(officer_act.clone(), OfficerAct, v1::OfficerActPayload);
        prop_assert_eq!(read.text, officer_act.text);
        agree!(Act { header, act: inner }, Act, v1::ActPayload);
    }

    #[test]
    fn both_readers_find_the_same_in_annexes(
        message in message(), (officer, desk, exercise, to) in (text(), text(), text(), text()),
        (key_statement, about) in (hash(), reference()), of_annex in prop::option::of(reference()),
        (grade, language) in (1..=3u32, "[a-z]{2,3}"), (translated, claimed_time_ms) in (any::<bool>(), 1..=u64::MAX),
    ) {
        let content = translated.then(|| message.content.clone());
        let done = match &content {
            Some(content) => {
                AnnexDone::Translated { grade, language: language.clone(), content_sha256: content.sha256(), of_annex }
            }
            None => AnnexDone::Presented { to: to.clone() },
        };
        let said = OfficerAnnex { officer, key_statement, desk, exercise, message: about, done, claimed_time_ms };
        let annex = said.encode();
        let read = agree!(said, OfficerAnnex, v1::OfficerAnnexPayload);
        prop_assert_eq!(read.kind, if translated { 8 } else { 9 });
        prop_assert_eq!(read.grade, if translated { grade } else { 0 });
        prop_assert_eq!(read.text, if translated { String::new() } else { to });
        let read = agree!(Annex { header: message.header, annex, content }, Annex, v1::AnnexPayload);
        prop_assert_eq!(read.content.is_some(), translated);
    }

    #[test]
    fn both_readers_find_the_same_in_watches_orders_and_service_statements(
        header in header(), (officer, desk, exercise, words) in (text(), text(), text(), text()),
        (key_statement, subject) in (hash(), hash()), refers_to in prop::option::of(reference()),
        (time, other_time) in (1..=u64::MAX, 0..=u64::MAX), (kind, verb, state) in (1..=11u32, 1..=5u32, 1..=4u32),
        legs in prop::collection::vec((text(), 0..=u64::MAX), 0..4),
    ) {
        let watch = OfficerWatch {
            officer: officer.clone(), key_statement, verb: 2, desk: desk.clone(), exercise: exercise.clone(),
            other: words.clone(), remark: words.clone(), claimed_time_ms: time,
        };
        let officer_watch = watch.encode();
        agree!(watch, OfficerWatch, v1::OfficerWatchPayload);
        agree!(Watch { header: header.clone(), officer_watch }, Watch, v1::WatchPayload);
        let order = OfficerOrder {
            officer, key_statement, verb, desk: desk.clone(), exercise, channel: words.clone(), scope: words.clone(),
            reason: words.clone(), review_by_ms: other_time, consents_to: refers_to.clone(),
            subject_sha256: (kind > 4).then_some(subject), claimed_time_ms: time, effective_ms: other_time / 3,
        };
        let encoded = order.encode();
        let read = agree!(order, OfficerOrder, v1::OfficerOrderPayload);
        prop_assert_eq!(read.review_by_ms, other_time);
        agree!(Lifecycle { header: header.clone(), order: encoded }, Lifecycle, v1::LifecyclePayload);
        let doors: Vec<String> = legs.iter().map(|(leg, _)| leg.clone()).collect();
        let legs = legs.into_iter().map(|(leg, ms)| LegFact { leg, ms }).collect();
        let service = Service {
            header, kind, refers_to, legs, clock_before_ms: other_time, clock_after_ms: time, step: verb - 1,
            text: words,
        };
        let read = agree!(service.clone(), Service, v1::ServicePayload);
        prop_assert_eq!(read.legs.len(), service.legs.len());
        let presence = Presence {
            relay: desk.clone(), key_statement, desk, state, doors, since_ms: time, claimed_time_ms: time,
        };
        agree!(presence, Presence, v1::PresencePayload);
    }

    #[test]
    fn both_readers_find_the_same_in_charters_and_rosters(
        header in header(), terms in terms(), key in key_statement(),
        (officer, reason) in (text(), text()),
        (first, second) in (hash(), hash()),
        (number, claimed_time_ms) in (1..=u64::MAX, 1..=u64::MAX),
        consents in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 1..3),
    ) {
        let read = agree!(terms.clone(), CharterTerms, v1::CharterTerms);
        prop_assert_eq!(read.sides, terms.sides.clone());
        agree!(Charter { header, terms: terms.encode(), consents }, Charter, v1::CharterPayload);
        let consent = CharterConsent { officer, key_statement: first, terms_sha256: second, claimed_time_ms };
        agree!(consent, CharterConsent, v1::CharterConsentPayload);
        let read = agree!(key.clone(), KeyStatement, v1::KeyPayload);
        prop_assert_eq!(read.roles, key.roles.clone());
        let trust_domain = key.trust_domain.clone();
        let revocation =
            Revocation { trust_domain, number, previous: first, key_statement: second, reason, claimed_time_ms };
        agree!(revocation, Revocation, v1::RevocationPayload);
    }

    #[test]
    fn both_readers_find_the_same_in_keys_for_sealing_and_records_of_relays(
        (trust_domain, subject, words) in (text(), text(), text()), (previous, key_statement) in (hash(), hash()),
        (number, time, other_time, size) in (1..=u64::MAX, 1..=u64::MAX, 1..=u64::MAX, 0..=u64::MAX),
        byte in any::<u8>(), note in prop::collection::vec(any::<u8>(), 1..400), old in any::<bool>(),
        (reason, status) in (1..=5u32, prop_oneof![Just(0u32), 100..=599u32]),
    ) {
        let seal = SealKey {
            trust_domain: trust_domain.clone(), number, previous, subject: subject.clone(), suite: SEAL_SUITE_XWING,
            public_key: Box::new([byte; SEAL_KEY_BYTES]), not_before_ms: time, not_after_ms: other_time,
        };
        let read = agree!(seal, SealKey, v1::SealKeyPayload);
        prop_assert_eq!(read.public_key.as_ref(), &[byte; SEAL_KEY_BYTES][..]);
        let peer = PeerCheckpoint {
            relay: subject.clone(), key_statement, note: note.clone(), claimed_time_ms: time, mirrored: size,
        };
        let read = agree!(peer, PeerCheckpoint, v1::PeerCheckpointPayload);
        prop_assert_eq!((read.note.as_ref(), read.mirrored), (note.as_slice(), size));
        let refused = CosignRefused {
            relay: subject.clone(), key_statement, witness: words.clone(), size, reason, status, claimed_time_ms: time,
            since_ms: other_time,
        };
        let read = agree!(refused, CosignRefused, v1::CosignRefusedPayload);
        prop_assert_eq!((read.reason, read.status, read.since_ms), (reason, status, other_time));
        let link = LogLink {
            relay: subject, key_statement, old_origin: trust_domain, old_note: if old { note } else { Vec::new() },
            reason: words, claimed_time_ms: time,
        };
        let read = agree!(link, LogLink, v1::LogLinkPayload);
        prop_assert_eq!(read.old_note.is_empty(), !old);
    }

    #[test]
    fn both_readers_find_the_same_in_records_and_orders_of_control(
        (exercise, conductor, subject, detail) in (text(), text(), text(), "\\PC{0,80}"), (key, other) in (hash(), hash()),
        (id, order_id) in any::<([u8; 16], [u8; 16])>(),
        (sequence, wall_ms, line_ms, story_ms) in (1..=u64::MAX, 1..=u64::MAX, 0..=u64::MAX, 0..=u64::MAX),
        (running, rate) in prop_oneof![Just((1u32, 0u32)), (2..=3u32, 100..=60_000u32), Just((4, 0))], kind in 1..=64u32,
    ) {
        let order = ControlOrder {
            id: order_id, exercise: exercise.clone(), controller: conductor.clone(), key_statement: key, kind,
            subject: subject.clone(), detail: detail.clone(), expects: other, claimed_time_ms: wall_ms,
        };
        let encoded = order.encode();
        let read = agree!(order, ControlOrder, v1::ControlOrderPayload);
        prop_assert_eq!(read.expects.as_ref(), &other.0[..]);
        let record = Control {
            id, exercise, conductor, key_statement: key, sequence, previous: other, wall_ms, line_ms, story_ms,
            running, rate, kind, subject, detail, order: encoded.clone(),
        };
        let read = agree!(record.clone(), Control, v1::ControlPayload);
        prop_assert_eq!(read.detail, record.detail);
        prop_assert_eq!(read.order.as_ref(), encoded.as_slice());
        prop_assert_eq!((read.line_ms, read.story_ms, read.rate), (line_ms, story_ms, rate));
    }

    #[test]
    fn both_readers_find_the_same_in_signatures_of_reports(
        (officer, exercise) in (text(), text()), (key_statement, report_sha256) in (hash(), hash()),
        claimed_time_ms in 1..=u64::MAX,
    ) {
        let signature = ReportSignature { officer, key_statement, exercise, report_sha256, claimed_time_ms };
        let read = agree!(signature, ReportSignature, v1::ReportSignaturePayload);
        prop_assert_eq!(read.report_sha256.as_ref(), &report_sha256.0[..]);
        prop_assert_eq!(read.claimed_time_ms, claimed_time_ms);
    }

    #[test]
    fn both_readers_find_the_same_in_deny_lists(
        (trust_domain, identity, reason, officer) in (text(), text(), text(), text()),
        (previous, key_statement) in (hash(), hash()),
        (number, compromised_since_ms, claimed_time_ms) in (1..=u64::MAX, 0..=u64::MAX, 1..=u64::MAX),
    ) {
        let order =
            DenyOrder { trust_domain, number, previous, identity, reason, compromised_since_ms, claimed_time_ms };
        let read = agree!(order.clone(), DenyOrder, v1::DenyOrder);
        prop_assert_eq!(read.compromised_since_ms, compromised_since_ms);
        let bytes = order.encode();
        let read = agree!(Deny { officer, key_statement, order: bytes.clone() }, Deny, v1::DenyPayload);
        prop_assert_eq!(read.order.as_ref(), bytes.as_slice());
    }

    #[test]
    fn both_readers_find_the_same_in_the_envelope(message in message(), seed in any::<[u8; 32]>()) {
        let key = SigningKey::from_seed(&seed);
        let signed = SignedStatement::sign(PayloadType::Message, &message.encode(), &key).unwrap();
        let read = v1::SignedStatement::decode(signed.bytes()).unwrap();
        prop_assert_eq!(&read.payload_type, PayloadType::Message.as_str());
        prop_assert_eq!(read.payload.as_ref(), signed.payload.as_slice());
        prop_assert_eq!(read.encode_to_vec(), signed.bytes().to_vec());
        prop_assert!(SignedStatement::parse(&read.encode_to_vec()).unwrap().verify(&key.public()));
    }

    /// What a program of others encodes with prost is read by `audit`, if it says something at all.
    #[test]
    fn audit_reads_what_the_generated_types_write(
        (identity, kind) in (text(), 1..=2u32),
        (sender, id, sha256) in (text(), any::<[u8; 16]>(), any::<[u8; 32]>()),
        (origin, size) in (text(), 1..=u64::MAX),
    ) {
        let written = v1::Recipient { identity: identity.clone(), kind }.encode_to_vec();
        prop_assert_eq!(Recipient::decode(&written).unwrap(), Recipient { identity, kind });
        let written = v1::Reference {
            sender: sender.clone(), id: id.to_vec().into(), sha256: sha256.to_vec().into(),
        };
        let expected = Reference { sender, id, sha256: Hash(sha256) };
        prop_assert_eq!(Reference::decode(&written.encode_to_vec()).unwrap(), expected);
        let written = v1::SeenCheckpoint { origin: origin.clone(), size, root: sha256.to_vec().into() };
        let expected = SeenCheckpoint { origin, size, root: Hash(sha256) };
        prop_assert_eq!(SeenCheckpoint::decode(&written.encode_to_vec()).unwrap(), expected);
    }
}

#[test]
fn what_the_lenient_reader_forgives_the_strict_one_refuses() {
    let whole = v1::Recipient {
        identity: "spiffe://exercise.borenia.example/desk/ops".into(),
        kind: 1,
    };
    let whole = whole.encode_to_vec();
    assert!(Recipient::decode(&whole).is_ok());
    let unknown_field = [&whole[..], &[0x78, 0x01]].concat();
    let kind_twice = [&whole[..], &[0x10, 0x01]].concat();
    let long_varint = [&whole[..whole.len() - 1], &[0x81, 0x00]].concat();
    let kind_first = [&[0x10, 0x01], &whole[..whole.len() - 2]].concat();
    for (what, bytes) in [
        ("an unknown field", unknown_field),
        ("a field twice", kind_twice),
        ("a varint longer than needed", long_varint),
        ("fields in another order", kind_first),
    ] {
        let lenient = v1::Recipient::decode(bytes.as_slice());
        assert!(lenient.is_ok_and(|read| read.kind == 1), "prost reads {what}");
        assert!(
            Recipient::decode(&bytes).is_err(),
            "the strict reader takes {what}"
        );
    }
}
