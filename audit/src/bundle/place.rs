//! Where a file of a bundle belongs, by its path.

use super::{BundleError, MANIFEST};
use crate::hash::Hash;
use crate::key::{Subject, is_trust_domain, subject_of_origin};

/// What a file of a bundle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// `manifest.json`.
    Manifest,
    /// `logs/<origin>/…`: a file of an exported log.
    Log {
        /// The log's name.
        origin: &'a str,
        /// Path below.
        file: &'a str,
    },
    /// `mirrors/<mirror>/<origin>/…`: the same of a copy that a mirror holds.
    Mirror {
        /// Cosigner name of the mirror.
        mirror: &'a str,
        /// The log's name.
        origin: &'a str,
        /// Path below.
        file: &'a str,
    },
    /// `cosigned/<origin>/<size>`: a checkpoint with all signatures that its holder knows.
    Note {
        /// The log's name.
        origin: &'a str,
        /// Its size.
        size: u64,
    },
    /// `conflicts/<origin>/<number>`: a checkpoint that contradicts another.
    Conflict {
        /// The log's name.
        origin: &'a str,
        /// Its number.
        number: u64,
    },
    /// `keys/<trust domain>/root.pub`, `roster` or `deny`.
    Key {
        /// The trust domain.
        domain: &'a str,
        /// Which of the three.
        file: KeyFile,
    },
    /// `certificates/<trust domain>/<name>.crt`: for people; not judged.
    Certificate,
    /// `proofs/<statement>/<relay>.tlog-proof`: a relay's acceptance of a statement.
    Proof {
        /// Hash of the statement.
        statement: Hash,
    },
    /// `dsse/<statement>.json`: a statement for other software.
    Dsse {
        /// Hash of the statement.
        statement: Hash,
    },
    /// `openings/<statement>.json`: text and salt of a message.
    Opening {
        /// Hash of the statement.
        statement: Hash,
    },
}

/// A file of a trust domain's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFile {
    /// `root.pub`.
    Root,
    /// `roster`.
    Roster,
    /// `deny`.
    Deny,
}

impl<'a> Place<'a> {
    /// The place of a file.
    ///
    /// # Errors
    /// FOREIGN_ANCHOR for a policy or what passes for one, UNKNOWN_FILE for everything else that has no place.
    pub fn of(path: &'a str) -> Result<Place<'a>, BundleError> {
        if path == MANIFEST {
            return Ok(Place::Manifest);
        }
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let place = match first {
            "logs" => log(rest),
            "mirrors" => mirror(rest),
            "cosigned" => numbered(rest).map(|(origin, size)| Place::Note { origin, size }),
            "conflicts" => numbered(rest).map(|(origin, number)| Place::Conflict { origin, number }),
            "keys" => key(rest),
            "certificates" => certificate(rest),
            "proofs" => proof(rest),
            "dsse" => named(rest).map(|statement| Place::Dsse { statement }),
            "openings" => named(rest).map(|statement| Place::Opening { statement }),
            "policy" | "trust" | "root.pub" | "roster" => {
                return Err(BundleError::ForeignAnchor(format!(
                    "{path:?}: what is believed comes from the auditor's own policy, never from a bundle"
                )));
            }
            _ => None,
        };
        place.ok_or_else(|| BundleError::UnknownFile(path.to_owned()))
    }
}

/// `<trust domain>/<role>/<name>` and what stands behind.
fn origin(rest: &str) -> Option<(&str, &str)> {
    let end = rest.match_indices('/').nth(2)?.0;
    let (origin, rest) = (rest.get(..end)?, rest.get(end + 1..)?);
    Subject::parse(&subject_of_origin(origin))?;
    Some((origin, rest))
}

fn log(rest: &str) -> Option<Place<'_>> {
    let (origin, file) = origin(rest)?;
    of_a_log(file).then_some(Place::Log { origin, file })
}

fn mirror(rest: &str) -> Option<Place<'_>> {
    let end = rest.match_indices('/').nth(3)?.0;
    let (mirror, rest) = (rest.get(..end)?, rest.get(end + 1..)?);
    let identity = mirror.strip_suffix("/mirror")?;
    Subject::parse(&subject_of_origin(identity))?;
    let (origin, file) = origin(rest)?;
    of_a_log(file).then_some(Place::Mirror { mirror, origin, file })
}

/// A file of an exported log; whether it belongs to a log of that size is judged with the log.
fn of_a_log(file: &str) -> bool {
    file == "checkpoint" || file.starts_with("tile/")
}

fn numbered(rest: &str) -> Option<(&str, u64)> {
    let (origin, number) = origin(rest)?;
    Some((origin, crate::checkpoint::decimal(number)?))
}

fn key(rest: &str) -> Option<Place<'_>> {
    let (domain, file) = rest.split_once('/')?;
    let file = match file {
        "root.pub" => KeyFile::Root,
        "roster" => KeyFile::Roster,
        "deny" => KeyFile::Deny,
        _ => return None,
    };
    is_trust_domain(domain).then_some(Place::Key { domain, file })
}

fn certificate(rest: &str) -> Option<Place<'_>> {
    let (domain, file) = rest.split_once('/')?;
    let name = file.strip_suffix(".crt")?;
    (is_trust_domain(domain) && !name.is_empty() && !name.contains('/')).then_some(Place::Certificate)
}

fn proof(rest: &str) -> Option<Place<'_>> {
    let (statement, file) = rest.split_once('/')?;
    let relay = file.strip_suffix(".tlog-proof")?;
    let plain = !relay.is_empty() && !relay.contains('/');
    let statement = statement.parse().ok()?;
    plain.then_some(Place::Proof { statement })
}

fn named(rest: &str) -> Option<Hash> {
    rest.strip_suffix(".json")?.parse().ok()
}
