//! Somebody whose code was right: heard, compared, certified.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use hotline_audit::PublicKey;
use hotline_core::identity::{Identity, Role};
use hotline_exercise::{
    join::{
        book::Part,
        keys::{KeyRequest, Point, SealPoint, fingerprint},
        words::{FromJoiner, LINE_MAX, Offer, PartWord, ToJoiner},
    },
    live::{
        attend::{CONTROLLER, OBSERVER},
        door::May,
        joined::Line,
    },
};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use tokio::{sync::oneshot, time::timeout};

use super::{
    Event, Known, Member, Said, Seat, Shared, State,
    admit::{Out, Wire},
    compared_words,
};
use crate::{
    exercise::failed,
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
    /// The number of the code.
    pub(super) number: u16,
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

/// An identity that somebody is about to have.
struct Coming<'a> {
    shared: &'a Shared,
    name: String,
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        self.shared.state().coming.remove(&self.name);
    }
}

/// The bytes of a certificate that was made here.
fn der(pem: &str) -> Result<Vec<u8>, Failure> {
    let read = CertificateDer::from_pem_slice(pem.as_bytes());
    let read = read.map_err(|error| failed(&format!("the certificate that was made: {error}")))?;
    Ok(read.to_vec())
}

impl Joining<'_> {
    pub(super) async fn admit(&self, proof: String, wire: &mut Wire) -> Result<String, Out> {
        let word = self.shared.word(self.part).map_err(Out::Ours)?;
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
        let _coming = self.comes(&identity).map_err(Out::Refused)?;
        let key = TheirKey(request.plane.bytes().map_err(Out::Refused)?);
        let compared = self.compare(&identity, &text, wire).await?;
        let (certificate, roster) = self.certify(&identity, &key, &becomes).map_err(Out::Ours)?;
        let shown = der(&certificate).map_err(Out::Ours)?;
        if !self.enter(&identity, becomes, shown, compared) {
            return Err(Out::Refused(BEGUN.into()));
        }
        let folder = match self.part {
            Part::Seat(_) => String::new(),
            Part::Controller | Part::Observer => self.shared.about.folder.clone(),
        };
        let enrolled = ToJoiner::Enrolled {
            certificate,
            roster,
            folder,
        };
        let given = wire.writer.say(&enrolled).await;
        if let (Err(_), Part::Seat(seat)) = (&given, self.part) {
            // Nobody has what opens it.
            self.shared.free(seat);
        }
        given?;
        Ok(self.who(&identity))
    }

    /// Nobody else is, or is about to become, who they are to be; until the result is dropped.
    fn comes(&self, identity: &Identity) -> Result<Coming<'_>, String> {
        let name = identity.to_string();
        let mut state = self.shared.state();
        if state.known.contains_key(&name) || !state.coming.insert(name.clone()) {
            return Err(format!(
                "somebody else is, or is about to become, {}",
                self.who(identity)
            ));
        }
        drop(state);
        Ok(Coming {
            shared: self.shared,
            name,
        })
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
                    seal: asked.seal.as_ref().map(SealPoint::bytes).transpose()?,
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
            number: self.number,
            who,
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
                Ok(Ok(Said::Same)) => Ok(true),
                Ok(Ok(Said::Unasked)) => Ok(false),
                Ok(Ok(Said::GivenAway)) => Err(Out::Refused(
                    "control has given a new code for this seat meanwhile".into(),
                )),
                Ok(Ok(Said::Differ)) => Err(Out::Refused(
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
        let _one = self.shared.enrolling.lock();
        let roster = match becomes {
            Becomes::Controller(key) => authority.enrol(identity.name(), *key, seams.clock.wall())?,
            Becomes::Seat { .. } | Becomes::Observer => String::new(),
        };
        Ok((authority.certify(identity, key, seams)?, roster))
    }

    /// False where it is too late.
    fn enter(&self, identity: &Identity, becomes: Becomes, certificate: Vec<u8>, compared: bool) -> bool {
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
            Becomes::Controller(_) => {
                self.attends(&mut state, identity.name(), CONTROLLER, compared);
                Known::Control(May::Order)
            }
            Becomes::Observer => {
                self.attends(&mut state, identity.name(), OBSERVER, compared);
                Known::Control(May::Look)
            }
        };
        let member = Member { certificate, known };
        state.known.insert(identity.to_string(), member);
        true
    }

    /// Somebody is at control from now on, and that is written down.
    fn attends(&self, state: &mut State, name: &str, part: &'static str, compared: bool) {
        self.shared.attendance.joins(name, part);
        let part = part.to_lowercase();
        let how = compared_words(compared);
        state
            .notes
            .push(format!("{part} {name} joined with a code; {how}"));
    }

    fn desk(&self, seat: &str) -> String {
        let card = self.shared.scenario.seat(seat);
        let desk = card.and_then(|card| card.desk.as_ref());
        desk.map(|desk| desk.to_string()).unwrap_or_default()
    }
}
