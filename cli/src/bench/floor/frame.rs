//! What the floor's streams carry: a length of four bytes, big-endian, then that many bytes.
//!
//! A message is a number of eight bytes, filled up to 512; an answer is the number it answers, filled up to 64.

use quinn::RecvStream;

use super::FloorError;
use crate::bench::measure::sender::MESSAGE_BYTES;

/// What A says first.
pub const HELLO_A: &[u8] = b"A";
/// What B says first.
pub const HELLO_B: &[u8] = b"B";

/// Bytes of an answer: a hash and a little.
const ANSWER_BYTES: usize = 64;
/// Bytes of the length.
const LENGTH_BYTES: usize = 4;
/// Longest frame. 4 KiB: eight messages' worth; more is no frame of ours.
const FRAME_MAX: usize = 4096;
/// Bytes taken from the stream at once.
const CHUNK: usize = 64 * 1024;

/// A frame around a body of at most 4 KiB.
pub fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("bodies here have at most 512 bytes");
    [&length.to_be_bytes(), body].concat()
}

/// A whole message.
pub fn message(number: u64) -> Vec<u8> {
    filled(number, MESSAGE_BYTES)
}

/// A whole answer.
pub fn answer(number: u64) -> Vec<u8> {
    filled(number, ANSWER_BYTES)
}

/// The number of a message or answer.
pub fn number_of(body: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(*body.first_chunk()?))
}

fn filled(number: u64, bytes: usize) -> Vec<u8> {
    let mut body = number.to_be_bytes().to_vec();
    body.resize(bytes, b'x');
    frame(&body)
}

/// Frames that came together.
#[derive(Debug)]
pub struct Batch {
    /// Their bytes, lengths included.
    pub bytes: Vec<u8>,
    /// How many they are.
    pub frames: usize,
}

impl Batch {
    /// The body of each.
    pub fn bodies(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            let (body, behind) = split(rest).ok()??;
            rest = behind;
            Some(body)
        })
    }
}

/// Frames of a stream.
pub struct Frames {
    stream: RecvStream,
    pending: Vec<u8>,
}

impl Frames {
    /// Reads from that stream.
    pub fn new(stream: RecvStream) -> Self {
        Self {
            stream,
            pending: Vec::new(),
        }
    }

    /// Waits for a frame, and takes those that came with it, `at_most` in all.
    ///
    /// # Errors
    /// If the stream ends, or carries something else.
    pub async fn next(&mut self, at_most: usize) -> Result<Batch, FloorError> {
        loop {
            let (bytes, frames) = whole(&self.pending, at_most)?;
            if frames > 0 {
                let rest = self.pending.split_off(bytes);
                return Ok(Batch {
                    bytes: std::mem::replace(&mut self.pending, rest),
                    frames,
                });
            }
            match self
                .stream
                .read_chunk(CHUNK, true)
                .await
                .map_err(FloorError::ended)?
            {
                Some(chunk) => self.pending.extend_from_slice(&chunk.bytes),
                None => return Err(FloorError::Ended("the other end is done".into())),
            }
        }
    }
}

/// How many bytes the first whole frames take, and how many they are.
fn whole(bytes: &[u8], at_most: usize) -> Result<(usize, usize), FloorError> {
    let (mut rest, mut frames) = (bytes, 0);
    while frames < at_most
        && let Some((_, behind)) = split(rest)?
    {
        rest = behind;
        frames += 1;
    }
    Ok((bytes.len() - rest.len(), frames))
}

type BodyAndRest<'a> = (&'a [u8], &'a [u8]);

/// The first body and what is behind it; none if it is not all there yet.
fn split(bytes: &[u8]) -> Result<Option<BodyAndRest<'_>>, FloorError> {
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH_BYTES>() else {
        return Ok(None);
    };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if length > FRAME_MAX {
        return Err(FloorError::Ended(format!(
            "a frame of {length} bytes; at most {FRAME_MAX} are possible"
        )));
    }
    Ok(rest.split_at_checked(length))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn a_message_has_512_bytes_behind_its_length() {
        assert_eq!(message(7).len(), 4 + 512);
        assert_eq!(&message(7)[..4], &512_u32.to_be_bytes());
        assert_eq!(number_of(&message(7)[4..]), Some(7));
        assert_eq!(number_of(b"short"), None);
    }

    #[test]
    fn frames_are_taken_whole_and_no_more_than_asked_for() {
        let three = [frame(b"one"), frame(b""), frame(b"three")].concat();
        let cut = &three[..three.len() - 1];
        assert_eq!(whole(cut, 9).unwrap(), (7 + 4, 2));
        assert_eq!(whole(&three, 9).unwrap(), (three.len(), 3));
        assert_eq!(whole(&three, 1).unwrap(), (7, 1));
        assert_eq!(whole(b"\0\0", 9).unwrap(), (0, 0));
        let batch = Batch {
            bytes: three,
            frames: 3,
        };
        assert_eq!(
            batch.bodies().collect::<Vec<_>>(),
            [b"one".as_slice(), b"", b"three"]
        );
    }

    #[test]
    fn a_frame_that_claims_to_be_huge_is_refused() {
        assert!(whole(&u32::MAX.to_be_bytes(), 1).is_err());
    }
}
