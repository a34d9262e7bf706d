//! Asking for a passphrase: from a file, or at the terminal without showing it. Never from an argument, which every
//! other user of the machine could read.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use hotline_client::sealed::Passphrase;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::error::PkiError;
use super::files;

/// The passphrase in a file that only its owner may read (its first line), or asked for at the terminal.
///
/// # Errors
/// If there is neither a file nor a terminal, or the file may be read by others.
pub fn ask(prompt: &str, file: Option<&Path>) -> Result<Passphrase, PkiError> {
    if let Some(path) = file {
        let text = files::read_secret(path)?;
        return Ok(Passphrase::new(
            text.lines().next().unwrap_or_default().to_owned(),
        ));
    }
    if !io::stdin().is_terminal() {
        let why =
            "a passphrase is needed, and there is no terminal to ask at: name a --passphrase-file".into();
        return Err(PkiError::Usage { why });
    }
    hidden(prompt).map_err(|source| PkiError::file("read", Path::new("the terminal"), source))
}

/// Asks twice, for a new passphrase; a file is read once.
///
/// # Errors
/// As [`ask`], or if the two differ.
pub fn ask_new(prompt: &str, file: Option<&Path>) -> Result<Passphrase, PkiError> {
    let first = ask(prompt, file)?;
    if file.is_none() && ask("the same again", None)? != first {
        return Err(PkiError::Usage {
            why: "the two passphrases differ".into(),
        });
    }
    Ok(first)
}

fn hidden(prompt: &str) -> io::Result<Passphrase> {
    let mut conversation = io::stderr();
    write!(conversation, "{prompt}: ")?;
    conversation.flush()?;
    let shown = tcgetattr(io::stdin())?;
    let _echo = Echo::off(shown)?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    writeln!(conversation)?;
    Ok(Passphrase::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// The terminal without echo; dropped, it shows again what is typed.
struct Echo(Termios);

impl Echo {
    fn off(shown: Termios) -> io::Result<Self> {
        let mut hidden = shown.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
        Ok(Self(shown))
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // A terminal that has gone away needs no echo.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}
