use reqwest::Method;

use super::*;
use crate::channels::{
    stand_in::{HandClock, Says, StandIn},
    tokens::Tokens,
};

const NOW: &str = "2023-05-01T10:00:00Z";

fn http() -> Http {
    let pace = Pace::beside(&Tokens::in_memory(), "account", HandClock::at(NOW));
    Http::new(pace).expect("a client")
}

#[tokio::test]
async fn what_is_known_after_a_failure_is_whether_bytes_left() {
    let clock = HandClock::at(NOW);
    let place = StandIn::new(clock, |_| Says::nothing()).await;
    let http = http();
    let error = http.send(http.request(Method::POST, &place.url)).await.expect_err("no answer");
    assert_eq!((error.kind, error.retry, error.status), (ErrorKind::NoAnswer, Retry::Unclear, None));

    // Taken, so that nobody else listens there, and without a listener.
    let taken = tokio::net::TcpSocket::new_v4().expect("a socket");
    taken.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let closed = taken.local_addr().expect("bound");
    let error = http.send(http.request(Method::POST, &format!("http://{closed}/?key=secret"))).await;
    let error = error.expect_err("nobody is there");
    assert_eq!((error.kind, error.retry), (ErrorKind::Unreachable, Retry::Safe(None)));
    assert!(!error.words.contains("secret"), "{}", error.words);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_never_followed() {
    let clock = HandClock::at(NOW);
    let place = StandIn::new(clock, |_| Says::new(307, "").with("location", "/elsewhere")).await;
    let http = http();
    let answer = http.send(http.request(Method::POST, &place.url)).await.expect("an answer");
    assert_eq!((answer.status.as_u16(), place.asked().len()), (307, 1));
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_not_read() {
    let clock = HandClock::at(NOW);
    let place = StandIn::new(clock, |_| Says::new(200, vec![b'x'; 2_000])).await;
    let http = http();
    let error = http.send_up_to(http.request(Method::GET, &place.url), 1_000).await.expect_err("too large");
    assert_eq!((error.kind, error.short()), (ErrorKind::Outage, "outage".into()));
}

#[test]
fn a_vendor_says_when_to_come_back_in_seconds_or_as_a_date() {
    let now: Time = NOW.parse().expect("a time");
    for (text, seconds) in [
        ("7", Some(7)),
        ("Mon, 01 May 2023 10:00:09 GMT", Some(9)),
        ("Mon, 01 May 2023 09:00:00 GMT", Some(0)),
        ("soon", None),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", text.parse().expect("a header"));
        let answer = Answer { status: StatusCode::TOO_MANY_REQUESTS, headers, body: bytes::Bytes::new() };
        assert_eq!(answer.retry_after(now), seconds.map(Duration::from_secs), "{text}");
    }
}

#[test]
fn credentials_stay_with_scheme_host_and_port() {
    assert!(same_origin("https://a.com/x", "https://a.com:443/y"));
    for url in ["http://a.com/", "https://b.com/", "https://a.com:444/", "https://a.com@b.com/", "nonsense"] {
        assert!(!same_origin("https://a.com/x", url), "{url}");
    }
}
