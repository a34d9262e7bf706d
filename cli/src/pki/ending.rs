//! `hotline pki revoke` as it is typed: two officers first, then whatever books are at hand.
//!
//! 1. Two officers sign the order (one a SECURITY_OFFICER), in one go or one after the other. From then on running relays
//!    and desks of this side refuse the identity, and so does the other side once it has the list.
//! 2. Where the CA's and the statement root's keys lie, the certificates go onto the revocation list and the keys end in
//!    the roster. Where they do not, the same verb without officers does that later.
//!
//! A side that has no two officers (a CA that was just made, a test bed) says so with `--without-officers`, and is warned;
//! it is refused where two officers could sign.

use std::path::Path;

use hotline_client::sealed::SealedKeyError;
use hotline_core::time::WallTime;

use super::args::RevokeArgs;
use super::deny::{self, Order, Signatory, Signed};
use super::error::PkiError;
use super::revoke::{self, Revoked};
use super::{layout, passphrase, say};

/// Ends an identity, and says what was done and what is still to do.
///
/// # Errors
/// Whatever stopped it.
pub(super) fn end(
    args: &RevokeArgs,
    now: WallTime,
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Result<String, PkiError> {
    let dir = &args.dir.dir;
    let name = args.name.join("/");
    let order = Order {
        name: &name,
        reason: args.reason.as_deref().unwrap_or_default(),
        since: args.since.as_deref().map(|text| since(text, now)).transpose()?,
    };
    let mut said = String::new();
    if !args.officer.is_empty() {
        let signed = deny::sign(dir, &order, &signatories(args, dir)?, now)?;
        said.push_str(&say::denied(&signed, dir));
        if let Signed::Waits { .. } = signed {
            return Ok(said);
        }
    } else if !deny::is_denied(dir, &name)? {
        said.push_str(&alone(args, &name, now)?);
    }
    let reason = reason(args, dir, &name, now)?;
    match books(dir, &name, &reason, now, entropy)? {
        Some(revoked) => said.push_str(&say::revoked(&revoked, dir)),
        None => said.push_str(&say::books_elsewhere(&name, dir)),
    }
    Ok(said)
}

/// The books, if the keys that they need lie here.
fn books(
    dir: &Path,
    name: &str,
    reason: &str,
    now: WallTime,
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Result<Option<Revoked>, PkiError> {
    if !dir.join(layout::CA_KEY).exists() || !dir.join(layout::ROOT_KEY).exists() {
        return Ok(None);
    }
    revoke::revoke(dir, name, reason, now, entropy).map(Some)
}

/// Without officers: only where there are no two, and only by saying so.
fn alone(args: &RevokeArgs, name: &str, now: WallTime) -> Result<String, PkiError> {
    let could = deny::who_could_sign(&args.dir.dir, name, now)?;
    let names: Vec<&str> = could.iter().map(|(name, _)| name.as_str()).collect();
    if could.len() >= 2 && could.iter().any(|(_, security)| *security) {
        let security: Vec<&str> = could
            .iter()
            .filter(|(_, security)| *security)
            .map(|(name, _)| name.as_str())
            .collect();
        return Err(PkiError::Usage {
            why: format!(
                "revoking needs two officers, one of them a SECURITY_OFFICER: --officer A --officer B; here could sign: {} (SECURITY_OFFICER: {})",
                names.join(", "),
                security.join(", ")
            ),
        });
    }
    if !args.without_officers {
        return Err(PkiError::Usage {
            why: "this side has no two officers of whom one is a SECURITY_OFFICER; say --without-officers to revoke with CA and root alone"
                .into(),
        });
    }
    Ok(
        "WARNING: revoked by whoever holds CA and root alone, without two officers: issue a SECURITY_OFFICER and one more\n"
            .to_owned(),
    )
}

/// What the books say: the words typed, or those of the order.
fn reason(args: &RevokeArgs, dir: &Path, name: &str, now: WallTime) -> Result<String, PkiError> {
    match &args.reason {
        Some(reason) => Ok(reason.clone()),
        None => deny::reason_of(dir, name)?.ok_or_else(|| PkiError::Usage {
            why: format!("a revocation at {} needs a --reason", now.rfc3339()),
        }),
    }
}

fn signatories(args: &RevokeArgs, dir: &Path) -> Result<Vec<Signatory>, PkiError> {
    let mut files = args.passphrase_file.iter();
    args.officer
        .iter()
        .map(|name| {
            let short = name.strip_prefix("officer/").unwrap_or(name);
            let key = dir.join("officer").join(short).join(layout::OFFICER_KEY);
            let sealed = matches!(
                hotline_client::sealed::load_officer_key(&key, None),
                Err(SealedKeyError::PassphraseNeeded { .. })
            );
            let passphrase = if sealed {
                let prompt = format!("passphrase of officer {short}");
                Some(passphrase::ask(
                    &prompt,
                    files.next().map(std::path::PathBuf::as_path),
                )?)
            } else {
                None
            };
            Ok(Signatory {
                name: name.clone(),
                passphrase,
            })
        })
        .collect()
}

/// Reads `40m` (ago), or a time like 2026-11-26T04:00:00Z.
fn since(text: &str, now: WallTime) -> Result<WallTime, PkiError> {
    if let Ok(ago) = crate::desk::duration(text) {
        let ago = u64::try_from(ago.as_millis()).unwrap_or(u64::MAX);
        return Ok(WallTime::from_unix_ms(now.unix_ms().saturating_sub(ago)));
    }
    let at: jiff::Timestamp = text.parse().map_err(|_| PkiError::Usage {
        why: format!("\"{text}\" is no time; 40m (ago) or 2026-11-26T04:00:00Z would work"),
    })?;
    Ok(WallTime::from_unix_ms(
        u64::try_from(at.as_millisecond()).unwrap_or_default(),
    ))
}
