//! `hotline desk codes`: the agreed codebook as a person uses it.

use clap::Args;
use hotline_exercise::{
    codebook::{Code, Field, Kind, Level, Must},
    tongue::Tongue,
};
use serde_json::json;

use super::{
    Common,
    coded::{Book, example},
    load, print,
};
use crate::exit::{self, Failure, Outcome};

/// `hotline desk codes`.
#[derive(Debug, Args)]
pub struct CodesArgs {
    #[command(flatten)]
    common: Common,
    /// One code: its text, its fields and what belongs into each.
    code: Option<String>,
}

/// Lists the codes, or explains one.
///
/// # Errors
/// HL-DESK-042 if no codebook lies here, HL-DESK-041 if it has no such code.
pub fn run(args: &CodesArgs) -> Outcome {
    let config = load(&args.common)?;
    let none = || {
        let what = format!("no codebook.toml lies beside {}", config.file.display());
        let help = "put the agreed codebook there";
        Failure::new("HL-DESK-042", exit::CONFIG, what, help).as_json(args.common.json)
    };
    let book = Book::of(&config)?.ok_or_else(none)?;
    let Some(id) = &args.code else {
        list(&book, args.common.json);
        return Ok(exit::OK);
    };
    let Some(code) = book.book.code(id) else {
        let what = format!("the codebook has no {}", hotline_core::text::inert_line(id).text);
        let failure = Failure::new("HL-DESK-041", exit::USAGE, what, "codes lists the codes");
        return Err(failure.as_json(args.common.json));
    };
    explain(&book, code, args.common.json);
    Ok(exit::OK)
}

fn list(book: &Book, json: bool) {
    if !json {
        let own = &book.book;
        crate::say!("codebook {}/{}, {}", own.name(), own.version(), own.sha256());
    }
    for code in book.book.codes() {
        match json {
            true => print::object(&object(code)),
            false => crate::say!(
                "  {}  {:<22} {}",
                code.id,
                urgency(&code.level),
                code.text.in_tongue(Tongue::En)
            ),
        }
    }
    if !json {
        crate::say!("codes QX-01 says what belongs into its fields");
    }
}

fn explain(book: &Book, code: &Code, json: bool) {
    if json {
        print::object(&object(code));
        return;
    }
    crate::say!(
        "{}  {}, {}, asks for {}",
        code.id,
        urgency(&code.level),
        code.function,
        code.response
    );
    for tongue in [book.ours, book.theirs, Tongue::En] {
        crate::say!("  in {tongue} | {}", code.text.in_tongue(tongue));
    }
    for field in &code.fields {
        let optional = match field.must {
            Must::Mandatory => "",
            Must::Optional => " (may be left out)",
        };
        let (ours, en) = (
            field.label.in_tongue(book.ours),
            field.label.in_tongue(Tongue::En),
        );
        crate::say!("  {}{optional}: {ours}, {en}; {}", field.id, example(&field.kind));
    }
    crate::say!("  send {} {}", code.id, line(&code.fields));
}

/// What one types, with everything left to fill in.
fn line(fields: &[Field]) -> String {
    let each = fields
        .iter()
        .filter(|field| field.must == Must::Mandatory)
        .map(|field| {
            let value = match &field.kind {
                Kind::Whose => "OURS",
                Kind::YesNo => "YES",
                Kind::Dtg => "now+24h",
                _ => "\"...\"",
            };
            format!("{}={value}", field.id)
        });
    each.collect::<Vec<_>>().join(" ")
}

fn urgency(level: &Level) -> String {
    match level {
        Level::Own { usual, also, .. } => {
            let also: Vec<String> = also.iter().map(|also| format!(" or {also}")).collect();
            format!("{usual}{}", also.concat())
        }
        Level::AsOriginal => "as what it is about".to_owned(),
        Level::AboveOriginal => "above what it is about".to_owned(),
    }
}

fn object(code: &Code) -> serde_json::Value {
    let fields = code.fields.iter().map(|field| {
        json!({
            "id": field.id,
            "kind": field.kind.name(),
            "mandatory": field.must == Must::Mandatory,
            "label": field.label.in_tongue(Tongue::En),
            "example": example(&field.kind),
        })
    });
    json!({
        "code": code.id,
        "precedence": urgency(&code.level),
        "function": code.function.name(),
        "response": code.response.name(),
        "text": code.text.in_tongue(Tongue::En),
        "fields": fields.collect::<Vec<_>>(),
    })
}
