//! The FLASH: drafted and released by two officers, carried by four legs, and taken up the whole ladder.

use std::{collections::BTreeMap, time::Duration};

use hotline_client::{
    compose::{self, Wording},
    request::Request,
    view::MessageView,
};
use hotline_core::{
    precedence::Precedence,
    words::{Answer as Word, Function, OfficerRole, ResponseAttribute, Rung},
};
use tokio::time::Instant;

use super::super::{check::Told, stage::Stage};
use super::{HZ_01, common, wait};
use crate::{
    desk::{keyring, seat::reference, send},
    exit::Failure,
};

/// Avelia's officers draft and release the FLASH.
pub(super) async fn collision(stage: &Stage, told: &mut Told) -> Result<MessageView, Failure> {
    told.part("A collision at sea. Avelia sends HZ-01 as a FLASH; two officers sign.");
    let mut seat = stage.seat(0).await?;
    let wording = Wording {
        response: ResponseAttribute::AcceptUnable,
        ..Wording::notice(Precedence::Flash, seat.config.channel.clone(), HZ_01)
    };
    let common = common(stage, 0);
    let sheet = send::sign(&seat, &common, &wording, None, None)?;
    let view = seat.message(Request::Release { sheet }).await?;
    told.step(&format!(
        "{} released [RELEASED], signed by {}",
        view.name,
        view.first(Rung::Released).map_or("?", |rung| &rung.by)
    ));
    let view = wait(&mut seat, &view, Rung::Delivered).await?;
    told.check(
        "the FLASH arrives and its receipt comes back",
        view.reached(Rung::Delivered),
        view.first(Rung::Delivered).map_or("no receipt".into(), |rung| {
            format!(
                "first copy by {}, DELIVERED signed by {}",
                rung.leg.as_deref().unwrap_or("?"),
                rung.by
            )
        }),
    );
    Ok(view)
}

/// Borenia's watch sees it, acknowledges and answers; Avelia's desk sees the whole ladder.
pub(super) async fn climb(stage: &Stage, told: &mut Told, flash: &MessageView) -> Result<(), Failure> {
    let mut b = stage.seat(1).await?;
    let messages = vec![flash.sha256.clone()];
    b.ask(Request::Alerted {
        messages: messages.clone(),
    })
    .await?;
    told.step("Borenia's alarm sounds [ALERTED, signed by the desk]");
    let view = b.show(&flash.sha256).await?;
    b.display(std::slice::from_ref(&view), || {
        told.step("on screen in Borenia [DISPLAYED, signed by the desk]");
    })
    .await?;
    let common = common(stage, 1);
    let watch = keyring::officer(&b, &common, None, &[OfficerRole::WatchOfficer], None)?;
    let (subject, _) = reference(&view)?;
    let act = compose::act(
        &b.config,
        &watch,
        Rung::Acknowledged,
        subject,
        "",
        b.seams.clock.as_ref(),
    )
    .map_err(|error| Failure::new("HL-DEMO-008", 1, error.to_string(), ""))?;
    b.message(Request::Act { act }).await?;
    told.step(&format!(
        "acknowledged by {} with that officer's own key",
        watch.identity
    ));
    let accepted = "ACCEPT. Two helicopters and the cutter TERN are under way.";
    let wording = Wording {
        function: Function::Reply,
        refers_to: Some(reference(&view)?),
        answer: Some(Word::Accept),
        ..Wording::notice(Precedence::Flash, view.channel.clone(), accepted)
    };
    let sheet = send::sign(&b, &common, &wording, None, None)?;
    b.message(Request::Release { sheet }).await?;
    let mut a = stage.seat(0).await?;
    // The answer is a FLASH and takes every leg; receipts take two, and may come in behind it.
    for rung in [Rung::Displayed, Rung::Acknowledged, Rung::Accepted] {
        wait(&mut a, flash, rung).await?;
    }
    let view = wait(&mut a, flash, Rung::Answered).await?;
    tell_ladder(told, &view);
    let legs = legs_that_carried(stage, flash).await?;
    let both = |mark: &[&str]| mark.iter().all(|mark| legs.iter().any(|leg| leg.contains(mark)));
    told.check(
        "the FLASH came by both relays and both doors, and was shown once",
        both(&["north/", "south/"]) && both(&["/quic", "/tcp"]),
        format!("copies at Borenia by {}", legs.join(", ")),
    );
    Ok(())
}

fn tell_ladder(told: &mut Told, view: &MessageView) {
    let released = view
        .first(Rung::Released)
        .map_or(view.stored_ms, |rung| rung.at_ms);
    let mut ladder = BTreeMap::new();
    for rung in &view.rungs {
        ladder
            .entry(rung.rung.clone())
            .or_insert(rung.at_ms.saturating_sub(released));
    }
    let mut in_time: Vec<_> = ladder.iter().collect();
    in_time.sort_by_key(|(_, ms)| **ms);
    for (rung, ms) in in_time {
        told.step(&format!("{rung:<12} +{ms} ms after release"));
    }
    let wanted = [
        Rung::Released,
        Rung::Accepted,
        Rung::Delivered,
        Rung::Alerted,
        Rung::Displayed,
        Rung::Acknowledged,
        Rung::Answered,
    ];
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|rung| !view.reached(**rung))
        .map(|rung| rung.name())
        .collect();
    told.check(
        "the FLASH climbs the whole ladder, each rung signed by whoever took it",
        missing.is_empty() && view.closed(),
        if missing.is_empty() {
            format!("{} facts, dialogue closed", view.rungs.len())
        } else {
            format!("missing {}", missing.join(", "))
        },
    );
    told.summary.ladder_ms = ladder;
}

/// The legs that brought a copy to the other desk: the first one and the late ones.
async fn legs_that_carried(stage: &Stage, flash: &MessageView) -> Result<Vec<String>, Failure> {
    let mut b = stage.seat(1).await?;
    let deadline = Instant::now() + Duration::from_secs(2);
    loop {
        let view = b.show(&flash.sha256).await?;
        let mut legs: Vec<String> = view.late_copies.keys().cloned().chain(view.first_leg).collect();
        legs.sort();
        legs.dedup();
        if legs.len() >= 4 || Instant::now() > deadline {
            return Ok(legs);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
