//! Which keys count: those of rosters that a statement root of the auditor's policy has signed. Nothing else in a bundle
//! makes anybody believed.

use std::collections::BTreeMap;

use super::{Finding, Proof, Refused, Ruling};
use crate::bundle::KeyFile;
use crate::bundle::{Bundle, Place};
use crate::compare::EquivocationProof;
use crate::dsse::PublicKey;
use crate::key::{DenyList, EntryFault, Roster, RosterError, RosterSet};
use crate::policy::Policy;
use crate::trust::{TrustPolicy, parse_root, root_line};

/// A roster or deny-list as a bundle has it.
struct Offered<'a> {
    side: &'a str,
    path: &'a str,
    domain: &'a str,
    bytes: &'a [u8],
}

/// The rosters of all bundles under the policy's roots: of each trust domain the longest. Two that part are a finding.
pub(super) fn believe(bundles: &[&Bundle], policy: &Policy) -> Result<(TrustPolicy, Vec<Finding>), Refused> {
    let mut rosters: BTreeMap<&str, (Roster, &str)> = BTreeMap::new();
    let mut findings = Vec::new();
    for offered in offered(bundles, KeyFile::Root) {
        check_root(&offered, policy)?;
    }
    for offered in offered(bundles, KeyFile::Roster) {
        let roster = roster(&offered, policy)?;
        match rosters.get(offered.domain) {
            None => drop(rosters.insert(offered.domain, (roster, offered.side))),
            Some((held, _)) => match longer(held, roster) {
                Ok(None) => {}
                Ok(Some(longer)) => drop(rosters.insert(offered.domain, (longer, offered.side))),
                Err(error) => findings.push(forked(&offered, &error)),
            },
        }
    }
    let mut set = RosterSet::new();
    for (roster, _) in rosters.into_values() {
        set.update(roster)
            .map_err(|error| Refused::new(error.rule(), error.to_string()))?;
    }
    check_pins(&set, policy)?;
    findings.extend(deny(bundles, &mut set)?);
    Ok((TrustPolicy::new(set), findings))
}

fn offered<'a>(bundles: &'a [&Bundle], wanted: KeyFile) -> impl Iterator<Item = Offered<'a>> {
    bundles.iter().flat_map(move |bundle| {
        bundle
            .places()
            .filter_map(move |(place, path, bytes)| match place {
                Place::Key { domain, file } if file == wanted => Some(Offered {
                    side: &bundle.manifest.side,
                    path,
                    domain,
                    bytes,
                }),
                _ => None,
            })
    })
}

/// The policy's root of a trust domain, or the refusal of whoever brings another.
fn root_of<'p>(offered: &Offered<'_>, policy: &'p Policy) -> Result<&'p PublicKey, Refused> {
    policy.root(offered.domain).ok_or_else(|| {
        foreign(
            offered,
            "your policy names no statement root of this trust domain; add a hotline-root line if you believe it",
        )
    })
}

fn check_root(offered: &Offered<'_>, policy: &Policy) -> Result<(), Refused> {
    let root = root_of(offered, policy)?;
    let text = std::str::from_utf8(offered.bytes).unwrap_or_default();
    match parse_root(text) {
        Some(Ok((domain, key))) if domain == offered.domain && key == *root => {}
        Some(Ok(_) | Err(_)) | None => {
            return Err(foreign(
                offered,
                "it is another statement root than the one in your policy",
            ));
        }
    }
    canonical(offered, &root_line(offered.domain, root))
}

fn roster(offered: &Offered<'_>, policy: &Policy) -> Result<Roster, Refused> {
    let root = root_of(offered, policy)?;
    let text = String::from_utf8_lossy(offered.bytes);
    let roster = Roster::parse(&text, offered.domain, *root, None).map_err(|error| match &error {
        RosterError::Entry {
            fault: EntryFault::ForeignRoot,
            ..
        } => foreign(offered, "the statement root in your policy did not sign it"),
        _ => refused(offered, error.rule(), &error.to_string()),
    })?;
    canonical(offered, &roster.to_text())?;
    Ok(roster)
}

/// The offered roster when it continues the one that is held; none when it is the older of the two.
fn longer(held: &Roster, offered: Roster) -> Result<Option<Roster>, RosterError> {
    let newer = |a: &Roster, b: &Roster| b.head().map_or(Ok(()), |head| a.check_not_older(&head));
    if offered.next_number() > held.next_number() {
        return newer(&offered, held).map(|()| Some(offered));
    }
    newer(held, &offered).map(|()| None)
}

/// What bundles offer of one side's deny-list.
struct Denied {
    list: DenyList,
    /// Whether two lists have parted behind it.
    parted: bool,
}

/// Of each trust domain the longest deny-list; of two that part what both begin with, and a finding with both orders: two
/// officers of the side have signed each, so nobody else can have brought it about.
fn deny(bundles: &[&Bundle], set: &mut RosterSet) -> Result<Vec<Finding>, Refused> {
    let mut lists: BTreeMap<&str, Denied> = BTreeMap::new();
    let mut findings = Vec::new();
    for offered in offered(bundles, KeyFile::Deny) {
        let Some(roster) = set.roster(offered.domain) else {
            return Err(foreign(&offered, "there is no roster for it"));
        };
        let text = String::from_utf8_lossy(offered.bytes);
        let list = DenyList::parse(&text, roster)
            .map_err(|error| refused(&offered, "DENY_REFUSED", &error.to_string()))?;
        canonical(&offered, &list.to_text())?;
        let Some(held) = lists.get_mut(offered.domain) else {
            let parted = false;
            lists.insert(offered.domain, Denied { list, parted });
            continue;
        };
        let common = held.list.common(&list);
        if common < held.list.denials().len() && common < list.denials().len() {
            findings.push(forked_deny(&offered, &held.list, &list, common));
            held.list = held.list.first(common);
            held.parted = true;
        } else if held.parted {
            held.list = held.list.first(common);
        } else if list.denials().len() > held.list.denials().len() {
            held.list = list;
        }
    }
    for denied in lists.into_values() {
        set.deny(denied.list);
    }
    Ok(findings)
}

fn forked_deny(offered: &Offered<'_>, held: &DenyList, other: &DenyList, common: usize) -> Finding {
    let domain = offered.domain;
    let number = common as u64 + 1;
    let line = |list: &DenyList| list.to_text().lines().nth(common).unwrap_or_default().to_owned();
    Finding {
        ruling: Ruling::Equivocation,
        rule: "FORKED_DENY_LIST",
        evidence_of: domain.to_owned(),
        who: format!("deny-list of {domain}"),
        index: None,
        explanation: format!(
            "its officers have signed two orders with the number {number}; what is denied from there on counts nothing here"
        ),
        proof: Proof::Statements(Box::new(EquivocationProof {
            sender: format!("officers of {domain}"),
            shared: "number",
            index_a: number,
            index_b: number,
            statement_a: line(held),
            statement_b: line(other),
        })),
    }
}

/// A roster that ends before an entry which the auditor has pinned is an old copy: it may lack revocations.
fn check_pins(set: &RosterSet, policy: &Policy) -> Result<(), Refused> {
    for pin in policy.pins() {
        let domain = &pin.trust_domain;
        if !set.roster(domain).is_some_and(|roster| pin.met_by(roster)) {
            let number = pin.number;
            return Err(Refused::new(
                "OLDER_ROSTER",
                format!("no bundle has a roster of {domain} with the entry {number} that your policy pins"),
            ));
        }
    }
    Ok(())
}

fn canonical(offered: &Offered<'_>, text: &str) -> Result<(), Refused> {
    if offered.bytes == text.as_bytes() {
        return Ok(());
    }
    Err(refused(offered, "NOT_CANONICAL", "it is not in its one writing"))
}

fn forked(offered: &Offered<'_>, error: &RosterError) -> Finding {
    Finding {
        ruling: Ruling::Equivocation,
        rule: "FORKED_ROSTER",
        evidence_of: offered.domain.to_owned(),
        who: format!("statement root of {}", offered.domain),
        index: None,
        explanation: error.to_string(),
        proof: Proof::Recompute,
    }
}

fn foreign(offered: &Offered<'_>, why: &str) -> Refused {
    refused(offered, "FOREIGN_ANCHOR", why)
}

fn refused(offered: &Offered<'_>, rule: &'static str, why: &str) -> Refused {
    let Offered { side, path, .. } = offered;
    Refused::new(rule, format!("{path} in the bundle of {side}: {why}"))
}
