//! One mistake each: its code, and the line that it is shown at.

use super::{BASE, load, with, wrong};

const ROW: &str = "[[route]]\nname = \"all\"\nkind = \"alert\"\naudience = \"duty\"\n";

#[test]
fn the_base_is_right() {
    let config = with(ROW).unwrap_or_else(|error| panic!("{}", error.render(false)));
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

/// More behind the base, and its one mistake: the code and the line.
const TABLE: &[(&str, &str, &str)] = &[
    ("[[rout]]\n", "key::unknown", "[[rout]]"),
    ("group_wiat = \"1m\"", "key::unknown", "group_wiat = \"1m\""),
    ("group_wait = 30", "key::value", "group_wait = 30"),
    ("group_wait = \"soon\"", "key::value", "group_wait = \"soon\""),
    ("max_alerts = 0", "key::value", "max_alerts = 0"),
    ("repeat_every = \"1s\"", "key::value", "repeat_every = \"1s\""),
    ("throttle = { max = 0, per = \"1m\" }", "key::value", "throttle = { max = 0, per = \"1m\" }"),
    ("severity = \"sev9 or worse\"", "severity::unknown-severity", "severity = \"sev9 or worse\""),
    ("severity = [\"sev1\", \"sev7\"]", "severity::unknown-severity", "severity = [\"sev1\", \"sev7\"]"),
    ("match = [\"team\"]", "match::form", "match = [\"team\"]"),
    ("match = ['a=~\"(\"']", "match::form", "match = ['a=~\"(\"']"),
    ("via = [\"mial\"]", "channel::unknown-channel", "via = [\"mial\"]"),
    ("via = [\"screen\"]", "via::serves-no-contacts", "via = [\"screen\"]"),
    ("via = { urgnet = [\"mail\"] }", "key::value", "via = { urgnet = [\"mail\"] }"),
    ("flapping = { max = 3 }", "key::not-in-this-version", "flapping = { max = 3 }"),
    ("via = []", "via::nobody", "via = []"),
    ("template = \"mine\"", "route::unknown-template", "template = \"mine\""),
    ("approve = false", "route::meaningless", "approve = false"),
    ("customer_impact = true", "route::meaningless", "customer_impact = true"),
    ("group_by = [\"a\", \"...\"]", "route::group-by", "group_by = [\"a\", \"...\"]"),
    ("was = \"all\"", "route::was", "was = \"all\""),
    (
        "[[route]]\nname = \"two\"\nkind = \"alert\"\naudience = \"executive\"",
        "route::unknown-audience",
        "audience = \"executive\"",
    ),
    ("[[route]]\nname = \"two\"\nkind = \"alerts\"\naudience = \"duty\"", "key::value", "kind = \"alerts\""),
    ("[[route]]\nname = \"all\"\nkind = \"incident\"\naudience = \"duty\"", "route::twice", "name = \"all\""),
    ("[[route]]\nname = \"Two\"\nkind = \"incident\"\naudience = \"duty\"", "key::value", "name = \"Two\""),
    (
        "[[route]]\nname = \"two\"\nkind = \"alert\"\naudience = \"customers\"",
        "route::approve-missing",
        "audience = \"customers\"",
    ),
    (
        "[[route]]\nname = \"two\"\nkind = \"alert\"\naudience = \"customers\"\napprove = true",
        "owner::missing",
        "approve = true",
    ),
    (
        "[[route]]\nname = \"two\"\nkind = \"incident\"\naudience = \"duty\"\ngroup_by = []",
        "route::meaningless",
        "group_by = []",
    ),
    ("[heartbeat]\naudience = \"hart\"", "route::unknown-audience", "audience = \"hart\""),
    ("[heartbeat]\naudience = \"customers\"", "audience::not-internal", "audience = \"customers\""),
    ("[heartbeat]\naudience = \"duty\"\nevery = \"1d2h\"", "key::value", "every = \"1d2h\""),
    (
        "[heartbeat]\naudience = \"duty\"\nping = \"https://hc.example/1\"",
        "secret::in-the-file",
        "ping = \"https://hc.example/1\"",
    ),
    ("[heartbeat]\nping = { env = \"P\" }", "heartbeat::no-audience", "ping = { env = \"P\" }"),
    ("[heartbeat]\nwatchdog = [\"Watchdog\"]", "match::form", "watchdog = [\"Watchdog\"]"),
    ("[audience.none]\ndisclosure = \"internal\"", "audience::nobody", "[audience.none]"),
    ("[audience.none]\nmembers = [\"contact:mara\"]", "key::missing", "[audience.none]"),
    (
        "[audience.x]\ndisclosure = \"internal\"\nmembers = [\"role:nobody\"]",
        "audience::unknown-role",
        "members = [\"role:nobody\"]",
    ),
    (
        "[audience.x]\ndisclosure = \"internal\"\nmembers = [\"contact:maria\"]",
        "audience::unknown-contact",
        "members = [\"contact:maria\"]",
    ),
    (
        "[audience.x]\ndisclosure = \"internal\"\nmembers = [\"mara\"]",
        "audience::member",
        "members = [\"mara\"]",
    ),
    (
        "[audience.x]\ndisclosure = \"internal\"\nmembers = { file = \"rota\" }",
        "audience::no-file",
        "members = { file = \"rota\" }",
    ),
    (
        "[audience.x]\ndisclosure = \"internal\"\nmembers = [\"role:duty\", { fiel = \"rota\" }]",
        "key::value",
        "members = [\"role:duty\", { fiel = \"rota\" }]",
    ),
    (
        "[audience.x]\ndisclosure = \"internal\"\nmembers = \"contact:mara\"",
        "key::value",
        "members = \"contact:mara\"",
    ),
    (
        "[audience.x]\ndisclosure = \"internal\"\ndestinations = [\"mail:nobody\"]",
        "audience::address",
        "destinations = [\"mail:nobody\"]",
    ),
    (
        "[audience.x]\ndisclosure = \"internal\"\ndestinations = [\"fax:1\"]",
        "channel::unknown-channel",
        "destinations = [\"fax:1\"]",
    ),
    (
        "[audience.x]\ndisclosure = \"internal\"\ndestinations = [\"screen\", \"screen\"]",
        "audience::twice",
        "destinations = [\"screen\", \"screen\"]",
    ),
    (
        "[audience.x]\ndisclosure = \"internal\"\ndestinations = [\"screen\"]\nopen_to = [\"serach\"]",
        "audience::unknown-team",
        "open_to = [\"serach\"]",
    ),
    (
        "[channel.hook]\ntype = \"webhook\"\nurl = \"u\"\nformat = \"alertmanager\"\n[audience.x]\ndisclosure = \"business\"\ndestinations = [\"hook\"]",
        "audience::channel-not-allowed",
        "destinations = [\"hook\"]",
    ),
    ("[contact.x]\nemail = \"nobody\"", "contact::address", "email = \"nobody\""),
    (
        "[contact.x]\nslack = \"U1\"\n[audience.x]\ndisclosure = \"internal\"\nmembers = [\"contact:x\"]",
        "contact::no-address",
        "members = [\"contact:x\"]",
    ),
    ("[contact.x]\nbackup = \"mora\"", "contact::unknown-backup", "backup = \"mora\""),
    ("[contact.x]\nbackup = \"x\"", "contact::backup-itself", "backup = \"x\""),
    ("[contact.x]\nbackup = \"y\"\n[contact.y]\n", "contact::no-address", "backup = \"y\""),
    (
        "[contact.x]\nemail = \"x@example.net\"\nbackup = \"y\"\n[contact.y]\nemail = \"y@example.net\"\nbackup = \"x\" # y",
        "contact::backup-circle",
        "backup = \"y\"",
    ),
    ("[contact.x]\nprefers = [\"mial\"]", "channel::unknown-channel", "prefers = [\"mial\"]"),
    ("[contact.x]\nprefers = [\"screen\"]", "via::serves-no-contacts", "prefers = [\"screen\"]"),
    ("[contact.x]\nprefers = [\"sms\"]", "contact::prefers", "prefers = [\"sms\"]"),
    ("[contact.x]\naway = \"soon\"", "key::value", "away = \"soon\""),
    ("[contact.x]\naway = {}", "key::value", "away = {}"),
    ("[contact.x]\naway = { form = \"2026-12-20\" }", "key::value", "away = { form = \"2026-12-20\" }"),
    ("[contact.x]\naway = { from = \"2026-02-30\" }", "key::value", "away = { from = \"2026-02-30\" }"),
    (
        "[contact.x]\naway = { from = \"2026-12-20\", until = \"2026-12-20\" }",
        "contact::away",
        "away = { from = \"2026-12-20\", until = \"2026-12-20\" }",
    ),
    ("[contact.x]\nverified = \"yesterday\"", "key::value", "verified = \"yesterday\""),
    ("[contact.x]\ntime_zone = \"Europe/Berln\"", "time-zone::unknown-zone", "time_zone = \"Europe/Berln\""),
    ("[contact.X]\n", "name::form", "[contact.X]"),
    (
        "[contact.x]\nquiet_hours = \"22:00-07:00\"",
        "key::not-in-this-version",
        "quiet_hours = \"22:00-07:00\"",
    ),
    ("[channel.x]\ntype = \"emial\"", "channel::unknown-type", "type = \"emial\""),
    ("[channel.x]\nrelay = \"r\"", "key::missing", "[channel.x]"),
    ("[channel.x]\ntype = \"email\"", "channel::key", "[channel.x]"),
    ("[channel.x]\ntype = \"email\"\nrelay = \"r\"", "channel::key", "relay = \"r\""),
    ("[channel.x]\ntype = \"email\"\nrelay = 3", "channel::key", "relay = 3"),
    ("[channel.x]\ntype = \"email\"\nrelay = \"a://b\"\nport = 25", "key::unknown", "port = 25"),
    ("[channel.x]\ntype = \"console\"\ntimeout = \"61s\"", "key::value", "timeout = \"61s\""),
    ("[channel.x]\ntype = \"console\"\nrate = \"fast\"", "key::value", "rate = \"fast\""),
    (
        "[channel.x]\ntype = \"console\"\nallow_networks = [\"10.0.0.0/33\"]",
        "network::form",
        "allow_networks = [\"10.0.0.0/33\"]",
    ),
    ("[egress]\nallow_networks = [\"localhost\"]", "network::form", "allow_networks = [\"localhost\"]"),
    ("[severity]\nladder = []", "severity::ladder", "ladder = []"),
    ("[severity]\nladder = [\"a\", \"A\"]", "severity::twice", "ladder = [\"a\", \"A\"]"),
    ("[severity]\nladder = [\"a\", \"none\"]", "severity::none", "ladder = [\"a\", \"none\"]"),
    ("[severity]\nurgent = \"sev0\"", "severity::unknown-severity", "urgent = \"sev0\""),
    (
        "[severity]\naliases = { bad = \"sev0\" }",
        "severity::unknown-severity",
        "aliases = { bad = \"sev0\" }",
    ),
    ("[severity]\naliases = { SEV1 = \"sev2\" }", "severity::alias", "aliases = { SEV1 = \"sev2\" }"),
    ("[environment]\nredirect = \"scren\"", "channel::unknown-channel", "redirect = \"scren\""),
    ("[environment]\nmode = \"dead\"", "key::value", "mode = \"dead\""),
    ("[incidents]\nowner = \"customers\"", "audience::not-internal", "owner = \"customers\""),
    ("[incidents]\nlead = \"duty\"", "key::unknown", "lead = \"duty\""),
    ("[token.x]\nsecret = { env = \"T\" }\nmay = []", "token::no-right", "may = []"),
    ("[token.x]\nsecret = { env = \"T\" }\nmay = [\"silent\"]", "key::value", "may = [\"silent\"]"),
    (
        "[token.x]\nsecret = { env = \"T\", file = \"f\" }\nmay = [\"read\"]",
        "key::value",
        "secret = { env = \"T\", file = \"f\" }",
    ),
    (
        "[token.x]\nsecret = { env = \"T\" }\nmay = [\"read\"]\nteam = \"no\"",
        "token::unknown-team",
        "team = \"no\"",
    ),
    ("[ingest.nats]\nservers = [\"nats://h\"]", "ingest::no-lane", "[ingest.nats]"),
    ("[[ingest.nats.read]]\nstream = \"A\"\nsubjects = [\"a.>\"]", "key::missing", "[[ingest.nats.read]]"),
    (
        "[ingest.nats]\nservers = [\"h:4222\"]\n[[ingest.nats.read]]\nstream = \"A\"\nsubjects = [\"a\"]",
        "ingest::server",
        "servers = [\"h:4222\"]",
    ),
    (
        "[ingest.nats]\nservers = [\"nats://h\"]\n[[ingest.nats.read]]\nstream = \"A\"\nsubjects = [\"a.>.b\"]",
        "ingest::subjects",
        "subjects = [\"a.>.b\"]",
    ),
    (
        "[ingest.nats]\nservers = [\"nats://h\"]\nuser = \"u\"\n[[ingest.nats.read]]\nstream = \"A\"\nsubjects = [\"a\"]",
        "ingest::password",
        "user = \"u\"",
    ),
    ("[ingest]\nstale_after = \"1m\"", "key::value", "stale_after = \"1m\""),
    ("[inhibit]\n", "key::not-in-this-version", "[inhibit]"),
    (
        "escalate_to = \"out\"\n[audience.out]\ndisclosure = \"external\"\ndestinations = [\"screen\"]",
        "route::escalate-to",
        "escalate_to = \"out\"",
    ),
    (
        "escalate_to = \"top\"\n[audience.top]\ndisclosure = \"business\"\ndestinations = [\"screen\"]",
        "route::escalate-to",
        "escalate_to = \"top\"",
    ),
];

#[test]
fn every_mistake_has_its_code_and_is_shown_at_its_line() {
    for (more, code, line) in TABLE {
        let found = wrong(&format!("{ROW}{more}\n"));
        assert_eq!(found, [(*code, (*line).to_owned())], "{more}");
    }
}

#[test]
fn mistakes_in_one_table_do_not_hide_each_other() {
    let found = wrong(&format!(
        "{ROW}grp = 1\ngroup_wait = 3\nflapping = 1\nvia = [\"x\"]\n[[route]]\nname = 3\nseverity = \"x\"\n"
    ));
    let codes: Vec<_> = found.iter().map(|(code, _)| *code).collect();
    let wanted = [
        "key::unknown",
        "key::value",
        "key::not-in-this-version",
        "channel::unknown-channel",
        "key::missing",
        "key::missing",
        "key::value",
        "severity::unknown-severity",
    ];
    assert_eq!(codes, wanted);
}

#[test]
fn what_must_stand_in_the_file_is_missed() {
    let lacking = |from: &str| {
        let text = format!("{BASE}{ROW}").replace(from, "");
        load(&[("t.toml", &text)]).expect_err(from).all.iter().map(|d| d.code).collect::<Vec<_>>()
    };
    assert_eq!(lacking("version = 1"), ["version::missing"]);
    assert_eq!(lacking("[journal]\npath = \"/var/lib/tidings\""), ["journal::missing"]);
    assert_eq!(lacking("path = \"/var/lib/tidings\""), ["key::missing"]);
    assert_eq!(lacking("[ingest.http]\nlisten = \"127.0.0.1:8085\""), ["ingest::no-way-in"]);
    assert_eq!(lacking(ROW), ["route::no-row"]);
}

#[test]
fn an_open_door_needs_a_token() {
    let open = format!("{BASE}{ROW}").replace("127.0.0.1:8085", "0.0.0.0:8085");
    let found = load(&[("t.toml", &open)]).unwrap_err();
    assert_eq!(found.all.iter().map(|d| d.code).collect::<Vec<_>>(), ["ingest::open-door"]);
    let token = "[token.x]\nsecret = { env = \"T\" }\nmay = [\"ingest\"]\n";
    assert_eq!(load(&[("t.toml", &format!("{open}{token}"))]).unwrap().tokens.len(), 1);
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_shown() {
    let texts = [
        "[token.x]\nsecret = \"hunter2\"\nmay = [\"read\"]\n",
        "[channel.x]\ntype = \"email\"\nrelay = \"smtps://h\"\npassword = \"hunter2\"\n",
        "[ingest.nats]\nservers = \"nats://me:hunter2@h\"\n[[ingest.nats.read]]\nstream = \"A\"\nsubjects = [\"a\"]\n",
    ];
    for text in texts {
        let error = with(&format!("{ROW}{text}")).unwrap_err();
        assert_eq!(error.all[0].code, "secret::in-the-file");
        for shown in [error.render(false), error.to_string(), error.to_json().to_string()] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}

#[test]
fn remarks_stop_nothing() {
    let warned = |more: &str| {
        let config =
            with(&format!("{ROW}{more}\n")).unwrap_or_else(|error| panic!("{}", error.render(false)));
        config.warnings.iter().map(|d| (d.code, d.line - BASE.lines().count() - 4)).collect::<Vec<_>>()
    };
    let row = |name: &str, more: &str| {
        format!("[[route]]\nname = \"{name}\"\nkind = \"alert\"\naudience = \"duty\"\n{more}\n")
    };
    assert_eq!(warned(&row("late", "severity = \"sev1\"")), [("route::unreachable", 2)]);
    assert_eq!(warned(&row("late", "").replace("alert", "incident")), []);
    assert_eq!(warned("via = [\"sms\"]"), [("via::other-address", 1)]);
    assert_eq!(warned("via = { urgent = [\"sms\"], other = [\"mail\"] }"), [("via::other-address", 1)]);
    let stopped = row("late", "").replace("duty", "customers").replace("\n\n", "\napprove = false\n");
    assert_eq!(warned(&format!("stop = true\n{stopped}")), [("route::unreachable", 3)]);
}

#[test]
fn a_public_address_without_a_token_is_remarked_on() {
    let public = "listen = \"127.0.0.1:8085\"\nexternal_url = \"https://t.example.net/\"";
    let text = format!("{BASE}{ROW}").replace("listen = \"127.0.0.1:8085\"", public);
    let config = load(&[("t.toml", &text)]).unwrap();
    assert_eq!(config.warnings.iter().map(|d| d.code).collect::<Vec<_>>(), ["ingest::nobody-may"]);
    assert_eq!(config.ingest.http.unwrap().external_url.unwrap(), "https://t.example.net");
}

#[test]
fn a_narrow_row_before_a_wide_one_is_no_remark() {
    let rows = "[[route]]\nname = \"narrow\"\nkind = \"alert\"\naudience = \"duty\"\nseverity = \"sev1\"\nmatch = ['a=\"b\"']\n";
    let config = with(&format!("{rows}{ROW}")).unwrap();
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    let nobody = format!("{BASE}{ROW}").replace("unrouted = \"duty\"", "");
    let config = load(&[("t.toml", &nobody)]).unwrap();
    assert_eq!(config.warnings.iter().map(|d| d.code).collect::<Vec<_>>(), ["owner::nobody"]);
}

#[test]
fn a_template_is_compiled_for_the_strictest_audience_that_reads_it() {
    let rows = "[[route]]\nname = \"a\"\nkind = \"alert\"\naudience = \"duty\"\ntemplate = \"mine\"\n";
    let external = "[[route]]\nname = \"b\"\nkind = \"alert\"\naudience = \"customers\"\napprove = false\ntemplate = \"mine\"\n";
    let template = "[template.mine]\nbody = '''\nhello\n{{ labels.team }}'''\n";
    let field = format!("{rows}{external}{template}");
    let found = wrong(&field);
    assert_eq!(found.iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["template::text"]);
    assert!(found[0].1.contains("labels"), "the mistake is shown in its own line: {found:?}");
    let config = with(&format!(
        "{rows}[template.mine]\ntitle = \"{{{{ title }}}}\"\n[template.other]\nshort = \"x\"\n"
    ));
    let config = config.unwrap_or_else(|error| panic!("{}", error.render(false)));
    assert_eq!(config.warnings.iter().map(|d| d.code).collect::<Vec<_>>(), ["template::unused"]);
    assert_eq!(
        wrong(&format!("{rows}[template.mine]\n")),
        [("template::empty", "[template.mine]".to_owned())]
    );
}

#[test]
fn texts_by_phase_and_component_are_read_and_their_mistakes_shown_where_they_stand() {
    let row = "[component.shop]\npublic = \"Shop\"\n[[route]]\nname = \"b\"\nkind = \"incident\"\n\
               audience = \"customers\"\napprove = false\ntemplate = \"mine\"\n";
    let good = "[template.mine]\nagreed_by = \"legal, 2026-10-01\"\nbody = \"{{ stage_in_words | d }}\"\n\
                opening = { title = \"We know\", body = \"{{ status }}\" }\n[template.mine.component.shop]\n\
                short = \"shop\"\n[template.mine.component.shop.resolution]\nbody = \"over\"\n";
    let config = with(&format!("{row}{good}")).unwrap_or_else(|error| panic!("{}", error.render(false)));
    assert!(config.policy.templates.is_agreed(&"mine".into()));
    let found = |text: &str| wrong(&format!("{row}[template.mine]\n{text}"));
    let codes = |text: &str| found(text).into_iter().map(|(code, _)| code).collect::<Vec<_>>();
    let free = found("agreed_by = \"legal\"\nholding = { body = '''\nx\n{{ note }}''' }\n");
    assert_eq!(free.len(), 1);
    assert!(free[0].0 == "template::text" && free[0].1.contains("note"), "{free:?}");
    assert_eq!(codes("body = \"x\"\nopening = { titel = \"x\" }\n"), ["key::unknown"]);
    let component = "body = \"x\"\ncomponent = { shap = { body = \"y\" } }\n";
    assert_eq!(codes(component), ["template::unknown-component"]);
    let shapes = "opening = \"x\"\ncomponent = { shop = \"y\" }\nupdate = { body = \"\" }\n";
    assert_eq!(codes(shapes), ["key::value"; 3]);
}

#[test]
fn the_kinds_that_are_built_in_are_read_the_same_way() {
    let base = BASE
        .replace("[channel.screen]\ntype = \"console\"\n", "")
        .replace("[channel.sms]\ntype = \"sms\"\nfrom = \"+15005550006\"\n", "");
    let load = |more: &str| {
        let text = format!("{base}{ROW}{more}").replace(
            "relay = \"smtps://smtp.example.net\"",
            "relay = \"smtps://smtp.example.net\"\nfrom = \"desk@example.net\"",
        );
        crate::config::from_texts(&[("tidings.toml", text)], super::KEY, crate::deliver::kinds())
    };
    let config = load("").unwrap_or_else(|error| panic!("{}", error.render(false)));
    assert_eq!(config.channels["mail"].settings.leads_to(), "smtp.example.net");
    let wrong = "[channel.two]\ntype = \"email\"\nrelay = \"smtps://h\"\nform = \"a@b.example\"\nfrom = \"a@b.example\"\n";
    let error = load(wrong).unwrap_err();
    assert_eq!(error.all[0].code, "key::unknown");
    assert_eq!(error.all[0].help.as_deref(), Some("did you mean `from`?"));
    for secret in [
        "[channel.two]\ntype = \"email\"\nrelay = \"smtps://h\"\nfrom = \"a@b.example\"\npassword = \"hunter2\"\n",
        "[channel.two]\ntype = \"webhook\"\nurl = \"https://h.example\"\nsecret = \"hunter2\"\n",
    ] {
        let error = load(secret).unwrap_err();
        assert!(!error.render(false).contains("hunter2"), "{}", error.render(false));
    }
}
