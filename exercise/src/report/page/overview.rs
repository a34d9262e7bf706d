//! What was played, when, where and by whom.

use super::{code, head::title_of, heading, paragraph};
use crate::report::{
    html::{Html, Table, text},
    model::{Attendee, Model, Overview, PlayedBy, Seat},
    words::{length, list, rate},
};

pub fn content(model: &Model) -> Html {
    let overview = &model.overview;
    let mut out = paragraph(title_of(&overview.summary));
    out.push(&facts(model));
    out.push(&heading("Participants"));
    out.push(&seats(&overview.seats, &overview.at_control));
    if overview.release == 1 {
        out.push(&Html::ours(
            "<p class=\"notice\">One officer released OVERRIDE and FLASH in this exercise, by the scenario\u{2019}s exception. On \
             the line two do.</p>\n"
                .into(),
        ));
    }
    out
}

fn facts(model: &Model) -> Html {
    let overview = &model.overview;
    let mut table = Table::new("facts", &["", ""]);
    let mut fact = |name: &str, value: Html| table.row(&[text(name), value]);
    fact(
        "Exercise",
        text(&format!("{} {}", overview.scenario, title_of(&overview.title))),
    );
    if let Some(variant) = &overview.variant {
        fact("Variant", text(variant));
    }
    fact("STARTEX", text(&overview.startex.utc()));
    fact("ENDEX", text(&endex(overview)));
    fact("Duration", text(&duration(overview)));
    let objectives: Vec<String> = model
        .objectives
        .iter()
        .map(|one| format!("{} {}", one.id, one.title))
        .collect();
    fact("Objectives", text(&objectives.join("; ")));
    fact(
        "Sponsor",
        text(overview.sponsor.as_deref().unwrap_or("not named")),
    );
    fact(
        "Contact",
        text(overview.contact.as_deref().unwrap_or("not named")),
    );
    fact(
        "Stage",
        text(&format!("{}, seed {}", overview.stage, overview.seed)),
    );
    fact(
        "Speed at STARTEX",
        text(&format!("{} times", rate(overview.rate))),
    );
    fact("Languages", text(&list(&overview.languages)));
    fact(
        "Release of OVERRIDE and FLASH",
        text(if overview.release == 1 {
            "one officer"
        } else {
            "two officers"
        }),
    );
    fact("Scenario, SHA-256", code(&overview.scenario_sha256));
    fact("Codebook", text(&overview.codebook));
    fact("Codebook, SHA-256", code(&overview.codebook_sha256));
    table.end()
}

fn endex(overview: &Overview) -> String {
    match (overview.endex, overview.ended.as_deref()) {
        (Some(at), Some(why)) => format!("{} ({})", at.utc(), ended(why)),
        (Some(at), None) => at.utc(),
        (None, _) => "not recorded: the records end before it".into(),
    }
}

fn ended(why: &str) -> &str {
    match why {
        "DONE" => "everything was done",
        "DURATION" => "its time was over",
        "CONTROL" => "control ended it",
        other => other,
    }
}

fn duration(overview: &Overview) -> String {
    format!(
        "{} of story (planned {}), {} of line",
        length(overview.took_story_ms),
        length(overview.planned_story_ms),
        length(overview.took_line_ms)
    )
}

fn seats(seats: &[Seat], at_control: &[Attendee]) -> Html {
    let mut table = Table::new("seats", &["seat", "kind", "desk", "officers", "played by"]);
    for seat in seats {
        let officers: Vec<String> = seat
            .officers
            .iter()
            .map(|officer| format!("{} ({})", officer.name, list(&officer.roles)))
            .collect();
        table.row(&[
            text(&seat.name),
            text(&seat.kind),
            text(seat.desk.as_deref().unwrap_or("\u{2013}")),
            text(&if officers.is_empty() {
                "\u{2013}".into()
            } else {
                officers.join("; ")
            }),
            text(match seat.played_by {
                PlayedBy::Person => "a person",
                PlayedBy::Script => "a script",
                PlayedBy::Nobody => "nobody",
            }),
        ]);
    }
    let none = || text("\u{2013}");
    for attendee in at_control {
        let until = match attendee.left {
            Some(left) => format!(" to {}", left.utc()),
            None => String::new(),
        };
        table.row(&[
            text(&attendee.name),
            text(&attendee.part.to_lowercase()),
            none(),
            none(),
            text(&format!(
                "a person who joined, from {}{until}",
                attendee.joined.utc()
            )),
        ]);
    }
    table.end()
}
