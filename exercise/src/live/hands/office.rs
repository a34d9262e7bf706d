//! What officers sign beside messages: the watch, orders about channels, charters. As `hotline watch` and `hotline channel`
//! do for people.

use hotline_audit::statement::CharterTerms;
use hotline_client::{
    compose::{self, Ordering},
    request::Request,
    standing::{ChannelView, Restoration, StandingView},
};
use hotline_core::{
    duty::{OrderVerb, WatchVerb},
    identity::{Identity, Role},
};

use super::{Hands, Pace, Refused, refused, unsigned};
use crate::scenario::{
    lists::{Act, InstitutionVerb},
    moment::Span,
    msel::{ALL_CHANNELS, Institution},
    place::Placed,
};

/// What of the watch an act is; none for other acts.
#[must_use]
pub const fn watch_of(act: Act) -> Option<WatchVerb> {
    match act {
        Act::TakeWatch => Some(WatchVerb::Take),
        Act::HandOver => Some(WatchVerb::HandOver),
        Act::LeaveWatch => Some(WatchVerb::Leave),
        _ => None,
    }
}

/// Whether scripted players cannot do this for an institution.
#[must_use]
pub const fn office_lacks(verb: InstitutionVerb) -> bool {
    verb.puts_in_order()
        || matches!(
            verb,
            InstitutionVerb::Refuse | InstitutionVerb::Deny | InstitutionVerb::UseBackup
        )
}

impl Hands {
    /// Signs an act of an institution, and has the desk place it.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn institution(&mut self, act: &Institution, pace: Pace<'_>) -> Result<(), Refused> {
        let verb = match act.verb {
            InstitutionVerb::Open => return self.open(act).await,
            InstitutionVerb::LeaveWatch => return self.watch_kept(&act.by, WatchVerb::Leave, "").await,
            InstitutionVerb::Suspend => OrderVerb::Suspend,
            InstitutionVerb::Sever => OrderVerb::Sever,
            InstitutionVerb::Restore => OrderVerb::Restore,
            InstitutionVerb::Refuse
            | InstitutionVerb::Deny
            | InstitutionVerb::UseBackup
            | InstitutionVerb::Inspect
            | InstitutionVerb::Renew
            | InstitutionVerb::Retire
            | InstitutionVerb::Enrol
            | InstitutionVerb::AgreeCodebook
            | InstitutionVerb::RePin
            | InstitutionVerb::Wake
            | InstitutionVerb::TryOld => {
                let what = format!("this stage has no hands for {}", act.verb);
                return Err(refused("HL-EX-151", what));
            }
        };
        self.order(act, verb, pace).await
    }

    async fn order(&mut self, act: &Institution, verb: OrderVerb, pace: Pace<'_>) -> Result<(), Refused> {
        let channel = self.channel_of(act);
        let standing = self.status().await?.standing;
        let me = self.config.identity.to_string();
        let consents_to = match verb {
            OrderVerb::Restore => match standing.restoration(&channel, &me) {
                Restoration::Ours => return Ok(()),
                Restoration::Theirs(first) => {
                    let malformed = || refused("HL-EX-150", "the desk's answer is malformed".into());
                    Some(first.reference().ok_or_else(malformed)?)
                }
                Restoration::None => None,
            },
            _ => None,
        };
        let real = |span: Span| match span {
            Span::Story(length) => pace(length.0),
            Span::Line(length) => length.0,
        };
        let effective = act.effective.map(real);
        let review_by = act
            .review_by
            .map(|review| effective.unwrap_or_default() + real(review));
        let moment =
            |after: Option<std::time::Duration>| after.map_or(0, |after| self.later_by(after).unix_ms());
        let ordering = Ordering {
            verb,
            channel,
            scope: act.scope.join(", "),
            reason: act.reason.clone().unwrap_or_else(|| "no reason given".into()),
            effective_ms: moment(effective),
            review_by_ms: moment(review_by),
            consents_to,
            subject: None,
        };
        let by = self.officer(releaser(&act.by))?;
        let order = compose::order(&self.config, &by, &ordering, self.seams.clock.as_ref());
        let order = order.map_err(|error| unsigned(&error))?;
        self.ask(Request::Order { order }).await.map(drop)
    }

    /// Proposes a channel's charter, or agrees to the one that the other side proposes. One that is open stays so.
    async fn open(&mut self, act: &Institution) -> Result<(), Refused> {
        let name = self.channel_of(act);
        let standing = self.status().await?.standing;
        let Some(terms) = self.terms(&standing, &name, act)? else {
            return Ok(());
        };
        let by = self.officer(releaser(&act.by))?;
        let consent = compose::consent(&by, &terms, self.seams.clock.as_ref());
        let consent = consent.map_err(|error| unsigned(&error))?;
        let terms = data_encoding::BASE64.encode(&terms);
        self.ask(Request::OpenChannel { terms, consent }).await.map(drop)
    }

    /// The terms that are to be signed; none if this side has signed them.
    fn terms(
        &self,
        standing: &StandingView,
        name: &str,
        act: &Institution,
    ) -> Result<Option<Vec<u8>>, Refused> {
        let known: Option<&ChannelView> = standing.channels.iter().find(|view| view.name == name);
        let mine = self.config.identity.domain().to_string();
        match known.and_then(|view| view.charter.as_ref()) {
            Some(charter) if !charter.lacking.contains(&mine) => Ok(None),
            Some(charter) => {
                let malformed = |_| refused("HL-EX-150", "the desk's answer is malformed".into());
                let bytes = data_encoding::BASE64.decode(charter.terms.as_bytes());
                bytes.map(Some).map_err(malformed)
            }
            None => Ok(Some(self.proposal(name, act).encode())),
        }
    }

    fn proposal(&self, name: &str, act: &Institution) -> CharterTerms {
        let mut sides = vec![
            self.config.identity.domain().to_string(),
            self.config.peer.domain().to_string(),
        ];
        sides.sort();
        CharterTerms {
            channel: name.to_owned(),
            level: name.to_owned(),
            scope: match act.scope.as_slice() {
                [] => "as both sides agree".to_owned(),
                scope => scope.join(", "),
            },
            hours: "from STARTEX to ENDEX".into(),
            exercise: self.config.exercise.clone(),
            sides,
            receipt_policy: "each precedence's objective".into(),
            codebook_sha256: Some(self.codebook.sha256()),
        }
    }

    /// Signs that an officer takes, hands over or leaves the watch. `to`: to whom it is handed over, by name.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn watch_kept(
        &mut self,
        by: &[Placed<String>],
        verb: WatchVerb,
        to: &str,
    ) -> Result<(), Refused> {
        let watch = self.status().await?.standing.own_watch;
        let officer = self.officer(by.first().map_or("", |name| name.as_str()))?;
        let other = match verb {
            WatchVerb::Leave => String::new(),
            // Handed over to this officer, it is taken from whoever holds it.
            WatchVerb::Take if watch.offered_to.as_deref() == Some(officer.identity.as_str()) => {
                watch.holder.unwrap_or_default()
            }
            WatchVerb::Take => String::new(),
            WatchVerb::HandOver => {
                let relief = Identity::new(self.config.identity.domain().clone(), Role::Officer, to);
                let relief = relief.map_err(|error| refused("HL-EX-107", error.to_string()))?;
                relief.to_string()
            }
        };
        let signed = compose::watch(
            &self.config,
            &officer,
            verb,
            (&other, ""),
            self.seams.clock.as_ref(),
        );
        let watch = signed.map_err(|error| unsigned(&error))?;
        self.ask(Request::KeepWatch { watch }).await.map(drop)
    }

    /// The channel that is meant, as it is signed: no name stands for all of the line.
    fn channel_of(&self, act: &Institution) -> String {
        match act.channel.as_deref() {
            None => self.config.channel.clone(),
            Some(ALL_CHANNELS) => String::new(),
            Some(channel) => channel.to_owned(),
        }
    }
}

/// Who releases: the last that is named.
fn releaser(by: &[Placed<String>]) -> &str {
    by.last().map_or("", |name| name.as_str())
}
