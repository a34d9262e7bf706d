//! What a mirror is sent: entries in packages, each with the proof that it belongs to the checkpoint that was offered before.

use hotline_audit::{
    cosign::CosignVerifier,
    mirror::{MAX_UPLOAD_PACKAGES, MirrorInfo, Package, Span, UploadHead},
    note::NoteSignature,
    tree::{ProofError, subtree_proof},
};
use hotline_ledger::{Ledger, Nodes, ReadError};

use super::{
    judge::{Said, Why, cosignature},
    wire::Answered,
};

/// Bytes of entries after which no further package is begun. 1 MiB: one request never takes long.
const BYTES_SOFT: usize = 1024 * 1024;

/// Longest ticket that is sent back, and so that is taken: what the wire has room for.
const TICKET_MAX: usize = 65_535;

/// What a mirror said to entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mirrored {
    /// It holds everything, and says so.
    Held(NoteSignature),
    /// Go on from here.
    GoOn(MirrorInfo),
    /// It takes nothing.
    Refused(Why),
}

/// A request that cannot be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum UploadError {
    /// The ledger.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An entry or the origin is too long for the wire, which none that was logged is.
    #[error(transparent)]
    Unfit(#[from] hotline_audit::mirror::BadUpload),
}

/// The body of the next request for what a mirror lacks, as far as it goes.
///
/// # Errors
/// If the ledger cannot be read.
pub(super) fn body(ledger: &Ledger, origin: &str, upload: &MirrorInfo) -> Result<Vec<u8>, UploadError> {
    let head = UploadHead {
        origin: origin.to_owned(),
        start: upload.next,
        end: upload.size,
        ticket: upload.ticket.clone(),
    };
    let mut body = head.encode()?;
    let nodes = ledger.nodes()?;
    for span in head.spans().take(MAX_UPLOAD_PACKAGES) {
        body.extend_from_slice(&package(ledger, &nodes, span, upload.size)?.encode()?);
        if body.len() >= BYTES_SOFT {
            break;
        }
    }
    Ok(body)
}

fn package(ledger: &Ledger, nodes: &Nodes, span: Span, size: u64) -> Result<Package, ReadError> {
    let mut entries = Vec::new();
    let mut next = span.start;
    while next < span.end {
        let page = ledger.entries(next..span.end, BYTES_SOFT)?;
        if page.is_empty() {
            return Err(ReadError::Outside {
                asked: next,
                size: ledger.head().size,
            });
        }
        next += page.len() as u64;
        entries.extend(page.into_iter().map(|stored| stored.bytes));
    }
    let proof = subtree_proof(nodes, (span.base, span.end), size).map_err(|error| match error {
        ProofError::OutOfTree { inner, size } => ReadError::Outside { asked: inner, size },
        ProofError::Node(error) => error,
    })?;
    Ok(Package { entries, proof })
}

/// What a mirror answered; `text` is that of the checkpoint up to which it was sent entries.
pub(super) fn answered(answered: &Answered, text: &str, mirror: &CosignVerifier) -> Mirrored {
    match answered.status {
        202 | 409 => match MirrorInfo::parse(&answered.body) {
            Some(info) if info.ticket.len() <= TICKET_MAX => Mirrored::GoOn(info),
            Some(_) | None => Mirrored::Refused(Why::BadAnswer(answered.status)),
        },
        _ => match cosignature(answered, text, mirror) {
            Said::Cosigned(line, _) => Mirrored::Held(line),
            Said::Refused(why) => Mirrored::Refused(why),
            Said::Seen(_) => Mirrored::Refused(Why::BadAnswer(answered.status)),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_audit::{SigningKey, cosign::CosignerName};

    use super::*;

    #[test]
    fn a_ticket_that_could_not_be_sent_back_is_a_bad_answer() {
        let name = CosignerName::mirror("exercise.borenia.example/relay/south").unwrap();
        let mirror = CosignVerifier::new(name, SigningKey::from_seed(&[1; 32]).public());
        let said = |ticket: usize| {
            let info = MirrorInfo {
                size: 9,
                next: 3,
                ticket: vec![1; ticket],
            };
            let answer = Answered {
                status: 409,
                body: info.encode().into(),
            };
            answered(&answer, "", &mirror)
        };
        assert!(matches!(said(TICKET_MAX), Mirrored::GoOn(_)));
        assert_eq!(said(TICKET_MAX + 1), Mirrored::Refused(Why::BadAnswer(409)));
    }
}
