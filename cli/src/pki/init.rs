//! `pki init`: from a declared file to one folder per trust domain, whole or not at all.
//!
//! Everything is made aside and moved into place by one rename per domain; a place where something already is refuses
//! before the first key is made. See [`super::layout`] for what lies where.

use std::path::{Path, PathBuf};

use hotline_audit::RosterBuilder;
use hotline_core::identity::{Identity, Role, TrustDomain};
use hotline_core::time::WallTime;

use super::certificate::{Authority, Validity, serial_bytes};
use super::declaration::Declaration;
use super::error::PkiError;
use super::files::{Aside, Audience};
use super::settings::PkiSettings;
use super::side;
use super::words::Fingerprint;
use super::workshop::{Bench, Brought, Enrolled, Workshop};
use super::{charter, files, keys, layout};

/// Opening line of `issued`.
const ISSUED_HEAD: &str =
    "# Every certificate this CA ever issued: serial number, identity, end. pki revoke needs it.\n";

/// What `init` made for one domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The domain.
    pub domain: TrustDomain,
    /// Its folder.
    pub folder: PathBuf,
    /// The fingerprint of its anchors.
    pub fingerprint: Fingerprint,
    /// When its certificates end, milliseconds since 1970.
    pub certificates_end_ms: u64,
}

/// Makes one folder per declared domain below `out`. `entropy` fills slices with randomness; TLS keys come from ring's.
///
/// Costs about 20 ms a domain in a release build.
///
/// # Errors
/// If the declaration is wrong, a folder is already filled, or the disk refuses; then nothing is left behind, except
/// that a domain may be complete while the next one failed.
pub fn init(
    declaration: &Declaration,
    out: &Path,
    now: WallTime,
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Result<Vec<Made>, PkiError> {
    init_with(declaration, &Brought::default(), out, now, entropy)
}

/// The same, where some bring keys that were made elsewhere: these are certified and enrolled, and their folders hold no
/// key. Where the releaser who consents to the charter is one of them, that consent is still to be added.
///
/// # Errors
/// As [`init`].
pub fn init_with(
    declaration: &Declaration,
    brought: &Brought,
    out: &Path,
    now: WallTime,
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Result<Vec<Made>, PkiError> {
    declaration.check()?;
    for domain in &declaration.domains {
        files::refuse_filled(&out.join(domain.as_str()))?;
    }
    let mut done = Vec::new();
    for domain in &declaration.domains {
        done.push(make(declaration, brought, domain, out, now, entropy)?);
    }
    let mut made = Vec::new();
    for (aside, domain) in done {
        aside.finish()?;
        made.push(domain);
    }
    Ok(made)
}

fn make(
    declaration: &Declaration,
    brought: &Brought,
    domain: &TrustDomain,
    out: &Path,
    now: WallTime,
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Result<(Aside, Made), PkiError> {
    let folder = out.join(domain.as_str());
    let mut tag = [0; 8];
    entropy(&mut tag);
    let aside = Aside::begin(out, &folder, u64::from_be_bytes(tag))?;
    let peer = declared_peer(declaration, domain)?;
    let (mut shop, anchors) = open_new(declaration, domain, &peer, &aside, now, entropy)?;

    for relay in &declaration.relays {
        shop.relay(
            Bench {
                aside: &aside,
                below: &format!("relay/{}/", relay.name),
            },
            relay,
        )?;
    }
    for desk in &declaration.desks {
        let below = format!("desk/{}/", desk.name);
        let bench = Bench {
            aside: &aside,
            below: &below,
        };
        match brought.desks.get(&desk.name) {
            Some(keys) => shop.desk_of(bench, desk, keys)?,
            None => shop.desk(bench, desk)?,
        };
    }
    if declaration.seals {
        let below = format!("{}/{}/", Role::Escrow, layout::ESCROW);
        let bench = Bench {
            aside: &aside,
            below: &below,
        };
        shop.escrow(bench, layout::ESCROW)?;
    }
    let mut consenting = None;
    for officer in &declaration.officers {
        let below = format!("officer/{}/", officer.name);
        let bench = Bench {
            aside: &aside,
            below: &below,
        };
        if let Some(keys) = brought.officers.get(&officer.name) {
            shop.officer_of(bench, officer, keys)?;
            continue;
        }
        let made = shop.officer(bench, officer)?;
        if Some(officer) == declaration.consenting_officer() {
            consenting = Some(made);
        }
    }
    let own = format!("{}/{domain}/", layout::TRUST);
    if declaration.consenting_officer().is_some() {
        write_charter(
            declaration,
            &shop,
            peer.domain(),
            consenting.as_ref(),
            Bench {
                aside: &aside,
                below: &own,
            },
        )?;
    }
    write_books(&shop, &anchors, &aside, &own)?;
    let certificates_end_ms = Validity::starting(now, shop.settings.certificate())
        .ending_by(shop.authority.not_after_ms())
        .not_after_ms;
    let made = Made {
        domain: domain.clone(),
        folder,
        fingerprint: anchors.fingerprint,
        certificates_end_ms,
    };
    Ok((aside, made))
}

/// The public halves of a domain's anchors, as their files say them.
struct Anchors {
    ca_certificate: String,
    root_public: String,
    fingerprint: Fingerprint,
}

fn open_new<'a>(
    declaration: &Declaration,
    domain: &TrustDomain,
    peer: &Identity,
    aside: &Aside,
    now: WallTime,
    entropy: &'a mut dyn FnMut(&mut [u8]),
) -> Result<(Workshop<'a>, Anchors), PkiError> {
    let mut serial = [0; 16];
    entropy(&mut serial);
    let validity = Validity::starting(now, declaration.lifetimes.authority);
    let (authority, certificate) = Authority::make(domain, validity, serial_bytes(serial))?;
    let (root, root_text) = keys::new_signing_key(entropy);
    let root_public = root.public();
    aside.write(layout::CA_KEY, authority.key_pem().as_bytes(), Audience::Owner)?;
    aside.write(layout::ROOT_KEY, root_text.as_bytes(), Audience::Owner)?;
    let anchors = Anchors {
        ca_certificate: certificate.pem(),
        root_public: keys::root_text(domain, &root_public),
        fingerprint: Fingerprint::of(domain, certificate.der(), root_public.as_bytes()),
    };
    let shop = Workshop {
        domain: domain.clone(),
        authority,
        roster: RosterBuilder::new(domain.as_str(), root).map_err(|e| PkiError::making("the roster", e))?,
        side: side::of(declaration, domain),
        settings: PkiSettings::new(declaration.lifetimes, peer, &declaration.charter.channel),
        issued: ISSUED_HEAD.to_owned(),
        seals: declaration.seals,
        now,
        entropy,
        _held: None,
    };
    Ok((shop, anchors))
}

fn write_charter(
    declaration: &Declaration,
    shop: &Workshop<'_>,
    peer: &TrustDomain,
    consenting: Option<&(Identity, Enrolled)>,
    bench: Bench<'_>,
) -> Result<(), PkiError> {
    let terms = charter::terms(&declaration.charter, &shop.side.exercise, &shop.domain, peer).encode();
    let below = format!(
        "{}{}/{}/",
        bench.below,
        layout::CHARTER,
        declaration.charter.channel
    );
    bench
        .aside
        .write(&format!("{below}{}", layout::TERMS), &terms, Audience::Anybody)?;
    let Some((officer, enrolled)) = consenting else {
        return Ok(());
    };
    let consent = charter::consent(&terms, officer, enrolled.key_statement, &enrolled.key, shop.now)?;
    let consent_file = layout::consent(shop.domain.as_str());
    bench.aside.write(
        &format!("{below}{consent_file}"),
        consent.bytes(),
        Audience::Anybody,
    )
}

fn write_books(shop: &Workshop<'_>, anchors: &Anchors, aside: &Aside, own: &str) -> Result<(), PkiError> {
    let list = shop.authority.revocation_list(1, shop.now, &[])?;
    let roster = shop.roster_text();
    let both = [
        (layout::CA_CERTIFICATE, anchors.ca_certificate.as_str()),
        (layout::ROOT_PUBLIC, &anchors.root_public),
        (layout::REVOCATION_LIST, &list),
        (layout::ROSTER, &roster),
    ];
    for (name, text) in both {
        aside.write(name, text.as_bytes(), Audience::Anybody)?;
        aside.write(&format!("{own}{name}"), text.as_bytes(), Audience::Anybody)?;
    }
    aside.write(layout::ISSUED, shop.issued.as_bytes(), Audience::Anybody)?;
    aside.write(
        layout::SETTINGS,
        shop.settings.to_text()?.as_bytes(),
        Audience::Anybody,
    )?;
    aside.write(
        &format!("{own}{}", layout::SIDE),
        side::to_text(&shop.side)?.as_bytes(),
        Audience::Anybody,
    )
}

fn declared_peer(declaration: &Declaration, domain: &TrustDomain) -> Result<Identity, PkiError> {
    let theirs = declaration
        .peer_domain(domain.world())
        .expect("a checked declaration has a domain of the other side in each of its worlds");
    Identity::new(theirs.clone(), Role::Desk, &declaration.peer.desk)
        .map_err(|e| PkiError::making("the peer's name", e))
}
