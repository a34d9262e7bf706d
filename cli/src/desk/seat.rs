//! A seat: where a verb finds its desk. A running station serves it over its socket; without one the verb opens the
//! desk itself, under the ledger's lock, and closes it again when what it did is handed over.

use std::{sync::Arc, time::Duration};

use hotline_audit::{key::Purpose, statement::Reference};
use hotline_client::{
    config::DeskConfig,
    request::{Answer, Refusal, Request},
    seal::Sealing,
    side::Directory,
    socket::Connection,
    station::{OpenError, Station},
    status::LineStatus,
    view::MessageView,
};
use hotline_ledger::Restored;
use hotline_transport::Seams;

use crate::exit::{self, Failure};

/// How long a verb without a station waits for the relays to take what it did. 3 s: twice what a leg takes to come up.
const HAND_OVER_WITHIN: Duration = Duration::from_secs(3);
/// How long a verb without a station waits for what the relays hold.
const CATCH_UP_WITHIN: Duration = Duration::from_secs(4);
/// How long closing a station of one's own may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// Where a verb finds its desk.
pub struct Seat {
    /// The desk's settings.
    pub config: DeskConfig,
    /// Whom it knows.
    pub directory: Arc<Directory>,
    /// The seams this process runs on.
    pub seams: Seams,
    json: bool,
    place: Place,
}

enum Place {
    Running(Box<Connection>),
    Own(Station),
}

impl Seat {
    /// Finds the desk.
    ///
    /// # Errors
    /// If neither a station answers nor the desk can be opened.
    pub async fn open(config: DeskConfig, json: bool) -> Result<Self, Failure> {
        let directory = Directory::load(&config).map_err(|error| {
            Failure::new(
                "HL-DESK-021",
                exit::IDENTITY,
                exit::chain(&error),
                "hotline pki trust writes trust folders",
            )
            .as_json(json)
        })?;
        let seams = Seams::system();
        let connection = Connection::open(&config.socket)
            .await
            .map_err(|error| Failure::io(&config.socket.display().to_string(), &error).as_json(json))?;
        let place = match connection {
            Some(connection) => Place::Running(Box::new(connection)),
            None => {
                let station = Station::open(config.clone(), &seams, Restored::ReadOnly)
                    .map_err(|error| not_opened(&error).as_json(json))?;
                Place::Own(station)
            }
        };
        let mut seat = Self {
            config,
            directory: Arc::new(directory),
            seams,
            json,
            place,
        };
        if let Place::Own(_) = seat.place {
            let within_ms = u64::try_from(CATCH_UP_WITHIN.as_millis()).unwrap_or(u64::MAX);
            seat.ask(Request::CatchUp { within_ms }).await?;
        }
        Ok(seat)
    }

    /// To whom this desk seals, and how.
    #[must_use]
    pub fn sealing(&self) -> Sealing {
        let now_ms = self.seams.clock.wall().unix_ms();
        self.directory.sealing(&self.config, now_ms)
    }

    /// Whether objects are printed, and no words for people.
    #[must_use]
    pub const fn json(&self) -> bool {
        self.json
    }

    /// Asks; a refusal is a failure.
    ///
    /// # Errors
    /// If the station refuses, or went away.
    pub async fn ask(&mut self, request: Request) -> Result<Answer, Failure> {
        let answer = match &mut self.place {
            Place::Running(connection) => connection
                .ask(&request)
                .await
                .map_err(|error| Failure::io("the station", &error).as_json(self.json))?,
            Place::Own(station) => station.serve(request).await,
        };
        match answer {
            Answer::Refused(Refusal {
                code,
                exit,
                what,
                help,
            }) => Err(Failure {
                code,
                exit,
                what,
                help,
                json: self.json,
            }),
            other => Ok(other),
        }
    }

    /// Asks for one message.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn message(&mut self, request: Request) -> Result<MessageView, Failure> {
        match self.ask(request).await? {
            Answer::Message(view) => Ok(*view),
            other => Err(unexpected(&other).as_json(self.json)),
        }
    }

    /// Asks for a message by name, id or hash.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn show(&mut self, message: &str) -> Result<MessageView, Failure> {
        self.message(Request::Show {
            message: message.to_owned(),
        })
        .await
    }

    /// Asks for the line's status.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn status(&mut self) -> Result<LineStatus, Failure> {
        match self.ask(Request::Status).await? {
            Answer::Status(status) => Ok(*status),
            other => Err(unexpected(&other).as_json(self.json)),
        }
    }

    /// That much of people's time from now, milliseconds since 1970 by the wall clock: less of it where a story runs fast.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn people_from_now(&mut self, time: Duration) -> Result<u64, Failure> {
        let story = self.status().await?.story;
        let real = story.map_or(time, |story| story.real(time));
        Ok(super::send::from_now(self, real))
    }

    /// The next answer of a watched station.
    ///
    /// # Errors
    /// If the station went away.
    pub async fn next(&mut self) -> Result<Option<Answer>, Failure> {
        match &mut self.place {
            Place::Running(connection) => connection
                .next()
                .await
                .map_err(|error| Failure::io("the station", &error).as_json(self.json)),
            Place::Own(_) => Ok(None),
        }
    }

    /// The station that this seat opened itself, if it did.
    #[must_use]
    pub fn own_station(&self) -> Option<&Station> {
        match &self.place {
            Place::Own(station) => Some(station),
            Place::Running(_) => None,
        }
    }

    /// Marks messages as about to be drawn, lets `draw` draw them, and signs DISPLAYED.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn display(&mut self, views: &[MessageView], draw: impl FnOnce()) -> Result<(), Failure> {
        let messages: Vec<String> = views
            .iter()
            .filter(|view| view.direction == "in" && view.rejected.is_none() && view.shown != "signed")
            .map(|view| view.sha256.clone())
            .collect();
        if messages.is_empty() {
            draw();
            return Ok(());
        }
        self.ask(Request::Showing {
            messages: messages.clone(),
        })
        .await?;
        draw();
        self.ask(Request::Displayed { messages }).await?;
        Ok(())
    }

    /// Leaves the desk. A desk of our own is closed once every relay that can be reached has what was done.
    pub async fn leave(mut self) {
        let Place::Own(_) = self.place else { return };
        let start = self.seams.clock.line();
        loop {
            let Ok(status) = self.status().await else { break };
            let owed = status.relays.iter().any(|(name, relay)| {
                let up = status
                    .legs
                    .iter()
                    .any(|(leg, status)| status.up && leg.starts_with(&format!("{name}/")));
                up && relay.pending > 0
            });
            let waited = self
                .seams
                .clock
                .line()
                .since_start()
                .saturating_sub(start.since_start());
            if !owed || waited > HAND_OVER_WITHIN {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if let Place::Own(station) = &self.place {
            station.close(CLOSE_WITHIN).await;
        }
    }

    /// Which officers of a folder have a role, by their key's statement in the roster.
    #[must_use]
    pub fn roles_of(&self, officer: &str) -> Vec<u32> {
        self.directory
            .rosters()
            .rosters()
            .flat_map(|roster| roster.keys_of(officer, Purpose::Officer))
            .filter(|entry| entry.revoked.is_none())
            .flat_map(|entry| entry.statement.roles.clone())
            .collect()
    }
}

/// The reference to a message, as answers and acts carry it.
///
/// # Errors
/// If the view is not of this program's version.
pub fn reference(view: &MessageView) -> Result<(Reference, [u8; 16]), Failure> {
    let malformed = || {
        Failure::new(
            "HL-DESK-022",
            exit::OTHER,
            "the station's answer is malformed",
            "",
        )
    };
    view.reference().ok_or_else(malformed)
}

/// Why a desk could not be opened.
#[must_use]
pub fn not_opened(error: &OpenError) -> Failure {
    let help = match error.exit() {
        exit::CONFIG => "hotline pki init and hotline pki trust write what a desk needs",
        exit::IDENTITY => "hotline pki inspect FILE explains a certificate or key",
        exit::LOG => "hotline log verify LEDGER --trust DIR names the entry",
        _ => "hotline desk status --config FILE asks a station that runs",
    };
    Failure::new("HL-DESK-023", error.exit(), exit::chain(error), help)
}

fn unexpected(answer: &Answer) -> Failure {
    let kind = serde_json::to_value(answer).ok();
    let kind = kind
        .and_then(|value| value["reply"].as_str().map(str::to_owned))
        .unwrap_or_default();
    Failure::new(
        "HL-DESK-024",
        exit::OTHER,
        format!("the station answered with \"{kind}\""),
        "use the hotline program of the same version as the station",
    )
}
