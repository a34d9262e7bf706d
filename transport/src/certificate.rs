//! What a certificate says of itself, for people and for records.
//!
//! A [`CertificateSummary`] is read from certificates nobody has verified yet as well as from good ones: it is what
//! a refusal prints. So nothing here decides anything, and every text is inert and short before anyone sees it.

use std::fmt;

use hotline_core::text::inert_line;
use hotline_core::time::WallTime;
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate};

use crate::name;

/// Longest text of a stranger that we repeat, in characters.
const MAX_SHOWN_CHARS: usize = 200;

/// The facts of one certificate, as it claims them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateSummary {
    /// Its URI names, as claimed; a usable certificate has exactly one.
    pub uris: Vec<String>,
    /// The subject's distinguished name. Never an identity here, only a hint for people.
    pub subject: String,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// Serial number, lower-case hexadecimal.
    pub serial: String,
    /// First moment of validity, UTC.
    pub not_before: WallTime,
    /// Last moment of validity, UTC.
    pub not_after: WallTime,
    /// SHA-256 of the whole certificate, lower-case hexadecimal.
    pub fingerprint: String,
}

impl CertificateSummary {
    /// Reads a certificate's own words. `None` when it is not a certificate at all.
    #[must_use]
    pub fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(certificate.as_ref()).ok()?;
        Some(Self {
            uris: name::claimed_uris(&parsed)
                .into_iter()
                .map(|uri| shown(&uri))
                .collect(),
            subject: shown(&parsed.subject().to_string()),
            issuer: shown(&parsed.issuer().to_string()),
            serial: data_encoding::HEXLOWER.encode(parsed.raw_serial()),
            not_before: wall(parsed.validity().not_before),
            not_after: wall(parsed.validity().not_after),
            fingerprint: fingerprint(certificate),
        })
    }

    /// The one name people know it by: its URI, or what it has instead.
    #[must_use]
    pub fn called(&self) -> String {
        match self.uris.as_slice() {
            [] => format!("\"{}\" (no URI name)", self.subject),
            [one] => one.clone(),
            many => many.join(" and "),
        }
    }
}

impl fmt::Display for CertificateSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} (issuer {}, serial {}, valid {} to {})",
            self.called(),
            self.issuer,
            self.serial,
            self.not_before.rfc3339(),
            self.not_after.rfc3339()
        )
    }
}

/// SHA-256 of a certificate, lower-case hexadecimal.
pub(crate) fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    data_encoding::HEXLOWER.encode(ring::digest::digest(&ring::digest::SHA256, certificate.as_ref()).as_ref())
}

/// A stranger's words, made harmless and short.
pub(crate) fn shown(text: &str) -> String {
    let short: String = text.chars().take(MAX_SHOWN_CHARS).collect();
    inert_line(&short).text
}

fn wall(time: ASN1Time) -> WallTime {
    // Before 1970 counts as 1970: no certificate of ours is that old, and the comparison stays right.
    let seconds = u64::try_from(time.timestamp()).unwrap_or(0);
    WallTime::from_unix_ms(seconds.saturating_mul(1000))
}
