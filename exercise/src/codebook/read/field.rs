//! The fields of a code: each with its kind, and what its kind needs.

use std::collections::BTreeSet;

use super::{
    FIELD_TEXT_MOST, FIELDS_MOST, LABEL_MOST, RESERVED, is_id, is_word,
    table::{Reader, Table},
};
use crate::codebook::{Field, Kind, Must, fields};

pub(super) fn fields(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<Vec<Field>> {
    let tables = reader.tables(table, "field", 1, FIELDS_MOST);
    let fields: Vec<Option<Field>> = tables.iter().map(|table| field(reader, table)).collect();
    let mut seen = BTreeSet::new();
    for (table, field) in tables.iter().zip(fields.iter().flatten()) {
        if RESERVED.contains(&field.id.as_str()) || !seen.insert(field.id.clone()) {
            let what = format!("{} cannot name a field here: it is taken", field.id);
            reader.refuse(table.span("id"), &table.key("id"), what);
        }
    }
    fields.into_iter().collect()
}

fn field(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<Field> {
    let id = reader.matching(
        table,
        "id",
        is_id,
        "small letters, digits and dashes, like live-fire",
    );
    let kind = kind(reader, table);
    let must = if table.has("must") {
        reader.truth(table, "must")
    } else {
        Some(true)
    };
    let label = reader.languages(table, "label", LABEL_MOST);
    Some(Field {
        id: id?,
        kind: kind?,
        must: if must? { Must::Mandatory } else { Must::Optional },
        label: label?,
    })
}

fn kind(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<Kind> {
    const KINDS: [&str; 12] = [
        "whose",
        "dtg",
        "dtgs",
        "position",
        "area",
        "track",
        "number",
        "yes-no",
        "choice",
        "choices",
        "reference",
        "text",
    ];
    let kind = reader.word(table, "kind", &KINDS, |kind| kind)?;
    let own: &[&str] = match kind {
        "number" => &["id", "kind", "must", "label", "unit", "least", "most"],
        "text" => &["id", "kind", "must", "label", "most"],
        "choice" | "choices" => &["id", "kind", "must", "label", "words"],
        _ => &["id", "kind", "must", "label"],
    };
    reader.only(table, own);
    match kind {
        "whose" => Some(Kind::Whose),
        "dtg" => Some(Kind::Dtg),
        "dtgs" => Some(Kind::Dtgs),
        "position" => Some(Kind::Position),
        "area" => Some(Kind::Area),
        "track" => Some(Kind::Track),
        "yes-no" => Some(Kind::YesNo),
        "reference" => Some(Kind::Reference),
        "number" => number(reader, table),
        "text" => {
            let most = reader.number(table, "most", 1, FIELD_TEXT_MOST)?;
            Some(Kind::Text { most })
        }
        _ => {
            let words = listed(reader, table)?;
            Some(if kind == "choice" {
                Kind::Choice(words)
            } else {
                Kind::Choices(words)
            })
        }
    }
}

fn number(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<Kind> {
    let unit = if table.has("unit") {
        reader.matching(table, "unit", is_word, "capitals and digits, like NM")
    } else {
        Some(String::new())
    };
    let least = reader.number(table, "least", 0, u32::MAX);
    let most = reader.number(table, "most", least.unwrap_or(0), u32::MAX);
    Some(Kind::Number {
        unit: unit?,
        least: least?,
        most: most?,
    })
}

fn listed(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<Vec<String>> {
    let words = reader.words(table, "words")?;
    let alone: BTreeSet<&String> = words.iter().collect();
    let good = words.iter().all(|word| is_word(word))
        && alone.len() == words.len()
        && (2..=fields::LIST_MOST).contains(&words.len());
    if good {
        Some(words)
    } else {
        let what = format!(
            "a list has 2 to {} words of capitals and digits, each once",
            fields::LIST_MOST
        );
        reader.refuse(table.span("words"), &table.key("words"), what);
        None
    }
}
