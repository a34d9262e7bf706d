//! `pki trust`: taking over the other side's trust file.
//!
//! The file must hold together, come from another domain of the same world, be no older than what is trusted already
//! and keep its anchors; for new anchors somebody must have compared the words. Nothing is written before all of this
//! is settled. The other side's consents are then laid beside ours where the terms are the same bytes.

use std::path::Path;

use hotline_audit::key::DenyList;
use hotline_audit::statement::CharterTerms;
use hotline_audit::{Roster, RosterError};
use hotline_core::identity::TrustDomain;
use hotline_core::time::WallTime;

use super::charter::{Difference, difference};
use super::error::PkiError;
use super::files::{self, Aside, Audience};
use super::folder::{DomainFolder, read_roster};
use super::read_certificate::{CertificateView, RevocationListView};
use super::refusal::TrustRefusal;
use super::trust_file::{OfferedCharter, TrustFile};
use super::words::Fingerprint;
use super::{deny, keys, layout};

/// Whether the words were compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// The other side read these words aloud.
    Aloud(String),
    /// The caller made both sides, or has compared them another way.
    Vouched,
    /// Nobody has yet.
    NotYet,
}

/// What to do with anchors that differ from those already trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownAnchors {
    /// Refuse.
    Keep,
    /// Take the new ones, once their words are compared.
    Replace,
}

/// What was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted {
    /// Whose file it was.
    pub domain: TrustDomain,
    /// The side's name.
    pub side: String,
    /// The fingerprint of its anchors.
    pub fingerprint: Fingerprint,
    /// The newest roster entry.
    pub roster_number: u64,
    /// Whether it was known before.
    pub acquaintance: Acquaintance,
    /// Orders of its deny-list that are new here, and end nobody where they come now for the first time: a key of their
    /// officers is not valid now, or the roster has ended it.
    pub unproven: Vec<u64>,
    /// Its charters, and what became of each.
    pub charters: Vec<(String, CharterStanding)>,
}

/// Whether a domain was known before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acquaintance {
    /// It was not.
    New,
    /// It was, with these anchors.
    Known,
    /// It was, with others.
    Replaced,
}

/// What became of an offered charter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CharterStanding {
    /// Both sides consent to the same terms.
    BothConsent,
    /// The terms differ; nothing was merged.
    Differs(Difference),
    /// We declare no such channel.
    NotOurs,
    /// Their consent does not count (any more).
    NotGiven(String),
}

/// Takes over the trust file `file` into the domain's folder `dir`.
///
/// # Errors
/// [`PkiError::Trust`] with the reason; then nothing was changed.
pub fn trust(
    dir: &Path,
    file: &Path,
    compared: &Compared,
    known: KnownAnchors,
    now: WallTime,
) -> Result<Trusted, PkiError> {
    let folder = DomainFolder::open(dir)?;
    let _held = folder.hold()?;
    let offered = TrustFile::parse(file, &files::read_text(file)?, now)?;
    let refuse = |reason| PkiError::Trust {
        path: file.to_owned(),
        reason,
    };
    check_domain(&folder, &offered).map_err(refuse)?;
    if offered.ca.validity.not_after_ms <= now.unix_ms() {
        let at = WallTime::from_unix_ms(offered.ca.validity.not_after_ms).rfc3339();
        return Err(PkiError::Ended {
            what: format!("the CA of {}", offered.domain),
            at,
        });
    }
    let place = folder.trust(&offered.domain);
    let before = Known::load(&place)?;
    let acquaintance = match &before {
        None => Acquaintance::New,
        Some(before) => before.compare(&offered, known).map_err(refuse)?,
    };
    let unproven = match (&before, acquaintance) {
        (Some(before), Acquaintance::Known) => before.unproven(&offered, now),
        // Under a root that nobody here has believed every order counts.
        _ => Vec::new(),
    };
    // What somebody read aloud is compared, also of a side that is known.
    if acquaintance != Acquaintance::Known || matches!(compared, Compared::Aloud(_)) {
        check_words(&offered, compared).map_err(refuse)?;
    }
    let charters = standings(&folder, &offered)?;
    write(&folder, &offered, &place, &charters)?;
    Ok(Trusted {
        domain: offered.domain,
        side: offered.side.side,
        fingerprint: offered.fingerprint,
        roster_number: offered.roster.next_number().saturating_sub(1),
        acquaintance,
        unproven,
        charters,
    })
}

fn check_domain(folder: &DomainFolder, offered: &TrustFile) -> Result<(), TrustRefusal> {
    let (ours, theirs) = (folder.domain(), &offered.domain);
    if ours == theirs {
        return Err(TrustRefusal::OwnDomain {
            domain: ours.to_string(),
        });
    }
    if ours.world() == theirs.world() {
        return Ok(());
    }
    Err(TrustRefusal::OtherWorld {
        theirs: theirs.to_string(),
        their_world: theirs.world().name(),
        ours: ours.to_string(),
        our_world: ours.world().name(),
    })
}

fn check_words(offered: &TrustFile, compared: &Compared) -> Result<(), TrustRefusal> {
    let words = offered.fingerprint.words();
    match compared {
        Compared::Vouched => Ok(()),
        Compared::Aloud(spoken) if offered.fingerprint.is_read_as(spoken) => Ok(()),
        Compared::Aloud(_) => Err(TrustRefusal::WordsDiffer { words }),
        Compared::NotYet => Err(TrustRefusal::WordsNotCompared { words }),
    }
}

/// What is trusted already for a domain.
struct Known {
    fingerprint: Fingerprint,
    ca: CertificateView,
    revocation_list: RevocationListView,
    roster: Roster,
    denied: DenyList,
}

impl Known {
    fn load(place: &Path) -> Result<Option<Self>, PkiError> {
        let root_path = place.join(layout::ROOT_PUBLIC);
        if !root_path.exists() {
            files::refuse_filled(place)?;
            return Ok(None);
        }
        let text = |name: &str| files::read_text(&place.join(name));
        let (domain, root) = keys::read_root(&root_path, &text(layout::ROOT_PUBLIC)?)?;
        let ca = CertificateView::from_pem(
            &place.join(layout::CA_CERTIFICATE),
            &text(layout::CA_CERTIFICATE)?,
        )?;
        let list = place.join(layout::REVOCATION_LIST);
        let roster = read_roster(&place.join(layout::ROSTER), &text(layout::ROSTER)?, &domain, root)?;
        Ok(Some(Self {
            denied: deny::read_list(place, &roster)?,
            fingerprint: Fingerprint::of(&domain, &ca.der, root.as_bytes()),
            ca,
            revocation_list: RevocationListView::from_pem(&list, &text(layout::REVOCATION_LIST)?)?,
            roster,
        }))
    }

    fn compare(&self, offered: &TrustFile, known: KnownAnchors) -> Result<Acquaintance, TrustRefusal> {
        if self.fingerprint != offered.fingerprint {
            return match known {
                KnownAnchors::Replace => Ok(Acquaintance::Replaced),
                KnownAnchors::Keep => {
                    let what = if self.ca.der == offered.ca.der {
                        "statement root"
                    } else {
                        "CA"
                    };
                    Err(TrustRefusal::AnchorChanged {
                        what,
                        domain: offered.domain.to_string(),
                    })
                }
            };
        }
        if let Some(head) = self.roster.head() {
            offered
                .roster
                .check_not_older(&head)
                .map_err(|error| older_roster(&error))?;
        }
        offered
            .denied
            .check_not_older(&self.denied)
            .map_err(|_| TrustRefusal::Older {
                what: "deny-list",
                offered: offered.denied.denials().len() as u64,
                known: self.denied.denials().len() as u64,
            })?;
        let (offered, known) = (offered.revocation_list.number, self.revocation_list.number);
        if offered < known {
            return Err(TrustRefusal::Older {
                what: "revocation list",
                offered,
                known,
            });
        }
        Ok(Acquaintance::Known)
    }
}

impl Known {
    /// Orders behind those that are held, by keys that are not good now.
    fn unproven(&self, offered: &TrustFile, now: WallTime) -> Vec<u64> {
        let held = self.denied.head().number;
        let orders = offered.denied.unproven(&offered.roster, held, now.unix_ms());
        orders.into_iter().collect()
    }
}

fn older_roster(error: &RosterError) -> TrustRefusal {
    match error {
        RosterError::Older { seen, found, .. } => TrustRefusal::Older {
            what: "roster",
            offered: *found,
            known: *seen,
        },
        RosterError::Forked { number, .. } => TrustRefusal::OtherHistory { number: *number },
        RosterError::TooLarge(_)
        | RosterError::NotATrustDomain(_)
        | RosterError::NotBase64(_)
        | RosterError::Entry { .. } => TrustRefusal::Inconsistent {
            part: "the roster",
            why: error.to_string(),
        },
    }
}

fn standings(folder: &DomainFolder, offered: &TrustFile) -> Result<Vec<(String, CharterStanding)>, PkiError> {
    offered
        .charters
        .iter()
        .map(|charter| Ok((charter.terms.channel.clone(), standing(folder, charter)?)))
        .collect()
}

fn standing(folder: &DomainFolder, offered: &OfferedCharter) -> Result<CharterStanding, PkiError> {
    let path = own_charter(folder, offered).join(layout::TERMS);
    if !path.exists() {
        return Ok(CharterStanding::NotOurs);
    }
    let bytes = files::read(&path)?;
    let ours =
        CharterTerms::decode(&bytes).map_err(|e| PkiError::unreadable(&path, "the terms of a charter", e))?;
    Ok(match (difference(&ours, &offered.terms), &offered.given) {
        (Some(difference), _) => CharterStanding::Differs(difference),
        (None, Err(why)) => CharterStanding::NotGiven(why.clone()),
        (None, Ok(())) => CharterStanding::BothConsent,
    })
}

fn own_charter(folder: &DomainFolder, offered: &OfferedCharter) -> std::path::PathBuf {
    folder
        .trust(folder.domain())
        .join(layout::CHARTER)
        .join(&offered.terms.channel)
}

fn write(
    folder: &DomainFolder,
    offered: &TrustFile,
    place: &Path,
    charters: &[(String, CharterStanding)],
) -> Result<(), PkiError> {
    let texts = &offered.texts;
    let aside = Aside::begin(folder.path(), place, u64::from(std::process::id()))?;
    for (name, text) in [
        (layout::SIDE, &texts.side),
        (layout::CA_CERTIFICATE, &texts.ca),
        (layout::REVOCATION_LIST, &texts.revocation_list),
        (layout::ROOT_PUBLIC, &texts.root),
        (layout::ROSTER, &texts.roster),
    ] {
        aside.write(name, text.as_bytes(), Audience::Anybody)?;
    }
    if !texts.deny.is_empty() {
        aside.write(layout::DENY, texts.deny.as_bytes(), Audience::Anybody)?;
    }
    let consent_file = layout::consent(offered.domain.as_str());
    for charter in &offered.charters {
        let below = format!("{}/{}", layout::CHARTER, charter.terms.channel);
        aside.write(
            &format!("{below}/{}", layout::TERMS),
            &charter.terms_bytes,
            Audience::Anybody,
        )?;
        aside.write(
            &format!("{below}/{consent_file}"),
            &charter.consent,
            Audience::Anybody,
        )?;
    }
    if place.exists() {
        aside.replace()?;
    } else {
        aside.finish()?;
    }
    for (charter, (_, standing)) in offered.charters.iter().zip(charters) {
        if *standing == CharterStanding::BothConsent {
            files::replace(
                &own_charter(folder, charter).join(&consent_file),
                &charter.consent,
                Audience::Anybody,
            )?;
        }
    }
    Ok(())
}
