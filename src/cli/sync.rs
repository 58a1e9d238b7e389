//! `deskline sync`: the engine as a service, or one full cycle.

use serde::Serialize;
use tokio::select;

use super::{
    args::Sync,
    context::{self, Desk},
    error::{CliError, Code, code_of},
    hooks, plain,
    signals::{self, Ended},
};
use crate::{
    channels::{Channel, ChannelError},
    sync::{self, ChannelReport, Engine, EngineOptions, Pace},
};

impl Desk {
    /// What an engine over this store is started with.
    pub fn engine_options(&self, channels: Vec<std::sync::Arc<dyn Channel>>, service: bool) -> EngineOptions {
        let config = &self.world.config;
        let paces = config
            .channels
            .iter()
            .map(|it| (it.name.clone(), Pace { fast: it.poll_interval, sweep: it.sweep_interval }))
            .collect();
        EngineOptions {
            store: self.store.clone(),
            channels,
            clock: self.clock.clone(),
            seed: fastrand::u64(..),
            service,
            holder: context::holder(&self.me),
            lock_dir: self.world.lock_folder(),
            paces,
            webhook: config.webhook.as_ref().map(|it| it.listen).filter(|_| service),
            max_attachment: config
                .channels
                .iter()
                .map(|it| it.max_attachment_bytes)
                .max()
                .unwrap_or(25_000_000),
        }
    }
}

/// Runs the engine.
pub async fn run(desk: &Desk, args: Sync) -> Result<(), CliError> {
    let built = desk.world.channels(args.channel.as_deref()).await?;
    if args.once {
        return once(desk, built, args.json).await;
    }
    if built.channels.is_empty() && !built.without.is_empty() {
        return Err(unreadable(&built.without));
    }
    for (name, why) in &built.without {
        plain::note(&format!("{name}: {why}; this engine leaves it to others"));
    }
    if built.channels.is_empty() {
        plain::note("no [[channel]] is configured: nothing to sync");
    }
    let ended = signals::ended();
    let hooks = hooks::start(desk).await;
    let engine = Engine::start(desk.engine_options(built.channels, true));
    match (engine.webhook_address(), desk.world.config.webhook.as_ref()) {
        (Some(address), _) => plain::note(&format!("webhooks on http://{address}")),
        (None, Some(wanted)) => plain::note(&format!(
            "webhooks: {} cannot be listened on, most likely another process does; tried again every 5 s",
            wanted.listen
        )),
        (None, None) => {}
    }
    let ended = ended.await;
    if let Some(hooks) = hooks {
        hooks.abort();
    }
    engine.stop().await;
    match ended {
        Ended::Told => Ok(()),
        Ended::Interrupted => Err(CliError::new(Code::Interrupted, "")),
    }
}

/// The last line of a channel.
#[derive(Serialize)]
struct ReportJson<'a> {
    channel: &'a str,
    ok: bool,
    conversations: usize,
    messages_new: usize,
    requests: usize,
    seconds: f64,
    error: Option<String>,
}

async fn once(desk: &Desk, built: context::Built, json: bool) -> Result<(), CliError> {
    let cycle = sync::sync_once(desk.engine_options(built.channels, false));
    let reports: Vec<ChannelReport> = select! {
        reports = cycle => reports,
        ended = signals::ended() => {
            return match ended {
                Ended::Told => Ok(()),
                Ended::Interrupted => Err(CliError::new(Code::Interrupted, "interrupted; what was read is kept")),
            };
        }
    };
    let mut worst: Option<Code> = None;
    let mut words = Vec::new();
    for report in &reports {
        let error = report.error.as_ref();
        if let Some(error) = error {
            let code = code_of(error);
            // Refused credentials say more than anything else.
            if worst != Some(Code::Credentials) {
                worst = Some(if code == Code::Failed { Code::Vendor } else { code });
            }
            words.push(format!("{}: {}", report.channel, explained(error)));
        }
        if json {
            plain::json_line(&ReportJson {
                channel: &report.channel.0,
                ok: error.is_none(),
                conversations: report.conversations,
                messages_new: report.messages_new,
                requests: report.requests,
                seconds: report.seconds,
                error: error.map(|it| it.words.clone()),
            })?;
        } else {
            plain::note(&format!(
                "{}: {} conversations changed, {} new messages, {} requests, {:.1} s{}",
                report.channel,
                report.conversations,
                report.messages_new,
                report.requests,
                report.seconds,
                if error.is_some() { ", not finished" } else { "" }
            ));
        }
    }
    for (name, why) in &built.without {
        if json {
            plain::json_line(&ReportJson {
                channel: &name.0,
                ok: false,
                conversations: 0,
                messages_new: 0,
                requests: 0,
                seconds: 0.0,
                error: Some(why.clone()),
            })?;
        }
        words.push(format!("{name}: {why}"));
    }
    let code = worst.or((!built.without.is_empty()).then_some(Code::Config));
    match code {
        None => Ok(()),
        Some(code) => Err(CliError::new(code, words.join("\n"))
            .hint("what was read is kept; deskline doctor looks further")),
    }
}

fn explained(error: &ChannelError) -> String {
    match error.status {
        Some(status) => format!("{} (HTTP {status})", error.words),
        None => error.words.clone(),
    }
}

fn unreadable(without: &[(crate::domain::ChannelName, String)]) -> CliError {
    let lines: Vec<String> = without.iter().map(|(name, why)| format!("{name}: {why}")).collect();
    CliError::new(Code::Config, format!("no channel's secrets can be read here:\n{}", lines.join("\n")))
        .hint("run the engine as the account that may read them")
}
