//! Files of teams: forty of them, what each may touch, and the order in which files are read (R13).

use super::{BASE, KEY, kinds, load};
use crate::config::{Config, Diagnostics, Level};
use std::path::Path;

fn team(name: &str) -> String {
    format!(
        r#"[team]
name = "{name}"
match = ['team="{name}"']
[contact.lead]
email = "{name}@example.net"
roles = ["oncall"]
[audience.oncall]
disclosure = "internal"
members = ["role:oncall"]
destinations = ["screen"]
"#
    )
}

const ROWS: &str = r#"
[[route]]
name = "alerts"
kind = "alert"
audience = "{team}/oncall"
group_by = ["alertname"]
[[route]]
name = "incidents"
kind = "incident"
audience = "{team}/oncall"
[[route]]
name = "everything-bad"
kind = "incident"
severity = "sev1"
audience = "duty"
"#;

/// Writes the files into a folder and loads them as the program does.
fn load_folder(folder: &Path, files: &[(String, String)]) -> Result<Config, Diagnostics> {
    std::fs::create_dir_all(folder.join("teams")).unwrap();
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    crate::config::load(&[folder.join("tidings.toml")], KEY, &kinds::all())
}

#[test]
fn forty_team_files_and_three_rows_route_forty_teams() {
    let folder = tempfile::tempdir().unwrap();
    let root = format!("include = [\"teams/*.toml\"]\n{BASE}{ROWS}");
    let mut files: Vec<_> =
        (0..40).map(|i| (format!("teams/t{i:02}.toml"), team(&format!("team-{i:02}")))).collect();
    files.push(("tidings.toml".to_owned(), root));
    let config = load_folder(folder.path(), &files).unwrap_or_else(|error| panic!("{}", error.render(false)));
    let policy = &config.policy;
    assert_eq!(policy.rows.len(), 81);
    assert_eq!(policy.rows[41].name.as_str(), "incidents/team-01");
    assert_eq!(policy.rows[41].audience.as_str(), "team-01/oncall");
    assert_eq!(policy.orphans.iter().map(|o| o.rows.clone()).collect::<Vec<_>>(), [0..40, 40..80]);
    let oncall = &policy.audiences["team-07/oncall"];
    assert_eq!(oncall.contacts.iter().map(|c| c.as_str()).collect::<Vec<_>>(), ["team-07/lead"]);
    assert_eq!(&*policy.endpoints["team-07/lead@mail"].address, "team-07@example.net");
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    // The texts in the journal give the same policy without any file (R38).
    let again = crate::config::from_texts(&config.text.files, KEY, &kinds::all()).unwrap();
    assert_eq!(again.policy.hash, policy.hash);
    assert_eq!(format!("{:?}", again.policy), format!("{policy:?}"));
}

#[test]
fn one_mistake_in_each_of_five_files_is_reported_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mistakes = [
        ("role:oncall", "role:onkall", "audience::unknown-role", 9),
        ("\"internal\"", "\"intern\"", "key::value", 8),
        ("email = ", "emial = ", "key::unknown", 5),
        ("match = ['team=", "match = ['team", "match::form", 3),
        ("destinations = [\"screen\"]", "destinations = [\"screen\"", "toml::syntax", 10),
    ];
    let mut files = vec![("tidings.toml".to_owned(), format!("include = [\"teams/*.toml\"]\n{BASE}{ROWS}"))];
    for (index, (from, to, ..)) in mistakes.iter().enumerate() {
        files.push((format!("teams/t{index}.toml"), team(&format!("team-{index}")).replace(from, to)));
    }
    let diagnostics = load_folder(folder.path(), &files).unwrap_err();
    let found: Vec<_> = diagnostics.all.iter().filter(|d| d.level == Level::Error).collect();
    for (index, (_, _, code, line)) in mistakes.iter().enumerate() {
        let name = format!("teams/t{index}.toml");
        let here = found.iter().find(|d| d.file.ends_with(&name)).unwrap_or_else(|| panic!("{diagnostics}"));
        let syntax = *code == "toml::syntax";
        assert!(here.code == *code && (here.line == *line || syntax), "{here}");
    }
    let shown = diagnostics.render(false);
    assert!(shown.contains("did you mean `oncall`?") && shown.contains("╰──"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "plain text has no colours");
    assert!(diagnostics.render(true).contains('\u{1b}'));
    assert_eq!(diagnostics.to_json()[0]["level"], "error");
}

fn root_and_team(root: &str, team_rows: &str) -> Result<Config, Diagnostics> {
    let root = format!("include = \"teams/*.toml\"\n{BASE}{root}");
    load(&[("teams/search.toml", &format!("{}{team_rows}", team("search"))), ("tidings.toml", &root)])
}

fn codes(result: Result<Config, Diagnostics>) -> Vec<&'static str> {
    result
        .expect_err("this must not load")
        .all
        .iter()
        .filter(|d| d.level == Level::Error)
        .map(|d| d.code)
        .collect()
}

#[test]
fn a_team_touches_only_its_own_cases_and_what_is_open_to_it() {
    let row =
        |audience: &str| format!("[[route]]\nname = \"own\"\nkind = \"alert\"\naudience = \"{audience}\"\n");
    let config = root_and_team(ROWS, &row("oncall")).unwrap();
    assert_eq!(config.policy.rows[0].name.as_str(), "search/own");
    assert_eq!(config.policy.rows[0].conditions.matchers.len(), 1);
    assert_eq!(codes(root_and_team(ROWS, &row("duty"))), ["route::audience-not-open"]);
    let open = format!(
        "{ROWS}[audience.desk]\ndisclosure = \"business\"\ndestinations = [\"screen\"]\nopen_to = [\"search\"]\n"
    );
    assert!(root_and_team(&open, &row("desk")).is_ok());
    assert_eq!(codes(root_and_team(ROWS, &row("{team}/oncall"))), ["route::team-row"]);
    for section in [
        "[channel.x]\ntype = \"console\"",
        "[severity]\nurgent = \"sev2\"",
        "[token.x]\nmay = [\"ingest\"]",
        "[journal]\npath = \"x\"",
        "[ingest.http]\nlisten = \"127.0.0.1:1\"",
        "[egress]\n",
        "[defaults]\n",
        "[incidents]\nowner = \"duty\"",
    ] {
        assert_eq!(codes(root_and_team(ROWS, section)), ["team::not-allowed"], "{section}");
    }
    // A role that a team hands out counts in its own file only.
    let file = team("search").replace("\"oncall\"]\n[aud", "\"oncall\", \"duty\"]\n[aud");
    let root = format!("include = \"teams/*.toml\"\n{BASE}{ROWS}");
    let config = load(&[("teams/search.toml", &file), ("tidings.toml", &root)]).unwrap();
    assert_eq!(config.policy.audiences["duty"].contacts.len(), 1);
}

#[test]
fn a_later_file_replaces_keys_of_named_tables_and_an_included_one_may_not() {
    let root = format!("{BASE}{ROWS}").replace("{team}/oncall", "duty");
    let overlay = "[environment]\nredirect = \"screen\"\n[contact.mara]\nemail = \"test@example.net\"\n[contact.jonas]\nemail = \"j@example.net\"\n";
    let config = load(&[("a.toml", &root), ("b.toml", overlay)]).unwrap();
    assert_eq!(&*config.policy.endpoints["mara@mail"].address, "test@example.net");
    assert_eq!(config.policy.audiences["duty"].contacts.len(), 1, "the roles stay");
    assert_eq!(config.policy.environment.redirect.as_ref().unwrap().as_str(), "screen");
    let two = [
        ("inc/a.toml", overlay),
        ("inc/b.toml", overlay),
        ("r.toml", &format!("include = \"inc/*\"\n{root}")),
    ];
    assert_eq!(codes(load(&two)), ["key::twice", "name::twice", "name::twice"]);
}

#[test]
fn patterns_lead_somewhere_and_only_from_the_root() {
    let text = format!("include = [\"no/*.toml\"]\n{BASE}{ROWS}").replace("{team}/oncall", "duty");
    assert_eq!(codes(load(&[("tidings.toml", &text)])), ["include::no-match"]);
    let missing = crate::config::load(&["/no/such/tidings.toml".into()], KEY, &kinds::all()).unwrap_err();
    assert_eq!(missing.all[0].code, "file::unreadable");
}

#[test]
fn the_journal_is_found_in_files_that_are_broken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tidings.toml");
    std::fs::write(&path, "[[route]]\nname = \n[journal]\npath = \"/data\"\n[channel.x]\ntype = 3\n")
        .unwrap();
    let journal = crate::config::journal_section(std::slice::from_ref(&path)).unwrap();
    assert_eq!(journal.path, Path::new("/data"));
    std::fs::write(&path, "version = 1\n").unwrap();
    assert_eq!(crate::config::journal_section(&[path]).unwrap_err().all[0].code, "journal::missing");
}

#[test]
fn a_teams_rule_opens_incidents_from_its_own_alerts_only() {
    let rule = "[[incident]]\nname = \"errors\"\nmatch = ['service=\"pay\"']\nresolve_after = \"never\"\n";
    let config = root_and_team(&format!("{ROWS}{rule}"), rule).unwrap();
    let seen: Vec<_> =
        config.policy.incident_rules.iter().map(|r| (r.name.as_str(), r.matchers.len())).collect();
    assert_eq!(seen, [("search/errors", 2), ("errors", 1)]);
    assert!(config.policy.incident_rules.iter().all(|rule| rule.resolve_after.is_none()));
    assert_eq!(config.policy.resolve_incidents_after, Some(crate::event::Span::from_mins(10)));
}

#[test]
fn a_token_of_a_team_is_for_its_cases_and_never_for_the_whole() {
    let token =
        |may: &str| format!("{ROWS}[token.x]\nsecret = {{ env = \"T\" }}\nteam = \"search\"\nmay = {may}\n");
    let config = root_and_team(&token("[\"ingest\", \"approve\"]"), "").unwrap();
    let known: Vec<_> = config.policy.tokens.iter().map(|name| name.as_str()).collect();
    assert_eq!((known, config.policy.confined["x"].len()), (vec!["x"], 1));
    assert_eq!(codes(root_and_team(&token("[\"read\", \"admin\"]"), "")), ["token::confined-admin"]);
}
