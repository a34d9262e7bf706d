//! Each rule of the reader, on the smallest message that breaks it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;

#[derive(Debug, PartialEq)]
struct Sample {
    number: u64,
    text: String,
    items: Vec<Vec<u8>>,
    codes: Vec<u32>,
}

fn read(bytes: &[u8]) -> Result<Sample, StrictError> {
    let mut reader = Reader::new("Sample", bytes);
    let sample = Sample {
        number: reader.number(1, "number")?,
        text: reader.optional_text(2, "text")?,
        items: reader
            .repeated(4, "items", 2)?
            .into_iter()
            .map(<[u8]>::to_vec)
            .collect(),
        codes: reader.packed_codes(5, "codes", 1..=8)?,
    };
    reader.finish()?;
    Ok(sample)
}

fn fault(bytes: &[u8]) -> StrictFault {
    read(bytes).unwrap_err().fault
}

#[test]
fn what_the_writer_writes_the_reader_reads() {
    let bytes = Writer::new()
        .number(1, 300)
        .text(2, "hé")
        .repeated(4, [b"a", b"b"])
        .packed_codes(5, &[1, 8])
        .finish();
    let sample = Sample {
        number: 300,
        text: "hé".into(),
        items: vec![b"a".to_vec(), b"b".to_vec()],
        codes: vec![1, 8],
    };
    assert_eq!(read(&bytes), Ok(sample));
}

#[test]
fn an_error_names_message_and_field() {
    assert_eq!(read(&[]).unwrap_err().to_string(), "Sample.number: missing");
    assert_eq!(
        read(&[0x08, 1, 0x18, 1]).unwrap_err().to_string(),
        "Sample.field 3: no such field in this version"
    );
}

#[test]
fn unknown_fields_are_refused_in_the_middle_and_at_the_end() {
    assert_eq!(fault(&[0x08, 1, 0x18, 1]), StrictFault::Unknown);
    assert_eq!(
        fault(&[0x08, 1, 0x1a, 1, b'x', 0x22, 1, b'x']),
        StrictFault::Unknown
    );
    assert_eq!(fault(&[0x08, 1, 0x7a, 1, b'x']), StrictFault::Unknown);
}

#[test]
fn a_singular_field_may_come_only_once() {
    assert_eq!(fault(&[0x08, 1, 0x08, 1]), StrictFault::Duplicate);
    assert_eq!(
        fault(&[0x08, 1, 0x12, 1, b'x', 0x12, 1, b'x']),
        StrictFault::Duplicate
    );
    assert_eq!(fault(&[0x08, 1, 0x2a, 1, 1, 0x2a, 1, 2]), StrictFault::Duplicate);
}

#[test]
fn descending_fields_are_refused() {
    assert_eq!(
        fault(&[0x08, 1, 0x22, 1, b'x', 0x12, 1, b'x']),
        StrictFault::OutOfOrder
    );
    assert!(read(&[0x12, 1, b'x', 0x08, 1]).is_err());
}

#[test]
fn overlong_and_overflowing_varints_are_refused() {
    assert_eq!(fault(&[0x08, 0x81, 0x00]), StrictFault::BadVarint);
    assert_eq!(fault(&[0x88, 0x00, 1]), StrictFault::BadVarint, "in the key");
    assert_eq!(
        fault(&[0x08, 1, 0x12, 0x81, 0x00, b'x']),
        StrictFault::BadVarint,
        "in a length"
    );
    assert_eq!(
        fault(&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]),
        StrictFault::BadVarint
    );
    let largest = [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    assert_eq!(read(&largest).unwrap().number, u64::MAX);
    assert_eq!(
        fault(&[0x08, 1, 0x2a, 2, 0x81, 0x00]),
        StrictFault::BadVarint,
        "in a packed field"
    );
}

#[test]
fn default_values_may_not_be_present() {
    assert_eq!(fault(&[0x08, 0]), StrictFault::DefaultPresent);
    assert_eq!(fault(&[0x08, 1, 0x12, 0]), StrictFault::DefaultPresent);
    assert_eq!(fault(&[0x08, 1, 0x22, 0]), StrictFault::DefaultPresent);
    assert_eq!(fault(&[0x08, 1, 0x2a, 0]), StrictFault::DefaultPresent);
}

#[test]
fn nothing_may_stand_behind_the_end() {
    assert_eq!(fault(&[0x08, 1, 0]), StrictFault::BadTag);
    assert_eq!(fault(&[0x08, 1, 0x12]), StrictFault::CutShort);
    assert_eq!(fault(&[0x08, 1, 0x12, 9, b'x']), StrictFault::CutShort);
    assert_eq!(
        fault(&[0x08, 1, 0x12, 0xff, 0xff, 0xff, 0xff, 0x7f]),
        StrictFault::CutShort
    );
    assert_eq!(fault(&[0x08, 1, 0xff]), StrictFault::CutShort);
}

#[test]
fn groups_and_fixed_width_fields_do_not_exist() {
    assert_eq!(fault(&[0x09, 1, 0, 0, 0, 0, 0, 0, 0]), StrictFault::BadTag);
    assert_eq!(fault(&[0x0b, 0x0c]), StrictFault::BadTag);
    assert_eq!(fault(&[0x0d, 1, 0, 0, 0]), StrictFault::BadTag);
    assert_eq!(
        fault(&[0x0a, 1, 1]),
        StrictFault::BadTag,
        "a number written as bytes"
    );
}

#[test]
fn text_must_be_utf8() {
    assert_eq!(fault(&[0x08, 1, 0x12, 1, 0xff]), StrictFault::NotUtf8);
    assert_eq!(
        fault(&[0x08, 1, 0x12, 3, 0xed, 0xa0, 0x80]),
        StrictFault::NotUtf8,
        "a surrogate"
    );
}

#[test]
fn repetitions_are_bounded() {
    assert_eq!(
        fault(&[0x08, 1, 0x22, 1, 1, 0x22, 1, 2, 0x22, 1, 3]),
        StrictFault::TooMany { limit: 2 }
    );
}

#[test]
fn packed_codes_ascend_and_are_defined() {
    assert_eq!(fault(&[0x08, 1, 0x2a, 2, 2, 1]), StrictFault::NotAscending);
    assert_eq!(fault(&[0x08, 1, 0x2a, 2, 2, 2]), StrictFault::NotAscending);
    assert_eq!(
        fault(&[0x08, 1, 0x2a, 1, 9]),
        StrictFault::OutOfRange { value: 9 }
    );
    assert_eq!(
        fault(&[0x08, 1, 0x2a, 1, 0]),
        StrictFault::OutOfRange { value: 0 }
    );
    assert_eq!(fault(&[0x08, 1, 0x28, 1]), StrictFault::BadTag, "unpacked");
}

#[test]
fn one_byte_over_60_kib_is_too_large() {
    assert!(check_size("Sample", &vec![0; MAX_STATEMENT_BYTES]).is_ok());
    assert!(check_size("Sample", &vec![0; MAX_STATEMENT_BYTES + 1]).is_err());
}
