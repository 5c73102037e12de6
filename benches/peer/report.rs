//! Medians, ratios, and the page that they are written to.

use crate::clock;
use crate::scenario::{Figures, Work};
use std::fmt::Write;

/// What several runs of one piece of work showed, for each daemon.
#[derive(Debug, Default)]
pub struct Runs {
    /// Those of Alertmanager; empty where it is not installed.
    pub theirs: Vec<Figures>,
    /// Those of Tidings.
    pub ours: Vec<Figures>,
}

/// One line: a figure of both, and what is asked of their ratio.
struct Line {
    what: &'static str,
    of: fn(&Figures) -> f64,
    shown: fn(f64) -> String,
    goal: Option<Goal>,
}

/// What is asked of ours divided by theirs.
#[derive(Clone, Copy)]
enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    fn holds(self, ratio: f64) -> bool {
        match self {
            Goal::AtLeast(goal) => ratio >= goal,
            Goal::AtMost(goal) => ratio <= goal,
        }
    }

    fn text(self) -> String {
        match self {
            Goal::AtLeast(goal) => format!("at least {goal}×"),
            Goal::AtMost(1.0) => "no worse".to_owned(),
            Goal::AtMost(goal) => format!("at most 1/{:.0}", 1.0 / goal),
        }
    }
}

fn lines(work: Work) -> Vec<Line> {
    let line = |what, of, shown, goal| Line { what, of, shown, goal };
    let rate = |goal| line("alerts a second", |f| f.rate, whole, goal);
    let cpu = |goal| line("CPU per alert", |f| f.cpu_us, micros, goal);
    let memory = |goal| line("resident memory per active alert", |f| f.memory, kilobytes, goal);
    let peak = line("resident memory at its peak", |f| f.peak, megabytes, None);
    match work {
        Work::ManyGroups => vec![
            rate(Some(Goal::AtLeast(2.0))),
            cpu(Some(Goal::AtMost(1.0 / 3.0))),
            memory(Some(Goal::AtMost(1.0 / 8.0))),
            peak,
        ],
        Work::LargeGroups => {
            let seconds = line("seconds until all were delivered", |f| f.seconds, seconds, None);
            vec![seconds, cpu(None), memory(None), peak]
        }
        Work::Resent => vec![rate(None), cpu(Some(Goal::AtMost(0.25))), memory(None)],
        Work::OneByOne => vec![
            line("delay, median", |f| f.p50_ms, millis, None),
            line("delay, 99th percentile", |f| f.p99_ms, millis, Some(Goal::AtMost(1.0))),
            line(
                "of it the disk: one bare sync, median",
                |f| f.sync_p50_ms.unwrap_or(f64::NAN),
                millis,
                None,
            ),
            line("one bare sync, 99th percentile", |f| f.sync_p99_ms.unwrap_or(f64::NAN), millis, None),
            cpu(None),
        ],
    }
}

fn whole(number: f64) -> String {
    format!("{number:.0}")
}

fn micros(number: f64) -> String {
    format!("{number:.1} µs")
}

fn kilobytes(number: f64) -> String {
    format!("{:.2} KB", number / 1e3)
}

fn megabytes(number: f64) -> String {
    format!("{:.0} MB", number / 1e6)
}

fn seconds(number: f64) -> String {
    format!("{number:.2} s")
}

fn millis(number: f64) -> String {
    format!("{number:.2} ms")
}

fn median(runs: &[Figures], of: fn(&Figures) -> f64) -> Option<f64> {
    let mut numbers: Vec<f64> = runs.iter().map(of).filter(|number| !number.is_nan()).collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

/// The table of the medians, in Markdown; the flag says whether every goal was met.
pub fn table(all: &[(Work, Runs)]) -> (String, bool) {
    let mut text = String::from(
        "| work | figure | Alertmanager | Tidings | ratio | goal |\n|---|---|---:|---:|---:|---|\n",
    );
    let mut met = true;
    for (work, runs) in all {
        for (index, line) in lines(*work).iter().enumerate() {
            let (theirs, ours) = (median(&runs.theirs, line.of), median(&runs.ours, line.of));
            let ratio = ours.zip(theirs).map(|(ours, theirs)| ours / theirs);
            let holds = line.goal.zip(ratio).is_none_or(|(goal, ratio)| goal.holds(ratio));
            met &= holds;
            let work_shown =
                if index == 0 { format!("({}) {}", work.letter(), work.about()) } else { String::new() };
            let shown = |number: Option<f64>| number.map_or("–".to_owned(), line.shown);
            let ratio_shown = ratio.map_or("–".to_owned(), |ratio| format!("{ratio:.2}"));
            let goal = line.goal.map_or(String::new(), |goal| {
                let missed = if holds { "" } else { " **missed**" };
                format!("{}{missed}", goal.text())
            });
            let _ = writeln!(
                text,
                "| {work_shown} | {} | {} | {} | {ratio_shown} | {goal} |",
                line.what,
                shown(theirs),
                shown(ours)
            );
        }
    }
    (text, met)
}

/// The machine that it was measured on, in a sentence.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default();
    let kilobytes: f64 = kilobytes.trim().trim_end_matches(" kB").parse().unwrap_or(0.0);
    let date = clock::now().strftime("%Y-%m-%d").to_string();
    format!("Measured on {date} on {cores} cores with {:.0} GB of memory.", kilobytes / 1e6)
}

/// Replaces what stands between the marks of `section` in the page.
///
/// # Errors
/// The page cannot be read or written, or lacks the marks.
pub fn write(section: &str, text: &str) -> std::io::Result<()> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
    let page = std::fs::read_to_string(&path)?;
    let (begin, end) = (format!("<!-- {section} -->\n"), format!("<!-- end {section} -->"));
    let parts = page.split_once(&begin).and_then(|(head, rest)| Some((head, rest.split_once(&end)?.1)));
    let Some((head, tail)) = parts else {
        return Err(std::io::Error::other(format!("docs/performance.md has no section {section}")));
    };
    std::fs::write(&path, format!("{head}{begin}{text}{end}{tail}"))
}
