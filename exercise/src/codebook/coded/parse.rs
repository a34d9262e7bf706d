//! Reading a coded message. Whatever reads is written again, and must give the same bytes.

use hotline_audit::Hash;

use super::{Code, Codebook, Coded, Decoded, FIRST_LINE, Malformed, book_line, fields, write, wrong};
use crate::codebook::read::is_id;

pub(super) fn decode(book: &Codebook, text: &str) -> Decoded {
    let mut lines = text.split('\n');
    if lines.next() != Some(FIRST_LINE) {
        return Decoded::Free;
    }
    let second = lines.next().unwrap_or_default();
    if second != book_line(book) {
        return match other_book(second) {
            // The right hash under another name is a lie, not another codebook.
            Some((_, sha256)) if sha256 == book.sha256() => bad(2, "this hash is that of another codebook"),
            Some((book, sha256)) => Decoded::OtherCodebook { book, sha256 },
            None => bad(
                2,
                "a coded message names its codebook: \"codebook: NAME/VERSION sha256:…\"",
            ),
        };
    }
    let named = lines.next().unwrap_or_default().strip_prefix("code: ");
    let Some(code) = named.and_then(|id| book.code(id)) else {
        return bad(3, "a coded message names a code of its codebook: \"code: HZ-01\"");
    };
    match body(code, lines) {
        Err(malformed) => Decoded::Malformed(malformed),
        Ok(coded) => match wrong(code, &coded).first() {
            Some(refused) => bad(CODE_LINES, refused.to_string()),
            None if write(book, code, &coded) != text => bad(CODE_LINES, "it is not in its one writing"),
            None => Decoded::Coded(coded),
        },
    }
}

fn body<'a>(code: &Code, lines: impl Iterator<Item = &'a str>) -> Result<Coded, Malformed> {
    let mut coded = Coded::new(&code.id);
    let mut left = code.fields.iter();
    let mut remark: Option<String> = None;
    let mut ended = false;
    for (place, line) in lines.enumerate() {
        let malformed = |why: String| Malformed {
            line: place + CODE_LINES + 1,
            why,
        };
        if ended {
            return Err(malformed("an empty line is the end of the message".to_owned()));
        }
        if line.is_empty() {
            ended = true;
        } else if let Some(words) = line.strip_prefix('>') {
            let words = words.strip_prefix(' ').unwrap_or(words);
            remark = Some(match remark {
                None => words.to_owned(),
                Some(before) => before + "\n" + words,
            });
        } else {
            let (id, text) = line
                .split_once(": ")
                .filter(|_| remark.is_none())
                .ok_or_else(|| malformed(format!("{} is no field", fields::shown(line))))?;
            let field = left.find(|field| field.id == id).ok_or_else(|| {
                let id = fields::shown(id);
                malformed(format!("{} has no field {id} at this place", code.id))
            })?;
            let value = field.kind.read(text).map_err(malformed)?;
            coded.fields.insert(field.id.clone(), value);
        }
    }
    coded.remark = remark.unwrap_or_default();
    Ok(coded)
}

fn other_book(line: &str) -> Option<(String, Hash)> {
    let (book, hash) = line.strip_prefix("codebook: ")?.split_once(" sha256:")?;
    let (name, version) = book.split_once('/')?;
    let number: u32 = version.parse().ok()?;
    (is_id(name) && number > 0 && number.to_string() == version).then_some(())?;
    Some((book.to_owned(), hash.parse().ok()?))
}

fn bad(line: usize, why: impl Into<String>) -> Decoded {
    let why = why.into();
    Decoded::Malformed(Malformed { line, why })
}

/// Lines before the fields.
const CODE_LINES: usize = 3;
