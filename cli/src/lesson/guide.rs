//! The voice of a lesson: it tells, shows what was seen, waits for the reader, and asks.

use std::io::IsTerminal as _;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines, Stdin};

use crate::exit;

/// Tells a lesson to whoever reads it.
pub struct Guide {
    /// The reader's lines; none where nobody is waited for.
    reader: Option<Lines<BufReader<Stdin>>>,
    asked: u32,
    right: u32,
    /// What was not as the lesson says.
    wrong: Vec<String>,
}

/// One answer that may be chosen, and what is to be said about it.
pub type Choice<'a> = (&'a str, &'a str);

impl Guide {
    /// Waits for a reader only at a terminal.
    pub fn new(no_input: bool) -> Self {
        let waits = !no_input && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        Self {
            reader: waits.then(|| BufReader::new(tokio::io::stdin()).lines()),
            asked: 0,
            right: 0,
            wrong: Vec::new(),
        }
    }

    /// The headline of a part.
    pub fn part(&self, title: &str) {
        crate::say!("\n== {title}\n");
    }

    /// Says something.
    pub fn say(&self, words: &str) {
        crate::say!("{words}");
    }

    /// Shows what a program printed.
    pub fn show(&self, printed: &str) {
        for line in printed.lines() {
            crate::say!("    | {line}");
        }
    }

    /// Says what was measured, and remembers if it was not so.
    pub fn saw(&mut self, what: &str, held: bool, measured: &str) {
        let mark = if held { "ok  " } else { "FAIL" };
        crate::say!("  {mark} {what}: {measured}");
        if !held {
            self.wrong.push(format!("{what}: {measured}"));
        }
    }

    /// Waits until the reader wants to go on.
    pub async fn go_on(&mut self) {
        if self.reader.is_some() {
            crate::say_part!("\n[Enter] ");
            let _ = self.line().await;
        }
    }

    /// Asks until one of the choices is typed; the first one of `choices` whose place is `right` is it.
    pub async fn ask(&mut self, question: &str, choices: &[Choice<'_>], right: usize) {
        crate::say!("\n? {question}");
        for ((answer, _), letter) in choices.iter().zip('a'..) {
            crate::say!("  {letter}) {answer}");
        }
        let chosen = self.choose(choices.len()).await;
        if let Some(chosen) = chosen {
            self.asked += 1;
            self.right += u32::from(chosen == right);
            if chosen != right {
                crate::say!("  No. {}", choices[chosen].1);
            }
        }
        let letter = ('a'..).nth(right).unwrap_or('?');
        crate::say!("  {letter}) is right. {}", choices[right].1);
    }

    /// The place of what the reader typed; none where nobody is asked.
    async fn choose(&mut self, among: usize) -> Option<usize> {
        loop {
            self.reader.as_ref()?;
            crate::say_part!("> ");
            let typed = self.line().await?;
            let letter = typed
                .trim()
                .chars()
                .next()
                .map(|letter| letter.to_ascii_lowercase());
            match letter.and_then(|letter| ('a'..).take(among).position(|known| known == letter)) {
                Some(place) => return Some(place),
                None => crate::say!("  Type one of the letters."),
            }
        }
    }

    /// A line of the reader's; none from the end of input on.
    async fn line(&mut self) -> Option<String> {
        let typed = self.reader.as_mut()?.next_line().await.ok().flatten();
        if typed.is_none() {
            self.reader = None;
        }
        typed
    }

    /// Says how it went; the exit code.
    pub fn end(self) -> u8 {
        if self.asked > 0 {
            crate::say!("\n{} of {} answered at once.", self.right, self.asked);
        }
        if self.wrong.is_empty() {
            return exit::OK;
        }
        crate::say!("\nNot everything was as the lesson says:");
        for wrong in &self.wrong {
            crate::say!("  {wrong}");
        }
        exit::OTHER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_a_terminal_nobody_is_waited_for_and_what_was_not_so_is_the_exit_code() {
        let mut guide = Guide::new(true);
        guide.go_on().await;
        guide
            .ask("Which?", &[("this", "Because."), ("that", "No.")], 0)
            .await;
        guide.saw("it holds", true, "1");
        assert!(guide.wrong.is_empty() && guide.asked == 0);
        guide.saw("it holds", false, "2");
        assert_eq!(guide.end(), exit::OTHER);
    }
}
