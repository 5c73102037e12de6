//! `tidings approve list | show | send | edit | reject`: what outsiders are to be told, and whether they are (R23).

use super::{Exit, Server, answer, complain, remote};
use crate::deliver::visible;
use clap::Subcommand;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The most characters of one line.
const LINE_MAX: usize = 2000;

/// The most characters of a title in the list.
const TITLE_MAX: usize = 60;

#[derive(clap::Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Lists what waits for approval, what is due first before all others.
    List(List),
    /// Shows one in full, with what changed since the revision before, and what to look at twice.
    Show(Show),
    /// Approves a revision: it leaves as it was shown.
    Send(Send),
    /// Gives it other words, which then wait for approval as a new revision.
    Edit(Edit),
    /// Rejects a revision: it does not leave.
    Reject(Reject),
}

#[derive(clap::Args, Debug)]
struct List {
    /// As JSON: `{"approvals": [{"case", "audience", "revision", "kind", "due", "title", "short", "body", …}]}`.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args, Debug)]
struct Show {
    #[command(flatten)]
    of: Of,
    /// As JSON, with the revision before and the difference.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Debug)]
struct Of {
    /// Which case: an incident's id, its public reference, or the case's number.
    case: String,
    /// The audience that it is for.
    audience: String,
    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args, Debug)]
struct Answer {
    #[command(flatten)]
    of: Of,
    /// The revision that you have read.
    #[arg(long, value_name = "NUMBER")]
    revision: u32,
    /// Who you are; it stands in the record beside the token's name.
    #[arg(long, value_name = "PERSON", env = "USER", hide_env_values = true)]
    by: Option<String>,
    /// As JSON: `{"case", "audience", "revision", "result"}`.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Debug)]
struct Send {
    #[command(flatten)]
    answer: Answer,
}

#[derive(clap::Args, Debug)]
struct Edit {
    #[command(flatten)]
    answer: Answer,
    /// A file with the text, in Markdown; without any text, $VISUAL or $EDITOR is opened.
    #[arg(long, value_name = "FILE")]
    body_file: Option<PathBuf>,
    /// What a telephone shows, in one line.
    #[arg(long, value_name = "TEXT")]
    short: Option<String>,
    /// What the case is called, in one line.
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
}

#[derive(clap::Args, Debug)]
struct Reject {
    #[command(flatten)]
    answer: Answer,
    /// Why, for whoever writes the next one.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub fn run(arguments: &Arguments) -> Exit {
    let done = match &arguments.command {
        Command::List(list) => {
            let answer = ask(&list.server, Method::GET, "/v1/approvals", String::new());
            answer.map(|answer| answer::print(list.json, &answer, listed))
        }
        Command::Show(show) => get(&show.of).map(|answer| answer::print(show.json, &answer, shown)),
        Command::Send(send) => post(&send.answer, "approve", json!({})),
        Command::Edit(edit) => edited(edit),
        Command::Reject(reject) => post(&reject.answer, "reject", json!({ "reason": reject.reason })),
    };
    done.map_or_else(|exit| exit, |()| Exit::Done)
}

fn path(of: &Of) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    format!("/v1/approvals/{}/{}", encoded(&of.case), encoded(&of.audience))
}

fn get(of: &Of) -> Result<Value, Exit> {
    ask(&of.server, Method::GET, &path(of), String::new())
}

fn post(answer: &Answer, deed: &str, mut body: Value) -> Result<(), Exit> {
    body["revision"] = answer.revision.into();
    if let Some(by) = &answer.by {
        body["by"] = by.as_str().into();
    }
    let path = format!("{}/{deed}", path(&answer.of));
    let said = ask(&answer.of.server, Method::POST, &path, body.to_string())?;
    answer::print(answer.json, &said, result);
    Ok(())
}

/// The daemon's answer; what it refuses is said, with what has changed where that is why, and is a no.
fn ask(server: &Server, method: Method, path: &str, body: String) -> Result<Value, Exit> {
    let got = remote::ask(server, method, path, body)?;
    let body: Value = serde_json::from_slice(&got.body).unwrap_or_default();
    if got.status.is_success() && body.is_object() {
        return Ok(body);
    }
    answer::refused(server, got.status, &body, LINE_MAX);
    eprint!("{}", changed(&body));
    Err(Exit::No)
}

fn edited(edit: &Edit) -> Result<(), Exit> {
    let mut body = json!({});
    for (part, text) in [("title", &edit.title), ("short", &edit.short)] {
        if let Some(text) = text {
            body[part] = text.as_str().into();
        }
    }
    let wanted = match &edit.body_file {
        Some(file) => Some(read(file)?),
        None if edit.title.is_none() && edit.short.is_none() => Some(by_hand(&edit.answer.of)?),
        None => None,
    };
    if let Some(text) = wanted {
        body["body"] = text.into();
    }
    post(&edit.answer, "edit", body)
}

fn read(file: &Path) -> Result<String, Exit> {
    std::fs::read_to_string(file).map_err(|error| {
        complain(&format!("{}: {error}", file.display()));
        Exit::Usage
    })
}

/// Has the person change the text in their editor.
fn by_hand(of: &Of) -> Result<String, Exit> {
    let wrong = |why: String| {
        complain(&why);
        Exit::Usage
    };
    let before = get(of)?["body"].as_str().unwrap_or_default().to_owned();
    let editor = ["VISUAL", "EDITOR"].into_iter().find_map(|name| std::env::var(name).ok());
    let editor = editor.ok_or_else(|| wrong("give --body-file, --short or --title, or set EDITOR".into()))?;
    let folder = private_folder().map_err(|error| wrong(error.to_string()))?;
    let file = folder.join("body.md");
    let edited = (|| {
        std::fs::write(&file, &before)?;
        let mut words = editor.split_whitespace();
        let program = words.next().unwrap_or("vi");
        let status = std::process::Command::new(program).args(words).arg(&file).status()?;
        if !status.success() {
            return Err(std::io::Error::other(format!("{editor} ended with {status}")));
        }
        std::fs::read_to_string(&file)
    })();
    let _ = std::fs::remove_dir_all(&folder);
    let text = edited.map_err(|error| wrong(error.to_string()))?;
    if text == before {
        complain("nothing was changed");
        return Err(Exit::No);
    }
    Ok(text)
}

/// A folder that nobody else may look into.
fn private_folder() -> std::io::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    let folder = std::env::temp_dir().join(format!("tidings-approve-{}", std::process::id()));
    std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
    Ok(folder)
}

fn listed(answer: &Value) -> String {
    let waiting = answer["approvals"].as_array().map(Vec::as_slice).unwrap_or_default();
    if waiting.is_empty() {
        return "nothing waits for approval\n".to_owned();
    }
    answer::table(
        ["CASE", "REFERENCE", "AUDIENCE", "REVISION", "KIND", "DUE", "TITLE"],
        waiting.iter().map(row),
    )
}

fn row(waiting: &Value) -> [String; 7] {
    ["case_name", "reference", "audience", "revision", "kind", "due", "title"]
        .map(|key| answer::cell(&waiting[key], TITLE_MAX))
}

/// The words as their readers would see them, and what an approver must know beside them.
fn shown(answer: &Value) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: &Value| {
        if !value.is_null() && value != &json!([]) {
            let value = value.as_array().map_or_else(|| answer::cell(value, LINE_MAX), |all| joined(all));
            let _ = writeln!(out, "{name:12} {value}");
        }
    };
    for (name, key) in [("case", "case_name"), ("reference", "reference"), ("audience", "audience")] {
        line(name, &answer[key]);
    }
    for key in ["kind", "revision", "since", "due"] {
        line(key, &answer[key]);
    }
    for (name, key) in [("asked", "asked_of"), ("edited by", "edited_by"), ("answer", "answer")] {
        line(name, &answer[key]);
    }
    for (name, key) in [("by", "answered_by"), ("because", "reason"), ("at", "answered_at")] {
        line(name, &answer[key]);
    }
    line("title", &answer["title"]);
    line("short", &answer["short"]);
    let body = answer["body"].as_str().unwrap_or_default();
    let _ = write!(out, "\n{}\n", visible::lines(body).trim_end());
    let remarks = answer["remarks"].as_array().map(Vec::as_slice).unwrap_or_default();
    for remark in remarks {
        let _ = write!(out, "\nlook twice: {}", answer::cell(remark, LINE_MAX));
    }
    out.push_str(if remarks.is_empty() { "" } else { "\n" });
    let changed = changed(answer);
    if !changed.is_empty() {
        let _ =
            write!(out, "\nsince revision {}:\n{changed}", answer::cell(&answer["before"]["revision"], 20));
    }
    out
}

fn joined(all: &[Value]) -> String {
    all.iter().map(|one| answer::cell(one, LINE_MAX)).collect::<Vec<_>>().join(", ")
}

/// What changed, a line each.
fn changed(answer: &Value) -> String {
    let lines = answer["difference"].as_array().map(Vec::as_slice).unwrap_or_default();
    let lines = lines.iter().filter_map(Value::as_str);
    lines.fold(String::new(), |out, line| out + visible::lines(line).trim_end() + "\n")
}

fn result(answer: &Value) -> String {
    let [audience, revision] = ["audience", "revision"].map(|key| answer::cell(&answer[key], LINE_MAX));
    match answer["result"].as_str() {
        Some("edited") => {
            format!("revision {revision} to {audience} has your words and waits for approval\n")
        }
        Some(word) => format!("revision {revision} to {audience} is {word}\n"),
        None => format!("{answer}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_a_table_and_one_alone_is_whole() {
        let one = json!({
            "case_name": "INC-1", "reference": "R-1A2B3C4D", "audience": "customers", "revision": 2,
            "kind": "opening", "due": "2026-11-21T14:32:00Z", "title": "Payments are\nfailing",
            "asked_of": ["duty"], "body": "One.\n\u{1b}[31mTwo.", "short": "Failing", "remarks": ["It blames."],
            "before": { "revision": 1 }, "difference": ["- a", "+ b"],
        });
        let list = listed(&json!({ "approvals": [one] }));
        assert_eq!(
            list,
            "CASE   REFERENCE   AUDIENCE   REVISION  KIND     DUE                   TITLE\n\
             INC-1  R-1A2B3C4D  customers  2         opening  2026-11-21T14:32:00Z  Payments are failing\n"
        );
        let whole = shown(&one);
        assert!(!whole.contains('\u{1b}'), "{whole:?}");
        for part in ["asked        duty\n", "\nlook twice: It blames.\n", "\nsince revision 1:\n- a\n+ b\n"] {
            assert!(whole.contains(part), "{part:?} is not in {whole:?}");
        }
        assert_eq!(listed(&json!({ "approvals": [] })), "nothing waits for approval\n");
    }
}
