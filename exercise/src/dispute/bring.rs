//! What each side hands in as the bundle that an auditor takes, and the auditor's own policy: the files on which
//! `hotline-audit dispute` decides.
//!
//! A bundle is made of copies alone; of keys it brings the rosters and deny-lists of both sides, as every side's does. The
//! policy is control's: the statement roots that it believes, and nothing that a side has said.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc};

use hotline_audit::{
    Hash,
    bundle::BundleWriter,
    compare::Log,
    key::{Roster, Subject, origin_of, subject_of_origin},
    opening::OpeningFile,
    policy,
    tiles::log_files,
    trust::root_line,
};

use super::hand_in::side_of;
use crate::{
    bundle::{Evidence, LogKind},
    scenario::lists::Side,
    timeline::Timeline,
};

/// The files of a dispute.
#[derive(Clone, PartialEq, Eq)]
pub struct Brought {
    /// The auditor's policy.
    pub policy: String,
    /// Each side's bundle.
    pub bundles: BTreeMap<Side, Arc<[u8]>>,
}

/// Bundles are long: of each its length.
impl std::fmt::Debug for Brought {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lengths = self.bundles.iter().map(|(side, bytes)| (side, bytes.len()));
        f.debug_map().entries(lengths).finish()
    }
}

/// Both sides' trust domains, as control knows them.
pub(super) fn domains(timeline: &Timeline) -> BTreeMap<Side, String> {
    let desks = timeline.startex.desks.values();
    let named = desks.filter_map(|desk| {
        let domain = Subject::parse(&desk.identity)?.domain.to_owned();
        Some((desk.side.parse().ok()?, domain))
    });
    named.collect()
}

/// Packs what was handed in.
///
/// # Errors
/// What cannot be in a bundle or a policy, in words.
pub(super) fn bring(
    evidence: &Evidence,
    timeline: &Timeline,
    message: Option<&Hash>,
) -> Result<Brought, String> {
    let domains = domains(timeline);
    let rosters = || {
        let rosters = evidence.trust.rosters().rosters();
        rosters.filter(|roster| domains.values().any(|domain| domain == roster.trust_domain()))
    };
    let mut bundles = BTreeMap::new();
    for (side, domain) in &domains {
        let mut packing = Packing {
            evidence,
            timeline,
            side: *side,
            writer: BundleWriter::new(),
        };
        packing.keys(rosters())?;
        packing.logs()?;
        packing.opening(message)?;
        bundles.insert(*side, packing.finish(domain)?);
    }
    let policy = policy::draft(rosters()).map_err(|error| error.to_string())?;
    Ok(Brought { policy, bundles })
}

struct Packing<'e> {
    evidence: &'e Evidence,
    timeline: &'e Timeline,
    side: Side,
    writer: BundleWriter,
}

impl Packing<'_> {
    fn keys<'r>(&mut self, rosters: impl Iterator<Item = &'r Roster>) -> Result<(), String> {
        for roster in rosters {
            let domain = roster.trust_domain();
            self.add(
                &format!("keys/{domain}/root.pub"),
                root_line(domain, roster.root()).into_bytes(),
            )?;
            self.add(&format!("keys/{domain}/roster"), roster.to_text().into_bytes())?;
            if let Some(list) = self.evidence.trust.rosters().deny_list(domain) {
                self.add(&format!("keys/{domain}/deny"), list.to_text().into_bytes())?;
            }
        }
        Ok(())
    }

    /// Its own logs, and what its relay's mirror holds of the other side's.
    fn logs(&mut self) -> Result<(), String> {
        let (mirror, evidence) = (self.mirror(), self.evidence);
        for (name, log) in evidence.copies.get(&self.side).into_iter().flatten() {
            let Some(owner) = evidence.logs.get(name).map(|known| known.owner.as_str()) else {
                continue;
            };
            let Some(origin) = origin_of(owner) else { continue };
            let folder = match side_of(self.timeline, owner) {
                Some(side) if side == self.side => format!("logs/{origin}"),
                _ => format!("mirrors/{mirror}/{origin}"),
            };
            let entries = log.entries.iter().cloned().map(Ok::<_, Infallible>);
            // What is no log of its own checkpoint cannot be handed in as one.
            let Ok(files) = log_files(&log.note, entries) else {
                continue;
            };
            for (file, bytes) in files {
                self.add(&format!("{folder}/{file}"), bytes)?;
            }
        }
        Ok(())
    }

    /// Salt and words of the disputed message, by whoever hands in a log that holds it.
    fn opening(&mut self, message: Option<&Hash>) -> Result<(), String> {
        let Some((statement, opening)) = message.and_then(|hash| self.evidence.openings.get_key_value(hash))
        else {
            return Ok(());
        };
        let holds = |log: &Log| log.entries.iter().any(|entry| Hash::of(entry) == *statement);
        let mut copies = self.evidence.copies.get(&self.side).into_iter().flatten();
        if !copies.any(|(_, log)| holds(log)) {
            return Ok(());
        }
        let file = OpeningFile {
            statement: *statement,
            opening: opening.clone(),
        };
        self.add(&format!("openings/{statement}.json"), file.to_line().into_bytes())
    }

    fn finish(self, domain: &str) -> Result<Arc<[u8]>, String> {
        let desks = self.timeline.startex.desks.iter();
        let names = desks.map(|(name, desk)| (desk.identity.clone(), name.clone()));
        let mut bytes = Vec::new();
        let packed = self.writer.finish(domain, names.collect(), &mut bytes);
        packed.map_err(|error| error.to_string())?;
        Ok(bytes.into())
    }

    /// The cosigner whose copies they are: the mirror of its first relay.
    fn mirror(&self) -> String {
        let relays = self.evidence.logs.values();
        let mut own = relays.filter(|log| {
            log.kind == Some(LogKind::Relay) && side_of(self.timeline, &log.owner) == Some(self.side)
        });
        let relay = own.find_map(|log| origin_of(&log.owner)).unwrap_or_default();
        format!("{relay}/mirror")
    }

    fn add(&mut self, path: &str, bytes: Vec<u8>) -> Result<(), String> {
        self.writer.add(path, bytes).map_err(|error| error.to_string())
    }
}

/// The name that a log has in the evidence, by its origin.
pub(super) fn name_of(evidence: &Evidence, origin: &str) -> Option<String> {
    let owner = subject_of_origin(origin);
    let mut logs = evidence.logs.values();
    logs.find(|log| log.owner == owner).map(|log| log.name.clone())
}
