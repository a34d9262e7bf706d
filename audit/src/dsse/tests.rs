//! Envelopes, weak keys and every flipped bit.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use ring::signature;

use super::key::SMALL_ORDER;
use super::*;

fn key() -> SigningKey {
    SigningKey::from_seed(&[7; 32])
}

#[test]
fn a_statement_parses_back_and_verifies_under_its_key_only() {
    let statement = SignedStatement::sign(PayloadType::Message, b"payload", &key()).unwrap();
    let parsed = SignedStatement::parse(statement.bytes()).unwrap();
    assert_eq!(parsed, statement);
    assert_eq!(parsed.hash(), Hash::of(statement.bytes()));
    assert!(parsed.verify(&key().public()));
    assert!(!parsed.verify(&SigningKey::from_seed(&[8; 32]).public()));
}

#[test]
fn a_signature_for_one_kind_does_not_serve_for_another() {
    for kind in PayloadType::ALL {
        let statement = SignedStatement::sign(kind, b"payload", &key()).unwrap();
        for other in PayloadType::ALL {
            let bytes = Writer::new()
                .text(1, other.as_str())
                .bytes(2, b"payload")
                .bytes(3, &statement.signature)
                .finish();
            assert_eq!(
                SignedStatement::parse(&bytes).unwrap().verify(&key().public()),
                kind == other
            );
        }
    }
}

#[test]
fn any_single_flipped_bit_of_a_statement_fails() {
    let statement =
        SignedStatement::sign(PayloadType::Receipt, &(0..40).collect::<Vec<u8>>(), &key()).unwrap();
    for bit in 0..statement.bytes().len() * 8 {
        let mut bytes = statement.bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let passes = SignedStatement::parse(&bytes).is_ok_and(|parsed| parsed.verify(&key().public()));
        assert!(!passes, "bit {bit}");
    }
}

#[test]
fn sixty_kib_and_one_byte_is_refused_by_reader_and_signer() {
    let overhead = SignedStatement::sign(PayloadType::Act, &[1; 50_000], &key())
        .unwrap()
        .bytes()
        .len()
        - 50_000;
    let fits = vec![1; MAX - overhead];
    assert_eq!(
        SignedStatement::sign(PayloadType::Act, &fits, &key())
            .unwrap()
            .bytes()
            .len(),
        MAX
    );
    let over = SignedStatement::sign(PayloadType::Act, &vec![1; MAX - overhead + 1], &key()).unwrap_err();
    assert_eq!(
        over.fault,
        StrictFault::TooLarge {
            bytes: MAX + 1,
            limit: MAX
        }
    );
    assert_eq!(
        SignedStatement::parse(&[0; MAX + 1]).unwrap_err().fault,
        over.fault
    );
}

const MAX: usize = strict::MAX_STATEMENT_BYTES;

#[test]
fn envelopes_with_strange_parts_are_refused() {
    let good = SignedStatement::sign(PayloadType::Act, b"p", &key()).unwrap();
    let kind = PayloadType::Act.as_str();
    let faults = [
        Writer::new()
            .text(1, "application/vnd.hotline.act.v2")
            .bytes(2, b"p")
            .bytes(3, &good.signature)
            .finish(),
        Writer::new()
            .text(1, kind)
            .bytes(2, b"p")
            .bytes(3, &good.signature[1..])
            .finish(),
        Writer::new().text(1, kind).bytes(3, &good.signature).finish(),
        [good.bytes(), &[0]].concat(),
        [good.bytes(), good.bytes()].concat(),
        Vec::new(),
    ];
    for bytes in faults {
        assert!(SignedStatement::parse(&bytes).is_err());
    }
    assert!(SignedStatement::sign(PayloadType::Act, &[], &key()).is_err());
}

/// ring verifies the signature (identity, 0) of the key (1, 0 …) for every message. It is refused before ring is asked.
#[test]
fn the_weak_key_that_signs_everything_is_refused() {
    let mut weak = [0; 32];
    weak[0] = 1;
    let mut wildcard = [0; 64];
    wildcard[0] = 1;
    for message in ["attack", "stand down"] {
        let ring_says = signature::UnparsedPublicKey::new(&signature::ED25519, &weak)
            .verify(message.as_bytes(), &wildcard);
        assert!(
            ring_says.is_ok(),
            "if ring refuses it one day, this guard is no longer alone"
        );
        assert!(!key().public().verify(message.as_bytes(), &wildcard));
    }
    assert_eq!(PublicKey::parse(&weak), Err(KeyError::Weak));
}

/// A signature whose first half is the small-order point 1 and whose second half fits a good key: ring takes it, strict
/// verifiers elsewhere do not. What we accept must be what everybody accepts.
#[test]
fn a_signature_with_a_small_order_half_is_refused_as_strict_verifiers_do() {
    let half = "5cc10b2443c094f5c6ce18f60a7b483fac434056d65aef07e957699505ed6501";
    let mut odd = [0; 64];
    odd[0] = 1;
    odd[32..].copy_from_slice(&half.parse::<Hash>().unwrap().0);
    let public = key().public();
    let ring_says = signature::UnparsedPublicKey::new(&signature::ED25519, public.as_bytes());
    assert!(ring_says.verify(b"stand down", &odd).is_ok());
    assert!(!public.verify(b"stand down", &odd));
}

#[test]
fn every_small_order_point_is_refused_in_every_encoding() {
    for y in SMALL_ORDER {
        for sign in [0, 0x80] {
            let mut encoded = y;
            encoded[31] |= sign;
            assert_eq!(
                PublicKey::parse(&encoded),
                Err(KeyError::Weak),
                "{}",
                Hash(encoded)
            );
        }
    }
    assert_eq!(SMALL_ORDER[1][0], 1);
    assert_eq!(SMALL_ORDER[4], {
        let mut p = [0xff; 32];
        p[0] = 0xec;
        p[31] = 0x7f;
        p
    });
}

#[test]
fn keys_above_the_field_are_not_canonical() {
    for first in 0xefu8..=0xff {
        let mut encoded = [0xff; 32];
        encoded[0] = first;
        assert_eq!(PublicKey::parse(&encoded), Err(KeyError::NotCanonical));
        encoded[31] = 0x7f;
        assert_eq!(PublicKey::parse(&encoded), Err(KeyError::NotCanonical));
    }
    assert_eq!(PublicKey::parse(&[1; 31]), Err(KeyError::Length(31)));
}

#[test]
fn a_key_comes_back_from_its_pkcs8_document() {
    let document = SigningKey::pkcs8_of_seed(&[7; 32]);
    assert_eq!(
        SigningKey::from_pkcs8(&document).unwrap().public(),
        key().public()
    );
    assert_eq!(
        SigningKey::from_pkcs8(&document[1..]).unwrap_err(),
        KeyError::NotPkcs8
    );
    let mut next = 0u8;
    let made = SigningKey::generate(&mut |bytes| {
        bytes.iter_mut().for_each(|byte| {
            *byte = next;
            next += 1;
        });
    });
    let ascending: [u8; 32] = std::array::from_fn(|place| place as u8);
    assert_eq!(made.public(), SigningKey::from_seed(&ascending).public());
}

/// RFC 8032 §7.1, test 1.
#[test]
fn the_published_key_signs_as_published() {
    let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
        .parse::<Hash>()
        .unwrap();
    let key = SigningKey::from_seed(&seed.0);
    assert_eq!(
        Hash(*key.public().as_bytes()).to_string(),
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    );
    assert!(
        data_encoding::HEXLOWER
            .encode(&key.sign(b""))
            .starts_with("e5564300c360ac729086e2cc806e828a")
    );
}

#[test]
fn the_pre_authentication_encoding_counts_bytes() {
    assert_eq!(
        pre_authentication(PayloadType::Key, "é".as_bytes()),
        "DSSEv1 30 application/vnd.hotline.key.v1 2 é".as_bytes()
    );
}
