//! The words that make a text for others worse, by sort: the one place to add to.
//!
//! A phrase is words in a row, without regard to case; `*` at the end of a word stands for any ending, `#` for a number.

use super::Fault;

/// Phrases that are a fault wherever they stand.
pub(super) const PHRASES: &[(Fault, &[&str])] = &[
    (
        Fault::Speculation,
        &[
            "probably",
            "presumably",
            "possibly",
            "perhaps",
            "maybe",
            "apparently",
            "supposedly",
            "most likely",
            "likely caused",
            "likely due",
            "likely related",
            "may be caused",
            "may be due",
            "may be related",
            "might be",
            "might have been",
            "could be caused",
            "could be due",
            "could be related",
            "could have been caused",
            "seems to",
            "seem to",
            "appears to be",
            "appear to be",
            "looks like",
            "we think",
            "we believe",
            "we suspect",
            "we assume",
            "we guess",
            "our theory",
        ],
    ),
    (
        Fault::Blame,
        &[
            "human error",
            "operator error",
            "user error",
            "to blame",
            "blame*",
            "at fault",
            "fault of",
            "mistake by",
            "mistake of",
            "careless*",
            "negligen*",
            "incompeten*",
            "forgot to",
            "an engineer",
            "a developer",
            "an employee",
            "a colleague",
            "a contractor",
            "caused by our provider",
            "caused by our vendor",
            "caused by our supplier",
            "caused by a third party",
            "caused by the team",
            "due to our provider",
            "due to our vendor",
            "because of our provider",
            "because our provider",
            "because our vendor",
            "let us down",
            "should have known",
        ],
    ),
    (
        Fault::RepairTime,
        &[
            "eta",
            "estimated time of",
            "time to resolution",
            "fix is imminent",
            "back in no time",
            "guarantee*",
        ],
    ),
    (
        Fault::Minimising,
        &[
            "minor",
            "merely",
            "slight*",
            "small number",
            "small issue",
            "small problem",
            "small subset",
            "tiny",
            "only a few",
            "only a small",
            "only some",
            "only affects",
            "only affected",
            "just a few",
            "just a small",
            "a handful",
            "limited impact",
            "brief interruption",
            "nothing serious",
            "no big deal",
            "no need to worry",
            "no cause for concern",
            "glitch*",
            "hiccup*",
            "blip*",
        ],
    ),
    (
        Fault::Jargon,
        &[
            "database*",
            "failover*",
            "fail over",
            "failing over",
            "failed over",
            "latency",
            "server*",
            "cluster*",
            "kubernetes",
            "pod",
            "pods",
            "node",
            "nodes",
            "backend*",
            "back end",
            "frontend*",
            "deploy*",
            "rollback*",
            "roll back",
            "rolled back",
            "rolling back",
            "hotfix*",
            "timeout*",
            "timed out",
            "dns",
            "tls",
            "http",
            "5xx",
            "cpu",
            "load balancer*",
            "cache*",
            "replica*",
            "shard*",
            "connection pool*",
            "memory leak*",
            "upstream",
            "downstream",
            "throughput",
            "packet loss",
            "misconfigur*",
            "mitigat*",
            "remediat*",
            "degraded",
            "degradation",
            "regression",
            "sla",
            "slo",
            "sev1",
            "sev2",
            "sev3",
            "root cause",
        ],
    ),
    (
        Fault::HollowApology,
        &[
            "any inconvenience",
            "the inconvenience",
            "inconvenience caused",
            "inconvenience this",
            "sorry for any",
            "apologise for any",
            "apologize for any",
            "apologies for any",
            "your patience",
            "your understanding",
            "take this seriously",
            "take this very seriously",
            "takes this seriously",
            "takes this very seriously",
        ],
    ),
];

/// What is said of the future.
pub(super) const FUTURE: &[&str] = &[
    "will", "we'll", "it'll", "shall", "should", "expect*", "going to", "aim*", "hope*", "plan*", "promise*",
];

/// What is said of mending.
pub(super) const MENDING: &[&str] = &[
    "fix*",
    "resol*",
    "restor*",
    "repair*",
    "recover*",
    "mend*",
    "solve*",
    "back online",
    "back up",
    "back to normal",
    "be back",
    "work again",
    "working again",
    "up again",
    "up and running",
    "available again",
];

/// When: beside what is said of mending in the future, a promise of when it is over.
pub(super) const WHEN: &[&str] = &[
    "shortly",
    "soon",
    "momentarily",
    "imminently",
    "in #",
    "within #",
    "in about #",
    "in a few",
    "within a few",
    "within minutes",
    "within hours",
    "within the hour",
    "within an hour",
    "in an hour",
    "by #",
    "by noon",
    "by tonight",
    "by tomorrow",
    "by the end",
    "today",
    "tonight",
    "tomorrow",
    "this morning",
    "this afternoon",
    "this evening",
    "any minute",
    "any moment",
];

/// Words of apology.
pub(super) const APOLOGY: &[&str] = &["sorry", "apolog*", "we regret", "regrettabl*"];

/// Sentences that frame a message and are no news.
pub(super) const FRAME: &[&str] = &[
    "here is the latest on this problem",
    "we know about this problem",
    "there is news of the incident",
    "the incident has changed",
    "an incident is being dealt with",
    "an incident has been declared",
];

/// What machines are called, before a number: `db-2`.
pub(super) const STEMS: &[&str] = &[
    "api", "app", "cache", "db", "gw", "host", "kafka", "lb", "mysql", "node", "pg", "pod", "proxy", "queue",
    "redis", "router", "srv", "switch", "vm", "web", "worker",
];

/// How names end that mean something only inside a network.
pub(super) const ENDINGS: &[&str] = &[
    ".prod",
    ".staging",
    ".local",
    ".internal",
    ".intern",
    ".svc",
    ".lan",
    ".corp",
    ".cluster",
    ".localdomain",
];

/// Names that are words too: alone, they name nobody.
pub(super) const WORDS_TOO: &[&str] = &[
    "april", "august", "best", "bill", "chase", "dawn", "day", "drew", "frank", "good", "grace", "grant",
    "hope", "june", "king", "long", "mark", "may", "miles", "page", "price", "rich", "rob", "rose", "short",
    "sue", "summer", "will", "young",
];

impl Fault {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Fault::Speculation => "speculation",
            Fault::Blame => "blame",
            Fault::Person => "a person's name",
            Fault::InternalName => "an internal name",
            Fault::RepairTime => "a promise of repair",
            Fault::Minimising => "minimising",
            Fault::Jargon => "jargon",
            Fault::HollowApology => "a hollow apology",
            Fault::RepeatedApology => "a repeated apology",
            Fault::NoNews => "no news",
        }
    }

    /// What would be better.
    pub fn better(self) -> &'static str {
        match self {
            Fault::Speculation => "say what is known, and that the rest is not known yet",
            Fault::Blame => "say what failed, and name nobody",
            Fault::Person => "name no person; say what is being done",
            Fault::InternalName => "use the public name, or what people notice",
            Fault::RepairTime => "promise the next update; say when it ends only by a released estimate",
            Fault::Minimising => "give the number or the share and let readers judge",
            Fault::Jargon => "say what people notice, in words that everybody has",
            Fault::HollowApology => "name what failed and for how long, or leave the apology to the end",
            Fault::RepeatedApology => "say sorry once, where it is over",
            Fault::NoNews => "say that nothing is new, or what has been done since",
        }
    }
}
