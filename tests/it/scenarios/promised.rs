//! Promise 5: whoever was handed a message that promises a next word is handed one in time, or the miss is a fact.

use super::properties::person;
use super::script::written;
use super::world::World;
use std::collections::BTreeMap;
use tidings::decide::{End, Fact, Kept};
use tidings::event::id::{CaseId, DeliveryId};
use tidings::event::{Name, Span, Time};

/// A promise of a next word to one person: in which briefing, and by when.
type Promised = (CaseId, Name, String, Time);

/// R22: whoever was handed a message that promises a next word is handed one in time, or the miss is a fact.
pub fn promises_hold(world: &World) -> Result<(), String> {
    let mut says: BTreeMap<DeliveryId, (CaseId, Name, String)> = BTreeMap::new();
    let mut open: BTreeMap<(CaseId, Name, String), (Time, Time)> = BTreeMap::new();
    let mut ended: Vec<(CaseId, Name, String, Time)> = Vec::new();
    let mut late: Vec<(Promised, Time, Time)> = Vec::new();
    for (_, input, facts) in &world.journal {
        for fact in facts {
            match fact {
                Fact::Notified(notified) => {
                    for decided in &notified.deliveries {
                        let whose = person(&decided.recipient);
                        let said = (notified.case, notified.audience.clone(), whose);
                        says.insert(decided.id, said);
                    }
                }
                Fact::Kept(Kept::PromiseEnded { case, audience, recipient, .. }) => {
                    ended.push((*case, audience.clone(), person(recipient), input.at));
                }
                Fact::Ended { delivery, end: End::Delivered(_) } => {
                    let (case, audience, whose) = says[delivery].clone();
                    let next = world.promised.get(delivery).copied().flatten();
                    let key = (case, audience.clone(), whose.clone());
                    // A message that was under way for long promises nothing that is past.
                    let before = match next.filter(|next| *next > input.at) {
                        Some(next) => open.insert(key, (next, input.at)),
                        None => open.remove(&key),
                    };
                    let in_time = |(due, _): &(Time, Time)| *due + Span::from_mins(1) >= input.at;
                    if let Some((due, since)) = before.filter(|before| !in_time(before)) {
                        late.push(((case, audience, whose, due), since, input.at));
                    }
                }
                _ => {}
            }
        }
    }
    let said_so = |(promise, since, until): &(Promised, Time, Time)| {
        let (case, audience, whose, _) = promise;
        let same = |end: &&Promised| (&end.0, &end.1, &end.2) == (case, audience, whose);
        ended.iter().filter(same).any(|end| *since <= end.3 && end.3 <= *until)
    };
    match late.into_iter().find(|promise| !said_so(promise)) {
        Some(((case, audience, whose, due), _, at)) => Err(format!(
            "{whose} in {audience} was promised a word about {case} by {}, got one at {}, and no fact says so",
            written(due),
            written(at)
        )),
        None => Ok(()),
    }
}
