//! Tidings beside Alertmanager on the same work, in one run: `cargo bench --bench peer -- [MODE] [--runs N] [--only abcd]`.
//!
//! Modes: `peer` (the default) compares the two; `flood` and `hang` put Tidings alone under a flood from NATS and before
//! an endpoint that hangs, `cadence` beside ten thousand open incidents. `--keep` writes what was found to `docs/performance.md`.

mod alerts;
mod cadence;
mod client;
mod clock;
mod disk;
mod flood;
mod hang;
mod peer;
mod process;
mod report;
mod scenario;
mod sink;

use peer::Peer;
use report::Runs;
use scenario::{ALL, Figures, Work};
use sink::Sink;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// What was asked for.
struct Options {
    mode: String,
    runs: usize,
    only: Option<String>,
    alone: bool,
    keep: bool,
}

fn main() -> ExitCode {
    let options = match read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("peer: {why}");
            return ExitCode::from(2);
        }
    };
    let done = match options.mode.as_str() {
        "peer" => compare(&options),
        "flood" => flood::run(options.keep),
        "hang" => hang::run(options.runs, options.keep),
        "cadence" => cadence::run(options.keep),
        other => Err(io::Error::other(format!("there is no mode {other}: peer, flood, hang, cadence"))),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("peer: {error}");
            ExitCode::from(70)
        }
    }
}

fn read(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options { mode: "peer".into(), runs: 5, only: None, alone: false, keep: false };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} wants a value"));
        match argument.as_str() {
            "--runs" => options.runs = value()?.parse().map_err(|_| "--runs wants a number")?,
            "--only" => options.only = Some(value()?),
            "--alone" => options.alone = true,
            "--keep" => options.keep = true,
            // Cargo adds it to every benchmark.
            "--bench" => {}
            mode if !mode.starts_with('-') => options.mode = mode.to_owned(),
            other => return Err(format!("{other} is unknown")),
        }
    }
    Ok(options)
}

/// A fresh folder beside the build, so that the journal lies on the disk that it would lie on.
fn folder(name: &str) -> io::Result<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("peer").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn compare(options: &Options) -> io::Result<bool> {
    let sink = Sink::start()?;
    let theirs = !options.alone && peer::alertmanager_program().is_some();
    let wanted = |work: &Work| options.only.as_ref().is_none_or(|only| only.contains(work.letter()));
    let mut all: Vec<(Work, Runs)> =
        ALL.into_iter().filter(wanted).map(|work| (work, Runs::default())).collect();
    for run in 1..=options.runs {
        for (work, runs) in &mut all {
            if theirs {
                runs.theirs.push(one(run, *work, Peer::Alertmanager, &sink)?);
            }
            runs.ours.push(one(run, *work, Peer::Tidings, &sink)?);
        }
    }
    let (table, met) = report::table(&all);
    let text = format!("{}\n\n{table}", report::machine());
    println!("\n{text}");
    if options.keep {
        report::write("peer", &text)?;
    }
    Ok(met)
}

fn one(run: usize, work: Work, peer: Peer, sink: &Sink) -> io::Result<Figures> {
    let folder = folder(peer.name())?;
    let figures = work.run(peer, &folder, sink)?;
    eprintln!("run {run} ({}) {}: {figures:?}", work.letter(), peer.name());
    std::fs::remove_dir_all(folder)?;
    Ok(figures)
}
