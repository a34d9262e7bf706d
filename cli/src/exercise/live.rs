//! A live exercise: people join, the stage opens around them, the conductor plays, and their desks' logs are gathered.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hotline_exercise::{
    bundle::LOGS,
    codebook::{Codebook, shipped},
    live::{
        closed::closed,
        conductor::{ConductError, Conductor, Played, obey::Controlled, seats::Told},
        door::{Door, SOCKET},
        joined::{Joined, Line, log, words::FromSeat},
        scene::wait_until_quiet,
        site::Site,
        stage::{Elsewhere, JoinedSeat, Opens, Stage},
    },
    order::Authority,
    plan::Plan,
    record::Kind,
    scenario::{Scenario, lists::Scripted},
};
use hotline_transport::Seams;
use tokio::{sync::mpsc, time::Instant};

use super::{
    asked::Asked,
    evidence, failed,
    lobby::{About, Lobby, Seat, compared_words},
    made::{Begun, Made},
    making, report,
    roll::Roll,
    run::{RunArgs, broken_off, not_begun, tell},
};
use crate::exit::{self, Failure, Outcome};

/// Most folders of one scenario in a folder.
const FOLDERS: u32 = 1_000;
/// How long a seat whose log is still to come may take to call again. 60 s: it calls every second, and a person whose
/// program has ended types one line.
const COMES_BACK_WITHIN: Duration = Duration::from_secs(60);
/// How often an interruption is looked for meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A new folder for a live exercise of which nobody said where it goes.
pub(super) fn folder(scenario: &Scenario, headless: bool) -> Result<PathBuf, Failure> {
    let usual = format!("exercise-{}", *scenario.id);
    let names = (2..FOLDERS).map(|number| format!("{usual}-{number}"));
    let free = std::iter::once(usual.clone())
        .chain(names)
        .find(|name| !Path::new(name).exists());
    match free.filter(|_| !headless) {
        Some(name) => Ok(name.into()),
        None => Err(Failure::new(
            "HL-EX-130",
            exit::USAGE,
            "a new folder for report and evidence is needed",
            "--out DIR",
        )),
    }
}

/// A live exercise whose stage is open.
struct Playing<'a> {
    scenario: &'a Arc<Scenario>,
    args: RunArgs,
    made: Made,
    joined: Vec<JoinedSeat>,
    conductor: Conductor<Stage>,
    interrupted: Arc<AtomicBool>,
    // Held: who has joined comes back to it.
    _lobby: Lobby,
}

/// How the story begins, or goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Starts {
    /// It runs.
    AsPlanned,
    /// It stands until somebody resumes it.
    Paused,
}

/// What the conductor writes into its log, so that it can be made again from that.
fn files(scenario: &Scenario) -> [(&str, &str); 2] {
    [
        ("scenario", scenario.source.text.as_str()),
        ("codebook", shipped::STARTER),
    ]
}

/// Plays with people.
pub(super) async fn play(
    scenario: &Arc<Scenario>,
    args: RunArgs,
    codebook: Codebook,
    interrupted: Arc<AtomicBool>,
) -> Outcome {
    let seams = Seams::system();
    let begun = Begun::make(scenario, &args, &seams)?;
    let authority = begun.excon.make_plane(&seams)?;
    let about = about(scenario, &args)?;
    let mut lobby = Lobby::open((scenario, about), authority, &args.live, args.json, &seams).await?;
    lobby.gather(&interrupted).await?;
    let mut seats = lobby.seats();
    let exercise = begun.excon.exercise.clone();
    let site = making::site_with(
        scenario,
        &exercise,
        codebook.sha256(),
        &mut seats,
        &begun.root,
        &seams,
    )
    .await?;
    let made = begun.with(site, scenario, &codebook, &seams)?;
    let made = made.with_people(seats.keys().cloned());
    let mut notes = notes(&seats);
    notes.extend(lobby.notes());
    Asked::of(&args, scenario, &made)
        .with(lobby.roll(notes.clone()))
        .write(&made.site.root)?;
    let seats = seats
        .into_iter()
        .map(|(name, seat)| (name, (seat.line, seat.says)));
    let mut joined = joined(scenario, seats);
    let elsewhere = Elsewhere {
        joined: &mut joined,
        at: Some(lobby.at().ip()),
        // `run` has refused one that sleeps.
        opens: Opens::New,
    };
    let stage = made.open_with(scenario, &args, elsewhere).await?;
    let starts = if args.by_hand.starts_paused() {
        Starts::Paused
    } else {
        Starts::AsPlanned
    };
    let controlled = controlled(&made, &args, &lobby, &joined, (notes, starts), &seams).await?;
    let startex = made.startex(scenario, &args, &codebook);
    let plan = Plan::new(Arc::clone(scenario), args.variant.as_deref());
    let log = made.log(&seams)?;
    let conductor = Conductor::new(plan, stage, log, codebook, seams, Arc::clone(&interrupted));
    let mut playing = Playing {
        scenario,
        args,
        made,
        joined,
        conductor: conductor.controlled(controlled),
        interrupted,
        _lobby: lobby,
    };
    let played = playing.conductor.play(startex, &files(scenario)).await;
    playing.end(played).await
}

/// Goes on with an exercise of people whose control had stopped: everything of control is started again where it was, and
/// who had joined calls again. The story stands until somebody has it go on.
pub(super) async fn resume(
    scenario: &Arc<Scenario>,
    args: RunArgs,
    (made, roll): (Made, Roll),
    codebook: Codebook,
    interrupted: Arc<AtomicBool>,
) -> Outcome {
    let seams = Seams::system();
    // Its lock first: whoever has it not touches nothing of the stage.
    let log = made.log(&seams)?;
    let records = log.records().map_err(|error| failed(&error))?;
    if records.is_empty() {
        return Err(not_begun(&args));
    }
    let over = records
        .iter()
        .any(|kept| matches!(kept.record.kind, Kind::Endex { .. }));
    let authority = made.excon.open_plane()?;
    let seats: BTreeMap<String, _> = roll
        .seats()
        .into_iter()
        .map(|seat| (seat.clone(), Line::new(&seat, desk(scenario, &seat))))
        .collect();
    let lines = seats.iter().map(|(seat, (line, _))| (seat.clone(), line.clone()));
    // Before anything is started: whoever joined calls there and nowhere else.
    let lobby = Lobby::again(scenario, authority, (&roll, lines.collect()), &args, &seams).await?;
    let mut joined = joined(scenario, seats.into_iter());
    let elsewhere = Elsewhere {
        joined: &mut joined,
        at: Some(roll.at.ip()),
        opens: Opens::Again,
    };
    let stage = made.open_with(scenario, &args, elsewhere).await?;
    if !over {
        lobby.awaits(&args);
    }
    let controlled = controlled(
        &made,
        &args,
        &lobby,
        &joined,
        (roll.notes, Starts::Paused),
        &seams,
    )
    .await?;
    let plan = Plan::new(Arc::clone(scenario), args.variant.as_deref());
    let conductor = Conductor::new(plan, stage, log, codebook, seams, Arc::clone(&interrupted));
    let mut playing = Playing {
        scenario,
        args,
        made,
        joined,
        conductor: conductor.controlled(controlled),
        interrupted,
        _lobby: lobby,
    };
    let played = playing.conductor.resume(&files(scenario)).await;
    if let Err(ConductError::Over(_)) = &played {
        playing.await_logs().await;
    }
    playing.end(played).await
}

impl Playing<'_> {
    /// It had ended, and control stopped while logs came: seats whose log is not there are waited for.
    async fn await_logs(&self) {
        let logs = self.args.out.join(evidence::FOLDER).join(LOGS);
        let until = Instant::now() + COMES_BACK_WITHIN;
        for JoinedSeat { joined, .. } in &self.joined {
            let has_come = logs.join(log_of(&joined.desk)).exists();
            while !has_come && Instant::now() < until && !self.interrupted.load(Ordering::Relaxed) {
                if joined.line.connected(LOOK_EVERY).await.is_ok() {
                    break;
                }
            }
        }
    }

    /// Closes the stage, gathers the evidence and makes the report.
    async fn end(self, played: Result<Played, ConductError>) -> Outcome {
        let Self {
            scenario,
            args,
            made,
            mut joined,
            mut conductor,
            interrupted,
            _lobby,
        } = self;
        if let Err(error) = &played {
            // So that its log says that it ended here. If even that cannot be written, the log says nothing more.
            let _ = conductor.give_up(error);
        }
        let (_, mut stage, log) = conductor.into_parts();
        wait_until_quiet(&mut stage).await;
        let folder = args.out.join(evidence::FOLDER);
        let elsewhere = gather_logs(&mut joined, &made.site, &folder, &interrupted).await;
        let closed = stage.close().await;
        drop(log);
        evidence::gather_with(&made.site, &made.excon, scenario, &elsewhere, &folder)?;
        if let Ok(played) = &played {
            tell(scenario, played, &args);
        }
        let reported = report::make(&folder, &args.out, args.json);
        match (played, closed) {
            (Ok(_) | Err(ConductError::Over(_)), Ok(())) => reported,
            (Err(error), _) => Err(broken_off(&error, &args)),
            (Ok(_), Err(error)) => Err(failed(&error)),
        }
    }
}

/// What the lobby knows of an exercise beside its scenario.
///
/// # Errors
/// A seat is for people only, and no people who join could play it.
fn about(scenario: &Scenario, args: &RunArgs) -> Result<About, Failure> {
    let closed = closed(scenario, args.variant.as_deref());
    let folder = args
        .out
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    for (seat, why) in &closed {
        let card = scenario.seat(seat).map(|card| card.scripted);
        let script = scenario.players.iter().any(|script| *script.seat == **seat);
        if !script || card == Some(Scripted::Never) {
            let what = format!("nobody could play at {seat}: {why}");
            let help = "leave that inject out, or give the seat a script";
            return Err(Failure::new("HL-EX-151", exit::CONFIG, what, help));
        }
    }
    Ok(About {
        closed,
        folder: folder.unwrap_or_default(),
    })
}

/// What control writes down about who joined.
fn notes(seats: &BTreeMap<String, Seat>) -> Vec<String> {
    let note = |(name, seat): (&String, &Seat)| {
        let compared = compared_words(seat.compared);
        format!("seat {name} joined with a code; {compared}")
    };
    seats.iter().map(note).collect()
}

fn joined(
    scenario: &Scenario,
    seats: impl Iterator<Item = (String, (Line, mpsc::Receiver<FromSeat>))>,
) -> Vec<JoinedSeat> {
    let joined = seats.map(|(name, (line, says))| {
        let officers = scenario.seat(&name).map(|card| card.officers.as_slice());
        let joined = Joined {
            papers: papers(scenario, &name),
            desk: desk(scenario, &name).to_owned(),
            officers: officers
                .unwrap_or_default()
                .iter()
                .map(|officer| officer.value.clone())
                .collect(),
            seat: name,
            line,
        };
        JoinedSeat { joined, says }
    });
    joined.collect()
}

/// The desk of a seat.
pub(super) fn desk<'a>(scenario: &'a Scenario, seat: &str) -> &'a str {
    let desk = scenario.seat(seat).and_then(|card| card.desk.as_ref());
    desk.map(|desk| desk.value.as_str()).unwrap_or_default()
}

/// What the people of a seat read: the codebook, and their role cards in each language that these are written in.
fn papers(scenario: &Scenario, seat: &str) -> BTreeMap<String, String> {
    let mut papers = BTreeMap::from([("codebook.toml".to_owned(), shipped::STARTER.to_owned())]);
    for card in scenario.handouts.iter().filter(|card| *card.seat == *seat) {
        for (tongue, text) in &card.text.0 {
            papers.insert(format!("role/{}.{}.txt", *card.id, tongue.name()), text.clone());
        }
    }
    papers
}

/// Opens control's door, on this machine and over the control plane.
async fn controlled(
    made: &Made,
    args: &RunArgs,
    lobby: &Lobby,
    joined: &[JoinedSeat],
    (notes, starts): (Vec<String>, Starts),
    seams: &Seams,
) -> Result<Controlled, Failure> {
    let socket = made.site.root.join(SOCKET);
    let door = Door::open(&socket)
        .await
        .map_err(|error| Failure::io(&socket.display().to_string(), &error))?;
    lobby.conducts(door.asker());
    let here = args.by_hand.persons(&made.site).into_iter();
    let there = joined.iter().map(|seat| &seat.joined);
    let persons = here
        .map(|(seat, file)| (seat, Told::File(file)))
        .chain(there.map(|joined| (joined.seat.clone(), Told::Joined(joined.line.clone()))))
        .collect();
    if !args.json {
        eprintln!("control: hotline control status --dir {}", args.out.display());
    }
    Ok(Controlled {
        door,
        authority: Authority {
            rosters: made.excon.keys(seams)?.rosters,
            exercise: made.excon.exercise.clone(),
            conductor: made.excon.conductor.to_string(),
        },
        start_paused: starts == Starts::Paused,
        persons,
        notes,
        attendance: lobby.attendance(),
        decide: args.by_hand.controlled || lobby.is_controlled(),
    })
}

/// Each joined desk's log, into the evidence. One that does not come is told, and the report says that it is missing.
async fn gather_logs(
    joined: &mut [JoinedSeat],
    site: &Site,
    folder: &Path,
    interrupted: &AtomicBool,
) -> Vec<String> {
    let mut desks = Vec::new();
    for JoinedSeat { joined, says } in joined {
        desks.push(joined.desk.clone());
        let name = log_of(&joined.desk);
        if folder.join(LOGS).join(&name).exists() {
            // Control stopped behind that.
            continue;
        }
        let identity = site.desks().find(|(_, desk)| desk.name == joined.desk);
        let identity = identity.map_or("", |(_, desk)| desk.identity.as_str());
        let place = log::Place {
            to: &folder.join(LOGS).join(&name),
            aside: &folder.with_file_name(format!("{name}.coming")),
            no: Seams::system().clock.wall().unix_ms(),
            origin: identity.strip_prefix("spiffe://").unwrap_or_default(),
        };
        if let Err(error) = log::take(&joined.line, says, place, interrupted).await {
            eprintln!(
                "the log of desk {} is not in the evidence: seat {}: {error}",
                joined.desk, joined.seat
            );
        }
    }
    desks
}

/// The folder of a desk's log in the evidence.
pub(super) fn log_of(desk: &str) -> String {
    format!("desk-{desk}")
}
