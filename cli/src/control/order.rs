//! An order is signed with the controller's key, and handed in.

use std::collections::BTreeMap;

use hotline_audit::{Hash, PayloadType, Purpose, RosterSet, SignedStatement, TrustPolicy};
use hotline_exercise::{
    live::door::{Answer, Ask, Visit, handed_in},
    order::{By, Command, Standing},
};
use hotline_transport::Seams;

use super::{Common, Place, print};
use crate::{
    exit::{self, Failure, Outcome},
    pki::{
        excon::{DOMAIN, Excon},
        keys,
    },
};

/// How the exercise stands.
pub(super) async fn status(visit: &mut Visit) -> Result<Standing, Failure> {
    match ask(visit, &Ask::Status).await? {
        Answer::Standing(standing) => Ok(*standing),
        other => Err(other_answer(&other)),
    }
}

async fn ask(visit: &mut Visit, ask: &Ask) -> Result<Answer, Failure> {
    visit
        .ask(ask)
        .await
        .map_err(|error| Failure::io("the conductor", &error))
}

fn other_answer(answer: &Answer) -> Failure {
    match answer {
        Answer::Refused { code, what, help } => refused(code, what, help),
        _ => Failure::new(
            "HL-EX-171",
            exit::OTHER,
            "the conductor answers something else",
            "use the hotline program that runs the exercise",
        ),
    }
}

/// A refusal, with the exit code that its number has.
pub(super) fn refused(code: &str, what: &str, help: &str) -> Failure {
    let exit = match code {
        "HL-EX-171" => exit::USAGE,
        "HL-EX-173" => exit::IDENTITY,
        _ => exit::OTHER,
    };
    Failure::new(code, exit, what, help)
}

/// Signs an order, hands it in and prints the record that came of it.
pub(super) async fn hand_in(place: &Place, common: &Common, command: &Command, mut visit: Visit) -> Outcome {
    let controller = place.controller(common.controller.as_deref())?;
    let standing = status(&mut visit).await?;
    // Who has never looked has seen what is there now.
    let seen = place.seen(&controller).unwrap_or(standing.heads);
    let signed = sign(
        &place.excon()?,
        &controller,
        command,
        expects(command, &seen),
        &Seams::system(),
    )?;
    match ask(&mut visit, &handed_in(&signed)).await? {
        Answer::Done { record, standing } => {
            place.saw(Some(&controller), &standing)?;
            print::done(&record, &standing, common.json)?;
            Ok(exit::OK)
        }
        other => Err(other_answer(&other)),
    }
}

/// The newest record about it that was seen.
pub(super) fn expects(command: &Command, seen: &BTreeMap<String, String>) -> Hash {
    let class = command.class().map(|class| class.to_string());
    let hash = class.and_then(|class| seen.get(&class)?.parse().ok());
    hash.unwrap_or(Hash::ZERO)
}

/// The order, signed.
pub(super) fn sign(
    excon: &Excon,
    controller: &str,
    command: &Command,
    expects: Hash,
    seams: &Seams,
) -> Result<Vec<u8>, Failure> {
    let stranger = |what: String| {
        let help =
            "the exercise enrols its controllers when it is made: hotline exercise run --controller NAME";
        Failure::new("HL-EX-173", exit::IDENTITY, what, help)
    };
    let key = keys::signing_key(&excon.controller_key(controller))
        .map_err(|error| stranger(exit::chain(&error)))?;
    let identity = format!("spiffe://{DOMAIN}/control/{controller}");
    let now = seams.clock.wall().unix_ms();
    let rosters = rosters(excon)?;
    let enrolled = rosters
        .roster(DOMAIN)
        .and_then(|roster| roster.current_key(&identity, Purpose::Control, now))
        .filter(|entry| entry.key == key.public())
        .ok_or_else(|| {
            stranger(format!(
                "the key in control/{controller} is not enrolled as {identity}"
            ))
        })?;
    let mut id = [0; 16];
    seams.entropy.fill(&mut id);
    let by = By {
        id,
        exercise: excon.exercise.clone(),
        controller: identity,
        key_statement: enrolled.hash,
        claimed_ms: now,
    };
    let order = command
        .unsigned(by, expects)
        .map_err(|error| stranger(error.to_string()))?;
    let signed = SignedStatement::sign(PayloadType::ControlOrder, &order.encode(), &key)
        .map_err(|error| stranger(error.to_string()))?;
    Ok(signed.into_bytes())
}

/// Control's roster.
pub(super) fn rosters(excon: &Excon) -> Result<RosterSet, Failure> {
    let policy = TrustPolicy::load(&[&excon.trust]).map_err(|error| {
        Failure::new(
            "HL-LOG-003",
            exit::IDENTITY,
            exit::chain(&error),
            "the trust folder of control lies in the exercise's stage",
        )
    })?;
    Ok(policy.rosters().clone())
}
