//! Approval over HTTP (R23): what waits, in full and with what changed; and the answers to it.

use super::answers::{self, admitted, person, words};
use super::difference;
use super::questions::{LIMIT, answer, refuse};
use super::server::Face;
use crate::decide::{Asked, Command, DraftText, Policy, Refusing};
use crate::event::Name;
use crate::event::id::CaseId;
use crate::history::{Questions, Revision};
use crate::ingest::access::Right;
use crate::ingest::server::Peer;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// History is looked at so many times before an answer goes without what it does not know yet.
const HISTORY_LOOKS: u32 = 30;

/// How long it is waited between two looks.
const HISTORY_EVERY: Duration = Duration::from_millis(50);

/// The routes of approval.
pub(super) fn routes(face: Face) -> Router {
    Router::new()
        .route("/v1/approvals", get(list))
        .route("/v1/approvals/{case}/{audience}", get(show))
        .route("/v1/approvals/{case}/{audience}/approve", post(approve))
        .route("/v1/approvals/{case}/{audience}/edit", post(edit))
        .route("/v1/approvals/{case}/{audience}/reject", post(reject))
        .with_state(face)
}

/// A revision, with the one before and what changed since.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    /// The revision that counts.
    #[serde(flatten)]
    pub(super) revision: Revision,
    /// Audiences and people that were asked for an answer.
    pub(super) asked_of: Vec<String>,
    /// The one before, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<Texts>,
    /// What changed since, line by line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) difference: Vec<String>,
}

/// What a revision said.
#[derive(Debug, Serialize)]
pub(super) struct Texts {
    pub(super) revision: u32,
    pub(super) title: String,
    pub(super) short: String,
    pub(super) body: String,
}

impl Shown {
    /// Shows the newest of the revisions of one briefing, the newest first.
    fn of(policy: &Policy, revisions: Vec<Revision>) -> Option<Shown> {
        let mut revisions = revisions.into_iter();
        let revision = revisions.next()?;
        let before = revisions.find(|before| before.case == revision.case);
        let difference = before.as_ref().map(|before| difference::of(before, &revision));
        let asked_of = asked_of(policy, &revision);
        let texts =
            |r: Revision| Texts { revision: r.revision, title: r.title, short: r.short, body: r.body };
        Some(Shown {
            revision,
            asked_of,
            before: before.map(texts),
            difference: difference.unwrap_or_default(),
        })
    }
}

/// Who was asked, by the configuration in force: the comms lead alone is named by the word alone.
fn asked_of(policy: &Policy, revision: &Revision) -> Vec<String> {
    let audience = Name::from(revision.audience.as_str());
    let owner = || policy.owner.as_ref().or(policy.unrouted.as_ref());
    let approvers = policy.audiences.get(&audience).and_then(|a| a.approvers.as_ref()).or_else(owner);
    let of = |names: &[Option<&Name>]| names.iter().flatten().map(ToString::to_string).collect();
    match revision.asked.as_str() {
        word if word == Asked::Approvers.as_str() => of(&[approvers]),
        word if word == Asked::Others.as_str() => {
            let rows = policy.rows.iter().filter(|row| row.audience == audience);
            let mut others = rows.filter_map(|row| row.keeping.approval.as_ref()?.escalate_to.as_ref());
            of(&[approvers, others.next().or_else(owner)])
        }
        word if word == Asked::Lead.as_str() => vec!["the comms lead".to_owned()],
        _ => Vec::new(),
    }
}

/// Whoever may read or approve may see what waits.
fn may_look(face: &Face, request: &Request) -> Result<(), Box<Response>> {
    let peer = request.extensions().get::<Peer>();
    admitted(face, request.headers(), peer, &[Right::Approve, Right::Read]).map(drop)
}

/// What may be asked of the list.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asking {
    limit: Option<usize>,
}

async fn list(
    State(face): State<Face>,
    query: Result<Query<Asking>, QueryRejection>,
    request: Request,
) -> Response {
    if let Err(response) = may_look(&face, &request) {
        return *response;
    }
    match query {
        Ok(Query(asked)) => {
            listed(&face, asked.limit.unwrap_or(LIMIT)).await.unwrap_or_else(|response| *response)
        }
        Err(error) => refuse(StatusCode::BAD_REQUEST, &error.body_text()),
    }
}

async fn listed(face: &Face, limit: usize) -> Result<Response, Box<Response>> {
    let config = face.reloader.config();
    let shown = answer(face, move |questions| {
        let waiting = questions.approvals(limit)?;
        let shown = |revision: &Revision| {
            let two = questions.newest_two(revision.case, &revision.audience)?;
            Ok(Shown::of(&config.policy, two))
        };
        waiting.iter().filter_map(|revision| shown(revision).transpose()).collect::<Result<Vec<_>, _>>()
    })
    .await?;
    Ok(Json(json!({ "approvals": shown })).into_response())
}

/// What was written to this audience about this case, the newest first.
pub(super) async fn revisions(
    face: &Face,
    cases: Vec<CaseId>,
    audience: &str,
) -> Result<Vec<Revision>, Box<Response>> {
    let asked = audience.to_owned();
    let found = answer(face, move |questions| questions.revisions(&cases, &asked)).await?;
    if found.is_empty() { Err(never_needed(audience)) } else { Ok(found) }
}

fn never_needed(audience: &str) -> Box<Response> {
    let why = format!("nothing to {audience} about this case has needed approval");
    Box::new(refuse(StatusCode::NOT_FOUND, &why))
}

async fn show(
    State(face): State<Face>,
    Path((case, audience)): Path<(String, String)>,
    request: Request,
) -> Response {
    match may_look(&face, &request) {
        Ok(()) => showing(&face, &case, &audience).await.unwrap_or_else(|response| *response),
        Err(response) => *response,
    }
}

async fn showing(face: &Face, case: &str, audience: &str) -> Result<Response, Box<Response>> {
    let cases = answers::cases(face, case).await?;
    let (of, config) = (audience.to_owned(), face.reloader.config());
    let show = move |questions: &Questions| Ok(Shown::of(&config.policy, questions.revisions(&cases, &of)?));
    let shown = answer(face, show).await?;
    shown.map(|shown| Json(shown).into_response()).ok_or_else(|| never_needed(audience))
}

/// What an answer about a draft takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    revision: u32,
    #[serde(default)]
    by: Option<String>,
    #[serde(default)]
    title: Option<Box<str>>,
    #[serde(default)]
    short: Option<Box<str>>,
    #[serde(default)]
    body: Option<Box<str>>,
    #[serde(default)]
    reason: Option<String>,
}

/// What is answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    Approve,
    Edit,
    Reject,
}

type Of = Path<(String, String)>;

async fn approve(State(face): State<Face>, of: Of, request: Request) -> Response {
    answered(&face, &of, Deed::Approve, request).await.unwrap_or_else(|response| *response)
}

async fn edit(State(face): State<Face>, of: Of, request: Request) -> Response {
    answered(&face, &of, Deed::Edit, request).await.unwrap_or_else(|response| *response)
}

async fn reject(State(face): State<Face>, of: Of, request: Request) -> Response {
    answered(&face, &of, Deed::Reject, request).await.unwrap_or_else(|response| *response)
}

async fn answered(face: &Face, of: &Of, deed: Deed, request: Request) -> Result<Response, Box<Response>> {
    let Path((name, audience)) = of;
    let peer = request.extensions().get::<Peer>();
    let token = admitted(face, request.headers(), peer, &[Right::Approve])?;
    let form = match deed {
        Deed::Approve => "{\"revision\": 1, \"by\": \"PERSON\"}",
        Deed::Edit => {
            "{\"revision\": 1, \"title\": \"…\", \"short\": \"…\", \"body\": \"…\", \"by\": \"PERSON\"}"
        }
        Deed::Reject => "{\"revision\": 1, \"reason\": \"…\", \"by\": \"PERSON\"}",
    };
    let said: Answer = answers::read(request, form).await?;
    let (texts, reason) = ([&said.title, &said.short, &said.body], &said.reason);
    let misplaced = (deed != Deed::Edit && texts.iter().any(|text| text.is_some()))
        || (deed != Deed::Reject && reason.is_some());
    if misplaced {
        return Err(Box::new(refuse(StatusCode::BAD_REQUEST, &format!("write {form}"))));
    }
    let by = person(said.by.as_deref(), token.as_ref())?;
    let cases = answers::cases(face, name).await?;
    let case = match cases[..] {
        [case] => case,
        // Of several, the one of which something was written to this audience.
        _ => revisions(face, cases, audience).await?[0].case,
    };
    let (audience, revision) = (Name::from(audience.as_str()), said.revision);
    let command = match deed {
        Deed::Approve => Command::ApproveDraft { case, audience: audience.clone(), revision, by },
        Deed::Edit => {
            let text = DraftText { title: said.title, short: said.short, body: said.body };
            Command::EditDraft { case, audience: audience.clone(), revision, text, by }
        }
        Deed::Reject => {
            let reason = words(reason.as_deref().unwrap_or_default(), "reason")?;
            Command::RejectDraft { case, audience: audience.clone(), revision, reason, by }
        }
    };
    match answers::decided(face, command, token).await? {
        Ok(()) => Ok(done(face, case, &audience, deed, revision).await),
        Err(refused) => match refused.why {
            Refusing::Revision { newest } => {
                Ok(outdated(face, case, &audience, revision, newest, &refused.text).await)
            }
            _ => Ok(answers::refusal(&refused)),
        },
    }
}

/// What was taken; an edit says which revision is now to be approved.
async fn done(face: &Face, case: CaseId, audience: &Name, deed: Deed, revision: u32) -> Response {
    let word = match deed {
        Deed::Approve => "approved",
        Deed::Edit => "edited",
        Deed::Reject => "rejected",
    };
    let of = audience.clone();
    let look = face
        .shared
        .mailbox
        .look(move |state, _| state.cases.get(&case)?.briefing(&of)?.draft().map(|draft| draft.revision));
    let newest = look.await.ok().flatten().filter(|_| deed == Deed::Edit).unwrap_or(revision);
    Json(json!({ "case": case, "audience": audience, "revision": newest, "result": word })).into_response()
}

/// R23: an old revision is refused with what has changed since.
async fn outdated(
    face: &Face,
    case: CaseId,
    audience: &Name,
    revision: u32,
    newest: u32,
    why: &str,
) -> Response {
    let known = up_to(face, case, audience, newest).await;
    let of = |number: u32| known.iter().find(|known| known.revision == number);
    let difference = of(revision).zip(of(newest)).map(|(before, after)| difference::of(before, after));
    let body = json!({
        "error": why,
        "revision": newest,
        "difference": difference.unwrap_or_default(),
    });
    (StatusCode::CONFLICT, Json(body)).into_response()
}

/// What was written, once history knows as much: it is a moment behind what is decided.
pub(super) async fn known(
    face: &Face,
    case: CaseId,
    audience: &Name,
    enough: impl Fn(&[Revision]) -> bool,
) -> Vec<Revision> {
    for _ in 0..HISTORY_LOOKS {
        let known = revisions(face, vec![case], audience.as_str()).await.unwrap_or_default();
        if enough(&known) {
            return known;
        }
        tokio::time::sleep(HISTORY_EVERY).await;
    }
    revisions(face, vec![case], audience.as_str()).await.unwrap_or_default()
}

/// What was written, once history knows this revision.
pub(super) async fn up_to(face: &Face, case: CaseId, audience: &Name, newest: u32) -> Vec<Revision> {
    known(face, case, audience, |known| known.iter().any(|known| known.revision >= newest)).await
}
