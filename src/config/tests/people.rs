//! Contacts that stand in for others, files of members, and what `check --contacts` finds.

use super::{BASE, KEY, kinds, load, with};
use crate::config::{Config, Diagnostics, from_texts};
use crate::decide::Away;
use crate::event::{Recipient, Time};

const ROW: &str = "[[route]]\nname = \"all\"\nkind = \"alert\"\naudience = \"duty\"\n";

fn at(text: &str) -> Time {
    Time::parse(text).unwrap().unwrap()
}

fn right(more: &str) -> Config {
    with(&format!("{ROW}{more}\n")).unwrap_or_else(|error| panic!("{}", error.render(false)))
}

fn away(zone: &str, days: &str) -> Away {
    let config = right(&format!("[contact.x]\ntime_zone = \"{zone}\"\naway = {days}"));
    config.policy.contacts["x"].away.unwrap()
}

#[test]
fn days_away_begin_and_end_where_the_contact_lives() {
    let days = "{ from = \"2026-12-20\", until = \"2027-01-05\" }";
    let berlin = away("Europe/Berlin", days);
    assert_eq!(berlin.from, Some(at("2026-12-19T23:00:00Z")));
    assert_eq!(berlin.until, Some(at("2027-01-04T23:00:00Z")));
    assert!(!berlin.covers(at("2026-12-19T22:59:59Z")) && berlin.covers(at("2026-12-19T23:00:00Z")));
    assert!(berlin.covers(at("2027-01-04T22:59:59Z")) && !berlin.covers(at("2027-01-04T23:00:00Z")));
    assert_eq!(away("Europe/Berlin", "{ from = 2026-12-20, until = 2027-01-05 }"), berlin);
    assert_eq!(away("Asia/Tokyo", days).from, Some(at("2026-12-19T15:00:00Z")));
    let instants = away("Asia/Tokyo", "{ from = \"2026-12-20T08:00:00+01:00\" }");
    assert_eq!((instants.from, instants.until), (Some(at("2026-12-20T07:00:00Z")), None));
    assert_eq!(away("UTC", "true"), Away { from: None, until: None });
    assert_eq!(right("[contact.x]\naway = false").policy.contacts["x"].away, None);
}

#[test]
fn a_day_that_a_clock_change_shortens_begins_at_its_first_instant() {
    // Berlin: the day of 23 hours, and the day of 25.
    let spring = away("Europe/Berlin", "{ from = \"2026-03-29\", until = \"2026-03-30\" }");
    assert_eq!(spring.from, Some(at("2026-03-28T23:00:00Z")));
    assert_eq!(spring.until, Some(at("2026-03-29T22:00:00Z")));
    let autumn = away("Europe/Berlin", "{ from = \"2026-10-25\", until = \"2026-10-26\" }");
    assert_eq!(autumn.from, Some(at("2026-10-24T22:00:00Z")));
    assert_eq!(autumn.until, Some(at("2026-10-25T23:00:00Z")));
    // Beirut skips its midnight: the day begins at one.
    let beirut = away("Asia/Beirut", "{ from = \"2026-03-29\" }");
    assert_eq!(beirut.from, Some(at("2026-03-28T22:00:00Z")));
    // Havana has its midnight twice: the day begins with the first.
    let havana = away("America/Havana", "{ from = \"2026-11-01\" }");
    assert_eq!(havana.from, Some(at("2026-11-01T04:00:00Z")));
}

#[test]
fn prefers_orders_addresses_and_chooses_among_channels_of_one_kind() {
    let more = "[channel.post]\ntype = \"email\"\nrelay = \"smtps://other.example.net\"\n\
                [contact.x]\nemail = \"x@example.net\"\nphone = \"+1555\"\n";
    let all = |prefers: &str| right(&format!("{more}{prefers}")).policy.contacts["x"].all.clone();
    let names = |names: [&str; 2]| names.map(Recipient::from).to_vec();
    assert_eq!(all(""), names(["x@mail", "x@sms"]));
    assert_eq!(all("prefers = [\"sms\"]"), names(["x@sms", "x@mail"]));
    assert_eq!(all("prefers = [\"post\"]"), names(["x@post", "x@sms"]));
    assert_eq!(all("prefers = [\"sms\", \"post\", \"mail\"]"), names(["x@sms", "x@post"]));
}

const ROTA: &str =
    "[contact.olga]\nemail = \"olga@example.net\"\n[audience.rota]\ndisclosure = \"internal\"\n";

fn of_rota(members: &str, rota: &str) -> Result<Config, Diagnostics> {
    let text = format!("{BASE}{ROW}{ROTA}members = {members}\n");
    load(&[("etc/tidings.toml", &text), ("etc/rota.txt", rota)])
}

fn names(members: &str, rota: &str) -> Vec<String> {
    let config = of_rota(members, rota).unwrap_or_else(|error| panic!("{}", error.render(false)));
    config.policy.audiences["rota"].contacts.iter().map(ToString::to_string).collect()
}

#[test]
fn members_stand_in_a_file_of_their_own() {
    let file = "{ file = \"rota.txt\" }";
    assert_eq!(
        names(file, "# this week\n\n  olga # until Friday\r\nrole:duty\ncontact:olga\n"),
        ["olga", "mara"]
    );
    assert_eq!(names(&format!("[\"role:duty\", {file}]"), "contact:olga"), ["mara", "olga"]);
    let config = of_rota(file, "olga\n").unwrap();
    let (text, hash) = (config.text.clone(), config.text.hash);
    assert_eq!(
        text.files.iter().map(|(name, _)| &**name).collect::<Vec<_>>(),
        ["etc/tidings.toml", "etc/rota.txt"]
    );
    let again = from_texts(&text.files, KEY, &kinds::all()).unwrap();
    assert_eq!((again.text, again.policy.audiences["rota"].contacts.len()), (text, 1));
    assert_ne!(of_rota(file, "mara\n").unwrap().text.hash, hash, "another rota is another policy");
}

#[test]
fn mistakes_in_a_file_of_members_are_shown_at_its_lines() {
    let mistakes = |members: &str, rota: &str| {
        let found = of_rota(members, rota).expect_err("this must not load").all;
        found.iter().map(|d| (d.code, d.file.to_string(), d.line, d.column)).collect::<Vec<_>>()
    };
    let file = "{ file = \"rota.txt\" }";
    let rota = || "etc/rota.txt".to_owned();
    assert_eq!(mistakes(file, "olga\n  olag\n"), [("audience::unknown-contact", rota(), 2, 3)]);
    assert_eq!(mistakes(file, "role:nobody\n"), [("audience::unknown-role", rota(), 1, 1)]);
    assert_eq!(mistakes(file, "mail:olga\n"), [("audience::member", rota(), 1, 1)]);
    let line = BASE.lines().count() + 4 + 5;
    let root = || "etc/tidings.toml".to_owned();
    assert_eq!(mistakes(file, "# nobody\n\n"), [("audience::nobody", root(), line, 20)]);
    let alone = format!("{BASE}{ROW}{ROTA}members = {file}\n");
    let found = load(&[("etc/tidings.toml", &alone)]).unwrap_err().all;
    assert_eq!(
        found.iter().map(|d| (d.code, d.line, d.column)).collect::<Vec<_>>(),
        [("audience::no-file", line, 20)]
    );
}

#[test]
fn a_team_has_its_members_beside_its_file() {
    let team = |path: &str| {
        format!(
            "[team]\nname = \"payments\"\nmatch = ['team=\"payments\"']\n[contact.ann]\nemail = \"a@example.net\"\n\
             [audience.oncall]\ndisclosure = \"internal\"\nmembers = {{ file = \"{path}\" }}\n"
        )
    };
    let root = format!("include = [\"teams/*.toml\"]\n{BASE}{ROW}");
    let with = |path: &str| {
        let rota = format!("etc/teams/{path}");
        let files = [
            ("etc/teams/payments.toml", team(path)),
            ("etc/tidings.toml", root.clone()),
            (rota.as_str(), "ann\nmara".to_owned()),
        ];
        from_texts(&files[..if path == "/etc/rota" { 2 } else { 3 }], KEY, &kinds::all())
    };
    let config = with("rota").unwrap_or_else(|error| panic!("{}", error.render(false)));
    let oncall = &config.policy.audiences["payments/oncall"].contacts;
    assert_eq!(oncall.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["payments/ann", "mara"]);
    for path in ["../rota", "/etc/rota"] {
        let found = with(path).unwrap_err();
        assert_eq!(found.all.iter().map(|d| d.code).collect::<Vec<_>>(), ["team::not-allowed"], "{path}");
    }
}

#[test]
fn files_of_members_are_read_from_the_folder_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("tidings.toml");
    std::fs::write(&root, format!("{BASE}{ROW}{ROTA}members = {{ file = \"rota.txt\" }}\n")).unwrap();
    let load = || crate::config::load(std::slice::from_ref(&root), KEY, &kinds::all());
    assert_eq!(load().unwrap_err().all[0].code, "audience::no-file");
    std::fs::write(folder.path().join("rota.txt"), "olga\n").unwrap();
    let config = load().unwrap();
    assert_eq!(config.member_files, [folder.path().join("rota.txt")]);
    assert_eq!(from_texts(&config.text.files, KEY, &kinds::all()).unwrap().text, config.text);
}

#[test]
fn a_team_with_one_person_has_no_deputy() {
    let team = |more: &str| {
        format!(
            "[team]\nname = \"payments\"\nmatch = ['team=\"payments\"']\n[contact.ann]\nroles = [\"oncall\"]\nemail = \"a@example.net\"\n\
             verified = \"2026-10-01\"\n{more}\n[audience.oncall]\ndisclosure = \"internal\"\nmembers = [\"role:oncall\"]\n"
        )
    };
    let root = format!(
        "include = [\"teams/*.toml\"]\n{BASE}{ROW}[contact.cy]\nroles = [\"oncall\"]\nemail = \"c@example.net\"\n"
    );
    let found = |root: &str, more: &str, days: Option<&str>| {
        let config = load(&[("teams/payments.toml", &team(more)), ("tidings.toml", root)]);
        let config = config.unwrap_or_else(|error| panic!("{}", error.render(false)));
        let days = days.map(|days| crate::event::Span::parse(days).unwrap());
        let found = config.people.check(at("2026-11-26T00:00:00Z"), days).all;
        found.iter().map(|d| (d.code, d.message.split('`').nth(1).unwrap().to_owned())).collect::<Vec<_>>()
    };
    let base = ("people::alone", "mara".to_owned());
    // Cy has the role too, and a team's row sees it.
    assert_eq!(found(&root, "", None), std::slice::from_ref(&base));
    let root = root.replace("roles = [\"oncall\"]\nemail = \"c", "email = \"c");
    assert_eq!(found(&root, "", None), [("people::no-deputy", "payments".to_owned()), base.clone()]);
    assert_eq!(found(&root, "backup = \"cy\"", None), std::slice::from_ref(&base));
    // Its role counts in its own file only.
    let idle = "[contact.bo]\nroles = [\"duty\"]\nemail = \"b@example.net\"\nbackup = \"ann\"\n";
    let unnamed = ("people::unnamed-role", "duty".to_owned());
    assert_eq!(found(&root, &format!("backup = \"cy\"\n{idle}"), None), [unnamed, base.clone()]);
    let old = |name: &str| ("people::unverified", name.to_owned());
    let backed = |days| found(&root, "backup = \"cy\"", Some(days));
    assert_eq!(backed("90d"), [base.clone(), old("mara"), old("cy")]);
    assert_eq!(backed("50d"), [base, old("payments/ann"), old("mara"), old("cy")]);
}
