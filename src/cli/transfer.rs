//! `deskline import` and `deskline export`.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, IsTerminal},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    args::{Export, Format, Import},
    context::Desk,
    error::{CliError, Code},
    interchange::{self, Line},
    list, plain,
};
use crate::{
    domain::{ChannelName, query::Query, text::SafeText},
    store::{Imported, ListRequest, Sort},
};

/// Conversations that are stored in one transaction.
const BATCH: usize = 500;
/// Messages of one conversation that are exported.
const ALL: usize = 100_000;

/// Imports a file. Safe to repeat; never sends anything.
pub async fn import(desk: &Desk, args: Import) -> Result<(), CliError> {
    let shown = args.file.display().to_string();
    let file =
        File::open(&args.file).map_err(|error| CliError::new(Code::Failed, format!("{shown}: {error}")))?;
    let progress = bar(file.metadata()?.len());
    let mut batches: HashMap<ChannelName, Vec<Imported>> = HashMap::new();
    let mut count = 0_u64;
    for (number, text) in BufReader::new(file).lines().enumerate() {
        let at = |why: String| {
            CliError::new(
                Code::Failed,
                format!("{shown}, line {}: {why}; what stands before it is kept", number + 1),
            )
            .hint("mend the line and import again: what is there already stays as it is")
        };
        let text = text.map_err(|error| at(error.to_string()))?;
        progress.inc(text.len() as u64 + 1);
        if text.trim().is_empty() {
            continue;
        }
        let line: Line = serde_json::from_str(&text).map_err(|error| at(error.to_string()))?;
        let channel = desk.import_channel(&line.channel);
        let batch = batches.entry(channel.clone()).or_default();
        batch.push(interchange::imported(line).map_err(at)?);
        count += 1;
        if batch.len() >= BATCH {
            desk.store.import(channel, std::mem::take(batch), desk.clock.now()).await?;
        }
    }
    for (channel, batch) in batches {
        desk.store.import(channel, batch, desk.clock.now()).await?;
    }
    progress.finish_and_clear();
    plain::note(&format!("{count} conversations read from {shown}"));
    Ok(())
}

/// Exports what matches.
pub async fn export(desk: &Desk, args: Export) -> Result<(), CliError> {
    let query = if args.query.is_empty() { Query::default() } else { list::parse(&args.query)? };
    let mut after = None;
    loop {
        let request = ListRequest {
            query: query.clone(),
            me: desk.me.clone(),
            sort: Sort::Updated,
            limit: 200,
            after,
            now: desk.clock.now(),
        };
        let page = desk.store.list(request).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        for conversation in &page {
            let thread = desk.store.thread(conversation.id, None, ALL).await?;
            match args.format {
                Format::Jsonl => plain::json_line(&interchange::exported(conversation, &thread))?,
                Format::Markdown => {
                    let safe = |text: &str| SafeText::block(text).as_str().to_owned();
                    plain::line(&interchange::markdown(conversation, &thread, safe))?;
                }
            }
        }
    }
}

fn bar(bytes: u64) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr_with_hz(5)
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(bytes), target);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes}  {eta} left") {
        bar.set_style(style);
    }
    bar
}
