//! The guard seen from outside: what is never connected to, and what is never trusted.

use super::*;
use crate::deliver::conformance::HANGS;
use crate::deliver::conformance::sample::install_cryptography;
use crate::deliver::conformance::server::{Script, Server};
use crate::deliver::guard::Answered;
use std::sync::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Answers one list of addresses after another, the last one for ever.
struct Changing(Mutex<Vec<Vec<IpAddr>>>);

impl Lookup for Changing {
    fn lookup<'a>(&'a self, _: &'a str) -> Answered<'a> {
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        Box::pin(async move { Ok(answer) })
    }
}

fn changing(answers: &[&[&str]]) -> Arc<Changing> {
    let parse = |ips: &&[&str]| ips.iter().map(|ip| ip.parse().unwrap()).collect();
    Arc::new(Changing(Mutex::new(answers.iter().map(parse).collect())))
}

fn egress(allow: &[&str], lookup: Arc<dyn Lookup>) -> Egress {
    install_cryptography();
    let allow: Vec<Network> = allow.iter().map(|text| text.parse().unwrap()).collect();
    Egress::with_lookup(&allow, "channel.x", lookup)
}

async fn get(egress: &Egress, url: &str) -> Result<Answer, EgressError> {
    let url = Url::parse(url).unwrap();
    let (method, headers, body) = (Method::GET, HeaderMap::new(), Bytes::new());
    egress
        .send(Request { method, url: &url, headers, body, deadline: Span::from_secs(20), now: Time::EPOCH })
        .await
}

async fn forbidden(egress: &Egress, url: &str) -> String {
    match get(egress, url).await {
        Err(EgressError::Forbidden(text)) => text,
        other => panic!("{url} must be forbidden, not {other:?}"),
    }
}

#[tokio::test]
async fn every_way_of_writing_an_inside_address_is_refused() {
    let server = Server::start(Script::Answer(OK.to_vec()));
    let port = server.address().port();
    let egress = egress(&[], Arc::new(System));
    let hosts = [
        "127.0.0.1",
        "127.1",
        "127.0.0.1.",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "017700000001",
        "0177.0.0.01",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "169.254.169.254",
        "１２７.０.０.１",
    ];
    for host in hosts {
        for scheme in ["https", "http"] {
            let text = forbidden(&egress, &format!("{scheme}://{host}:{port}/")).await;
            assert!(text.contains("allow_networks"), "{host}: {text}");
        }
    }
    forbidden(&egress, &format!("https://localhost:{port}/")).await;
    assert_eq!(server.connections(), 0);
    assert!(Url::parse("https://[fe80::1%25eth0]/").is_err(), "an address with a scope is no URL");
    assert!(Url::parse("https://[::1%lo]/").is_err());
}

#[tokio::test]
async fn a_user_in_the_url_and_other_schemes_are_refused() {
    let egress = egress(&["127.0.0.0/8"], Arc::new(System));
    for url in ["https://a@127.0.0.1/", "https://a:b@127.0.0.1/", "https://:b@127.0.0.1/", "ftp://127.0.0.1/"]
    {
        assert!(egress.check(&Url::parse(url).unwrap()).is_err(), "{url}");
    }
    let plain = Egress::new(&[], "channel.x");
    let text = forbidden(&plain, "http://example.org/").await;
    assert!(text.contains("use https://"), "{text}");
}

#[tokio::test]
async fn a_name_that_turns_inside_is_refused_at_the_next_dial() {
    // The server says that it closes, so that every request dials anew.
    let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
    let server = Server::start(Script::Cut(answer.to_vec()));
    let url = format!("http://rebind.example:{}/", server.address().port());
    let lookup = changing(&[&["127.0.0.1"], &["10.0.0.1"], &["127.0.0.1"], &["::ffff:10.0.0.1", "0.0.0.0"]]);
    let egress = egress(&["127.0.0.0/8"], lookup);
    get(&egress, &url).await.unwrap();
    let text = forbidden(&egress, &url).await;
    assert!(text.contains("10.0.0.1 is a private address"), "{text}");
    get(&egress, &url).await.unwrap();
    forbidden(&egress, &url).await;
    assert_eq!(server.connections(), 2, "only what was checked is connected to");
}

#[tokio::test]
async fn clear_text_stays_inside_what_is_allowed() {
    let public = egress(&["127.0.0.0/8"], changing(&[&["203.0.114.1"]]));
    let text = forbidden(&public, "http://public.example/").await;
    assert!(text.contains("without encryption"), "{text}");
    let text = forbidden(&public, "http://203.0.114.1/").await;
    assert!(text.contains("without encryption"), "{text}");
}

#[tokio::test]
async fn a_name_without_an_address_is_no_connection() {
    let nothing = egress(&[], changing(&[&[]]));
    let error = get(&nothing, "https://nothing.example/planted").await.unwrap_err();
    assert!(matches!(error, EgressError::Connect(_)), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("planted"));
}

#[tokio::test]
async fn bodies_are_read_to_the_limit_and_no_further() {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\nx", BODY_LIMIT * 4);
    let server = Server::start(Script::Flood(head.into_bytes(), BODY_LIMIT * 4));
    let egress = egress(&["127.0.0.0/8"], Arc::new(System));
    let answer = get(&egress, &format!("http://{}/", server.address())).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, BODY_LIMIT));
}

#[tokio::test]
async fn connections_are_kept() {
    let server = Server::start(Script::Answer(OK.to_vec()));
    let egress = egress(&["127.0.0.0/8"], Arc::new(System));
    for _ in 0..20 {
        let answer = get(&egress, &format!("http://{}/", server.address())).await.unwrap();
        assert_eq!(&answer.body[..], b"ok");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn what_was_closed_meanwhile_is_replaced() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let egress = egress(&["127.0.0.0/8"], Arc::new(System));
    let serve_one = async || {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        stream.write_all(OK).await.unwrap();
    };
    for _ in 0..3 {
        // The server said nothing of closing, and closes.
        let ((), answer) =
            tokio::time::timeout(HANGS, async { tokio::join!(serve_one(), get(&egress, &url)) })
                .await
                .expect("both ends end");
        assert_eq!(&answer.unwrap().body[..], b"ok");
        // The end of the connection arrives here; nobody asks for it until the next request.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn connections_lead_to_one_place_each_and_grow_old() {
    let (one, other) =
        (Server::start(Script::Answer(OK.to_vec())), Server::start(Script::Answer(OK.to_vec())));
    let egress = egress(&["127.0.0.0/8"], Arc::new(System));
    let get_at = async |server: &Server, now: u64| {
        let url = Url::parse(&format!("http://{}/", server.address())).unwrap();
        let (method, headers, body) = (Method::GET, HeaderMap::new(), Bytes::new());
        let now = Time::EPOCH + Span::from_secs(now);
        egress
            .send(Request { method, url: &url, headers, body, deadline: Span::from_secs(20), now })
            .await
            .unwrap();
    };
    for now in [0, 1, 29, 58] {
        get_at(&one, now).await;
        get_at(&other, now).await;
    }
    assert_eq!((one.connections(), other.connections()), (1, 1));
    get_at(&one, 88).await;
    assert_eq!((one.connections(), other.connections()), (2, 1), "unused for 30 s, it was closed");
}

/// A server's certificate that nobody has signed, and a server that has it.
fn encrypted() -> (rustls::pki_types::CertificateDer<'static>, tokio_rustls::TlsAcceptor) {
    install_cryptography();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (made.cert.der().clone(), tokio_rustls::TlsAcceptor::from(Arc::new(config)))
}

#[tokio::test]
async fn a_trusted_certificate_is_spoken_to_and_its_connection_kept() {
    let (certificate, acceptor) = encrypted();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let mut egress = egress(&["127.0.0.0/8"], Arc::new(System));
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    egress.trust = OnceLock::from(Ok(Arc::new(dial::trusting(roots).unwrap())));
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        for _ in 0..3 {
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            stream.write_all(OK).await.unwrap();
        }
        stream
    };
    let ask = async {
        for _ in 0..3 {
            assert_eq!(&get(&egress, &url).await.unwrap().body[..], b"ok");
        }
    };
    tokio::time::timeout(HANGS, async { tokio::join!(serve, ask) }).await.expect("both ends end");
}

#[tokio::test]
async fn a_certificate_of_nobody_is_not_trusted() {
    let (_, acceptor) = encrypted();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/planted", listener.local_addr().unwrap());
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut taken = Vec::new();
        if let Ok(mut stream) = acceptor.accept(stream).await {
            let _ = stream.read_to_end(&mut taken).await;
        }
        taken
    };
    let egress = egress(&["127.0.0.0/8"], Arc::new(System));
    let both = async { tokio::join!(serve, get(&egress, &url)) };
    let (taken, answer) = tokio::time::timeout(HANGS, both).await.expect("both ends end");
    assert!(matches!(answer, Err(EgressError::Tls(_))), "{answer:?}");
    assert!(!format!("{answer:?}").contains("planted"));
    assert_eq!(taken, b"", "nothing was sent");
}
