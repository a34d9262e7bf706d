//! TLS for both doors, from one place: what is agreed, what is never offered.
//!
//! TLS 1.3 only, both sides show certificates, no tickets, no resumption, no early data, no key log. Resumption would
//! let a revoked peer back in without being judged (tried: a revoked client was accepted by resuming). The doors differ
//! in one thing, the application protocol: `h2` on TCP, so that any gRPC client can call; our own on QUIC, because
//! HTTP/2 inside a QUIC stream is not HTTP/3 and must not be taken for it.
//!
//! A configuration is made per handshake, with a verifier whose verdict belongs to that one connection. It costs
//! microseconds beside a handshake's milliseconds, and makes rotation and new trust take effect at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use hotline_core::identity::{Identity, Role};
use hotline_core::leg::Door;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ServerConfig, SignatureScheme};
use rustls_pki_types::{ServerName, UnixTime};

use crate::agreed::{KeyExchange, KeyPolicy};
use crate::credentials::Credentials;
use crate::plane::ALPN_PLANE;
use crate::refusal::{Reason, Refusal};
use crate::seams::{Clock, Seams};
use crate::trust::TrustStore;
use crate::verify::{Expect, Judge, Objection, Side, Verdict, Verifier, unix};

/// Standard gRPC, on TCP.
pub const ALPN_TCP: &[u8] = b"h2";

/// HTTP/2 inside a QUIC stream: ours alone, and never `h3`.
pub const ALPN_QUIC: &[u8] = b"hotline-h2/1";

/// What rustls wants to call the server. It is not sent, and nobody looks at it.
const NO_NAME: &str = "hotline.invalid";

/// The listening end's half: our credentials, whom we trust, which roles may come in. Clones are the same half.
#[derive(Debug, Clone)]
pub struct ServerTls {
    shared: Arc<Shared>,
    accepted: Arc<[Role]>,
}

/// The dialling end's half: our credentials and whom we trust. Clones are the same half.
#[derive(Debug, Clone)]
pub struct ClientTls {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    credentials: ArcSwap<Credentials>,
    trust: Arc<TrustStore>,
    crypto: Arc<CryptoProvider>,
    clock: Arc<dyn Clock>,
    keys: KeyPolicy,
}

/// This provider or configuration cannot do what this room asks of TLS.
#[derive(Debug, thiserror::Error)]
#[error("the crypto provider cannot serve TLS 1.3 on both doors: {why}")]
pub struct TlsSetupError {
    /// What is missing.
    pub why: String,
}

/// The application protocol of a door.
pub(crate) fn alpn(door: Door) -> &'static [u8] {
    match door {
        Door::Quic => ALPN_QUIC,
        Door::Tcp => ALPN_TCP,
    }
}

/// The agreed protocol must be the door's own, exactly.
pub(crate) fn check_alpn(
    door: Door,
    agreed: Option<&[u8]>,
    objection: impl FnOnce(Reason) -> Refusal,
) -> Result<(), Box<Refusal>> {
    if agreed == Some(alpn(door)) {
        return Ok(());
    }
    let text = |bytes: &[u8]| crate::certificate::shown(&String::from_utf8_lossy(bytes));
    Err(Box::new(objection(Reason::Alpn {
        wanted: text(alpn(door)),
        agreed: agreed.map(text),
    })))
}

// === impl ServerTls ===

impl ServerTls {
    /// A listening half that lets in these roles of all trusted domains in our own world.
    #[must_use]
    pub fn new(seams: &Seams, credentials: Credentials, trust: Arc<TrustStore>, accepted: &[Role]) -> Self {
        Self {
            shared: Shared::new(seams, credentials, trust),
            accepted: accepted.into(),
        }
    }

    /// Takes no other ways to agree on keys than these.
    #[must_use]
    pub fn with_keys(self, keys: KeyPolicy) -> Self {
        Self {
            shared: self.shared.with_keys(keys),
            ..self
        }
    }

    /// Uses other credentials from the next handshake on.
    pub fn rotate(&self, credentials: Credentials) {
        self.shared.credentials.store(Arc::new(credentials));
    }

    /// Who we are.
    #[must_use]
    pub fn credentials(&self) -> Arc<Credentials> {
        self.shared.credentials.load_full()
    }

    /// Whom we trust; replace its anchors to change that.
    #[must_use]
    pub fn trust(&self) -> &Arc<TrustStore> {
        &self.shared.trust
    }

    pub(crate) fn offered(&self) -> Vec<KeyExchange> {
        KeyExchange::all_of(&self.shared.crypto)
    }

    pub(crate) fn judge(&self) -> Judge {
        self.shared
            .judge(Expect::Roles(Arc::clone(&self.accepted)), Side::Client)
    }

    pub(crate) fn config(&self, door: Door, verdict: Verdict) -> Result<ServerConfig, TlsSetupError> {
        self.config_for(
            alpn(door),
            Verifier::new(self.judge(), Arc::clone(&verdict)),
            verdict,
        )
    }

    /// For the control plane: who shows a certificate is judged, and who has none yet comes in without.
    pub(crate) fn plane(&self, verdict: Verdict) -> Result<ServerConfig, TlsSetupError> {
        self.config_for(
            ALPN_PLANE,
            Verifier::optional(self.judge(), Arc::clone(&verdict)),
            verdict,
        )
    }

    fn config_for(
        &self,
        alpn: &[u8],
        verifier: Arc<Verifier>,
        verdict: Verdict,
    ) -> Result<ServerConfig, TlsSetupError> {
        let shared = &self.shared;
        let mut config = ServerConfig::builder_with_details(Arc::clone(&shared.crypto), shared.time())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| TlsSetupError {
                why: error.to_string(),
            })?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(Meet {
                show: Show(Arc::clone(shared.credentials.load().certified())),
                keys: shared.keys,
                verdict,
            }));
        config.alpn_protocols = vec![alpn.to_vec()];
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.max_early_data_size = 0;
        Ok(config)
    }

    pub(crate) fn quic(&self, verdict: Verdict) -> Result<Arc<QuicServerConfig>, TlsSetupError> {
        let config = self.config(Door::Quic, verdict)?;
        let quic = QuicServerConfig::try_from(config).map_err(|error| TlsSetupError {
            why: error.to_string(),
        })?;
        Ok(Arc::new(quic))
    }
}

// === impl ClientTls ===

impl ClientTls {
    /// A dialling half.
    #[must_use]
    pub fn new(seams: &Seams, credentials: Credentials, trust: Arc<TrustStore>) -> Self {
        Self {
            shared: Shared::new(seams, credentials, trust),
        }
    }

    /// Offers no other ways to agree on keys than these.
    #[must_use]
    pub fn with_keys(self, keys: KeyPolicy) -> Self {
        Self {
            shared: self.shared.with_keys(keys),
        }
    }

    /// Uses other credentials from the next dial on.
    pub fn rotate(&self, credentials: Credentials) {
        self.shared.credentials.store(Arc::new(credentials));
    }

    /// Who we are.
    #[must_use]
    pub fn credentials(&self) -> Arc<Credentials> {
        self.shared.credentials.load_full()
    }

    /// Whom we trust; replace its anchors to change that.
    #[must_use]
    pub fn trust(&self) -> &Arc<TrustStore> {
        &self.shared.trust
    }

    pub(crate) fn offered(&self) -> Vec<KeyExchange> {
        KeyExchange::all_of(&self.shared.crypto)
    }

    pub(crate) fn judge(&self, expected: &Identity) -> Judge {
        self.shared.judge(Expect::Exactly(expected.clone()), Side::Server)
    }

    pub(crate) fn config(
        &self,
        door: Door,
        expected: &Identity,
        verdict: Verdict,
    ) -> Result<ClientConfig, TlsSetupError> {
        let shared = &self.shared;
        let mut config = ClientConfig::builder_with_details(Arc::clone(&shared.crypto), shared.time())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| TlsSetupError {
                why: error.to_string(),
            })?
            .dangerous()
            .with_custom_certificate_verifier(Verifier::new(self.judge(expected), verdict))
            .with_client_cert_resolver(Arc::new(Show(Arc::clone(shared.credentials.load().certified()))));
        config.alpn_protocols = vec![alpn(door).to_vec()];
        config.resumption = Resumption::disabled();
        config.enable_early_data = false;
        config.enable_sni = false;
        Ok(config)
    }

    /// For the control plane.
    pub(crate) fn plane(&self, expected: &Identity, verdict: Verdict) -> Result<ClientConfig, TlsSetupError> {
        let mut config = self.config(Door::Tcp, expected, verdict)?;
        config.alpn_protocols = vec![ALPN_PLANE.to_vec()];
        Ok(config)
    }

    pub(crate) fn quic(
        &self,
        expected: &Identity,
        verdict: Verdict,
    ) -> Result<Arc<QuicClientConfig>, TlsSetupError> {
        let config = self.config(Door::Quic, expected, verdict)?;
        let quic = QuicClientConfig::try_from(config).map_err(|error| TlsSetupError {
            why: error.to_string(),
        })?;
        Ok(Arc::new(quic))
    }
}

pub(crate) fn no_name() -> ServerName<'static> {
    ServerName::try_from(NO_NAME).expect("the constant is a DNS name")
}

pub(crate) const fn no_name_text() -> &'static str {
    NO_NAME
}

// === impl Shared ===

impl Shared {
    fn new(seams: &Seams, credentials: Credentials, trust: Arc<TrustStore>) -> Arc<Self> {
        Arc::new(Self {
            credentials: ArcSwap::from_pointee(credentials),
            trust,
            crypto: Arc::clone(&seams.crypto),
            clock: Arc::clone(&seams.clock),
            keys: KeyPolicy::default(),
        })
    }

    fn with_keys(&self, keys: KeyPolicy) -> Arc<Self> {
        Arc::new(Self {
            credentials: ArcSwap::new(self.credentials.load_full()),
            trust: Arc::clone(&self.trust),
            crypto: keys.applied_to(&self.crypto),
            clock: Arc::clone(&self.clock),
            keys,
        })
    }

    fn judge(&self, expect: Expect, side: Side) -> Judge {
        let ours = self.credentials.load().identity().world();
        Judge {
            trust: Arc::clone(&self.trust),
            ours,
            expect,
            side,
        }
    }

    fn time(&self) -> Arc<dyn TimeProvider> {
        Arc::new(WallForTls(Arc::clone(&self.clock)))
    }
}

/// rustls judges dates by our clock seam.
#[derive(Debug)]
struct WallForTls(Arc<dyn Clock>);

impl TimeProvider for WallForTls {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix(self.0.wall()))
    }
}

/// We have one certificate and show it to whoever asks.
#[derive(Debug)]
struct Show(Arc<CertifiedKey>);

/// The listening end meets a caller: shows our certificate, and notes how it would agree on keys if that is not taken.
/// rustls then ends the handshake, and the note says why.
#[derive(Debug)]
struct Meet {
    show: Show,
    keys: KeyPolicy,
    verdict: Verdict,
}

impl ResolvesServerCert for Meet {
    fn resolve(&self, client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let groups = client_hello.named_groups().unwrap_or_default();
        // A set: a stranger may name as many as it likes.
        let theirs: BTreeSet<KeyExchange> = groups.iter().map(|group| KeyExchange::of(*group)).collect();
        if self.keys == KeyPolicy::HybridOnly && !theirs.contains(&KeyExchange::Hybrid) {
            let reason = Reason::ClassicalOnly {
                ours: vec![KeyExchange::Hybrid],
                theirs: Some(theirs.into_iter().collect()),
            };
            // Nobody else has spoken yet.
            let _ = self.verdict.set(Err(Box::new(Objection {
                reason,
                certificate: None,
            })));
        }
        Some(Arc::clone(&self.show.0))
    }
}

impl ResolvesClientCert for Show {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    const NORTH: &str = "spiffe://exercise.avelia.example/relay/north";

    fn credentials(seams: &Seams) -> Credentials {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params.subject_alt_names = vec![rcgen::SanType::URI(NORTH.try_into().unwrap())];
        let certificate = params.self_signed(&key).unwrap();
        let private = rustls_pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
        Credentials::from_der(vec![certificate.der().clone()], private.into(), seams).unwrap()
    }

    #[test]
    fn neither_end_offers_tickets_early_data_or_a_key_log() {
        let seams = Seams::system();
        let trust = Arc::new(TrustStore::new(&seams, Vec::new()).unwrap());
        let server = ServerTls::new(&seams, credentials(&seams), Arc::clone(&trust), &[Role::Desk]);
        let client = ClientTls::new(&seams, credentials(&seams), trust);
        for door in Door::ALL {
            let served = server.config(door, Verdict::default()).unwrap();
            assert_eq!(served.send_tls13_tickets, 0);
            assert_eq!(served.max_early_data_size, 0);
            assert!(!served.ticketer.enabled());
            assert!(!served.session_storage.can_cache());
            assert!(!served.key_log.will_log("CLIENT_TRAFFIC_SECRET_0"));
            assert_eq!(served.alpn_protocols, [alpn(door).to_vec()]);
            let dialled = client
                .config(door, &NORTH.parse().unwrap(), Verdict::default())
                .unwrap();
            assert!(!dialled.enable_early_data);
            assert!(!dialled.enable_sni);
            assert!(!dialled.key_log.will_log("CLIENT_TRAFFIC_SECRET_0"));
            assert_eq!(dialled.alpn_protocols, [alpn(door).to_vec()]);
        }
    }

    #[test]
    fn no_other_version_than_tls_1_3_is_built_in() {
        let suites = rustls::crypto::ring::default_provider().cipher_suites;
        assert!(
            suites
                .iter()
                .all(|suite| suite.version() == &rustls::version::TLS13)
        );
    }

    #[test]
    fn http2_inside_quic_is_never_called_http3() {
        assert_eq!(ALPN_TCP, b"h2");
        assert_eq!(ALPN_QUIC, b"hotline-h2/1");
    }
}
