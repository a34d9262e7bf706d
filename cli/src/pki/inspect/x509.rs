//! A certificate, line by line.

use std::path::Path;

use data_encoding::HEXLOWER;
use hotline_core::identity::{Identity, Role};
use hotline_core::time::WallTime;

use super::Report;
use crate::pki::read_certificate::{CertificateView, RevocationListView};
use crate::pki::{files, layout, plain};

/// Explains a certificate.
pub(super) fn certificate(path: &Path, view: &CertificateView, now: WallTime) -> Report {
    let identity = match view.uris.as_slice() {
        [one] => one.parse::<Identity>().ok(),
        _ => None,
    };
    let mut report = Report::new(title(view, identity.as_ref()));
    names(&mut report, view, identity.as_ref());
    purpose(&mut report, view, identity.as_ref());
    let validity = view.validity;
    report.line(
        "not before",
        plain::date(validity.not_before_ms),
        "It counts from here: five minutes before it was made, for peers whose clock is slow.",
    );
    let (after, issuer) = match view.authority {
        Some(_) => (
            "It counts until here, and so does everything it signed.",
            "Itself: it is pinned by its fingerprint, nobody vouches for it.",
        ),
        None => (
            "It counts until here. hotline pki renew makes the next one.",
            "The CA that signed it. The domain in the identity selects that one CA, no other.",
        ),
    };
    report.line("not after", plain::end(validity.not_after_ms, now), after);
    report.chance(
        "serial",
        HEXLOWER.encode(&view.serial),
        "Its number at this CA: what a revocation list names.",
    );
    report.line("issuer", &view.issuer, issuer);
    report.chance(
        "public key",
        HEXLOWER.encode(&view.public_key),
        "A P-256 key. It signs no statement: those keys stand in the roster.",
    );
    report.chance(
        "sha-256",
        view.fingerprint.to_string(),
        "The fingerprint of these exact bytes.",
    );
    if let Some(line) = revocation(path, view) {
        report.line(
            "revocation",
            line,
            "As the revocation list in this domain's folder says.",
        );
    }
    report
}

fn title(view: &CertificateView, identity: Option<&Identity>) -> String {
    match (view.authority, identity) {
        (Some(_), _) => "The certificate of a CA".into(),
        (None, Some(identity)) => format!("The certificate of {} {}", identity.role(), identity.name()),
        (None, None) => "A certificate that the line never accepts".into(),
    }
}

fn names(report: &mut Report, view: &CertificateView, identity: Option<&Identity>) {
    match (view.authority, identity) {
        (Some(_), _) => report.line(
            "subject",
            &view.subject,
            "The CA's own name; every certificate it signs repeats it as issuer.",
        ),
        (None, Some(identity)) => {
            report.line(
                "identity",
                identity.to_string(),
                "The one name that counts, compared letter by letter.",
            );
            report.line("world", identity.world().name(), world(identity));
        }
        (None, None) => report.line(
            "identity",
            if view.uris.is_empty() {
                "none".to_owned()
            } else {
                view.uris.join(", ")
            },
            "A certificate of ours has exactly one URI name, such as spiffe://avelia.example/desk/ops.",
        ),
    }
    if !view.dns.is_empty() || !view.ips.is_empty() {
        let others = view
            .dns
            .iter()
            .cloned()
            .chain(view.ips.iter().map(ToString::to_string));
        report.line(
            "other names",
            others.collect::<Vec<_>>().join(", "),
            "For gRPC clients of others, which look for a host name. They are never an identity.",
        );
    }
}

fn world(identity: &Identity) -> &'static str {
    use hotline_core::identity::World;
    match identity.world() {
        World::Exercise => {
            "The domain starts with \"exercise.\": no handshake with an OPERATION identity ever completes."
        }
        World::Operation => {
            "The domain is a real one: no handshake with an EXERCISE identity ever completes."
        }
    }
}

fn purpose(report: &mut Report, view: &CertificateView, identity: Option<&Identity>) {
    if let Some(chain) = view.authority {
        let (value, meaning) = match chain {
            Some(0) => (
                "a CA of leaf certificates only",
                "It signs certificates of relays, desks and officers, and of no other CA.",
            ),
            Some(_) | None => (
                "a CA of other CAs too",
                "NOT ONE OF OURS: the line accepts no CA below a CA.",
            ),
        };
        report.line("authority", value, meaning);
    }
    report.line(
        "key usage",
        view.key_usage.join(", "),
        match view.authority {
            Some(_) => "Its key signs certificates and revocation lists, nothing else.",
            None => "Its key signs handshakes, nothing else.",
        },
    );
    if view.authority.is_some() {
        return;
    }
    let meaning = match identity.map(Identity::role) {
        Some(Role::Relay) => {
            "It may answer calls and not make any: a relay that is taken over cannot pose as a desk."
        }
        Some(Role::Desk) => {
            "It may call relays and not answer: a desk that is taken over cannot pose as a relay."
        }
        Some(Role::Officer) => "It may call and not answer, as an officer's own tools do; it opens no desk.",
        Some(Role::Control) => "It may call, on the exercise control's own plane.",
        Some(Role::Escrow) => "For nothing: an escrow connects nowhere, and no door lets it in.",
        None => "What it would be for, if its name were one of ours.",
    };
    report.line("for", view.extended_key_usage.join(", "), meaning);
}

/// What the revocation list of the folder in which this certificate lies says about it, if there is one.
fn revocation(path: &Path, view: &CertificateView) -> Option<String> {
    let folder = path.parent()?.parent()?.parent()?;
    let list_path = folder.join(layout::REVOCATION_LIST);
    let list = RevocationListView::from_pem(&list_path, &files::read_text(&list_path).ok()?).ok()?;
    if list.issuer != view.issuer {
        return None;
    }
    let entry = list.revoked.iter().find(|entry| entry.serial == view.serial);
    Some(match entry {
        Some(entry) => format!(
            "REVOKED at {} (list number {})",
            plain::date(entry.at_ms),
            list.number
        ),
        None => format!("not revoked (list number {})", list.number),
    })
}
