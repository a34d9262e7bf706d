//! The public keys that go with the logs, and what people call the desks.

use std::{collections::BTreeMap, fs, path::Path};

use hotline_audit::{
    bundle::{BundleWriter, MAX_FILE_BYTES},
    key::RosterSet,
    trust::{TrustPolicy, root_line},
};
use hotline_client::side_file::SideFile;

use super::{place::Found, refusal};
use crate::{
    exit::{self, Failure},
    pki::layout,
};

/// The prefixes of message names, and the trust that was added, if there is any.
type Added = (BTreeMap<String, String>, Option<TrustPolicy>);

/// Adds rosters and deny-lists in their one writing, and certificates.
pub(super) fn add(found: &Found, writer: &mut BundleWriter) -> Result<Added, Failure> {
    let (mut names, mut trust) = (BTreeMap::new(), None);
    if !found.trust.is_empty() {
        let policy = TrustPolicy::load(&found.trust).map_err(|error| {
            Failure::new(
                "HL-LOG-003",
                exit::IDENTITY,
                exit::chain(&error),
                "name your own trust folder with --trust",
            )
        })?;
        rosters(policy.rosters(), writer)?;
        trust = Some(policy);
    }
    for folder in &found.trust {
        let text = fs::read_to_string(folder.join(layout::SIDE)).unwrap_or_default();
        if let Ok(side) = SideFile::parse(&text) {
            names.extend(side.desk.into_iter().map(|desk| (desk.identity, desk.prefix)));
        }
    }
    for (domain, name, path) in &found.certificates {
        let bytes = read(path)?;
        put(writer, &format!("certificates/{domain}/{name}"), bytes)?;
    }
    Ok((names, trust))
}

fn rosters(rosters: &RosterSet, writer: &mut BundleWriter) -> Result<(), Failure> {
    for roster in rosters.rosters() {
        let domain = roster.trust_domain();
        let root = root_line(domain, roster.root());
        put(writer, &format!("keys/{domain}/root.pub"), root.into_bytes())?;
        put(
            writer,
            &format!("keys/{domain}/roster"),
            roster.to_text().into_bytes(),
        )?;
        if let Some(list) = rosters.deny_list(domain) {
            put(
                writer,
                &format!("keys/{domain}/deny"),
                list.to_text().into_bytes(),
            )?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::io(&path.display().to_string(), &error))?;
    Ok(bytes)
}

/// Adds a file that a reader will take.
pub(super) fn put(writer: &mut BundleWriter, path: &str, bytes: Vec<u8>) -> Result<(), Failure> {
    writer.add(path, bytes).map_err(|error| refusal(&error))
}
