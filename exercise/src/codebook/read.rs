//! Reading a codebook file: every mistake at once, each with its place, a caret and, for a name, the nearest known one.

use std::{collections::BTreeSet, fmt, ops::Range};

use hotline_core::words::{ResponseAttribute, TrafficClass};
use hotline_faults::caret::Marked;
use toml::de::DeTable;

use super::{Code, Codebook, Level, Reply};
use table::{Reader, Table};

mod field;
mod nearest;
mod table;

/// The format of codebook files.
pub const FORMAT: u32 = 1;
/// Bytes of a file at most. The starter codebook has a tenth of it.
pub const FILE_MOST: usize = 256 * 1024;
/// Coded messages of a codebook at most: more than an officer finds in time.
pub const CODES_MOST: usize = 200;
/// Fields of a coded message at most.
pub const FIELDS_MOST: usize = 24;
/// Characters of an agreed text at most.
const TEXT_MOST: u32 = 400;
/// Characters of a label at most.
const LABEL_MOST: u32 = 60;
/// Characters of a text field at most; what a codebook may ask for.
const FIELD_TEXT_MOST: u32 = 400;
/// Characters of a name at most.
const ID_MOST: usize = 32;
/// Names that stand before the fields of a message, and so are none.
const RESERVED: [&str; 2] = ["code", "codebook"];

/// Every mistake of a codebook file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookErrors(pub Vec<Marked>);

impl fmt::Display for BookErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, marked) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            marked.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for BookErrors {}

/// Reads a codebook. `file` is what the mistakes call it.
///
/// # Errors
/// [`BookErrors`]: every mistake found.
pub fn read(file: &str, text: &str) -> Result<Codebook, BookErrors> {
    let one = |span: Range<usize>, what: &str| BookErrors(vec![Marked::new(file, text, span, "", what)]);
    if text.len() > FILE_MOST {
        return Err(one(0..0, &format!("a codebook has at most {FILE_MOST} bytes")));
    }
    let parsed = DeTable::parse(text).map_err(|error| one(error.span().unwrap_or(0..0), error.message()))?;
    let mut reader = Reader::new(file, text);
    let root = Table::root(parsed.get_ref());
    let book = book(&mut reader, &root);
    match book {
        Some(book) if reader.wrong.is_empty() => Ok(book),
        _ => Err(BookErrors(reader.wrong)),
    }
}

/// Whether a name is made of small letters, digits and dashes, and begins with a letter.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() <= ID_MOST
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit())
}

fn is_code(text: &str) -> bool {
    matches!(text.as_bytes(), [a, b, b'-', c, d]
        if [a, b].iter().all(|letter| letter.is_ascii_uppercase()) && [c, d].iter().all(|digit| digit.is_ascii_digit()))
}

fn is_word(text: &str) -> bool {
    text.len() <= ID_MOST
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text
            .bytes()
            .all(|b| b == b'_' || b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn book(reader: &mut Reader<'_>, root: &Table<'_>) -> Option<Codebook> {
    reader.only(root, &["format", "name", "version", "code"]);
    let format = reader.number(root, "format", 1, u32::MAX);
    if format.is_some_and(|format| format != FORMAT) {
        reader.refuse(
            root.span("format"),
            "format",
            format!("this program reads format {FORMAT}"),
        );
    }
    let name = reader.matching(
        root,
        "name",
        is_id,
        "small letters, digits and dashes, like starter",
    );
    let version = reader.number(root, "version", 1, u32::MAX);
    let tables = reader.tables(root, "code", 1, CODES_MOST);
    let codes: Vec<Option<Code>> = tables.iter().map(|table| code(reader, table)).collect();
    let mut seen = BTreeSet::new();
    for (table, code) in tables.iter().zip(codes.iter().flatten()) {
        if !seen.insert(code.id.clone()) {
            let what = format!("{} stands here twice", code.id);
            reader.refuse(table.span("id"), &table.key("id"), what);
        }
    }
    let codes = codes.into_iter().collect::<Option<Vec<Code>>>()?;
    format?;
    Some(Codebook::new(name?, version?, codes))
}

fn code(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<Code> {
    let keys = [
        "id",
        "class",
        "function",
        "precedence",
        "also",
        "also_below",
        "response",
        "reply",
        "due",
        "text",
        "field",
    ];
    reader.only(table, &keys);
    let id = reader.matching(
        table,
        "id",
        is_code,
        "two capitals, a dash and two digits, like HZ-01",
    );
    let class = class(reader, table);
    let function = reader.word(table, "function", hotline_core::words::Function::ALL, |word| {
        word.name()
    });
    let level = level(reader, table);
    let response = reader.word(table, "response", ResponseAttribute::ALL, ResponseAttribute::name);
    let reply = reader.word(table, "reply", &Reply::ALL, Reply::name);
    let due = table.has("due").then(|| reader.story(table, "due"));
    if let (Some(response), Some(reply)) = (response, reply) {
        closes(reader, table, response, reply);
    }
    let text = reader.languages(table, "text", TEXT_MOST);
    let fields = field::fields(reader, table);
    Some(Code {
        id: id?,
        class: class?,
        function: function?,
        level: level?,
        response: response?,
        reply: reply?,
        due: match due {
            None => None,
            Some(due) => Some(due?),
        },
        text: text?,
        fields: fields?,
    })
}

/// FORMAL unless it says CONTROL. The other classes carry no coded messages.
fn class(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<TrafficClass> {
    let classes = [TrafficClass::Formal, TrafficClass::Control];
    if table.has("class") {
        reader.word(table, "class", &classes, TrafficClass::name)
    } else {
        Some(TrafficClass::Formal)
    }
}

/// What is asked for must be something that can be given.
fn closes(reader: &mut Reader<'_>, table: &Table<'_>, response: ResponseAttribute, reply: Reply) {
    let asks = response != ResponseAttribute::None;
    let awaits = matches!(reply, Reply::Holding | Reply::Reply | Reply::Answer);
    if awaits && !asks {
        let what = format!("{reply} is expected, so \"response\" must say what closes the dialogue");
        reader.refuse(table.span("response"), &table.key("response"), what);
    }
    if table.has("due") && !awaits {
        let what =
            "a time is agreed for a HOLDING, a REPLY or an ANSWER only; precedence says when to acknowledge";
        reader.refuse(table.span("due"), &table.key("due"), what);
    }
}

fn level(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<Level> {
    use hotline_core::precedence::Precedence;
    let relative = match table.text("precedence") {
        Some("AS_ORIGINAL") => Some(Level::AsOriginal),
        Some("ABOVE_ORIGINAL") => Some(Level::AboveOriginal),
        _ => None,
    };
    if let Some(level) = relative {
        for key in ["also", "also_below"].into_iter().filter(|key| table.has(key)) {
            reader.refuse(
                table.span(key),
                &table.key(key),
                "the original decides; nothing else may",
            );
        }
        return Some(level);
    }
    let usual = reader.word(table, "precedence", Precedence::ALL, Precedence::name);
    let also = if table.has("also") {
        reader.words(table, "also")
    } else {
        Some(Vec::new())
    };
    let also_below = table.has("also_below").then(|| reader.story(table, "also_below"));
    let mut others = Vec::new();
    for word in also? {
        match word.parse::<Precedence>() {
            Ok(other) if Some(other) != usual && !others.contains(&other) => others.push(other),
            Ok(_) => reader.refuse(
                table.span("also"),
                &table.key("also"),
                "each precedence stands once",
            ),
            Err(error) => reader.refuse(table.span("also"), &table.key("also"), error.to_string()),
        }
    }
    if also_below.is_some() && others.is_empty() {
        let what = "\"also_below\" needs \"also\": what is usual then";
        reader.refuse(table.span("also_below"), &table.key("also_below"), what);
    }
    Some(Level::Own {
        usual: usual?,
        also: others,
        also_below: match also_below {
            None => None,
            Some(below) => Some(below?),
        },
    })
}
