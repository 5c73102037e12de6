//! `[[test]]`: what is read from it, and each mistake at its own place.

use super::{BASE, load, with};
use crate::config::{Config, Diagnostics, Level, Reload, Telling, TrialAct, TrialExpect, Waiting};
use crate::event::{Event, Span, Time};

const ROW: &str = "[[route]]\nname = \"all\"\nkind = \"incident\"\naudience = \"duty\"\n";

/// The base with one test that has this step, alone in its line, between two others.
fn with_step(step: &str) -> Result<Config, Diagnostics> {
    with(&format!(
        "{ROW}[[test]]\nname = \"one\"\nstart = \"2026-11-24T03:00:00+01:00\"\nsteps = [\n\
         {{ at = \"1m\", restart = true }},\n{step}\n{{ at = \"1h\", expect = {{ not_told = [\"duty\"] }} }},\n]\n"
    ))
}

fn act(step: &str) -> TrialAct {
    let config = with_step(step).unwrap_or_else(|error| panic!("{}", error.render(false)));
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    config.trials[0].steps[1].act.clone()
}

/// One step each, with the code of its mistake, what is marked, and a word of what would be right.
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    ("{ restart = true },", "test::no-time", "{ restart = true }", "at"),
    ("{ at = \"soon\", restart = true },", "key::value", "\"soon\"", "5m"),
    ("{ at = \"367d\", restart = true },", "key::value", "\"367d\"", "366d"),
    ("{ at = \"30s\", restart = true },", "test::order", "\"30s\"", "order"),
    ("{ at = \"2m\" },", "test::no-act", "{ at = \"2m\" }", "alert"),
    ("{ at = \"2m\", exepct = {} },", "key::unknown", "exepct", "`expect`"),
    ("{ at = \"2m\", restart = true, ack = \"I\" },", "test::two-acts", "ack", "its own"),
    ("{ at = \"2m\", restart = false },", "key::value", "false", "true"),
    ("{ at = \"2m\", channel_down = \"mial\" },", "channel::unknown-channel", "\"mial\"", "`mail`"),
    ("{ at = \"2m\", ack = 7 },", "key::value", "7", "case"),
    ("{ at = \"2m\", approve = \"customer\" },", "test::unknown-audience", "\"customer\"", "`customers`"),
    ("{ at = \"2m\", reject = { audience = \"customers\", why = \"\" } },", "key::unknown", "why", "reason"),
    ("{ at = \"2m\", expect = {} },", "test::expects-nothing", "{}", "told"),
    ("{ at = \"2m\", expect = { tolled = [] } },", "key::unknown", "tolled", "`told`"),
    (
        "{ at = \"2m\", expect = { told = [\"duti by mail\"] } },",
        "test::unknown-audience",
        "\"duti by mail\"",
        "`duty`",
    ),
    (
        "{ at = \"2m\", expect = { told = [\"duty by smss\"] } },",
        "channel::unknown-channel",
        "\"duty by smss\"",
        "`sms`",
    ),
    ("{ at = \"2m\", expect = { waiting = [\"duty\"] } },", "key::value", "\"duty\"", "for REASON"),
    (
        "{ at = \"2m\", expect = { waiting = [\"duty for aproval\"] } },",
        "test::unknown-reason",
        "\"duty for aproval\"",
        "`approval`",
    ),
    (
        "{ at = \"2m\", expect = { says = [{ audience = \"duty\" }] } },",
        "key::value",
        "{ audience = \"duty\" }",
        "text",
    ),
    ("{ at = \"2m\", alert = \"x\" },", "key::value", "\"x\"", "JSON"),
    ("{ at = \"2m\", alert = { status = \"firing\" } },", "test::event", "{ status = \"firing\" }", "JSON"),
    (
        "{ at = \"2m\", alert = { labels = { a = \"b\" }, lables = {} } },",
        "key::unknown",
        "lables",
        "`labels`",
    ),
    (
        "{ at = \"2m\", incident = { incident = \"I\", action = \"explode\" } },",
        "test::event",
        "{ incident = \"I\", action = \"explode\" }",
        "JSON",
    ),
    (
        "{ at = \"2m\", incident = { incident = \"I\", action = \"open\", at = \"soon\" } },",
        "test::event",
        "{ incident = \"I\", action = \"open\", at = \"soon\" }",
        "limits",
    ),
    (
        "{ at = \"2m\", reload = { replace = \"nowhere at all\", by = \"\" } },",
        "test::replaces-nothing",
        "\"nowhere at all\"",
        "outside",
    ),
    ("{ at = \"2m\", reload = { replace = \"duty\" } },", "key::value", "{ replace = \"duty\" }", "by"),
];

#[test]
fn every_mistake_is_told_at_its_own_place_with_what_would_be_right() {
    for (step, code, marked, help) in MISTAKES {
        let diagnostics = with_step(step).expect_err("this must not load");
        let errors: Vec<_> = diagnostics.all.iter().filter(|found| found.level == Level::Error).collect();
        let [error] = errors.as_slice() else { panic!("{step}: {}", diagnostics.render(false)) };
        assert_eq!(error.code, *code, "{step}");
        let line = BASE.lines().count() + ROW.lines().count() + 6;
        let column = step.find(marked).unwrap() + 1;
        assert_eq!((error.line, error.column), (line, column), "{step}: {error}");
        let said = error.help.as_deref().unwrap_or_default();
        assert!(said.contains(help), "{step}: {said}");
    }
}

#[test]
fn a_test_is_read_as_it_stands() {
    let step = "{ at = \"6m\", expect = { told = [\"duty by mail\", \"duty\"], not_told = \"customers by mail\", \
                waiting = [\"customers for hold resolved\"], says = [\"failing\", { audience = \"duty\", text = \"x\" }] } },";
    let config = with_step(step).unwrap();
    let trial = &config.trials[0];
    let line = BASE.lines().count() + ROW.lines().count();
    assert_eq!((&*trial.name, &*trial.place.file, trial.place.line), ("one", "tidings.toml", line + 1));
    let start = Time::parse("2026-11-24T02:00:00Z").unwrap().unwrap();
    assert_eq!((trial.start, trial.steps[1].at), (start, start + Span::from_mins(6)));
    assert_eq!(trial.steps[1].place.to_string(), format!("tidings.toml:{}", line + 6));
    let TrialAct::Expect(TrialExpect { told, not_told, waiting, says }) = &trial.steps[1].act else {
        panic!("{:?}", trial.steps[1])
    };
    let by_mail = Telling { audience: "duty".into(), channel: Some("mail".into()) };
    assert_eq!(*told, [by_mail, Telling { audience: "duty".into(), channel: None }]);
    assert_eq!(not_told[0].to_string(), "customers by mail");
    assert_eq!(*waiting, [Waiting { audience: "customers".into(), reason: "hold_resolved" }]);
    assert_eq!(says.iter().map(ToString::to_string).collect::<Vec<_>>(), ["\"failing\"", "\"x\" to duty"]);
}

#[test]
fn events_are_read_as_they_are_from_http() {
    let step = "{ at = \"2m\", incident = { incident = \"I\", id = \"e\", action = \"open\", title = \"bare\", \
                at = 2026-11-24T02:01:30Z, impact = { customers = 1_200 } } },";
    let TrialAct::Event { event, identity } = act(step) else { panic!("no event") };
    let Event::Incident(incident) = *event else { panic!("no incident") };
    assert!(identity.is_some());
    let title = incident.title.unwrap();
    assert_eq!((title.internal.as_deref(), title.business, title.public), (Some("bare"), None, None));
    assert_eq!(incident.impact.unwrap().customers, Some(1200));
    assert_eq!(incident.at.unwrap().to_string(), "2026-11-24T02:01:30Z");
    let step = "{ at = \"2m\", alert = { labels = { alertname = \"Slow\" }, status = \"resolved\" } },";
    let TrialAct::Event { event, .. } = act(step) else { panic!("no event") };
    let Event::Alert(alert) = *event else { panic!("no alert") };
    assert_eq!(alert.labels.get("alertname"), Some("Slow"));
}

#[test]
fn a_reload_changes_what_stands_outside_of_steps() {
    let change = "{ replace = 'kind = \"incident\"', by = 'kind = \"alert\"' }";
    let step = format!(
        "{{ at = \"2m\", reload = [{change}, {{ replace = 'kind = \"alert\"', by = 'kind=\"alert\"' }}] }},"
    );
    let TrialAct::Reload(Reload::Texts(files)) = act(&step) else { panic!("no texts") };
    let [(name, text)] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!(&**name, "tidings.toml");
    assert!(text.contains("\nkind=\"alert\"\n") && !text.contains("restart"), "{text}");
    let lines = format!("{BASE}{ROW}").lines().count() + 8;
    assert_eq!(text.lines().count(), lines, "lines keep their numbers: {text}");
    let again = crate::config::from_texts(&files, super::KEY, &super::kinds::all()).unwrap();
    assert!(again.trials[0].steps.is_empty());
    let TrialAct::Reload(Reload::File(path)) = act("{ at = \"2m\", reload = \"b.toml\" },") else {
        panic!("no file")
    };
    assert_eq!(path.to_str(), Some("b.toml"));
}

/// A team's file with a test that has this step, beside the base.
fn of_team(step: &str) -> Result<Config, Diagnostics> {
    let team = format!(
        "[team]\nname = \"shop\"\nmatch = ['team=\"shop\"']\n[audience.oncall]\ndisclosure = \"internal\"\n\
         destinations = [\"screen\"]\n[[test]]\nname = \"ours\"\nstart = \"2026-11-24\"\nsteps = [\n{step}\n\
         {{ at = \"1h\", expect = {{ told = [\"oncall by screen\", \"shop/oncall\", \"duty by mail\"] }} }},\n]\n"
    );
    let root = format!("include = [\"teams/*.toml\"]\n{BASE}{ROW}");
    load(&[("teams/shop.toml", &team), ("tidings.toml", &root)])
}

#[test]
fn a_teams_test_sends_what_is_the_teams() {
    let own = "{ at = \"0s\", incident = { incident = \"I\", action = \"open\", labels = { team = \"shop\" } } },\n\
               { at = \"1s\", incident = { incident = \"I\", action = \"update\", severity = \"sev1\" } },\n\
               { at = \"2s\", alert = { labels = { team = \"shop\" } } },";
    let config = of_team(own).unwrap_or_else(|error| panic!("{}", error.render(false)));
    let TrialAct::Expect(expect) = &config.trials[0].steps[3].act else { panic!("no expectation") };
    let told: Vec<String> = expect.told.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["shop/oncall by screen", "shop/oncall", "duty by mail"]);
    // The day begins where the configuration is at home.
    assert_eq!(config.trials[0].start.to_string(), "2026-11-24T00:00:00Z");
    for step in [
        "{ at = \"0s\", alert = { labels = { team = \"payments\" } } },",
        "{ at = \"0s\", incident = { incident = \"I\", action = \"open\" } },",
        "{ at = \"0s\", incident = { incident = \"I\", action = \"update\", labels = { team = \"x\" } } },",
    ] {
        let diagnostics = of_team(step).unwrap_err();
        let [error] = diagnostics.all.as_slice() else { panic!("{}", diagnostics.render(false)) };
        assert_eq!(
            (error.code, &*error.file, error.line),
            ("test::not-the-teams", "teams/shop.toml", 11),
            "{step}"
        );
    }
}

#[test]
fn a_test_has_its_own_name_and_expects_something() {
    let test =
        "[[test]]\nname = \"one\"\nstart = \"2026-11-24\"\nsteps = [{ at = \"0s\", restart = true }]\n";
    let config = with(&format!("{ROW}{test}")).unwrap();
    assert_eq!(config.warnings.iter().map(|one| one.code).collect::<Vec<_>>(), ["test::expects-nothing"]);
    let twice = with(&format!("{ROW}{test}{test}")).unwrap_err();
    assert!(twice.all.iter().any(|one| one.code == "test::name-twice"), "{}", twice.render(false));
    for (key, without) in [("name", "name = \"one\"\n"), ("start", "start = \"2026-11-24\"\n")] {
        let wrong = with(&format!("{ROW}{}", test.replace(without, ""))).unwrap_err();
        let missing = wrong.all.iter().find(|one| one.code == "key::missing").unwrap();
        assert!(missing.message.contains(key), "{missing}");
    }
}
