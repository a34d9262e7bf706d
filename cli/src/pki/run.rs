//! From a typed verb to its function, and from its answer to what people read.

use std::io::Write;
use std::path::PathBuf;

use hotline_client::sealed::notes::CHANCE_BYTES;
use hotline_client::sealed::{PASSPHRASE_CHARACTERS_MIN, Passphrase, SealedKeyError, Unlocking};
use hotline_core::time::WallTime;
use hotline_transport::seams::Seams;

use super::args::{ConsentArgs, InitArgs, PkiArgs, SealArgs, TrustArgs, Verb};
use super::declaration::Declaration;
use super::error::PkiError;
use super::renew::TlsKey;
use super::trust::{Compared, KnownAnchors};
use super::{
    backup, consent, deny, ending, export, files, init, inspect, issue, list, passphrase, renew, rotate, say,
    seal, tour, trust,
};

/// Runs a verb and writes its result to `out`.
///
/// # Errors
/// Whatever stopped it; [`PkiError::exit_code`] says how the program ends.
pub fn run(args: PkiArgs, out: &mut dyn Write) -> Result<(), PkiError> {
    let seams = Seams::system();
    run_at(
        args,
        seams.clock.wall(),
        &mut |bytes| seams.entropy.fill(bytes),
        out,
    )
}

/// The same at a given time and with given randomness.
///
/// # Errors
/// As [`run`].
pub fn run_at(
    args: PkiArgs,
    now: WallTime,
    entropy: &mut dyn FnMut(&mut [u8]),
    out: &mut dyn Write,
) -> Result<(), PkiError> {
    let said = match args.verb {
        Verb::Init(args) => made(args, now, entropy)?,
        Verb::Issue(args) => {
            let (dir, newcomer) = args.who.newcomer();
            say::issued(&issue::issue(&dir, &newcomer, now, entropy)?)
        }
        Verb::List(args) => {
            let listing = list::list(&args.dir.dir, now)?;
            if args.json {
                json(&listing)?
            } else {
                listing.text(now)
            }
        }
        Verb::Inspect(args) => inspect::inspect(&args.file, now)?.text(),
        Verb::Revoke(args) => ending::end(&args, now, entropy)?,
        Verb::Renew(args) => {
            let key = if args.new_key { TlsKey::New } else { TlsKey::Keep };
            say::renewed(&renew::renew(&args.path, key, now, entropy)?, now)
        }
        Verb::Rotate(args) if args.finish => say::rotated(&rotate::finish(&args.path)?),
        Verb::Rotate(args) if args.seal => say::rotated(&rotate::seal(&args.path, now, entropy)?),
        Verb::Rotate(args) => say::rotated(&rotate::rotate(&args.path, now, entropy)?),
        Verb::Export(args) => say::exported(&export::export(&args.dir.dir, &args.out, now)?, &args.out),
        Verb::Trust(args) => return trusted(args, now, out),
        Verb::UseBackup(args) => {
            let compared = compared(args.words, args.yes);
            say::backup(&backup::use_backup(&args.dir.dir, &args.name, &compared, now)?)
        }
        Verb::Seal(args) => sealed(&args, now, entropy)?,
        Verb::Consent(args) => consented(&args, now, entropy)?,
        Verb::Tour => {
            let workplace =
                tempfile::tempdir().map_err(|e| PkiError::file("made", &std::env::temp_dir(), e))?;
            tour::tour(workplace.path())?
        }
    };
    out.write_all(said.as_bytes()).map_err(PkiError::Print)
}

fn made(args: InitArgs, now: WallTime, entropy: &mut dyn FnMut(&mut [u8])) -> Result<String, PkiError> {
    let mut declaration = Declaration::load(&args.from)?;
    if let Some(domain) = args.domain {
        declaration = declaration.only(&domain)?;
    }
    Ok(say::made(
        &init::init(&declaration, &args.out, now, entropy)?,
        now,
    ))
}

fn sealed<'a>(
    args: &'a SealArgs,
    now: WallTime,
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Result<String, PkiError> {
    let (dir, name) = (&args.dir.dir, args.name.join("/"));
    let file = |file: &'a Option<PathBuf>| file.as_deref();
    let sealed = seal::is_sealed(dir, &name)?;
    let present = sealed
        .then(|| {
            passphrase::ask(
                "the passphrase that it has now",
                file(&args.present_passphrase_file),
            )
        })
        .transpose()?;
    let prompt = format!("a passphrase of at least {PASSPHRASE_CHARACTERS_MIN} characters");
    let first = passphrase::ask_new(&prompt, file(&args.passphrase_file))?;
    let second = args
        .duress_book
        .as_ref()
        .map(|_| passphrase::ask_new("another one, for duress", file(&args.second_passphrase_file)))
        .transpose()?;
    let present = present.as_ref().map(|typed| unlocking(typed, now, entropy));
    let typed = seal::Typed {
        present: present.as_ref(),
        first: &first,
        second: second.as_ref().zip(file(&args.duress_book)),
    };
    let path = seal::seal(dir, &name, typed, entropy)?;
    // The same sentence whether there was a second one or not: nobody can tell from the key.
    let one = "one passphrase only; a second one that was set before no longer opens it\n";
    let book = args.duress_book.as_ref().map_or_else(
        || one.to_owned(),
        |book| {
            format!(
                "the security officer watches with: hotline duress --config DESK --book {} --follow\n\
             keep that book where the seats are not\n",
                book.display()
            )
        },
    );
    Ok(format!(
        "sealed {}\nwithout its passphrase this key is lost: nobody can open it\n{book}",
        path.display()
    ))
}

/// A passphrase that is typed now.
fn unlocking<'a>(
    passphrase: &'a Passphrase,
    wall: WallTime,
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Unlocking<'a> {
    let mut chance = [0; CHANCE_BYTES];
    entropy(&mut chance);
    Unlocking {
        passphrase,
        wall,
        chance,
    }
}

fn compared(words: Option<String>, yes: bool) -> Compared {
    match (words, yes) {
        (Some(words), _) => Compared::Aloud(words),
        (None, true) => Compared::Vouched,
        (None, false) => Compared::NotYet,
    }
}

fn trusted(args: TrustArgs, now: WallTime, out: &mut dyn Write) -> Result<(), PkiError> {
    if files::read(&args.file)?.starts_with(deny::HEAD.as_bytes()) {
        let taken = deny::take(&args.dir.dir, &args.file, now)?;
        return out
            .write_all(say::taken(&taken).as_bytes())
            .map_err(PkiError::Print);
    }
    let compared = compared(args.words, args.yes);
    let known = if args.replace {
        KnownAnchors::Replace
    } else {
        KnownAnchors::Keep
    };
    let trusted = trust::trust(&args.dir.dir, &args.file, &compared, known, now)?;
    out.write_all(say::trusted(&trusted).as_bytes())
        .map_err(PkiError::Print)?;
    match trusted.first_difference() {
        Some(differs) => Err(differs),
        None => Ok(()),
    }
}

fn consented(
    args: &ConsentArgs,
    now: WallTime,
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Result<String, PkiError> {
    let name = args.name.join("/");
    let words = consent::Words {
        channel: &args.channel,
        codebook: args.codebook,
    };
    let sign = |unlocking| consent::consent(&args.dir.dir, &words, &name, unlocking, now);
    let identity = match sign(None) {
        Err(PkiError::Sealed(SealedKeyError::PassphraseNeeded { .. })) => {
            let typed = passphrase::ask("passphrase", args.passphrase_file.as_deref())?;
            sign(Some(&unlocking(&typed, now, entropy)))?
        }
        other => other?,
    };
    let codebook = args
        .codebook
        .map_or_else(String::new, |codebook| format!(", with codebook {codebook}"));
    Ok(format!(
        "{identity} consents to the charter of {}{codebook}\nnext: export it again: hotline pki export\n",
        args.channel
    ))
}

fn json(listing: &list::Listing) -> Result<String, PkiError> {
    let text = serde_json::to_string_pretty(listing).map_err(|e| PkiError::making("the JSON", e))?;
    Ok(text + "\n")
}
