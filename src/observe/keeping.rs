//! How audiences are kept told: first words, promises, escalations, what waits, and how much single persons are told.

use super::metrics::Metrics;
use super::series::Registrar;
use super::table;
use super::words::{Approval, Purpose};
use crate::decide::{AckWay, Cause, HeldReason, PromiseEnd};
use crate::event::{Severity, Span};
use metrics::{Counter, Histogram};

/// The series of what people answer.
pub(super) struct Answers {
    acknowledgements: Box<[Counter]>,
    acknowledge: Histogram,
    approval_wait: Box<[Histogram]>,
}

impl Answers {
    pub(super) fn new(registrar: &Registrar) -> Answers {
        let wait = |word: &&str| registrar.histogram(&table::APPROVAL_WAIT, &[word]);
        Answers {
            acknowledgements: registrar.counters(&table::ACKNOWLEDGEMENTS, &[], table::ACK_WAYS),
            acknowledge: registrar.histogram(&table::ACKNOWLEDGE, &[]),
            approval_wait: Approval::WORDS.iter().map(wait).collect(),
        }
    }
}

impl Metrics {
    /// An audience was handed the first word of a case so long after what opened the case was received.
    pub fn first_word(&self, audience: &str, severity: Severity, after: Span) {
        let known = self.known.load();
        known.audience(audience).first_word(severity).record(after.to_std().as_secs_f64());
    }

    /// An audience was not told within `first_within` (R12).
    pub fn first_word_missed(&self, audience: &str) {
        self.known.load().audience(audience).first_words_missed.increment(1);
    }

    /// A message to an audience was decided; it promises a next one, or none (R22).
    pub fn said(&self, audience: &str, purpose: Purpose, promises: bool) {
        let known = self.known.load();
        let audience = known.audience(audience);
        audience.updates[purpose as usize].increment(1);
        if promises {
            audience.promises_made.increment(1);
        }
    }

    /// What was promised to one person of an audience has ended (R22).
    pub fn promise_ended(&self, audience: &str, how: PromiseEnd) {
        self.known.load().audience(audience).promises[how as usize].increment(1);
    }

    /// A case was escalated (R25).
    pub fn escalated(&self, cause: Cause) {
        self.escalations[cause as usize].increment(1);
    }

    /// Somebody took a case on, so long after somebody should (R25).
    pub fn acknowledged(&self, way: AckWay, after: Span) {
        self.answers.acknowledgements[way as usize].increment(1);
        self.answers.acknowledge.record(after.to_std().as_secs_f64());
    }

    /// A word that had waited so long for approval was answered (R23).
    pub fn approval_answered(&self, answer: Approval, waited: Span) {
        self.answers.approval_wait[answer as usize].record(waited.to_std().as_secs_f64());
    }

    /// How many words wait for something.
    pub fn words_held(&self, reason: HeldReason, count: usize) {
        self.words_held[reason as usize].set(count as f64);
    }

    /// Of how many open cases an audience is told.
    pub fn open_briefings(&self, audience: &str, count: usize) {
        self.known.load().audience(audience).open_briefings.set(count as f64);
    }

    /// How many messages each person was handed within a day; persons have no label.
    pub fn person_messages(&self, counts: &[u32]) {
        self.gauges.person_max.set(f64::from(counts.iter().copied().max().unwrap_or_default()));
        for (gauge, least) in self.persons_over.iter().zip(table::MANY_LEAST) {
            let over = counts.iter().filter(|count| **count >= least).count();
            gauge.set(over as f64);
        }
    }
}
