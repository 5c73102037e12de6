//! The closed sets of words that label metrics.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$of])* $variant,)*
        }

        impl $name {
            /// Every word, in the order of the variants.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// The word in metrics.
            pub fn as_str(self) -> &'static str {
                Self::WORDS[self as usize]
            }
        }
    };
}

words! {
    /// How a delivery ends, exactly once (R33).
    End {
        /// Accepted by the provider.
        Delivered = "delivered",
        /// A newer one took over its duty.
        Superseded = "superseded",
        /// It is no longer owed.
        Suppressed = "suppressed",
        /// It was given up.
        DeadLettered = "dead_lettered",
    }
}

words! {
    /// What became of an event (R1, R4).
    EventOutcome {
        /// It made facts.
        Decided = "decided",
        /// It changed nothing.
        Unchanged = "unchanged",
        /// The same identity came before, with the same body.
        Duplicate = "duplicate",
        /// The same identity came before, with another body.
        Conflict = "conflict",
        /// It is no event.
        DeadLetter = "dead_letter",
    }
}

words! {
    /// Why a notification was decided and is not sent now, in the order of R18.
    Withheld {
        /// The recipient has been told just this.
        Duplicate = "duplicate",
        /// The row has said enough for now.
        Throttled = "throttled",
        /// All rows together have.
        Ceiling = "ceiling",
        /// It began before the first start (R3).
        FirstStart = "first_start",
        /// It began and ended while nobody listened (R39).
        WhileDown = "while_down",
    }
}

words! {
    /// What HTTP requests ask for: a word for each group of routes, never a path as it came in.
    Handler {
        /// `POST /v1/events`.
        Events = "events",
        /// `POST /api/v2/alerts`.
        Alerts = "alerts",
        /// Who was told, which cases there are, what came in.
        Questions = "questions",
        /// Everything else below `/v1/`: what a person asks for.
        Commands = "commands",
        /// `POST /-/reload`.
        Reload = "reload",
        /// Whether it lives and is ready.
        Probes = "probes",
        /// `GET /metrics`.
        Metrics = "metrics",
        /// Anything else.
        Other = "other",
    }
}

words! {
    /// What a message is for.
    Purpose {
        /// The first word.
        Opening = "opening",
        /// Something changed.
        Update = "update",
        /// It is still going on (R20).
        Reminder = "reminder",
        /// Nobody acted (R25).
        Escalation = "escalation",
        /// A promised word without news (R22).
        Holding = "holding",
        /// Several cases in one message (R19).
        Digest = "digest",
        /// It is over (R27).
        Resolution = "resolution",
        /// About the work of Tidings itself (R42).
        Notice = "notice",
    }
}

words! {
    /// What lies among the dead letters.
    DeadLetter {
        /// A delivery that was given up (R35).
        Delivery = "delivery",
        /// Bytes that are no event.
        Event = "event",
        /// An input that made `decide` panic (R8).
        Quarantine = "quarantine",
    }
}

words! {
    /// The states of an alert.
    AlertState {
        /// It fires.
        Firing = "firing",
        /// It is over, and the word of that is still owed.
        Resolved = "resolved",
        /// Its sender has fallen silent (R5).
        Lost = "lost",
    }
}

words! {
    /// The sorts of case.
    CaseKind {
        /// A group of alerts.
        Alert = "alert",
        /// An incident.
        Incident = "incident",
    }
}

words! {
    /// What came of a ping.
    Ping {
        /// It was answered with a yes.
        Accepted = "accepted",
        /// It was not.
        Failed = "failed",
    }
}

words! {
    /// What a person answers who is asked for approval (R23).
    Approval {
        /// It may leave.
        Approved = "approved",
        /// It must not.
        Rejected = "rejected",
    }
}
