//! Every key of the design's example: accepted and to be seen in the result, or refused as not in this version.

use super::KEY;
use crate::config::{Config, Diagnostics, from_texts};

const ROOT: &str = include_str!("../../../tests/fixtures/config/example.toml");
const TEAM: &str = include_str!("../../../tests/fixtures/config/teams/payments.toml");

const REFUSED: &str = "key::not-in-this-version";

type Files = Vec<(&'static str, String)>;

fn files() -> Files {
    vec![("etc/teams/payments.toml", TEAM.to_owned()), ("etc/tidings.toml", ROOT.to_owned())]
}

fn load(files: &Files) -> Result<Config, Diagnostics> {
    from_texts(files, KEY, crate::deliver::kinds())
}

/// The files without what this version refuses, and the refused lines.
fn accepted() -> (Files, Vec<String>) {
    let (mut files, mut refused) = (files(), Vec::new());
    let diagnostics = load(&files).expect_err("the example is ahead of this version");
    for diagnostic in diagnostics.all.iter().rev().filter(|d| d.level == crate::config::Level::Error) {
        assert_eq!(diagnostic.code, REFUSED, "{diagnostic}");
        let file = files.iter_mut().find(|(name, _)| *name == &*diagnostic.file).unwrap();
        let mut lines: Vec<String> = file.1.lines().map(str::to_owned).collect();
        let at = diagnostic.line - 1;
        refused.push(diagnostic.message.split([' ', '"', '`']).find(|w| !w.is_empty()).unwrap().to_owned());
        if lines[at].starts_with('[') {
            let end = (at + 1..lines.len()).find(|i| lines[*i].starts_with('[')).unwrap_or(lines.len());
            lines.drain(at..end);
        } else if lines[at].starts_with("may ") {
            let word = diagnostic.message.split(' ').next().unwrap();
            lines[at] = lines[at].replace(&format!(", {word}"), "");
        } else if lines[at].starts_with("approve ") {
            lines[at] = "approve = false".to_owned();
        } else {
            lines.remove(at);
        }
        file.1 = lines.join("\n");
    }
    refused.reverse();
    (files, refused)
}

#[test]
fn what_is_not_built_is_refused_by_name_and_nothing_is_unknown() {
    let (_, refused) = accepted();
    assert_eq!(refused, ["wakes", "maintenance", "quiet_hours", "wakes", "inhibit"]);
}

/// Everything that a configuration is, as text; addresses, which it hides, among it.
fn seen(config: &Config) -> String {
    let addresses: Vec<_> = config.policy.endpoints.values().map(|e| (&e.address, &e.time_zone)).collect();
    let Config { policy, channels, ingest, journal, tokens, contact_names, egress, rows, trials, .. } =
        config;
    let hash = format!("{:?}", policy.hash);
    format!("{policy:?}{channels:?}{ingest:?}{journal:?}{tokens:?}{egress:?}{contact_names:?}{rows:?}{trials:?}{addresses:?}")
        .replace(&hash, "")
}

/// Keys that the example sets to their default: another value must show where their absence does not.
const SAME_AS_DEFAULT: &[(&str, &str)] = &[
    ("include ", r#"include = ["elsewhere/*.toml"]"#),
    ("owner ", r#"owner = "payments/oncall""#),
    ("start ", r#"start = "all""#),
    ("retain ", r#"retain = "30d""#),
    ("ladder ", r#"ladder = ["sev1", "sev2", "sev3", "sev4", "sev5"]"#),
    ("urgent ", r#"urgent = "sev2""#),
    ("unknown ", r#"unknown = "sev3""#),
    ("aliases ", r#"aliases = { critical = "sev2" }"#),
    ("listen ", r#"listen = "127.0.0.1:9999""#),
    ("ceiling ", r#"ceiling = { max = 9, per = "1h" }"#),
];

/// Keys whose only other values are refused.
const ONE_VALUE: &[&str] = &["version ", "store "];

#[test]
fn every_accepted_key_shows_in_the_result() {
    let (files, _) = accepted();
    let whole = load(&files).unwrap_or_else(|error| panic!("{}", error.render(false)));
    let whole = seen(&whole);
    let mut walked = 0;
    for (index, (_, text)) in files.iter().enumerate() {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let is_key = line
                .split_once('=')
                .is_some_and(|(key, _)| key.trim().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            if !is_key || ONE_VALUE.iter().any(|key| line.starts_with(key)) {
                continue;
            }
            walked += 1;
            let other =
                SAME_AS_DEFAULT.iter().find(|(key, _)| line.starts_with(key)).map_or("", |(_, other)| other);
            let mut changed = files.clone();
            let mut lines = lines.clone();
            // An empty line keeps the numbers of all others, which the origins of rows show.
            lines[at] = other;
            changed[index].1 = lines.join("\n");
            let same = load(&changed).is_ok_and(|config| seen(&config) == whole);
            assert!(!same, "nothing shows that this stands there: {line}");
        }
    }
    assert!(walked > 75, "only {walked} keys were walked");
}

#[test]
fn the_example_is_understood_as_it_reads() {
    let (files, _) = accepted();
    let config = load(&files).unwrap();
    let policy = &config.policy;
    let row = |name: &str| policy.rows.iter().find(|row| row.name.as_str() == name).unwrap();
    let team = row("alerts-to-their-team/payments");
    assert_eq!(team.audience.as_str(), "payments/oncall");
    assert_eq!(team.conditions.matchers[0].to_string(), r#"team="payments""#);
    assert_eq!(policy.orphans.len(), 2);
    assert_eq!(policy.orphans[0].rows, 0..1);
    assert!(policy.orphans[0].conditions.matchers.is_empty());
    let worst = row("executives-worst").conditions.severity.unwrap();
    assert_eq!(worst.iter().map(|place| place.0).collect::<Vec<_>>(), [0]);
    let oncall = &policy.audiences[team.audience.as_str()];
    assert_eq!(oncall.contacts.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["jonas"]);
    assert!(oncall.destinations[0].as_str().starts_with("payments/oncall@ops-chat#"));
    let mara = &policy.contacts["mara"];
    assert_eq!(mara.all.iter().map(|r| r.as_str()).collect::<Vec<_>>(), ["mara@mail", "mara@sms"]);
    assert_eq!(&*policy.endpoints["mara@mail"].time_zone, "Europe/Stockholm");
    assert_eq!(&*policy.endpoints["jonas@sms"].time_zone, "Europe/Berlin");
    assert_eq!(policy.channels["sms"].window, 2);
    assert_eq!(policy.owner.as_ref().unwrap().as_str(), "duty");
    let lanes = &config.ingest.nats.as_ref().unwrap().reads;
    assert_eq!(lanes.iter().map(|lane| lane.name.as_str()).collect::<Vec<_>>(), ["incidents", "alerts"]);
    let shown = config.effective();
    assert!(shown.contains("executives-lasting"), "{shown}");
    assert!(shown.contains("sev1, sev2, sev3  "), "{shown}");
    assert!(shown.contains("[defaults] etc/tidings.toml:"), "{shown}");
    assert!(shown.contains("built-in"), "{shown}");
    assert!(shown.contains("[team] etc/teams/payments.toml:6"), "{shown}");
    assert!(shown.contains("duty asked after 5m; an agreed text when due  "), "{shown}");
    assert!(shown.contains("sev1 30m, sev2 1h, sev3 on change, sev4 on change"), "{shown}");
    let sms = "2 at once, at most 5 in 15m for one recipient, given up after 1d";
    assert!(shown.contains(sms), "{shown}");
    let secrets: Vec<String> =
        config.secrets().into_iter().map(|(key, secret)| format!("{key}: {secret}")).collect();
    assert!(
        secrets.contains(&"channel.sms.token: environment variable TWILIO_TOKEN".to_owned()),
        "{secrets:?}"
    );
    assert!(
        secrets.contains(&"ingest.nats.credentials: file /run/secrets/nats.creds".to_owned()),
        "{secrets:?}"
    );
    assert_eq!(secrets.len(), 7);
}
