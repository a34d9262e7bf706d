//! Sealing and opening, and everything that must not open.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod keys;
mod salamander;
mod sheet;
mod vectors;

use std::sync::Mutex;

use hotline_audit::{
    sealed::{TAG_BYTES, container_bytes},
    statement::{Header, Recipient},
};
use hpke::Kem as _;

use super::{recipients::longest_text, *};

/// Chance that is counted up from a number: the same seals the same.
#[derive(Debug)]
pub(crate) struct Counted(Mutex<u64>);

impl Counted {
    pub(crate) fn from(number: u64) -> Self {
        Self(Mutex::new(number))
    }
}

impl Entropy for Counted {
    fn fill(&self, buffer: &mut [u8]) {
        let mut number = self.0.lock().unwrap();
        for chunk in buffer.chunks_mut(32) {
            *number += 1;
            chunk.copy_from_slice(&Hash::of(&number.to_be_bytes()).0[..chunk.len()]);
        }
    }
}

pub(crate) fn header() -> Header {
    Header {
        id: [0x11; 16],
        trust_domain: "exercise.avelia.example".into(),
        exercise: "NORTHERN LIGHT".into(),
        conversation: [0x11; 16],
        sender: "spiffe://exercise.avelia.example/desk/ops".into(),
        key_statement: Hash::ZERO,
        recipients: vec![Recipient {
            identity: "spiffe://exercise.borenia.example/desk/ops".into(),
            kind: 1,
        }],
        claimed_time_ms: 1,
        epoch: 1,
        sequence: 1,
        previous: Hash::ZERO,
        seen: Vec::new(),
    }
}

pub(crate) fn context(commitment: &Hash) -> SealContext {
    SealContext::message(&header(), "MINISTER", commitment)
}

fn key(number: u8) -> (Hash, SealSecret) {
    (Hash::of(&[number]), SealSecret::from_seed(&[number; 32]).unwrap())
}

fn to(keys: &[(Hash, SealSecret)]) -> Vec<SealTo> {
    let one = |(statement, secret): &(Hash, SealSecret)| SealTo::new(*statement, secret.public()).unwrap();
    keys.iter().map(one).collect()
}

fn opened(content: &Content, (statement, secret): &(Hash, SealSecret)) -> Result<Opening, NotOpened> {
    open(content, &context(&content.commitment), (statement, secret))
}

#[test]
fn whoever_it_is_sealed_to_opens_it_and_nobody_else_does() {
    let keys: Vec<_> = (1..=4).map(key).collect();
    let text = "Is the vessel at 57N 19E yours?";
    let (content, opening) = seal(text, &to(&keys), context, &Counted::from(0)).unwrap();
    assert!(!content.body.windows(6).any(|window| window == b"vessel"));
    assert_eq!(content.body.len(), container_bytes(4, text.len()).unwrap());
    assert_eq!(Content::decode(&content.encode()), Ok(content.clone()));
    for key in &keys {
        assert_eq!(opened(&content, key), Ok(opening.clone()));
        let tried = open_trying(&content, &context(&content.commitment), &key.1);
        assert_eq!(tried, Ok(opening.clone()));
    }
    let (stranger, other) = (key(9), key(1).0);
    assert_eq!(opened(&content, &stranger), Err(NotOpened::NotForUs(4)));
    assert_eq!(
        opened(&content, &(other, stranger.1.clone())),
        Err(NotOpened::ContentKey)
    );
    let tried = open_trying(&content, &context(&content.commitment), &stranger.1);
    assert_eq!(tried, Err(NotOpened::NotForUs(4)));
}

#[test]
fn the_same_words_are_never_sealed_the_same_twice() {
    let keys = [key(1)];
    let chance = Counted::from(0);
    let (one, _) = seal("yes", &to(&keys), context, &chance).unwrap();
    let (two, _) = seal("yes", &to(&keys), context, &chance).unwrap();
    assert_ne!(
        one.commitment, two.commitment,
        "nobody tells \"yes\" from \"no\" by trying both"
    );
    assert_ne!(one.body, two.body);
}

#[test]
fn a_content_opens_in_its_own_statement_only() {
    let keys = [key(1), key(2)];
    let (content, _) = seal("yes", &to(&keys), context, &Counted::from(0)).unwrap();
    let mut other = header();
    other.id = [0x12; 16];
    let elsewhere = SealContext::message(&other, "MINISTER", &content.commitment);
    let refused = open(&content, &elsewhere, (&keys[0].0, &keys[0].1));
    assert_eq!(refused, Err(NotOpened::ContentKey));
}

#[test]
fn every_changed_byte_is_found() {
    let keys = [key(1), key(2)];
    let (content, _) = seal("yes", &to(&keys), context, &Counted::from(0)).unwrap();
    let last = content.body.len() - 1;
    for place in [3, 40, 1_160, 1_203, 1_240, 2_403, 2_450, last - TAG_BYTES, last] {
        let mut changed = content.clone();
        changed.body[place] ^= 1;
        let of_first = opened(&changed, &keys[0]);
        let of_second = opened(&changed, &keys[1]);
        assert!(
            of_first.is_err() && of_second.is_err(),
            "byte {place}: the wraps are authenticated too"
        );
    }
}

#[test]
fn another_text_than_was_committed_to_is_a_mismatch_and_says_so() {
    let keys = [key(1)];
    let (said, _) = seal("We agree.", &to(&keys), context, &Counted::from(0)).unwrap();
    // The sender signs the commitment to one text and seals another.
    let lie = |_: &Hash| context(&said.commitment);
    let (other, _) = seal("We refuse.", &to(&keys), lie, &Counted::from(9)).unwrap();
    let content = Content {
        body: other.body,
        ..said
    };
    let refused = opened(&content, &keys[0]).unwrap_err();
    assert_eq!(refused, NotOpened::Mismatch("another salt or text"));
    assert!(refused.to_string().starts_with("MISMATCH: "));
    assert_eq!(refused.alarm(), "MISMATCH");
}

#[test]
fn what_is_too_long_or_for_too_many_is_refused_with_what_would_fit() {
    let one = [key(1)];
    let text = "x".repeat(50_141);
    let refused = seal(&text, &to(&one), context, &Counted::from(0)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "its text has 50141 bytes, which is too long: sealed to 1 keys of 1200 bytes each it may have 50140"
    );
    let many = vec![to(&one).remove(0); 49];
    let refused = seal("yes", &many, context, &Counted::from(0)).unwrap_err();
    assert_eq!(refused, SealError::TooManyKeys { found: 49 });
    assert_eq!((longest_text(4), longest_text(8)), (50_140, 32_732));
    assert_eq!(
        (longest_text(40), longest_text(47), longest_text(48)),
        (8_156, 476, 0)
    );
}

#[test]
fn what_is_in_the_clear_is_neither_read_nor_sealed_where_everything_is() {
    let me: hotline_core::identity::Identity = "spiffe://avelia.example/desk/ops".parse().unwrap();
    let rosters = hotline_audit::RosterSet::new();
    let peer: hotline_core::identity::Identity = "spiffe://borenia.example/desk/ops".parse().unwrap();
    let all = std::sync::Arc::new(rosters.clone());
    let with = |rule| Sealing::new((&me, &peer), rule, &all, 1);
    let desks = ["spiffe://borenia.example/desk/ops"];
    let written = |rule| with(rule).content("yes", &desks, context, &Counted::from(0));
    let (content, _) = written(SealRule::Offered).unwrap();
    assert!(!content.is_sealed());
    let refused = written(SealRule::Required).unwrap_err();
    assert_eq!(refused, SealError::NoKey(desks[0].to_owned()));
    let message = hotline_audit::statement::Message {
        header: header(),
        traffic_class: 1,
        message_type: 2,
        function: 1,
        precedence: 3,
        channel: "MINISTER".into(),
        number: 1,
        response_attribute: 1,
        refers_to: None,
        answer: 0,
        approvals: Vec::new(),
        content,
        expires_ms: 0,
        safety_of_life: false,
        respond_by_ms: 0,
        contact: 0,
    };
    let read = |rule| Opener::without_key(me.to_string(), rule).message(&message, &rosters);
    assert_eq!(
        read(SealRule::Offered).map(|opening| opening.text),
        Ok("yes".to_owned())
    );
    let refused = read(SealRule::Required).unwrap_err();
    assert_eq!(
        (refused.clone(), refused.alarm()),
        (NotOpened::Unsealed, "UNSEALED")
    );
}

#[test]
fn words_in_the_clear_that_are_not_those_committed_to_are_a_mismatch_whatever_is_sealed_here() {
    let mut lie = Content::plain([1; 32], "We agree.");
    lie.body = b"We refuse.".to_vec();
    let later = Content {
        suite: 3,
        ..Content::plain([1; 32], "We agree.")
    };
    for rule in [SealRule::Required, SealRule::Offered] {
        let opener = Opener::without_key("spiffe://exercise.borenia.example/desk/ops".into(), rule);
        let read = |content: &Content| {
            let read = opener.message(&sheet::message(content.clone()), &hotline_audit::RosterSet::new());
            read.unwrap_err()
        };
        assert_eq!(read(&lie).alarm(), "MISMATCH", "{rule:?}");
        assert_eq!(read(&later).alarm(), "NOT_OPENED", "{rule:?}");
    }
}

#[test]
fn a_desk_that_has_a_new_key_reads_what_was_sealed_to_its_old_ones() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seal.key");
    let put = |file: &std::path::Path, seed: u8| {
        std::fs::write(file, key_file(&[seed; 32]).unwrap().0.as_bytes()).unwrap();
        std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    };
    put(&file, 3);
    put(&old_key(&file, 1), 1);
    put(&old_key(&file, 2), 2);
    assert!(folder.path().join("seal.old-2.key").exists());
    let read = SealSecret::load_all(&file).unwrap();
    let found: Vec<_> = read.iter().map(SealSecret::public).collect();
    let made: Vec<_> = [3, 2, 1].map(|seed| key(seed).1).to_vec();
    assert_eq!(found, made.iter().map(SealSecret::public).collect::<Vec<_>>());
}

#[test]
fn a_key_file_reads_back_and_its_private_half_is_never_printed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seal.key");
    let (text, public) = key_file(&[7; 32]).unwrap();
    std::fs::write(&file, text.as_bytes()).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let read = SealSecret::load(&file).unwrap();
    assert_eq!(read.public(), &*public);
    assert_eq!(format!("{read:?}"), "SealSecret");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert!(
        SealSecret::load(&file)
            .unwrap_err()
            .to_string()
            .contains("chmod 600")
    );
}
