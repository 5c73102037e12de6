//! The HTTP ways in, over real sockets with a door that remembers (R1, R2, R4, R43; faults 29 to 36).

use crate::support::client::{Reply, exchange, read, request};
use crate::support::door::FakeDoor;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tidings::event::{Event, Name, Time};
use tidings::ingest::access::{Access, Grant, Right, Tokens};
use tidings::ingest::http::{Limits, router};
use tidings::ingest::server::{ServerLimits, serve};
use tidings::ingest::{Fate, Refusal};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const ALERT: &str = r#"{"type":"alert","labels":{"alertname":"A"}}"#;
const INCIDENT: &str = r#"{"type":"incident","incident":"I","action":"open"}"#;

struct Server {
    at: SocketAddr,
    door: Arc<FakeDoor>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Server {
    async fn start(door: Arc<FakeDoor>, tokens: Tokens, limits: Limits, server: ServerLimits) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let now = Time::parse("2026-11-21T14:00:00Z").unwrap().unwrap();
        let access: Arc<dyn Access> = Arc::new(tokens);
        let routes = router(door.clone(), access, Arc::new(move || now), limits);
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, routes, server, stop.clone().cancelled_owned()));
        Server { at, door, stop, tasks }
    }

    async fn open() -> Server {
        let tokens = Tokens::new(Vec::new(), true).unwrap();
        Self::start(FakeDoor::open(), tokens, Limits::default(), ServerLimits::default()).await
    }

    async fn events(&self, headers: &[&str], body: &str) -> Reply {
        exchange(self.at, &request("POST /v1/events", headers, body)).await
    }

    async fn alerts(&self, body: &str) -> Reply {
        exchange(self.at, &request("POST /api/v2/alerts", &["Content-Type: application/json"], body)).await
    }
}

fn closed() -> Tokens {
    let grant = |name: &str, secret: &str, right| Grant {
        name: Name::from(name),
        secret: secret.into(),
        may: vec![right],
    };
    Tokens::new(vec![grant("prom", "s1", Right::Ingest), grant("ops", "s2", Right::Read)], false).unwrap()
}

fn results(reply: &Reply) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    value["results"].as_array().unwrap().iter().map(|r| r["result"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn events_come_one_by_one_in_lists_and_in_lines() {
    let server = Server::open().await;
    let list = format!("[{ALERT},{INCIDENT},{ALERT}]");
    let lines = format!("{ALERT}\n\n{INCIDENT}\r\n{ALERT}\n");
    let bodies =
        [(ALERT, "", 1), (&list, "", 3), (&lines, "", 3), (&lines, "Content-Type: application/x-ndjson", 3)];
    for (body, header, count) in bodies {
        let headers = if header.is_empty() { vec![] } else { vec![header] };
        let reply = server.events(&headers, body).await;
        assert_eq!((reply.status, results(&reply).len()), (202, count), "{reply:?}");
    }
    let lanes: Vec<(String, usize)> =
        server.door.batches().iter().map(|b| (b.lane.to_string(), b.arrivals.len())).collect();
    let both = [("http-incidents".to_owned(), 1), ("http-alerts".to_owned(), 2)];
    let expected =
        [vec![("http-alerts".to_owned(), 1)], both.to_vec(), both.to_vec(), both.to_vec()].concat();
    assert_eq!(lanes, expected, "incidents go in first, each type by its own lane");
}

#[tokio::test]
async fn cloud_events_come_in_all_three_modes() {
    let server = Server::open().await;
    let one =
        format!(r#"{{"specversion":"1.0","type":"tidings.alert.v1","source":"/s","id":"1","data":{ALERT}}}"#);
    let structured = server.events(&["Content-Type: application/cloudevents+json"], &one).await;
    let batch = format!("[{one},{}]", one.replace("\"1\"", "\"2\""));
    let batch =
        server.events(&["Content-Type: application/cloudevents-batch+json; charset=utf-8"], &batch).await;
    let headers = [
        "CE-SpecVersion: 1.0",
        "ce-type: tidings.incident.v1",
        "Ce-Source: /a%20b",
        "ce-id: 9",
        "Content-Type: application/json",
    ];
    let binary = server.events(&headers, r#"{"incident":"I","action":"open"}"#).await;
    assert_eq!((structured.status, batch.status, binary.status), (202, 202, 202), "{batch:?} {binary:?}");
    let arrivals: Vec<_> = server.door.batches().into_iter().flat_map(|batch| batch.arrivals).collect();
    assert_eq!(arrivals.len(), 4);
    assert_eq!(arrivals[0].origin.identity.map(|i| i.key), arrivals[1].origin.identity.map(|i| i.key));
    assert_ne!(arrivals[1].origin.identity, arrivals[2].origin.identity);
    let Ok(Event::Incident(incident)) = &arrivals[3].event else { panic!("{:?}", arrivals[3]) };
    assert_eq!(incident.source.as_str(), "/a b");
}

#[tokio::test]
async fn the_good_events_of_a_bad_request_are_taken() {
    let server = Server::open().await;
    let reply = server.events(&[], &format!("[{ALERT},{{\"type\":\"alert\"}},{INCIDENT}]")).await;
    assert_eq!(
        (reply.status, results(&reply)),
        (400, vec!["taken".into(), "refused".into(), "taken".into()])
    );
    assert!(reply.body.contains("missing field `labels`"), "{}", reply.body);
    let reply = server.events(&[], "[oh").await;
    assert_eq!((reply.status, results(&reply)), (400, vec!["refused".into()]));
    let letters = server.door.batches().into_iter().flat_map(|b| b.arrivals).filter(|a| a.event.is_err());
    assert_eq!(letters.count(), 2, "what is no event is a dead letter with its bytes");
    let many = format!("[{}{ALERT}]", format!("{ALERT},").repeat(1000));
    assert_eq!(server.events(&[], &many).await.status, 413);
}

#[tokio::test]
async fn one_key_is_one_event_and_another_body_a_conflict() {
    let server = Server::open().await;
    for (key, body) in [("k", ALERT), ("k", ALERT), ("other", ALERT)] {
        let reply = server.events(&[&format!("Idempotency-Key: {key}")], body).await;
        assert_eq!(reply.status, 202);
    }
    let identities: Vec<_> =
        server.door.batches().iter().map(|b| b.arrivals[0].origin.identity.unwrap()).collect();
    assert_eq!(identities[0], identities[1]);
    assert_ne!(identities[1].key, identities[2].key);
    server.door.answer_next(Ok(vec![Fate::Conflict]));
    let reply = server.events(&["Idempotency-Key: k"], INCIDENT).await;
    assert_eq!((reply.status, results(&reply)), (409, vec!["conflict".into()]));
    assert_eq!(server.events(&[&format!("Idempotency-Key: {}", "k".repeat(300))], ALERT).await.status, 400);
}

#[tokio::test]
async fn prometheus_is_answered_as_it_expects() {
    let server = Server::open().await;
    let good = r#"{"labels":{"alertname":"A"},"endsAt":"2026-11-21T14:04:00Z"}"#;
    let reply = server.alerts(&format!("[{good},{good}]")).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
    let reply = server.alerts(&format!("[{good},{{\"labels\":{{}}}},{good}]")).await;
    assert_eq!(reply.status, 400);
    let why: String = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(why, "alert 1: no label that is not empty");
    assert_eq!(
        server.door.batches()[1].arrivals.len(),
        3,
        "the valid ones are taken, the other is a dead letter"
    );
    assert_eq!(server.alerts("[]").await.status, 200);
    assert_eq!(server.alerts("{").await.status, 400);
    for refusal in [Refusal::Busy, Refusal::NotReady] {
        server.door.answer_next(Err(refusal));
        let reply = server.alerts(&format!("[{good}]")).await;
        assert_eq!((reply.status, reply.header("retry-after")), (503, Some("2")));
    }
    let reply = exchange(server.at, &request("GET /api/v2/status", &[], "")).await;
    let status: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(status["cluster"]["status"], "disabled");
    assert!(status["versionInfo"]["goVersion"].is_string() && status["config"]["original"].is_string());
    assert_eq!(status["uptime"], "2026-11-21T14:00:00Z");
    let mimir = exchange(server.at, &request("GET /alertmanager/api/v2/status", &[], "")).await;
    assert_eq!(mimir.status, 404, "Grafana takes a 200 here for another product");
}

#[tokio::test]
async fn nobody_comes_in_without_a_token_and_no_byte_of_the_body_is_awaited() {
    let limits = (Limits::default(), ServerLimits::default());
    let server = Server::start(FakeDoor::open(), closed(), limits.0, limits.1).await;
    for (header, status) in
        [("X: y", 401), ("Authorization: Bearer wrong", 401), ("Authorization: Bearer s2", 403)]
    {
        for path in ["/v1/events", "/api/v2/alerts"] {
            // The body that is announced here never comes.
            let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n{header}\r\n\r\n");
            assert_eq!(exchange(server.at, head.as_bytes()).await.status, status, "{header}");
        }
    }
    assert_eq!(exchange(server.at, &request("GET /api/v2/status", &[], "")).await.status, 401);
    assert!(server.door.batches().is_empty());
    for header in ["Authorization: Bearer s1", "Authorization: Basic eDpzMQ=="] {
        assert_eq!(server.events(&[header], ALERT).await.status, 202);
    }
    let batches = server.door.batches();
    assert_eq!(batches[0].arrivals[0].origin.token, Some(Name::from("prom")));
    let Ok(Event::Alert(alert)) = &batches[1].arrivals[0].event else { panic!() };
    assert_eq!(alert.source.as_str(), "prom");
}

#[tokio::test]
async fn bodies_are_bounded_in_length_time_memory_and_form() {
    let limits = Limits {
        events_bytes: 1000,
        memory_bytes: 1000,
        body_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let tokens = Tokens::new(Vec::new(), true).unwrap();
    let server = Server::start(FakeDoor::with_permits(0), tokens, limits, ServerLimits::default()).await;
    let head = |rest: &str| format!("POST /v1/events HTTP/1.1\r\nHost: x\r\n{rest}\r\n\r\n");
    let announced = exchange(server.at, head("Content-Length: 1000000000").as_bytes()).await;
    assert_eq!(announced.status, 413);
    let chunk = format!("{}\r\n7d0\r\n{}\r\n", head("Transfer-Encoding: chunked"), "x".repeat(2000));
    let chunk = chunk.replace("\r\n\r\n\r\n", "\r\n\r\n");
    assert_eq!(exchange(server.at, chunk.as_bytes()).await.status, 413);
    assert_eq!(exchange(server.at, head("Content-Length: 9").as_bytes()).await.status, 408);
    assert_eq!(server.events(&["Content-Encoding: gzip"], "x").await.status, 415);
    // One request holds all of the memory while the door is closed.
    let mut first = TcpStream::connect(server.at).await.unwrap();
    let padded = format!("{ALERT}{}", " ".repeat(900));
    first.write_all(&request("POST /v1/events", &[], &padded)).await.unwrap();
    server.door.wait(|batches| batches.len() == 1).await;
    assert_eq!(server.events(&[], &padded).await.status, 503);
    server.door.gate.add_permits(1);
    assert_eq!(read(&mut first).await.status, 202);
}

#[tokio::test]
async fn heads_are_bounded_and_idle_connections_give_up_their_place() {
    let server = ServerLimits {
        connections: 2,
        header_timeout: Duration::from_millis(100),
        header_count: 20,
        ..ServerLimits::default()
    };
    let tokens = Tokens::new(Vec::new(), true).unwrap();
    let server = Server::start(FakeDoor::open(), tokens, Limits::default(), server).await;
    let mut idle = Vec::new();
    for _ in 0..10 {
        let mut stream = TcpStream::connect(server.at).await.unwrap();
        stream.write_all(b"POST /v1/events HTTP/1.1\r\nHost:").await.unwrap();
        idle.push(stream);
    }
    assert_eq!(server.events(&[], ALERT).await.status, 202, "behind ten that never end their head");
    let many: Vec<String> = (0..50).map(|n| format!("X-{n}: y")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(server.events(&many, ALERT).await.status, 431);
    assert_eq!(server.events(&[&format!("X: {}", "y".repeat(40_000))], ALERT).await.status, 431);
}

#[tokio::test]
async fn at_the_end_what_was_begun_is_answered_and_nothing_else_begins() {
    let tokens = Tokens::new(Vec::new(), true).unwrap();
    let door = FakeDoor::with_permits(0);
    let mut server = Server::start(door, tokens, Limits::default(), ServerLimits::default()).await;
    let mut stream = TcpStream::connect(server.at).await.unwrap();
    stream.write_all(&request("POST /v1/events", &[], ALERT)).await.unwrap();
    server.door.wait(|batches| batches.len() == 1).await;
    server.stop.cancel();
    while TcpStream::connect(server.at).await.is_ok() {
        tokio::task::yield_now().await;
    }
    server.door.gate.add_permits(1);
    assert_eq!(read(&mut stream).await.status, 202);
    let ended = tokio::time::timeout(Duration::from_secs(20), server.tasks.join_next()).await;
    ended.expect("the server goes on").unwrap().unwrap();
}
