//! R37: what a reload would leave behind, asked with the texts of the files before they are put in place.

use super::questions::refuse;
use super::server::{Face, admit, not_ready};
use crate::config::{self, Diagnostics, FILE_BYTES_MAX, FILES_MAX};
use crate::decide::{Orphan, against};
use crate::deliver;
use crate::ingest::access::Right;
use crate::ingest::server::Peer;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The most that the texts of all files may take, in bytes.
const BODY_MAX: usize = 16 * 1024 * 1024;

/// Within how long they must have arrived.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// The most that the list of an answer takes, in bytes; what is behind is counted.
const LIST_MAX: usize = 48 * 1024;

/// As many are compared at once: reading the files of a large configuration takes memory and time.
static ROOM: Semaphore = Semaphore::const_new(1);

/// The route.
pub(super) fn routes(face: Face) -> Router {
    Router::new().route("/v1/against", post(compare)).with_state(face)
}

/// The files, as the journal keeps them: secrets stand in them by reference alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    /// Names and texts, in reading order.
    files: Vec<(String, String)>,
}

impl Texts {
    /// The limits of files that are read from a disk hold.
    fn fit(&self) -> Result<(), String> {
        if self.files.len() > FILES_MAX {
            return Err(format!("these are {} files, and there may be {FILES_MAX}", self.files.len()));
        }
        let large = self.files.iter().find(|(_, text)| text.len() as u64 > FILE_BYTES_MAX);
        large.map_or(Ok(()), |(name, _)| Err(format!("{name} is larger than {} MiB", FILE_BYTES_MAX >> 20)))
    }
}

/// What a reload of them would leave behind.
#[derive(Debug, Serialize)]
struct Left {
    /// The worst first.
    orphaned: Vec<Orphan>,
    /// How many there are besides.
    more: usize,
}

async fn compare(State(face): State<Face>, request: Request) -> Response {
    let peer = request.extensions().get::<Peer>();
    if let Err(response) = admit(&face, request.headers(), peer, Right::Admin) {
        return *response;
    }
    let Ok(room) = ROOM.try_acquire() else {
        let why = "other files are being compared at the moment: try again later";
        return refuse(StatusCode::SERVICE_UNAVAILABLE, why);
    };
    let body = tokio::time::timeout(BODY_WITHIN, axum::body::to_bytes(request.into_body(), BODY_MAX));
    let Ok(Ok(body)) = body.await else {
        let why = "the files are larger than 16 MiB, or did not arrive whole within 10 s";
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, why);
    };
    let key = face.reloader.config().policy.reference_key;
    let read = tokio::task::spawn_blocking(move || {
        // It goes on if whoever asked does not wait for it.
        let _room = room;
        let texts: Texts = serde_json::from_slice(&body).ok()?;
        drop(body);
        let fits = texts.fit();
        Some(fits.map(|()| config::from_texts(&texts.files, key, deliver::kinds())))
    });
    let config = match read.await {
        Ok(Some(Ok(Ok(config)))) => config,
        Ok(Some(Ok(Err(mistakes)))) => return mistaken(&mistakes),
        Ok(Some(Err(why))) => return refuse(StatusCode::PAYLOAD_TOO_LARGE, &why),
        Ok(None) => return refuse(StatusCode::BAD_REQUEST, "write {\"files\": [[\"NAME\", \"TEXT\"]]}"),
        Err(_) => {
            return refuse(StatusCode::INTERNAL_SERVER_ERROR, "reading the files failed inside Tidings");
        }
    };
    match face.shared.mailbox.look(move |state, policy| against(state, policy, &config.policy)).await {
        Ok(found) => Json(cut(found)).into_response(),
        Err(_) => not_ready(),
    }
}

fn mistaken(mistakes: &Diagnostics) -> Response {
    let answer = json!({ "error": "the files have mistakes", "mistakes": mistakes.to_json() });
    (StatusCode::BAD_REQUEST, Json(answer)).into_response()
}

/// As much of the list as an answer takes.
fn cut(mut found: Vec<Orphan>) -> Left {
    let size = |orphan: &Orphan| serde_json::to_vec(orphan).map_or(0, |json| json.len() + 1);
    let sizes = found.iter().scan(0, |sum, orphan| {
        *sum += size(orphan);
        Some(*sum)
    });
    let fits = sizes.take_while(|sum| *sum <= LIST_MAX).count();
    let more = found.len() - fits;
    found.truncate(fits);
    Left { orphaned: found, more }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::OrphanKind;

    #[test]
    fn a_list_that_is_too_long_is_cut_and_the_rest_counted() {
        let orphan = |number: usize| Orphan {
            kind: OrphanKind::RowGone,
            case: Some(format!("INC-{number}").into()),
            audience: None,
            recipient: None,
            text: "x".repeat(1000).into(),
        };
        let left = cut((0..1000).map(orphan).collect());
        assert!(left.orphaned.len() > 40 && left.orphaned.len() + left.more == 1000, "{}", left.more);
        assert!(serde_json::to_vec(&left).unwrap().len() < 64 * 1024, "an answer is read to 64 KiB");
        let left = cut((0..3).map(orphan).collect());
        assert_eq!((left.orphaned.len(), left.more), (3, 0));
    }

    #[test]
    fn the_limits_of_files_on_a_disk_hold() {
        let texts = |many: usize, bytes: usize| Texts {
            files: (0..many).map(|number| (format!("{number}.toml"), " ".repeat(bytes))).collect(),
        };
        assert_eq!((texts(FILES_MAX, 1).fit(), texts(1, 4 << 20).fit()), (Ok(()), Ok(())));
        assert_eq!(texts(FILES_MAX + 1, 0).fit().unwrap_err(), "these are 2001 files, and there may be 2000");
        assert_eq!(texts(1, (4 << 20) + 1).fit().unwrap_err(), "0.toml is larger than 4 MiB");
    }
}
