//! The control plane's TLS: who is let in, who is refused, and what a bound channel is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use hotline_core::identity::Role;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use rustls_pki_types::PrivatePkcs8KeyDer;

use super::*;
use crate::{Anchor, Credentials, TrustStore};

const DOMAIN: &str = "exercise.excon.example";
const CONDUCTOR: &str = "spiffe://exercise.excon.example/control/conductor";
const SEAT: &str = "spiffe://exercise.excon.example/desk/a";

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).unwrap().der().clone();
        let issuer = Issuer::new(params, key);
        Self { issuer, certificate }
    }

    fn credentials(&self, identity: &str, purpose: ExtendedKeyUsagePurpose, seams: &Seams) -> Credentials {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::URI(identity.try_into().unwrap())];
        params.extended_key_usages = vec![purpose];
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let private = PrivatePkcs8KeyDer::from(key.serialize_der());
        Credentials::from_der(vec![certificate.der().clone()], private.into(), seams).unwrap()
    }

    fn trust(&self, seams: &Seams) -> Arc<TrustStore> {
        let anchor = Anchor {
            domain: DOMAIN.parse().unwrap(),
            ca: self.certificate.clone(),
            crls: Vec::new(),
        };
        Arc::new(TrustStore::new(seams, vec![anchor]).unwrap())
    }

    fn server(&self, seams: &Seams) -> ServerTls {
        let credentials = self.credentials(CONDUCTOR, ExtendedKeyUsagePurpose::ServerAuth, seams);
        ServerTls::new(
            seams,
            credentials,
            self.trust(seams),
            &[Role::Desk, Role::Control],
        )
    }

    fn client(&self, seams: &Seams) -> ClientTls {
        let credentials = self.credentials(SEAT, ExtendedKeyUsagePurpose::ClientAuth, seams);
        ClientTls::new(seams, credentials, self.trust(seams))
    }
}

#[tokio::test]
async fn who_has_not_joined_shows_nothing_and_both_ends_know_the_same_binding() {
    let seams = Seams::system();
    let server = Authority::new().server(&seams);
    let (ours, theirs) = tokio::io::duplex(4096);
    let (came, went) = tokio::join!(accept(&server, Box::new(ours)), knock(&seams, Box::new(theirs)));
    let (came, went) = (came.unwrap(), went.unwrap());
    assert_eq!((came.peer, went.peer), (None, None));
    assert_eq!(came.binding, went.binding);
}

#[tokio::test]
async fn two_connections_have_different_bindings() {
    let seams = Seams::system();
    let server = Authority::new().server(&seams);
    let mut bindings = Vec::new();
    for _ in 0..2 {
        let (ours, theirs) = tokio::io::duplex(4096);
        let (came, _went) = tokio::join!(accept(&server, Box::new(ours)), knock(&seams, Box::new(theirs)));
        bindings.push(came.unwrap().binding);
    }
    assert_ne!(bindings[0], bindings[1]);
}

#[tokio::test]
async fn who_has_joined_is_known_by_name_and_knows_control() {
    let seams = Seams::system();
    let authority = Authority::new();
    let (server, client) = (authority.server(&seams), authority.client(&seams));
    let conductor = CONDUCTOR.parse().unwrap();
    let (ours, theirs) = tokio::io::duplex(4096);
    let (came, went) = tokio::join!(
        accept(&server, Box::new(ours)),
        call(&client, &conductor, Box::new(theirs))
    );
    assert_eq!(came.unwrap().peer.unwrap().to_string(), SEAT);
    assert_eq!(went.unwrap().peer.unwrap(), conductor);
}

#[tokio::test]
async fn a_certificate_of_another_ca_is_refused_on_both_ends() {
    let seams = Seams::system();
    let (one, other) = (Authority::new(), Authority::new());
    let conductor = CONDUCTOR.parse().unwrap();
    let (ours, theirs) = tokio::io::duplex(4096);
    let (server, client) = (one.server(&seams), other.client(&seams));
    let (came, went) = tokio::join!(
        accept(&server, Box::new(ours)),
        call(&client, &conductor, Box::new(theirs))
    );
    assert!(came.is_err() && went.is_err());
    // It believes control, and shows a stranger's certificate.
    let credentials = other.credentials(SEAT, ExtendedKeyUsagePurpose::ClientAuth, &seams);
    let liar = ClientTls::new(&seams, credentials, one.trust(&seams));
    let (ours, theirs) = tokio::io::duplex(4096);
    let (came, _) = tokio::join!(
        accept(&server, Box::new(ours)),
        call(&liar, &conductor, Box::new(theirs))
    );
    assert!(came.is_err());
}
