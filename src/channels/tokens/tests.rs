use std::os::unix::fs::PermissionsExt;

use super::*;

fn now() -> Time {
    "2023-05-01T10:00:00Z".parse().expect("a time")
}

fn bring(value: &str) -> impl Future<Output = Result<Token, ChannelError>> + Send + use<> {
    std::future::ready(Ok(Token {
        value: value.to_owned().into(),
        until: Some(now() + chrono::TimeDelta::hours(1)),
    }))
}

fn never() -> impl Future<Output = Result<Token, ChannelError>> + Send {
    std::future::ready(Err(ChannelError::ours("nobody was to log in")))
}

fn plain(secret: &SecretString) -> &str {
    secret.expose_secret()
}

#[tokio::test]
async fn a_token_is_kept_between_processes_for_its_account_and_its_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let session = |account: &str| {
        Session::new(Tokens::in_folder(folder.path(), "x"), account, &"secret".to_owned().into())
    };
    let first = session("a").token(now(), None, bring("one")).await.expect("logged in");
    let kept = session("a").token(now(), None, never()).await.expect("it is kept");
    assert_eq!((plain(&first), plain(&kept)), ("one", "one"));

    let mode = fs::metadata(folder.path().join("x.token")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // Refused, ended, or somebody else's: not it.
    assert_eq!(plain(&session("a").token(now(), Some(&kept), bring("two")).await.expect("anew")), "two");
    let later = now() + chrono::TimeDelta::minutes(59) + chrono::TimeDelta::seconds(30);
    assert_eq!(plain(&session("a").token(later, None, bring("three")).await.expect("anew")), "three");
    assert_eq!(plain(&session("b").token(now(), None, bring("four")).await.expect("anew")), "four");
}

#[tokio::test]
async fn one_who_was_refused_takes_what_another_has_renewed() {
    let folder = tempfile::tempdir().expect("a folder");
    let session = || Session::new(Tokens::in_folder(folder.path(), "x"), "a", &"secret".to_owned().into());
    let (one, other) = (session(), session());
    let old = one.token(now(), None, bring("old")).await.expect("logged in");
    other.token(now(), Some(&old), bring("new")).await.expect("renewed");
    assert_eq!(plain(&one.token(now(), Some(&old), never()).await.expect("taken")), "new");
}

#[tokio::test]
async fn another_secret_logs_in_anew_and_the_file_holds_no_trace_of_either() {
    let folder = tempfile::tempdir().expect("a folder");
    let session =
        |secret: &str| Session::new(Tokens::in_folder(folder.path(), "x"), "a", &secret.to_owned().into());
    session("right").token(now(), None, bring("one")).await.expect("logged in");
    session("wrong").token(now(), None, never()).await.expect_err("the token was got with another secret");
    assert_eq!(plain(&session("right").token(now(), None, never()).await.expect("it is kept")), "one");
    let kept = fs::read_to_string(folder.path().join("x.token")).expect("it is there");
    assert!(!kept.contains("right"), "{kept}");
}
