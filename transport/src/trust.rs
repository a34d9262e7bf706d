//! Whom we trust to name whom: one CA per trust domain, each with its revocation lists.
//!
//! The trust domain of a peer's name *selects* the one CA it is verified against. One root store for both sides
//! would let Borenia's CA issue an Avelia name; here that certificate meets Avelia's CA and fails. For the same
//! reason a CA key may stand for one domain only, and a revocation list must be signed by the CA it is filed under.
//!
//! A stale revocation list still revokes what it lists and does not silence the line: refusing everybody because a
//! list was not renewed would be an outage made by ourselves. [`TrustStore::stale`] names such lists, for an alarm.
//!
//! The store is replaced as a whole, under running listeners and dialers; each handshake reads it afresh. Closing
//! the live sessions that a smaller trust no longer covers is [`Connections::recheck`](crate::Connections::recheck).
//!
//! Beside the anchors stands what a side has *denied*: identities of its own that two of its officers ended by a signed
//! list ([`Denied`]). It holds whatever the CA's revocation list says, for the CA's key may be far away that night.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use hotline_core::identity::{Identity, TrustDomain};
use hotline_core::time::WallTime;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, TrustAnchor};
use webpki::{CertRevocationList, EndEntityCert, OwnedCertRevocationList};
use x509_parser::num_bigint::BigUint;
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

use crate::certificate::CertificateSummary;

/// One trust domain, the CA that may issue its names, and what that CA has revoked.
#[derive(Debug, Clone)]
pub struct Anchor {
    /// The domain whose names this CA may issue, and no other.
    pub domain: TrustDomain,
    /// The CA's certificate.
    pub ca: CertificateDer<'static>,
    /// Its revocation lists; empty when it has revoked nothing yet.
    pub crls: Vec<CertificateRevocationListDer<'static>>,
}

/// Why a set of anchors cannot be trusted as it stands. The store in use stays as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The file cannot be read as what it should be.
    #[error("{} is not a PEM {what}: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// What the reader said.
        source: rustls_pki_types::pem::Error,
    },
    /// A folder of trust folders cannot be read, or holds none.
    #[error("the trust folder {} cannot be used: {why}; hotline pki trust makes one", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Two anchors claim one domain.
    #[error("two CAs claim the trust domain {domain}; each domain has exactly one")]
    TwoForOneDomain {
        /// The domain.
        domain: TrustDomain,
    },
    /// One CA key stands for two domains: either could then issue the other's names.
    #[error("the same CA key is given for {first} and {second}; each trust domain needs a CA of its own")]
    OneForTwoDomains {
        /// One domain.
        first: TrustDomain,
        /// The other.
        second: TrustDomain,
    },
    /// The certificate is not a CA's.
    #[error("the certificate given as CA of {domain} is not a CA certificate ({why})")]
    NotACa {
        /// The domain.
        domain: TrustDomain,
        /// What is missing.
        why: String,
    },
    /// A domain that is trusted is not in the folder any more.
    #[error(
        "the trust folder of {domain} is missing, or its ca.crt; put it back, or restart if it is to be trusted no more"
    )]
    Missing {
        /// The domain.
        domain: TrustDomain,
    },
    /// A revocation list is broken or somebody else's.
    #[error("a revocation list filed under {domain} is not usable: {why}")]
    BadCrl {
        /// The domain.
        domain: TrustDomain,
        /// What is wrong.
        why: String,
    },
}

/// A revocation list whose own date for renewal has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleCrl {
    /// Whose list.
    pub domain: TrustDomain,
    /// When a newer one was due.
    pub next_update: WallTime,
}

/// Identities that their own side has ended by a signed list, and why. Whoever fills this has verified the list.
pub type Denied = BTreeMap<Identity, String>;

/// What tells an older state of a domain's CA and lists from a newer one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaStanding {
    /// The domain.
    pub domain: TrustDomain,
    /// SHA-256 of the CA's public key.
    pub key_sha256: [u8; 32],
    /// The highest number of its revocation lists, in decimal; none without a list.
    pub list_number: Option<String>,
}

/// All anchors in force. Share it as `Arc<TrustStore>`.
#[derive(Debug)]
pub struct TrustStore {
    in_force: ArcSwap<InForce>,
    generation: AtomicU64,
    algorithms: WebPkiSupportedAlgorithms,
}

/// What is believed at one moment: replaced as a whole.
#[derive(Debug)]
pub(crate) struct InForce {
    pub(crate) anchors: Arc<BTreeMap<TrustDomain, Trusted>>,
    pub(crate) denied: Denied,
}

/// An anchor that has been read and checked.
#[derive(Debug)]
pub(crate) struct Trusted {
    pub(crate) anchor: TrustAnchor<'static>,
    pub(crate) crls: Vec<CertRevocationList<'static>>,
    pub(crate) summary: CertificateSummary,
    next_updates: Vec<WallTime>,
    /// The highest number of its lists; `None` without a list.
    list_number: Option<BigUint>,
}

// === impl Anchor ===

impl Anchor {
    /// Reads a CA certificate and its revocation lists from PEM files.
    ///
    /// # Errors
    /// [`TrustError::File`], naming the file.
    pub fn load(domain: TrustDomain, ca: &Path, crls: &[PathBuf]) -> Result<Self, TrustError> {
        let ca = CertificateDer::from_pem_file(ca).map_err(|source| TrustError::File {
            file: ca.to_owned(),
            what: "certificate",
            source,
        })?;
        let crls = crls
            .iter()
            .map(|file| {
                CertificateRevocationListDer::from_pem_file(file).map_err(|source| TrustError::File {
                    file: file.clone(),
                    what: "revocation list",
                    source,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { domain, ca, crls })
    }
}

/// The anchors in a folder that holds one trust folder per domain: `<folder>/<domain>/{ca.crt,crl.pem}`. Names that
/// begin with a dot are work in progress and are passed over.
///
/// # Errors
/// [`TrustError`] names the file or folder and what is wrong with it.
pub fn anchors_in(folder: &Path) -> Result<Vec<Anchor>, TrustError> {
    let unreadable = |why: String| TrustError::Folder {
        folder: folder.to_owned(),
        why,
    };
    let mut names = std::fs::read_dir(folder)
        .and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<Vec<_>, _>>()
        })
        .map_err(|error| unreadable(error.to_string()))?;
    names.sort();
    let mut anchors = Vec::new();
    for place in names {
        let name = place
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if name.starts_with('.') || !place.join("ca.crt").is_file() {
            continue;
        }
        let domain = TrustDomain::parse(&name).map_err(|error| unreadable(format!("{name}: {error}")))?;
        let crl = place.join("crl.pem");
        let crls = if crl.is_file() { vec![crl] } else { Vec::new() };
        anchors.push(Anchor::load(domain, &place.join("ca.crt"), &crls)?);
    }
    if anchors.is_empty() {
        return Err(unreadable(
            "it holds no trusted domain (a folder with ca.crt)".into(),
        ));
    }
    Ok(anchors)
}

// === impl TrustStore ===

impl TrustStore {
    /// Checks the anchors and puts them in force.
    ///
    /// # Errors
    /// A [`TrustError`] names the domain and what is wrong with its anchor.
    pub fn new(seams: &crate::Seams, anchors: Vec<Anchor>) -> Result<Self, TrustError> {
        Self::with_denied(seams, anchors, Denied::new())
    }

    /// The same, less those whom their own side has denied.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_denied(
        seams: &crate::Seams,
        anchors: Vec<Anchor>,
        denied: Denied,
    ) -> Result<Self, TrustError> {
        let algorithms = seams.crypto.signature_verification_algorithms;
        let anchors = Arc::new(check_all(anchors, &algorithms)?);
        Ok(Self {
            in_force: ArcSwap::from_pointee(InForce { anchors, denied }),
            generation: AtomicU64::new(0),
            algorithms,
        })
    }

    /// Puts other anchors in force, for every handshake from now on. Call
    /// [`Connections::recheck`](crate::Connections::recheck) afterwards: live sessions were judged by the old ones.
    ///
    /// # Errors
    /// A [`TrustError`]; the old anchors then stay in force.
    pub fn replace(&self, anchors: Vec<Anchor>) -> Result<(), TrustError> {
        self.replace_with_denied(anchors, Denied::new())
    }

    /// The same, less those whom their own side has denied.
    ///
    /// # Errors
    /// As [`replace`](Self::replace).
    pub fn replace_with_denied(&self, anchors: Vec<Anchor>, denied: Denied) -> Result<(), TrustError> {
        let anchors = Arc::new(check_all(anchors, &self.algorithms)?);
        self.in_force.store(Arc::new(InForce { anchors, denied }));
        self.generation.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    /// Replaces whom their own side has denied, under the anchors in force.
    pub fn deny(&self, denied: Denied) {
        let anchors = Arc::clone(&self.in_force.load().anchors);
        self.in_force.store(Arc::new(InForce { anchors, denied }));
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// How the CAs in force stand.
    #[must_use]
    pub fn standing(&self) -> Vec<CaStanding> {
        standing_of(&self.in_force.load().anchors)
    }

    /// Refuses anchors whose revocation lists are older than those in force, or gone, under the same CA key: what is
    /// revoked would come back. A domain that is not there at all is refused as well: half a folder looks like that.
    /// Returns how they stand.
    ///
    /// # Errors
    /// [`TrustError`], also when the anchors cannot be trusted at all. Nothing is put in force.
    pub fn check_not_older(&self, anchors: &[Anchor]) -> Result<Vec<CaStanding>, TrustError> {
        let offered = check_all(anchors.to_vec(), &self.algorithms)?;
        let in_force = self.in_force.load();
        for (domain, held) in in_force.anchors.iter() {
            let Some(new) = offered.get(domain) else {
                return Err(TrustError::Missing {
                    domain: domain.clone(),
                });
            };
            let same_ca = held.anchor.subject_public_key_info == new.anchor.subject_public_key_info;
            if same_ca && new.list_number < held.list_number {
                let number = |list: &Option<BigUint>| {
                    list.as_ref()
                        .map_or_else(|| "none".to_owned(), ToString::to_string)
                };
                return Err(TrustError::BadCrl {
                    domain: domain.clone(),
                    why: format!(
                        "it is older than the one in force (number {} after {})",
                        number(&new.list_number),
                        number(&held.list_number)
                    ),
                });
            }
        }
        Ok(standing_of(&offered))
    }

    /// The trusted domains, in order.
    #[must_use]
    pub fn domains(&self) -> Vec<TrustDomain> {
        self.in_force.load().anchors.keys().cloned().collect()
    }

    /// What the CA certificate of a domain says of itself.
    #[must_use]
    pub fn ca(&self, domain: &TrustDomain) -> Option<CertificateSummary> {
        self.in_force
            .load()
            .anchors
            .get(domain)
            .map(|trusted| trusted.summary.clone())
    }

    /// Revocation lists that should have been renewed by now. They still count; someone should renew them.
    #[must_use]
    pub fn stale(&self, now: WallTime) -> Vec<StaleCrl> {
        let in_force = self.in_force.load();
        let stale = in_force.anchors.iter().flat_map(|(domain, trusted)| {
            trusted
                .next_updates
                .iter()
                .filter(move |due| **due < now)
                .map(|due| StaleCrl {
                    domain: domain.clone(),
                    next_update: *due,
                })
        });
        stale.collect()
    }

    pub(crate) fn now_in_force(&self) -> Arc<InForce> {
        self.in_force.load_full()
    }

    /// Counts replacements. Read *before* the anchors, it never claims a judgement to be newer than it is.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    pub(crate) fn algorithms(&self) -> &WebPkiSupportedAlgorithms {
        &self.algorithms
    }
}

// === helpers ===

fn standing_of(anchors: &BTreeMap<TrustDomain, Trusted>) -> Vec<CaStanding> {
    let standing = |(domain, trusted): (&TrustDomain, &Trusted)| {
        let key = ring::digest::digest(
            &ring::digest::SHA256,
            trusted.anchor.subject_public_key_info.as_ref(),
        );
        let mut key_sha256 = [0; 32];
        key_sha256.copy_from_slice(key.as_ref());
        CaStanding {
            domain: domain.clone(),
            key_sha256,
            list_number: trusted.list_number.as_ref().map(ToString::to_string),
        }
    };
    anchors.iter().map(standing).collect()
}

fn check_all(
    anchors: Vec<Anchor>,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<BTreeMap<TrustDomain, Trusted>, TrustError> {
    let mut checked: BTreeMap<TrustDomain, Trusted> = BTreeMap::new();
    for anchor in anchors {
        let trusted = check(&anchor, algorithms)?;
        let twin = checked.iter().find(|(_, other)| {
            other.anchor.subject_public_key_info == trusted.anchor.subject_public_key_info
        });
        if checked.contains_key(&anchor.domain) {
            return Err(TrustError::TwoForOneDomain {
                domain: anchor.domain,
            });
        }
        if let Some((first, _)) = twin {
            return Err(TrustError::OneForTwoDomains {
                first: first.clone(),
                second: anchor.domain,
            });
        }
        checked.insert(anchor.domain, trusted);
    }
    Ok(checked)
}

fn check(anchor: &Anchor, algorithms: &WebPkiSupportedAlgorithms) -> Result<Trusted, TrustError> {
    let not_a_ca = |why: &str| TrustError::NotACa {
        domain: anchor.domain.clone(),
        why: why.to_owned(),
    };
    let (_, parsed) =
        X509Certificate::from_der(anchor.ca.as_ref()).map_err(|_| not_a_ca("it is not a certificate"))?;
    // webpki takes any certificate as an anchor; whether it may issue at all is checked here.
    if !parsed.is_ca() {
        return Err(not_a_ca("basic constraints do not say so"));
    }
    let summary = CertificateSummary::of(&anchor.ca).ok_or_else(|| not_a_ca("it is not a certificate"))?;
    let root = webpki::anchor_from_trusted_cert(&anchor.ca)
        .map_err(|error| not_a_ca(&error.to_string()))?
        .to_owned();
    let mut crls = Vec::new();
    let mut next_updates = Vec::new();
    let mut list_number = None;
    for crl in &anchor.crls {
        let bad = |why: String| TrustError::BadCrl {
            domain: anchor.domain.clone(),
            why,
        };
        let (due, number) = check_crl(crl, &anchor.ca, algorithms).map_err(bad)?;
        next_updates.extend(due);
        list_number = list_number.max(Some(number));
        let owned =
            OwnedCertRevocationList::from_der(crl.as_ref()).map_err(|error| bad(error.to_string()))?;
        crls.push(owned.into());
    }
    Ok(Trusted {
        anchor: root,
        crls,
        summary,
        next_updates,
        list_number,
    })
}

/// Checks that the CA signed this list, and returns when the next one is due, and its number (0 if it has none).
///
/// webpki would check the signature at each handshake and refuse everybody if it is wrong; a wrong file should be
/// refused when it is loaded, while the good one is still in force.
fn check_crl(
    crl: &CertificateRevocationListDer<'_>,
    ca: &CertificateDer<'_>,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<(Option<WallTime>, BigUint), String> {
    let (_, list) =
        CertificateRevocationList::from_der(crl.as_ref()).map_err(|_| "it cannot be read".to_owned())?;
    let issuer = EndEntityCert::try_from(ca).map_err(|error| error.to_string())?;
    let signed = algorithms.all.iter().any(|algorithm| {
        issuer
            .verify_signature(
                *algorithm,
                list.tbs_cert_list.as_ref(),
                list.signature_value.as_ref(),
            )
            .is_ok()
    });
    if !signed {
        return Err(format!(
            "it is not signed by this CA, it names {}",
            crate::certificate::shown(&list.issuer().to_string())
        ));
    }
    let due = list
        .next_update()
        .map(|due| WallTime::from_unix_ms(u64::try_from(due.timestamp()).unwrap_or(0).saturating_mul(1000)));
    Ok((due, list.crl_number().cloned().unwrap_or_default()))
}
