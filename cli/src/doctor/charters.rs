//! The charters: whether both sides name the same words and the same codebook, and have consented to them.

use std::{fs, path::Path};

use hotline_audit::key::RosterSet;
use hotline_audit::statement::CharterTerms;
use hotline_audit::{Hash, check};
use hotline_core::identity::Identity;
use hotline_core::time::WallTime;
use hotline_core::words::OfficerRole;

use super::finding::Findings;
use super::settings::Patient;
use crate::exit;
use crate::pki::charter::{check_consent, difference};
use crate::pki::layout;

/// The charter of one channel, as our own side has it.
struct Ours<'a> {
    channel: &'a str,
    bytes: Vec<u8>,
    terms: CharterTerms,
}

/// Every charter of our own side, and of each of its sides the consent.
pub(super) fn agreed(patient: &Patient, rosters: &RosterSet, now: WallTime, findings: &mut Findings) {
    let own = patient.trust.join(patient.identity.domain().as_str());
    for channel in names(&own.join(layout::CHARTER)) {
        let file = own.join(layout::CHARTER).join(&channel).join(layout::TERMS);
        match terms(&file) {
            Ok((bytes, terms)) => {
                let channel = channel.as_str();
                let ours = Ours {
                    channel,
                    bytes,
                    terms,
                };
                for domain in &ours.terms.sides {
                    side(patient, &ours, domain, (rosters, now), findings);
                }
            }
            Err(why) => findings.fail(
                exit::IDENTITY,
                format!("charter {channel}"),
                why,
                format!("hotline pki inspect {}", file.display()),
            ),
        }
    }
}

/// What one side of a charter has to do with its words.
fn side(
    patient: &Patient,
    ours: &Ours<'_>,
    domain: &str,
    (rosters, now): (&RosterSet, WallTime),
    findings: &mut Findings,
) {
    let Ours { channel, .. } = ours;
    let what = format!("charter {channel} of {domain}");
    let (dir, own) = (patient.domain_folder(), patient.identity.domain().as_str());
    let place = |of: &str| patient.trust.join(of).join(layout::CHARTER).join(channel);
    let theirs = place(domain).join(layout::TERMS);
    if let Some((fact, of_codebook)) = (domain != own).then(|| other(ours, &theirs)).flatten() {
        let run = match of_codebook {
            true => {
                format!("hotline pki consent --dir {dir} officer/NAME --channel {channel} --codebook SHA256")
            }
            false => format!("hotline pki inspect {}", theirs.display()),
        };
        return findings.fail(exit::IDENTITY, what, fact, run);
    }
    let run = match domain == own {
        true => format!("hotline pki consent --dir {dir} officer/NAME --channel {channel}"),
        false => format!("hotline pki trust --dir {dir} FILE"),
    };
    let file = layout::consent(domain);
    let found = [place(own).join(&file), place(domain).join(&file)];
    let consents = found.iter().filter_map(|file| fs::read(file).ok());
    let judged: Vec<_> = consents
        .map(|consent| given(&consent, &ours.bytes, domain, rosters).map(|()| consent))
        .collect();
    match judged.iter().find(|judged| judged.is_ok()).or(judged.first()) {
        None => findings.fail(exit::IDENTITY, what, "no consent of it lies here", run),
        Some(Err(why)) => {
            findings.fail(
                exit::IDENTITY,
                what,
                format!("its consent does not count: {why}"),
                run,
            );
        }
        Some(Ok(consent)) => {
            let roster = rosters.rosters().find(|roster| roster.trust_domain() == domain);
            match roster.map(|roster| check_consent(consent, &ours.bytes, roster, now)) {
                Some(Err(since)) => {
                    let fact =
                        format!("a releaser has consented to our words, and another one is due to: {since}");
                    findings.warn(what, fact, run);
                }
                _ => findings.ok(what, "a releaser of it consents to our words", run),
            }
        }
    }
}

/// In what the other side's words differ from ours, if they lie here and do, and whether in the codebook.
fn other(ours: &Ours<'_>, theirs: &Path) -> Option<(String, bool)> {
    let (_, theirs) = terms(theirs).ok()?;
    let differs = difference(&ours.terms, &theirs)?;
    let fact = format!(
        "its {} is {}, and ours {}",
        differs.term, differs.theirs, differs.ours
    );
    Some((fact, differs.term == "codebook"))
}

/// Whether a start counts this as the side's consent to these words: it is an agreement of the past, made inside its key's
/// time.
fn given(consent: &[u8], terms: &[u8], domain: &str, rosters: &RosterSet) -> Result<(), String> {
    let given = check::verify_consent_made(consent, rosters).map_err(|error| error.to_string())?;
    let of_side = |officer: &str| {
        let officer = officer.parse::<Identity>();
        officer.is_ok_and(|officer| officer.domain().as_str() == domain)
    };
    if !of_side(&given.officer) {
        return Err(format!("{} is no officer of it", given.officer));
    }
    if !given.roles.contains(&OfficerRole::Releaser.to_wire()) {
        return Err(format!("{} is no RELEASER", given.officer));
    }
    if given.said.terms_sha256 != Hash::of(terms) {
        return Err(format!("{} consents to other terms", given.officer));
    }
    Ok(())
}

fn terms(file: &Path) -> Result<(Vec<u8>, CharterTerms), String> {
    let bytes = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let terms = CharterTerms::decode(&bytes).map_err(|error| error.to_string())?;
    Ok((bytes, terms))
}

/// Names of the folders below one, in order; none if there is none.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}
