//! The trust folders: whether they hold together, how old their lists are, whose keys end when.

use hotline_audit::key::{DenyList, Roster, RosterSet};
use hotline_audit::trust::TrustPolicy;
use hotline_audit::{Hash, PublicKey, Purpose, SigningKey};
use hotline_core::time::WallTime;
use hotline_ledger::{CaSeen, Inspector, OlderTrust, TrustMemory};
use hotline_transport::{CaStanding, Seams, TrustStore, anchors_in, credentials};

use super::certificates::{left, span};
use super::charters;
use super::finding::Findings;
use super::settings::Patient;
use crate::exit;
use crate::pki::certificate::Validity;
use crate::pki::read_certificate::{CertificateView, RevocationListView};

/// Everything that a start would read of the trust folders.
pub(super) fn trust(patient: &Patient, seams: &Seams, now: WallTime, findings: &mut Findings) {
    let list = format!("hotline pki list --dir {}", patient.domain_folder());
    let anchors = anchors_in(&patient.trust).and_then(|anchors| TrustStore::new(seams, anchors));
    let memory = remembered(patient);
    let rosters = TrustPolicy::load_folder_judged(&patient.trust, &|list, roster| {
        memory.unproven(list, roster, now.unix_ms())
    });
    match (&anchors, &rosters) {
        (Ok(store), Ok(policy)) => match older(patient, store, policy.rosters(), &memory) {
            None => findings.ok(
                "trust folders",
                format!("{} trusted domains hold together", store.domains().len()),
                &list,
            ),
            Some(older) => findings.fail(
                exit::IDENTITY,
                "trust folders",
                format!("a start refuses them: {older}"),
                format!("hotline pki trust --dir {} FILE", patient.domain_folder()),
            ),
        },
        (Err(error), _) => findings.fail(exit::IDENTITY, "trust folders", exit::chain(error), &list),
        (_, Err(error)) => findings.fail(exit::IDENTITY, "trust folders", exit::chain(error), &list),
    }
    let Ok(policy) = rosters else { return };
    for roster in policy.rosters().rosters() {
        domain(patient, roster, policy.rosters(), now, findings);
    }
    own_keys(patient, policy.rosters(), now, findings);
    charters::agreed(patient, policy.rosters(), now, findings);
}

/// What the ledger remembers of trust. A ledger that cannot be read is told elsewhere, and remembers nothing.
fn remembered(patient: &Patient) -> TrustMemory {
    let ledger = Inspector::open(&patient.ledger).ok();
    let memory = ledger.and_then(|ledger| TrustMemory::inspect(&ledger).ok());
    memory.unwrap_or_default()
}

/// What is older than what is remembered of it, if anything is.
fn older(
    patient: &Patient,
    store: &TrustStore,
    rosters: &RosterSet,
    memory: &TrustMemory,
) -> Option<OlderTrust> {
    let seen = |ca: CaStanding| CaSeen {
        domain: ca.domain.to_string(),
        key: Hash(ca.key_sha256),
        list: ca.list_number,
    };
    let cas: Vec<CaSeen> = store.standing().into_iter().map(seen).collect();
    memory.check(&patient.trust, rosters, &cas).err()
}

fn domain(patient: &Patient, roster: &Roster, rosters: &RosterSet, now: WallTime, findings: &mut Findings) {
    let name = roster.trust_domain();
    let place = patient.trust.join(name);
    let ours = name == patient.identity.domain().as_str();
    let fresh = if ours {
        "hotline pki export --dir DIR/DOMAIN --out FILE".to_owned()
    } else {
        format!("hotline pki trust --dir {} FILE", patient.domain_folder())
    };
    revocations(name, &place, now, &fresh, findings);
    if !ours {
        authority(name, &place, now, &fresh, findings);
    }
    let ended = rosters
        .denials()
        .filter(|denial| denial.order.trust_domain == name)
        .count();
    if let Some(list) = rosters.deny_list(name) {
        void(list, &place, findings);
    }
    let newest = roster
        .keys()
        .map(|key| key.statement.not_before_ms)
        .max()
        .unwrap_or(0);
    findings.ok(
        format!("roster of {name}"),
        format!(
            "{} entries, newest key {} old, {ended} denied",
            roster.next_number().saturating_sub(1),
            span(now.unix_ms().saturating_sub(newest))
        ),
        format!("hotline pki inspect {}", place.join("roster").display()),
    );
}

/// Orders that the ledger of this node, or its clock, lets end nobody.
fn void(list: &DenyList, place: &std::path::Path, findings: &mut Findings) {
    if list.void().is_empty() {
        return;
    }
    let orders: Vec<String> = list.void().iter().map(u64::to_string).collect();
    findings.warn(
        format!("deny-list of {}", list.trust_domain()),
        format!(
            "order {} ends nobody here: a key of its officers was over, or not valid yet by the clock, when it came first; if \
             it is meant, its side ends the identity with pki revoke and pki export",
            orders.join(", ")
        ),
        format!("hotline pki inspect {}", place.join("deny").display()),
    );
}

/// How old the revocation list is, and when the next is due. A list past its date still revokes, and never stops the
/// line: that would be an outage made by ourselves.
fn revocations(name: &str, place: &std::path::Path, now: WallTime, fresh: &str, findings: &mut Findings) {
    let what = format!("revocation list of {name}");
    let file = place.join("crl.pem");
    let view = std::fs::read_to_string(&file)
        .map_err(|error| error.to_string())
        .and_then(|text| RevocationListView::from_pem(&file, &text).map_err(|error| exit::chain(&error)));
    let view = match view {
        Ok(view) => view,
        Err(why) => return findings.warn(what, format!("there is none that can be read: {why}"), fresh),
    };
    let age = span(now.unix_ms().saturating_sub(view.validity.not_before_ms));
    let due = WallTime::from_unix_ms(view.validity.not_after_ms);
    if due < now {
        let fact = format!(
            "number {}, {age} old, a newer one was due on {}: it still revokes {}",
            view.number,
            due.rfc3339(),
            view.revoked.len()
        );
        return findings.warn(what, fact, fresh);
    }
    findings.ok(
        what,
        format!(
            "number {}, {age} old, next due on {}, revokes {}",
            view.number,
            due.rfc3339(),
            view.revoked.len()
        ),
        format!("hotline pki inspect {}", file.display()),
    );
}

fn authority(name: &str, place: &std::path::Path, now: WallTime, fresh: &str, findings: &mut Findings) {
    let file = place.join("ca.crt");
    let view = std::fs::read_to_string(&file)
        .map_err(|error| error.to_string())
        .and_then(|text| CertificateView::from_pem(&file, &text).map_err(|error| exit::chain(&error)));
    match view {
        Ok(view) => left(&format!("CA of {name}"), view.validity, now, fresh, findings),
        Err(why) => findings.fail(exit::IDENTITY, format!("CA of {name}"), why, fresh),
    }
}

/// The public key of a key file, if it can be read.
fn public_key(file: &std::path::Path) -> Option<PublicKey> {
    let document = credentials::load_signing_key(file).ok()?;
    Some(SigningKey::from_pkcs8(&document).ok()?.public())
}

/// Our own signing keys in the roster, by the files that lie here.
fn own_keys(patient: &Patient, rosters: &RosterSet, now: WallTime, findings: &mut Findings) {
    let me = patient.identity.to_string();
    let list = format!("hotline pki list --dir {}", patient.domain_folder());
    if let Some(denial) = rosters.denial(&me) {
        let fact = format!("two officers have ended us: {}", denial.order.reason);
        findings.fail(
            exit::IDENTITY,
            "our identity",
            fact,
            format!(
                "hotline pki use-backup --dir {} desk/NAME",
                patient.domain_folder()
            ),
        );
        return;
    }
    let purposes: &[Purpose] = match patient.relay().map(|relay| relay.witness.as_ref()) {
        None => &[Purpose::Statement, Purpose::Log],
        Some(None) => &[Purpose::Log],
        Some(Some(keys)) if keys.mirror.is_none() => &[Purpose::Log, Purpose::Witness],
        Some(Some(_)) => &[Purpose::Log, Purpose::Witness, Purpose::Mirror],
    };
    for purpose in purposes {
        let what = format!("our {purpose} key");
        let keys = || rosters.rosters().flat_map(|roster| roster.keys_of(&me, *purpose));
        let file = patient.signing_key(*purpose);
        // A file that cannot be read is told already, and then the newest key of the roster must do.
        let public = file.and_then(public_key);
        let ours = keys().find(|key| public.as_ref().is_none_or(|public| key.key == *public));
        match ours {
            None if keys().next().is_some() => {
                let file = file.map(|file| file.display().to_string()).unwrap_or_default();
                let fact = format!(
                    "{file} holds another key than the rosters enrol for us: nothing that it signs is believed"
                );
                findings.fail(exit::IDENTITY, what, fact, format!("hotline pki inspect {file}"));
            }
            None => findings.fail(exit::IDENTITY, what, "no roster enrols one", &list),
            Some(key) if key.revoked.is_some() => {
                let why = key
                    .revoked
                    .as_ref()
                    .map(|revoked| revoked.reason.as_str())
                    .unwrap_or_default();
                findings.fail(exit::IDENTITY, what, format!("it was revoked: {why}"), &list);
            }
            Some(key) => {
                let validity = Validity {
                    not_before_ms: key.statement.not_before_ms,
                    not_after_ms: key.statement.not_after_ms,
                };
                left(&what, validity, now, &list, findings);
            }
        }
    }
}
