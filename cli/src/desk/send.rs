//! `hotline desk send`: write, sign, release, and wait if asked to.

use std::{io::Read as _, time::Duration};

use clap::{Args, ValueEnum};
use hotline_client::{
    compose::{self, Sheet, Wording},
    cosigned::Level,
    request::Request,
    standing::{CauseView, StandingView},
    view::MessageView,
};
use hotline_core::{
    precedence::{Precedence, SignaturesNeeded},
    release::Capacity,
    text::inert_line,
    time::WallTime,
    words::{Function, OfficerRole, ResponseAttribute, Rung, TrafficClass},
};

use serde::Serialize;

use super::{
    Common,
    coded::{self, CodedArgs, Filling, Typed},
    duration, keyring, load, print,
    seat::{Seat, reference},
};
use crate::exit::{self, Failure, Outcome};

/// What stands for words that come from standard input.
const STANDARD_INPUT: &str = "-";

/// `hotline desk send`.
#[derive(Debug, Args)]
pub struct SendArgs {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    wording: WordingArgs,
    #[command(flatten)]
    signers: SignersArgs,
    #[command(flatten)]
    waiting: WaitArgs,
}

impl SendArgs {
    /// The same, where standard input is the prompt itself.
    ///
    /// # Errors
    /// HL-DESK-041: its words were to come from there.
    pub fn at_a_prompt(self) -> Result<Self, Failure> {
        self.wording.at_a_prompt()?;
        Ok(self)
    }
}

/// Who signs.
#[derive(Debug, Args)]
pub struct SignersArgs {
    /// The releasing officer; without it, the first of this seat who may release.
    #[arg(long, value_name = "NAME")]
    pub officer: Option<String>,
    /// The drafting officer, where two must sign; without it, the first of this seat who may draft.
    #[arg(long, value_name = "NAME")]
    pub drafter: Option<String>,
}

/// What a message says.
#[derive(Debug, Args)]
pub struct WordingArgs {
    /// The words, in quotes; - reads them from standard input. Or a code of the codebook and its fields:
    /// QX-01 whose=OURS place="..." "OURS: what we know".
    #[arg(required_unless_present_any = ["code", "text"], value_name = "WORDS")]
    words: Vec<String>,
    #[command(flatten)]
    coded: CodedArgs,
    /// OVERRIDE, FLASH (two officers sign), IMMEDIATE, PRIORITY, ROUTINE or DEFERRED; without it ROUTINE, or as the code
    /// has it.
    #[arg(long, short, value_name = "WORD")]
    precedence: Option<Precedence>,
    /// NOTIFY, QUERY, UPDATE, CANCEL or ERROR; the last three need --refers-to. Without it NOTIFY, or as the code has it.
    #[arg(long, value_name = "WORD")]
    function: Option<Function>,
    /// What closes the dialogue: NONE, ROGER, AFFIRM_NEGATIVE, ACCEPT_UNABLE, ACCEPT_COUNTER_DECLINE,
    /// YES_NO_UNKNOWN or SUFFICIENT_INSUFFICIENT. Without it ROGER, or as the code has it.
    #[arg(long, value_name = "WORD")]
    response: Option<ResponseAttribute>,
    /// The channel; without it, the one of the settings.
    #[arg(long, value_name = "NAME")]
    channel: Option<String>,
    /// FORMAL, SERVICE or TEST; without it FORMAL, or as the code has it.
    #[arg(long, value_name = "WORD")]
    class: Option<TrafficClass>,
    /// It is about saving lives: it passes a suspension.
    #[arg(long)]
    safety_of_life: bool,
    /// How long it is good for: 10m, 1h. Then it is EXPIRED and never acted upon.
    #[arg(long, value_parser = duration, value_name = "TIME")]
    expires: Option<Duration>,
    /// Within what time an answer is asked for: 10m, 48h. Signed in the message; when it has passed without an answer both
    /// sides are told.
    #[arg(long, value_parser = duration, value_name = "TIME")]
    respond_by: Option<Duration>,
    /// The message this one updates, cancels or corrects.
    #[arg(long, value_name = "MESSAGE")]
    refers_to: Option<String>,
}

impl WordingArgs {
    /// Refuses words that were to come from standard input, where that is the prompt itself: the station would stand still
    /// until nobody types there any more.
    ///
    /// # Errors
    /// HL-DESK-041.
    pub fn at_a_prompt(&self) -> Result<(), Failure> {
        let mut words = self.words.iter().chain(&self.coded.text);
        words.try_for_each(|word| not_the_prompt(word))
    }
}

/// Refuses - at a prompt, which standard input belongs to.
///
/// # Errors
/// HL-DESK-041.
pub fn not_the_prompt(word: &str) -> Result<(), Failure> {
    if word != STANDARD_INPUT {
        return Ok(());
    }
    Err(Failure::new(
        "HL-DESK-041",
        exit::USAGE,
        "- reads standard input, and what is typed here is that",
        "type the words in quotes; or type the verb with - in another terminal",
    ))
}

/// How long a verb waits, and for what.
#[derive(Debug, Args)]
pub struct WaitArgs {
    /// Wait until the message has got this far.
    #[arg(long, value_name = "RUNG")]
    wait: Option<WaitFor>,
    /// How long at most: 500ms, 60s, 10m.
    #[arg(long, default_value = "60s", value_parser = duration, value_name = "TIME")]
    deadline: Duration,
    /// When the answer is due, if that is known.
    #[arg(skip)]
    due: Option<WallTime>,
}

impl WaitArgs {
    /// Waits for the answer, which is due at a time that may be later than this waits; none while nobody can say when.
    #[must_use]
    pub fn answered(deadline: Duration, due: Option<WallTime>) -> Self {
        Self {
            wait: Some(WaitFor::Answered),
            deadline,
            due,
        }
    }
}

/// What a verb waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WaitFor {
    /// A relay has it on disk and in its log.
    Accepted,
    /// The other side has cosigned a checkpoint of that log which covers it.
    Cosigned,
    /// A mirror of the other side holds it.
    PeerHeld,
    /// The other desk has verified, stored and logged it.
    Delivered,
    /// It was on the other desk's screen.
    Displayed,
    /// A named officer acknowledged it.
    Acked,
    /// It was answered.
    Answered,
}

impl WaitFor {
    /// What a station is asked to wait for.
    fn name(self) -> &'static str {
        match self {
            Self::Accepted => Rung::Accepted.name(),
            Self::Cosigned => Level::Cosigned.name(),
            Self::PeerHeld => Level::PeerHeld.name(),
            Self::Delivered => Rung::Delivered.name(),
            Self::Displayed => Rung::Displayed.name(),
            Self::Acked => Rung::Acknowledged.name(),
            Self::Answered => Rung::Answered.name(),
        }
    }

    fn is_reached(self, view: &MessageView) -> bool {
        match self {
            Self::Accepted => view.reached(Rung::Accepted),
            Self::Cosigned => view.level() >= Some(Level::Cosigned),
            Self::PeerHeld => view.level() >= Some(Level::PeerHeld),
            Self::Delivered => view.reached(Rung::Delivered),
            Self::Displayed => view.reached(Rung::Displayed),
            Self::Acked => view.reached(Rung::Acknowledged),
            Self::Answered => view.reached(Rung::Answered),
        }
    }
}

/// Runs the verb.
///
/// # Errors
/// A [`Failure`].
pub async fn run(args: SendArgs) -> Outcome {
    let config = load(&args.common)?;
    let mut seat = Seat::open(config, args.common.json).await?;
    let done = send(&mut seat, &args).await;
    seat.leave().await;
    done.map_err(|failure| failure.as_json(args.common.json))
}

async fn send(seat: &mut Seat, args: &SendArgs) -> Outcome {
    let wording = wording(seat, &args.wording).await?;
    let sheet = sign(
        seat,
        &args.common,
        &wording,
        args.signers.officer.as_deref(),
        args.signers.drafter.as_deref(),
    )?;
    let view = seat.message(Request::Release { sheet }).await?;
    finish(seat, &args.common, view, &args.waiting).await
}

/// Words as they were typed, or, for -, as they come from standard input.
///
/// # Errors
/// If standard input cannot be read.
pub fn typed(text: &str) -> Result<String, Failure> {
    if text != STANDARD_INPUT {
        return Ok(text.to_owned());
    }
    let mut text = String::new();
    // 1 MiB: more than any statement holds; the rules of what is signed name the real limit.
    std::io::stdin()
        .take(1 << 20)
        .read_to_string(&mut text)
        .map_err(|error| Failure::io("standard input", &error))?;
    Ok(text.trim_end().to_owned())
}

/// What was typed, as a wording. A coded message is shown as both sides read it.
///
/// # Errors
/// If the words cannot be read, refer to a message that is not known, or are no coded message of the agreed codebook.
pub async fn wording(seat: &mut Seat, args: &WordingArgs) -> Result<Wording, Failure> {
    let original = match &args.refers_to {
        Some(name) => Some(seat.show(name).await?),
        None => None,
    };
    let changes = original.as_ref().is_some_and(|view| coded::is_coded(&view.text));
    let mut wording = match coded::typed(&args.words, &args.coded, changes)? {
        Typed::Coded(filling) => of_code(seat, args, &filling, original).await?,
        Typed::Free(text) => {
            let text = typed(&text)?;
            let formal = channel(seat, args, TrafficClass::Formal);
            coded::check_words(seat, &text, &formal).await?;
            of_words(seat, args, text, original.as_ref())?
        }
        Typed::Nothing => of_words(seat, args, String::new(), original.as_ref())?,
    };
    if let Some(time) = args.respond_by {
        wording.respond_by_ms = seat.people_from_now(time).await?;
    }
    wording.expires_ms = args.expires.map_or(0, |time| from_now(seat, time));
    wording.safety_of_life = args.safety_of_life;
    Ok(wording)
}

/// Free words.
fn of_words(
    seat: &Seat,
    args: &WordingArgs,
    text: String,
    original: Option<&MessageView>,
) -> Result<Wording, Failure> {
    let class = args.class.unwrap_or(TrafficClass::Formal);
    Ok(Wording {
        class,
        function: args.function.unwrap_or(Function::Notify),
        response: args.response.unwrap_or(ResponseAttribute::Roger),
        refers_to: original.map(reference).transpose()?,
        ..Wording::notice(
            args.precedence.unwrap_or(Precedence::Routine),
            channel(seat, args, class),
            text,
        )
    })
}

/// A code with its fields.
async fn of_code(
    seat: &mut Seat,
    args: &WordingArgs,
    filling: &Filling,
    original: Option<MessageView>,
) -> Result<Wording, Failure> {
    let formal = channel(seat, args, TrafficClass::Formal);
    let names_original = original.is_some();
    let composed = coded::compose(seat, filling, original, &formal, args.precedence).await?;
    coded::show(seat, &composed.text);
    let class = args.class.unwrap_or(composed.class());
    let function = args.function.unwrap_or(composed.function(names_original));
    if function == Function::Reply {
        return Err(composed.only_answers());
    }
    Ok(Wording {
        class,
        function,
        response: args.response.unwrap_or(composed.code.response),
        refers_to: composed.original.as_ref().map(reference).transpose()?,
        ..Wording::notice(composed.precedence, channel(seat, args, class), composed.text)
    })
}

/// The channel that was named, else the one of the settings; SERVICE and TEST need none.
fn channel(seat: &Seat, args: &WordingArgs, class: TrafficClass) -> String {
    match (&args.channel, class) {
        (Some(channel), _) => channel.clone(),
        (None, TrafficClass::Formal | TrafficClass::Control) => seat.config.channel.clone(),
        (None, TrafficClass::Service | TrafficClass::Test | TrafficClass::Excon) => String::new(),
    }
}

/// That time from now, milliseconds since 1970.
#[must_use]
pub fn from_now(seat: &Seat, time: Duration) -> u64 {
    let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    seat.seams.clock.wall().unix_ms().saturating_add(time)
}

/// Signs a wording with as many officers as its precedence asks for.
///
/// # Errors
/// If an officer or key is missing.
pub fn sign(
    seat: &Seat,
    common: &Common,
    wording: &Wording,
    releaser: Option<&str>,
    drafter: Option<&str>,
) -> Result<Sheet, Failure> {
    let (clock, entropy) = (seat.seams.clock.as_ref(), seat.seams.entropy.as_ref());
    let failed = |error: compose::SheetError| {
        Failure::new("HL-DESK-025", exit::OTHER, error.to_string(), "shorten the text").as_json(common.json)
    };
    let releaser = keyring::officer(seat, common, releaser, &[OfficerRole::Releaser], None)?;
    let rule = seat.config.release;
    let desk = (&seat.config, &seat.sealing());
    match rule.signatures_needed(wording.precedence, wording.function) {
        SignaturesNeeded::One => {
            compose::write(desk, wording, &releaser, Capacity::Releaser, clock, entropy).map_err(failed)
        }
        SignaturesNeeded::Two => {
            let roles = [OfficerRole::Drafter, OfficerRole::Releaser];
            let other_than = Some(releaser.identity.as_str());
            let drafter = keyring::officer(seat, common, drafter, &roles, other_than)?;
            let mut sheet =
                compose::write(desk, wording, &drafter, Capacity::Drafter, clock, entropy).map_err(failed)?;
            sheet
                .approve(&releaser, Capacity::Releaser, clock)
                .map_err(failed)?;
            Ok(sheet)
        }
    }
}

/// Waits if asked to, prints, and chooses the exit code.
///
/// # Errors
/// If the station goes away.
pub async fn finish(seat: &mut Seat, common: &Common, view: MessageView, waiting: &WaitArgs) -> Outcome {
    let view = match waiting.wait {
        None => view,
        Some(wait) => wait_until(seat, &view, wait.name(), waiting.deadline).await?,
    };
    conclude(seat, common, view, waiting).await
}

/// The message once it has climbed the rung, or as it stands when the time is over.
///
/// # Errors
/// If the station goes away.
pub async fn wait_for(
    seat: &mut Seat,
    view: &MessageView,
    rung: Rung,
    within: Duration,
) -> Result<MessageView, Failure> {
    wait_until(seat, view, rung.name(), within).await
}

async fn wait_until(
    seat: &mut Seat,
    view: &MessageView,
    awaited: &str,
    within: Duration,
) -> Result<MessageView, Failure> {
    let request = Request::Wait {
        message: view.sha256.clone(),
        rung: awaited.to_owned(),
        within_ms: u64::try_from(within.as_millis()).unwrap_or(u64::MAX),
    };
    seat.message(request).await
}

/// Prints a message that was waited for, and chooses the exit code.
///
/// # Errors
/// If the station goes away.
pub async fn conclude(seat: &mut Seat, common: &Common, view: MessageView, waiting: &WaitArgs) -> Outcome {
    let reached = waiting.wait.is_none_or(|wait| wait.is_reached(&view));
    if common.json {
        print::object(&Finished {
            view: &view,
            answer_due_ms: waiting.due.map(WallTime::unix_ms),
        });
    } else {
        crate::say!(
            "{} {}: {} [{}]",
            view.precedence,
            view.name,
            view.plain,
            view.state
        );
        if waiting.wait.is_some() {
            crate::say_part!("{}", print::timeline(&view));
        }
    }
    if !reached {
        let wait = waiting.wait;
        if matches!(wait, Some(WaitFor::Cosigned | WaitFor::PeerHeld)) && !common.json {
            eprintln!("{}: {}", view.name, not_cosigned(&view));
        }
        let code = not_reached(seat, common, &view).await;
        if let (Some(due), false) = (waiting.due, common.json) {
            eprintln!(
                "  the answer is due by {}, and counts until then; this waited {} s",
                due.rfc3339(),
                waiting.deadline.as_secs()
            );
        }
        return code;
    }
    Ok(if answered_no(&view) {
        exit::ANSWERED_NO
    } else {
        exit::OK
    })
}

/// The `--json` object: the message, and when its answer is due where that is known.
#[derive(Serialize)]
struct Finished<'a> {
    #[serde(flatten)]
    view: &'a MessageView,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer_due_ms: Option<u64>,
}

/// How surely a message is held, where that is less than was waited for.
fn not_cosigned(view: &MessageView) -> &'static str {
    match view.level() {
        None => "no relay has accepted it yet",
        Some(Level::Durable) => {
            "a relay has it on disk and in its log; the other side's relays have cosigned nothing that covers it yet"
        }
        Some(Level::Cosigned | Level::PeerHeld) => "it is cosigned; no mirror of the other side holds it yet",
    }
}

/// Silence always carries its cause: what explains it on the line, and how far the message came.
async fn not_reached(seat: &mut Seat, common: &Common, view: &MessageView) -> Outcome {
    let status = seat.status().await?;
    let code = if status.legs_up() == 0 {
        exit::UNREACHABLE
    } else {
        exit::NOT_IN_TIME
    };
    if common.json {
        return Ok(code);
    }
    for cause in silences(&status.standing, &view.name) {
        eprintln!("why: {} [{}]", inert_line(&cause.plain).text, cause.code);
    }
    if !view.reached(Rung::Delivered) {
        let held = if view.reached(Rung::Accepted) {
            "a relay holds it, and the other desk has not fetched it"
        } else {
            "no relay has accepted it yet"
        };
        eprintln!("{}: {held}", view.name);
    }
    eprintln!("  next: hotline desk show {}{}", view.name, common.typed());
    Ok(code)
}

/// Causes that are about the line or about this message.
fn silences<'a>(standing: &'a StandingView, name: &'a str) -> impl Iterator<Item = &'a CauseView> {
    standing.causes.iter().filter(move |cause| {
        cause.code != "NONE" && cause.message.as_deref().is_none_or(|about| about == name)
    })
}

fn answered_no(view: &MessageView) -> bool {
    let last = view.rungs.iter().rev().find_map(|rung| rung.answer.as_deref());
    matches!(
        last,
        Some("UNABLE" | "NEGATIVE" | "NO" | "DECLINE" | "INSUFFICIENT")
    )
}
