//! What the journal says against what was accepted and what arrived.

use super::load::Accepted;
use crate::support::smtp::Relay;
use crate::support::web::Web;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tidings::daemon::append::unpack;
use tidings::daemon::recover::recover;
use tidings::decide::{End, Fact, Notified, State};
use tidings::event::id::DeliveryId;
use tidings::journal::walk::{Kept, Walk};
use tidings::journal::{FileStore, Head, Store};

/// A delivery, from its decision to its end.
#[derive(Debug, Default)]
struct Life {
    key: String,
    /// Case, audience and recipient: what keeps its order.
    line: String,
    ordinal: u32,
    /// How often it was let go.
    released: usize,
    /// How often nobody knew whether it had arrived.
    in_doubt: usize,
    ends: Vec<End>,
}

/// Everything that the journal says of events and deliveries.
#[derive(Debug, Default)]
struct Ledger {
    /// Incident and action, with how often they were decided.
    decided: BTreeMap<(String, String), usize>,
    deliveries: BTreeMap<DeliveryId, Life>,
    digests: usize,
}

impl Ledger {
    fn read(&mut self, fact: &Fact) {
        match fact {
            Fact::IncidentChanged { event, .. } => {
                let action = serde_json::to_value(event.action).unwrap().as_str().unwrap().to_owned();
                *self.decided.entry((event.incident.to_string(), action)).or_default() += 1;
            }
            Fact::Notified(notified) => self.notified(notified),
            Fact::Released { deliveries } => {
                deliveries.iter().for_each(|id| self.life(*id).released += 1);
            }
            Fact::Returned { delivery, maybe_sent: true, .. } => self.life(*delivery).in_doubt += 1,
            Fact::Ended { delivery, end } => self.life(*delivery).ends.push(end.clone()),
            _ => {}
        }
    }

    fn life(&mut self, id: DeliveryId) -> &mut Life {
        self.deliveries.get_mut(&id).expect("a delivery is decided before anything else happens to it")
    }

    fn notified(&mut self, notified: &Notified) {
        self.digests += usize::from(!notified.speaks_for.is_empty());
        for delivery in &notified.deliveries {
            let line = format!("{:?} {} {}", notified.case, notified.audience, delivery.recipient);
            let key = delivery.key.to_string();
            let life = Life { key, line, ordinal: notified.ordinal, ..Life::default() };
            assert!(
                self.deliveries.insert(delivery.id, life).is_none(),
                "{:?} was decided twice",
                delivery.id
            );
        }
    }
}

/// Reads the whole journal and compares.
pub fn everything(journal: &Path, accepted: &Accepted, relay: &Relay, hook: &Web) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = FileStore::open_read_only(journal).unwrap();
        let entries = all_entries(&store).await;
        let mut ledger = Ledger::default();
        for kept in &entries {
            let facts = kept.entry.batch.iter().flat_map(|decided| &decided.facts);
            facts.for_each(|fact| ledger.read(fact));
        }
        check_events(&ledger, accepted);
        check_deliveries(&ledger, &arrivals(relay, hook));
        check_state(&store, &entries).await;
        assert!(ledger.digests > 0, "a digest was made");
    });
}

async fn all_entries(store: &FileStore) -> Vec<Kept> {
    let (mut walk, mut entries) = (Walk::whole(store).await.unwrap(), Vec::new());
    loop {
        let more = walk.next().await.unwrap();
        if more.is_empty() {
            return entries;
        }
        entries.extend(more);
    }
}

/// The keys in the order of their arrival, for each of the two places.
fn arrivals(relay: &Relay, hook: &Web) -> [Vec<String>; 2] {
    let letters = relay.seen("letter").into_iter().map(|letter| {
        let bytes = letter["bytes"].as_str().unwrap();
        let id = bytes.lines().find_map(|line| line.strip_prefix("Message-ID: <")).expect("a Message-ID");
        id.split('@').next().unwrap().to_owned()
    });
    let hooks = hook.heard();
    let hooks = hooks.iter().map(|heard| heard.header("webhook-id").to_owned());
    [letters.collect(), hooks.collect()]
}

/// What was accepted was decided exactly once, and nothing was decided that nobody sent.
fn check_events(ledger: &Ledger, accepted: &Accepted) {
    let decided: BTreeSet<(String, String)> = ledger.decided.keys().cloned().collect();
    let accepted: BTreeSet<(String, String)> =
        accepted.iter().map(|(incident, action)| (incident.clone(), (*action).to_owned())).collect();
    let lost: Vec<_> = accepted.difference(&decided).collect();
    assert!(lost.is_empty(), "accepted and lost: {lost:?}");
    let invented: Vec<_> = decided.difference(&accepted).collect();
    assert!(invented.is_empty(), "decided and never accepted: {invented:?}");
    let twice: Vec<_> = ledger.decided.iter().filter(|(_, count)| **count != 1).collect();
    assert!(twice.is_empty(), "decided more than once: {twice:?}");
    assert!(accepted.len() > 200, "there was a load: {}", accepted.len());
}

/// Every delivery ended once; what is called delivered arrived; it arrived again only where it was in doubt; no older
/// word of a line came after a newer one; and nothing arrived that was not decided.
fn check_deliveries(ledger: &Ledger, arrivals: &[Vec<String>; 2]) {
    let by_key: BTreeMap<&str, &Life> = ledger.deliveries.values().map(|life| (&*life.key, life)).collect();
    assert_eq!(by_key.len(), ledger.deliveries.len(), "every delivery has a key of its own");
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for place in arrivals {
        let mut newest: BTreeMap<&str, u32> = BTreeMap::new();
        for key in place {
            let life = by_key.get(&**key).unwrap_or_else(|| panic!("{key} arrived and was never decided"));
            *counts.entry(key).or_default() += 1;
            let newest = newest.entry(&life.line).or_default();
            assert!(life.ordinal >= *newest, "word {} after {newest}: {life:?}", life.ordinal);
            *newest = life.ordinal;
        }
    }
    let (mut again, mut doubts) = (0, 0);
    for (id, life) in &ledger.deliveries {
        let arrived = counts.get(&*life.key).copied().unwrap_or_default();
        assert_eq!(life.ends.len(), 1, "{id:?}: {life:?}");
        if matches!(life.ends[0], End::Delivered(_)) {
            assert!(arrived > 0, "called delivered and never arrived: {id:?}: {life:?}");
        }
        assert!(arrived <= life.released, "it arrived {arrived} times: {id:?}: {life:?}");
        assert!(life.released <= 1 + life.in_doubt, "released again without doubt: {id:?}: {life:?}");
        again += arrived.saturating_sub(1);
        doubts += life.in_doubt;
    }
    assert!(again > 0 && doubts >= again, "{again} arrived again, {doubts} were in doubt");
}

/// The sum holds, nothing is left, and State is the same by whichever snapshot it is read, or by none.
async fn check_state(store: &FileStore, entries: &[Kept]) {
    let whole = fold(State::default(), entries, 0);
    assert!(whole.sum_holds() && whole.deliveries.is_empty(), "{:?}", whole.sum);
    let recovered = recover(store).await.unwrap();
    assert_eq!(recovered.head, entries.last().unwrap().head);
    assert!(recovered.state == whole, "the newest snapshot is not what the entries fold to");
    let snapshots = store.snapshots().await.unwrap();
    assert!(snapshots.len() > 2, "snapshots were kept: {}", snapshots.len());
    for Head { sequence, hash } in snapshots.into_iter().step_by(3) {
        let bytes = store.load_snapshot(Head { sequence, hash }).await.unwrap();
        let state = unpack(&bytes).unwrap().state.restored();
        assert!(fold(state, entries, sequence) == whole, "the snapshot of entry {sequence}");
    }
}

/// State with everything after an entry.
fn fold(mut state: State, entries: &[Kept], after: u64) -> State {
    for kept in entries.iter().filter(|kept| kept.head.sequence > after) {
        let header = &kept.entry.header;
        for decided in &kept.entry.batch {
            let at = decided.input.as_ref().map_or(header.at, |input| input.at);
            state.fold(at, header.sequence, &decided.facts);
        }
    }
    state
}
