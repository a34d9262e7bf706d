//! What people call a message: the prefix of its desk and its number, as bundles tell. A habit, no evidence.

use std::collections::BTreeMap;

use super::timeline::domain_of;
use crate::bundle::Bundle;
use crate::hash::Hash;
use crate::statement::Message;

/// The prefixes that bundles tell of desks; of its own desks each side's own word comes first.
pub(super) fn prefixes(bundles: &[&Bundle]) -> BTreeMap<String, String> {
    let mut prefixes = BTreeMap::new();
    for own in [true, false] {
        for bundle in bundles {
            let side = Some(bundle.manifest.side.as_str());
            for (desk, prefix) in &bundle.manifest.names {
                if (domain_of(desk) == side) == own {
                    prefixes.entry(desk.clone()).or_insert_with(|| prefix.clone());
                }
            }
        }
    }
    prefixes
}

/// `A-0017`; without a known prefix `?-0017`.
pub(super) fn name(prefixes: &BTreeMap<String, String>, message: &Message) -> String {
    let prefix = prefixes.get(&message.header.sender).map_or("?", String::as_str);
    format!("{prefix}-{:04}", message.number)
}

/// Whether somebody who asks for `asked` means this message: by its name, its number where nobody knows prefixes, or the
/// beginning of its hash or id, at least eight hex digits.
pub(super) fn means(
    asked: &str,
    prefixes: &BTreeMap<String, String>,
    message: &Message,
    hash: &Hash,
) -> bool {
    let digits = asked.to_ascii_lowercase();
    let is_hex = digits.len() >= 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex {
        let id = data_encoding::HEXLOWER.encode(&message.header.id);
        return hash.to_string().starts_with(&digits) || id.starts_with(&digits);
    }
    let Some((prefix, number)) = asked.rsplit_once('-') else {
        return false;
    };
    if number.parse() != Ok(message.number) {
        return false;
    }
    match prefixes.get(&message.header.sender) {
        Some(known) => known == prefix,
        None => true,
    }
}

/// The short form of an identity: `desk/ops of exercise.avelia.example`.
pub(super) fn short(identity: &str) -> String {
    let bare = identity.strip_prefix("spiffe://").unwrap_or(identity);
    match bare.split_once('/') {
        Some((domain, rest)) => format!("{rest} of {domain}"),
        None => bare.to_owned(),
    }
}
