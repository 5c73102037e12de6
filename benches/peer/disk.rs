//! What the disk alone takes for one sync: nothing that is durable before it is sent can arrive earlier.

use crate::clock;
use crate::scenario::percentile;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

/// About what an entry with one alert adds to the log.
const WRITTEN: usize = 8 << 10;

/// How many syncs are measured, with a pause after each as between alerts that come one by one.
const SYNCS: usize = 500;
const PAUSE: Duration = Duration::from_millis(4);

/// The median and the 99th percentile of a write and its sync, in milliseconds, in a file that need not grow for it.
///
/// # Errors
/// The disk fails.
pub fn syncs(folder: &Path) -> io::Result<(f64, f64)> {
    let path = folder.join("syncs");
    let file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
    file.write_all_at(&vec![0; WRITTEN * SYNCS], 0)?;
    file.sync_all()?;
    let piece = [1; WRITTEN];
    let mut took = Vec::with_capacity(SYNCS);
    for number in 0..SYNCS {
        let begun = clock::elapsed();
        file.write_all_at(&piece, (number * WRITTEN) as u64)?;
        file.sync_data()?;
        took.push((clock::elapsed() - begun).as_secs_f64() * 1e3);
        std::thread::sleep(PAUSE);
    }
    std::fs::remove_file(path)?;
    took.sort_by(f64::total_cmp);
    Ok((percentile(&took, 50.0), percentile(&took, 99.0)))
}
