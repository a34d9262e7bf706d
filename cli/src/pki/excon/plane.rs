//! Control's own CA, for the control plane: who has joined an exercise shows a certificate of it.
//!
//! It issues names of control's domain only, which no desk and no relay trusts: `desk/b` there is who sits at B's desk as
//! control knows them, and nobody on the line.

use std::path::Path;
use std::sync::Arc;

use hotline_audit::{Enrolment, PublicKey, Purpose, RosterBuilder};
use hotline_core::identity::{Identity, Role, TrustDomain};
use hotline_core::time::WallTime;
use hotline_transport::{Anchor, ClientTls, Credentials, Seams, ServerTls, TrustStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use zeroize::Zeroizing;

use super::{Excon, LIFETIME, domain, identity, refused};
use crate::exit::{self, Failure};
use crate::pki::certificate::{self, Authority, Leaf, TheirKey, Validity};
use crate::pki::error::PkiError;
use crate::pki::files::{self, Audience};
use crate::pki::words::Fingerprint;
use crate::pki::{folder, keys, layout};

/// Control's CA, open for work.
pub struct PlaneAuthority {
    excon: Excon,
    domain: TrustDomain,
    authority: Authority,
    ca: String,
    root: String,
    fingerprint: Fingerprint,
}

impl Excon {
    /// Makes control's CA, and the certificate with which the conductor listens.
    ///
    /// # Errors
    /// It is there already, or the disk refuses.
    pub fn make_plane(&self, seams: &Seams) -> Result<PlaneAuthority, Failure> {
        self.plane(seams).map_err(|error| refused(&error))
    }

    /// Control's CA, as it was made.
    ///
    /// # Errors
    /// It is not there, or its key may be read by others.
    pub fn open_plane(&self) -> Result<PlaneAuthority, Failure> {
        self.plane_again().map_err(|error| refused(&error))
    }

    fn plane_again(&self) -> Result<PlaneAuthority, PkiError> {
        let domain = domain()?;
        let path = self.folder.join(layout::CA_CERTIFICATE);
        let ca = files::read_text(&path)?;
        let key = Zeroizing::new(files::read_secret(&self.folder.join(layout::CA_KEY))?);
        let authority = Authority::open(&domain, &path, &ca, &key)?;
        let der = CertificateDer::from_pem_slice(ca.as_bytes())
            .map_err(|error| PkiError::unreadable(&path, "control's CA", error))?;
        self.with_authority(domain, authority, (&ca, &der))
    }

    fn with_authority(
        &self,
        domain: TrustDomain,
        authority: Authority,
        (ca, der): (&str, &[u8]),
    ) -> Result<PlaneAuthority, PkiError> {
        let path = self.folder.join(layout::ROOT_PUBLIC);
        let root = files::read_text(&path)?;
        let (_, public) = keys::read_root(&path, &root)?;
        Ok(PlaneAuthority {
            excon: self.clone(),
            fingerprint: Fingerprint::of(&domain, der, public.as_bytes()),
            domain,
            authority,
            ca: ca.to_owned(),
            root,
        })
    }

    fn plane(&self, seams: &Seams) -> Result<PlaneAuthority, PkiError> {
        let domain = domain()?;
        let validity = Validity::starting(seams.clock.wall(), LIFETIME);
        let (authority, certificate) = Authority::make(&domain, validity, serial(seams))?;
        let ca = certificate.pem();
        let key = certificate::new_key()?;
        let leaf = Leaf {
            identity: self.conductor.clone(),
            dns: Vec::new(),
            ips: Vec::new(),
            validity,
            serial: serial(seams),
        };
        let listener = authority.issue_listener(&leaf, &key)?;
        let write = |path: &Path, text: &str, audience| files::write_new(path, text.as_bytes(), audience);
        write(
            &self.folder.join(layout::CA_KEY),
            &authority.key_pem(),
            Audience::Owner,
        )?;
        write(&self.folder.join(layout::CA_CERTIFICATE), &ca, Audience::Anybody)?;
        write(
            &self.station.join(layout::TLS_KEY),
            &key.serialize_pem(),
            Audience::Owner,
        )?;
        write(
            &self.station.join(layout::TLS_CERTIFICATE),
            &listener.pem(),
            Audience::Anybody,
        )?;
        self.with_authority(domain, authority, (&ca, certificate.der()))
    }
}

impl PlaneAuthority {
    /// Control's words: of its CA and its statement root.
    #[must_use]
    pub fn words(&self) -> String {
        self.fingerprint.words()
    }

    /// The CA's certificate, PEM.
    #[must_use]
    pub fn ca(&self) -> &str {
        &self.ca
    }

    /// The line of `root.pub`.
    #[must_use]
    pub fn root(&self) -> &str {
        &self.root
    }

    /// The exercise.
    #[must_use]
    pub const fn excon(&self) -> &Excon {
        &self.excon
    }

    /// A name of control's domain: `desk/b`, `control/rossi`.
    ///
    /// # Errors
    /// If it cannot be one.
    pub fn identity(&self, role: Role, name: &str) -> Result<Identity, Failure> {
        Identity::new(self.domain.clone(), role, name).map_err(|error| {
            refused(&PkiError::Usage {
                why: error.to_string(),
            })
        })
    }

    /// The listening end.
    ///
    /// # Errors
    /// If its certificate cannot be used.
    pub fn listener(&self, seams: &Seams) -> Result<ServerTls, Failure> {
        let station = &self.excon.station;
        let credentials = Credentials::load(
            &station.join(layout::TLS_CERTIFICATE),
            &station.join(layout::TLS_KEY),
            seams,
        )
        .map_err(unusable)?;
        let trust = trust(&self.domain, &self.ca, seams)?;
        Ok(ServerTls::new(
            seams,
            credentials,
            trust,
            &[Role::Desk, Role::Control],
        ))
    }

    /// A certificate for a key that somebody else holds.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn certify(&self, identity: &Identity, key: &TheirKey, seams: &Seams) -> Result<String, Failure> {
        let leaf = Leaf {
            identity: identity.clone(),
            dns: Vec::new(),
            ips: Vec::new(),
            validity: Validity::starting(seams.clock.wall(), LIFETIME)
                .ending_by(self.authority.not_after_ms()),
            serial: serial(seams),
        };
        let made = self.authority.issue(&leaf, key);
        Ok(made.map_err(|error| refused(&error))?.pem())
    }

    /// Enrols a controller whose key was made elsewhere, and returns control's roster.
    ///
    /// # Errors
    /// The key or the name is enrolled already, or the disk refuses.
    pub fn enrol(&self, name: &str, key: PublicKey, now: WallTime) -> Result<String, Failure> {
        self.enrolled(name, key, now).map_err(|error| refused(&error))
    }

    fn enrolled(&self, name: &str, key: PublicKey, now: WallTime) -> Result<String, PkiError> {
        let identity = identity(&self.domain, name)?.to_string();
        let path = self.excon.folder.join(layout::ROSTER);
        let root = keys::signing_key(&self.excon.folder.join(layout::ROOT_KEY))?;
        let roster = folder::read_roster(&path, &files::read_text(&path)?, &self.domain, root.public())?;
        let taken = |why: String| PkiError::KeyRefused {
            identity: identity.clone(),
            why,
        };
        if !roster.keys_of(&identity, Purpose::Control).is_empty() {
            return Err(taken("another controller has this name".into()));
        }
        let validity = Validity::starting(now, LIFETIME);
        let mut builder = RosterBuilder::resume(roster, root);
        let enrolment = Enrolment {
            purpose: Purpose::Control,
            subject: identity.clone(),
            roles: Vec::new(),
            public_key: key,
            not_before_ms: validity.not_before_ms,
            not_after_ms: validity.not_after_ms,
        };
        builder
            .enrol(enrolment)
            .map_err(|error| taken(error.to_string()))?;
        let text = super::roster_text(&builder);
        for path in [path, self.excon.trust.join(super::DOMAIN).join(layout::ROSTER)] {
            files::replace(&path, text.as_bytes(), Audience::Anybody)?;
        }
        Ok(text)
    }
}

/// The calling end of who has joined, with its files.
///
/// # Errors
/// If certificate or key cannot be used.
pub fn caller(place: &Path, seams: &Seams) -> Result<ClientTls, Failure> {
    let credentials = Credentials::load(
        &place.join(layout::TLS_CERTIFICATE),
        &place.join(layout::TLS_KEY),
        seams,
    )
    .map_err(unusable)?;
    let ca = files::read_text(&place.join(layout::CA_CERTIFICATE)).map_err(|error| refused(&error))?;
    let domain = domain().map_err(|error| refused(&error))?;
    Ok(ClientTls::new(seams, credentials, trust(&domain, &ca, seams)?))
}

/// Control's words, as whoever joins computes them from what control says of itself.
///
/// # Errors
/// If that is no CA and no root.
pub fn words_of(ca: &str, root: &str) -> Result<String, Failure> {
    let read = || {
        let domain = domain()?;
        let path = Path::new("what control says of itself");
        let (of, public) = keys::read_root(path, root)?;
        if of != domain {
            return Err(PkiError::unreadable(
                path,
                "control's statement root",
                "another domain's",
            ));
        }
        let der = CertificateDer::from_pem_slice(ca.as_bytes())
            .map_err(|error| PkiError::unreadable(path, "control's CA", error))?;
        Ok(Fingerprint::of(&domain, &der, public.as_bytes()).words())
    };
    read().map_err(|error: PkiError| refused(&error))
}

fn trust(domain: &TrustDomain, ca: &str, seams: &Seams) -> Result<Arc<TrustStore>, Failure> {
    let ca = CertificateDer::from_pem_slice(ca.as_bytes()).map_err(unusable)?;
    let anchor = Anchor {
        domain: domain.clone(),
        ca,
        crls: Vec::new(),
    };
    let store = TrustStore::new(seams, vec![anchor]).map_err(unusable)?;
    Ok(Arc::new(store))
}

fn serial(seams: &Seams) -> [u8; 16] {
    let mut serial = [0; 16];
    seams.entropy.fill(&mut serial);
    certificate::serial_bytes(serial)
}

fn unusable(error: impl std::error::Error) -> Failure {
    Failure::new(
        "HL-EX-194",
        exit::IDENTITY,
        exit::chain(&error),
        "join again with a new code",
    )
}
