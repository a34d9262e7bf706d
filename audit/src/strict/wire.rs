//! Varints and field keys, below the rules of the schema.

use super::StrictFault;

/// The two wire types that exist here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WireType {
    Varint = 0,
    Delimited = 2,
}

/// The first length-delimited field with this number, found without judging anything: for looking up the key that a
/// statement names before its signature is verified. What it finds decides nothing else.
pub(crate) fn peek_bytes(mut bytes: &[u8], number: u64) -> Option<&[u8]> {
    loop {
        let (key, rest) = varint(bytes).ok()?;
        let (value, rest) = varint(rest).ok()?;
        if key & 7 == WireType::Varint as u64 {
            bytes = rest;
        } else if key & 7 == WireType::Delimited as u64 {
            let (field, rest) = rest.split_at_checked(usize::try_from(value).ok()?)?;
            if key >> 3 == number {
                return Some(field);
            }
            bytes = rest;
        } else {
            return None;
        }
    }
}

/// Protobuf's largest field number.
pub(super) const MAX_FIELD_NUMBER: u64 = (1 << 29) - 1;

/// One varint in its shortest form, and what follows it.
pub(super) fn varint(bytes: &[u8]) -> Result<(u64, &[u8]), StrictFault> {
    let mut value = 0u64;
    for (place, byte) in bytes.iter().enumerate() {
        let bits = u64::from(byte & 0x7f);
        // The tenth byte holds the 64th bit only.
        if place > 9 || (place == 9 && bits > 1) {
            return Err(StrictFault::BadVarint);
        }
        value |= bits << (7 * place);
        if byte & 0x80 == 0 {
            if *byte == 0 && place > 0 {
                return Err(StrictFault::BadVarint);
            }
            return Ok((value, bytes.get(place + 1..).unwrap_or_default()));
        }
    }
    Err(StrictFault::CutShort)
}
