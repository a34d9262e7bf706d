//! The canonical writing of a scenario: the same values always give the same bytes, and the bytes read as the values.
//!
//! Keys stand in one order, a value on one line, what a reader takes for granted is left out, a length of time is in whole
//! seconds, milliseconds or microseconds. Comments are not kept.

mod cast;
mod expect;
mod keys;
mod msel;
mod player;

use keys::{Keys, quoted, tongues, words};

use super::{Scenario, moment::Span, read::FORMAT};

/// Writes a scenario as a file that reads as the same scenario.
///
/// Places in the text are those of what is written, and so may differ.
#[must_use]
pub fn write(scenario: &Scenario) -> String {
    let mut out = String::new();
    top(scenario).lines(&mut out);
    cast::write(scenario, &mut out);
    for event in &scenario.events {
        msel::event(event, &mut out);
    }
    for player in &scenario.players {
        player::script(player, &mut out);
    }
    for each in &scenario.expects {
        expect::expect(each, &mut out);
    }
    out
}

fn top(scenario: &Scenario) -> Keys {
    let mut keys = Keys::default();
    keys.put("format", FORMAT.to_string());
    keys.text("id", &scenario.id);
    keys.put("title", tongues(&scenario.title));
    keys.tongues("summary", &scenario.summary);
    keys.text("handling", &scenario.handling);
    keys.span("duration", Span::Story(scenario.duration.value));
    keys.text("ends", scenario.ends.name());
    keys.text("release", scenario.release.name());
    keys.put(
        "languages",
        words(scenario.languages.iter().map(|tongue| tongue.name())),
    );
    keys.maybe("sponsor", scenario.sponsor.as_deref().map(quoted));
    keys.maybe("contact", scenario.contact.as_deref().map(quoted));
    keys
}

#[cfg(test)]
pub(crate) mod tests;
