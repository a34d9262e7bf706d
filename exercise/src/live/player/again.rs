//! What a player was doing when its process ended: its desk says whether it was done. A desk has on disk whatever it has
//! taken, so that nothing is done twice, and nothing is left out.

use hotline_client::view::MessageView;
use hotline_core::words::Rung;

use super::{
    Player, PlayerError,
    deeds::{first, rung_of},
};
use crate::{
    live::{hands::Relation, words::FromPlayer},
    person::Wish,
    scenario::{lists::Act, mark::Serial, msel::Sending, player::Do},
};

impl Player {
    /// Does what a rule says as far as it was not done, and tells control what became of it.
    pub(super) async fn find_out(&mut self, wish: Wish) -> Result<(), PlayerError> {
        let about = wish.about.map(|message| message.to_string());
        let (sending, relation) = match (&wish.deed, about.as_deref()) {
            (Do::Send(sending), _) => (sending, Relation::None),
            (Do::Answer(answer, sending), Some(message)) => (sending, Relation::Answers(message, *answer)),
            (Do::Correct(sending), Some(message)) => (sending, Relation::Corrects(message)),
            (deed, Some(message)) if self.signed(deed, message).await => {
                return self.played(wish.rule, String::new());
            }
            _ => return self.carry_out(wish).await,
        };
        let refers_to = match relation {
            Relation::None => None,
            Relation::Answers(message, _) | Relation::Corrects(message) => Some(message),
        };
        let sent = self.name_what_was_sent(sending, refers_to).await?;
        let of = sending.repeat.max(1);
        if sent >= of {
            return self.played(wish.rule, String::new());
        }
        let rest = Sending {
            repeat: of - sent,
            ..sending.clone()
        };
        let next = (of > 1).then_some(sent + 1);
        let done = self.send(&rest, relation, next).await?;
        let refused = done.err().map(|refused| refused.to_string()).unwrap_or_default();
        self.played(wish.rule, refused)
    }

    fn played(&mut self, rule: String, refused: String) -> Result<(), PlayerError> {
        self.say(&FromPlayer::Played { rule, refused })
    }

    /// Takes up what an inject has its desk send, where it was left.
    pub(super) async fn take_up_again(&mut self, serial: Serial) -> Result<(), PlayerError> {
        let Some(sending) = self.sending_of(serial) else {
            return Ok(());
        };
        let sent = self.name_what_was_sent(&sending, None).await?;
        if sent < sending.repeat.max(1) {
            self.queue_from(serial, sending, sent + 1);
            return Ok(());
        }
        let (serial, refused) = (serial.to_string(), String::new());
        self.say(&FromPlayer::Sent { serial, refused })
    }

    /// How many copies the desk has sent; each has its name after this.
    async fn name_what_was_sent(
        &mut self,
        sending: &Sending,
        refers_to: Option<&str>,
    ) -> Result<u16, PlayerError> {
        let of = sending.repeat.max(1);
        let mut sent: Vec<MessageView> = self.hands.list().await.unwrap_or_default();
        sent.retain(|view| self.is_of(view, sending, refers_to));
        sent.truncate(usize::from(of));
        let alias = sending.alias.as_ref().map(|alias| alias.value.clone());
        self.name(alias.as_ref(), &sent, (of > 1).then_some(1))?;
        Ok(u16::try_from(sent.len()).unwrap_or(of))
    }

    /// Whether a message that this desk sent says this.
    fn is_of(&self, view: &MessageView, sending: &Sending, refers_to: Option<&str>) -> bool {
        let says = match &sending.code {
            Some(coding) => self.hands.code_of(&view.text).as_deref() == Some(coding.code.as_str()),
            None => sending.text.0.values().any(|text| *text == view.text),
        };
        view.direction == "out" && says && view.refers_to.as_deref() == refers_to
    }

    /// Whether the desk has a deed about a message already: its rung, signed by whoever is to sign it.
    async fn signed(&mut self, deed: &Do, message: &str) -> bool {
        let (rung, by) = match deed {
            Do::Display => (Rung::Displayed, None),
            Do::Holding { by, .. } => (Rung::Holding, Some(by)),
            Do::Insufficient { by, .. } => (Rung::Insufficient, Some(by)),
            Do::Translate { by, .. } => (Rung::Translated, Some(by)),
            Do::Act { act, by, .. } => match rung_of(*act) {
                Some(rung) => (rung, Some(by)),
                None if *act == Act::Present => (Rung::Presented, Some(by)),
                None => return false,
            },
            _ => return false,
        };
        let Ok(view) = self.hands.show(message).await else {
            return false;
        };
        let by = by.map(|by| format!("/{}", first(by)));
        let its = |signer: &str| by.as_ref().is_none_or(|by| signer.ends_with(by));
        let mut rungs = view.rungs.iter();
        rungs.any(|found| found.rung == rung.name() && its(&found.by))
    }
}
