//! `deskline import` and `deskline export`.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{BufRead, BufReader, IsTerminal},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::mpsc;

use super::{
    args::{Export, Format, Import},
    context::{self, Desk},
    error::{CliError, Code},
    interchange::{self, Line},
    list, plain,
    signals::{self, Ended},
};
use crate::{
    domain::{ChannelName, query::Query, text::SafeText},
    store::{Imported, ListRequest, Sort, Way},
};

/// Bytes of a file that are stored in one transaction: large enough that the full-text index is written in few pieces,
/// small enough that three such portions (read, waiting, being stored) are no memory to speak of.
const PORTION: u64 = 3 << 20;
/// Messages of one conversation that are exported.
const ALL: usize = 100_000;

/// A part of a file, ready to be stored.
struct Portion {
    batches: HashMap<ChannelName, Vec<Imported>>,
    conversations: u64,
    bytes: u64,
}

/// Imports a file. Safe to repeat; never sends anything. The file is read and understood on a thread of its own while the
/// portion before is being stored.
pub async fn import(desk: &Desk, args: Import) -> Result<(), CliError> {
    let shown = args.file.display().to_string();
    let file =
        File::open(&args.file).map_err(|error| CliError::new(Code::Failed, format!("{shown}: {error}")))?;
    let progress = bar(file.metadata()?.len());
    let configured = desk.descriptors.iter().map(|it| it.name.clone()).collect();
    let (portions, mut portion) = mpsc::channel(1);
    let name = shown.clone();
    let reading = std::thread::Builder::new()
        .name("import-reader".into())
        .spawn(move || read(BufReader::new(file), &name, &configured, &portions))?;
    let ended = signals::ended();
    tokio::pin!(ended);
    let mut count = 0;
    let outcome = loop {
        let next = tokio::select! {
            biased;
            how = &mut ended => {
                progress.abandon();
                plain::note(&format!("{count} conversations are kept; import again: it goes on from there"));
                return match how {
                    Ended::Interrupted => Err(CliError::new(Code::Interrupted, "")),
                    Ended::Told => Ok(()),
                };
            }
            next = portion.recv() => next,
        };
        match next {
            Some(Ok(Portion { batches, conversations, bytes })) => {
                for (channel, batch) in batches {
                    desk.store.import(channel, batch, desk.clock.now()).await?;
                }
                count += conversations;
                progress.inc(bytes);
            }
            Some(Err(error)) => break Err(error),
            None => break Ok(()),
        }
    };
    // It has sent its last portion: nothing is waited for.
    let _ = reading.join();
    progress.finish_and_clear();
    outcome?;
    plain::note(&format!("{count} conversations read from {shown}"));
    Ok(())
}

/// Reads a file portion by portion, until its end, its first bad line, or until nobody takes them any more.
fn read(
    mut file: impl BufRead,
    shown: &str,
    configured: &HashSet<ChannelName>,
    portions: &mpsc::Sender<Result<Portion, CliError>>,
) {
    let mut text = String::new();
    let mut number = 0_u64;
    let mut portion = Portion { batches: HashMap::new(), conversations: 0, bytes: 0 };
    let trouble = loop {
        text.clear();
        number += 1;
        match file.read_line(&mut text) {
            Ok(0) => break None,
            Ok(bytes) => portion.bytes += bytes as u64,
            Err(error) => break Some(error.to_string()),
        }
        if text.trim().is_empty() {
            continue;
        }
        let understood = serde_json::from_str::<Line>(&text).map_err(|error| error.to_string());
        let understood = understood.and_then(|line| {
            let channel = context::import_channel(&line.channel, configured);
            Ok((channel, interchange::imported(line)?))
        });
        match understood {
            Ok((channel, conversation)) => {
                portion.batches.entry(channel).or_default().push(conversation);
                portion.conversations += 1;
            }
            Err(why) => break Some(why),
        }
        if portion.bytes >= PORTION {
            let full = Portion { batches: HashMap::new(), conversations: 0, bytes: 0 };
            if portions.blocking_send(Ok(std::mem::replace(&mut portion, full))).is_err() {
                return;
            }
        }
    };
    let _ = portions.blocking_send(Ok(portion));
    if let Some(why) = trouble {
        let error = CliError::new(
            Code::Failed,
            format!("{shown}, line {number}: {why}; what stands before it is kept"),
        )
        .hint("mend the line and import again: what is there already stays as it is");
        let _ = portions.blocking_send(Err(error));
    }
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
            way: Way::Down,
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

/// A bar on standard error, where somebody looks at it.
pub(super) fn bar(bytes: u64) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr_with_hz(5)
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(bytes), target);
    if let Ok(style) =
        ProgressStyle::with_template("{percent:>3}% {wide_bar} {bytes}/{total_bytes}  {eta} left")
    {
        bar.set_style(style);
    }
    bar
}
