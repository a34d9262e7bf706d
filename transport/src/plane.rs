//! The control plane of an exercise: TLS over TCP between control and whoever takes part, under control's own CA.
//!
//! It is no door of the line: it has an application protocol of its own, and what it carries is no evidence. Who has
//! joined shows a certificate of control's CA and is judged as at the doors. Who has not joined yet shows none: both ends
//! then get the connection's *binding*, 32 bytes that only the two ends of this very connection know, and whoever uses the
//! connection must prove with it who is at the other end before anything else is said.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hotline_core::identity::Identity;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::{DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::seams::{BoxedStream, Seams};
use crate::tls::{ClientTls, ServerTls, no_name};
use crate::verify::Verdict;

/// The application protocol of the control plane.
pub const ALPN_PLANE: &[u8] = b"hotline-excon/1";

/// How long a handshake may take. 5 s: many times what it takes over a slow line.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);
/// What the binding is derived for (RFC 5705, RFC 8446 7.5).
const BINDING_LABEL: &[u8] = b"EXPORTER-hotline-excon-join";

/// A connection of the control plane.
pub struct PlaneStream {
    /// Bytes both ways.
    pub stream: BoxedStream,
    /// Who is at the other end, by control's CA; none if it showed nothing, or was not asked.
    pub peer: Option<Identity>,
    /// The certificate that shows it: two may bear one name, one after another.
    pub certificate: Option<CertificateDer<'static>>,
    /// What the two ends of this connection know, and nobody between them.
    pub binding: [u8; 32],
}

/// Takes a connection in, from one who has joined or has not yet.
///
/// # Errors
/// If the handshake fails or takes too long; or it showed a certificate that control's CA did not sign.
pub async fn accept(tls: &ServerTls, stream: BoxedStream) -> io::Result<PlaneStream> {
    let verdict = Verdict::default();
    let config = tls.plane(Arc::clone(&verdict)).map_err(io::Error::other)?;
    let accepting = TlsAcceptor::from(Arc::new(config)).accept(stream);
    let stream = timeout(HANDSHAKE_WITHIN, accepting).await??;
    let binding = binding(
        stream
            .get_ref()
            .1
            .export_keying_material([0; 32], BINDING_LABEL, None),
    )?;
    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let certificate = shown.map(|shown| shown.clone().into_owned());
    let peer = judged(&verdict)?;
    if certificate.is_some() && peer.is_none() {
        return Err(io::Error::other("a certificate was shown and not judged"));
    }
    Ok(PlaneStream {
        stream: Box::new(stream),
        peer,
        certificate,
        binding,
    })
}

/// Calls control as one who has joined.
///
/// # Errors
/// If the handshake fails or takes too long, or another answers than the one that is called.
pub async fn call(tls: &ClientTls, control: &Identity, stream: BoxedStream) -> io::Result<PlaneStream> {
    let verdict = Verdict::default();
    let config = tls
        .plane(control, Arc::clone(&verdict))
        .map_err(io::Error::other)?;
    let made = connect(config, stream).await?;
    let peer = judged(&verdict)?.ok_or_else(|| io::Error::other("nobody was judged"))?;
    Ok(PlaneStream {
        peer: Some(peer),
        ..made
    })
}

/// Calls whoever listens, showing nothing and believing nothing: what is said over it must be proven by its binding.
///
/// # Errors
/// If the handshake fails or takes too long.
pub async fn knock(seams: &Seams, stream: BoxedStream) -> io::Result<PlaneStream> {
    let algorithms = seams.crypto.signature_verification_algorithms;
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::clone(&seams.crypto))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(algorithms)))
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN_PLANE.to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    config.enable_sni = false;
    connect(config, stream).await
}

async fn connect(config: rustls::ClientConfig, stream: BoxedStream) -> io::Result<PlaneStream> {
    let connecting = TlsConnector::from(Arc::new(config)).connect(no_name(), stream);
    let stream = timeout(HANDSHAKE_WITHIN, connecting).await??;
    let binding = binding(
        stream
            .get_ref()
            .1
            .export_keying_material([0; 32], BINDING_LABEL, None),
    )?;
    Ok(PlaneStream {
        stream: Box::new(stream),
        peer: None,
        certificate: None,
        binding,
    })
}

fn binding(exported: Result<[u8; 32], rustls::Error>) -> io::Result<[u8; 32]> {
    exported.map_err(io::Error::other)
}

fn judged(verdict: &Verdict) -> io::Result<Option<Identity>> {
    match verdict.get() {
        None => Ok(None),
        Some(Ok(peer)) => Ok(Some(peer.identity.clone())),
        Some(Err(objection)) => Err(io::Error::other(format!("{:?}", objection.reason))),
    }
}

/// Takes any certificate, and checks that whoever shows it holds its key.
#[derive(Debug)]
struct Anybody(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::PeerIncompatible(
            rustls::PeerIncompatible::Tls12NotOffered,
        ))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
