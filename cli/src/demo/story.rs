//! The story of the demo, step by step. Each step acts through verbs and tells what was seen.

mod broken;
mod dispute;
mod evidence;
mod ladder;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use hotline_audit::trust::TrustPolicy;
use hotline_client::{
    request::{Answer, Request},
    view::MessageView,
};
use hotline_core::words::Rung;
use hotline_transport::Seams;
use tokio::time::Instant;

pub(crate) use self::evidence::flip_one;
use self::{
    broken::{intrude, kill_north},
    dispute::dispute,
    evidence::evidence,
    ladder::{climb, collision},
};
use super::{check::Told, stage::Stage};
use crate::{
    desk::{Common, seat::Seat},
    exit::Failure,
    log,
};

/// The collision, in the words of code HZ-01.
const HZ_01: &str = "HZ-01 OURS. 221040Z. Collision of our survey vessel LARK with your ferry SOLVEIG, 58-12N 004-31E, uncertainty 1 nm. Both afloat, ferry listing, 214 aboard. No hostile intent. Help wanted: all vessels and helicopters within 60 nm.";

/// The policy that is left beside the sides' folders.
const POLICY: &str = "policy";

/// Time of traffic before and after the kill.
const TRAFFIC: Duration = Duration::from_secs(2);

/// How long a receipt may be awaited before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// Plays the story; tells whether everything passed.
///
/// # Errors
/// If the stage cannot be set up.
pub async fn run(
    dir: &Path,
    exe: PathBuf,
    seams: &Seams,
    mut told: Told,
    kept: bool,
) -> Result<bool, Failure> {
    let start = Instant::now();
    let mut stage = Stage::build(dir, exe, seams)?;
    told.part("EXERCISE EXERCISE. Two ministries, Avelia and Borenia, one line.");
    told.step(&format!(
        "fresh certificates, keys and a charter for both sides, in {} ms",
        start.elapsed().as_millis()
    ));
    for side in &stage.sides {
        told.step(&format!("{} reads aloud: {}", side.name, side.words));
    }
    let played = play(&mut stage, seams, &mut told).await;
    stage.close().await;
    if let Ok(flash) = &played {
        evidence(&stage, &mut told);
        dispute(&stage, &mut told, flash);
        if kept {
            leave_policy(&stage, &mut told);
        }
    }
    if let Err(failure) = &played {
        told.check("the story is played to its end", false, failure.what.clone());
    }
    told.summary.seconds = start.elapsed().as_secs_f64();
    let next = next_steps(&stage, kept);
    Ok(told.finish(&next))
}

/// For whoever wants to judge both sides' bundles: a policy to start from, made of Avelia's trust folder.
fn leave_policy(stage: &Stage, told: &mut Told) {
    let place = stage.dir.join(POLICY);
    let made = TrustPolicy::load_folder(&stage.trust(0))
        .map_err(|error| error.to_string())
        .and_then(|trust| log::policy::policy(&trust).map_err(|failure| failure.what))
        .and_then(|text| std::fs::write(&place, text).map_err(|error| error.to_string()));
    let passed = made.is_ok();
    let detail = made.err().unwrap_or_else(|| place.display().to_string());
    told.check("a policy to judge the evidence with is left", passed, detail);
}

/// Plays it; gives back the FLASH.
async fn play(stage: &mut Stage, seams: &Seams, told: &mut Told) -> Result<MessageView, Failure> {
    open_line(stage, told).await?;
    let flash = collision(stage, told).await?;
    climb(stage, told, &flash).await?;
    kill_north(stage, told).await?;
    intrude(stage, seams, told).await?;
    Ok(flash)
}

async fn open_line(stage: &mut Stage, told: &mut Told) -> Result<(), Failure> {
    let relays: Vec<String> = stage.sides.iter().map(|side| side.relay.name.clone()).collect();
    for relay in &relays {
        let ready = stage.start_relay(relay).await?;
        told.step(&format!(
            "relay {relay} listens: QUIC {}, gRPC on TCP {}",
            ready["quic"].as_str().unwrap_or("?"),
            ready["tcp"].as_str().unwrap_or("?")
        ));
    }
    for side in 0..2 {
        stage.start_desk(side).await?;
    }
    for side in 0..2 {
        stage.legs_up(side, 4).await?;
        told.step(&format!(
            "desk of {}: four legs up, two relays by two doors, mutually authenticated",
            stage.sides[side].name
        ));
    }
    Ok(())
}

async fn wait(seat: &mut Seat, view: &MessageView, rung: Rung) -> Result<MessageView, Failure> {
    let within_ms = u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX);
    let request = Request::Wait {
        message: view.sha256.clone(),
        rung: rung.name().into(),
        within_ms,
    };
    match seat.ask(request).await? {
        Answer::Message(view) => Ok(*view),
        _ => Ok(view.clone()),
    }
}

fn common(stage: &Stage, side: usize) -> Common {
    Common {
        config: Some(stage.sides[side].desk.clone()),
        json: false,
        passphrase_file: None,
    }
}

fn next_steps(stage: &Stage, kept: bool) -> Vec<String> {
    if !kept {
        return vec![
            "cargo run --release -- demo --play          two people, two terminals".into(),
            "cargo run --release -- demo --keep DIR      keep the files and look into them".into(),
        ];
    }
    let [(_, relay), (_, desk), (_, other), _] =
        stage.ledgers().try_into().unwrap_or_else(|_| Default::default());
    let trust = stage.trust(0);
    let [a, b] = ["a.bundle", "b.bundle"].map(|name| stage.dir.join(name));
    let [bundle_a, bundle_b] = [(0, &a, " --open A-0001"), (1, &b, "")].map(|(side, out, open)| {
        let from = stage
            .sides
            .get(side)
            .map(|side| side.folder.clone())
            .unwrap_or_default();
        format!(
            "hotline log bundle --from {} --out {}{open}",
            from.display(),
            out.display()
        )
    });
    vec![
        bundle_a,
        bundle_b,
        format!(
            "hotline-audit dispute {} {} --policy {} --message A-0001",
            a.display(),
            b.display(),
            stage.dir.join(POLICY).display()
        ),
        format!(
            "hotline log verify {} --trust {}",
            relay.display(),
            trust.display()
        ),
        format!("hotline log show {}", desk.display()),
        format!(
            "hotline log compare {} {} --trust {}",
            relay.display(),
            other.display(),
            trust.display()
        ),
        format!(
            "hotline log export {} --out {}",
            relay.display(),
            stage.dir.join("exported").display()
        ),
        format!(
            "hotline pki inspect {}",
            stage.sides[0].desk.with_file_name("tls.crt").display()
        ),
    ]
}
