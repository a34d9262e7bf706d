//! `pki list`: everybody in a domain's folder, how long they live, and whom the folder trusts.

use std::path::Path;

use hotline_audit::key::Denial;
use hotline_audit::{KeyEntry, Roster};
use hotline_core::identity::Identity;
use hotline_core::time::WallTime;
use hotline_core::words::OfficerRole;
use serde::Serialize;

use super::error::PkiError;
use super::folder::{DomainFolder, read_roster, short};
use super::read_certificate::{CertificateView, RevocationListView};
use super::side;
use super::words::Fingerprint;
use super::{deny, files, keys, layout, plain};

/// What a domain's folder holds. Its JSON form is stable: fields are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// The trust domain.
    pub domain: String,
    /// EXERCISE or OPERATION.
    pub world: &'static str,
    /// The words that stand for CA and root.
    pub words: String,
    /// When the CA ends, milliseconds since 1970.
    pub ca_not_after_ms: u64,
    /// Number of the revocation list.
    pub revocation_list: u64,
    /// Number of the newest roster entry.
    pub roster: u64,
    /// Everybody who was issued an identity.
    pub holders: Vec<Holder>,
    /// The other domains this folder trusts.
    pub trusted: Vec<TrustedDomain>,
}

/// Somebody who was issued an identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// The identity.
    pub identity: String,
    /// The short name that the verbs take, e.g. `officer/okoye`.
    pub name: String,
    /// When the TLS certificate ends, milliseconds since 1970.
    pub not_after_ms: u64,
    /// GOOD, ENDED or REVOKED, of the certificate.
    pub certificate: Standing,
    /// The signing keys.
    pub keys: Vec<SigningKeyLine>,
    /// Officer roles.
    pub roles: Vec<&'static str>,
}

/// A signing key of somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SigningKeyLine {
    /// STATEMENT, LOG or OFFICER.
    pub purpose: String,
    /// When it ends, milliseconds since 1970.
    pub not_after_ms: u64,
    /// GOOD, ENDED or REVOKED.
    pub standing: Standing,
}

/// Whether something still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Standing {
    /// It does.
    Good,
    /// Its time is over.
    Ended,
    /// It was revoked.
    Revoked,
}

/// Another domain that the folder trusts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrustedDomain {
    /// The domain.
    pub domain: String,
    /// The side's name.
    pub side: String,
    /// The words that stand for its CA and root.
    pub words: String,
    /// Number of its newest roster entry.
    pub roster: u64,
    /// Channels to which both sides consent.
    pub channels: Vec<String>,
}

/// Lists a domain's folder.
///
/// # Errors
/// If something in it cannot be read.
pub fn list(dir: &Path, now: WallTime) -> Result<Listing, PkiError> {
    let folder = DomainFolder::open(dir)?;
    let ca = folder.ca_certificate()?;
    let roster = folder.roster()?;
    let list_path = folder.file(layout::REVOCATION_LIST);
    let revocations = RevocationListView::from_pem(&list_path, &folder.text(layout::REVOCATION_LIST)?)?;
    let denied = deny::read_list(&folder.trust(folder.domain()), &roster)?;
    let mut holders = Vec::new();
    for identity in folder.holders()? {
        let mut holder = holder(&folder, &identity, &roster, &revocations, now)?;
        let is_denied = |denial: &Denial| denial.order.identity == holder.identity;
        if denied.denials().iter().any(is_denied) {
            holder.end();
        }
        holders.push(holder);
    }
    let mut trusted = Vec::new();
    for name in files::folders_below(&folder.file(layout::TRUST))? {
        if name != folder.domain().as_str() {
            trusted.push(trusted_domain(&folder, &name)?);
        }
    }
    Ok(Listing {
        domain: folder.domain().to_string(),
        world: folder.domain().world().name(),
        words: Fingerprint::of(folder.domain(), &ca.der, folder.root().as_bytes()).words(),
        ca_not_after_ms: ca.validity.not_after_ms,
        revocation_list: revocations.number,
        roster: roster.next_number().saturating_sub(1),
        holders,
        trusted,
    })
}

impl Holder {
    /// Two officers have ended it: nothing of it counts any more.
    fn end(&mut self) {
        self.certificate = Standing::Revoked;
        for key in &mut self.keys {
            key.standing = Standing::Revoked;
        }
    }
}

fn holder(
    folder: &DomainFolder,
    identity: &Identity,
    roster: &Roster,
    revocations: &RevocationListView,
    now: WallTime,
) -> Result<Holder, PkiError> {
    let path = folder.of(identity).join(layout::TLS_CERTIFICATE);
    let certificate = CertificateView::from_pem(&path, &files::read_text(&path)?)?;
    let revoked = revocations
        .revoked
        .iter()
        .any(|entry| entry.serial == certificate.serial);
    let subject = identity.to_string();
    let mut entries: Vec<&KeyEntry> = roster
        .keys()
        .filter(|key| key.statement.subject == subject)
        .collect();
    entries.sort_by_key(|key| key.statement.number);
    let mut roles: Vec<_> = entries
        .iter()
        .flat_map(|key| &key.statement.roles)
        .copied()
        .collect();
    roles.sort_unstable();
    roles.dedup();
    Ok(Holder {
        name: short(identity),
        not_after_ms: certificate.validity.not_after_ms,
        certificate: standing(revoked, certificate.validity.not_after_ms, now),
        keys: entries
            .iter()
            .map(|key| SigningKeyLine {
                purpose: key.purpose.to_string(),
                not_after_ms: key.statement.not_after_ms,
                standing: standing(key.revoked.is_some(), key.statement.not_after_ms, now),
            })
            .collect(),
        roles: roles
            .into_iter()
            .filter_map(OfficerRole::from_wire)
            .map(OfficerRole::name)
            .collect(),
        identity: subject,
    })
}

fn standing(revoked: bool, not_after_ms: u64, now: WallTime) -> Standing {
    match (revoked, not_after_ms < now.unix_ms()) {
        (true, _) => Standing::Revoked,
        (false, true) => Standing::Ended,
        (false, false) => Standing::Good,
    }
}

fn trusted_domain(folder: &DomainFolder, name: &str) -> Result<TrustedDomain, PkiError> {
    let place = folder.file(layout::TRUST).join(name);
    let text = |file: &str| files::read_text(&place.join(file));
    let (domain, root) = keys::read_root(&place.join(layout::ROOT_PUBLIC), &text(layout::ROOT_PUBLIC)?)?;
    let ca = CertificateView::from_pem(
        &place.join(layout::CA_CERTIFICATE),
        &text(layout::CA_CERTIFICATE)?,
    )?;
    let roster = read_roster(&place.join(layout::ROSTER), &text(layout::ROSTER)?, &domain, root)?;
    let charters = folder.trust(folder.domain()).join(layout::CHARTER);
    let both = |channel: &String| charters.join(channel).join(layout::consent(name)).exists();
    Ok(TrustedDomain {
        side: side::parse(&place.join(layout::SIDE), &text(layout::SIDE)?)?.side,
        words: Fingerprint::of(&domain, &ca.der, root.as_bytes()).words(),
        roster: roster.next_number().saturating_sub(1),
        channels: files::folders_below(&charters)?
            .into_iter()
            .filter(both)
            .collect(),
        domain: domain.to_string(),
    })
}

impl Listing {
    /// The listing as text for people.
    #[must_use]
    pub fn text(&self, now: WallTime) -> String {
        let mut text = format!(
            "{}  {}\n  words   {}\n  CA      until {}\n  roster  number {}, revocation list number {}\n\n",
            self.domain,
            self.world,
            self.words,
            plain::end(self.ca_not_after_ms, now),
            self.roster,
            self.revocation_list,
        );
        let mut rows = vec![["NAME", "CERTIFICATE", "SIGNING KEYS", "ROLES"].map(str::to_owned)];
        rows.extend(self.holders.iter().map(|holder| holder.row(now)));
        text.push_str(&table(&rows));
        if self.trusted.is_empty() {
            text.push_str("\ntrusts no other domain yet: hotline pki trust\n");
        }
        for other in &self.trusted {
            let channels = if other.channels.is_empty() {
                "no channel open".to_owned()
            } else {
                other.channels.join(", ")
            };
            text.push_str(&format!(
                "\ntrusts {} ({}), roster number {}, {channels}\n  words   {}\n",
                other.domain, other.side, other.roster, other.words
            ));
        }
        text
    }
}

impl Holder {
    fn row(&self, now: WallTime) -> [String; 4] {
        let told = |standing, end| match standing {
            Standing::Good | Standing::Ended => plain::remaining(end, now),
            Standing::Revoked => "REVOKED".to_owned(),
        };
        let keys = self
            .keys
            .iter()
            .map(|key| format!("{} {}", key.purpose, told(key.standing, key.not_after_ms)));
        [
            self.name.clone(),
            told(self.certificate, self.not_after_ms),
            keys.collect::<Vec<_>>().join(", "),
            self.roles.join(" "),
        ]
    }
}

fn table(rows: &[[String; 4]]) -> String {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; 4] = std::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
