//! One HTML page that needs nothing else: no script, no font, no picture from elsewhere.
//!
//! Two figures ([`percentiles`], [`timeline`]), each with a text in its place for whoever cannot see it and with its
//! numbers in a table below, and everything a report carries.

mod percentiles;
mod svg;
mod timeline;

use super::{
    about::About,
    run::{Run, plain, quantiles},
    times::{Times, ms},
};
use crate::bench::slo::{judge::Judged, metric::QUANTILES};
use svg::escaped;

/// Names of the timelines in a page; as many runs are shown.
const TIMELINES: [&str; 2] = ["timeline", "timeline-faults"];

/// What a page is made of.
pub struct Page<'a> {
    /// `latency`.
    pub bench: &'a str,
    /// The terminal's table.
    pub table: &'a str,
    /// Runs on schedule.
    pub runs: &'a [&'a Run],
    /// The floor's times.
    pub floor: Option<&'a Times>,
    /// Promises, judged.
    pub judged: &'a [Judged],
    /// What the report says about itself.
    pub about: &'a About,
}

/// The page.
pub fn page(page: &Page<'_>) -> String {
    let title = format!("hotline bench {}", page.bench);
    let about: String = page
        .about
        .rows()
        .iter()
        .map(|(name, value)| pair(name, value))
        .collect();
    let mut body = format!(
        "<h1>{}</h1>\n{}<table class=\"about\">\n{about}</table>\n",
        escaped(&title),
        judged(page.judged)
    );
    let percentiles = percentiles::figure(page.runs, page.floor);
    if !percentiles.is_empty() {
        body.push_str(&figure(
            "How long messages took",
            &percentiles,
            "Every time counts from the moment when the message was due, so that a stall is charged to every message it \
             held up.",
            &times(page.runs, page.floor),
        ));
    }
    for (run, id) in page.runs.iter().zip(TIMELINES) {
        let drawn = timeline::figure(run, id);
        if !drawn.is_empty() {
            let caption = "Shaded: something was broken. A triangle: a message without receipt.";
            let heading = format!("The run, {}", run.name);
            body.push_str(&figure(&heading, &drawn, caption, &broken(run)));
        }
    }
    body.push_str(&format!(
        "<h2>As the terminal shows it</h2>\n<pre>{}</pre>\n",
        escaped(page.table)
    ));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n{body}</body>\n</html>\n",
        escaped(&title)
    )
}

fn pair(name: &str, value: &str) -> String {
    format!(
        "<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n",
        escaped(name),
        escaped(value)
    )
}

fn judged(judged: &[Judged]) -> String {
    let lines: String = judged
        .iter()
        .map(|judged| {
            let class = if judged.met { "met" } else { "missed" };
            format!("<li class=\"{class}\">{}</li>\n", escaped(&judged.words()))
        })
        .collect();
    if lines.is_empty() {
        lines
    } else {
        format!("<ul class=\"slo\">\n{lines}</ul>\n")
    }
}

fn figure(heading: &str, drawn: &str, caption: &str, numbers: &str) -> String {
    format!(
        "<h2>{}</h2>\n<figure>\n{drawn}<figcaption>{caption}</figcaption>\n</figure>\n<details>\n\
         <summary>The same in numbers</summary>\n{numbers}</details>\n",
        escaped(heading)
    )
}

/// Figure 1 in numbers.
fn times(runs: &[&Run], floor: Option<&Times>) -> String {
    let heads: String = QUANTILES
        .iter()
        .map(|(name, _)| format!("<th scope=\"col\">{name}</th>"))
        .collect();
    let mut rows = String::new();
    for run in runs {
        for series in run.series() {
            let name = format!("{}, {}", plain(&series.key), run.name);
            rows.push_str(&numbers(&name, &series.from_due));
        }
        for (leg, times) in run.by_leg() {
            rows.push_str(&numbers(
                &format!("DELIVERED, first by {leg}, {}", run.name),
                &times,
            ));
        }
    }
    if let Some(floor) = floor {
        rows.push_str(&numbers("the floor, one in flight", floor));
    }
    format!(
        "<table>\n<tr><th scope=\"col\">milliseconds from due</th>{heads}<th scope=\"col\">messages</th></tr>\n{rows}</table>\n"
    )
}

fn numbers(name: &str, times: &Times) -> String {
    let cells: String = quantiles(times)
        .map(|(_, value)| format!("<td>{value:.3}</td>"))
        .collect();
    format!(
        "<tr><th scope=\"row\">{}</th>{cells}<td>{}</td></tr>\n",
        escaped(name),
        times.count()
    )
}

/// Figure 2 in numbers.
fn broken(run: &Run) -> String {
    if run.shades.is_empty() && run.gaps.is_empty() {
        return "<p>Nothing was broken in this run.</p>\n".into();
    }
    let shades: String = run
        .shades
        .iter()
        .map(|shade| {
            let gap = run
                .gaps
                .iter()
                .filter(|gap| gap.from < shade.to && gap.from + gap.length > shade.from)
                .map(|gap| gap.length)
                .max();
            let gap = gap.map_or_else(|| "-".into(), |gap| format!("{:.1}", ms(gap)));
            format!(
                "<tr><th scope=\"row\">{}</th><td>{:.2}</td><td>{:.2}</td><td>{gap}</td></tr>\n",
                escaped(&shade.what),
                shade.from.as_secs_f64(),
                shade.to.as_secs_f64()
            )
        })
        .collect();
    format!(
        "<table>\n<tr><th scope=\"col\">what was broken</th><th scope=\"col\">from, s</th><th scope=\"col\">to, s</th>\
         <th scope=\"col\">gap, ms</th></tr>\n{shades}</table>\n"
    )
}

/// The page's looks.
const STYLE: &str = "\
body{font:16px/1.5 system-ui,sans-serif;color:#111;background:#fff;max-width:64rem;margin:2rem auto;padding:0 1rem}\n\
h1{font-size:1.6rem;margin:0 0 1rem}h2{font-size:1.2rem;margin:2rem 0 .5rem}\n\
table{border-collapse:collapse;font-size:.9rem;margin:.5rem 0}\n\
th,td{padding:.2rem .8rem .2rem 0;text-align:right;border-bottom:1px solid #ddd;font-variant-numeric:tabular-nums}\n\
th[scope=row],.about td{text-align:left;font-weight:normal;overflow-wrap:anywhere}\n\
.about th{vertical-align:top;color:#555;white-space:nowrap}\n\
figure{margin:0}figcaption{color:#444;font-size:.9rem}svg{display:block;width:100%;height:auto}\n\
svg text{font:12px system-ui,sans-serif;fill:#333}.middle{text-anchor:middle}.end{text-anchor:end}\n\
.grid{stroke:#e3e3e3}.frame{fill:none;stroke:#999}.shade{fill:#d9a400;fill-opacity:.22}\n\
.line{fill:none;stroke-width:2}.thin{stroke-width:1}.dashed{stroke-dasharray:7 4}.dotted{stroke-dasharray:2 3}\n\
.gap{stroke:#000;stroke-width:3}svg .label{font-weight:600;fill:#000;paint-order:stroke;stroke:#fff;stroke-width:3px}.lost{fill:#b00020}\n\
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;padding:0;margin:.3rem 0;font-size:.9rem}\n\
.legend svg{display:inline-block;width:28px;height:8px;vertical-align:middle}\n\
.slo{list-style:none;padding:0}.slo li{padding:.2rem .6rem;margin:.2rem 0;border-left:4px solid}\n\
.slo .met{border-color:#009e73;background:#eef8f4}.slo .missed{border-color:#b00020;background:#fbeef0;font-weight:600}\n\
pre{overflow-x:auto;background:#f6f6f6;padding:.8rem;font-size:.85rem;line-height:1.4}\n\
summary{cursor:pointer;color:#0b5a8a}details{margin:.3rem 0}@media print{details{display:none}}\n";

#[cfg(test)]
mod tests;
