//! Hooks: programs of the box that are told what happens. They run beside the service only, without a shell, one JSON
//! object on their standard input; nothing waits for them and nothing depends on how they end.

use std::{fs::File, process::Stdio, sync::Arc, time::Duration};

use chrono::TimeDelta;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, process::Command, sync::Semaphore, task::JoinHandle};

use super::{
    context::Desk,
    json::{ConversationJson, MessageJson},
};
use crate::{
    config::HookConfig,
    domain::{
        Time,
        outbox::{Happened, LogPlace},
        text::to_json_line,
        time::{Clock, rfc3339},
    },
    store::{SharedStore, StoreError},
};

#[cfg(test)]
mod tests;

/// What a hook may take.
const AT_MOST: Duration = Duration::from_secs(10);
/// Hooks that run at a time; the others wait for their turn.
const AT_A_TIME: usize = 4;
/// What is read at a time.
const PAGE: usize = 100;
/// What is older when it comes is not news: a conversation first seen is replayed and raises no alarm.
const NEWS: TimeDelta = TimeDelta::minutes(15);
/// The lock of the one service of a store that runs them.
const LOCK: &str = "hooks.lead";

/// What a hook reads.
#[derive(Serialize)]
struct Told<'a> {
    hook: &'a str,
    event: &'a str,
    at: String,
    actor: Option<&'a str>,
    details: Value,
    conversation: Option<ConversationJson>,
    message: Option<MessageJson>,
}

/// Runs the hooks of a configuration until it is dropped; `None` where there are none. What happens after this call is
/// told, however busy the machine is.
pub async fn start(desk: &Desk) -> Option<JoinHandle<()>> {
    let hooks: Arc<[HookConfig]> = desk.world.config.hooks.clone().into();
    if hooks.is_empty() {
        return None;
    }
    let (store, clock, folder) = (desk.store.clone(), desk.clock.clone(), desk.world.lock_folder());
    let from = store.log_end().await.ok();
    Some(tokio::spawn(async move {
        let locked = tokio::task::spawn_blocking(move || {
            let file = File::options().create(true).append(true).open(folder.join(LOCK))?;
            let ours = file.try_lock().is_ok();
            if !ours {
                file.lock()?;
            }
            Ok::<_, std::io::Error>((file, ours))
        });
        match locked.await {
            Ok(Ok((_held, ours))) => {
                // What happened while another service told it is told already.
                let from = from.filter(|_| ours);
                if let Err(error) = watch(&store, clock.as_ref(), &hooks, from).await {
                    tracing::error!(%error, "hooks have ended");
                }
            }
            Ok(Err(error)) => tracing::error!(%error, "hooks cannot be locked"),
            Err(_) => {}
        }
    }))
}

/// From there, or from now on: what happened before nobody is told.
async fn watch(
    store: &SharedStore,
    clock: &dyn Clock,
    hooks: &Arc<[HookConfig]>,
    from: Option<LogPlace>,
) -> Result<(), StoreError> {
    let mut place = match from {
        Some(place) => place,
        None => store.log_end().await?,
    };
    let turn = Arc::new(Semaphore::new(AT_A_TIME));
    let mut mark = 0;
    loop {
        mark = store.changed(mark).await;
        loop {
            let (happened, next) = store.happened(place, PAGE).await?;
            let all = happened.len() < PAGE;
            place = next;
            let since = clock.now() - NEWS;
            for it in happened.into_iter().filter(|it| it.at >= since) {
                for hook in hooks.iter().filter(|hook| hook.on.contains(&it.word)) {
                    let told = told(store, hook, &it, clock.now()).await?;
                    // The semaphore is never closed.
                    let Ok(permit) = Arc::clone(&turn).acquire_owned().await else { return Ok(()) };
                    let hook = hook.clone();
                    tokio::spawn(async move {
                        run(&hook, told).await;
                        drop(permit);
                    });
                }
            }
            if all {
                break;
            }
        }
    }
}

async fn told(
    store: &SharedStore,
    hook: &HookConfig,
    it: &Happened,
    now: Time,
) -> Result<String, StoreError> {
    let conversation = store.conversation(it.conversation, String::new(), now).await?;
    let message = match it.message {
        Some(id) => store.message(id).await?,
        None => None,
    };
    Ok(to_json_line(&Told {
        hook: &hook.name,
        event: &it.word,
        at: rfc3339(it.at),
        actor: it.actor.as_deref(),
        details: json!(it.details),
        conversation: conversation.map(|row| ConversationJson::of(&row, now)),
        message: message.as_ref().map(MessageJson::of),
    }))
}

/// Runs one. Its output goes nowhere, its end into the log.
async fn run(hook: &HookConfig, told: String) {
    let Some((program, arguments)) = hook.command.split_first() else { return };
    let started = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => {
            tracing::warn!(hook = hook.name, %error, "a hook cannot be started");
            return;
        }
    };
    let ended = tokio::time::timeout(AT_MOST, async {
        if let Some(mut stdin) = child.stdin.take() {
            // One that does not read is none of our trouble.
            let _ = stdin.write_all(told.as_bytes()).await;
        }
        child.wait().await
    });
    match ended.await {
        Ok(Ok(status)) if status.success() => {}
        Ok(Ok(status)) => tracing::warn!(hook = hook.name, %status, "a hook has failed"),
        Ok(Err(error)) => tracing::warn!(hook = hook.name, %error, "a hook has failed"),
        Err(_) => tracing::warn!(hook = hook.name, "a hook took longer than ten seconds and was ended"),
    }
}
