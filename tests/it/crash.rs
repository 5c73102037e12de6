//! The real binary is killed over and over under load, its NATS server as well; afterwards everything is counted.

mod audit;
mod load;

use crate::support::channels::{SECRET, plain_mail, webhook};
use crate::support::daemon::Daemon;
use crate::support::nats::NatsServer;
use crate::support::patience::wait;
use crate::support::providers;
use crate::support::smtp::{Orders, Relay};
use crate::support::web::Web;
use load::Load;
use std::collections::BTreeMap;
use std::time::Duration;
use tidings::journal::crash_mark::{APPENDED, ATTEMPT_ANSWERED, DIGEST_DECIDED, SNAPSHOT_HALF_WRITTEN};

/// So often the process is killed from outside, at any moment.
const KILLS: usize = 50;

/// So many processes are started at most, those that end at a mark included.
const ROUNDS_MAX: usize = 150;

/// A process lives for less than this once it is ready.
const LIFE_MS: u64 = 350;

/// Digests are made once a minute: a process that is to end at one is given more than that.
const LONG_LIFE_MS: u64 = 120_000;

/// The order to end at a digest.
const RARE: &str = " digest-decided:1";

/// After so many entries the daemon keeps a snapshot.
const SNAPSHOT: &str = "snapshot-entries:6";

/// The marks that must be hit, and how often each may be passed before: by round another number, up to this.
const MARKS: [(&str, u64); 4] =
    [(APPENDED, 9), (ATTEMPT_ANSWERED, 15), (SNAPSHOT_HALF_WRITTEN, 2), (DIGEST_DECIDED, 1)];

/// Chance with a seed: the same kills at every run, as far as the machine's own pace allows.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn configuration(relay: &Relay, hook: &Web, nats: &NatsServer) -> String {
    format!(
        r#"
[ingest.nats]
servers = ["{nats}"]
start = "all"
[[ingest.nats.read]]
stream = "INCIDENTS"
subjects = ["incidents.>"]
carries = "incidents"
create = true
{channels}
[audience.everybody]
disclosure = "internal"
destinations = ["mail:all@example.net", "hook"]
[audience.watchers]
disclosure = "internal"
destinations = ["mail:watch@example.net"]
[[route]]
name = "all"
kind = "incident"
audience = "everybody"
[[route]]
name = "some"
kind = "incident"
audience = "watchers"
throttle = {{ max = 3, per = "5s" }}
"#,
        nats = nats.url(),
        channels = plain_mail(relay) + &webhook("hook", hook),
    )
}

/// How the processes ended so far.
#[derive(Default)]
struct Ends {
    kills: usize,
    marks: BTreeMap<&'static str, usize>,
}

impl Ends {
    fn are_enough(&self) -> bool {
        self.kills >= KILLS && MARKS.iter().all(|(mark, _)| self.marks.contains_key(mark))
    }

    /// What the next process is to end at: one mark after the other, and a digest until one has, since they are rare.
    /// Once there were kills enough: at the first mark that is still missing.
    fn orders(&self, round: usize, chance: &mut Chance) -> String {
        let missing: Vec<_> = MARKS.iter().filter(|(mark, _)| !self.marks.contains_key(mark)).collect();
        let missing = missing.iter().map(|(mark, _)| format!(" {mark}:1"));
        if self.kills >= KILLS {
            return SNAPSHOT.to_owned() + &missing.collect::<String>();
        }
        let (mark, most) = MARKS[round % 3];
        let rare = if self.marks.contains_key(DIGEST_DECIDED) { "" } else { RARE };
        format!("{SNAPSHOT} {mark}:{}{rare}", 1 + chance.below(most))
    }

    /// How long the next process lives if it does not end itself; once there were kills enough, until it does.
    fn life_ms(&self, chance: &mut Chance) -> u64 {
        if self.kills >= KILLS { LONG_LIFE_MS } else { chance.below(LIFE_MS) }
    }

    /// Lets one process live for a while, and ends it if it does not end itself at a mark.
    fn round(&mut self, daemon: &mut Daemon, life_ms: u64) {
        let log_before = daemon.log().len();
        daemon.spawn();
        let (mut ready, mut looks_left) = (false, life_ms / 5);
        loop {
            if let Some(status) = daemon.has_ended() {
                let log = daemon.log();
                let said = &log[log_before..];
                let ended_at = |mark: &str| said.contains(&format!("ended at the mark {mark}\n"));
                let mark = MARKS.iter().find(|(mark, _)| ended_at(mark));
                let (mark, _) = mark.unwrap_or_else(|| panic!("it ended by itself ({status}): {said}"));
                *self.marks.entry(mark).or_default() += 1;
                return;
            }
            ready = ready || daemon.is_ready();
            if ready && looks_left == 0 {
                daemon.kill9();
                self.kills += 1;
                return;
            }
            looks_left = looks_left.saturating_sub(u64::from(ready));
            // The moment of a kill is to be any moment.
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn fifty_kills_lose_nothing_and_repeat_only_what_was_in_doubt() {
    let relay = Relay::start(&Orders::default());
    let hook = providers::webhook(SECRET);
    let mut nats = NatsServer::start();
    let mut daemon = Daemon::new(|folder| {
        std::fs::write(folder.join("whsec"), SECRET).unwrap();
        configuration(&relay, &hook, &nats)
    });
    daemon.crash = SNAPSHOT.to_owned();
    daemon.restart();
    wait("the stream is made", || daemon.metric("tidings_lane_connected", "lane=\"incidents\"") == 1.0);
    daemon.kill9();

    let mut load = Load::start(daemon.port, &nats.url());
    let (mut ends, mut chance) = (Ends::default(), Chance(0x5eed_0042));
    for round in 0..ROUNDS_MAX {
        if ends.are_enough() {
            break;
        }
        daemon.crash = ends.orders(round, &mut chance);
        let life_ms = ends.life_ms(&mut chance);
        ends.round(&mut daemon, life_ms);
        if round % 12 == 11 && ends.kills < KILLS {
            nats.kill9();
            nats.restart();
        }
    }
    assert!(ends.are_enough(), "after {} kills only these marks were hit: {:?}", ends.kills, ends.marks);

    daemon.crash = SNAPSHOT.to_owned();
    daemon.restart();
    let accepted = load.finish();
    // Each way in keeps its order: when the last ones were told of, all before were decided.
    for last in load::LAST {
        wait(last, || hook.heard().iter().any(|heard| heard.text().contains(last)));
    }
    wait("nothing is pending", || daemon.metric("tidings_deliveries_pending", "") == 0.0);
    assert_eq!(daemon.metric("tidings_sum_law_broken", ""), 0.0);
    daemon.term();
    let verified = daemon.command(&["journal", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    audit::everything(&daemon.journal(), &accepted, &relay, &hook);
}
