//! What is typed at a station's prompt: the verbs of a desk without its settings.

use std::io::Write as _;

use clap::{Parser, Subcommand};
use hotline_core::{contact::Contact, text::inert_line};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::super::{
    Common, act, annex, answer, cancel, codes, contact, draft, inbox, role, send, show, state,
};
use crate::{
    channel, check,
    exit::{self, Outcome},
    status, watch,
};

/// What is typed at the station's prompt.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true, name = "")]
struct Line {
    #[command(subcommand)]
    verb: Typed,
}

#[derive(Debug, Subcommand)]
enum Typed {
    /// send [-p FLASH] "words", or send QX-01 whose=OURS ...: releases a message.
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
    /// answer A-0017 ROGER "words": answers.
    Answer(answer::AnswerArgs),
    /// cancel A-0017 ["why"]: takes back what was sent.
    Cancel(cancel::CancelArgs),
    /// call "words" --respond-by 48h: asks for a call between persons.
    Call(contact::ContactArgs),
    /// presence "words" --respond-by 10m: asks whether somebody stands by.
    Presence(contact::ContactArgs),
    /// codes [QX-01]: the agreed codes, and what belongs into the fields of one.
    Codes(codes::CodesArgs),
    /// state cause NOT_DISPLAYED: what you judge, written down by control.
    State(state::StateArgs),
    /// role: your role card.
    Role(role::RoleArgs),
    /// check: a comm check between people.
    Check(check::CheckArgs),
    /// status: how the line stands, and why it is silent.
    Status(status::StatusArgs),
    /// watch take, handover or leave.
    Watch(watch::WatchArgs),
    /// channel open, suspend, sever, restore or list.
    Channel(channel::ChannelArgs),
    /// clear: an empty screen.
    Clear,
    /// quit: ends the station.
    Quit,
}

/// The sign at which somebody types: `A> `. Lines that come in meanwhile are written over it, and it stands behind them again.
#[derive(Clone, Debug)]
pub struct Prompt(Option<String>);

impl Prompt {
    /// The sign of a desk, where somebody types at a terminal; else none.
    #[must_use]
    pub fn of(prefix: &str, shown: bool) -> Self {
        Self(shown.then(|| format!("{}> ", inert_line(prefix).text)))
    }

    /// Lines come: they begin where the sign stood.
    pub fn over(&self, lines: bool) {
        if let (Some(_), true) = (&self.0, lines) {
            crate::say_part!("\r\x1b[K");
        }
    }

    /// It stands there again.
    pub fn again(&self, lines: bool) {
        if let (Some(sign), true) = (&self.0, lines) {
            crate::say_part!("{sign}");
            let _ = std::io::stdout().flush();
        }
    }
}

/// Reads verbs from standard input; resolves on quit or end of input. Where nobody types it never resolves.
pub(super) async fn prompt(common: &Common, sign: &Prompt, typed_here: bool) {
    if !typed_here {
        return std::future::pending().await;
    }
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    sign.again(true);
    while let Ok(Some(line)) = lines.next_line().await {
        if !obey(&line, common).await {
            return;
        }
        sign.again(true);
    }
}

/// Does what a line says; false if that is to leave.
async fn obey(line: &str, common: &Common) -> bool {
    let Some(words) = words(line, common) else {
        return true;
    };
    match Line::try_parse_from(words) {
        Ok(Line { verb: Typed::Quit }) => return false,
        Ok(Line { verb }) => {
            if let Err(failure) = Box::pin(carry_out(verb)).await {
                failure.print();
            }
        }
        Err(error) => drop(error.print()),
    }
    true
}

async fn carry_out(verb: Typed) -> Outcome {
    match verb {
        Typed::Send(args) => send::run(args.at_a_prompt()?).await,
        Typed::Draft(args) => draft::draft(args.at_a_prompt()?).await,
        Typed::Release(args) => draft::release(args).await,
        Typed::Inbox(args) => inbox::run(args).await,
        Typed::Show(args) => show::run(args).await,
        Typed::Ack(args) => act::ack(args).await,
        Typed::Act(args) => act::act(args).await,
        Typed::Translate(args) => annex::translate(args.at_a_prompt()?).await,
        Typed::Present(args) => annex::present(args).await,
        Typed::Answer(args) => answer::run(args).await,
        Typed::Cancel(args) => cancel::run(args).await,
        Typed::Status(args) => status::carry_out(args).await,
        Typed::Watch(args) => watch::carry_out(args).await,
        Typed::Channel(args) => channel::carry_out(args).await,
        Typed::Call(args) => contact::run(args, Contact::CallRequest).await,
        Typed::Presence(args) => contact::run(args, Contact::PresenceQuery).await,
        Typed::Codes(args) => codes::run(&args),
        Typed::State(args) => state::run(args).await,
        Typed::Role(args) => role::run(&args),
        Typed::Check(args) => check::carry_out(args.at_a_prompt()).await,
        Typed::Clear => {
            crate::say_part!("\x1b[2J\x1b[H");
            Ok(exit::OK)
        }
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
    if !matches!(verb.as_str(), "quit" | "clear" | "help") {
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
            "send QX-01 whose=THIRD(Caldria) place=\"48-25.0N 012-35.0W within 1.0 NM\" OURS:\"none near\"",
            "answer A-0003 COUNTER distance=\"6 NM\" until=now+12h",
            "answer A-0003 ACCEPT",
            "state cause NOT_DISPLAYED",
            "codes QX-01",
            "role",
            "check",
            "ack A-0017",
        ] {
            let words = words(line, &common).unwrap();
            assert!(words.contains(&"--config=desk.toml".to_owned()), "{words:?}");
            let read = Line::try_parse_from(words);
            assert!(read.is_ok(), "{line}: {}", read.unwrap_err());
        }
        assert_eq!(words("quit", &common), Some(vec!["quit".to_owned()]));
    }

    #[tokio::test]
    async fn a_verb_that_would_read_the_prompt_is_refused_there() {
        let common = Common {
            config: Some("desk.toml".into()),
            json: false,
            passphrase_file: None,
        };
        for line in [
            "send -",
            "send --text -",
            "draft -p FLASH -",
            "translate A-0001 - --grade rough --into qbo",
        ] {
            let Line { verb } = Line::try_parse_from(words(line, &common).unwrap()).unwrap();
            let refused = carry_out(verb).await.unwrap_err();
            assert!(
                refused.what.starts_with("- reads standard input"),
                "{line}: {refused:?}"
            );
        }
    }
}
