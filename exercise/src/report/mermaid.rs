//! The messages as a sequence diagram, in Mermaid's text. Names, precedences, codes and rungs only: no one's words.

use super::model::{LaneKind, Message, Model};

/// Messages from which on the rest is left out, and said to be: nobody reads a longer diagram.
pub const MESSAGES: usize = 60;

/// The diagram.
#[must_use]
pub fn sequence(model: &Model) -> String {
    let mut out = String::from("sequenceDiagram\n");
    for lane in &model.figures.lanes {
        if lane.kind != LaneKind::Control {
            out.push_str(&format!("  participant {}\n", name(&lane.name)));
        }
    }
    for message in model.transcript.iter().take(MESSAGES) {
        draw(message, &mut out);
    }
    let left = model.transcript.len().saturating_sub(MESSAGES);
    if left > 0 {
        out.push_str(&format!("  %% {left} more messages are in the transcript only\n"));
    }
    out
}

fn draw(message: &Message, out: &mut String) {
    let from = name(&format!("desk {}", message.from));
    let code = message.code.as_deref().unwrap_or(&message.function);
    let what = words(&format!("{} {} {code}", message.name, message.precedence));
    for to in &message.to {
        out.push_str(&format!("  {from}->>{}: {what}\n", name(&format!("desk {to}"))));
    }
    for climb in message.ladder.iter().filter(|climb| climb.rung != "RELEASED") {
        let who = climb.by.rsplit(" of ").next().unwrap_or(&climb.by);
        let what = words(&format!("{} {}", message.name, climb.rung));
        out.push_str(&format!("  {}-->>{from}: {what}\n", name(who)));
    }
}

/// A participant: one word.
fn name(text: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    text.chars().map(kept).collect()
}

/// A label: what has a meaning in Mermaid becomes its number.
fn words(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || " -_.,/()".contains(c) {
            out.push(c);
        } else {
            out.push_str(&format!("#{};", u32::from(c)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_labels_cannot_begin_a_new_line_of_the_diagram() {
        assert_eq!(name("desk A\nend"), "desk_A_end");
        assert_eq!(words("A-0001: x;\n%%"), "A-0001#58; x#59;#10;#37;#37;");
    }
}
