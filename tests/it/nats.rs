//! Lanes against a real server: order and cursor over crashes, gaps, other streams, stalls, formats, TLS (R2, R3, R39).

use crate::support::door::FakeDoor;
use crate::support::lane::{Lane, Log, Seen, settings};
use crate::support::nats::NatsServer;
use async_nats::jetstream::stream::{Config, RetentionPolicy};
use async_nats::{HeaderMap, jetstream};
use std::sync::Arc;
use std::time::Duration;
use tidings::event::{Event, Time};
use tidings::ingest::Batch;
use tidings::ingest::connect::{self, Auth, Link, Tls};
use tidings::ingest::lane::{Cursor, Settings, Start, read};
use tokio::sync::watch;
use tokio::task::JoinSet;

const ALERT: &str = r#"{"type":"alert","labels":{"alertname":"A"}}"#;

/// A context for publishing, with the stream there.
async fn publisher(server: &NatsServer, config: Config) -> jetstream::Context {
    let client =
        async_nats::ConnectOptions::new().retry_on_initial_connect().connect(server.url()).await.unwrap();
    let context = jetstream::new(client);
    context.get_or_create_stream(config).await.unwrap();
    context
}

fn alerts() -> Config {
    Config { name: "ALERTS".to_owned(), subjects: vec!["alerts.>".to_owned()], ..Config::default() }
}

/// Publishes until it is acknowledged: a lost acknowledgement makes a second message, never none.
async fn publish(context: &jetstream::Context, subject: &'static str, count: usize) {
    for _ in 0..count {
        while !published(context, subject).await {
            tokio::task::yield_now().await;
        }
    }
}

async fn published(context: &jetstream::Context, subject: &'static str) -> bool {
    match context.publish(subject, ALERT.into()).await {
        // An acknowledgement that a killed server owed never comes.
        Ok(ack) => {
            tokio::time::timeout(Duration::from_secs(1), ack.into_future()).await.is_ok_and(|ack| ack.is_ok())
        }
        Err(_) => false,
    }
}

fn run(from: u64, to: usize) -> Vec<u64> {
    (from..=to as u64).collect()
}

#[tokio::test]
async fn nothing_is_lost_doubled_or_out_of_order_when_the_server_is_killed() {
    let mut server = NatsServer::start();
    let context = publisher(&server, alerts()).await;
    publish(&context, "alerts.a", 600).await;
    let lane = Lane::read(&server, settings()).await;
    assert_eq!(lane.sequences(600).await, run(1, 600));
    lane.log.wait(|log| log.contains(&Seen::CaughtUp)).await;
    for round in 1..=3 {
        server.kill9();
        server.restart();
        publish(&context, "alerts.a", 50).await;
        let so_far = 600 + round * 50;
        let sequences = lane.sequences(so_far).await;
        assert_eq!(sequences, run(1, sequences.len()));
    }
    lane.log.wait(|log| log.iter().filter(|seen| **seen == Seen::CaughtUp).count() >= 2).await;
    assert_eq!(lane.log.gaps(), []);
    assert!(lane.log.count(&Seen::Down) >= 1);
    let read = lane.door.batches().iter().map(|batch| batch.arrivals.len()).sum::<usize>();
    let cursor = Cursor { sequence: read as u64, ..lane.log.cursor() };
    drop(lane);
    publish(&context, "alerts.a", 10).await;
    let lane = Lane::read(&server, Settings { cursor: Some(cursor), ..settings() }).await;
    assert_eq!(lane.sequences(10).await[0], read as u64 + 1, "it goes on behind its cursor");
}

#[tokio::test]
async fn batches_are_bounded_and_nothing_is_read_ahead_of_the_answer() {
    let server = NatsServer::with(|_| "max_payload: 4194304".to_owned());
    let context = publisher(&server, alerts()).await;
    publish(&context, "alerts.a", 300).await;
    // Longer than a batch may be: read all the same, alone.
    let long = format!("{ALERT}{}", " ".repeat(1_500_000));
    context.publish("alerts.a", long.into()).await.unwrap().await.unwrap();
    let lane = Lane::read_into(&server, settings(), FakeDoor::with_permits(1)).await;
    let sizes = |batches: &[Batch]| batches.iter().map(|batch| batch.arrivals.len()).collect::<Vec<_>>();
    let batches = lane.door.wait(|batches| batches.len() == 2).await;
    assert_eq!(sizes(&batches), [256, 44]);
    assert_eq!(lane.log.count(&Seen::CaughtUp), 0, "what is not answered is not caught up");
    lane.door.gate.add_permits(10);
    let arrivals = lane.arrivals(301).await;
    assert!(arrivals[300].event.is_err(), "longer than an event may be: a dead letter");
    lane.log.wait(|log| log.contains(&Seen::CaughtUp)).await;
}

#[tokio::test]
async fn every_form_is_read_and_poison_stops_nothing() {
    let server = NatsServer::start();
    let context = publisher(&server, alerts()).await;
    let headers = |pairs: &[(&str, &str)]| {
        let mut map = HeaderMap::new();
        pairs.iter().for_each(|(name, value)| map.insert(*name, *value));
        map
    };
    let structured =
        format!(r#"{{"specversion":"1.0","type":"tidings.alert.v1","source":"/s","id":"1","data":{ALERT}}}"#);
    let binary = [
        ("CE-SpecVersion", "1.0"),
        ("Ce-Type", "tidings.incident.v1"),
        ("ce-source", "/desk%20one"),
        ("CE-ID", "7"),
        ("content-type", "application/json"),
    ];
    let sent: [(HeaderMap, &str); 6] = [
        (HeaderMap::new(), r#"{"type":"alert","id":"x","labels":{"alertname":"A"}}"#),
        (headers(&[("CONTENT-type", "application/cloudevents+json; charset=utf-8")]), &structured),
        (headers(&binary), r#"{"incident":"I","action":"open"}"#),
        (HeaderMap::new(), "not JSON at all"),
        (headers(&[("ce-specversion", "1.0")]), ALERT),
        (HeaderMap::new(), ALERT),
    ];
    for (headers, payload) in sent {
        let payload = payload.to_owned().into();
        context.publish_with_headers("alerts.a", headers, payload).await.unwrap().await.unwrap();
    }
    context.publish("alerts.a", vec![0xff, 0xfe, 0].into()).await.unwrap().await.unwrap();
    let lane = Lane::read(&server, settings()).await;
    let arrivals = lane.arrivals(7).await;
    let good: Vec<bool> = arrivals.iter().map(|arrival| arrival.event.is_ok()).collect();
    assert_eq!(good, [true, true, true, false, false, true, false]);
    let identified: Vec<bool> = arrivals.iter().map(|arrival| arrival.origin.identity.is_some()).collect();
    assert_eq!(identified, [true, true, true, false, false, false, false]);
    let Ok(Event::Incident(incident)) = &arrivals[2].event else { panic!("{:?}", arrivals[2]) };
    assert_eq!(incident.source.as_str(), "/desk one");
    assert!(arrivals[2].flags.other_type && !arrivals[0].flags.other_type);
    let stream = context.get_stream("ALERTS").await.unwrap();
    let taken = stream.get_raw_message(1).await.unwrap().time.unix_timestamp_nanos() / 1_000_000;
    assert_eq!(arrivals[0].received.unwrap().millis(), taken as i64);
}

#[tokio::test]
async fn what_the_stream_let_go_of_unread_is_a_gap() {
    let server = NatsServer::start();
    let context = publisher(&server, alerts()).await;
    let stream = context.get_stream("ALERTS").await.unwrap();
    publish(&context, "alerts.a", 10).await;
    let door = FakeDoor::with_permits(0);
    let lane = Lane::read_into(&server, settings(), door).await;
    lane.arrivals(10).await;
    // While the lane waits for its answer, the stream moves on without it.
    publish(&context, "alerts.a", 20).await;
    stream.purge().sequence(16).await.unwrap();
    lane.door.gate.add_permits(1000);
    assert_eq!(lane.sequences(25).await, [run(1, 10), run(16, 30)].concat());
    assert_eq!(lane.log.gaps(), [(11, 15)]);
    let cursor = Cursor { sequence: 30, ..lane.log.cursor() };
    drop(lane);
    publish(&context, "alerts.a", 10).await;
    stream.purge().sequence(36).await.unwrap();
    let lane = Lane::read(&server, Settings { cursor: Some(cursor), ..settings() }).await;
    assert_eq!(lane.sequences(5).await, run(36, 40));
    assert_eq!(lane.log.gaps(), [(31, 35)]);
}

#[tokio::test]
async fn what_belongs_to_others_is_no_gap_even_when_it_is_gone() {
    let server = NatsServer::start();
    let config = Config { subjects: vec!["alerts.>".to_owned(), "other.>".to_owned()], ..alerts() };
    let context = publisher(&server, config).await;
    publish(&context, "alerts.a", 1).await;
    publish(&context, "other.a", 5).await;
    publish(&context, "alerts.a", 1).await;
    let lane = Lane::read(&server, settings()).await;
    assert_eq!(lane.sequences(2).await, [1, 7]);
    lane.log.wait(|log| log.contains(&Seen::CaughtUp)).await;
    publish(&context, "other.a", 5).await;
    lane.log
        .wait(|log| log.iter().any(|seen| matches!(seen, Seen::Bound(cursor) if cursor.sequence == 12)))
        .await;
    let cursor = lane.log.cursor();
    drop(lane);
    context.get_stream("ALERTS").await.unwrap().purge().sequence(13).await.unwrap();
    publish(&context, "alerts.a", 1).await;
    let lane = Lane::read(&server, Settings { cursor: Some(cursor), ..settings() }).await;
    assert_eq!(lane.sequences(1).await, [13]);
    assert_eq!(lane.log.gaps(), []);
}

#[tokio::test]
async fn another_stream_of_the_same_name_stops_the_lane() {
    let server = NatsServer::start();
    let context = publisher(&server, alerts()).await;
    publish(&context, "alerts.a", 3).await;
    let lane = Lane::read(&server, settings()).await;
    lane.arrivals(3).await;
    let cursor = Cursor { sequence: 3, ..lane.log.cursor() };
    context.delete_stream("ALERTS").await.unwrap();
    context.create_stream(alerts()).await.unwrap();
    publish(&context, "alerts.a", 9).await;
    assert!(lane.stopped().await.contains("another one"), "found while it runs");
    let lane = Lane::read(&server, Settings { cursor: Some(cursor.clone()), ..settings() }).await;
    assert!(lane.stopped().await.contains("another one"), "found at the start");
    let created = Lane::read(&server, settings()).await;
    created.arrivals(9).await;
    let ahead = Cursor { sequence: 99, ..created.log.cursor() };
    let lane = Lane::read(&server, Settings { cursor: Some(ahead), ..settings() }).await;
    assert!(lane.stopped().await.contains("lost its end"));
    let queue = Config {
        name: "QUEUE".to_owned(),
        subjects: vec!["queue.>".to_owned()],
        retention: RetentionPolicy::WorkQueue,
        ..Config::default()
    };
    context.create_stream(queue).await.unwrap();
    let settings = Settings { stream: "QUEUE".to_owned(), subjects: Vec::new(), ..settings() };
    assert!(Lane::read(&server, settings).await.stopped().await.contains("retention"));
}

#[tokio::test]
async fn a_first_start_begins_where_it_is_told() {
    let server = NatsServer::start();
    let context = publisher(&server, alerts()).await;
    publish(&context, "alerts.a", 5).await;
    let stream = context.get_stream("ALERTS").await.unwrap();
    let time_of = async |sequence| {
        let taken = stream.get_raw_message(sequence).await.unwrap().time.unix_timestamp_nanos();
        Time::from_millis((taken / 1_000_000) as i64)
    };
    let since = Time::from_millis(time_of(3).await.millis() + 1);
    let mut count = 5;
    while time_of(count).await < since {
        publish(&context, "alerts.a", 1).await;
        count += 1;
    }
    let new = Lane::read(&server, Settings { start: Start::New, ..settings() }).await;
    new.log.wait(|log| log.contains(&Seen::CaughtUp)).await;
    assert_eq!(new.log.cursor().sequence, count, "kept, it spares what came before the first message");
    let since = Lane::read(&server, Settings { start: Start::Since(since), ..settings() }).await;
    let first = since.sequences(1).await[0];
    assert!((4..=count).contains(&first), "{first}");
    assert_eq!(since.log.cursor().sequence, first - 1);
    publish(&context, "alerts.a", 1).await;
    assert_eq!(new.sequences(1).await, [count + 1]);
}

#[tokio::test]
async fn a_stream_is_made_only_when_asked_for_and_waited_for_otherwise() {
    let server = NatsServer::start();
    let lane = Lane::read(&server, Settings { create: false, ..settings() }).await;
    lane.log.wait(|log| log.contains(&Seen::Down)).await;
    let made = Lane::read(&server, settings()).await;
    made.log.wait(|log| log.contains(&Seen::CaughtUp)).await;
    lane.log.wait(|log| log.contains(&Seen::Up)).await;
    let context = publisher(&server, alerts()).await;
    publish(&context, "alerts.a", 1).await;
    assert_eq!((lane.sequences(1).await, made.sequences(1).await), (vec![1], vec![1]));
}

#[tokio::test]
async fn a_consumer_that_falls_silent_is_made_anew() {
    let server = NatsServer::start();
    let context = publisher(&server, alerts()).await;
    publish(&context, "alerts.a", 1).await;
    let lane = Lane::read(&server, settings()).await;
    lane.arrivals(1).await;
    let stream = context.get_stream("ALERTS").await.unwrap();
    let mut names = stream.consumer_names();
    let name = futures_util::StreamExt::next(&mut names).await.unwrap().unwrap();
    let later =
        async_nats::datetime::add_std_duration(async_nats::datetime::now(), Duration::from_secs(3600));
    stream.pause_consumer(&name, later.unwrap()).await.unwrap();
    publish(&context, "alerts.a", 3).await;
    assert_eq!(lane.sequences(4).await, run(1, 4));
    assert_eq!(lane.log.count(&Seen::Up), 1, "the connection was never in doubt");
}

#[tokio::test]
async fn tls_and_a_password_let_in_and_nothing_less_does() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificate = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let mut ca = None;
    let server = NatsServer::with(|folder| {
        let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        std::fs::write(&cert, certificate.cert.pem()).unwrap();
        std::fs::write(&key, certificate.signing_key.serialize_pem()).unwrap();
        ca = Some(cert.clone());
        format!("tls {{ cert_file: {cert:?}, key_file: {key:?} }}\nauthorization {{ user: u, password: p }}")
    });
    let with = |auth, ca| connect::Settings {
        servers: vec![format!("tls://127.0.0.1:{}", server.port())],
        auth,
        tls: Tls { required: true, ca, ..Tls::default() },
        ..connect::Settings::default()
    };
    let good =
        connect::connect(&with(Auth::Password("u".into(), "p".into()), ca.clone()), |_| {}).await.unwrap();
    let (door, log) = (FakeDoor::open(), Arc::new(Log::default()));
    let mut tasks = JoinSet::new();
    tasks.spawn(read(good.clone(), settings(), door.clone(), log.clone()));
    log.wait(|log| log.contains(&Seen::CaughtUp)).await;
    publish(&jetstream::new(good), "alerts.a", 1).await;
    door.wait(|batches| batches.len() == 1).await;
    for settings in [with(Auth::Password("u".into(), "no".into()), ca), with(Auth::None, None)] {
        let (sender, mut links) = watch::channel(None);
        let refused = connect::connect(&settings, move |link| {
            sender.send_replace(Some(link));
        });
        let client = refused.await.unwrap();
        let told = links.wait_for(|link| matches!(link, Some(Link::Failed | Link::Refused)));
        tokio::time::timeout(Duration::from_secs(30), told).await.expect("nobody is told").unwrap();
        assert_ne!(client.connection_state(), async_nats::connection::State::Connected);
    }
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_without_their_secrets() {
    let with = |server: &str, auth| connect::Settings {
        servers: vec![server.to_owned()],
        auth,
        ..connect::Settings::default()
    };
    let address = connect::connect(&with("nats://u:secret@[", Auth::None), |_| {}).await.unwrap_err();
    let text = Auth::Credentials("secret".into());
    let credentials = connect::connect(&with("nats://127.0.0.1", text), |_| {}).await.unwrap_err();
    assert!(!format!("{address:?} {address} {credentials:?} {credentials}").contains("secret"));
    assert!(connect::connect(&connect::Settings::default(), |_| {}).await.is_err());
}

#[tokio::test]
async fn a_stream_that_is_not_there_is_told_of_once_and_waited_for() {
    let server = NatsServer::start();
    let lane = Lane::read(&server, Settings { create: false, ..settings() }).await;
    lane.log.wait(|log| log.contains(&Seen::Down)).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!((lane.log.count(&Seen::Down), lane.log.count(&Seen::Up)), (1, 0));
    publisher(&server, alerts()).await;
    lane.log.wait(|log| log.contains(&Seen::Up)).await;
    assert_eq!(lane.log.count(&Seen::Down), 1);
}
