//! What this process costs, under the names that every Prometheus client uses: read when asked for, from `/proc`.

use super::table::{self, Kind, Metric};
use std::fmt::Write;
use std::fs;

/// `/proc` counts processor time in hundredths of a second on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// Appends what can be learned; where there is no `/proc`, nothing.
pub(super) fn render(text: &mut String) {
    let read = |file: &str| fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_default();
    let values = [
        (&table::PROCESS_CPU, cpu_seconds(&read("stat"))),
        (&table::PROCESS_MEMORY, resident_bytes(&read("status"))),
        (&table::PROCESS_FILES, fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as f64)),
        (&table::PROCESS_FILES_MAX, files_max(&read("limits"))),
    ];
    for (metric, value) in values {
        if let Some(value) = value {
            write_metric(text, metric, value);
        }
    }
}

fn write_metric(text: &mut String, metric: &Metric, value: f64) {
    let kind = if metric.kind == Kind::Counter { "counter" } else { "gauge" };
    let Metric { name, help, .. } = metric;
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n")
        .expect("a String takes everything");
}

/// Fields 14 and 15 of `stat`: time in user and in system mode. The second field is a name that may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut ticks = behind_name.split_ascii_whitespace().skip(11).map(str::parse::<u64>);
    let (user, system) = (ticks.next()?.ok()?, ticks.next()?.ok()?);
    Some((user + system) as f64 / TICKS_PER_SECOND)
}

fn resident_bytes(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes as f64 * 1024.0)
}

fn files_max(limits: &str) -> Option<f64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse::<u64>().ok().map(|max| max as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_read_as_it_is_written() {
        let stat = "71 (a) b (c) S 1 71 71 0 -1 4194304 9001 0 3 0 150 25 0 0 20 0 9 0 5 1 2";
        assert_eq!(cpu_seconds(stat), Some(1.75));
        assert_eq!(resident_bytes("VmPeak:\t 9 kB\nVmRSS:\t    2048 kB\n"), Some(2_097_152.0));
        let limits = "Limit Soft Limit Hard Limit Units\nMax open files            1024   4096    files\n";
        assert_eq!(files_max(limits), Some(1024.0));
        assert_eq!(files_max("Max open files            unlimited   unlimited    files\n"), None);
        assert_eq!((cpu_seconds(""), resident_bytes(""), files_max("")), (None, None, None));
    }
}
