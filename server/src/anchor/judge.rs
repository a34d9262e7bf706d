//! What answers of a cosigner mean. Nothing of them is believed that does not prove itself.

use hotline_audit::{Checkpoint, LogVerifier, cosign::CosignVerifier, note::NoteSignature};
use hotline_ledger::{Damage, Ledger, ReadError};

use super::wire::Answered;

/// What a cosigner said to a checkpoint that was offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It cosigned: its line, and when by its clock.
    Cosigned(NoteSignature, u64),
    /// It has seen a checkpoint of this size last.
    Seen(u64),
    /// It did not.
    Refused(Why),
}

/// Why there is no cosignature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It could not be reached, or broke off.
    Unreachable,
    /// It answered with a status that is final for this request.
    Refused(u16),
    /// It says that it knows another size, again and again.
    Conflict,
    /// It says that the checkpoint does not extend what it knows.
    Fork,
    /// Its answer is none that the protocol knows, or does not verify.
    BadAnswer(u16),
}

impl Why {
    /// The code of the statement `cosign-refused.v1`.
    pub(super) fn code(self) -> u32 {
        match self {
            Self::Unreachable => 1,
            Self::Refused(_) => 2,
            Self::Conflict => 3,
            Self::Fork => 4,
            Self::BadAnswer(_) => 5,
        }
    }

    /// The HTTP status; 0 if there was none.
    pub(super) fn status(self) -> u32 {
        match self {
            Self::Unreachable => 0,
            Self::Conflict => 409,
            Self::Fork => 422,
            // A statement knows the statuses of HTTP; what a cosigner makes up beyond them is none.
            Self::Refused(status) | Self::BadAnswer(status) if (100..=599).contains(&status) => {
                u32::from(status)
            }
            Self::Refused(_) | Self::BadAnswer(_) => 0,
        }
    }

    /// Stable name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "UNREACHABLE",
            Self::Refused(_) => "REFUSED",
            Self::Conflict => "CONFLICT",
            Self::Fork => "FORK",
            Self::BadAnswer(_) => "BAD_ANSWER",
        }
    }
}

/// What was said to the checkpoint with this text.
pub(super) fn cosignature(answered: &Answered, text: &str, cosigner: &CosignVerifier) -> Said {
    match answered.status {
        200 => match own_line(&answered.body, text, cosigner) {
            Some((line, unix_s)) => Said::Cosigned(line, unix_s),
            None => Said::Refused(Why::BadAnswer(200)),
        },
        409 => match decimal_line(&answered.body) {
            Some(size) => Said::Seen(size),
            None => Said::Refused(Why::BadAnswer(409)),
        },
        422 => Said::Refused(Why::Fork),
        // It is busy: as if it were away for a moment.
        429 | 503 => Said::Refused(Why::Unreachable),
        status @ (400 | 403 | 404) => Said::Refused(Why::Refused(status)),
        status => Said::Refused(Why::BadAnswer(status)),
    }
}

/// How many leaves a witness had cosigned when it was offered a checkpoint that builds on none.
///
/// # Errors
/// What it answered, if that says nothing of it.
pub fn size_seen(answered: &Answered) -> Result<u64, String> {
    let unclear = || format!("it answered {}", answered.status);
    match answered.status {
        200 => Ok(0),
        409 => decimal_line(&answered.body).ok_or_else(unclear),
        _ => Err(unclear()),
    }
}

/// The cosigner's own line among those that were answered, if it verifies; those of others are not asked for.
fn own_line(body: &[u8], text: &str, cosigner: &CosignVerifier) -> Option<(NoteSignature, u64)> {
    let lines = NoteSignature::parse_lines(body).ok()?;
    lines
        .into_iter()
        .find_map(|line| cosigner.time_of(text, &line).map(|unix_s| (line, unix_s)))
}

fn decimal_line(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?.strip_suffix('\n')?;
    decimal(text)
}

/// A decimal number without sign or leading zeroes.
fn decimal(text: &str) -> Option<u64> {
    let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()));
    if plain { text.parse().ok() } else { None }
}

/// What somebody shows that it holds of this log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// Nothing.
    Nothing,
    /// A beginning of this very log, of so many leaves.
    Beginning(u64),
    /// More than there is here, or another history: and our own key signed it.
    Against(Damage, Vec<u8>),
    /// Nothing now: it is to be asked again.
    Busy,
    /// Something that our key did not sign: whoever shows it as ours lies.
    Unproven(String),
}

/// Judges what `witness` answered when it was asked for its newest checkpoint of this log. A note that this log's own key
/// has not signed speaks against nobody but its sender: no peer stops a log by saying that it is ahead.
pub(super) fn held(
    answered: &Answered,
    own: &[LogVerifier],
    ledger: &Ledger,
    witness: &str,
) -> Result<Holds, ReadError> {
    match answered.status {
        404 => return Ok(Holds::Nothing),
        429 | 503 => return Ok(Holds::Busy),
        200 => {}
        status => return Ok(Holds::Unproven(format!("it answered {status}"))),
    }
    let signed = own
        .iter()
        .find_map(|key| Checkpoint::parse_and_verify(&answered.body, key).ok());
    let Some(shown) = signed else {
        return Ok(Holds::Unproven(
            "it shows a checkpoint that our log key did not sign".into(),
        ));
    };
    let found = ledger.head().size;
    if shown.size > found {
        let ahead = Damage::WitnessAhead {
            witness: witness.to_owned(),
            held: shown.size,
            found,
        };
        return Ok(Holds::Against(ahead, answered.body.to_vec()));
    }
    if ledger.root_at(shown.size)? == shown.root {
        return Ok(Holds::Beginning(shown.size));
    }
    let forked = Damage::Forked {
        witness: witness.to_owned(),
        size: shown.size,
    };
    Ok(Holds::Against(forked, answered.body.to_vec()))
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_audit::{
        Hash, LogSigner, SigningKey,
        cosign::{CosignSigner, CosignerName},
        note::Note,
        statement::CosignRefused,
    };
    use hotline_core::leg::Lane;
    use hotline_ledger::{Batch, Engine, Entry, MemoryDisk, Mode, OpenOptions, Restored};

    use super::*;

    const ORIGIN: &str = "exercise.avelia.example/relay/north";

    pub(in crate::anchor) fn log(key: u8) -> LogSigner {
        LogSigner::new(ORIGIN, SigningKey::from_seed(&[key; 32])).unwrap()
    }

    pub(in crate::anchor) fn ledger(words: &[&str]) -> Ledger {
        let options = OpenOptions {
            engine: Engine::Memory(MemoryDisk::default()),
            owner: "relay".into(),
            origin: ORIGIN.into(),
            signer: Some(log(1)),
            entropy: &mut |bytes| bytes.fill(7),
            mode: Mode::Inline,
            restored: Restored::ReadOnly,
        };
        let (ledger, _) = Ledger::open(options).unwrap();
        keep(&ledger, words);
        ledger
    }

    /// Appends these words, each an entry of a desk.
    pub(in crate::anchor) fn keep(ledger: &Ledger, words: &[&str]) {
        for (number, word) in (1..).zip(words) {
            let entry = Entry {
                bytes: word.as_bytes().to_vec(),
                hash: Hash::of(word.as_bytes()),
                kind: 1,
                sender: "desk".into(),
                id: [number; 16],
                epoch: 1,
                sequence: u64::from(number),
                mailbox: Vec::new(),
            };
            let committed = ledger.commit(Batch::of(Lane::Message, vec![entry]));
            committed.wait().unwrap();
        }
    }

    fn shows(note: Vec<u8>) -> Answered {
        Answered {
            status: 200,
            body: note.into(),
        }
    }

    fn judged(note: Vec<u8>, own: &Ledger) -> Holds {
        held(&shows(note), &[log(1).verifier()], own, "south").unwrap()
    }

    fn note_of(ledger: &Ledger) -> Vec<u8> {
        ledger.head().note.unwrap()
    }

    #[test]
    fn whoever_shows_what_our_key_signed_of_more_leaves_stops_us() {
        let (older, newer) = (ledger(&["a", "b"]), ledger(&["a", "b", "c"]));
        let ahead = Damage::WitnessAhead {
            witness: "south".into(),
            held: 3,
            found: 2,
        };
        assert_eq!(
            judged(note_of(&newer), &older),
            Holds::Against(ahead, note_of(&newer))
        );
        assert_eq!(judged(note_of(&older), &newer), Holds::Beginning(2));
    }

    #[test]
    fn another_history_under_our_key_is_a_fork() {
        let (ours, other) = (ledger(&["a", "b", "d"]), ledger(&["a", "c"]));
        let forked = Damage::Forked {
            witness: "south".into(),
            size: 2,
        };
        assert_eq!(
            judged(note_of(&other), &ours),
            Holds::Against(forked, note_of(&other))
        );
    }

    #[test]
    fn a_status_that_no_statement_may_hold_is_written_down_as_none() {
        for (status, written) in [(100, 100), (599, 599), (600, 0), (999, 0), (0, 0)] {
            assert_eq!(Why::BadAnswer(status).status(), written);
            let said = CosignRefused {
                relay: "spiffe://exercise.avelia.example/relay/north".into(),
                key_statement: Hash([1; 32]),
                witness: "south".into(),
                size: 1,
                reason: Why::BadAnswer(status).code(),
                status: Why::BadAnswer(status).status(),
                claimed_time_ms: 1,
                since_ms: 1,
            };
            assert_eq!(CosignRefused::decode(&said.encode()), Ok(said));
        }
    }

    #[test]
    fn a_peer_that_only_says_it_is_ahead_stops_nobody() {
        let own = ledger(&["a"]);
        let forged = log(2).checkpoint(1000, Hash([9; 32])).sign(&log(2));
        assert!(matches!(judged(forged, &own), Holds::Unproven(_)));
        assert!(matches!(judged(b"1000\n".to_vec(), &own), Holds::Unproven(_)));
        for status in [429, 503] {
            let busy = Answered {
                status,
                body: bytes::Bytes::new(),
            };
            assert_eq!(
                held(&busy, &[log(1).verifier()], &own, "south").unwrap(),
                Holds::Busy
            );
        }
        let nothing = Answered {
            status: 404,
            body: bytes::Bytes::new(),
        };
        assert_eq!(
            held(&nothing, &[log(1).verifier()], &own, "south").unwrap(),
            Holds::Nothing
        );
    }

    #[test]
    fn a_cosignature_counts_only_from_the_one_that_was_asked_and_over_what_was_offered() {
        let signer = |key: u8| {
            let name = CosignerName::witness("exercise.borenia.example/relay/south").unwrap();
            CosignSigner::new(name, SigningKey::from_seed(&[key; 32]))
        };
        let text = log(1).checkpoint(1, Hash([1; 32])).text();
        let line = signer(3).cosign(&text, 1_795_000_000);
        let note = Note {
            text: text.clone(),
            signatures: vec![line.clone()],
        };
        let encoded = String::from_utf8(note.encode()).unwrap();
        let body = encoded.split_once("\n\n").unwrap().1.to_owned();
        let said = |status, body: &str, key: u8, text: &str| {
            let answered = Answered {
                status,
                body: body.to_owned().into(),
            };
            cosignature(&answered, text, &signer(key).verifier())
        };
        assert_eq!(said(200, &body, 3, &text), Said::Cosigned(line, 1_795_000_000));
        let bad = |status| Said::Refused(Why::BadAnswer(status));
        assert_eq!(said(200, &body, 4, &text), bad(200));
        assert_eq!(
            said(200, &body, 3, &log(1).checkpoint(2, Hash([1; 32])).text()),
            bad(200)
        );
        assert_eq!(said(409, "7\n", 3, &text), Said::Seen(7));
        for wrong in ["7", "07\n", "-7\n", "99999999999999999999\n", ""] {
            assert_eq!(said(409, wrong, 3, &text), bad(409));
        }
        assert_eq!(said(422, "", 3, &text), Said::Refused(Why::Fork));
        assert_eq!(said(403, "", 3, &text), Said::Refused(Why::Refused(403)));
        assert_eq!(said(429, "", 3, &text), Said::Refused(Why::Unreachable));
        assert_eq!(said(500, "", 3, &text), bad(500));
    }
}
