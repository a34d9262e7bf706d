//! Texts for people in one cell: English plain, what stands in another language behind its code in brackets.

use crate::scenario::{cast::Tongues, lists::Tongue};

/// `Radar contact lost.`, and on a line of its own `[qav] Patru sela.`
///
/// A backslash before a line keeps it from being taken for something else than text.
pub(super) fn show(texts: &Tongues) -> String {
    let each = texts.0.iter().map(|(tongue, text)| {
        let lines: Vec<String> = text.split('\n').map(kept).collect();
        let lines = lines.join("\n");
        match tongue {
            Tongue::En => lines,
            other => format!("[{other}] {lines}"),
        }
    });
    each.collect::<Vec<_>>().join("\n")
}

/// What [`show`] has written, or a person. Empty is no text.
pub(super) fn read(cell: &str) -> Result<Tongues, String> {
    let mut texts = Tongues::default();
    let mut tongue = Tongue::En;
    for (no, line) in cell.split('\n').enumerate() {
        let named = language(line);
        let (begins, line) = match named {
            Some((named, rest)) => {
                tongue = named;
                (true, rest)
            }
            None => (no == 0, line),
        };
        let line = line.strip_prefix('\\').unwrap_or(line);
        match (begins, texts.0.get_mut(&tongue)) {
            (true, Some(_)) => return Err(format!("there are two texts in [{tongue}]; write one")),
            (true, None) => drop(texts.0.insert(tongue, line.to_owned())),
            (false, Some(text)) => {
                text.push('\n');
                text.push_str(line);
            }
            (false, None) => {}
        }
    }
    texts.0.retain(|_, text| !text.trim().is_empty());
    Ok(texts)
}

/// The language that a line names, and what stands behind it.
fn language(line: &str) -> Option<(Tongue, &str)> {
    let mut all = Tongue::ALL.iter();
    all.find_map(|tongue| {
        let rest = line
            .strip_prefix('[')?
            .strip_prefix(tongue.name())?
            .strip_prefix(']')?;
        Some((*tongue, rest.strip_prefix(' ').unwrap_or(rest)))
    })
}

/// A line that no reader takes for the name of a language, a code, or a field of one.
fn kept(line: &str) -> String {
    if line.starts_with('\\') || language(line).is_some() || is_code(line) {
        format!("\\{line}")
    } else {
        line.to_owned()
    }
}

/// `HZ-01` and nothing else.
pub(super) fn is_code(line: &str) -> bool {
    let shape = line.trim_end().bytes().map(|byte| match byte {
        b'A'..=b'Z' => b'A',
        b'0'..=b'9' => b'0',
        other => other,
    });
    shape.eq(*b"AA-00")
}

/// The first line of a text, as a title: at most so many characters.
pub(super) fn title(text: &str) -> String {
    const TITLE_MAX: usize = 80;
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("")
        .trim();
    if first.chars().count() <= TITLE_MAX {
        return first.to_owned();
    }
    let cut: String = first.chars().take(TITLE_MAX - 1).collect();
    format!("{}…", cut.trim_end())
}

/// A value on one line: line feeds as `\n`, a backslash as two.
pub(super) fn one_line(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

/// What [`one_line`] was given.
pub(super) fn whole(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        match (c, letters.as_str().chars().next()) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('\\')) => out.push('\\'),
            (c, _) => {
                out.push(c);
                continue;
            }
        }
        letters.next();
    }
    out
}
