//! `hotline fault run`: a proxy in front of a leg, until it is told to end.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
};

use clap::Args;
use hotline_faults::{
    control::{self, Bound},
    live::{Listen, Protocol, Proxy},
    plan::{Happened, Plan},
    preset::Preset,
    rig::Rig,
};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::{
    address::{Pair, pairs, typed},
    ask, wrong,
};
use crate::exit::{self, Failure, Outcome};

/// Longest plan file, in bytes. 1 MiB: a thousand faults.
const PLAN_MAX: u64 = 1 << 20;

/// `hotline fault run`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Where to listen: udp:127.0.0.1:7001, tcp:127.0.0.1:7001, or 127.0.0.1:7001 for both. Twice for two ports.
    #[arg(long, value_name = "ADDRESS", required = true)]
    listen: Vec<String>,
    /// Where to forward to: the relay's door. Once for all, or once for each --listen.
    #[arg(long, value_name = "ADDRESS", required = true)]
    to: Vec<String>,
    /// A link by place: lan, national-fibre, transcontinental, geo-satellite (satellite), hf-like, congested.
    #[arg(long, value_name = "PLACE")]
    preset: Option<String>,
    /// The same seed decides the same about the same packets.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What to call the proxy, for --on. link-PORT if left out.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The control socket, instead of one in the user's own folder.
    #[arg(long, value_name = "SOCKET")]
    control: Option<PathBuf>,
    /// A fault plan, played from the start.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Print objects, one a line.
    #[arg(long)]
    json: bool,
    /// End when the process that started this one ends.
    #[arg(long, hide = true, value_name = "PID")]
    die_with_parent: Option<i32>,
}

pub(super) fn run(args: RunArgs) -> Outcome {
    exit::die_with_parent(args.die_with_parent)?;
    let runtime = hotline_transport::node_runtime().map_err(|error| Failure::io("the runtime", &error))?;
    let json = args.json;
    runtime
        .block_on(proxy(args))
        .map_err(|failure| failure.as_json(json))
}

async fn proxy(args: RunArgs) -> Outcome {
    let json = args.json;
    let addresses = |option: &str, texts: &[String]| {
        let read = |text: &String| typed(text).map_err(|what| wrong(&[option, text], 1, &what, json));
        texts.iter().map(read).collect::<Result<Vec<_>, _>>()
    };
    let pairs = pairs(
        &addresses("--listen", &args.listen)?,
        &addresses("--to", &args.to)?,
    )
    .map_err(|what| Failure::new("HL-FAULT-001", exit::USAGE, what, "hotline fault run --help"))?;
    let preset = match &args.preset {
        Some(name) => Some(Preset::named(name).map_err(|what| wrong(&["--preset", name], 1, &what, json))?),
        None => None,
    };
    let plan = args.plan.as_ref().map(read_plan).transpose()?;
    let rig = open(&pairs, args.seed).await?;
    if let Some(preset) = preset {
        rig.preset(preset)
            .map_err(|error| Failure::new("HL-FAULT-001", exit::USAGE, error.to_string(), ""))?;
    }
    if let Some(plan) = &plan {
        plan.check(&rig).map_err(|errors| bad_plan(&errors.to_string()))?;
    }
    let (name, bound, path) = control_socket(&args, &rig)?;
    let rig = Arc::new(rig);
    announce(&rig, &name, &args, &path);
    let broken = |error: io::Error| Failure::io("signals", &error);
    let mut term = signal(SignalKind::terminate()).map_err(broken)?;
    let play = async {
        if let Some(plan) = &plan {
            plan.play(&rig, |happened| tell(&happened, json)).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        _ = term.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
        () = control::serve(Arc::clone(&rig), bound) => {}
        () = play => {}
    }
    farewell(&rig, json);
    Ok(exit::OK)
}

fn read_plan(file: &PathBuf) -> Result<Plan, Failure> {
    let place = file.display().to_string();
    let broken = |error: io::Error| Failure::io(&place, &error);
    let size = std::fs::metadata(file).map_err(broken)?.len();
    if size > PLAN_MAX {
        return Err(bad_plan(&format!(
            "{place} has {size} bytes, and a plan has at most {PLAN_MAX}"
        )));
    }
    let text = std::fs::read_to_string(file).map_err(broken)?;
    Plan::parse(&place, &text).map_err(|errors| bad_plan(&errors.to_string()))
}

fn bad_plan(what: &str) -> Failure {
    let help = "correct the plan; nothing of it was played, and the proxy does not run";
    Failure::new("HL-FAULT-007", exit::CONFIG, what, help)
}

async fn open(pairs: &[Pair], seed: u64) -> Result<Rig, Failure> {
    let mut rig = Rig::new();
    // A bare address with port 0 is one port for both.
    let mut given: Option<SocketAddr> = None;
    for Pair { protocol, listen, to } in pairs {
        let same = pairs.iter().all(|pair| pair.listen == *listen);
        let at = given.filter(|_| same).unwrap_or(*listen);
        let listen = match protocol {
            Protocol::Udp => Listen::Udp(at),
            Protocol::Tcp => Listen::Tcp(at),
        };
        let proxy = Proxy::start(listen, *to, seed)
            .await
            .map_err(|error| Failure::io(&format!("{} {at}", protocol.name()), &error))?;
        given = Some(proxy.local_addr());
        rig.insert(protocol.name(), proxy);
    }
    Ok(rig)
}

fn control_socket(args: &RunArgs, rig: &Rig) -> Result<(String, Bound, PathBuf), Failure> {
    let port = rig
        .links()
        .next()
        .map_or(0, |(_, proxy)| proxy.local_addr().port());
    let name = args.name.clone().unwrap_or_else(|| format!("link-{port}"));
    control::check_name(&name).map_err(|what| wrong(&["--name", &name], 1, &what, args.json))?;
    let path = match &args.control {
        Some(path) => path.clone(),
        None => control::default_socket(&name)
            .map_err(|error| Failure::io("the folder of control sockets", &error))?,
    };
    let bound = control::bind(&path).map_err(|error| Failure::io(&path.display().to_string(), &error))?;
    Ok((name, bound, path))
}

fn announce(rig: &Rig, name: &str, args: &RunArgs, path: &std::path::Path) {
    let view = rig.view();
    let mut out = io::stdout().lock();
    // A closed standard output is no reason to stop.
    let _ = if args.json {
        let line =
            json!({ "event": "listening", "name": name, "seed": args.seed, "control": path, "links": view });
        writeln!(out, "{line}")
    } else {
        let mut text = format!(
            "fault proxy {name}, seed {}, control socket {}\n",
            args.seed,
            path.display()
        );
        for link in &view {
            text.push_str(&format!("{}: {} to {}\n", link.link, link.listen, link.to));
            for fault in &link.faults {
                text.push_str(&format!("  {:<26} {}\n", fault.name, fault.fault));
            }
        }
        write!(out, "{text}")
    };
    let _ = out.flush();
}

fn tell(happened: &Happened, json: bool) {
    let mut out = io::stdout().lock();
    let Happened {
        at_ms,
        what,
        name,
        fault,
        links,
    } = happened;
    let _ = if json {
        writeln!(out, "{}", json!({ "event": "plan", "happened": happened }))
    } else {
        writeln!(
            out,
            "{at_ms:>8} ms  {what} {name}: {fault} {}",
            links.join(" and ")
        )
    };
}

fn farewell(rig: &Rig, json: bool) {
    let view = rig.view();
    let mut out = io::stdout().lock();
    let _ = if json {
        writeln!(out, "{}", json!({ "event": "ended", "links": view }))
    } else {
        write!(out, "{}", view.iter().map(ask::link).collect::<String>())
    };
}
