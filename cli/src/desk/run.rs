//! `hotline desk run`: the station, with a plain live view.
//!
//! On a terminal, or with `--attended`, somebody looks: what comes in is drawn and signed DISPLAYED, FLASH and OVERRIDE
//! ring and are signed ALERTED. Unattended, nothing is signed but DELIVERED. At the prompt the same verbs are typed
//! without their settings.

pub mod prompt;
mod told;

use std::{io::IsTerminal as _, time::Duration};

use clap::Args;
use hotline_client::{
    request::{Answer, News, Request},
    socket,
    station::Station,
    trust,
    view::MessageView,
};
use hotline_core::precedence::Precedence;
use hotline_ledger::Restored;
use hotline_transport::Seams;
use tokio::signal::unix::{SignalKind, signal};

use self::{
    prompt::{Prompt, prompt},
    told::Told,
};
use super::{Common, load, print, seat::not_opened};
use crate::exit::{self, Failure, Outcome};

/// How long closing may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(3);

/// Alarms that call a person, so they ring.
const CALLS: [&str; 3] = ["OVERDUE", "CHECK_DUE", "CHECK_MISSED"];

/// `hotline desk run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    common: Common,
    /// Somebody looks: draw what comes in and sign DISPLAYED. On a terminal that is so by itself.
    #[arg(long)]
    attended: bool,
    /// Nobody looks, even on a terminal.
    #[arg(long, conflicts_with = "attended")]
    unattended: bool,
    /// Read verbs from standard input, though it is no terminal; somebody looks then.
    #[arg(long, conflicts_with = "unattended")]
    typed: bool,
    /// End when the process that started this one ends.
    #[arg(long, hide = true, value_name = "PID")]
    die_with_parent: Option<i32>,
}

/// Whether somebody looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    Attended,
    Unattended,
}

/// Runs the station until it is told to end.
///
/// # Errors
/// A [`Failure`].
pub async fn run(args: RunArgs) -> Outcome {
    exit::die_with_parent(args.die_with_parent)?;
    hotline_server::serve::init_tracing_quietly();
    // What is typed at its prompt is about this desk, whatever is found by then.
    let common = args.common.named()?;
    let config = load(&common)?;
    let json = common.json;
    let terminal = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    let typed = args.typed || (terminal && !args.unattended);
    let watch = if args.attended || args.typed || (terminal && !args.unattended) {
        Watch::Attended
    } else {
        Watch::Unattended
    };
    let seams = Seams::system();
    let listener = socket::bind(&config.socket)
        .await
        .map_err(|error| Failure::io(&config.socket.display().to_string(), &error).as_json(json))?;
    // Looked at before it is read: no change falls between.
    let watch_files = trust::watch_of(&config);
    let station = Station::open(config.clone(), &seams, Restored::ReadOnly)
        .map_err(|error| not_opened(&error).as_json(json))?;
    let mut news = station.news();
    seams.spawner.spawn(
        "socket",
        socket::serve(station.clone(), listener, config.socket.clone()),
    );
    let duty = station.clone();
    seams.spawner.spawn("duty", async move { duty.on_duty().await });
    announce(&station, json);
    let mut term = signal(SignalKind::terminate()).map_err(|error| Failure::io("signals", &error))?;
    let asked = hotline_transport::asking().map_err(|error| Failure::io("signals", &error))?;
    let fresh = station.keep_fresh(watch_files, asked);
    tokio::pin!(fresh);
    let sign = Prompt::of(&config.prefix, terminal && typed && !json);
    let prompt = prompt(&common, &sign, typed);
    tokio::pin!(prompt);
    let mut told = Told::default();
    let code = loop {
        tokio::select! {
            _ = term.recv() => break exit::OK,
            _ = tokio::signal::ctrl_c() => break exit::OK,
            () = &mut prompt => break exit::OK,
            () = &mut fresh => {}
            why = station.ended() => {
                eprintln!("the station ended: {why}");
                break exit::OTHER;
            }
            item = news.next() => match item {
                Some(item) if json => show_news(&station, &item, watch, json).await,
                Some(item) => {
                    let lines = told.lines(&item, watch == Watch::Attended);
                    sign.over(!lines.is_empty());
                    for line in &lines {
                        crate::say!("{line}");
                    }
                    show_news(&station, &item, watch, json).await;
                    sign.again(!lines.is_empty());
                }
                None => break exit::OTHER,
            },
        }
    };
    station.close(CLOSE_WITHIN).await;
    Ok(code)
}

fn announce(station: &Station, json: bool) {
    let config = station.config();
    if json {
        print::object(&serde_json::json!({
            "event": "open",
            "desk": config.identity.to_string(),
            "socket": config.socket.display().to_string(),
        }));
    } else {
        crate::say!(
            "desk {} of {}: the line is coming up; type help for the verbs",
            config.prefix,
            config.identity.domain()
        );
    }
}

async fn show_news(station: &Station, news: &News, watch: Watch, json: bool) {
    if json {
        print::object(news);
    }
    if let News::Alarm { code, .. } = news
        && watch == Watch::Attended
        && CALLS.contains(&code.as_str())
    {
        print::bell();
    }
    let News::Message { what, message } = news else {
        return;
    };
    if watch == Watch::Attended && what == "ADDED" && message.direction == "in" {
        attend(station, message, json).await;
    }
}

/// Rings for FLASH, draws, and signs for both.
async fn attend(station: &Station, view: &MessageView, json: bool) {
    if view.rejected.is_some() {
        return;
    }
    let messages = vec![view.sha256.clone()];
    let rings = view
        .precedence
        .parse::<Precedence>()
        .is_ok_and(|precedence| precedence >= Precedence::Flash);
    if rings {
        print::alarm(view);
        tell(
            station
                .serve(Request::Alerted {
                    messages: messages.clone(),
                })
                .await,
        );
    }
    tell(
        station
            .serve(Request::Showing {
                messages: messages.clone(),
            })
            .await,
    );
    if !json {
        crate::say_part!("{}", print::read(view, station.config()));
        crate::say!(
            "  ack {}   or   answer {} {}",
            view.name,
            view.name,
            view.answers.first().map_or("", String::as_str)
        );
    }
    tell(station.serve(Request::Displayed { messages }).await);
}

fn tell(answer: Answer) {
    if let Answer::Refused(refusal) = answer {
        eprintln!("error [{}]: {}", refusal.code, refusal.what);
    }
}
