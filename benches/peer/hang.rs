//! One of two endpoints hangs: what the other hears must come as fast as before.

use crate::alerts::Set;
use crate::peer::{Grouping, Peer};
use crate::report;
use crate::scenario::{delays, percentile, send_steadily};
use crate::sink::Sink;
use crate::{clock, folder};
use std::io;
use std::time::Duration;

/// Alerts a second.
const RATE: u32 = 100;

/// How many alerts one run sends.
const COUNT: usize = 1500;

/// The delays of one run at the endpoint that answers, sorted, in milliseconds.
fn one(other_hangs: bool, sinks: &[Sink; 2]) -> io::Result<Vec<f64>> {
    let folder = folder("hang")?;
    let grouping = Grouping { by: "seq", wait: 0, interval: 300 };
    let [good, bad] = sinks;
    bad.hang(other_hangs);
    let set = Set { count: COUNT, groups: COUNT };
    good.reset(1);
    good.keep_arrivals(true);
    let daemon = Peer::Tidings.start(&folder, grouping, &[good.address, bad.address])?;
    let sent = send_steadily(&daemon, set, RATE)?;
    if !clock::wait_until(Duration::from_secs(60), || good.whole() >= COUNT) {
        return Err(io::Error::other(format!("only {} of {COUNT} have arrived", good.whole())));
    }
    Ok(delays(&sent, &good.arrivals()))
}

/// Compares, a few times over; says whether the goal was met.
///
/// # Errors
/// The daemon does not start, or does not deliver.
pub fn run(runs: usize, keep: bool) -> io::Result<bool> {
    let sinks = [Sink::start()?, Sink::start()?];
    let (mut fine, mut hanging) = (Vec::new(), Vec::new());
    for run in 1..=runs {
        for (hangs, into) in [(false, &mut fine), (true, &mut hanging)] {
            let delays = one(hangs, &sinks)?;
            let p99 = percentile(&delays, 99.0);
            eprintln!("run {run} hanging {hangs}: p50 {:.2} ms, p99 {p99:.2} ms", percentile(&delays, 50.0));
            into.push(p99);
        }
    }
    let median = |numbers: &mut Vec<f64>| {
        numbers.sort_by(f64::total_cmp);
        numbers[numbers.len() / 2]
    };
    let (fine, hanging) = (median(&mut fine), median(&mut hanging));
    let met = hanging <= fine * 1.1 || hanging <= fine + 50.0;
    let text = format!(
        "{}\n\n| two endpoints, {RATE} alerts a second | delay at the first, 99th percentile |\n|---|---:|\n\
         | both answer | {fine:.2} ms |\n| the second hangs | {hanging:.2} ms |\n| goal: within 10 % or 50 ms | {} |\n",
        report::machine(),
        if met { "met" } else { "**missed**" }
    );
    println!("\n{text}");
    if keep {
        report::write("hang", &text)?;
    }
    Ok(met)
}
