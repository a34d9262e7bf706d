//! Openings in files.

use std::os::unix::fs::PermissionsExt as _;

use hotline_audit::{
    Payload,
    opening::Opening,
    sealed::{Container, Wrap},
};
use hotline_client::seal::{NotOpened, SealSecret};

use super::super::{openings, read::Source};
use super::*;

#[test]
fn an_opening_is_its_owners_to_read_and_one_that_lies_there_is_not_believed_to_say_the_same() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("openings");
    let of = |text: &str| {
        let opening = Opening {
            salt: [1; 32],
            text: text.into(),
        };
        opening.of_statement(Hash([2; 32]))
    };
    openings::write(&of("We agree."), &folder).unwrap();
    let file = folder.join(of("").file_name());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
    openings::write(&of("We agree."), &folder).unwrap();
    let refused = openings::write(&of("We refuse."), &folder).unwrap_err();
    assert_eq!(refused.code, "HL-LOG-015");
    let kept = fs::read(&file).unwrap();
    assert_eq!(kept, of("We agree.").to_line().as_bytes());
}

#[test]
fn a_wrap_for_the_escrow_that_does_not_open_is_named_and_not_counted_as_anothers() {
    let world = World::new();
    let secret = SealSecret::from_seed(&[5; 32]).unwrap();
    let escrow = Hash([9; 32]);
    let opening = Opening {
        salt: [1; 32],
        text: "We agree.".into(),
    };
    let garbage = Container {
        wraps: vec![Wrap {
            key_statement: escrow,
            encapsulation: Box::new([7; 1_120]),
            wrapped_key: [7; 48],
        }],
        ciphertext: vec![9; 272],
    };
    let plain = SignedStatement::parse(&world.chain(1)[0]).unwrap();
    let Ok(Payload::Message(mut message)) = Payload::parse(&plain) else {
        panic!("no message");
    };
    message.content = Content::sealed(opening.commitment(), &garbage);
    message.approvals.clear();
    let sealed = world.avelia.desk.sign(PayloadType::Message, &message.encode());
    let log = Source::open(&world.relay(&[sealed])).unwrap();
    let folder = world.place.path().join("openings");
    let found = openings::open(&log, (&secret, &[escrow].into()), &folder).unwrap();
    assert_eq!((found.opened, found.not_for_this_key), (0, 0));
    assert_eq!(found.wrong, [(0, NotOpened::ContentKey.to_string())]);
    // Without a trust folder that enrols the key nobody can tell.
    let found = openings::open(&log, (&secret, &[].into()), &folder).unwrap();
    assert_eq!((found.wrong.len(), found.not_for_this_key), (0, 1));
}
