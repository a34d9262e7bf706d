//! `storm`: many schedules by seed, judged; see `faults/README.md`.
//!
//! Exit codes: 0 all promises held, 1 something else failed, 2 the command line is wrong, 3 a promise was broken. With
//! `--json` the last line on standard output is one object; everything else goes to standard error.

#![expect(
    clippy::disallowed_methods,
    reason = "a tool that measures itself reads the clock"
)]

use std::{
    fs::OpenOptions,
    io::Write,
    path::PathBuf,
    process::ExitCode,
    sync::LazyLock,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use clap::Parser;
use hotline_tests::storm::{
    many::{Order, Total, many},
    mix::WINDOW_MS,
    plants::{self, PLANTS},
    play::{self, With},
    shape::Shape,
};
use serde_json::{Value, json};

/// A promise was broken.
const BROKEN: u8 = 3;
/// The command line is wrong.
const USAGE: u8 = 2;
/// Schedules between two lines of the soak's ledger.
const SOAK_STEP: u64 = 500;

/// Whole lines in simulated worlds, broken by seed.
#[derive(Debug, Parser)]
#[command(name = "storm")]
struct Args {
    /// Schedules to play.
    #[arg(long, default_value_t = 200)]
    schedules: u64,
    /// First seed; the others follow.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Relays: 2 to 4, shared over the two sides in turn.
    #[arg(long, default_value_t = 2)]
    relays: usize,
    /// Desks: 2, or 4 in two pairs, each with a desk of each side.
    #[arg(long, default_value_t = 2)]
    desks: usize,
    /// Plants a bug, which must then be found; `list` prints their names.
    #[arg(long)]
    plant: Option<String>,
    /// Plays one seed and tells what happened.
    #[arg(long)]
    replay: Option<u64>,
    /// With `--replay`: faults stop after so many milliseconds.
    #[arg(long, default_value_t = WINDOW_MS)]
    window_ms: u64,
    /// Plays for so many hours.
    #[arg(long, conflicts_with = "minutes")]
    soak: Option<f64>,
    /// Plays for so many minutes.
    #[arg(long)]
    minutes: Option<f64>,
    /// Where the soak appends what it did, a JSON object a line.
    #[arg(long)]
    ledger: Option<PathBuf>,
    /// Prints one object as the last line.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.plant.as_deref() == Some("list") {
        for (name, _) in PLANTS {
            println!("{name}");
        }
        return ExitCode::SUCCESS;
    }
    let plant = match args.plant.as_deref().map(|name| (name, plants::named(name))) {
        Some((name, None)) => {
            eprintln!("there is no plant {name}; --plant list prints their names");
            return ExitCode::from(USAGE);
        }
        Some((_, found)) => found,
        None => None,
    };
    let shape = match Shape::new(args.relays, args.desks) {
        Ok(shape) => shape,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(USAGE);
        }
    };
    let with = With {
        shape,
        plant,
        window_ms: WINDOW_MS,
    };
    if let Some(seed) = args.replay {
        let window_ms = args.window_ms;
        return replay(seed, With { window_ms, ..with });
    }
    let hours = args.soak.or(args.minutes.map(|minutes| minutes / 60.0));
    match hours {
        Some(hours) => soak(&args, shape, hours),
        None => sweep(&args, with),
    }
}

fn sweep(args: &Args, with: With) -> ExitCode {
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let total = many(Order {
        seed: args.seed,
        schedules: args.schedules,
        with,
        stop_at_first: with.plant.is_some(),
    });
    let cpu = (cpu_seconds() - cpu).max(0.001);
    tell(&total, with);
    if args.json {
        let mut object = object(&total, with.shape);
        object["seed"] = json!(args.seed);
        object["plant"] = json!(with.plant);
        object["wall_seconds"] = json!(round(began.elapsed().as_secs_f64()));
        object["cpu_seconds"] = json!(round(cpu));
        object["schedules_per_cpu_second"] = json!(round(total.schedules as f64 / cpu));
        println!("{object}");
    }
    ended(&total)
}

fn ended(total: &Total) -> ExitCode {
    if total.held() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(BROKEN)
    }
}

/// What failed, in words, the first one shrunk.
fn tell(total: &Total, with: With) {
    for ending in total.failed.iter().take(10) {
        eprintln!("seed {} at commit {}: {:?}", ending.seed, commit(), ending.kinds);
        for broken in ending.broken.iter().take(3) {
            eprintln!("  {:>6} ms {:?}: {}", broken.at_ms, broken.promise, broken.what);
        }
    }
    if let Some(first) = total.failed.first() {
        let (window_ms, _) = play::shrink(first.seed, with);
        let plant = with
            .plant
            .map(|name| format!(" --plant {name}"))
            .unwrap_or_default();
        eprintln!(
            "replay the first: cargo run --release -p hotline-tests --bin storm -- --relays {} --desks {} --replay {} \
             --window-ms {window_ms}{plant}",
            with.shape.relays(),
            with.shape.desks(),
            first.seed
        );
    }
}

fn object(total: &Total, shape: Shape) -> Value {
    let figures = &total.figures;
    let (crashes, partitions) = total.least.unwrap_or_default();
    let mut folded = hotline_tests::storm::many::fold(&total.traces);
    folded.truncate(32);
    json!({
        "relays": shape.relays(),
        "desks": shape.desks(),
        "schedules": total.schedules,
        "lost": total.lost,
        "shown_twice": total.shown_twice,
        "stuck": total.stuck,
        "other": total.other,
        "failed_seeds": total.failed.iter().map(|ending| ending.seed).collect::<Vec<_>>(),
        "crashes": figures.crashes,
        "partitions": figures.partitions,
        "crashes_least": crashes,
        "partitions_least": partitions,
        "released": figures.released,
        "delivered": figures.delivered,
        "packets": figures.packets,
        "virtual_seconds": figures.virtual_ms / 1000,
        "healed_in_ms_max": total.healed_in_ms_max,
        "queue_max": figures.queue_max,
        "dials_per_second_max": figures.dials_per_second_max,
        "bytes_per_second_max": figures.bytes_per_second,
        "bytes_per_delivered_byte_max": figures.bytes_per_delivered,
        "bytes_per_delivered_byte": round(figures.bytes as f64 / figures.delivered_bytes.max(1) as f64),
        "traces": folded,
        "commit": commit(),
    })
}

fn replay(seed: u64, with: With) -> ExitCode {
    let ending = play::play(seed, with);
    println!(
        "seed {seed}, {} relays, {} desks: {:?}\ntrace {}\n{:?}",
        with.shape.relays(),
        with.shape.desks(),
        ending.kinds,
        ending.trace,
        ending.figures
    );
    for broken in &ending.broken {
        println!("  {:>6} ms {:?}: {}", broken.at_ms, broken.promise, broken.what);
    }
    if ending.broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(BROKEN)
    }
}

/// Plays on from seed to seed until the time is over, and writes down what was done.
fn soak(args: &Args, shape: Shape, hours: f64) -> ExitCode {
    let began = Instant::now();
    let with = With {
        shape,
        ..With::default()
    };
    let (mut seed, mut code) = (args.seed, ExitCode::SUCCESS);
    // Asked before the first schedule.
    commit();
    while began.elapsed().as_secs_f64() < hours * 3600.0 {
        let cpu = cpu_seconds();
        let total = many(Order {
            seed,
            schedules: SOAK_STEP,
            with,
            stop_at_first: false,
        });
        tell(&total, with);
        let mut line = object(&total, shape);
        line["seed"] = json!(seed);
        line["cpu_seconds"] = json!(round(cpu_seconds() - cpu));
        line["at_unix_s"] = json!(
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs())
        );
        println!("{line}");
        if let Some(ledger) = &args.ledger {
            let file = OpenOptions::new().create(true).append(true).open(ledger);
            if let Err(error) = file.and_then(|mut file| writeln!(file, "{line}")) {
                eprintln!("could not write {}: {error}", ledger.display());
                return ExitCode::FAILURE;
            }
        }
        if !total.held() {
            code = ExitCode::from(BROKEN);
        }
        seed += SOAK_STEP;
    }
    code
}

/// Processor time of this process, in seconds.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields 14 and 15, behind the name in brackets: user and system time in ticks of 10 ms.
    let fields: Vec<&str> = text
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|field| field.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) / 100.0
}

fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// The commit that was checked out when this program first asked, if this is a checkout: a soak outlives commits.
fn commit() -> &'static str {
    static COMMIT: LazyLock<String> = LazyLock::new(|| {
        std::process::Command::new("git")
            .args(["rev-parse", "--short=12", "HEAD"])
            .output()
            .ok()
            .filter(|output| output.status.success())
            .map_or_else(
                || "unknown".into(),
                |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            )
    });
    &COMMIT
}
