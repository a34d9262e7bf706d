//! The page that is handed to players: `docs/print.html` says what `docs/PRINT.md` says, and is what people print.
//!
//! `PRINT_HTML=write` makes it again. Only what the page needs of Markdown is known here: a heading, paragraphs, tables, bold
//! words, code and links; anything else would stand in it as it is typed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{fs, path::Path};

/// What of the Markdown page is about printing it.
const ABOUT_PRINTING: &str = "To print: ";

#[test]
fn the_page_that_is_printed_says_what_the_page_that_is_read_says() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let read = |name: &str| fs::read_to_string(docs.join(name)).unwrap_or_default();
    let made = page(&read("PRINT.md"), &read("print.css"));
    if std::env::var("PRINT_HTML").is_ok_and(|word| word == "write") {
        fs::write(docs.join("print.html"), &made).unwrap();
    }
    assert!(
        read("print.html") == made,
        "docs/PRINT.md or docs/print.css has changed: PRINT_HTML=write makes docs/print.html again; then look at it \
         printed, it must be one A4 page"
    );
}

fn page(markdown: &str, style: &str) -> String {
    let parts = markdown.split("\n\n").map(str::trim);
    let body: String = parts
        .filter(|part| !part.is_empty() && !part.starts_with(ABOUT_PRINTING))
        .map(part)
        .collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>The line on one \
         page</title>\n<style>\n{style}</style>\n{body}</html>\n"
    )
}

fn part(part: &str) -> String {
    match (part.strip_prefix("# "), part.starts_with('|')) {
        (Some(heading), _) => format!("<h1>{}</h1>\n", words(heading)),
        (None, true) => table(part),
        (None, false) => format!("<p>{}</p>\n", words(part)),
    }
}

fn table(lines: &str) -> String {
    let cells = |line: &str| -> Vec<String> { line.trim_matches('|').split('|').map(words).collect() };
    let row = |line: &str, tag: &str| {
        let cells: String = cells(line)
            .iter()
            .map(|cell| format!("<{tag}>{}</{tag}>", cell.trim()))
            .collect();
        format!("<tr>{cells}</tr>\n")
    };
    let mut lines = lines.lines();
    let head = row(lines.next().unwrap_or_default(), "th");
    let rows: String = lines.skip(1).map(|line| row(line, "td")).collect();
    format!("<table>\n{head}{rows}</table>\n")
}

/// Words with what stands out in them.
fn words(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let text = between(&text, "`", "code");
    links(&between(&text, "**", "b"))
}

/// Everything between two marks gets a tag.
fn between(text: &str, mark: &str, tag: &str) -> String {
    let mut out = String::new();
    for (number, piece) in text.split(mark).enumerate() {
        match number % 2 {
            0 => out.push_str(piece),
            _ => out.push_str(&format!("<{tag}>{piece}</{tag}>")),
        }
    }
    out
}

/// `[words](place)` is its words: paper has no links.
fn links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('[') {
        let Some((words, behind)) = behind.split_once("](") else {
            break;
        };
        let Some((_, behind)) = behind.split_once(')') else {
            break;
        };
        out.push_str(before);
        out.push_str(words);
        rest = behind;
    }
    out + rest
}
