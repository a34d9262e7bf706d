//! The chart: one row for each way, a quarter of a second a column, and how long messages of that moment waited.

use std::time::Duration;

/// Milliseconds of a column.
const COLUMN_MS: u64 = 250;
/// Characters of a way's name.
const NAME: usize = 24;

/// A message.
pub struct Wait {
    /// When, after the beginning.
    pub sent: Duration,
    /// After how long it was receipted; none if it was not.
    pub took: Option<Duration>,
}

/// One way, and all its messages.
pub struct Row {
    /// What it is called.
    pub way: &'static str,
    /// In the order in which they were sent.
    pub waits: Vec<Wait>,
}

impl Row {
    /// How many were never receipted.
    pub fn lost(&self) -> usize {
        self.waits.iter().filter(|wait| wait.took.is_none()).count()
    }

    /// How many took longer than that.
    pub fn late(&self, than: Duration) -> usize {
        self.waits
            .iter()
            .filter(|wait| wait.took.is_none_or(|took| took > than))
            .count()
    }

    /// The longest of all.
    pub fn longest(&self) -> Duration {
        self.waits
            .iter()
            .filter_map(|wait| wait.took)
            .max()
            .unwrap_or_default()
    }

    /// What stands at one column.
    fn mark(&self, column: u64) -> char {
        let of_column = self.waits.iter().filter(|wait| column_of(wait.sent) == column);
        let Some(worst) = of_column.map(|wait| wait.took.unwrap_or(Duration::MAX)).max() else {
            return ' ';
        };
        match worst {
            Duration::MAX => 'X',
            worst if worst < Duration::from_millis(100) => '.',
            worst if worst < Duration::from_secs(1) => 'o',
            _ => '#',
        }
    }
}

fn column_of(at: Duration) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(u64::MAX) / COLUMN_MS
}

/// The whole chart. Troubles are what, and from and until which millisecond.
pub fn draw(rows: &[Row], troubles: &[(&str, u64, u64)], lasts: Duration) -> String {
    let columns = column_of(lasts);
    let mut text = String::new();
    for (what, from, to) in troubles {
        let line = (0..columns).map(
            |column| match (from / COLUMN_MS..to / COLUMN_MS).contains(&column) {
                true => '=',
                false => ' ',
            },
        );
        text.push_str(&format!(
            "{what:<NAME$} {}\n",
            line.collect::<String>().trim_end()
        ));
    }
    for row in rows {
        let line: String = (0..columns).map(|column| row.mark(column)).collect();
        text.push_str(&format!(
            "{:<NAME$} {line}  longest {} ms\n",
            row.way,
            row.longest().as_millis()
        ));
    }
    text.push_str(". below 100 ms   o below 1 s   # longer   X lost\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_shows_the_longest_wait_of_its_moment_and_what_was_lost() {
        let wait = |sent, took: Option<u64>| Wait {
            sent: Duration::from_millis(sent),
            took: took.map(Duration::from_millis),
        };
        let row = Row {
            way: "QUIC only",
            waits: vec![
                wait(0, Some(5)),
                wait(200, Some(900)),
                wait(300, Some(2_000)),
                wait(900, None),
            ],
        };
        assert_eq!(
            (
                row.lost(),
                row.late(Duration::from_secs(1)),
                row.longest().as_millis()
            ),
            (1, 2, 2_000)
        );
        let drawn = draw(&[row], &[("UDP is blocked", 250, 750)], Duration::from_secs(1));
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines[0], format!("{:<24}  ==", "UDP is blocked"));
        assert_eq!(lines[1], format!("{:<24} o# X  longest 2000 ms", "QUIC only"));
    }
}
