//! What stands around the sections: the document, its looks, the title.

use hotline_core::time::WallTime;

use crate::report::{
    html::{Html, text},
    model::{Model, Texts},
};

/// The page's looks, without what the scenario says.
const STYLE: &str = include_str!("style.css");

/// The whole document.
pub fn document(model: &Model, body: &Html) -> String {
    let overview = &model.overview;
    let name = format!(
        "{} {}: after-action report",
        overview.scenario,
        title_of(&overview.title)
    );
    let handling = text(&overview.handling);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n<style>\n{STYLE}{}</style>\n</head>\n\
         <body>\n<p class=\"handling\">{handling}</p>\n<main>\n{body}</main>\n<p class=\"handling\">{handling}</p>\n</body>\n\
         </html>\n",
        text(&name),
        margins(model),
    )
}

/// The title block, with DRAFT until somebody has signed the report off.
pub fn title(model: &Model) -> Html {
    let overview = &model.overview;
    let draft = match &overview.signed_off {
        None => {
            Html::ours("<p class=\"draft\">DRAFT \u{2013} nobody has signed this report off</p>\n".into())
        }
        Some(signed) => Html::ours(format!(
            "<p>Signed off by {} at {}</p>\n",
            text(&signed.by),
            text(&signed.at.utc())
        )),
    };
    let others: String = overview
        .title
        .iter()
        .filter(|(language, _)| *language != "en")
        .map(|(language, title)| format!("<span lang=\"{}\">{}</span> ", text(language), text(title)))
        .collect();
    Html::ours(format!(
        "<header>\n<p class=\"kind\">After-action report and improvement plan</p>\n<h1>{} {}</h1>\n\
         <p class=\"others\">{others}</p>\n<p class=\"when\">{}</p>\n{draft}</header>\n",
        text(&overview.scenario),
        text(title_of(&overview.title)),
        text(&WallTime::from_unix_ms(overview.startex.wall_ms).dtg().to_string()),
    ))
}

/// The English text, or the first that there is.
pub fn title_of(texts: &Texts) -> &str {
    texts
        .get("en")
        .or_else(|| texts.values().next())
        .map_or("", String::as_str)
}

/// What is printed in the margins of each sheet of paper. It goes into a style sheet, where other escapes count: what is no
/// letter, digit or blank becomes its number.
fn margins(model: &Model) -> String {
    let overview = &model.overview;
    let draft = if overview.signed_off.is_none() {
        "DRAFT"
    } else {
        ""
    };
    format!(
        "@page{{@top-center{{content:\"{handling}\"}}@bottom-center{{content:\"{handling}\"}}\
         @top-left{{content:\"{}\"}}@top-right{{content:\"{draft}\"}}\
         @bottom-right{{content:counter(page) \" / \" counter(pages)}}}}\n",
        css(&overview.scenario),
        handling = css(&overview.handling),
    )
}

fn css(words: &str) -> String {
    let mut out = String::new();
    for c in hotline_core::text::inert_line(words).text.chars() {
        if c.is_ascii_alphanumeric() || c == ' ' {
            out.push(c);
        } else {
            out.push_str(&format!("\\{:x} ", u32::from(c)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handling_line_cannot_leave_its_style_sheet() {
        assert_eq!(
            css("EXERCISE</style>\"}\\"),
            "EXERCISE\\3c \\2f style\\3e \\22 \\7d \\5c "
        );
    }
}
