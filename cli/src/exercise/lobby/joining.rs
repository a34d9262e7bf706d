//! Somebody whose code was right: heard, compared, certified.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use hotline_audit::PublicKey;
use hotline_core::identity::{Identity, Role};
use hotline_exercise::{
    join::{
        book::Part,
        keys::{KeyRequest, Point, fingerprint},
        words::{FromJoiner, LINE_MAX, Offer, PartWord, ToJoiner},
    },
    live::{door::May, joined::Line},
};
use tokio::{sync::oneshot, time::timeout};

use super::{
    Event, Known, Seat, Shared,
    admit::{Out, Wire},
};
use crate::{
    exit::Failure,
    pki::{DeskKeys, OfficerKeys, certificate::TheirKey, excon::CONDUCTOR, words::Fingerprint},
};

/// How long people may take to compare words. 10 minutes.
const COMPARED_WITHIN: Duration = Duration::from_secs(600);
/// What who comes too late is told.
const BEGUN: &str = "the exercise has begun";

/// Somebody whose code was right.
pub(super) struct Joining<'a> {
    pub(super) shared: &'a Shared,
    pub(super) part: &'a Part,
    pub(super) session: [u8; 32],
    pub(super) from: SocketAddr,
}

/// What they become.
enum Becomes {
    Seat {
        seat: String,
        desk: DeskKeys,
        officers: BTreeMap<String, OfficerKeys>,
    },
    Controller(PublicKey),
    Observer,
}

impl Joining<'_> {
    pub(super) async fn admit(&self, proof: String, wire: &mut Wire) -> Result<String, Out> {
        let word = self
            .shared
            .word(self.part)
            .map_err(|failure| Out::Refused(failure.what))?;
        let authority = &self.shared.authority;
        let offer = Offer {
            proof,
            exercise: authority.excon().exercise.clone(),
            title: self.shared.title(),
            conductor: authority.excon().conductor.to_string(),
            ca: authority.ca().to_owned(),
            root: authority.root().to_owned(),
            part: word.clone(),
        };
        wire.writer.say(&ToJoiner::Offer(Box::new(offer))).await?;
        let FromJoiner::Enrol { request: text } = wire.heard().await? else {
            return Err(Out::Refused("keys were to come".into()));
        };
        let request: KeyRequest =
            serde_json::from_str(&text).map_err(|error| Out::Refused(format!("keys: {error}")))?;
        let (identity, becomes) = self.checked(&word, &request).map_err(Out::Refused)?;
        let key = TheirKey(request.plane.bytes().map_err(Out::Refused)?);
        let compared = self.compare(&identity, &text, wire).await?;
        let (certificate, roster) = self
            .certify(&identity, &key, &becomes)
            .map_err(|failure| Out::Refused(failure.what))?;
        if !self.enter(&identity, becomes, compared) {
            return Err(Out::Refused(BEGUN.into()));
        }
        wire.writer
            .say(&ToJoiner::Enrolled { certificate, roster })
            .await?;
        Ok(self.who(&identity))
    }

    fn who(&self, identity: &Identity) -> String {
        match self.part {
            Part::Seat(seat) => seat.clone(),
            Part::Controller | Part::Observer => identity.name().to_owned(),
        }
    }

    /// The keys that this part asks for, each proven; and as whom they join.
    fn checked(&self, word: &PartWord, request: &KeyRequest) -> Result<(Identity, Becomes), String> {
        let key = |point: &Point| point.bytes().map(TheirKey);
        match word {
            PartWord::Seat { seat, desk, officers } => {
                let asked = request.desk.as_ref().ok_or("a seat brings its desk's keys")?;
                let keys = DeskKeys {
                    tls: key(&asked.tls)?,
                    statement: asked.statement.check(&self.session, desk, "statement")?,
                    log: asked.log.check(&self.session, desk, "log")?,
                };
                let mut found = BTreeMap::new();
                for officer in officers {
                    let name = officer.rsplit('/').next().unwrap_or_default();
                    let asked = request
                        .officers
                        .get(name)
                        .ok_or_else(|| format!("no keys of {officer}"))?;
                    let keys = OfficerKeys {
                        tls: key(&asked.tls)?,
                        officer: asked.officer.check(&self.session, officer, "officer")?,
                    };
                    found.insert(name.to_owned(), keys);
                }
                let name = desk.rsplit('/').next().unwrap_or_default();
                let becomes = Becomes::Seat {
                    seat: seat.clone(),
                    desk: keys,
                    officers: found,
                };
                Ok((self.named(Role::Desk, name)?, becomes))
            }
            PartWord::Controller => {
                let identity = self.free(&request.name)?;
                let asked = request.control.as_ref().ok_or("a controller brings a key")?;
                let key = asked.check(&self.session, &identity.to_string(), "control")?;
                Ok((identity, Becomes::Controller(key)))
            }
            PartWord::Observer => Ok((self.free(&request.name)?, Becomes::Observer)),
        }
    }

    fn named(&self, role: Role, name: &str) -> Result<Identity, String> {
        let identity = self.shared.authority.identity(role, name);
        identity.map_err(|failure| failure.what)
    }

    /// A name that nobody of control has.
    fn free(&self, name: &str) -> Result<Identity, String> {
        let identity = self.named(Role::Control, name)?;
        let enrolled = self.shared.authority.excon().controller_key(name).exists();
        let known = self.shared.state().known.contains_key(&identity.to_string());
        match name == CONDUCTOR || enrolled || known {
            true => Err(format!(
                "somebody of control is called {name} already: choose another --name"
            )),
            false => Ok(identity),
        }
    }

    /// Both people say that the words are the same. Whether the facilitator was asked.
    async fn compare(&self, identity: &Identity, text: &str, wire: &mut Wire) -> Result<bool, Out> {
        let (answer, answered) = oneshot::channel();
        let words = Fingerprint(fingerprint(&self.session, text)).words();
        let who = self.who(identity);
        let joins = Event::Joins {
            who: who.clone(),
            from: self.from,
            words,
            answer,
        };
        self.shared.tell(joins);
        let theirs = async {
            match wire.reader.must(LINE_MAX, COMPARED_WITHIN).await? {
                FromJoiner::Compared { same: true } => Ok(()),
                FromJoiner::Compared { same: false } => Err(Out::Refused(
                    "control's words are not those that they were told".into(),
                )),
                _ => Err(Out::Refused(
                    "it was to say whether the words are the same".into(),
                )),
            }
        };
        let ours = async {
            match timeout(COMPARED_WITHIN, answered).await {
                Ok(Ok(Some(true))) => Ok(true),
                Ok(Ok(None)) => Ok(false),
                Ok(Ok(Some(false))) => Err(Out::Refused(
                    "control says that the words are not the same".into(),
                )),
                Ok(Err(_)) => Err(Out::Refused(BEGUN.into())),
                Err(_) => Err(Out::Refused("control did not compare the words in time".into())),
            }
        };
        let ((), compared) = tokio::try_join!(theirs, ours)?;
        Ok(compared)
    }

    fn certify(
        &self,
        identity: &Identity,
        key: &TheirKey,
        becomes: &Becomes,
    ) -> Result<(String, String), Failure> {
        let (authority, seams) = (&self.shared.authority, &self.shared.seams);
        let roster = match becomes {
            Becomes::Controller(key) => authority.enrol(identity.name(), *key, seams.clock.wall())?,
            Becomes::Seat { .. } | Becomes::Observer => String::new(),
        };
        Ok((authority.certify(identity, key, seams)?, roster))
    }

    /// False where it is too late.
    fn enter(&self, identity: &Identity, becomes: Becomes, compared: bool) -> bool {
        let mut state = self.shared.state();
        if state.closed {
            return false;
        }
        let known = match becomes {
            Becomes::Seat { seat, desk, officers } => {
                let (line, says) = Line::new(&seat, self.desk(&seat).as_str());
                let taken = Seat {
                    line: line.clone(),
                    says,
                    desk,
                    officers,
                    compared,
                };
                state.seats.insert(seat, taken);
                Known::Seat(line)
            }
            Becomes::Controller(_) => Known::Control(May::Order),
            Becomes::Observer => Known::Control(May::Look),
        };
        state.known.insert(identity.to_string(), known);
        true
    }

    fn desk(&self, seat: &str) -> String {
        let card = self.shared.scenario.seat(seat);
        let desk = card.and_then(|card| card.desk.as_ref());
        desk.map(|desk| desk.to_string()).unwrap_or_default()
    }
}
