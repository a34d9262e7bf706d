//! The container of a sealed content, read strictly, and its padding.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use proptest::prelude::*;

use super::*;
use crate::statement::{Content, samples};

fn wrap(number: u8) -> Wrap {
    Wrap {
        key_statement: Hash([number; 32]),
        encapsulation: Box::new([number; ENCAPSULATION_BYTES]),
        wrapped_key: [number; WRAPPED_KEY_BYTES],
    }
}

fn container(keys: u8, text: usize) -> Container {
    Container {
        wraps: (1..=keys).map(wrap).collect(),
        ciphertext: vec![7; bucket(text).unwrap() + TAG_BYTES],
    }
}

#[test]
fn a_container_reads_back_and_has_one_encoding() {
    for (keys, text) in [(1, 0), (2, 221), (4, 49_000)] {
        let container = container(keys, text);
        let bytes = container.encode();
        assert_eq!(Some(bytes.len()), container_bytes(usize::from(keys), text));
        assert_eq!(Container::parse(&bytes), Ok(container));
    }
}

#[test]
fn a_container_that_is_not_in_order_is_refused_by_name() {
    let good = container(2, 10).encode();
    let refused = |bytes: &[u8]| Container::parse(bytes).unwrap_err();
    assert_eq!(refused(&[]), ContainerError::CutShort);
    assert_eq!(refused(&good[..2000]), ContainerError::CutShort);
    assert_eq!(refused(&good[..good.len() - 1]), ContainerError::NoBucket(271));
    assert_eq!(
        refused(&[good.as_slice(), &[0]].concat()),
        ContainerError::NoBucket(273)
    );
    for (place, byte, fault) in [
        (
            0,
            2,
            ContainerError::Unknown {
                version: 2,
                cipher: 1,
            },
        ),
        (
            1,
            9,
            ContainerError::Unknown {
                version: 1,
                cipher: 9,
            },
        ),
        (2, 0, ContainerError::Wraps(0)),
        (2, 49, ContainerError::Wraps(49)),
        (3, 3, ContainerError::NotAscending),
    ] {
        let mut bytes = good.clone();
        bytes[place] = byte;
        assert_eq!(refused(&bytes), fault);
    }
    let mut twice = container(2, 10);
    twice.wraps[1] = twice.wraps[0].clone();
    assert_eq!(refused(&twice.encode()), ContainerError::NotAscending);
}

#[test]
fn a_sealed_content_is_read_strictly_and_has_no_salt_in_the_open() {
    let sealed = Content {
        suite: Content::SUITE_XWING,
        commitment: Hash([3; 32]),
        salt: Vec::new(),
        body: container(2, 10).encode(),
    };
    assert_eq!(Content::decode(&sealed.encode()), Ok(sealed.clone()));
    let mut salted = sealed.clone();
    salted.salt = vec![9; 32];
    let mut broken = sealed;
    broken.body.pop();
    assert_eq!(
        Content::decode(&salted.encode()).unwrap_err().to_string(),
        "Content.salt: not allowed with this suite"
    );
    assert!(
        Content::decode(&broken.encode())
            .unwrap_err()
            .to_string()
            .contains("is no bucket")
    );
}

#[test]
fn short_texts_are_all_of_one_length_and_longer_ones_of_few() {
    assert_eq!((bucket(0), bucket(220)), (Some(256), Some(256)));
    assert_eq!((bucket(221), bucket(476)), (Some(512), Some(512)));
    assert_eq!(bucket(32_768 - 36), Some(32_768));
    assert_eq!(bucket(32_768), Some(50_176));
    assert_eq!((bucket(50_140), bucket(50_141)), (Some(50_176), None));
    assert_eq!(bucket(usize::MAX), None);
    for (place, text) in LONGEST_TEXTS.iter().enumerate() {
        assert_eq!(bucket(*text), Some(text + 36));
        assert_eq!(
            bucket(text + 1),
            LONGEST_TEXTS.get(place + 1).map(|next| next + 36)
        );
    }
}

#[test]
fn padding_that_holds_anything_is_no_padding() {
    let padded = pad(&[9; 32], "yes").unwrap();
    assert_eq!(unpad(&padded), Ok(([9; 32], "yes")));
    let mut dirty = padded.clone();
    *dirty.last_mut().unwrap() = 1;
    assert_eq!(unpad(&dirty), Err(PaddedError::Padding));
    let longer = [padded.as_slice(), &[0; 256]].concat();
    assert_eq!(
        unpad(&longer),
        Err(PaddedError::Padding),
        "a larger bucket than it needs"
    );
    let mut long = padded.clone();
    long[32] = 1;
    assert_eq!(unpad(&long), Err(PaddedError::CutShort));
    let mut binary = padded;
    binary[36] = 0xff;
    assert_eq!(unpad(&binary), Err(PaddedError::NotUtf8));
}

#[test]
fn a_context_changes_with_everything_that_it_names() {
    let message = samples::message(1);
    let of = |header: &crate::statement::Header, channel: &str| {
        SealContext::message(header, channel, &message.content.commitment)
    };
    let first = of(&message.header, &message.channel);
    let mut others = Vec::new();
    for change in 0..6 {
        let mut header = message.header.clone();
        let mut channel = message.channel.clone();
        match change {
            0 => header.id = [0xee; 16],
            1 => header.sender.push('x'),
            2 => header.exercise.push('x'),
            3 => header.conversation = [0xee; 16],
            4 => channel.push('x'),
            _ => header.recipients.clear(),
        }
        others.push(of(&header, &channel));
    }
    assert!(others.iter().all(|other| *other != first));
    let mut placed = message.header.clone();
    placed.sequence += 1;
    assert_eq!(
        of(&placed, &message.channel),
        first,
        "its place in the chain comes later"
    );
}

proptest! {
    #[test]
    fn whatever_bytes_come_reading_a_container_ends_in_order(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        if let Ok(container) = Container::parse(&bytes) {
            prop_assert_eq!(container.encode(), bytes);
        }
    }

    #[test]
    fn every_text_that_is_padded_comes_back(salt in any::<[u8; 32]>(), text in "\\PC{0,400}") {
        let padded = pad(&salt, &text).unwrap();
        prop_assert_eq!(unpad(&padded), Ok((salt, text.as_str())));
    }
}
