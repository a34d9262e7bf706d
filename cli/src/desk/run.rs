//! `hotline desk run`: the station, with a plain live view.
//!
//! On a terminal, or with `--attended`, somebody looks: what comes in is drawn and signed DISPLAYED, FLASH and OVERRIDE
//! ring and are signed ALERTED. Unattended, nothing is signed but DELIVERED. At the prompt the same verbs are typed
//! without their settings.

use std::{io::IsTerminal as _, time::Duration};

use clap::{Args, Parser, Subcommand};
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
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    signal::unix::{SignalKind, signal},
};

use super::{Common, act, annex, answer, draft, inbox, load, print, seat::not_opened, send, show};
use crate::{
    channel,
    exit::{self, Failure, Outcome},
    status, watch,
};

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
    let watch = if args.attended || (terminal && !args.unattended) {
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
    let prompt = prompt(&common, terminal && watch == Watch::Attended);
    tokio::pin!(prompt);
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
                Some(item) => show_news(&station, &item, watch, json).await,
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
    } else {
        crate::say!("{}", print::news(news));
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

/// What is typed at the station's prompt.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true, name = "")]
struct Line {
    #[command(subcommand)]
    verb: Typed,
}

#[derive(Debug, Subcommand)]
enum Typed {
    /// send [-p FLASH] "words": releases a message.
    Send(send::SendArgs),
    /// draft "words": keeps a draft for the second officer.
    Draft(draft::DraftArgs),
    /// release [ID]: releases a draft as the second officer.
    Release(draft::ReleaseArgs),
    /// inbox: what came in.
    Inbox(inbox::InboxArgs),
    /// show A-0017: every rung, signer and leg.
    Show(show::ShowArgs),
    /// ack A-0017: acknowledges.
    Ack(act::AckArgs),
    /// act HOLDING A-0017: any other act.
    Act(act::ActArgs),
    /// translate A-0017 --grade sight --into qav "text": puts a translation beside it.
    Translate(annex::TranslateArgs),
    /// present A-0017 --to "the minister": says that it was put before a principal.
    Present(annex::PresentArgs),
    /// answer A-0017 ROGER: answers.
    Answer(answer::AnswerArgs),
    /// status: how the line stands, and why it is silent.
    Status(status::StatusArgs),
    /// watch take, handover or leave.
    Watch(watch::WatchArgs),
    /// channel open, suspend, sever, restore or list.
    Channel(channel::ChannelArgs),
    /// quit: ends the station.
    Quit,
}

/// Reads verbs from the terminal; resolves on quit or end of input. Without a terminal it never resolves.
async fn prompt(common: &Common, typed_here: bool) {
    if !typed_here {
        return std::future::pending().await;
    }
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let Some(words) = words(&line, common) else {
            continue;
        };
        match Line::try_parse_from(words) {
            Ok(Line { verb: Typed::Quit }) => return,
            Ok(Line { verb }) => {
                if let Err(failure) = Box::pin(carry_out(verb)).await {
                    failure.print();
                }
            }
            Err(error) => {
                let _ = error.print();
            }
        }
    }
}

async fn carry_out(verb: Typed) -> Outcome {
    match verb {
        Typed::Send(args) => send::run(args).await,
        Typed::Draft(args) => draft::draft(args).await,
        Typed::Release(args) => draft::release(args).await,
        Typed::Inbox(args) => inbox::run(args).await,
        Typed::Show(args) => show::run(args).await,
        Typed::Ack(args) => act::ack(args).await,
        Typed::Act(args) => act::act(args).await,
        Typed::Translate(args) => annex::translate(args).await,
        Typed::Present(args) => annex::present(args).await,
        Typed::Answer(args) => answer::run(args).await,
        Typed::Status(args) => status::carry_out(args).await,
        Typed::Watch(args) => watch::carry_out(args).await,
        Typed::Channel(args) => channel::carry_out(args).await,
        Typed::Quit => Ok(exit::OK),
    }
}

/// The words of a typed line, with the settings that every verb takes; quotes keep words together.
fn words(line: &str, common: &Common) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut quoted, mut any) = (false, false);
    for c in line.trim().chars() {
        match c {
            '"' => {
                quoted = !quoted;
                any = true;
            }
            c if c.is_whitespace() && !quoted => {
                if any {
                    words.push(std::mem::take(&mut word));
                    any = false;
                }
            }
            c => {
                word.push(c);
                any = true;
            }
        }
    }
    if any {
        words.push(word);
    }
    let verb = words.first()?.clone();
    if !matches!(verb.as_str(), "quit" | "help") {
        // These have verbs of their own, which take the settings.
        let behind = match verb.as_str() {
            "watch" | "channel" if words.len() > 1 => 2,
            _ => 1,
        };
        if let Some(file) = &common.config {
            words.insert(behind, format!("--config={}", file.display()));
        }
        if let Some(file) = &common.passphrase_file {
            words.insert(behind, format!("--passphrase-file={}", file.display()));
        }
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn verbs_typed_at_the_prompt_take_the_settings_of_the_station() {
        let common = Common {
            config: Some("desk.toml".into()),
            json: false,
            passphrase_file: Some("passphrase".into()),
        };
        for line in [
            "status",
            "watch take --remark \"quiet night\"",
            "watch handover --to sato",
            "channel list",
            "channel suspend MARITIME --reason \"a visit\"",
            "send -p FLASH \"Collision; help wanted.\"",
            "ack A-0017",
        ] {
            let words = words(line, &common).unwrap();
            assert!(words.contains(&"--config=desk.toml".to_owned()), "{words:?}");
            let read = Line::try_parse_from(words);
            assert!(read.is_ok(), "{line}: {}", read.unwrap_err());
        }
        assert_eq!(words("quit", &common), Some(vec!["quit".to_owned()]));
    }
}
