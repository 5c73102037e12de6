//! `tidings test` with the real binary: the design's example, the shipped one, the page, and what a failure looks like.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const ROOT: &str = include_str!("../fixtures/config/example.toml");
const TEAM: &str = include_str!("../fixtures/config/teams/payments.toml");

fn tidings(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command.args(arguments).current_dir(folder).env_clear().output().unwrap()
}

/// What it printed, errors last, and how it ended.
fn run(folder: &Path, arguments: &[&str]) -> (String, i32) {
    let output = tidings(folder, arguments);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout) + &text(&output.stderr), output.status.code().unwrap())
}

/// The design's example as far as it is built: its root file and its team's.
pub fn designed() -> (String, String) {
    let later = |text| without(text, &["quiet_hours", "wakes"], &["[[inhibit]]", "[[maintenance]]"]);
    (later(ROOT), later(TEAM))
}

/// The text without lines that begin with one of these words and without tables of these headers.
fn without(text: &str, keys: &[&str], tables: &[&str]) -> String {
    let mut inside = false;
    let kept = text.lines().filter(|line| {
        if line.starts_with('[') {
            inside = tables.iter().any(|table| line.starts_with(table));
        }
        !inside && !keys.iter().any(|key| line.starts_with(key))
    });
    kept.map(|line| format!("{line}\n")).collect()
}

/// The design's example as far as it is built, with this behind it.
fn example(more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (root, team) = designed();
    std::fs::create_dir(folder.path().join("teams")).unwrap();
    std::fs::write(folder.path().join("teams/payments.toml"), team).unwrap();
    std::fs::write(folder.path().join("tidings.toml"), root + more).unwrap();
    folder
}

#[test]
fn the_example_of_the_design_loads_and_its_test_passes() {
    let folder = example("");
    let (said, code) = run(folder.path(), &["test"]);
    let name = "a night outage: executives and support at once, customers only once approved";
    assert_eq!(said, format!("ok      {name} (teams/payments.toml:13)\n1 passed, 0 failed\n"));
    assert_eq!(code, 0);
    let (said, code) = run(folder.path(), &["check"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn the_tests_of_the_shipped_example_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (said, code) = run(root, &["test", "--config", "config/example.toml"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.ends_with("3 passed, 0 failed\n"), "{said}");
}

#[test]
fn the_tests_on_pages_pass_behind_the_quick_start() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/testing-policies.md")).unwrap();
    let shown: Vec<&str> =
        page.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    assert!(!shown.is_empty());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.toml");
    std::fs::write(&file, shown.join("\n")).unwrap();
    let arguments = ["test", "--config", "config/quickstart.toml", "--config", file.to_str().unwrap()];
    let (said, code) = run(root, &arguments);
    assert_eq!(code, 0, "{said}");
}

/// A test that fails in every way there is.
const FAILS: &str = r#"
[[test]]
name  = "<every> way & \"more\""
start = "2026-11-24T03:00:00+01:00"
steps = [
  { at = "0s", incident = { incident = "INC-1", action = "open", severity = "sev3", title = "Checkout", customer_impact = true, labels = { team = "payments" } } },
  { at = "1m", expect = { told = ["customers by mail", "support by sms"], not_told = ["support"], waiting = ["customers for approval"], says = ["nonsense"] } },
  { at = "2m", approve = "customers" },
  { at = "3m", incident = { incident = "INC-1", action = "update", severity = "sev1" } },
  { at = "9m", expect = { told = ["customers by partner"] } },
  { at = "10m", ack = "INC-7" },
]
"#;

#[test]
fn a_failure_says_what_was_missed_and_why_and_who_was_told() {
    let folder = example(FAILS);
    let (said, code) = run(folder.path(), &["test", "every"]);
    assert_eq!(code, 1, "{said}");
    let wanted = r#"failed  <every> way & "more" (tidings.toml:182)
        tidings.toml:187, 1m after the start, 2026-11-24 03:01:00 CET, since 03:00
          expected told: customers by mail
            customers about INC-1: the row customers does not match: severity is sev3, wanted is sev1 or sev2
          expected told: support by sms
            nobody in support has an address that sms serves
            support about INC-1: the last word, by the row support, was at 03:00; no next word is promised
          expected not told: support
            03:00 support by mail: opening to support@mail, row support
          expected waiting: customers for approval
            customers about INC-1: the row customers does not match: severity is sev3, wanted is sev1 or sev2
          expected says: "nonsense"
"#;
    assert!(said.starts_with(wanted), "{said}");
    let middle = r#"
        tidings.toml:188, 2m after the start, 2026-11-24 03:02:00 CET, since 03:01
          expected that a message to customers can be approved
            nothing to customers waits for approval
          nobody was told anything
        tidings.toml:190, 9m after the start, 2026-11-24 03:09:00 CET, since 03:01
          expected told: customers by partner
            customers about INC-1: waits for approval since 03:08, until 03:18 at the latest
          told was
"#;
    assert!(said.contains(middle), "{said}");
    let end = "\n          expected that INC-7 can be acknowledged\n            there is no such case, or it is over and forgotten\n";
    assert!(said.contains(end), "{said}");
    assert!(said.ends_with("0 passed, 1 failed\n"), "{said}");
}

#[test]
fn programs_read_the_same_as_json_and_as_junit() {
    let folder = example(FAILS);
    let output = tidings(folder.path(), &["test", "--json", "--junit", "results.xml"]);
    assert_eq!(output.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["passed"], &json["failed"]), (&1.into(), &1.into()));
    let failure = &json["tests"][1]["failures"][0];
    assert_eq!(failure["place"], "tidings.toml:187");
    assert_eq!(failure["missed"][0]["expected"], "told: customers by mail");
    let xml = std::fs::read_to_string(folder.path().join("results.xml")).unwrap();
    let begins = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"tidings test\" tests=\"2\" failures=\"1\"";
    assert!(xml.starts_with(begins), "{xml}");
    assert!(
        xml.contains(
            "<testcase name=\"&lt;every&gt; way &amp; &quot;more&quot;\" classname=\"tidings.toml\""
        ),
        "{xml}"
    );
    assert_eq!(xml.matches("<failure ").count(), 1);
    // Where it cannot be written, that is said.
    let (said, code) = run(folder.path(), &["test", "--junit", "nowhere/results.xml"]);
    assert_eq!(code, 2, "{said}");
}

#[test]
fn what_cannot_be_run_ends_as_its_exit_code_says() {
    let folder = example("");
    let (said, code) = run(folder.path(), &["test", "no such name"]);
    assert_eq!(code, 2, "{said}");
    let missing = run(folder.path(), &["test", "--config", "elsewhere.toml"]);
    assert_eq!(missing.1, 64, "{}", missing.0);
    let typo = FAILS.replace("told = [\"customers by mail\"", "told = [\"customres by mail\"");
    let (said, code) = run(example(&typo).path(), &["test"]);
    assert_eq!(code, 64, "{said}");
    assert!(said.contains("tidings.toml:187") && said.contains("did you mean `customers`?"), "{said}");
    // Without a test nothing is shown to be right.
    let bare = without(TEAM, &["quiet_hours", "wakes"], &["[[maintenance]]", "[[test]]"]);
    std::fs::write(folder.path().join("teams/payments.toml"), bare).unwrap();
    let (said, code) = run(folder.path(), &["test"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("no [[test]]"), "{said}");
}

/// Channels that fail, a restart, two reloads, an answer that is no, and an end that is owed.
const LIFE: &str = r#"
[[test]]
name  = "a life"
start = "2026-11-24"
steps = [
  { at = "0s",  channel_down = "mail" },
  { at = "0s",  incident = { incident = "INC-1", action = "open", severity = "sev2", title = { internal = "pool", business = "Checkout" }, customer_impact = true, labels = { team = "payments" } } },
  { at = "1m",  expect = { told = ["payments/oncall by ops-chat"], not_told = ["support", "executives"], says = [{ audience = "payments/oncall", text = "pool" }] } },
  { at = "6m",  expect = { told = ["payments/oncall by sms"], waiting = ["customers for after"] } },
  { at = "8m",  expect = { waiting = ["customers for approval"] } },
  { at = "9m",  reject = { audience = "customers", by = "jonas", reason = "not yet" } },
  { at = "10m", restart = true },
  { at = "11m", channel_up = "mail" },
  { at = "40m", expect = { told = ["support by mail"], not_told = ["customers"] } },
  { at = "41m", reload = { replace = 'update_every = "2h"', by = 'update_every = "1h"' } },
  { at = "1h",  expect = { told = ["executives by mail"] } },
  { at = "2h",  expect = { told = ["executives by mail"], not_told = ["executives by sms"] } },
  { at = "2h1m", reload = "other.toml" },
  { at = "2h2m", incident = { incident = "INC-1", action = "resolve" } },
  { at = "2h2m", expect = { told = ["executives by mail", "support by mail", "payments/oncall by ops-chat"], not_told = ["customers"] } },
  { at = "3h",  alert = { labels = { alertname = "Slow", team = "payments", severity = "warning" } } },
  { at = "3h1m", expect = { told = ["payments/oncall by ops-chat"], says = ["Slow"] } },
  { at = "3h2m", ack = "Slow" },
  { at = "4h",  alert = { labels = { alertname = "Slow", team = "payments", severity = "warning" }, status = "resolved" } },
  { at = "4h10m", expect = { told = ["payments/oncall by ops-chat"] } },
]
"#;

#[test]
fn a_test_sees_channels_fail_restarts_and_other_configurations() {
    let folder = example(LIFE);
    let other = std::fs::read_to_string(folder.path().join("tidings.toml")).unwrap();
    std::fs::write(folder.path().join("other.toml"), other.replace("max = 20", "max = 21")).unwrap();
    let (said, code) = run(folder.path(), &["test", "life"]);
    assert_eq!(code, 0, "{said}");
    // A configuration with mistakes is no configuration, wherever it comes from.
    std::fs::write(folder.path().join("other.toml"), "version = 2\n").unwrap();
    let (said, code) = run(folder.path(), &["test", "life"]);
    assert_eq!(code, 64, "{said}");
    assert!(said.contains("\"a life\" (tidings.toml:182) reloads a configuration"), "{said}");
}

#[test]
fn an_installation_that_sends_nothing_is_tested_as_if_it_did() {
    for environment in ["mode = \"shadow\"", "redirect = \"mail\""] {
        let folder = example("");
        let file = folder.path().join("tidings.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("[environment]\n", &format!("[environment]\n{environment}\n")))
            .unwrap();
        let (said, code) = run(folder.path(), &["test"]);
        assert_eq!(code, 0, "{environment}: {said}");
    }
}
