//! Revocation lists and trust files, line by line.

use std::path::Path;

use data_encoding::HEXLOWER;
use hotline_core::identity::TrustDomain;
use hotline_core::time::WallTime;

use super::Report;
use crate::pki::read_certificate::{CertificateView, RevocationListView, Signature};
use crate::pki::trust_file::TrustFile;
use crate::pki::{files, layout, plain};

/// Explains a revocation list.
pub(super) fn revocation_list(path: &Path, view: &RevocationListView, now: WallTime) -> Report {
    let mut report = Report::new("A CA's revocation list");
    report.line(
        "issuer",
        &view.issuer,
        "The CA whose certificates it revokes; no other's.",
    );
    report.line(
        "signature",
        signature(path, view),
        "A list that somebody else signed is not looked at.",
    );
    report.line(
        "number",
        view.number.to_string(),
        "It only grows: an older list never replaces a newer one.",
    );
    report.line(
        "made",
        plain::date(view.validity.not_before_ms),
        "Five minutes before it was made, for slow clocks.",
    );
    report.line(
        "ends",
        plain::end(view.validity.not_after_ms, now),
        "With its CA. A list that ended earlier would have to cut the line or be ignored.",
    );
    let revoked = plain::count(view.revoked.len(), "certificate");
    report.line(
        "revokes",
        revoked,
        "Their live sessions are closed within a second of this list's arrival.",
    );
    for entry in &view.revoked {
        report.chance(
            "revoked",
            HEXLOWER.encode(&entry.serial),
            format!(
                "Serial number of a certificate that ended at {}.",
                plain::date(entry.at_ms)
            ),
        );
    }
    report
}

fn signature(path: &Path, view: &RevocationListView) -> &'static str {
    let beside = path.with_file_name(layout::CA_CERTIFICATE);
    let ca = files::read_text(&beside).and_then(|text| CertificateView::from_pem(&beside, &text));
    match ca.map(|ca| view.signed_by(&ca)) {
        Ok(Signature::Holds) => "holds under the ca.crt beside it",
        Ok(Signature::Broken) => "BROKEN: the ca.crt beside it did not sign this",
        Err(_) => "unchecked: no ca.crt lies beside it",
    }
}

/// Explains a trust file, which has been checked by being read.
pub(super) fn trust_file(file: &TrustFile, now: WallTime) -> Report {
    let mut report = Report::new("A side's trust file: what it hands to the other side");
    report.line(
        "side",
        &file.side.side,
        "What this side calls itself. Who it is, its words settle.",
    );
    report.line("domain", file.domain.to_string(), world(&file.domain));
    report.chance(
        "words",
        file.fingerprint.words(),
        "Read aloud over the telephone by somebody whose voice you know. They stand for CA and root.",
    );
    report.chance(
        "sha-256",
        file.fingerprint.0.to_string(),
        "The same fingerprint whole: SHA-256 over domain, CA and root.",
    );
    report.line(
        "signature",
        "holds",
        "The statement root signed every byte of the file, addresses too.",
    );
    report.line(
        "ca",
        plain::end(file.ca.validity.not_after_ms, now),
        "When the CA ends; it signed itself and the revocation list.",
    );
    report.chance(
        "root",
        HEXLOWER.encode(file.root.as_bytes()),
        "The Ed25519 key that signs this side's roster.",
    );
    report.line(
        "roster",
        format!("number {}", file.roster.next_number().saturating_sub(1)),
        "The newest key statement or revocation. An older roster is refused.",
    );
    report.line(
        "revocations",
        format!(
            "list number {}, {}",
            file.revocation_list.number,
            plain::count(file.revocation_list.revoked.len(), "certificate")
        ),
        "Certificates that ended early.",
    );
    for relay in &file.side.relay {
        report.line(
            "relay",
            format!("{}  quic {}  tcp {}", relay.identity, relay.quic, relay.tcp),
            "A relay of this side, and where to dial it.",
        );
    }
    for desk in &file.side.desk {
        report.line(
            "desk",
            format!("{}  {}-0001", desk.identity, desk.prefix),
            "A desk of this side, and what its messages are called.",
        );
    }
    for officer in &file.side.officer {
        report.line("officer", &officer.identity, format!("Sits at {}.", officer.desk));
    }
    for charter in &file.charters {
        let given = match &charter.given {
            Ok(()) => "This side consents.".to_owned(),
            Err(why) => format!("This side's consent does not count: {why}."),
        };
        report.line("charter", &charter.terms.channel, given);
    }
    report
}

fn world(domain: &TrustDomain) -> String {
    format!(
        "An {} domain. Only a domain of the same world can trust it.",
        domain.world().name()
    )
}
