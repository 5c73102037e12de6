//! The timeline of a case over HTTP: what happened, who was told what and when, and the figures; the draft of a review.

mod event;
mod figures;
mod markdown;
mod moments;
mod step;
mod words;

#[cfg(test)]
mod tests;

use super::questions::{answer, refuse};
use super::server::{Face, admit};
use crate::decide::{Notified, Policy, public_reference};
use crate::event::Time;
use crate::event::id::NotificationId;
use crate::history::Trail;
use crate::ingest::access::Right;
use crate::ingest::server::Peer;
use crate::message::Disclosure;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use jiff::tz::TimeZone;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::Semaphore;

/// The most entries of the journal that are read for one timeline: what was said in older ones stays in the journal.
const ENTRIES_MAX: usize = 1000;

/// So many are written at once: the words of a long case take memory.
static ROOM: Semaphore = Semaphore::const_new(2);

/// What a timeline is made from.
#[derive(Clone, Debug)]
pub struct Source {
    /// What the history knows of the case.
    pub trail: Trail,
    /// What was said, as far as the journal still has it.
    pub said: BTreeMap<NotificationId, Notified>,
    /// What outsiders call the case.
    pub reference: String,
    /// Up to when the trail reaches.
    pub until: Time,
}

/// For whom, and in whose time.
struct Reader {
    level: Disclosure,
    zone: TimeZone,
}

/// What may be asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    case: String,
    #[serde(rename = "for")]
    level: Option<Disclosure>,
    format: Format,
}

/// How it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For programs.
    #[default]
    Json,
    /// For people.
    Markdown,
}

/// The route of timelines.
pub(super) fn routes(face: Face) -> Router {
    Router::new().route("/v1/timeline", get(timeline)).with_state(face)
}

async fn timeline(
    State(face): State<Face>,
    query: Result<Query<Asked>, QueryRejection>,
    request: Request,
) -> Response {
    let peer = request.extensions().get::<Peer>();
    if let Err(response) = admit(&face, request.headers(), peer, Right::Read) {
        return *response;
    }
    let asked = match query {
        Ok(Query(asked)) => asked,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.body_text()),
    };
    let Ok(room) = ROOM.try_acquire() else {
        let why = "other timelines are being written at the moment: try again later";
        return refuse(StatusCode::SERVICE_UNAVAILABLE, why);
    };
    let name = asked.case.clone();
    let found = answer(&face, move |questions| Ok((questions.trail(&name)?, questions.known()?.at))).await;
    let (trail, until) = match found {
        Ok((Some(trail), until)) => (trail, until),
        Ok((None, _)) => {
            let why = format!("the history knows no case {:?}", asked.case);
            return refuse(StatusCode::NOT_FOUND, &why);
        }
        Err(response) => return *response,
    };
    let config = face.reloader.config();
    let reference = public_reference(&config.policy, trail.case.case);
    let said = said(&face, &trail).await;
    let source = Source { trail, said, reference, until };
    let level = asked.level.unwrap_or(Disclosure::Internal);
    let kind = match asked.format {
        Format::Json => "application/json",
        Format::Markdown => "text/markdown; charset=utf-8",
    };
    let write = move || {
        // It goes on if whoever asked does not wait for it.
        let _room = room;
        written(&source, &config.policy, level, asked.format)
    };
    match tokio::task::spawn_blocking(write).await {
        Ok(text) => ([(header::CONTENT_TYPE, kind)], text).into_response(),
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "writing the timeline failed inside Tidings"),
    }
}

/// The timeline as a reader of this level may read it, in the time zone of the policy.
pub fn written(source: &Source, policy: &Policy, level: Disclosure, format: Format) -> String {
    let zone = TimeZone::get(&policy.time_zone).unwrap_or(TimeZone::UTC);
    let reader = Reader { level, zone };
    let timeline = step::timeline(source, &reader);
    match format {
        Format::Json => serde_json::to_string(&timeline.in_full(&reader)).expect("a timeline is plain JSON"),
        Format::Markdown => markdown::write(&timeline, &reader),
    }
}

/// What was said of the case, word for word: the bodies stand in the journal alone.
async fn said(face: &Face, trail: &Trail) -> BTreeMap<NotificationId, Notified> {
    let mut wanted: BTreeMap<u64, BTreeSet<NotificationId>> = BTreeMap::new();
    for (told, said) in trail.told.iter().filter_map(|told| Some((told, told.said.as_ref()?))) {
        wanted.entry(told.entry).or_default().insert(said.notification);
    }
    let mut all = BTreeMap::new();
    for (entry, wanted) in wanted.into_iter().rev().take(ENTRIES_MAX) {
        match face.shared.kept.notified(entry, |id| wanted.contains(&id)).await {
            Ok(notified) => all.extend(notified.into_iter().map(|notified| (notified.id, notified))),
            Err(why) => {
                tracing::debug!(why, entry, "what was said in an old entry is not in the timeline");
            }
        }
    }
    all
}
