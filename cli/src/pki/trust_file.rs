//! The trust file: all that one side hands to the other, in one text file.
//!
//! It is TOML. Its first lines are fixed and end in a signature of the side's statement root over
//! `"hotline/trust-file/v1\n"` and every byte that follows the signature's line; so addresses and names, which no other
//! signature covers, cannot be changed on the way either. Reading one checks everything that can be checked without
//! knowing the side: who they are is then settled by reading words aloud ([`super::words`]), not by this file.

use std::path::Path;

use data_encoding::BASE64;
use hotline_audit::key::DenyList;
use hotline_audit::statement::CharterTerms;
use hotline_audit::{PublicKey, Roster, SigningKey};
use hotline_core::identity::TrustDomain;
use hotline_core::time::WallTime;
use serde::{Deserialize, Serialize};

use super::certificate::issuer_name;
use super::declaration::is_channel;
use super::error::PkiError;
use super::folder::DomainFolder;
use super::read_certificate::{CertificateView, RevocationListView, Signature};
use super::refusal::TrustRefusal;
use super::side::{self, SideFile};
use super::words::Fingerprint;
use super::{charter, files, keys, layout};

/// What every trust file opens with, up to the signature.
pub const HEAD: &str = "# A hotline trust file: the public keys, names and addresses of one side. No secret stands here.\n\
                        # Take it over with: hotline pki trust --dir DIR/DOMAIN FILE\n\
                        format = 1\n\
                        signature = \"";
/// What the signature covers before the text.
const LABEL: &[u8] = b"hotline/trust-file/v1\n";

/// A trust file that holds together.
#[derive(Debug, Clone)]
pub struct TrustFile {
    /// Whose it is.
    pub domain: TrustDomain,
    /// The statement root.
    pub root: PublicKey,
    /// The CA certificate.
    pub ca: CertificateView,
    /// The revocation list.
    pub revocation_list: RevocationListView,
    /// The roster.
    pub roster: Roster,
    /// Whom two officers have ended.
    pub denied: DenyList,
    /// Names and addresses.
    pub side: SideFile,
    /// Charters with this side's consent.
    pub charters: Vec<OfferedCharter>,
    /// The fingerprint of CA and root.
    pub fingerprint: Fingerprint,
    /// The texts as they stood there: what is written into the trust folder.
    pub texts: Texts,
}

/// The exact texts of a trust folder's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// The trust domain.
    pub domain: String,
    /// `root.pub`.
    pub root: String,
    /// `ca.crt`.
    pub ca: String,
    /// `crl.pem`.
    pub revocation_list: String,
    /// `roster`.
    pub roster: String,
    /// `side.toml`.
    pub side: String,
    /// `deny`; empty while nobody is denied.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub deny: String,
    #[serde(default)]
    charter: Vec<CharterText>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CharterText {
    channel: String,
    terms: String,
    consent: String,
}

/// A charter as one side offers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedCharter {
    /// The terms, read.
    pub terms: CharterTerms,
    /// Their exact bytes.
    pub terms_bytes: Vec<u8>,
    /// This side's consent, exact bytes.
    pub consent: Vec<u8>,
    /// Whether that consent counts now: its officer may since have been revoked.
    pub given: Result<(), String>,
}

/// The text of the trust file of a domain's own folder.
///
/// # Errors
/// If something cannot be read, or the statement root's key is not there.
pub fn write(folder: &DomainFolder) -> Result<String, PkiError> {
    let trust = folder.trust(folder.domain());
    let text = |name: &str| files::read_text(&trust.join(name));
    let mut charter = Vec::new();
    for channel in files::folders_below(&trust.join(layout::CHARTER))? {
        let below = trust.join(layout::CHARTER).join(&channel);
        charter.push(CharterText {
            terms: BASE64.encode(&files::read(&below.join(layout::TERMS))?),
            consent: BASE64.encode(&files::read(
                &below.join(layout::consent(folder.domain().as_str())),
            )?),
            channel,
        });
    }
    let texts = Texts {
        domain: folder.domain().to_string(),
        root: text(layout::ROOT_PUBLIC)?,
        ca: text(layout::CA_CERTIFICATE)?,
        revocation_list: text(layout::REVOCATION_LIST)?,
        roster: text(layout::ROSTER)?,
        side: text(layout::SIDE)?,
        deny: if trust.join(layout::DENY).exists() {
            text(layout::DENY)?
        } else {
            String::new()
        },
        charter,
    };
    sealed(&texts, &folder.statement_root()?)
}

/// Signs texts into a trust file.
pub(super) fn sealed(texts: &Texts, root: &SigningKey) -> Result<String, PkiError> {
    let body = toml::to_string_pretty(texts).map_err(|e| PkiError::making("the trust file", e))?;
    let signature = root.sign(&[LABEL, body.as_bytes()].concat());
    Ok(format!("{HEAD}{}\"\n{body}", BASE64.encode(&signature)))
}

impl TrustFile {
    /// Reads a trust file and checks that it holds together; `path` is for errors.
    ///
    /// # Errors
    /// [`PkiError::Unreadable`] if it is no trust file, [`PkiError::Trust`] if a part does not hold.
    pub fn parse(path: &Path, text: &str, now: WallTime) -> Result<Self, PkiError> {
        let unreadable = |why: String| PkiError::unreadable(path, "a hotline trust file", why);
        let (signature, body) = text
            .strip_prefix(HEAD)
            .and_then(|rest| rest.split_once("\"\n"))
            .ok_or_else(|| unreadable("it does not open as one".into()))?;
        let texts: Texts = toml::from_str(body).map_err(|e| unreadable(e.message().to_owned()))?;
        let parts = Parts { path, texts: &texts };
        let root = parts.signed_root(signature, body)?;
        let domain = parts.domain()?;
        let ca = parts.authority(&domain)?;
        let revocation_list = parts.revocation_list(&ca)?;
        let roster = Roster::parse(&texts.roster, domain.as_str(), root, None)
            .map_err(|e| parts.fault("the roster", e))?;
        let denied = DenyList::parse(&texts.deny, &roster).map_err(|e| parts.fault("the deny-list", e))?;
        let side = parts.side(&domain)?;
        let charters = parts.charters(&domain, &roster, now)?;
        let fingerprint = Fingerprint::of(&domain, &ca.der, root.as_bytes());
        Ok(Self {
            domain,
            root,
            ca,
            revocation_list,
            roster,
            denied,
            side,
            charters,
            fingerprint,
            texts,
        })
    }
}

#[cfg(test)]
impl Texts {
    /// For tests that play a hostile side: a channel by another name, in its terms too.
    pub(super) fn rename_channel(&mut self, from: &str, to: &str) {
        for charter in self.charter.iter_mut().filter(|charter| charter.channel == from) {
            let bytes = BASE64
                .decode(charter.terms.as_bytes())
                .expect("a file that was read");
            let terms = CharterTerms::decode(&bytes).expect("a file that was read");
            charter.terms = BASE64.encode(
                &CharterTerms {
                    channel: to.to_owned(),
                    ..terms
                }
                .encode(),
            );
            charter.channel = to.to_owned();
        }
    }
}

/// The parts of a file on trial.
struct Parts<'a> {
    path: &'a Path,
    texts: &'a Texts,
}

impl Parts<'_> {
    fn fault(&self, part: &'static str, why: impl std::fmt::Display) -> PkiError {
        let reason = TrustRefusal::Inconsistent {
            part,
            why: why.to_string(),
        };
        PkiError::Trust {
            path: self.path.to_owned(),
            reason,
        }
    }

    /// The same, from an error that names the file itself.
    fn unreadable(&self, part: &'static str, error: PkiError) -> PkiError {
        match error {
            PkiError::Unreadable { why, .. } => self.fault(part, why),
            other => other,
        }
    }

    fn signed_root(&self, signature: &str, body: &str) -> Result<PublicKey, PkiError> {
        let (domain, root) = keys::read_root(self.path, &self.texts.root)
            .map_err(|e| self.unreadable("the statement root", e))?;
        if domain.as_str() != self.texts.domain {
            return Err(self.fault(
                "the statement root",
                format!("it is that of {domain}, the file that of {}", self.texts.domain),
            ));
        }
        let signature = BASE64
            .decode(signature.as_bytes())
            .map_err(|e| self.fault("the signature", e))?;
        if root.verify(&[LABEL, body.as_bytes()].concat(), &signature) {
            return Ok(root);
        }
        Err(self.fault(
            "the signature",
            "something in the file was changed after it was exported",
        ))
    }

    fn domain(&self) -> Result<TrustDomain, PkiError> {
        TrustDomain::parse(&self.texts.domain).map_err(|e| self.fault("the domain", e))
    }

    fn authority(&self, domain: &TrustDomain) -> Result<CertificateView, PkiError> {
        let part = "the CA certificate";
        let ca =
            CertificateView::from_pem(self.path, &self.texts.ca).map_err(|e| self.unreadable(part, e))?;
        let name = issuer_name(domain);
        if ca.subject != name || ca.issuer != name {
            return Err(self.fault(
                part,
                format!("it names {} issued by {}, not {name}", ca.subject, ca.issuer),
            ));
        }
        if ca.authority != Some(Some(0)) {
            return Err(self.fault(part, "it is not a CA of leaf certificates only"));
        }
        match ca.signed(&ca) {
            Signature::Holds => Ok(ca),
            Signature::Broken => Err(self.fault(part, "it did not sign itself with a P-256 key")),
        }
    }

    fn revocation_list(&self, ca: &CertificateView) -> Result<RevocationListView, PkiError> {
        let part = "the revocation list";
        let list = RevocationListView::from_pem(self.path, &self.texts.revocation_list)
            .map_err(|e| self.unreadable(part, e))?;
        if list.issuer != ca.subject || list.signed_by(ca) == Signature::Broken {
            return Err(self.fault(part, "it is not signed by the CA beside it"));
        }
        Ok(list)
    }

    fn side(&self, domain: &TrustDomain) -> Result<SideFile, PkiError> {
        let side =
            side::parse(self.path, &self.texts.side).map_err(|e| self.unreadable("the side file", e))?;
        if side.domain == domain.as_str() {
            return Ok(side);
        }
        Err(self.fault("the side file", format!("it is that of {}", side.domain)))
    }

    fn charters(
        &self,
        domain: &TrustDomain,
        roster: &Roster,
        now: WallTime,
    ) -> Result<Vec<OfferedCharter>, PkiError> {
        let part = "a charter";
        let mut charters = Vec::new();
        for text in &self.texts.charter {
            let terms_bytes = BASE64
                .decode(text.terms.as_bytes())
                .map_err(|e| self.fault(part, e))?;
            let consent = BASE64
                .decode(text.consent.as_bytes())
                .map_err(|e| self.fault(part, e))?;
            let terms = CharterTerms::decode(&terms_bytes).map_err(|e| self.fault(part, e))?;
            if terms.channel != text.channel
                || !is_channel(&terms.channel)
                || !terms.sides.contains(&domain.to_string())
            {
                return Err(self.fault(
                    part,
                    format!("its terms are not those of {:?} and {domain}", text.channel),
                ));
            }
            let given = charter::check_consent(&consent, &terms_bytes, roster, now);
            charters.push(OfferedCharter {
                terms,
                terms_bytes,
                consent,
                given,
            });
        }
        Ok(charters)
    }
}
