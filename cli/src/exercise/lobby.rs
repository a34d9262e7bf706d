//! The lobby of a live exercise: codes are given out, people join, and the facilitator starts.
//!
//! It listens on the control plane from the first code to the end of the exercise: who has joined comes back over it as
//! often as the connection breaks.

mod admit;
mod again;
mod hall;
mod joining;
mod seats;
mod waiting;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use clap::Args;
use hotline_core::identity::{Identity, Role};
use hotline_exercise::{
    join::{
        book::{Book, Part},
        code::{Code, DEFAULT_AT, Ticket},
        words::PartWord,
    },
    live::{
        attend::Attendance,
        door::{Asker, May},
        joined::{Line, words::FromSeat},
        plane::{Guest, Plane},
    },
    scenario::{
        Scenario,
        lists::{Scripted, SeatKind, Tongue},
    },
};
use hotline_transport::{Seams, ServerTls};
use tokio::sync::{mpsc, oneshot};

use self::waiting::Said;
use super::making::domain;
use crate::{
    desk::duration,
    exit::{self, Failure},
    pki::{DeskKeys, OfficerKeys, excon::plane::PlaneAuthority},
};

/// Events that wait for the facilitator's screen. 64: more than people who can join at once.
const EVENTS: usize = 64;

/// What a live exercise takes.
#[derive(Clone, Debug, Args)]
pub struct LiveArgs {
    /// Where people join, and their desks reach the relays: an address of this machine for people at others, 0.0.0.0 for
    /// all of them. Port 0 takes any.
    #[arg(long, default_value = DEFAULT_AT, value_name = "ADDR:PORT")]
    pub listen: SocketAddr,
    /// Start by itself after that time: 90s, 10m.
    #[arg(long, value_parser = duration, value_name = "TIME")]
    pub start_after: Option<Duration>,
    /// Nobody sits at this terminal: who has a code and control's words is let in, and that is written down.
    #[arg(long, requires = "start_after")]
    pub no_input: bool,
}

impl Default for LiveArgs {
    /// Of an exercise that nobody joins.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            start_after: None,
            no_input: false,
        }
    }
}

/// A seat that was taken.
pub(super) struct Seat {
    pub(super) line: Line,
    pub(super) says: mpsc::Receiver<FromSeat>,
    pub(super) desk: DeskKeys,
    pub(super) officers: BTreeMap<String, OfficerKeys>,
    pub(super) compared: bool,
}

/// What the lobby knows of an exercise beside its scenario.
#[derive(Debug, Default)]
pub(super) struct About {
    /// Seats that people who join cannot take, and why.
    pub(super) closed: BTreeMap<String, String>,
    /// The name of the exercise's folder, where its report will lie. No more of the path than that is anybody's.
    pub(super) folder: String,
}

/// What is written down of whether both ends compared words.
pub(super) const fn compared_words(compared: bool) -> &'static str {
    match compared {
        true => "its words were compared at both ends",
        false => "nobody at control compared its words",
    }
}

/// Whom the control plane knows, and by which certificate: a seat that was given away has had others under the same name.
struct Member {
    certificate: Vec<u8>,
    known: Known,
}

/// As what.
enum Known {
    Seat(Line),
    Control(May),
}

/// What the facilitator is told.
enum Event {
    /// Somebody has a code and has made keys: are the words the same?
    Joins {
        /// The number of the code.
        number: u16,
        who: String,
        from: SocketAddr,
        words: String,
        answer: oneshot::Sender<Said>,
    },
    /// Somebody is in.
    In { number: u16, who: String },
    /// Somebody tried, and is not.
    Out {
        /// The number of the code, where it was right.
        number: Option<u16>,
        who: String,
        why: String,
    },
}

/// What the plane's tasks share with the lobby.
struct Shared {
    scenario: Arc<Scenario>,
    about: About,
    authority: PlaneAuthority,
    seams: Seams,
    events: mpsc::Sender<Event>,
    state: Mutex<State>,
    /// Who joined control.
    attendance: Attendance,
    /// Control's roster is changed by one after another.
    enrolling: Mutex<()>,
}

#[derive(Default)]
struct State {
    book: Book,
    /// By identity.
    known: BTreeMap<String, Member>,
    /// What is to be written down of how people joined.
    notes: Vec<String>,
    /// Identities that somebody is about to have.
    coming: BTreeSet<String>,
    seats: BTreeMap<String, Seat>,
    /// Once the conductor is there.
    asker: Option<Asker>,
    /// The exercise begins: who is not in by now does not come in any more.
    closed: bool,
}

/// The lobby; dropped, nobody comes in any more.
pub(super) struct Lobby {
    shared: Arc<Shared>,
    plane: Plane,
    events: mpsc::Receiver<Event>,
    args: LiveArgs,
    json: bool,
}

impl Lobby {
    /// Opens the control plane.
    pub(super) async fn open(
        (scenario, about): (&Arc<Scenario>, About),
        authority: PlaneAuthority,
        args: &LiveArgs,
        json: bool,
        seams: &Seams,
    ) -> Result<Self, Failure> {
        let (events, heard) = mpsc::channel(EVENTS);
        let shared = Arc::new(Shared {
            scenario: Arc::clone(scenario),
            about,
            authority,
            seams: seams.clone(),
            events,
            state: Mutex::default(),
            attendance: Attendance::default(),
            enrolling: Mutex::default(),
        });
        let tls = shared.authority.listener(seams)?;
        let opened = match listen(&shared, tls.clone(), args.listen).await {
            // Another exercise has the usual place: any other is printed with the codes.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && usual(args.listen) => {
                listen(&shared, tls, SocketAddr::new(args.listen.ip(), 0)).await
            }
            opened => opened,
        };
        let plane = opened.map_err(|error| {
            let what = format!("{}: {error}", args.listen);
            let help = "--listen ADDR:PORT, an address of this machine and a port that is free";
            Failure::new("HL-EX-195", exit::OTHER, what, help)
        })?;
        Ok(Self {
            shared,
            plane,
            events: heard,
            args: args.clone(),
            json,
        })
    }

    /// The address that desks of other machines reach.
    pub(super) fn at(&self) -> SocketAddr {
        self.plane.at()
    }

    /// Controllers and observers are served from now on.
    pub(super) fn conducts(&self, asker: Asker) {
        self.shared.state().asker = Some(asker);
    }

    /// Whether somebody joined who orders.
    pub(super) fn is_controlled(&self) -> bool {
        let state = self.shared.state();
        state
            .known
            .values()
            .any(|member| matches!(member.known, Known::Control(May::Order)))
    }

    /// Who joined control, for its records.
    pub(super) fn attendance(&self) -> Attendance {
        self.shared.attendance.clone()
    }

    /// What is to be written down of how people joined, beside the seats.
    pub(super) fn notes(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.state().notes)
    }

    /// The seats that were taken, to play.
    pub(super) fn seats(&self) -> BTreeMap<String, Seat> {
        std::mem::take(&mut self.shared.state().seats)
    }

    fn issue(&self, part: Part) -> Option<Code> {
        let now = self.shared.seams.clock.line();
        let mut entropy = |bytes: &mut [u8]| self.shared.seams.entropy.fill(bytes);
        self.shared.state().book.issue(part, now, &mut entropy)
    }

    /// A code as it is typed.
    fn ticket(&self, code: Code) -> Ticket {
        let at = self.plane.at();
        let at = match (at.ip().is_unspecified(), towards_others()) {
            (false, _) => at.to_string(),
            (true, Some(ip)) => SocketAddr::new(ip, at.port()).to_string(),
            // To be put in by whoever knows it.
            (true, None) => format!("ADDRESS:{}", at.port()),
        };
        Ticket { code, at }
    }
}

/// The address of this machine towards others: that of a socket that would send there. Nothing is sent.
fn towards_others() -> Option<IpAddr> {
    let anybody = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 9));
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(anybody).ok()?;
    socket.local_addr().ok().map(|at| at.ip())
}

async fn listen(shared: &Arc<Shared>, tls: ServerTls, at: SocketAddr) -> io::Result<Plane> {
    let serving = Arc::clone(shared);
    Plane::open(at, tls, move |guest| serve(Arc::clone(&serving), guest)).await
}

fn usual(at: SocketAddr) -> bool {
    at.to_string() == DEFAULT_AT
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a code's part is, for who joins with it.
    fn word(&self, part: &Part) -> Result<PartWord, Failure> {
        let seat = match part {
            Part::Controller => return Ok(PartWord::Controller),
            Part::Observer => return Ok(PartWord::Observer),
            Part::Seat(seat) => seat,
        };
        let failed = |why: String| super::failed(&why);
        let card = self.scenario.seat(seat);
        let desk = card.and_then(|card| card.desk.as_ref());
        let (Some(card), Some(desk)) = (card, desk) else {
            return Err(failed(format!("no desk at seat {seat}")));
        };
        let mut desks = self.scenario.topology.desks.iter();
        let side = desks
            .find(|known| *known.name == **desk)
            .map(|known| known.side)
            .ok_or_else(|| failed(format!("no desk {}", **desk)))?;
        let named = |role, name: &str| {
            let domain = domain(side).parse().map_err(|error| failed(format!("{error}")))?;
            Identity::new(domain, role, name).map_err(|error| failed(error.to_string()))
        };
        let officers: Result<Vec<String>, Failure> = card
            .officers
            .iter()
            .map(|officer| Ok(named(Role::Officer, officer)?.to_string()))
            .collect();
        Ok(PartWord::Seat {
            seat: seat.clone(),
            desk: named(Role::Desk, &desk.to_lowercase())?.to_string(),
            officers: officers?,
        })
    }

    fn title(&self) -> String {
        self.scenario.title.in_or_any(Tongue::En).to_owned()
    }

    /// Seats at which a person may sit.
    fn open_seats(&self) -> Vec<String> {
        let seats = self.scenario.seats.iter().filter(|seat| {
            seat.kind == SeatKind::Desk && seat.desk.is_some() && seat.scripted != Scripted::Always
        });
        let seats = seats.filter(|seat| !self.about.closed.contains_key(seat.name.as_str()));
        seats.map(|seat| seat.name.to_string()).collect()
    }

    /// Whether a script plays a seat that nobody takes.
    fn has_script(&self, seat: &str) -> bool {
        let known = self.scenario.seat(seat).map(|card| card.scripted);
        known != Some(Scripted::Never) && self.scenario.players.iter().any(|script| *script.seat == *seat)
    }

    /// For the facilitator's screen. Once the exercise has begun nobody looks at it.
    fn tell(&self, event: Event) {
        let _ = self.events.try_send(event);
    }
}

/// Serves whoever comes in over the control plane.
async fn serve(shared: Arc<Shared>, guest: Guest) {
    let Some(identity) = guest.peer.clone() else {
        admit::admit(&shared, guest).await;
        return;
    };
    let peer = identity.to_string();
    let Guest {
        certificate,
        place,
        reader,
        writer,
        at,
        ..
    } = guest;
    let (line, may, asker) = {
        let state = shared.state();
        let member = state.known.get(&peer);
        let member = member.filter(|member| Some(&member.certificate) == certificate.as_ref());
        let (line, may) = match member.map(|member| &member.known) {
            Some(Known::Seat(line)) => (Some(line.clone()), None),
            Some(Known::Control(may)) => (None, Some(*may)),
            None => (None, None),
        };
        (line, may, state.asker.clone())
    };
    // It is held until the connection ends.
    let Some(_place) = place else {
        admit::crowded(writer, line.is_some()).await;
        return;
    };
    match (line, may, asker) {
        // A seat is told what its own person may know, and has no way to ask anything else.
        (Some(line), ..) => line.serve(reader, writer, at).await,
        (None, Some(may), Some(asker)) => {
            let _call = shared.attendance.calls(identity.name());
            let _ = asker.serve(reader.into_inner(), writer.into_inner(), may).await;
        }
        (None, Some(_), None) => admit::not_yet(writer).await,
        (None, None, _) => admit::nobody(writer).await,
    }
}
