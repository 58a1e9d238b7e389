//! `deskline doctor`: looks at everything that could be wrong, with one line of advice per finding.

use chrono::TimeDelta;
use serde_json::json;

use super::{
    args::Json,
    context::{Desk, World},
    error::{CliError, Code},
    plain,
};
use crate::{
    channels::{ErrorKind, Webhook},
    config::{Environment, permissions},
    domain::{Time, time::rfc3339},
};

/// A clock that is further off than this is said.
const SKEW: TimeDelta = TimeDelta::seconds(30);

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Grade {
    Good,
    Odd,
    Bad,
}

impl Grade {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Odd => "warning",
            Self::Bad => "error",
        }
    }
}

struct Finding {
    about: String,
    grade: Grade,
    text: String,
    advice: Option<String>,
}

#[derive(Default)]
struct Report {
    findings: Vec<Finding>,
    worst: Option<Code>,
}

impl Report {
    fn good(&mut self, about: &str, text: impl Into<String>) {
        self.findings.push(Finding {
            about: about.into(),
            grade: Grade::Good,
            text: text.into(),
            advice: None,
        });
    }

    fn odd(&mut self, about: &str, text: impl Into<String>, advice: impl Into<String>) {
        let advice = Some(advice.into());
        self.findings.push(Finding { about: about.into(), grade: Grade::Odd, text: text.into(), advice });
    }

    fn bad(&mut self, about: &str, code: Code, text: impl Into<String>, advice: impl Into<String>) {
        let advice = Some(advice.into());
        self.findings.push(Finding { about: about.into(), grade: Grade::Bad, text: text.into(), advice });
        self.worst.get_or_insert(code);
    }
}

/// Looks, prints, and ends with the exit code of the worst finding.
pub async fn run(
    environment: Environment,
    file: Option<std::path::PathBuf>,
    args: Json,
) -> Result<(), CliError> {
    let mut report = Report::default();
    look(&mut report, environment, file).await;
    if args.json {
        let findings: Vec<_> = report
            .findings
            .iter()
            .map(|it| json!({ "about": it.about, "grade": it.grade.word(), "text": it.text, "advice": it.advice }))
            .collect();
        plain::json_line(&json!({ "ok": report.worst.is_none(), "findings": findings }))?;
    } else {
        for it in &report.findings {
            plain::line(&format!("{:<7} {}: {}", it.grade.word(), it.about, it.text))?;
            if let Some(advice) = &it.advice {
                plain::line(&format!("        {advice}"))?;
            }
        }
    }
    match report.worst {
        None => Ok(()),
        Some(code) => Err(CliError::new(code, "")),
    }
}

async fn look(report: &mut Report, environment: Environment, file: Option<std::path::PathBuf>) {
    terminal(report, &environment);
    let world = match World::load(environment, file).and_then(|world| {
        super::config::views(&world)?;
        Ok(world)
    }) {
        Ok(world) => world,
        Err(error) => {
            return report.bad("config", Code::Config, error.text, "mend it, then run doctor again");
        }
    };
    report.good("config", format!("{} channel(s)", world.config.channels.len()));
    for warning in &world.config.warnings {
        report.odd("config", warning.to_string(), "see config.example.toml");
    }
    for channel in &world.config.channels {
        for (key, secret) in channel.settings.secrets() {
            if let Some(fix) = secret.exposed() {
                report.odd(
                    &format!("channel {}", channel.name),
                    format!("everybody can read the file of {key}"),
                    fix,
                );
            }
        }
    }
    match permissions::check_all(&world.config.store, &world.environment) {
        Ok(findings) if findings.is_empty() => report.good("files", "owners and modes are as they must be"),
        Ok(findings) => {
            for finding in findings {
                let advice = finding.fix.clone().unwrap_or_else(|| "look at it".into());
                report.bad(
                    "files",
                    Code::Store,
                    format!("{} {}", finding.path.display(), finding.message),
                    advice,
                );
            }
        }
        Err(problem) => report.bad("files", Code::Config, problem.to_string(), "name an account of this box"),
    }
    if let Some(path) = world.config.store.file() {
        let folder = path.parent().unwrap_or(path);
        if let Some(kind) = permissions::network_file_system(folder) {
            report.odd(
                "store",
                format!("it lies on {kind}"),
                "a local disk is faster and safer: other boxes' changes are only seen every 2 s there",
            );
        }
    }
    if world.config.store.group.is_some() {
        report.odd(
            "store",
            "it is shared by a group: its members can write the file, and so could forge its log",
            "fine for a team that trusts each other",
        );
    }
    let desk = match Desk::open(world).await {
        Ok(desk) => desk,
        Err(error) => {
            let advice = error.hint.unwrap_or_else(|| "the text above says what to do".into());
            return report.bad("store", error.code, error.text, advice);
        }
    };
    match desk.store.check().await {
        Ok(found) if found.is_empty() => report.good("store", "opened and read from end to end"),
        Ok(found) => report.bad(
            "store",
            Code::Store,
            format!("it is damaged: {}", found.join("; ")),
            "end all windows and start deskline again: it moves the file aside and saves what can be read",
        ),
        Err(error) => report.bad("store", Code::Store, error.to_string(), "the text above says what to do"),
    }
    channels(report, &desk).await;
}

fn terminal(report: &mut Report, environment: &Environment) {
    match environment.get("TERM") {
        None | Some("dumb") => {
            report.odd("terminal", "TERM is dumb or not set", "the inbox needs a real terminal");
        }
        Some(term) => report.good("terminal", format!("TERM={term}")),
    }
    if environment.get("TMUX").is_some() {
        report.odd(
            "terminal",
            "inside tmux, which holds back Esc for its escape-time",
            "tmux set -s escape-time 10 makes Esc immediate",
        );
    }
}

async fn channels(report: &mut Report, desk: &Desk) {
    let built = match desk.world.channels(None).await {
        Ok(built) => built,
        Err(error) => return report.bad("channels", error.code, error.text, "see config.example.toml"),
    };
    for (name, why) in &built.without {
        let about = format!("channel {name}");
        report.odd(
            &about,
            format!("its secrets cannot be read here: {why}"),
            "fine for an agent beside a service; where this account is to sync, mend the secret",
        );
    }
    let health = desk.store.health().await.unwrap_or_default();
    for stuck in desk.stuck(None).await {
        report.odd("engine", stuck, "systemctl restart deskline-sync, or end the window that it says");
    }
    for channel in &built.channels {
        let about = format!("channel {}", channel.descriptor().name);
        match channel.check().await {
            Ok(checked) => {
                report.good(&about, checked.said);
                match checked.skew {
                    Some(skew) if skew.abs() > SKEW => report.odd(
                        &about,
                        format!("the vendor's clock is {} s off ours", skew.num_seconds()),
                        "set this box's clock (NTP)",
                    ),
                    // `Date` has whole seconds, and is as old as the way here is long.
                    Some(skew) => {
                        let seconds = skew.num_seconds().abs() + 1;
                        report.good(&about, format!("clocks agree within {seconds} s"));
                    }
                    None => {}
                }
            }
            Err(error) => {
                let (code, advice) = match error.kind {
                    ErrorKind::Credentials => (Code::Credentials, "check the account's credentials"),
                    ErrorKind::Unreachable => (Code::Vendor, "check url, network and proxy"),
                    ErrorKind::RateLimited => {
                        (Code::Vendor, "wait a little; if it stays, another program uses this account")
                    }
                    ErrorKind::NoAnswer => (Code::Vendor, "try again; if it stays, check network and proxy"),
                    _ if error.status.is_some_and(|status| status >= 500) => {
                        (Code::Vendor, "the vendor is in trouble: try again later")
                    }
                    _ => (Code::Vendor, "check url (and api or role) against config.example.toml"),
                };
                report.bad(&about, code, error.words, advice);
            }
        }
        if let Some(health) = health.iter().find(|it| it.channel == channel.descriptor().name) {
            if let (Some(since), Some(error)) = (health.failing_since, &health.error) {
                let text = format!("in trouble since {}: {error}", rfc3339(since));
                report.odd(
                    &about,
                    text,
                    "the engine tries again by itself; deskline sync --once does so now",
                );
            }
            if let Some((at, text)) = &health.notice {
                report.good(&about, format!("last said of the account, {}: {text}", rfc3339(*at)));
            }
        }
        if let Some(hook) = channel.webhook() {
            webhook(report, desk, &about, &health, &channel.descriptor().name.0, hook).await;
        }
    }
}

async fn webhook(
    report: &mut Report,
    desk: &Desk,
    about: &str,
    health: &[crate::domain::ChannelHealth],
    name: &str,
    hook: &dyn Webhook,
) {
    let path = hook.path();
    let Some(listener) = &desk.world.config.webhook else {
        return report.bad(
            about,
            Code::Config,
            "it lives by webhooks, and [webhook] is not set",
            "[webhook] listen = \"127.0.0.1:8787\"",
        );
    };
    match knock(listener.listen, path).await {
        // Ours says this to whoever comes without the vendor's token.
        Ok(403) => report.good(about, format!("webhooks are taken on {}", listener.listen)),
        Ok(404) => report.odd(
            about,
            format!("{} answers, and knows no webhook of this channel", listener.listen),
            "if that is deskline sync, start it anew so that it reads this configuration; else another program has the port",
        ),
        Ok(status) => report.bad(
            about,
            Code::Config,
            format!("another program than deskline answers on {} ({status})", listener.listen),
            "end it, or give [webhook] another port",
        ),
        Err(error) => report.odd(
            about,
            format!("nobody takes webhooks on {}: {error}", listener.listen),
            "deskline sync as a service listens there",
        ),
    }
    let last: Option<Time> = health.iter().find(|it| it.channel.0 == name).and_then(|it| it.last_webhook);
    match last {
        Some(at) => report.good(about, format!("last webhook {}", rfc3339(at))),
        None => {
            report.odd(about, "no webhook has come yet", hook.advice());
        }
    }
}

/// Asks for the page of a webhook, without a token, and answers the status.
async fn knock(at: std::net::SocketAddr, path: &str) -> std::io::Result<u16> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let asked = async {
        let mut line = tokio::net::TcpStream::connect(at).await?;
        let head = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
        line.write_all(head.as_bytes()).await?;
        let mut answer = Vec::new();
        line.take(4096).read_to_end(&mut answer).await?;
        let answer = String::from_utf8_lossy(&answer);
        let status = answer.split_whitespace().nth(1).and_then(|it| it.parse().ok());
        status
            .filter(|_| answer.starts_with("HTTP/"))
            .ok_or_else(|| std::io::Error::other("no HTTP is spoken there"))
    };
    tokio::time::timeout(std::time::Duration::from_secs(3), asked)
        .await
        .unwrap_or_else(|_| Err(std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer within 3 s")))
}
