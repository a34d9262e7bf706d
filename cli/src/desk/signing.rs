//! What every verb does by which an officer signs something about a message: the officer is found, and the message is
//! shown first, so that nobody signs for what was not on screen.

use hotline_audit::statement::Reference;
use hotline_client::{
    compose::{Officer, SheetError},
    view::MessageView,
};
use hotline_core::words::{OfficerRole, Rung};

use super::{
    Common, keyring, print,
    seat::{Seat, reference},
};
use crate::exit::{self, Failure};

/// Who signs about what.
pub struct Signing {
    /// The message.
    pub view: MessageView,
    /// The same, as statements name it.
    pub reference: Reference,
    /// The officer, with the key at hand.
    pub by: Officer,
}

/// Finds the officer (the one named, or the first of this seat with one of these roles), and shows the message.
///
/// # Errors
/// A [`Failure`].
pub async fn prepare(
    seat: &mut Seat,
    common: &Common,
    message: &str,
    officer: Option<&str>,
    roles: &[OfficerRole],
) -> Result<Signing, Failure> {
    let view = seat.show(message).await?;
    let by = keyring::officer(seat, common, officer, roles, None)?;
    let json = common.json;
    let read = print::read(&view, &seat.config);
    seat.display(std::slice::from_ref(&view), || {
        if !json {
            crate::say_part!("{read}");
        }
    })
    .await?;
    let (reference, _) = reference(&view)?;
    Ok(Signing { view, reference, by })
}

/// A message ends once: what was declined, or its sender cancelled, is not taken up or answered, and what an answer closed
/// is not declined.
///
/// # Errors
/// HL-DESK-043, unless that is wanted all the same.
pub fn refuse_ended(view: &MessageView, declines: bool, anyhow: bool) -> Result<(), Failure> {
    let how = match declines {
        true => view.closed().then_some("answered, and closed by that"),
        false if view.cancelled => Some("cancelled by its sender"),
        false => view.reached(Rung::Declined).then_some("declined"),
    };
    match how.filter(|_| !anyhow) {
        Some(how) => Err(Failure::new(
            "HL-DESK-043",
            exit::OTHER,
            format!("{} was {how}: with this it would end in two ways", view.name),
            "send a new message about it; --anyhow signs all the same",
        )),
        None => Ok(()),
    }
}

/// What is to be signed cannot be.
pub fn not_signed(error: &SheetError) -> Failure {
    Failure::new("HL-DESK-025", exit::OTHER, error.to_string(), "shorten the text")
}

/// Says what was placed.
pub fn placed(common: &Common, view: &MessageView, rung: Rung, by: &Officer) {
    if common.json {
        print::object(view);
    } else {
        crate::say!(
            "{}: {} by {} [{}]",
            view.name,
            rung.plain(),
            by.identity,
            rung.name()
        );
    }
}
