//! Strangers at the doors: a TLS client that checks nothing and tries to speak, and what the relay wrote down about it.

use std::{fs, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use hotline_core::leg::Door;
use hotline_transport::{ALPN_QUIC, ALPN_TCP};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject as _};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// How long a door may take to close on a stranger.
const CLOSED_WITHIN: Duration = Duration::from_secs(10);
/// What HTTP/2 opens with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Accepts any server, so that it is the relay who judges.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Knocks with the certificate in `folder` (`tls.crt`, `tls.key`), or with none, and speaks HTTP/2. Gives back how many
/// bytes the relay said as HTTP/2 before it closed: 0 when it let nobody in.
pub async fn knock(door: Door, at: SocketAddr, folder: Option<&Path>) -> usize {
    let heard = async {
        match door {
            Door::Tcp => tcp(at, careless(door, folder)).await,
            Door::Quic => quic(at, careless(door, folder)).await,
        }
    };
    // Somebody who is let in is answered at once and then kept; a bound ends the reading.
    tokio::time::timeout(CLOSED_WITHIN, heard)
        .await
        .unwrap_or_else(|_| panic!("{door}: neither served nor closed"))
}

fn careless(door: Door, folder: Option<&Path>) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone));
    let mut config = match folder {
        None => builder.with_no_client_auth(),
        Some(folder) => {
            let chain = CertificateDer::pem_file_iter(folder.join("tls.crt"))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            let key = PrivateKeyDer::from_pem_file(folder.join("tls.key")).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    config.alpn_protocols = vec![match door {
        Door::Quic => ALPN_QUIC.to_vec(),
        Door::Tcp => ALPN_TCP.to_vec(),
    }];
    config
}

async fn tcp(at: SocketAddr, config: ClientConfig) -> usize {
    let stream = tokio::net::TcpStream::connect(at).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let Ok(mut session) = connector.connect("localhost".try_into().unwrap(), stream).await else {
        return 0;
    };
    let _ = session.write_all(PREFACE).await;
    session.read(&mut [0; 64]).await.unwrap_or(0)
}

async fn quic(at: SocketAddr, config: ClientConfig) -> usize {
    let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(config).unwrap();
    let mut endpoint = quinn::Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    endpoint.set_default_client_config(quinn::ClientConfig::new(Arc::new(crypto)));
    let Ok(connection) = endpoint.connect(at, "localhost").unwrap().await else {
        return 0;
    };
    let Ok((mut send, mut receive)) = connection.open_bi().await else {
        return 0;
    };
    let _ = send.write_all(PREFACE).await;
    receive.read(&mut [0; 64]).await.ok().flatten().unwrap_or(0)
}

/// A security event, as a relay's standard error has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityEvent {
    /// "EXPIRED".
    pub kind: String,
    /// "OURS" when the process refused, "PEER" when it was refused.
    pub by: String,
    /// "quic" or "tcp".
    pub door: String,
    /// The certificate it is about.
    pub certificate: String,
    /// The sentence.
    pub sentence: String,
}

/// The security events in a process's log.
#[must_use]
pub fn security_events(log: &Path) -> Vec<SecurityEvent> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    fs::read_to_string(log)
        .unwrap_or_default()
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .map(|line| line["fields"].clone())
        .filter(|fields| fields["event"] == "security")
        .map(|fields| SecurityEvent {
            kind: text(&fields["kind"]),
            by: text(&fields["by"]),
            door: text(&fields["door"]),
            certificate: text(&fields["certificate"]),
            sentence: text(&fields["message"]),
        })
        .collect()
}
