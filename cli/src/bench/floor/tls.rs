//! The floor's TLS: 1.3, both ends show a certificate, rustls's own rules; tickets and early data are off as on the line.
//!
//! Names of desks are not judged here: whoever shows a certificate of one of the two CAs is served.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::{
    RootCertStore,
    client::{Resumption, WebPkiServerVerifier},
    crypto::CryptoProvider,
    server::{NoServerSessionStorage, WebPkiClientVerifier},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

use super::FloorError;
use crate::pki::layout;

/// A DNS name in every relay's certificate of the example.
pub const SERVER_NAME: &str = "localhost";

const ALPN: &[u8] = b"hotline-floor";
/// Silence after which a connection is dead. A round of the line passes in between.
const IDLE: Duration = Duration::from_secs(120);
/// Pause after which something is sent, only to break the silence.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// A certificate chain and its key.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The chain, PEM.
    pub certificate: PathBuf,
    /// The key, PEM.
    pub key: PathBuf,
}

impl Pair {
    /// Of a relay's or desk's folder.
    pub fn of(folder: &Path) -> Self {
        Self {
            certificate: folder.join(layout::TLS_CERTIFICATE),
            key: folder.join(layout::TLS_KEY),
        }
    }

    fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), FloorError> {
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect)
            .map_err(|error| unusable(&self.certificate, error))?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| unusable(&self.key, error))?;
        Ok((chain, key))
    }
}

/// The server's half: serves those that one of these CAs names.
///
/// # Errors
/// If a file is not what it should be.
pub fn server(pair: &Pair, authorities: &[PathBuf]) -> Result<quinn::ServerConfig, FloorError> {
    let (chain, key) = pair.read()?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(authorities)?), provider())
        .build()
        .map_err(tls)?;
    let mut config = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(tls)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(tls)?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    let quic = QuicServerConfig::try_from(config).map_err(tls)?;
    let mut config = quinn::ServerConfig::with_crypto(Arc::new(quic));
    config.transport_config(transport());
    Ok(config)
}

/// An end's half: calls a server that this CA names.
///
/// # Errors
/// If a file is not what it should be.
pub fn client(pair: &Pair, authority: &Path) -> Result<quinn::ClientConfig, FloorError> {
    let (chain, key) = pair.read()?;
    let roots = Arc::new(roots(&[authority.to_owned()])?);
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider())
        .build()
        .map_err(tls)?;
    let mut config = rustls::ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(tls)?
        .with_webpki_verifier(verifier)
        .with_client_auth_cert(chain, key)
        .map_err(tls)?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    let quic = QuicClientConfig::try_from(config).map_err(tls)?;
    let mut config = quinn::ClientConfig::new(Arc::new(quic));
    config.transport_config(transport());
    Ok(config)
}

/// quinn's own settings, but for the silence.
fn transport() -> Arc<quinn::TransportConfig> {
    let mut transport = quinn::TransportConfig::default();
    let idle =
        quinn::IdleTimeout::try_from(IDLE).expect("two minutes fit into QUIC's 62 bits of milliseconds");
    transport
        .max_idle_timeout(Some(idle))
        .keep_alive_interval(Some(KEEP_ALIVE));
    Arc::new(transport)
}

fn roots(authorities: &[PathBuf]) -> Result<RootCertStore, FloorError> {
    let mut roots = RootCertStore::empty();
    for file in authorities {
        let certificate = CertificateDer::from_pem_file(file).map_err(|error| unusable(file, error))?;
        roots.add(certificate).map_err(|error| unusable(file, error))?;
    }
    Ok(roots)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn unusable(file: &Path, error: impl std::fmt::Display) -> FloorError {
    FloorError::Certificate {
        file: file.to_owned(),
        why: error.to_string(),
    }
}

fn tls(error: impl std::fmt::Display) -> FloorError {
    FloorError::Tls(error.to_string())
}
