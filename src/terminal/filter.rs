//! A text through a program: its standard input in, its standard output back. Without a shell, in a session of its own,
//! with limits; the draft stays as it was unless all of it went well.

use std::{process::Stdio, time::Duration};

use process_wrap::tokio::{CommandWrap, KillOnDrop, ProcessSession};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::domain::{Lang, lang::tr};

/// How long it may take.
const TIME: Duration = Duration::from_secs(20);
/// The longest text that is taken back, in bytes.
const MAX_TEXT: u64 = 1 << 20;

/// Runs it.
///
/// # Errors
/// In a sentence that says that the text is as it was.
pub async fn run(command: &[String], text: &str, lang: Lang) -> Result<String, String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(lang.tr("no program is named").into());
    };
    let failed = |what: String| tr!(lang, "{program} {what}: the text is as it was", program, what);
    let mut wrap = CommandWrap::with_new(program, |it| {
        it.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    });
    let mut child = wrap
        .wrap(ProcessSession)
        .wrap(KillOnDrop)
        .spawn()
        .map_err(|error| failed(tr!(lang, "could not be started ({why})", why = error)))?;
    let (stdin, stdout, stderr) = (child.stdin().take(), child.stdout().take(), child.stderr().take());
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
        return Err(failed(lang.tr("has no standard input").into()));
    };
    let mut out = Vec::new();
    let mut said = Vec::new();
    let both = async {
        let write = async {
            // One that reads nothing is not wrong: what counts is what it prints.
            let _ = stdin.write_all(text.as_bytes()).await;
            drop(stdin);
        };
        let (mut stdout, mut stderr) = (stdout.take(MAX_TEXT + 1), stderr.take(4096));
        let ((), out, _) = tokio::join!(write, stdout.read_to_end(&mut out), stderr.read_to_end(&mut said));
        out.and(child.wait().await)
    };
    let Ok(ended) = tokio::time::timeout(TIME, both).await else {
        return Err(failed(tr!(lang, "took longer than {n} s", n = TIME.as_secs())));
    };
    let status = ended.map_err(|error| failed(tr!(lang, "failed ({why})", why = error)))?;
    if !status.success() {
        let said = String::from_utf8_lossy(&said);
        let line = said
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or(lang.tr("it said nothing"))
            .to_owned();
        return Err(failed(tr!(lang, "ended with an error ({why})", why = line)));
    }
    if out.len() as u64 > MAX_TEXT {
        return Err(failed(lang.tr("printed more than a text").into()));
    }
    let text =
        String::from_utf8(out).map_err(|_| failed(lang.tr("printed something that is no text").into()))?;
    if text.trim().is_empty() { Err(failed(lang.tr("printed nothing").into())) } else { Ok(text) }
}
