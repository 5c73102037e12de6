//! `tidings journal verify | tail | cursor | reindex`: the journal as it lies, beside a running daemon or without one.

use super::{Exit, block_on, complain};
use crate::config;
use crate::daemon::recover::recover;
use crate::daemon::{history, lanes};
use crate::event::Name;
use crate::journal::tail::{self, Sight};
use crate::journal::{Birth, Encoder, FileStore, Header, Store, entry, file, verify};
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(clap::Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// A configuration file, for its [journal]; later ones replace keys.
    #[arg(long, short, value_name = "FILE", default_value = "tidings.toml", global = true)]
    config: Vec<PathBuf>,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Walks the whole chain and every snapshot, and says whether the journal is what was written.
    Verify {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Prints entries as lines of JSON.
    Tail {
        /// From this entry on; the last ten without it.
        #[arg(long)]
        from: Option<u64>,
        /// Show the texts of configurations too, with the addresses in them.
        #[arg(long)]
        admin: bool,
    },
    /// Makes the history of questions anew from the journal. The daemon must be stopped.
    Reindex,
    /// Shows where each lane stands; with a lane and `--begin-anew`, lets it begin as at a first start.
    Cursor {
        /// The lane.
        #[arg(requires = "begin_anew")]
        lane: Option<String>,
        /// Forget up to where the lane was read, because its stream was made anew or restored. The daemon must be stopped.
        #[arg(long, requires = "lane")]
        begin_anew: bool,
    },
}

pub fn run(arguments: Arguments) -> Exit {
    let journal = match config::journal_section(&arguments.config) {
        Ok(journal) => journal,
        Err(mistakes) => {
            eprint!("{}", mistakes.render(false));
            return Exit::Configuration;
        }
    };
    if let Command::Cursor { lane: Some(lane), .. } = &arguments.command {
        return block_on(begin_anew(&journal.path, lane)).unwrap_or_else(|exit| exit);
    }
    if let Command::Reindex = &arguments.command {
        return block_on(reindex(&journal.path)).unwrap_or_else(|exit| exit);
    }
    let store = match FileStore::open_read_only(&journal.path) {
        Ok(store) => store,
        Err(error) => {
            complain(&error.to_string());
            return Exit::Internal;
        }
    };
    let done = match arguments.command {
        Command::Verify { json } => block_on(verify_all(&store, json)),
        Command::Tail { from, admin } => block_on(print_tail(&store, from, admin)),
        Command::Reindex | Command::Cursor { .. } => block_on(cursors(&store)),
    };
    done.unwrap_or_else(|exit| exit)
}

async fn verify_all(store: &FileStore, json: bool) -> Exit {
    let report = verify::verify(store).await;
    if json {
        match serde_json::to_string(&report) {
            Ok(text) => println!("{text}"),
            Err(error) => complain(&error.to_string()),
        }
    } else {
        println!(
            "entries {} to {}: {} in order, {} bytes, {} snapshots",
            report.first,
            report.last,
            report.count,
            report.bytes,
            report.snapshots.len()
        );
        if let Some(damage) = &report.damage {
            println!("entry {}: {}", damage.entry, damage.what);
        }
        for snapshot in &report.snapshots {
            if let Some(wrong) = &snapshot.wrong {
                println!("snapshot at {}: {wrong}", snapshot.entry);
            }
        }
    }
    if report.is_sound() { Exit::Done } else { Exit::No }
}

async fn print_tail(store: &FileStore, from: Option<u64>, admin: bool) -> Exit {
    let head = match store.head().await {
        Ok(head) => head.sequence,
        Err(error) => {
            complain(&error.to_string());
            return Exit::Internal;
        }
    };
    let first = from.unwrap_or_else(|| head.saturating_sub(9).max(1));
    let sight = if admin { Sight::Admin } else { Sight::Others };
    let mut out = std::io::stdout().lock();
    // Whoever closes the pipe has seen enough.
    match tail::tail(store, first, sight, |line| writeln!(out, "{line}").is_ok()).await {
        Ok(()) => Exit::Done,
        Err(error) => {
            complain(&error.to_string());
            Exit::No
        }
    }
}

async fn cursors(store: &FileStore) -> Exit {
    match recover(store).await {
        Ok(recovered) => {
            for (lane, cursor) in &recovered.cursors {
                println!(
                    "{lane}: stream {} of {}, read up to {}",
                    cursor.stream, cursor.created, cursor.sequence
                );
            }
            Exit::Done
        }
        Err(error) => {
            complain(&error.to_string());
            Exit::No
        }
    }
}

/// Writes an entry that clears the lane's cursor.
async fn begin_anew(path: &Path, lane: &str) -> Exit {
    match clear_cursor(path, lane).await {
        Ok(()) => {
            println!("{lane} begins at `start` of [ingest.nats] when the daemon starts");
            Exit::Done
        }
        Err(why) => {
            complain(&why);
            Exit::No
        }
    }
}

async fn clear_cursor(path: &Path, lane: &str) -> Result<(), String> {
    let store = writable(path)?;
    let recovered = recover(&store).await.map_err(|error| error.to_string())?;
    let lane = Name::from(lane);
    if !recovered.cursors.contains_key(&lane) {
        return Err(format!("no lane {lane} has a cursor"));
    }
    let header = Header {
        v: entry::VERSION,
        sequence: recovered.head.sequence + 1,
        at: recovered.state.time,
        epoch: recovered.state.epoch,
        policy: recovered.state.policy.unwrap_or_default(),
        cursors: [(lane, lanes::cleared())].into(),
        previous: recovered.head.hash,
    };
    let mut encoder = Encoder::new().map_err(|error| error.to_string())?;
    let (frame, _) = encoder.encode(&header, &[]).map_err(|error| error.to_string())?;
    store.append(recovered.head, frame).await.map_err(|error| error.to_string())
}

async fn reindex(path: &Path) -> Exit {
    let done = match writable(path) {
        Ok(store) => history::rebuild(path, &store).await,
        Err(why) => Err(why),
    };
    match done {
        Ok(head) => {
            println!("the history goes up to entry {head}");
            Exit::Done
        }
        Err(why) => {
            complain(&why);
            Exit::No
        }
    }
}

/// The journal, for ourselves alone: nobody else may write it meanwhile.
fn writable(path: &Path) -> Result<FileStore, String> {
    if FileStore::open_read_only(path).is_err() {
        return Err(format!("there is no journal in {}", path.display()));
    }
    FileStore::open(&file::Options::new(path, Birth::default())).map_err(|error| error.to_string())
}
