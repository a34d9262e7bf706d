//! `hotline desk`: one file per verb.

pub mod act;
pub mod annex;
pub mod answer;
pub mod backup;
pub mod cancel;
pub mod coded;
pub mod codes;
pub mod contact;
pub mod draft;
pub mod here;
pub mod inbox;
pub mod join;
pub mod keyring;
pub mod print;
pub mod reload;
pub mod role;
pub mod run;
pub mod seat;
pub mod send;
pub mod show;
pub mod signing;
pub mod state;
pub mod tail;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};
use hotline_client::config::DeskConfig;
use hotline_core::contact::Contact;

use crate::exit::{self, Failure, Outcome};

/// `hotline desk`.
#[derive(Debug, Args)]
pub struct DeskArgs {
    #[command(subcommand)]
    verb: Verb,
}

/// What every verb of a desk takes.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// The desk's settings; without it HOTLINE_CONFIG, else desk.toml here, else the only one below this folder.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print objects, one a line.
    #[arg(long)]
    pub json: bool,
    /// A file with the passphrase of a sealed officer's key (its first line).
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

impl Common {
    /// The settings that are meant: those that were named, else those that are found from here.
    ///
    /// # Errors
    /// If none was named and no desk is found, or more than one: their names.
    pub fn settings(&self) -> Result<PathBuf, Failure> {
        match &self.config {
            Some(config) => Ok(config.clone()),
            None => here::unnamed().map_err(|failure| failure.as_json(self.json)),
        }
    }

    /// The same with the settings that are meant now, whatever is found later.
    fn named(&self) -> Result<Self, Failure> {
        Ok(Self {
            config: Some(self.settings()?),
            ..self.clone()
        })
    }

    /// `--config FILE` as it was typed, with a space before it, for the command that a hint names; else nothing.
    pub(crate) fn typed(&self) -> String {
        self.config
            .as_ref()
            .map_or_else(String::new, |file| format!(" --config {}", file.display()))
    }
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Takes a seat of an exercise with the code that control has read to you: makes keys here, and runs the desk.
    Join(join::DeskJoinArgs),
    /// Runs the station: keeps the line up, serves the other verbs, shows what comes in.
    Run(run::RunArgs),
    /// Releases a message.
    Send(send::SendArgs),
    /// Asks for a call between persons, by a time: CALL_REQUEST. The other side accepts, counters or declines.
    Call(contact::ContactArgs),
    /// Asks whether somebody stands by, by a time: PRESENCE_QUERY.
    Presence(contact::ContactArgs),
    /// Keeps a draft for the second officer.
    Draft(draft::DraftArgs),
    /// Releases a draft as the second officer; without an id, lists the drafts.
    Release(draft::ReleaseArgs),
    /// Shows what came in, and signs DISPLAYED for it.
    Inbox(inbox::InboxArgs),
    /// Shows one message: its words, its translations, and every rung, signer and leg.
    Show(show::ShowArgs),
    /// Acknowledges a message, as an officer.
    Ack(act::AckArgs),
    /// Cancels a message that was sent from here: one officer, one level above it.
    Cancel(cancel::CancelArgs),
    /// Any other act of an officer: HOLDING, READ_BACK, INSUFFICIENT, DECLINED; of the desk that sent it CONFIRMED, CORRECTED.
    Act(act::ActArgs),
    /// Puts a translation beside a message, as an officer: TRANSLATED.
    Translate(annex::TranslateArgs),
    /// Says that a message was put before a principal, as an officer: PRESENTED.
    Present(annex::PresentArgs),
    /// Answers a message.
    Answer(answer::AnswerArgs),
    /// The codes of the agreed codebook, or one with its fields and what belongs into them.
    Codes(codes::CodesArgs),
    /// Says what you judge (why it is silent, how the line stands), for control to write down. In exercises only.
    State(state::StateArgs),
    /// The role cards of this seat.
    Role(role::RoleArgs),
    /// Prints what happens, as it happens.
    Tail(tail::TailArgs),
    /// How the line stands: legs, relays, gaps, alarms.
    Status(show::StatusArgs),
    /// Has the station read trust, certificate and key anew, now.
    Reload(reload::ReloadArgs),
    /// Writes a consistent copy of the ledger.
    Backup(backup::BackupArgs),
    /// Takes a copy of the ledger up again, and asks the relays what was signed since.
    Restore(backup::RestoreArgs),
}

/// Runs a verb.
///
/// # Errors
/// A [`Failure`] with its exit code and what to do.
pub fn run(args: DeskArgs) -> Outcome {
    let runtime = hotline_transport::node_runtime().map_err(|error| Failure::io("starting", &error))?;
    runtime.block_on(async {
        match args.verb {
            Verb::Join(args) => join::run(args).await,
            Verb::Run(args) => run::run(args).await,
            Verb::Send(args) => send::run(args).await,
            Verb::Call(args) => contact::run(args, Contact::CallRequest).await,
            Verb::Presence(args) => contact::run(args, Contact::PresenceQuery).await,
            Verb::Draft(args) => draft::draft(args).await,
            Verb::Release(args) => draft::release(args).await,
            Verb::Inbox(args) => inbox::run(args).await,
            Verb::Show(args) => show::run(args).await,
            Verb::Ack(args) => act::ack(args).await,
            Verb::Act(args) => act::act(args).await,
            Verb::Cancel(args) => cancel::run(args).await,
            Verb::Translate(args) => annex::translate(args).await,
            Verb::Present(args) => annex::present(args).await,
            Verb::Answer(args) => answer::run(args).await,
            Verb::Codes(args) => codes::run(&args),
            Verb::State(args) => state::run(args).await,
            Verb::Role(args) => role::run(&args),
            Verb::Tail(args) => tail::run(args).await,
            Verb::Status(args) => show::status(args).await,
            Verb::Reload(args) => reload::run(args).await,
            Verb::Backup(args) => backup::backup(args).await,
            Verb::Restore(args) => backup::restore(args).await,
        }
    })
}

/// Reads the settings that a verb means.
///
/// # Errors
/// A failure that names file, key, value and one that would work; or that no desk is found.
pub fn load(common: &Common) -> Result<DeskConfig, Failure> {
    DeskConfig::load(&common.settings()?).map_err(|error| {
        Failure::new(
            "HL-DESK-020",
            exit::CONFIG,
            error.to_string(),
            "hotline pki init writes a whole example",
        )
        .as_json(common.json)
    })
}

/// Reads a time as people type it: `90s`, `10m`, `1h`, `500ms`.
///
/// # Errors
/// What would work.
pub fn duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: u64 = number
        .parse()
        .map_err(|_| format!("\"{text}\" is no time; 60s, 10m or 500ms would work"))?;
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "s" | "" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        "h" => Ok(Duration::from_secs(number.saturating_mul(3600))),
        other => Err(format!(
            "\"{other}\" is no unit of time; 60s, 10m or 500ms would work"
        )),
    }
}
