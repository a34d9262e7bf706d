//! What is answered to an HTTP call, before it is HTTP.

use hotline_audit::{mirror::MIRROR_INFO_TYPE, witness::SIZE_TYPE};

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Media type of the body.
    pub media: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

/// Media type of everything that people can read.
const TEXT: &str = "text/plain; charset=utf-8";

impl Reply {
    /// 200 with lines of text: a note, or signature lines.
    #[must_use]
    pub fn note(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            media: TEXT,
            body: body.into(),
        }
    }

    /// 200 with bytes: a tile.
    #[must_use]
    pub fn bytes(body: Vec<u8>) -> Self {
        Self {
            status: 200,
            media: "application/octet-stream",
            body,
        }
    }

    /// 409 of a witness: the size that it has seen.
    #[must_use]
    pub fn size(seen: u64) -> Self {
        Self {
            status: 409,
            media: SIZE_TYPE,
            body: format!("{seen}\n").into_bytes(),
        }
    }

    /// 202 or 409 of a mirror: where to go on.
    #[must_use]
    pub fn mirror_info(status: u16, body: String) -> Self {
        Self {
            status,
            media: MIRROR_INFO_TYPE,
            body: body.into_bytes(),
        }
    }

    /// A refusal in words.
    #[must_use]
    pub fn refused(status: u16, why: impl std::fmt::Display) -> Self {
        Self {
            status,
            media: TEXT,
            body: format!("{why}\n").into_bytes(),
        }
    }
}
