//! Openings: what fits a commitment, and what is no file of one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;
use crate::dsse::{PayloadType, SigningKey};
use crate::statement::samples;

fn signed() -> (Vec<u8>, Opening) {
    let message = samples::message(1);
    let opening = Opening::in_the_clear(&message.content).unwrap();
    let key = SigningKey::from_seed(&[1; 32]);
    let signed = SignedStatement::sign(PayloadType::Message, &message.encode(), &key).unwrap();
    (signed.into_bytes(), opening)
}

#[test]
fn an_opening_is_one_line_of_json_that_reads_back_and_fits_its_statement() {
    let (statement, opening) = signed();
    let file = opening.of_statement(Hash::of(&statement));
    let line = file.to_line();
    assert_eq!(line.matches('\n').count(), 1);
    assert_eq!(OpeningFile::parse(line.as_bytes()).unwrap(), file);
    assert_eq!(file.check(&statement), Ok(()));
}

#[test]
fn another_text_or_salt_than_was_committed_to_is_a_mismatch() {
    let (statement, opening) = signed();
    let file = opening.of_statement(Hash::of(&statement));
    let mut other = file.clone();
    other.opening.text.push('?');
    assert_eq!(other.check(&statement), Err(OpeningError::Mismatch));
    let mut other = file.clone();
    other.opening.salt[0] ^= 1;
    assert_eq!(other.check(&statement), Err(OpeningError::Mismatch));
    let mut other = file;
    other.statement = Hash::ZERO;
    assert!(matches!(
        other.check(&statement),
        Err(OpeningError::OtherStatement { .. })
    ));
}

/// A message whose content was changed before its desk signed it.
fn signed_with(change: fn(&mut Content)) -> (Vec<u8>, OpeningFile) {
    let mut message = samples::message(1);
    let opening = Opening::in_the_clear(&message.content).unwrap();
    change(&mut message.content);
    let key = SigningKey::from_seed(&[1; 32]);
    let signed = SignedStatement::sign(PayloadType::Message, &message.encode(), &key).unwrap();
    let statement = signed.into_bytes();
    let file = opening.of_statement(Hash::of(&statement));
    (statement, file)
}

#[test]
fn what_was_committed_to_is_no_opening_of_a_statement_that_shows_other_words_in_the_clear() {
    let (statement, file) = signed_with(|content| content.body = b"Not those.".to_vec());
    assert_eq!(file.check(&statement), Err(OpeningError::ShowsOther));
}

#[test]
fn a_content_of_a_suite_that_nobody_knows_has_no_opening() {
    let (statement, file) = signed_with(|content| content.suite = 3);
    assert_eq!(file.check(&statement), Err(OpeningError::UnknownSuite(3)));
}

#[test]
fn what_is_no_opening_is_refused_with_its_reason() {
    let (statement, opening) = signed();
    let line = opening.of_statement(Hash::of(&statement)).to_line();
    for (from, to) in [
        ("opening/1", "opening/2"),
        ("\"salt\"", "\"more\":1,\"salt\""),
        ("\"salt\":\"CQ", "\"salt\":\"C"),
        ("\"statement\":\"", "\"statement\":\"x"),
    ] {
        let changed = line.replacen(from, to, 1);
        assert_ne!(changed, line, "{from}");
        let refused = OpeningFile::parse(changed.as_bytes());
        assert!(matches!(refused, Err(OpeningError::Malformed(_))), "{changed}");
    }
    let long = vec![b' '; MAX_OPENING_BYTES + 1];
    assert_eq!(OpeningFile::parse(&long), Err(OpeningError::TooLarge));
}
