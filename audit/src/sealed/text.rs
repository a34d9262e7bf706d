//! What is under the cipher: salt, length, text, and zeros up to a bucket.
//!
//! Lengths are all that an outsider learns of a text. Powers of two tell him its order of magnitude and cost at most as
//! much again as the text; finer steps would tell "yes" from "no", and one size for all would make a comm check as large
//! as a treaty.

/// The smallest bucket, in bytes: an answer, a comm check or a coded message, all alike.
pub const SMALLEST_BUCKET: usize = 256;
/// The largest bucket that is a power of two.
const LARGEST_POWER: usize = 32 * 1024;
/// The largest bucket, in bytes. No power of two: 64 KiB is more than a statement may have, and beside 49 KiB there is
/// room for four keys, header and approvals.
pub const LARGEST_BUCKET: usize = 49 * 1024;
/// Salt and length before the text.
const BEFORE: usize = 32 + 4;

/// The longest text of each bucket, in bytes, ascending.
pub const LONGEST_TEXTS: [usize; 9] = [
    256 - BEFORE,
    512 - BEFORE,
    1_024 - BEFORE,
    2_048 - BEFORE,
    4_096 - BEFORE,
    8_192 - BEFORE,
    16_384 - BEFORE,
    LARGEST_POWER - BEFORE,
    LARGEST_BUCKET - BEFORE,
];

/// Why what was opened is not a salted, padded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PaddedError {
    /// Shorter than salt and length, or than the length says.
    #[error("it ends before its text does")]
    CutShort,
    /// Something stands behind the text, or another bucket would have been enough.
    #[error("it is not padded as it must be")]
    Padding,
    /// The text is not UTF-8.
    #[error("its text is not UTF-8")]
    NotUtf8,
}

/// The bucket of a text of so many bytes; `None` when it fits into none.
#[must_use]
pub fn bucket(text: usize) -> Option<usize> {
    let bytes = text.checked_add(BEFORE)?;
    match bytes {
        0..=LARGEST_POWER => Some(bytes.next_power_of_two().max(SMALLEST_BUCKET)),
        _ if bytes <= LARGEST_BUCKET => Some(LARGEST_BUCKET),
        _ => None,
    }
}

pub(super) fn is_bucket(bytes: usize) -> bool {
    let power = bytes.is_power_of_two() && (SMALLEST_BUCKET..=LARGEST_POWER).contains(&bytes);
    power || bytes == LARGEST_BUCKET
}

/// Salt, length, text and zeros; `None` when the text fits into no bucket.
#[must_use]
pub fn pad(salt: &[u8; 32], text: &str) -> Option<Vec<u8>> {
    let bucket = bucket(text.len())?;
    let length = u32::try_from(text.len()).ok()?;
    let mut padded = Vec::with_capacity(bucket + super::TAG_BYTES);
    padded.extend_from_slice(salt);
    padded.extend_from_slice(&length.to_be_bytes());
    padded.extend_from_slice(text.as_bytes());
    padded.resize(bucket, 0);
    Some(padded)
}

/// Salt and text again.
///
/// # Errors
/// [`PaddedError`]: it is not what [`pad`] makes.
pub fn unpad(padded: &[u8]) -> Result<([u8; 32], &str), PaddedError> {
    let (salt, rest) = padded.split_first_chunk::<32>().ok_or(PaddedError::CutShort)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(PaddedError::CutShort)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let (text, zeros) = rest.split_at_checked(length).ok_or(PaddedError::CutShort)?;
    if zeros.iter().any(|byte| *byte != 0) || bucket(length) != Some(padded.len()) {
        return Err(PaddedError::Padding);
    }
    let text = std::str::from_utf8(text).map_err(|_| PaddedError::NotUtf8)?;
    Ok((*salt, text))
}
