//! What an attacker signs with keys that are not its own, and what it has kept of what others signed.

use hotline_audit::{SignedStatement, statement::Payload};
use hotline_client::{
    compose::{self, Wording},
    keyring,
    own::{Pen, Signed, Tip},
    station::signing_key,
};
use hotline_core::{
    precedence::Precedence,
    release::Capacity,
    words::{Function, OfficerRole, ResponseAttribute, TrafficClass},
};
use hotline_ledger::Inspector;

use super::Attacker;
use crate::{
    exercise::failed,
    exit::{self, Failure},
};

/// Most bytes of a log that are read at once.
const PAGE: usize = 1 << 20;

/// A ROUTINE message in order in every way, under the desk's key and that of an officer of it: the one that is named, or the
/// first releaser. It opens a chain epoch of its own, so that it contradicts nothing that the desk itself has signed.
pub(super) fn message(attacker: &Attacker, officer: Option<&str>) -> Result<Signed, Failure> {
    let chain = |error: &dyn std::error::Error| failed(&exit::chain(error));
    let (config, directory) = (&attacker.config, &attacker.directory);
    let (clock, entropy) = (attacker.seams.clock.as_ref(), attacker.seams.entropy.as_ref());
    let of = attacker
        .attack
        .of
        .as_ref()
        .map(|of| of.value.as_str())
        .unwrap_or_default();
    let mut officers = attacker.scenario.officers.iter();
    let releaser = officers
        .find(|card| *card.desk.value == *of && card.roles.contains(&OfficerRole::Releaser))
        .map(|card| card.name.value.as_str());
    let by = officer.or(releaser);
    let by = by.ok_or_else(|| failed(&format!("desk {of} has no releaser whose key could be copied")))?;
    let officer = keyring::officer(config, directory, by, None).map_err(|error| chain(&error))?;
    let key = signing_key(&config.statement_key).map_err(|error| chain(&error))?;
    let key_statement = directory.key_statement(&config.identity.to_string(), &key.public());
    let pen = Pen {
        me: config.identity.clone(),
        exercise: config.exercise.clone(),
        key_statement: key_statement.ok_or_else(|| failed(&"the desk's key is in no roster"))?,
        key,
    };
    let wording = Wording {
        precedence: Precedence::Routine,
        class: TrafficClass::Formal,
        function: Function::Notify,
        response: ResponseAttribute::None,
        channel: config.channel.clone(),
        refers_to: None,
        answer: None,
        text: "We withdraw everything that we said.".to_owned(),
        expires_ms: 0,
        safety_of_life: false,
        respond_by_ms: 0,
        contact: None,
    };
    let sealing = directory.sealing(config, clock.wall().unix_ms());
    let sheet = compose::write(
        (config, &sealing),
        &wording,
        &officer,
        Capacity::Releaser,
        clock,
        entropy,
    )
    .map_err(|error| chain(&error))?;
    let message = sheet.message().map_err(|error| chain(&error))?;
    let tip = Tip::START.reopened(clock);
    pen.message(&tip, message, &[], clock)
        .map_err(|error| chain(&error))
}

/// The exact bytes of the newest FLASH in the log of the desk whose files were copied.
pub(super) fn newest_flash(attacker: &Attacker) -> Result<Vec<u8>, Failure> {
    let log = Inspector::open(&attacker.config.ledger).map_err(|error| failed(&exit::chain(&error)))?;
    let identity = attacker.config.identity.to_string();
    let (mut from, mut newest) = (0, None);
    while from < log.head().size {
        let leaves = log
            .leaves(from, PAGE)
            .map_err(|error| failed(&exit::chain(&error)))?;
        let Some(last) = leaves.last() else { break };
        from = last.index + 1;
        newest = leaves
            .into_iter()
            .rfind(|leaf| is_flash_of(&identity, &leaf.bytes))
            .or(newest);
    }
    let newest = newest.ok_or_else(|| failed(&"the desk's log has no FLASH that could be sent again"))?;
    Ok(newest.bytes)
}

fn is_flash_of(desk: &str, bytes: &[u8]) -> bool {
    let payload = SignedStatement::parse(bytes)
        .ok()
        .and_then(|statement| Payload::parse(&statement).ok());
    let flash = Precedence::Flash.to_wire();
    matches!(payload, Some(Payload::Message(message)) if message.precedence == flash && message.header.sender == desk)
}
