//! Recognises a refusal in what rustls, TLS alerts and QUIC say, and keeps its direction.
//!
//! The rule of direction: an alert or close code that was *received* means the peer objected to us; an error made
//! here means we objected to them. When we objected, our verifier has already written down the exact facts, and those
//! are used; the library's error is then only the fallback.

use std::io;
use std::net::SocketAddr;

use hotline_core::identity::Identity;
use hotline_core::leg::Door;
use hotline_core::time::WallTime;
use quinn::ConnectionError;
use rustls::{AlertDescription, CertificateError};

use super::words::dates_by_our_clock;
use super::{Bound, By, Reason, Refusal};
use crate::agreed::KeyExchange;
use crate::certificate::{CertificateSummary, shown};
use crate::credentials::Credentials;
use crate::quic::CloseCode;
use crate::verify::Objection;

/// QUIC carries TLS alerts as transport close codes from here (RFC 9001 §4.8).
const QUIC_CRYPTO_ERROR_BASE: u64 = 0x100;
const QUIC_CRYPTO_ERROR_LAST: u64 = 0x1ff;

/// The circumstances of one handshake, known before it fails.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) door: Door,
    pub(crate) remote: SocketAddr,
    pub(crate) called: Option<Identity>,
    pub(crate) ours: Credentials,
    pub(crate) alpn: &'static [u8],
    /// The ways to agree on keys that we take, the best first.
    pub(crate) offered: Vec<KeyExchange>,
}

impl Scene {
    pub(crate) fn refusal(
        &self,
        by: By,
        reason: Reason,
        certificate: Option<CertificateSummary>,
        at: WallTime,
    ) -> Refusal {
        let file = match by {
            By::Peer => self.ours.file().map(std::path::Path::to_owned),
            By::Ours | By::Network => None,
        };
        Refusal {
            by,
            reason,
            door: self.door,
            remote: self.remote,
            called: self.called.clone(),
            certificate,
            file,
            at,
        }
    }

    /// We objected, and the verifier noted why.
    pub(crate) fn objection(&self, objection: &Objection, at: WallTime) -> Refusal {
        self.refusal(
            By::Ours,
            objection.reason.clone(),
            objection.certificate.clone(),
            at,
        )
    }

    /// The peer sent this TLS alert.
    pub(crate) fn alert(&self, alert: u8, detail: &str, at: WallTime) -> Refusal {
        let summary = self.ours.summary();
        let reason = match AlertDescription::from(alert) {
            AlertDescription::BadCertificate => Reason::BadCertificate,
            AlertDescription::UnsupportedCertificate => Reason::WrongPurpose,
            AlertDescription::CertificateRevoked => Reason::Revoked {
                serial: summary.serial.clone(),
            },
            AlertDescription::CertificateExpired => {
                dates_by_our_clock(summary.not_before, summary.not_after, at)
            }
            AlertDescription::UnknownCA => Reason::UnknownIssuer {
                issuer: summary.issuer.clone(),
                trusted: None,
            },
            AlertDescription::AccessDenied => Reason::AccessDenied,
            AlertDescription::DecryptError => Reason::BadSignature,
            AlertDescription::CertificateRequired => Reason::NoCertificate,
            AlertDescription::NoApplicationProtocol => self.alpn_reason(None),
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity
                if self.keys_may_differ() =>
            {
                Reason::ClassicalOnly {
                    ours: self.offered.clone(),
                    theirs: None,
                }
            }
            AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure => {
                Reason::NoCommonProtocol {
                    detail: shown(detail),
                }
            }
            _ => Reason::BrokenOff {
                alert: Some(alert),
                detail: shown(detail),
            },
        };
        self.refusal(By::Peer, reason, Some(summary.clone()), at)
    }

    /// Whether a relay that finds nothing in common with us most likely misses a way to agree on keys: we offer the
    /// hybrid one alone, or all but that. Ciphers and signatures are the same in all versions of this program.
    fn keys_may_differ(&self) -> bool {
        let hybrid = self.offered.iter().filter(|way| way.is_hybrid()).count();
        self.called.is_some() && (hybrid == 0 || hybrid == self.offered.len())
    }

    pub(crate) fn alpn_reason(&self, agreed: Option<&[u8]>) -> Reason {
        let text = |bytes: &[u8]| shown(&String::from_utf8_lossy(bytes));
        Reason::Alpn {
            wanted: text(self.alpn),
            agreed: agreed.map(text),
        }
    }

    /// rustls ended the handshake or the session with this error.
    pub(crate) fn tls(&self, error: &rustls::Error, at: WallTime) -> Refusal {
        let reason = match error {
            rustls::Error::AlertReceived(alert) => {
                return self.alert(u8::from(*alert), &format!("{alert:?}"), at);
            }
            rustls::Error::NoCertificatesPresented => Reason::NoCertificate,
            rustls::Error::NoApplicationProtocol => self.alpn_reason(None),
            rustls::Error::PeerIncompatible(what) => Reason::NoCommonProtocol {
                detail: format!("{what:?}"),
            },
            rustls::Error::InvalidCertificate(CertificateError::BadSignature) => Reason::BadSignature,
            rustls::Error::InvalidCertificate(fault) => Reason::Malformed {
                detail: shown(&fault.to_string()),
            },
            other => Reason::BrokenOff {
                alert: None,
                detail: shown(&other.to_string()),
            },
        };
        self.refusal(By::Ours, reason, None, at)
    }

    /// A TLS handshake over TCP failed with this I/O error.
    pub(crate) fn tcp(&self, error: &io::Error, at: WallTime) -> Refusal {
        match tls_error_in(error) {
            Some(tls) => self.tls(tls, at),
            None => self.refusal(
                By::Network,
                Reason::BrokenOff {
                    alert: None,
                    detail: shown(&error.to_string()),
                },
                None,
                at,
            ),
        }
    }

    /// A QUIC connection ended like this. `None` when nobody refused anybody: it was closed or lost.
    pub(crate) fn quic(&self, error: &ConnectionError, at: WallTime) -> Option<Refusal> {
        match error {
            ConnectionError::ConnectionClosed(close) => {
                let alert = alert_in(u64::from(close.error_code));
                let detail = String::from_utf8_lossy(&close.reason).into_owned();
                match alert {
                    Some(alert) => Some(self.alert(alert, &detail, at)),
                    None if close.error_code == quinn::TransportErrorCode::CONNECTION_REFUSED => {
                        Some(self.busy(Bound::Handshakes, at))
                    }
                    None => None,
                }
            }
            ConnectionError::TransportError(error) => {
                let alert = alert_in(u64::from(error.code))?;
                let reason = match AlertDescription::from(alert) {
                    AlertDescription::NoApplicationProtocol => self.alpn_reason(None),
                    AlertDescription::CertificateRequired => Reason::NoCertificate,
                    AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure => {
                        Reason::NoCommonProtocol {
                            detail: shown(&error.reason),
                        }
                    }
                    AlertDescription::DecryptError => Reason::BadSignature,
                    _ => Reason::BrokenOff {
                        alert: Some(alert),
                        detail: shown(&error.reason),
                    },
                };
                Some(self.refusal(By::Ours, reason, None, at))
            }
            ConnectionError::ApplicationClosed(close) => match CloseCode::from_wire(close.error_code) {
                Some(CloseCode::IdentityBusy) => Some(self.busy(Bound::ConnectionsOfIdentity, at)),
                Some(CloseCode::Busy) => Some(self.busy(Bound::Connections, at)),
                Some(CloseCode::Ending | CloseCode::NotTrusted) | None => None,
            },
            ConnectionError::VersionMismatch => Some(self.refusal(
                By::Network,
                Reason::NoCommonProtocol {
                    detail: "no common QUIC version".to_owned(),
                },
                None,
                at,
            )),
            ConnectionError::Reset
            | ConnectionError::TimedOut
            | ConnectionError::LocallyClosed
            | ConnectionError::CidsExhausted => None,
        }
    }

    fn busy(&self, bound: Bound, at: WallTime) -> Refusal {
        self.refusal(By::Peer, Reason::Busy { bound, limit: None }, None, at)
    }
}

/// The TLS error inside an I/O error, however deep.
pub(crate) fn tls_error_in(error: &io::Error) -> Option<&rustls::Error> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = error.get_ref().map(|inner| inner as _);
    while let Some(current) = next {
        if let Some(tls) = current.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        next = match current.downcast_ref::<io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as _),
            None => current.source(),
        };
    }
    None
}

fn alert_in(code: u64) -> Option<u8> {
    if (QUIC_CRYPTO_ERROR_BASE..=QUIC_CRYPTO_ERROR_LAST).contains(&code) {
        u8::try_from(code - QUIC_CRYPTO_ERROR_BASE).ok()
    } else {
        None
    }
}
