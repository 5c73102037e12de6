//! R25, R23: the pages of links: GET says what a button would do, POST does it. Whoever fetches links for others, a
//! scanner of mail, does nothing by that.

use super::answers::{acknowledged, called, decided};
use super::approvals::{known, up_to};
use super::difference;
use super::links::{PATH, Purpose, Right, Unusable};
use super::page::Page;
use super::server::{Face, not_ready};
use crate::decide::{
    AckWay, Command, Policy, Refused, Refusing, State as Core, command_refusal, is_approver,
};
use crate::event::id::CaseId;
use crate::event::{Name, Recipient, Time};
use crate::history::Revision;
use crate::message::{Asks, slot};
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use jiff::tz::TimeZone;

/// The pages of links.
pub(super) fn routes(face: Face) -> Router {
    Router::new().route(&format!("{PATH}{{token}}"), get(look).post(act)).with_state(face)
}

async fn look(State(face): State<Face>, Path(token): Path<String>) -> Response {
    let right = match read(&face, &token) {
        Ok(right) => right,
        Err(response) => return *response,
    };
    match &right.purpose {
        Purpose::Acknowledge { case, audience } => look_at_case(&face, &right, *case, audience).await,
        Purpose::Approve(asks) => match no_longer_asked(&face, &right, asks).await {
            None => look_at_draft(&face, &right, asks).await,
            Some(page) => page,
        },
    }
}

async fn act(State(face): State<Face>, Path(token): Path<String>) -> Response {
    let right = match read(&face, &token) {
        Ok(right) => right,
        Err(response) => return *response,
    };
    match &right.purpose {
        Purpose::Acknowledge { case, .. } => acknowledge(&face, &right, *case).await,
        Purpose::Approve(asks) => match no_longer_asked(&face, &right, asks).await {
            None => approve(&face, &right, asks).await,
            Some(page) => page,
        },
    }
}

/// What the link says; or the page that says why it does not work.
fn read(face: &Face, token: &str) -> Result<Right, Box<Response>> {
    let no = |status, title: &str, text: &str| Err(Box::new(Page::new(title).para(text).answer(status)));
    match face.links.read(token, face.shared.clock.now()) {
        Ok(right) if is_reached(face, &right.recipient) => Ok(right),
        Ok(_) => {
            let text = "Whom it was sent to is no longer in the configuration. Nothing was done.";
            no(StatusCode::GONE, "This link no longer works", text)
        }
        Err(Unusable::Expired) => {
            let text =
                "Links work for a day. A newer message about the case has a newer link. Nothing was done.";
            no(StatusCode::GONE, "This link has expired", text)
        }
        Err(Unusable::Forged) => {
            let text = "Its address is not complete, or was changed. Please copy all of it from the message.";
            no(StatusCode::NOT_FOUND, "There is no such link", text)
        }
    }
}

fn is_reached(face: &Face, recipient: &Recipient) -> bool {
    face.reloader.config().policy.endpoints.contains_key(recipient)
}

/// Who a recipient is, for people and for facts: the contact, or the audience with its channel.
fn who(face: &Face, recipient: &Recipient) -> String {
    let config = face.reloader.config();
    let contact = config.policy.endpoints.get(recipient).and_then(|endpoint| endpoint.contact.clone());
    let name = recipient.as_str().split('#').next().unwrap_or_default().to_owned();
    contact.map_or(name, |contact| contact.to_string())
}

/// Who a link's fact names.
fn by(face: &Face, right: &Right) -> Box<str> {
    format!("{} (link)", who(face, &right.recipient)).into()
}

fn when(at: Time) -> String {
    slot::zoned(at, &TimeZone::UTC)
}

async fn look_at_case(face: &Face, right: &Right, case: CaseId, audience: &Name) -> Response {
    let name = match called(face, case, audience).await {
        Ok(name) => name,
        Err(response) => return *response,
    };
    let command = Command::Acknowledge { case, by: by(face, right), way: AckWay::Link };
    let look = face.shared.mailbox.look(move |state, policy| command_refusal(state, policy, &command));
    let over = look.await.is_ok_and(|refused| refused.is_some());
    match acknowledged(face, case).await {
        Ok(Some((by, at))) => taken_on(&by, at),
        Ok(None) if over => refused("This case is over.", StatusCode::GONE),
        Ok(None) => Page::new("Acknowledge a case")
            .quoted(&name)
            .para(&format!("Whoever presses the button takes it on, as {}.", who(face, &right.recipient)))
            .para(
                "From then on nobody is escalated to because it waits, until it becomes worse or comes back.",
            )
            .button("Acknowledge")
            .answer(StatusCode::OK),
        Err(response) => *response,
    }
}

fn taken_on(by: &str, at: Time) -> Response {
    let text = format!("{by} has acknowledged it, at {}.", when(at));
    Page::new("The case is acknowledged").para(&text).answer(StatusCode::OK)
}

async fn acknowledge(face: &Face, right: &Right, case: CaseId) -> Response {
    let command = Command::Acknowledge { case, by: by(face, right), way: AckWay::Link };
    match decided(face, command, None).await {
        Ok(Ok(())) => match acknowledged(face, case).await {
            Ok(Some((by, at))) => taken_on(&by, at),
            Ok(None) => refused("The case came back or became worse meanwhile.", StatusCode::CONFLICT),
            Err(response) => *response,
        },
        Ok(Err(why)) => not_taken(&why),
        Err(response) => *response,
    }
}

fn refused(text: &str, status: StatusCode) -> Response {
    Page::new("Nothing was done").para(text).answer(status)
}

/// What cannot be answered any more is gone.
fn not_taken(why: &Refused) -> Response {
    let status = match why.why {
        Refusing::Unknown => StatusCode::GONE,
        Refusing::Confined => StatusCode::FORBIDDEN,
        Refusing::Revision { .. } | Refusing::Settled | Refusing::Words => StatusCode::CONFLICT,
    };
    refused(&sentence(&why.text), status)
}

/// The text with a capital at its beginning and a full stop at its end.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// R23: the page for whoever would not be asked any more, by the configuration or because another leads by now.
async fn no_longer_asked(face: &Face, right: &Right, asks: &Asks) -> Option<Response> {
    let (wanted, recipient) = (asks.clone(), right.recipient.clone());
    let look = move |state: &Core, policy: &Policy| is_approver(state, policy, &wanted, &recipient);
    let asked = match face.shared.mailbox.look(look).await {
        Ok(asked) => asked,
        Err(_) => return Some(not_ready()),
    };
    let text = format!(
        "By now others are asked to approve what {} are told, and {} is not one of them. Nothing was done.",
        asks.audience,
        who(face, &right.recipient)
    );
    (!asked).then(|| Page::new("This link no longer works").para(&text).answer(StatusCode::FORBIDDEN))
}

/// The revisions of what is asked, the newest first, and the one asked for.
async fn drafts(face: &Face, asks: &Asks) -> (Vec<Revision>, Option<Revision>) {
    let known = up_to(face, asks.case, &asks.audience, asks.revision).await;
    let own = known.iter().find(|known| known.revision == asks.revision).cloned();
    (known, own)
}

async fn look_at_draft(face: &Face, right: &Right, asks: &Asks) -> Response {
    let (known, own) = drafts(face, asks).await;
    let Some(own) = own else {
        return refused("This text is no longer known.", StatusCode::GONE);
    };
    if let Some(newest) = known.first().filter(|newest| newest.revision != own.revision) {
        return outdated(&own, newest);
    }
    if own.answer.is_some() {
        return settled(&own);
    }
    let due = own.due.map(|due| format!(" It is due by {}.", when(due))).unwrap_or_default();
    let (audience, revision, kind) = (&own.audience, own.revision, &own.kind);
    let about = format!("Revision {revision} of the {kind} about {} to {audience}.{due}", own.reference);
    let page = Page::new("Approve a message").para(&about).quoted(&text_of(&own));
    let page = own.remarks.iter().fold(page, |page, remark| page.para(&format!("Look twice: {remark}")));
    let page = match known.iter().find(|known| known.revision < own.revision) {
        Some(before) => page
            .para(&format!("What has changed since revision {}:", before.revision))
            .quoted(&difference::of(before, &own).join("\n")),
        None => page,
    };
    page.para(&format!("Whoever presses the button approves it, as {}.", who(face, &right.recipient)))
        .para("To give it other words or to reject it, use tidings approve edit, or tidings approve reject.")
        .button("Approve this text")
        .answer(StatusCode::OK)
}

fn text_of(revision: &Revision) -> String {
    format!("{}\n\n{}\n\n{}", revision.title, revision.body, revision.short)
}

/// Who has answered, and when.
fn settled(own: &Revision) -> Response {
    let word = own.answer.as_deref().unwrap_or("answered");
    let by = own.answered_by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
    let at = own.answered_at.map(|at| format!(", at {}", when(at))).unwrap_or_default();
    let text = format!("Revision {} was {word}{by}{at}.", own.revision);
    Page::new("This is answered already").para(&text).answer(StatusCode::OK)
}

/// R23: an old revision is refused with the difference.
fn outdated(own: &Revision, newest: &Revision) -> Response {
    let (old, new) = (own.revision, newest.revision);
    Page::new("There is a newer text")
        .para(&format!("This link is for revision {old}; by now there is revision {new}. Nothing was done."))
        .para("What has changed since:")
        .quoted(&difference::of(own, newest).join("\n"))
        .para("Whoever is to approve the newer text has a message with a link of its own.")
        .answer(StatusCode::CONFLICT)
}

async fn approve(face: &Face, right: &Right, asks: &Asks) -> Response {
    let Asks { case, audience, revision } = asks.clone();
    let by = by(face, right);
    let command = Command::ApproveDraft { case, audience, revision, by: by.clone() };
    match decided(face, command, None).await {
        Ok(Ok(())) => {
            let text = format!("{by} has approved revision {revision}. It leaves as it was shown.");
            Page::new("The message is approved").para(&text).answer(StatusCode::OK)
        }
        Ok(Err(why)) => match why.why {
            Refusing::Revision { newest } => newer(face, asks, newest, &why).await,
            _ => answered(face, asks).await.map_or_else(|| not_taken(&why), |own| settled(&own)),
        },
        Err(response) => *response,
    }
}

/// The revision with what was answered.
async fn answered(face: &Face, asks: &Asks) -> Option<Revision> {
    let of = |known: &Revision| known.revision == asks.revision && known.answer.is_some();
    let known = known(face, asks.case, &asks.audience, |known| known.iter().any(of)).await;
    known.into_iter().find(of)
}

async fn newer(face: &Face, asks: &Asks, newest: u32, why: &Refused) -> Response {
    let known = up_to(face, asks.case, &asks.audience, newest).await;
    let of = |number: u32| known.iter().find(|known| known.revision == number);
    match (of(asks.revision), of(newest)) {
        (Some(own), Some(newest)) => outdated(own, newest),
        _ => not_taken(why),
    }
}
