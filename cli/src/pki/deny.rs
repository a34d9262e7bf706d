//! The deny-list, from the officers' side: two of them end an identity of their own side, without CA and statement root.
//!
//! One verb with both officers, or the same verb twice at two seats: the first signature waits in `deny.pending`, and the
//! second officer signs exactly those bytes. The finished order goes into our own trust folder, where running relays and
//! desks find it within half a second, and is a file that the other side can take over as it is.

mod waiting;

use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use hotline_audit::key::{DenyList, SECURITY_OFFICER};
use hotline_audit::statement::{Deny, DenyOrder};
use hotline_audit::{PayloadType, Purpose, Roster, SignedStatement};
use hotline_client::sealed::{self, Passphrase, Unlocking};
use hotline_core::identity::{Identity, TrustDomain};
use hotline_core::time::WallTime;
use hotline_transport::Seams;

use super::error::PkiError;
use super::files::{self, Audience};
use super::folder::{DomainFolder, read_roster};
use super::{keys, layout};
use waiting::Waiting;

/// What every deny-list file opens with.
pub const HEAD: &str = "# A hotline deny-list: identities that two officers of their own side have ended. No secret stands here.\n\
                        # Take it over with: hotline pki trust --dir DIR/DOMAIN FILE\n";

/// What is to be ended.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Who: `desk/ops`, or the whole identity.
    pub name: &'a str,
    /// Why, in words that both sides read; may be empty where a first signature waits.
    pub reason: &'a str,
    /// Since when its keys may have been in other hands.
    pub since: Option<WallTime>,
}

/// An officer who signs.
pub struct Signatory {
    /// `tanaka`, or `officer/tanaka`.
    pub name: String,
    /// Opens a sealed key.
    pub passphrase: Option<Passphrase>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signed {
    /// One officer has signed; another one is needed.
    Waits {
        /// What was signed.
        order: DenyOrder,
        /// By whom.
        officer: Identity,
    },
    /// Two have, and the identity has ended.
    Done {
        /// What was signed.
        order: DenyOrder,
        /// By whom.
        officers: [String; 2],
        /// The list, to be handed to the other side.
        file: PathBuf,
    },
}

/// A deny-list of the other side that was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Whose it is.
    pub domain: TrustDomain,
    /// Whom it ends that was not ended here before, each with the reason.
    pub new: Vec<(String, String)>,
    /// How many it ends in all.
    pub all: usize,
}

/// Signs an order, or the one that waits for its second officer.
///
/// # Errors
/// If nobody has the name, an officer's key cannot be used, or the two may not end this identity; then nothing has
/// changed.
pub fn sign(
    dir: &Path,
    order: &Order<'_>,
    officers: &[Signatory],
    now: WallTime,
) -> Result<Signed, PkiError> {
    let folder = DomainFolder::open(dir)?;
    let _held = folder.hold()?;
    let identity = folder.holder(order.name)?;
    let roster = folder.roster()?;
    let list = own_list(&folder, &roster)?;
    let waiting = Waiting::read(&folder)?;
    let terms = terms(&list, &identity, order, waiting.as_ref(), now)?;
    let mut signatures: Vec<Vec<u8>> = waiting.into_iter().map(|waiting| waiting.signature).collect();
    let mut last = None;
    for officer in officers {
        let (who, signature) = signature(&folder, &roster, officer, &terms, now)?;
        signatures.push(signature);
        last = Some(who);
    }
    match (signatures.as_slice(), last) {
        ([signature], Some(officer)) => {
            Waiting::write(&folder, signature)?;
            Ok(Signed::Waits {
                order: terms,
                officer,
            })
        }
        ([first, second], _) => finish(&folder, &roster, list, [first, second]),
        _ => Err(PkiError::Usage {
            why: "an order has two officers' signatures: name one or two with --officer".into(),
        }),
    }
}

/// Takes over a deny-list of the other side that came by itself. It needs no words: its officers stand in a roster that
/// is trusted already. An order that is new here needs officers' keys that are good now: an old key can write any time.
///
/// # Errors
/// If its side is not trusted here, or an order does not count, or one is missing that was seen before.
pub fn take(dir: &Path, file: &Path, now: WallTime) -> Result<Taken, PkiError> {
    let folder = DomainFolder::open(dir)?;
    let _held = folder.hold()?;
    let text = files::read_text(file)?;
    let unreadable =
        |why: String| PkiError::unreadable(file, "a deny-list of a side that is trusted here", why);
    let domain = domain_of(&text).map_err(unreadable)?;
    let place = folder.trust(&domain);
    if domain == *folder.domain() || !place.join(layout::ROSTER).exists() {
        return Err(unreadable(format!("it is one of {domain}")));
    }
    let roster = trusted_roster(&place)?;
    let offered = DenyList::parse(&text, &roster).map_err(|error| unreadable(with_cause(&error)))?;
    let known = read_list(&place, &roster)?;
    offered
        .check_not_older(&known)
        .map_err(|error| unreadable(error.to_string()))?;
    let held = known.denials().len() as u64;
    if let Some(order) = offered.unproven(&roster, held, now.unix_ms()).first() {
        return Err(unreadable(format!(
            "a key of the officers of order {order} is over, and an old key can write any time; ask its side for a trust \
             file whose roster and revocation list end the identity"
        )));
    }
    write_list(&place, &offered)?;
    let told = offered.denials().iter().skip(known.denials().len());
    Ok(Taken {
        domain,
        new: told
            .map(|denial| (denial.order.identity.clone(), denial.order.reason.clone()))
            .collect(),
        all: offered.denials().len(),
    })
}

/// Whether two officers have ended this identity.
///
/// # Errors
/// If the list cannot be read.
pub fn is_denied(dir: &Path, name: &str) -> Result<bool, PkiError> {
    let folder = DomainFolder::open(dir)?;
    let identity = folder.holder(name)?.to_string();
    let list = own_list(&folder, &folder.roster()?)?;
    Ok(list
        .denials()
        .iter()
        .any(|denial| denial.order.identity == identity))
}

/// Why two officers have ended this identity, in their words.
///
/// # Errors
/// If the list cannot be read.
pub fn reason_of(dir: &Path, name: &str) -> Result<Option<String>, PkiError> {
    let folder = DomainFolder::open(dir)?;
    let identity = folder.holder(name)?.to_string();
    let list = own_list(&folder, &folder.roster()?)?;
    let found = list
        .denials()
        .iter()
        .find(|denial| denial.order.identity == identity);
    Ok(found.map(|denial| denial.order.reason.clone()))
}

/// Officers of this side who could sign an order to end this identity: names, and whether each is a SECURITY_OFFICER.
///
/// # Errors
/// If the folder cannot be read.
pub fn who_could_sign(dir: &Path, name: &str, now: WallTime) -> Result<Vec<(String, bool)>, PkiError> {
    let folder = DomainFolder::open(dir)?;
    let identity = folder.holder(name)?.to_string();
    let roster = folder.roster()?;
    let list = own_list(&folder, &roster)?;
    let ended = |officer: &str| {
        list.denials()
            .iter()
            .any(|denial| denial.order.identity == officer)
    };
    let mut found = Vec::new();
    for holder in folder.holders()? {
        let officer = holder.to_string();
        let key = roster.current_key(&officer, Purpose::Officer, now.unix_ms());
        if let Some(key) = key.filter(|_| officer != identity && !ended(&officer)) {
            let security = key.statement.roles.contains(&SECURITY_OFFICER);
            found.push((holder.name().to_owned(), security));
        }
    }
    Ok(found)
}

/// The deny-list in a trust folder, checked against the roster beside it.
///
/// # Errors
/// If it cannot be read or does not hold together.
pub(super) fn read_list(place: &Path, roster: &Roster) -> Result<DenyList, PkiError> {
    let path = place.join(layout::DENY);
    if !path.exists() {
        return Ok(DenyList::empty(roster));
    }
    DenyList::parse(&files::read_text(&path)?, roster)
        .map_err(|error| PkiError::unreadable(&path, "a deny-list", with_cause(&error)))
}

fn own_list(folder: &DomainFolder, roster: &Roster) -> Result<DenyList, PkiError> {
    read_list(&folder.trust(folder.domain()), roster)
}

fn write_list(place: &Path, list: &DenyList) -> Result<PathBuf, PkiError> {
    let path = place.join(layout::DENY);
    let text = format!("{HEAD}{}", list.to_text());
    files::replace(&path, text.as_bytes(), Audience::Anybody)?;
    Ok(path)
}

/// The roster in a trust folder, checked under the root beside it.
///
/// # Errors
/// If it cannot be read or does not hold together.
pub(super) fn trusted_roster(place: &Path) -> Result<Roster, PkiError> {
    let root_path = place.join(layout::ROOT_PUBLIC);
    let (domain, root) = keys::read_root(&root_path, &files::read_text(&root_path)?)?;
    let path = place.join(layout::ROSTER);
    read_roster(&path, &files::read_text(&path)?, &domain, root)
}

/// The domain that the first order of a list names; nothing is verified yet.
fn domain_of(text: &str) -> Result<TrustDomain, String> {
    let line = text
        .lines()
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .ok_or("it ends nobody")?;
    let first = line.split(' ').next().unwrap_or_default();
    let bytes = BASE64
        .decode(first.as_bytes())
        .map_err(|error| error.to_string())?;
    let order = order_in(&bytes).map_err(|error| error.to_string())?;
    TrustDomain::parse(&order.trust_domain).map_err(|error| error.to_string())
}

fn order_in(statement: &[u8]) -> Result<DenyOrder, hotline_audit::StrictError> {
    let said = Deny::decode(&SignedStatement::parse(statement)?.payload)?;
    DenyOrder::decode(&said.order)
}

fn terms(
    list: &DenyList,
    identity: &Identity,
    order: &Order<'_>,
    waiting: Option<&Waiting>,
    now: WallTime,
) -> Result<DenyOrder, PkiError> {
    let usage = |why: String| PkiError::Usage { why };
    if let Some(waiting) = waiting {
        let terms = &waiting.order;
        let other_reason = !order.reason.is_empty() && order.reason != terms.reason;
        if terms.identity != identity.to_string() || other_reason {
            return Err(usage(format!(
                "an order to end {} ({}) waits for its second officer; finish that one first, or remove {}",
                terms.identity,
                terms.reason,
                waiting.file.display()
            )));
        }
        return Ok(terms.clone());
    }
    if order.reason.trim().is_empty() {
        return Err(usage(
            "an order needs a --reason, in words that both sides will read".into(),
        ));
    }
    let since = order.since.map_or(0, WallTime::unix_ms);
    Ok(list.next(&identity.to_string(), order.reason, since, now.unix_ms()))
}

fn signature(
    folder: &DomainFolder,
    roster: &Roster,
    officer: &Signatory,
    order: &DenyOrder,
    now: WallTime,
) -> Result<(Identity, Vec<u8>), PkiError> {
    let name = officer.name.strip_prefix("officer/").unwrap_or(&officer.name);
    let identity = folder.holder(&format!("officer/{name}"))?;
    let refused = |why: &str| PkiError::KeyRefused {
        identity: identity.to_string(),
        why: why.to_owned(),
    };
    let seams = Seams::system();
    let unlocking = officer
        .passphrase
        .as_ref()
        .map(|typed| Unlocking::now(typed, &seams));
    let key = sealed::load_officer_key(
        &folder.of(&identity).join(layout::OFFICER_KEY),
        unlocking.as_ref(),
    )?;
    let entry = roster
        .current_key(&identity.to_string(), Purpose::Officer, now.unix_ms())
        .ok_or_else(|| refused("the roster has no key of this officer that is good now"))?;
    if entry.key != key.public() {
        return Err(refused("the roster names another key than the file holds"));
    }
    let deny = Deny {
        officer: identity.to_string(),
        key_statement: entry.hash,
        order: order.encode(),
    };
    let signed = SignedStatement::sign(PayloadType::Deny, &deny.encode(), &key)
        .map_err(|error| PkiError::making("the order", error))?;
    Ok((identity, signed.into_bytes()))
}

fn finish(
    folder: &DomainFolder,
    roster: &Roster,
    mut list: DenyList,
    signatures: [&Vec<u8>; 2],
) -> Result<Signed, PkiError> {
    list.append(signatures.map(Vec::as_slice), roster)
        .map_err(|error| PkiError::Usage {
            why: with_cause(&error),
        })?;
    let file = write_list(&folder.trust(folder.domain()), &list)?;
    Waiting::remove(folder)?;
    let Some(done) = list.denials().last() else {
        return Err(PkiError::making("the order", "the list stayed empty"));
    };
    Ok(Signed::Done {
        order: done.order.clone(),
        officers: done.officers.clone(),
        file,
    })
}

fn with_cause(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    if let Some(cause) = error.source()
        && !words.contains(&cause.to_string())
    {
        words.push_str(&format!(": {cause}"));
    }
    words
}
