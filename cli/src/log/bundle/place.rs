//! What lies below a folder, and whose it is.

use std::{
    collections::BTreeMap,
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use hotline_audit::{
    Payload, SignedStatement,
    key::{Subject, subject_of_origin},
};

use super::super::read::Source;
use crate::{
    exit::{self, Failure},
    pki::layout,
};

/// How deep logs are looked for: `<domain>/relay/<name>/relay.ledger`, and one folder above.
const DEPTH: usize = 4;
/// How often logs are read again while a desk lags behind its relays.
const READINGS: usize = 3;
/// Most entries of folders that are looked at.
const MAX_LOOKED_AT: usize = 100_000;

/// What lies below a folder.
#[derive(Debug)]
pub(super) struct Found {
    /// Trust domain of the side whose logs these are.
    pub(super) side: String,
    /// Every log, in the order of their names, each once.
    pub(super) logs: Vec<(String, Source)>,
    /// Trust folders, one per trust domain.
    pub(super) trust: Vec<PathBuf>,
    /// Certificates: trust domain, name in the bundle, file.
    pub(super) certificates: Vec<(String, String, PathBuf)>,
}

impl Found {
    pub(super) fn below(from: &Path, trust: &[PathBuf]) -> Result<Self, Failure> {
        if !from.is_dir() {
            let what = format!("{} is no folder", from.display());
            return Err(Failure::new("HL-LOG-001", exit::USAGE, what, NAME_A_FOLDER));
        }
        let (mut places, mut looked_at) = (Places::default(), 0);
        places.look(from, DEPTH, &mut looked_at)?;
        places.logs.sort();
        let mut logs = opened(&places.logs)?;
        for _ in 1..READINGS {
            if !desk_lags(&logs)? {
                break;
            }
            logs = opened(&places.logs)?;
        }
        let side = one_side(from, &logs)?;
        let trust = if trust.is_empty() {
            trust_of(from, &places)
        } else {
            trust.iter().flat_map(|folder| folders_in(folder)).collect()
        };
        Ok(Self {
            certificates: certificates(from, &side),
            side,
            logs,
            trust,
        })
    }
}

/// Every log in which something was signed, by name: each as it is at one moment, a side's logs not all at the same.
pub(in crate::log) fn opened(paths: &[PathBuf]) -> Result<Vec<(String, Source)>, Failure> {
    let mut logs: Vec<(String, Source)> = Vec::new();
    for path in paths {
        let source = Source::open(path)?;
        // Where nothing was signed yet there is nothing to hand in.
        if !source.note().is_empty() {
            logs.push((source.origin().to_owned(), source));
        }
    }
    logs.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(logs)
}

/// Whether a relay's log holds newer statements of a desk than that desk's own ledger as it was read before: while a side
/// runs, its desks sign on. Whoever judges the bundle would find the desk's log cut.
pub(in crate::log) fn desk_lags(logs: &[(String, Source)]) -> Result<bool, Failure> {
    let mut own: BTreeMap<String, Place> = BTreeMap::new();
    let is_desk = |origin: &str, source: &Source| origin.contains("/desk/") && source.ledger().is_some();
    for (origin, source) in logs.iter().filter(|(origin, source)| is_desk(origin, source)) {
        own.insert(subject_of_origin(origin), newest(source, origin)?);
    }
    if own.is_empty() {
        return Ok(false);
    }
    let mut behind = false;
    for (_, relay) in logs.iter().filter(|(origin, _)| origin.contains("/relay/")) {
        relay.each(&mut |_, bytes| {
            let placed = placed(&bytes).and_then(|(sender, place)| Some((own.get(&sender)?, place)));
            behind |= placed.is_some_and(|(newest, place)| place > *newest);
            if behind {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
    }
    Ok(behind)
}

/// The newest place in a desk's own chain.
fn newest(desk: &Source, origin: &str) -> Result<Place, Failure> {
    let (owner, mut newest) = (subject_of_origin(origin), (0, 0));
    desk.each(&mut |_, bytes| {
        if let Some((_, place)) = placed(&bytes).filter(|(sender, _)| *sender == owner) {
            newest = place.max(newest);
        }
        ControlFlow::Continue(())
    })?;
    Ok(newest)
}

/// Epoch and sequence of a desk's statement.
type Place = (u64, u64);

/// Who placed a desk's statement, and where in the chain.
fn placed(bytes: &[u8]) -> Option<(String, Place)> {
    let payload = Payload::parse(&SignedStatement::parse(bytes).ok()?).ok()?;
    let header = payload.header();
    Some((header.sender.clone(), (header.epoch, header.sequence)))
}

/// What was found on the way down.
#[derive(Default)]
struct Places {
    logs: Vec<PathBuf>,
    trust: Vec<PathBuf>,
}

impl Places {
    fn look(&mut self, folder: &Path, depth: usize, looked_at: &mut usize) -> Result<(), Failure> {
        if folder.join("checkpoint").is_file() {
            self.logs.push(folder.to_owned());
            return Ok(());
        }
        if folder.file_name().is_some_and(|name| name == layout::TRUST) {
            self.trust.push(folder.to_owned());
            return Ok(());
        }
        let failed = |error: std::io::Error| Failure::io(&folder.display().to_string(), &error);
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            *looked_at += 1;
            if *looked_at > MAX_LOOKED_AT {
                let what = format!("{} holds too much to look through", folder.display());
                return Err(Failure::new("HL-LOG-018", exit::USAGE, what, NAME_A_FOLDER));
            }
            if path.is_dir() && depth > 0 {
                self.look(&path, depth - 1, looked_at)?;
            } else if path.is_file() && path.extension().is_some_and(|end| end == "ledger") {
                self.logs.push(path);
            }
        }
        Ok(())
    }
}

/// All logs are of one side, and no log is there twice: which of the two would be the evidence?
fn one_side(from: &Path, logs: &[(String, Source)]) -> Result<String, Failure> {
    let domain =
        |origin: &str| Subject::parse(&subject_of_origin(origin)).map(|subject| subject.domain.to_owned());
    let Some((first, _)) = logs.first() else {
        let what = format!("no log with a signed checkpoint lies below {}", from.display());
        return Err(Failure::new("HL-LOG-001", exit::USAGE, what, NAME_A_FOLDER));
    };
    let side = domain(first).ok_or_else(|| odd(format!("{first} is the log of nobody")))?;
    for pair in logs.windows(2) {
        let [(before, _), (origin, _)] = pair else {
            continue;
        };
        if before == origin {
            return Err(odd(format!(
                "there are two logs of {origin} below {}",
                from.display()
            )));
        }
        if domain(origin).as_ref() != Some(&side) {
            return Err(odd(format!(
                "logs of two sides lie below {}: {before} and {origin}; each side hands in its own",
                from.display()
            )));
        }
    }
    Ok(side)
}

fn odd(what: String) -> Failure {
    Failure::new("HL-LOG-018", exit::USAGE, what, NAME_A_FOLDER)
}

/// The trust folder below, or else the one of the side to which a relay's or desk's own folder belongs.
fn trust_of(from: &Path, places: &Places) -> Vec<PathBuf> {
    if let Some(folder) = places.trust.iter().min() {
        return folders_in(folder);
    }
    let real = from.canonicalize().unwrap_or_else(|_| from.to_owned());
    let beside = real
        .ancestors()
        .skip(1)
        .take(2)
        .map(|above| above.join(layout::TRUST));
    beside
        .filter(|folder| folder.is_dir())
        .map(|folder| folders_in(&folder))
        .next()
        .unwrap_or_default()
}

/// A trust folder, or those in a folder of them, by name.
fn folders_in(folder: &Path) -> Vec<PathBuf> {
    if folder.join(layout::ROOT_PUBLIC).is_file() {
        return vec![folder.to_owned()];
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.join(layout::ROOT_PUBLIC).is_file() && !hidden(path))
        .collect();
    found.sort();
    found
}

fn hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// The side's certificates: `<role>-<name>.crt`, and `ca.crt`.
fn certificates(from: &Path, side: &str) -> Vec<(String, String, PathBuf)> {
    let mut found = vec![(
        layout::CA_CERTIFICATE.to_owned(),
        from.join(layout::CA_CERTIFICATE),
    )];
    for role in ["relay", "desk", "officer"] {
        for entry in fs::read_dir(from.join(role)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            found.push((
                format!("{role}-{name}.crt"),
                entry.path().join(layout::TLS_CERTIFICATE),
            ));
        }
    }
    found.retain(|(_, path)| path.is_file());
    found.sort();
    found
        .into_iter()
        .map(|(name, path)| (side.to_owned(), name, path))
        .collect()
}

const NAME_A_FOLDER: &str =
    "name one side's folder (with relay/ and desk/ in it), one relay's or desk's folder, or exported logs";
