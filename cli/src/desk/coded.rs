//! Coded messages at a desk: the codebook that lies there, what was typed as a code with its fields, and how a coded message
//! reads. Rules: `exercise/CODEBOOK.md`.

mod book;
mod typed;

use std::time::Duration;

use hotline_client::view::MessageView;
use hotline_core::{
    precedence::Precedence,
    text::inert_line,
    time::WallTime,
    words::{Function, TrafficClass},
};
use hotline_exercise::codebook::{
    Code, Codebook, Kind, Value, brevity,
    coded::{Coded, Decoded, FIRST_LINE, decode, lacking},
    fill::{self, Unfit},
};

pub use book::Book;
pub use typed::{CodedArgs, Filling, Typed, typed};

use super::seat::Seat;
use crate::exit::{self, Failure};

/// A coded message that may be signed.
pub struct Composed {
    /// The exact text.
    pub text: String,
    /// Its code.
    pub code: Code,
    /// How urgent.
    pub precedence: Precedence,
    /// What it refers to: what was named, else what one of its fields names.
    pub original: Option<MessageView>,
}

impl Composed {
    /// What the message does, unless its sender says so: what is sent again updates.
    #[must_use]
    pub const fn function(&self, names_original: bool) -> Function {
        match self.code.function {
            own @ (Function::Cancel | Function::Error | Function::Update) => own,
            _ if names_original => Function::Update,
            own => own,
        }
    }

    /// For what the line is used.
    #[must_use]
    pub const fn class(&self) -> TrafficClass {
        self.code.class
    }

    /// A code that only answers was to be sent by itself.
    #[must_use]
    pub fn only_answers(&self) -> Failure {
        let code = &self.code.id;
        let what = format!("{code} answers a message, and does not go by itself");
        let help = format!("answer MESSAGE ANSWER {code} with its fields");
        Failure::new("HL-DESK-041", exit::USAGE, what, help)
    }
}

/// Shows a coded message as both sides will read it.
pub fn show(seat: &Seat, text: &str) {
    let book = Book::of(&seat.config).ok().flatten();
    let drawn = book.and_then(|book| book.drawn(text, true));
    if let (Some(drawn), false) = (drawn, seat.json()) {
        crate::say!("as both sides read it:");
        crate::say_part!("{drawn}");
    }
}

/// Whether a text is, or passes for, a coded message.
#[must_use]
pub fn is_coded(text: &str) -> bool {
    text.lines().next() == Some(FIRST_LINE)
}

/// Words that were not typed as fields, but begin as a coded message does: only if they are one goes that as such. Both sides
/// read it as their codebook says, so it must say something.
///
/// # Errors
/// HL-DESK-041: they are none, or a field lacks. HL-DESK-042: no codebook may be used here.
pub async fn check_words(seat: &mut Seat, text: &str, channel: &str) -> Result<(), Failure> {
    match is_coded(text) {
        true => genuine(&Book::pinned(seat, channel).await?.book, text),
        false => Ok(()),
    }
}

fn genuine(book: &Codebook, text: &str) -> Result<(), Failure> {
    let why = match decode(book, text) {
        Decoded::Free => return Ok(()),
        Decoded::Coded(coded) => {
            let lacks: Vec<&str> = lacking(book, &coded)
                .into_iter()
                .map(|field| field.id.as_str())
                .collect();
            if lacks.is_empty() {
                return Ok(());
            }
            format!("{} lacks", lacks.join(", "))
        }
        Decoded::OtherCodebook { book, .. } => {
            format!("they are of another codebook, {}", inert_line(&book).text)
        }
        Decoded::Malformed(why) => why.to_string(),
    };
    let what = format!("these words begin as a coded message and are none: {why}");
    let help = "type the code with its fields, or words that do not begin so";
    Err(Failure::new("HL-DESK-041", exit::USAGE, what, help))
}

/// ACCEPT signs what the other side signed, and nothing else.
#[must_use]
pub fn accepted_as_it_is(name: &str) -> Failure {
    let what = format!("ACCEPT repeats {name} word for word: no fields and no words go with it");
    let help = format!("answer {name} ACCEPT; COUNTER changes fields: answer {name} COUNTER field=value");
    Failure::new("HL-DESK-041", exit::USAGE, what, help)
}

/// Fills in what was typed, with the codebook that the channel's charter pins. `chosen`: the precedence that was typed.
/// `original`: what it answers or refers to; a field that was not typed, under no code of its own, is taken from there.
///
/// # Errors
/// HL-DESK-041: every mistake, with a caret. HL-DESK-042: no codebook may be used here.
pub async fn compose(
    seat: &mut Seat,
    filling: &Filling,
    original: Option<MessageView>,
    channel: &str,
    chosen: Option<Precedence>,
) -> Result<Composed, Failure> {
    let book = Book::pinned(seat, channel).await?;
    let before = original.as_ref().and_then(|view| book.read(&view.text));
    let code = code_of(&book, filling, before.as_ref())?;
    let mut fields = filling.fields();
    if filling.code.is_none() {
        carry_over(&mut fields, before.as_ref());
    }
    let pace = Pace::of(seat).await?;
    let reckon = |ahead: Duration| pace.later(ahead);
    let written = fields.iter().map(|(id, text)| (id.as_str(), text.as_str()));
    let filled = fill::fill(&code, written, filling.remark(), &reckon);
    let filled = filled.map_err(|unfit| not_coded(filling, unfit))?;
    let text = fill::text(&book.book, &filled).map_err(|unfit| not_coded(filling, unfit))?;
    let original = match original {
        Some(original) => Some(original),
        None => referred(seat, &filled).await?,
    };
    let precedence = precedence(&code, &filled, (chosen, original.as_ref()), pace.now)?;
    brevity::check(precedence, &text).map_err(|long| {
        Failure::new(
            "HL-DESK-041",
            exit::USAGE,
            long.to_string(),
            "shorten the words beside the fields",
        )
    })?;
    Ok(Composed {
        text,
        code,
        precedence,
        original,
    })
}

fn code_of(book: &Book, filling: &Filling, before: Option<&Coded>) -> Result<Code, Failure> {
    let named = filling.code.as_deref();
    let id = named.or(before.map(|before| before.code.as_str()));
    let Some(id) = id else {
        let why =
            "these fields belong to no code: name one like QX-01, or the coded message that they change";
        return Err(not_coded(filling, vec![whole(why)]));
    };
    let known = book.book.code(id).cloned();
    known.ok_or_else(|| {
        let ids: Vec<&str> = book.book.codes().iter().map(|code| code.id.as_str()).collect();
        let why = format!("the codebook has no {id}; it has {}", ids.join(", "));
        not_coded(filling, vec![whole(&why)])
    })
}

fn whole(why: &str) -> Unfit {
    Unfit {
        field: None,
        why: why.to_owned(),
    }
}

/// Fields that were not typed stand as in the message before.
fn carry_over(fields: &mut Vec<(String, String)>, before: Option<&Coded>) {
    let Some(before) = before else { return };
    for (id, value) in &before.fields {
        if !fields.iter().any(|(typed, _)| typed == id) {
            fields.push((id.clone(), value.to_string()));
        }
    }
}

/// The message that a field names: a cancel says what it cancels.
async fn referred(seat: &mut Seat, filled: &Coded) -> Result<Option<MessageView>, Failure> {
    let name = filled.fields.values().find_map(|value| match value {
        Value::Reference(name) => Some(name.to_string()),
        _ => None,
    });
    match name {
        Some(name) => seat.show(&name).await.map(Some),
        None => Ok(None),
    }
}

fn precedence(
    code: &Code,
    filled: &Coded,
    (chosen, original): (Option<Precedence>, Option<&MessageView>),
    now: WallTime,
) -> Result<Precedence, Failure> {
    let before = original.and_then(|view| view.precedence.parse::<Precedence>().ok());
    let usual = code.level.usual(before, filled.ahead(now));
    let refused = |what: String, help: String| Err(Failure::new("HL-DESK-041", exit::USAGE, what, help));
    match (chosen, usual) {
        (Some(chosen), _) if code.level.allows(chosen, before) => Ok(chosen),
        (Some(chosen), Some(usual)) => refused(
            format!("{} does not go as {chosen}", code.id),
            format!("leave --precedence out, and it goes as {usual}"),
        ),
        (None, Some(usual)) => Ok(usual),
        (_, None) => refused(
            format!(
                "{} is as urgent as the message that it is about, and none is named",
                code.id
            ),
            "--refers-to MESSAGE, or answer the message with it".to_owned(),
        ),
    }
}

/// Every mistake with a caret under what was typed.
fn not_coded(filling: &Filling, unfit: Vec<Unfit>) -> Failure {
    let mistakes: Vec<String> = unfit
        .iter()
        .map(|unfit| filling.marked(unfit.field.as_deref(), &unfit.why))
        .collect();
    let help = match &filling.code {
        Some(code) => format!("codes {code} says what belongs into each field"),
        None => "codes lists the codes".to_owned(),
    };
    Failure::new("HL-DESK-041", exit::USAGE, mistakes.join("\n"), help)
}

/// How the story runs now: times that are typed as now+6h are of the story.
struct Pace {
    now: WallTime,
    story: Option<hotline_client::story::StoryStatus>,
}

impl Pace {
    async fn of(seat: &mut Seat) -> Result<Self, Failure> {
        let story = seat.status().await?.story;
        Ok(Self {
            now: seat.seams.clock.wall(),
            story,
        })
    }

    fn later(&self, ahead: Duration) -> WallTime {
        let real = self.story.as_ref().map_or(ahead, |story| story.real(ahead));
        let ms = u64::try_from(real.as_millis()).unwrap_or(u64::MAX);
        WallTime::from_unix_ms(self.now.unix_ms().saturating_add(ms))
    }
}

/// What a person may type into a field, as an example beside it.
#[must_use]
pub fn example(kind: &Kind) -> String {
    match kind {
        Kind::Dtg | Kind::Dtgs => format!("{}, or now, or now+6h", kind.example()),
        other => other.example(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use hotline_exercise::codebook::shipped::starter;

    use super::*;

    #[test]
    fn words_that_begin_as_a_coded_message_go_only_if_they_are_one() {
        let book = starter().unwrap();
        let code = book.code("QX-01").unwrap();
        let fields = [
            ("whose", "OURS"),
            ("activity", "A ship was seen"),
            ("place", "48-25.0N 012-35.0W within 1.0 NM"),
            ("concern", "Whose it is"),
        ];
        let reckon = |_| WallTime::from_unix_ms(0);
        let filled = fill::fill(code, fields, String::new(), &reckon).unwrap();
        let text = fill::text(&book, &filled).unwrap();
        assert!(is_coded(&text));
        genuine(&book, &text).unwrap();
        genuine(&book, "We see your ship.").unwrap();
        let lame: String = text
            .lines()
            .filter(|line| !line.starts_with("place:"))
            .map(|line| format!("{line}\n"))
            .collect();
        let false_hash = text.replacen("sha256:", "sha256:0", 1);
        for (bad, why) in [
            (lame, "place lacks"),
            (false_hash, "are none"),
            (format!("{FIRST_LINE}\nWe see your ship."), "line 2"),
        ] {
            let refused = genuine(&book, &bad).unwrap_err();
            assert_eq!(refused.code, "HL-DESK-041");
            assert!(refused.what.contains(why), "{refused:?}");
        }
    }
}
