//! A live exercise: people join, the stage opens around them, the conductor plays, and their desks' logs are gathered.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use hotline_exercise::{
    bundle::LOGS,
    codebook::{Codebook, shipped},
    live::{
        closed::closed,
        conductor::{Conductor, obey::Controlled, seats::Told},
        door::{Door, SOCKET},
        joined::{Joined, log},
        scene::wait_until_quiet,
        site::Site,
        stage::{Elsewhere, JoinedSeat},
    },
    order::Authority,
    plan::Plan,
    scenario::{Scenario, lists::Scripted},
};
use hotline_transport::Seams;

use super::{
    evidence, failed,
    lobby::{About, Lobby, Seat, compared_words},
    made::{Begun, Made},
    making, report,
    run::{RunArgs, broken_off, tell},
};
use crate::exit::{self, Failure, Outcome};

/// Most folders of one scenario in a folder.
const FOLDERS: u32 = 1_000;

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
    let mut joined = joined(scenario, seats);
    let elsewhere = Elsewhere {
        joined: &mut joined,
        at: Some(lobby.at().ip()),
        // `run` has refused one that sleeps.
        asleep: false,
    };
    let stage = made.open_with(scenario, &args, elsewhere).await?;
    let controlled = controlled(&made, &args, &lobby, &joined, notes, &seams).await?;
    let plan = Plan::new(Arc::clone(scenario), args.variant.as_deref());
    let log = made.log(&seams)?;
    let mut conductor = Conductor::new(
        plan,
        stage,
        log,
        codebook.clone(),
        seams.clone(),
        Arc::clone(&interrupted),
    )
    .controlled(controlled);
    let files = [
        ("scenario", scenario.source.text.as_str()),
        ("codebook", shipped::STARTER),
    ];
    let played = conductor
        .play(made.startex(scenario, &args, &codebook), &files)
        .await;
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
        (Ok(_), Ok(())) => reported,
        (Err(error), _) => Err(broken_off(&error, &args)),
        (Ok(_), Err(error)) => Err(failed(&error)),
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

fn joined(scenario: &Scenario, seats: BTreeMap<String, Seat>) -> Vec<JoinedSeat> {
    let joined = seats.into_iter().filter_map(|(name, seat)| {
        let desk = scenario.seat(&name)?.desk.as_ref()?.to_string();
        let joined = Joined {
            papers: papers(scenario, &name),
            seat: name,
            desk,
            officers: seat.officers.into_keys().collect(),
            line: seat.line,
        };
        Some(JoinedSeat {
            joined,
            says: seat.says,
        })
    });
    joined.collect()
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
    notes: Vec<String>,
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
        start_paused: args.by_hand.starts_paused(),
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
        let name = format!("desk-{}", joined.desk);
        let identity = site.desks().find(|(_, desk)| desk.name == joined.desk);
        let identity = identity.map_or("", |(_, desk)| desk.identity.as_str());
        let place = log::Place {
            to: &folder.join(LOGS).join(&name),
            aside: &folder.with_file_name(format!("{name}.coming")),
            origin: identity.strip_prefix("spiffe://").unwrap_or_default(),
        };
        if let Err(error) = log::take(&joined.line, says, place, interrupted).await {
            eprintln!(
                "the log of desk {} is not in the evidence: seat {}: {error}",
                joined.desk, joined.seat
            );
        }
        desks.push(joined.desk.clone());
    }
    desks
}
