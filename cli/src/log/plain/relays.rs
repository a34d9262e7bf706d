//! What relays append to their logs by themselves, in plain words: keys and their ends, checkpoints of other logs.

use hotline_audit::{
    Checkpoint, PayloadType, Purpose, SignedStatement, StrictError,
    statement::{CosignRefused, Deny, DenyOrder, KeyStatement, LogLink, PeerCheckpoint, Revocation, SealKey},
};
use hotline_core::{text::inert_line, time::WallTime};

use super::EntryView;

/// The entry, if its kind is one of these.
pub(super) fn entry(view: EntryView, statement: &SignedStatement) -> Option<EntryView> {
    let payload = &statement.payload;
    let read = match statement.payload_type {
        PayloadType::Key => KeyStatement::decode(payload).map(|said| key(&said)),
        PayloadType::SealKey => SealKey::decode(payload).map(|said| seal_key(&said)),
        PayloadType::Revocation => Revocation::decode(payload).map(|said| revocation(&said)),
        PayloadType::Deny => Deny::decode(payload).and_then(|said| deny(&said)),
        PayloadType::PeerCheckpoint => PeerCheckpoint::decode(payload).map(|said| peer(&said)),
        PayloadType::CosignRefused => CosignRefused::decode(payload).map(|said| refused(&said)),
        PayloadType::LogLink => LogLink::decode(payload).map(|said| link(&said)),
        _ => return None,
    };
    Some(read.unwrap_or_else(|error| unreadable(&error)).onto(view))
}

/// What is known of such an entry.
struct Read {
    kind: &'static str,
    sender: String,
    claimed_time_ms: Option<u64>,
    plain: String,
}

impl Read {
    fn onto(self, view: EntryView) -> EntryView {
        EntryView {
            kind: self.kind.into(),
            sender: inert_line(&self.sender).text,
            claimed_time_ms: self.claimed_time_ms,
            dtg: self
                .claimed_time_ms
                .map_or_else(String::new, |ms| WallTime::from_unix_ms(ms).dtg().to_string()),
            plain: self.plain,
            ..view
        }
    }
}

fn unreadable(error: &StrictError) -> Read {
    Read {
        kind: "other",
        sender: String::new(),
        claimed_time_ms: None,
        plain: format!(
            "an entry that cannot be read: {}",
            inert_line(&error.to_string()).text
        ),
    }
}

fn key(said: &KeyStatement) -> Read {
    let purpose = Purpose::from_wire(said.purpose).map_or_else(String::new, |purpose| purpose.to_string());
    Read {
        kind: "key",
        sender: said.trust_domain.clone(),
        claimed_time_ms: None,
        plain: format!(
            "roster entry {}: enrols a key of {} for {purpose}",
            said.number,
            inert_line(&said.subject).text
        ),
    }
}

fn seal_key(said: &SealKey) -> Read {
    Read {
        kind: "sealkey",
        sender: said.trust_domain.clone(),
        claimed_time_ms: None,
        plain: format!(
            "roster entry {}: messages to {} are sealed to this key",
            said.number,
            inert_line(&said.subject).text
        ),
    }
}

fn revocation(said: &Revocation) -> Read {
    Read {
        kind: "revoke",
        sender: said.trust_domain.clone(),
        claimed_time_ms: Some(said.claimed_time_ms),
        plain: format!(
            "roster entry {}: ends key {}: {}",
            said.number,
            said.key_statement,
            inert_line(&said.reason).text
        ),
    }
}

fn deny(said: &Deny) -> Result<Read, StrictError> {
    let order = DenyOrder::decode(&said.order)?;
    Ok(Read {
        kind: "deny",
        sender: said.officer.clone(),
        claimed_time_ms: Some(order.claimed_time_ms),
        plain: format!(
            "order {} of the deny-list: ends {}: {}",
            order.number,
            inert_line(&order.identity).text,
            inert_line(&order.reason).text
        ),
    })
}

fn peer(said: &PeerCheckpoint) -> Read {
    let mut plain = match Checkpoint::danger_parse_unverified(&said.note) {
        Ok(seen) => format!(
            "has seen {} with {} entries",
            inert_line(&seen.origin).text,
            seen.size
        ),
        Err(error) => format!(
            "a checkpoint that cannot be read: {}",
            inert_line(&error.to_string()).text
        ),
    };
    if said.mirrored > 0 {
        plain.push_str(&format!(", and holds {} of them", said.mirrored));
    }
    Read {
        kind: "seen",
        sender: said.relay.clone(),
        claimed_time_ms: Some(said.claimed_time_ms),
        plain,
    }
}

fn refused(said: &CosignRefused) -> Read {
    let why = match said.reason {
        1 => "did not answer",
        2 => "refused",
        3 => "knows another size",
        4 => "knows another tree",
        _ => "gave no usable answer",
    };
    let status = match said.status {
        0 => String::new(),
        status => format!(" (status {status})"),
    };
    Read {
        kind: "nocosign",
        sender: said.relay.clone(),
        claimed_time_ms: Some(said.claimed_time_ms),
        plain: format!(
            "no cosignature of {} for {} entries: it {why}{status}, since {}",
            inert_line(&said.witness).text,
            said.size,
            WallTime::from_unix_ms(said.since_ms).dtg()
        ),
    }
}

fn link(said: &LogLink) -> Read {
    Read {
        kind: "link",
        sender: said.relay.clone(),
        claimed_time_ms: Some(said.claimed_time_ms),
        plain: format!(
            "this log goes on for {}: {}",
            inert_line(&said.old_origin).text,
            inert_line(&said.reason).text
        ),
    }
}
