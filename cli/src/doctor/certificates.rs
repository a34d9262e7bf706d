//! Our own keys and certificate: modes, chain, name, days left.

use std::path::Path;

use hotline_core::time::WallTime;
use hotline_transport::{Credentials, Seams, credentials};

use super::finding::{Findings, Level};
use super::settings::Patient;
use crate::exit;
use crate::pki::certificate::Validity;
use crate::pki::read_certificate::{CertificateView, RevocationListView, Signature};

/// A certificate or key is to be renewed when this part of its life is left: one tenth.
const RENEW_AT: u64 = 10;

/// Modes of the key files, and whether key and certificate fit.
pub(super) fn keys(patient: &Patient, seams: &Seams, findings: &mut Findings) {
    let inspect = |file: &Path| format!("hotline pki inspect {}", file.display());
    match Credentials::load(&patient.certificate, &patient.tls_key, seams) {
        Ok(own) if *own.identity() == patient.identity => findings.ok(
            "key tls.key",
            "its owner's alone, and fits the certificate",
            inspect(&patient.tls_key),
        ),
        Ok(own) => findings.fail(
            exit::IDENTITY,
            "key tls.key",
            format!(
                "the certificate names {}, the settings {}",
                own.identity(),
                patient.identity
            ),
            inspect(&patient.certificate),
        ),
        Err(error) => findings.fail(
            exit::IDENTITY,
            "key tls.key",
            error.to_string(),
            mend(&error, &patient.tls_key),
        ),
    }
    for (name, file) in &patient.signing_keys {
        let what = format!("key {name}");
        match credentials::load_signing_key(file) {
            Ok(_) => findings.ok(what, "its owner's alone", inspect(file)),
            Err(error) => findings.fail(exit::IDENTITY, what, error.to_string(), mend(&error, file)),
        }
    }
}

/// The command that mends a key file.
fn mend(error: &credentials::CredentialError, file: &Path) -> String {
    match error {
        credentials::CredentialError::KeyTooOpen { file, .. } => format!("chmod 600 {}", file.display()),
        _ => format!("hotline pki inspect {}", file.display()),
    }
}

/// Name, chain, revocation and days left of our own certificate.
pub(super) fn own(patient: &Patient, now: WallTime, findings: &mut Findings) {
    let renew = format!(
        "hotline pki renew {}",
        patient.file.parent().unwrap_or(Path::new(".")).display()
    );
    let read = |file: &Path| std::fs::read_to_string(file).map_err(|error| error.to_string());
    let view = read(&patient.certificate).and_then(|text| {
        CertificateView::from_pem(&patient.certificate, &text).map_err(|e| crate::exit::chain(&e))
    });
    let Ok(view) = view else {
        // Told with the key already.
        return;
    };
    let inspect = format!("hotline pki inspect {}", patient.certificate.display());
    if view.uris == [patient.identity.to_string()] {
        findings.ok("certificate name", "exactly one, and it is ours", &inspect);
    } else {
        let fact = format!("it names {:?}", view.uris);
        findings.fail(exit::IDENTITY, "certificate name", fact, &inspect);
    }
    let place = patient.trust.join(patient.identity.domain().as_str());
    let ca_file = place.join("ca.crt");
    let ca = read(&ca_file)
        .and_then(|text| CertificateView::from_pem(&ca_file, &text).map_err(|e| crate::exit::chain(&e)));
    match &ca {
        Ok(ca) if ca.signed(&view) == Signature::Holds => {
            findings.ok("certificate chain", format!("signed by {}", ca.subject), &inspect);
        }
        Ok(ca) => findings.fail(
            exit::IDENTITY,
            "certificate chain",
            format!("not signed by {}, which the trust folder names", ca.subject),
            &renew,
        ),
        Err(why) => findings.fail(
            exit::IDENTITY,
            "certificate chain",
            format!("the CA cannot be read: {why}"),
            format!("hotline pki inspect {}", ca_file.display()),
        ),
    }
    let list_file = place.join("crl.pem");
    let list = read(&list_file)
        .and_then(|text| RevocationListView::from_pem(&list_file, &text).map_err(|e| crate::exit::chain(&e)));
    if list.is_ok_and(|list| list.revoked.iter().any(|entry| entry.serial == view.serial)) {
        findings.fail(
            exit::IDENTITY,
            "certificate",
            "our own CA has revoked it",
            format!("hotline pki list --dir {}", patient.domain_folder()),
        );
    }
    left("certificate", view.validity, now, &renew, findings);
    if let Ok(ca) = ca {
        let list = format!("hotline pki list --dir {}", patient.domain_folder());
        left("CA of our domain", ca.validity, now, &list, findings);
    }
}

/// How long something lives yet.
pub(super) fn left(what: &str, validity: Validity, now: WallTime, run: &str, findings: &mut Findings) {
    let (from, until, now) = (validity.not_before_ms, validity.not_after_ms, now.unix_ms());
    let end = WallTime::from_unix_ms(until).rfc3339();
    let what = format!("days left: {what}");
    if now > until {
        return findings.fail(exit::IDENTITY, what, format!("ended on {end}"), run);
    }
    if now < from {
        let from = WallTime::from_unix_ms(from).rfc3339();
        return findings.fail(
            exit::IDENTITY,
            what,
            format!("valid only from {from}: compare clocks"),
            "date -u",
        );
    }
    let level = if (until - now) < (until - from) / RENEW_AT {
        Level::Warn
    } else {
        Level::Ok
    };
    findings.add(
        level,
        exit::OK,
        what,
        format!("{}, until {end}", span(until - now)),
        run,
    );
}

/// A length of time in days, or in hours if it is less than two.
pub(super) fn span(ms: u64) -> String {
    const HOUR: u64 = 3_600_000;
    const DAY: u64 = 24 * HOUR;
    match ms {
        0..HOUR => format!("{} min", ms / 60_000),
        HOUR..=172_799_999 => format!("{} h", ms / HOUR),
        _ => format!("{} d", ms / DAY),
    }
}
