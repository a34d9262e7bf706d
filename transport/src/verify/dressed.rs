//! The judge, dressed as rustls wants its verifiers, for one handshake.
//!
//! Nothing is decided here. The judge's word goes into the connection's [`Verdict`], and to the peer goes the alert
//! that says as much of it as TLS can. Signatures of the handshake are rustls's own business.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::{Judge, Verdict};
use crate::refusal::Reason;

/// The judge, dressed for rustls, for one handshake.
#[derive(Debug)]
pub(crate) struct Verifier {
    judge: Judge,
    verdict: Verdict,
    /// Whether a client must show a certificate.
    mandatory: bool,
}

impl Verifier {
    pub(crate) fn new(judge: Judge, verdict: Verdict) -> Arc<Self> {
        Arc::new(Self {
            judge,
            verdict,
            mandatory: true,
        })
    }

    /// The same, where a client may show nothing: its verdict then stays empty. For the control plane only.
    pub(crate) fn optional(judge: Judge, verdict: Verdict) -> Arc<Self> {
        Arc::new(Self {
            judge,
            verdict,
            mandatory: false,
        })
    }

    fn decide(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let judged = self.judge.judge(leaf, rest, now).map(Arc::new);
        let answer = judged
            .as_ref()
            .map(|_| ())
            .map_err(|objection| alert_for(&objection.reason));
        // A second judgement within one handshake does not exist in TLS 1.3; if it did, the first one would stand.
        self.verdict
            .set(judged)
            .map_err(|_| Error::General("judged twice".to_owned()))?;
        answer
    }
}

/// The library error whose alert tells the peer as much of the reason as TLS can.
fn alert_for(reason: &Reason) -> Error {
    let fault = match reason {
        Reason::UnknownIssuer { .. }
        | Reason::UnknownDomain { .. }
        | Reason::IssuerOutOfDate { .. }
        | Reason::ChainTooLong { .. } => CertificateError::UnknownIssuer,
        Reason::Expired { .. } | Reason::ClocksDisagree { .. } => CertificateError::Expired,
        Reason::NotYetValid { .. } => CertificateError::NotValidYet,
        Reason::WrongName { .. } | Reason::UnusableName { .. } | Reason::BadCertificate => {
            CertificateError::NotValidForName
        }
        Reason::WrongRole { .. } | Reason::WrongWorld { .. } | Reason::AccessDenied => {
            CertificateError::ApplicationVerificationFailure
        }
        Reason::WrongPurpose => CertificateError::InvalidPurpose,
        Reason::Revoked { .. } | Reason::Denied { .. } => CertificateError::Revoked,
        Reason::BadSignature => CertificateError::BadSignature,
        Reason::Malformed { .. }
        | Reason::NoCertificate
        | Reason::Alpn { .. }
        | Reason::NoCommonProtocol { .. }
        | Reason::HandshakeTimeout { .. }
        | Reason::Unreachable { .. }
        | Reason::Busy { .. }
        | Reason::ClassicalOnly { .. }
        | Reason::BrokenOff { .. } => CertificateError::BadEncoding,
    };
    Error::InvalidCertificate(fault)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.decide(end_entity, intermediates, now)
            .map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, self.judge.trust.algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.trust.algorithms().supported_schemes()
    }
}

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // No hints: whom we trust is nobody's business before they have shown who they are.
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.decide(end_entity, intermediates, now)
            .map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, self.judge.trust.algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.trust.algorithms().supported_schemes()
    }
}

fn no_tls12() -> Error {
    Error::PeerIncompatible(rustls::PeerIncompatible::Tls12NotOffered)
}
