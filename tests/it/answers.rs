//! How people answer, with the real binary: links that show before they act, approval by command and by page.

use crate::support::channels::{self, SECRET};
use crate::support::client;
use crate::support::daemon::{Daemon, Reply, send};
use crate::support::patience::until;
use crate::support::providers;
use crate::support::web::Web;
use serde_json::{Value, json};

const SITE: &str = "https://tidings.example.net/news";

const JONAS: &str = "+46700000001";
const OLGA: &str = "+46700000002";

const TOKENS: [(&str, &str, &str); 4] = [
    ("sender", "[\"ingest\"]", ""),
    ("viewer", "[\"read\"]", ""),
    ("boss", "[\"read\", \"acknowledge\", \"approve\", \"admin\"]", ""),
    ("payments", "[\"acknowledge\", \"approve\"]", "team = \"payments\"\n"),
];

const PEOPLE: &str = r#"
[contact.jonas]
phone = "+46700000001"
roles = ["duty"]
[contact.olga]
phone = "+46700000002"
roles = ["desk"]
[audience.duty]
disclosure = "internal"
members = ["role:duty"]
[audience.desk]
disclosure = "internal"
members = ["role:desk"]
[audience.customers]
disclosure = "external"
destinations = ["hook"]
approvers = "desk"
[component.pay-core]
public = "Payments"
[[route]]
name = "responders"
kind = "incident"
audience = "duty"
ack_within = "10m"
[[route]]
name = "outsiders"
kind = "incident"
customer_impact = true
audience = "customers"
approve = true
first_within = "30m"
"#;

struct Stage {
    twilio: Web,
    hook: Web,
    daemon: Daemon,
}

impl Stage {
    fn set() -> Stage {
        let (twilio, hook) = (providers::twilio(), providers::webhook(SECRET));
        let phones = channels::telephones(&twilio, 50);
        let mut text = format!(
            "include = [\"teams/*.toml\"]\n[incidents]\nowner = \"desk\"\n{phones}{}{PEOPLE}",
            channels::webhook("hook", &hook)
        );
        let mut daemon = Daemon::new(|folder| {
            for (name, secret) in [("twilio", "twilio-token"), ("whsec", SECRET)] {
                std::fs::write(folder.join(name), secret).unwrap();
            }
            std::fs::create_dir(folder.join("teams")).unwrap();
            let team = "[team]\nname = \"payments\"\nmatch = ['team=\"payments\"']\n";
            std::fs::write(folder.join("teams/payments.toml"), team).unwrap();
            for (name, may, more) in TOKENS {
                std::fs::write(folder.join(name), format!("{name}-token")).unwrap();
                let token = format!("[token.{name}]\nsecret = {{ file = \"{name}\" }}\nmay = {may}\n{more}");
                text.push_str(&token);
            }
            text
        });
        let written = std::fs::read_to_string(daemon.config()).unwrap();
        let site = format!("[ingest.http]\nexternal_url = \"{SITE}\"\n");
        std::fs::write(daemon.config(), written.replace("[ingest.http]\n", &site)).unwrap();
        daemon.restart();
        Stage { twilio, hook, daemon }
    }

    fn incident(&self, event: Value) {
        let mut whole = json!({ "type": "incident", "incident": "INC-1", "source": "desk" });
        whole.as_object_mut().unwrap().extend(event.as_object().unwrap().clone());
        let reply = self.post("sender", "/v1/events", &whole);
        assert_eq!(reply.status, 202, "{}", reply.body);
    }

    fn post(&self, by: &str, path: &str, body: &Value) -> Reply {
        let headers = [&*format!("Authorization: Bearer {by}-token"), "Content-Type: application/json"];
        self.daemon.try_send("POST", path, &headers, &body.to_string()).unwrap()
    }

    fn asked(&self, by: &str, path: &str) -> Value {
        let headers = [&*format!("Authorization: Bearer {by}-token")];
        let reply = self.daemon.try_send("GET", path, &headers, "").unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
        serde_json::from_str(&reply.body).unwrap()
    }

    /// The newest link on this telephone whose page says this.
    fn link(&self, to: &str, word: &str) -> String {
        until(&format!("{to} is sent a link to a page with {word}"), || {
            let forms = self.twilio.heard().into_iter().rev().map(|heard| heard.form());
            let own = forms.filter(|form| form["To"] == to);
            let link = |body: &str| Some(body.split(SITE).nth(1)?.split_whitespace().next()?.to_owned());
            let mut links = own.filter_map(|form| link(&form["Body"]));
            links.find(|link| self.page("GET", link).body.contains(word))
        })
    }

    /// A page, fetched or posted without any token.
    fn page(&self, method: &str, path: &str) -> Reply {
        send(self.daemon.port, method, path, &[], "").unwrap()
    }

    fn says(&self, by: &str, arguments: &[&str]) -> (i32, String, String) {
        let output = self.daemon.asked_by(by, &[&["approve"], arguments].concat());
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// The draft to the customers, once history has this revision.
    fn draft(&self, revision: u64) -> Value {
        until(&format!("revision {revision} waits"), || {
            let all = self.asked("viewer", "/v1/approvals");
            let found = all["approvals"].as_array()?.first()?.clone();
            (found["revision"] == revision).then_some(found)
        })
    }

    fn journal(&self) -> String {
        let output = self.daemon.command(&["journal", "tail", "--from", "1"]);
        String::from_utf8(output.stdout).unwrap()
    }
}

fn opened(note: &str) -> Value {
    json!({
        "action": "open", "severity": "sev1", "customer_impact": true, "components": ["pay-core"],
        "labels": { "team": "payments", "zone": "eu-west-1b" },
        "title": { "internal": "pay-db-2 pool exhausted <b>", "public": "Payments are failing" },
        "note": { "internal": "the pool of pay-db-2 is exhausted", "public": note },
    })
}

#[test]
fn a_link_takes_a_case_on_once_and_only_when_somebody_presses_the_button() {
    let mut stage = Stage::set();
    stage.incident(opened("We are working on it"));
    let link = stage.link(JONAS, "pay-db-2");

    // What fetches links for others does nothing by that.
    for _ in 0..2 {
        let page = stage.page("GET", &link);
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body.contains("<button") && page.body.contains("as jonas"), "{}", page.body);
        assert!(page.body.contains("exhausted &lt;b&gt;") && !page.body.contains("<script"), "{}", page.body);
    }
    assert_eq!(stage.page("HEAD", &link).status, 200);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let to = ([127, 0, 0, 1], stage.daemon.port).into();
    let reply = runtime.block_on(client::exchange(to, &client::request(&format!("GET {link}"), &[], "")));
    let policy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    assert_eq!(reply.header("content-security-policy"), Some(policy));
    assert_eq!(reply.header("x-robots-tag"), Some("noindex, nofollow"));
    assert!(!stage.journal().contains("\"acknowledged\""));

    let forged = format!("{}x", &link[..link.len() - 1]);
    for (method, path) in [("GET", &*forged), ("POST", &*forged), ("GET", "/a/"), ("POST", "/a/AAAA")] {
        assert_eq!(stage.page(method, path).status, 404, "{method} {path}");
    }
    assert!(!stage.journal().contains("\"acknowledged\""));

    let done = stage.page("POST", &link);
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(done.body.contains("jonas (link) has acknowledged it"), "{}", done.body);
    for method in ["POST", "GET"] {
        let again = stage.page(method, &link);
        assert!(again.body.contains("jonas (link) has acknowledged it"), "{}", again.body);
        assert!(!again.body.contains("<button"));
    }
    let journal = stage.journal();
    assert_eq!(journal.matches("\"way\":\"link\",\"severity\"").count(), 1, "one fact: {journal}");

    assert_eq!(stage.daemon.metric("tidings_acknowledgements_total", "way=\"link\""), 1.0);

    // A restart knows of it, and the link still reads.
    stage.daemon.term();
    stage.daemon.restart();
    assert!(stage.page("GET", &link).body.contains("jonas (link) has acknowledged it"));
    stage.daemon.term();
}

#[test]
fn cases_are_acknowledged_and_needs_answered_by_who_may() {
    let mut stage = Stage::set();
    stage.incident(opened("We are working on it"));
    let path = "/v1/cases/INC-1/acknowledge";
    assert_eq!(stage.post("viewer", path, &json!({})).status, 403);
    assert_eq!(stage.post("nobody", path, &json!({})).status, 401);
    assert_eq!(stage.post("boss", "/v1/cases/INC-9/acknowledge", &json!({})).status, 404);
    assert_eq!(stage.post("boss", path, &json!({ "by": "a\nb" })).status, 400);
    let done = stage.post("payments", path, &json!({ "by": "mara" }));
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(done.body.contains("\"by\":\"mara (payments)\""), "{}", done.body);
    // Whoever comes second reads who was first.
    let second = stage.post("boss", path, &json!({}));
    assert!(second.status == 200 && second.body.contains("mara (payments)"), "{}", second.body);

    // R43: another team's case is none of theirs, and that leaves no trace.
    let other = json!({
        "incident": "INC-2", "action": "open", "severity": "sev1", "title": "Search is slow", "labels": { "team": "search" }
    });
    stage.incident(other);
    let refused = stage.post("payments", "/v1/cases/INC-2/acknowledge", &json!({ "by": "mara" }));
    assert_eq!(refused.status, 403, "{}", refused.body);
    let answer = json!({ "text": "Yes, do it", "by": "erik" });
    assert_eq!(stage.post("boss", "/v1/cases/INC-1/answer", &answer).status, 200);
    let journal = stage.journal();
    assert!(
        journal.contains("\"text\":\"Yes, do it\"") && journal.contains("\"by\":\"erik (boss)\""),
        "{journal}"
    );
    assert_eq!(journal.matches("\"way\":\"command\",\"severity\"").count(), 1, "{journal}");
    stage.daemon.term();
}

fn refuses_what_may_not_leave(edit: impl Fn(&str) -> (i32, String, String)) {
    for (words, found) in [
        ("It was pay-core.", "pay-core"),
        ("All of eu-west-1b is down.", "eu-west-1b"),
        ("We restart PAY-DB-2.", "pay-db-2"),
        ("See http://10.0.0.7/x.", "10.0.0.7"),
        ("Now the pool of  pay-db-2 is\nexhausted!", "the pool of pay-db-2 is exhausted"),
    ] {
        let (code, _, why) = edit(words);
        assert_eq!(code, 1, "{words}: {why}");
        assert!(why.contains(found), "{words}: {why}");
    }
}

#[test]
fn a_link_is_for_those_alone_who_are_asked_now() {
    let mut stage = Stage::set();
    stage.incident(opened("We are working on it"));
    let link = stage.link(OLGA, "Revision 1");
    let was = std::fs::read_to_string(stage.daemon.config()).unwrap();
    let is = was
        .replace("approvers = \"desk\"", "approvers = \"duty\"")
        .replace("owner = \"desk\"", "owner = \"duty\"");
    std::fs::write(stage.daemon.config(), &is).unwrap();
    let reload = || assert_eq!(stage.post("boss", "/-/reload", &json!({})).status, 200);
    reload();
    for method in ["GET", "POST"] {
        let page = stage.page(method, &link);
        assert!(page.status == 403 && page.body.contains("olga is not one of them"), "{}", page.body);
    }
    assert!(!stage.journal().contains("\"draft_approved\""));
    // Who leads the communication is asked whatever the configuration says.
    stage.incident(json!({ "action": "update", "comms_lead": "olga" }));
    until("olga leads the communication", || {
        let page = stage.page("GET", &link);
        (page.status == 200 && page.body.contains("<button")).then_some(())
    });
    std::fs::write(stage.daemon.config(), &was).unwrap();
    reload();
    assert_eq!(stage.page("GET", &link).status, 200);
    stage.daemon.term();
}

#[test]
fn a_draft_is_read_edited_and_approved_and_an_old_revision_is_not() {
    let mut stage = Stage::set();
    assert_eq!(
        stage.says("viewer", &["list"]),
        (0, "nothing waits for approval\n".to_owned(), String::new())
    );
    stage.incident(opened("We are working on it"));
    let draft = stage.draft(1);
    assert_eq!((&draft["case_name"], &draft["audience"]), (&json!("INC-1"), &json!("customers")));
    assert!(draft["body"].as_str().unwrap().contains("We are working on it"), "{draft:#}");
    assert!(stage.says("viewer", &["list"]).1.contains("Payments are failing"));
    let first = stage.link(OLGA, "Revision 1");

    // The facts change: the old revision is refused, with what has changed.
    stage.incident(json!({ "action": "update", "note": { "public": "The cause is known" } }));
    let old = ["send", "INC-1", "customers", "--revision", "1", "--by", "mara"];
    until("the first revision is old", || (stage.draft(2)["revision"] == 2).then_some(()));
    let (code, _, why) = stage.says("boss", &old);
    assert_eq!(code, 1, "{why}");
    assert!(why.contains("that is revision 2") && why.contains("\n- We are working on it"), "{why}");
    assert!(why.contains("\n+ The cause is known"), "{why}");
    for method in ["GET", "POST"] {
        let page = stage.page(method, &first);
        assert_eq!(page.status, 409, "{}", page.body);
        assert!(
            page.body.contains("+ The cause is known") && !page.body.contains("<button"),
            "{}",
            page.body
        );
    }

    // Words that may not leave are refused, and said which.
    let reference = draft["reference"].as_str().unwrap();
    let edit = |words: &str| {
        let file = stage.daemon.folder().join("body.md");
        std::fs::write(&file, words).unwrap();
        let of =
            ["edit", reference, "customers", "--revision", "2", "--by", "mara", "--body-file", "body.md"];
        stage.says("boss", &of)
    };
    refuses_what_may_not_leave(edit);
    assert_eq!(stage.says("viewer", &old).0, 1, "it needs the right to approve");
    let (code, said, why) = edit("We know the cause and **mend it**.");
    assert_eq!(code, 0, "{why}");
    assert!(said.contains("revision 3 to customers has your words"), "{said}");
    let edited = stage.draft(3);
    assert_eq!((&edited["edited_by"], &edited["before"]["revision"]), (&json!("mara (boss)"), &json!(2)));

    // Its page shows it, and the button lets it go, as it was shown.
    let link = stage.link(OLGA, "mend it");
    assert!(stage.page("GET", &link).body.contains("mend it"));
    assert_eq!(stage.hook.count(), 0);
    let done = stage.page("POST", &link);
    assert!(done.body.contains("olga (link) has approved revision 3"), "{}", done.body);
    let heard = until("the customers are told", || stage.hook.heard().into_iter().next());
    assert!(heard.text().contains("We know the cause"), "{}", heard.text());
    let again = stage.page("POST", &link);
    assert!(again.body.contains("approved by olga (link)"), "{}", again.body);
    let (_, shown, _) = stage.says("viewer", &["show", "INC-1", "customers"]);
    assert!(shown.contains("answer       approved") && shown.contains("olga (link)"), "{shown}");
    assert_eq!(stage.says("boss", &["send", "INC-1", "customers", "--revision", "3"]).0, 1);

    assert_eq!(stage.daemon.metric("tidings_approval_wait_seconds_count", "answer=\"approved\""), 1.0);

    // What is rejected does not leave.
    stage.incident(json!({ "action": "update", "note": { "public": "It was mended" } }));
    stage.draft(4);
    let reject = ["reject", "INC-1", "customers", "--revision", "4", "--reason", "not yet", "--by", "mara"];
    assert_eq!(stage.says("boss", &reject).0, 0);
    until("nothing waits any more", || {
        let all = stage.asked("viewer", "/v1/approvals");
        all["approvals"].as_array()?.is_empty().then_some(())
    });
    assert_eq!(stage.hook.count(), 1);
    stage.daemon.term();
}
