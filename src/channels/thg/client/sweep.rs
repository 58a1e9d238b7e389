//! How the list is gone through: all of it, or its newest.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{MOST_PAGES, Thg};
use crate::{
    channels::{ChannelError, Memory, Sink, thg::map::Seen},
    domain::change::Page,
};

/// How often a list is gone through whose rows move while it is read.
const MOST_ROUNDS: usize = 8;

impl Thg {
    /// Stores a page of the list; whether anything on it was new.
    async fn store(
        &self,
        page: Vec<Seen>,
        done: &mut HashMap<String, Value>,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
    ) -> Result<bool, ChannelError> {
        let (mut stored, mut news) = (Page::default(), false);
        for mut seen in page {
            // Rows that drifted onto another page, and the second round: only what has changed since.
            if done.get(&seen.id) == Some(&seen.fingerprint) {
                continue;
            }
            let note = format!("discussion:{}", seen.id);
            if memory.note(&note).await?.as_ref() != Some(&seen.fingerprint) {
                news = true;
                if seen.has_more {
                    self.rest(&mut seen, sink).await?;
                }
                // Messages that could not be had (yet) are asked for again: only a whole thread is known.
                if !seen.has_more {
                    stored.memory.push((note, seen.fingerprint.clone()));
                }
            }
            done.insert(seen.id.clone(), seen.fingerprint.clone());
            stored.changes.extend(seen.changes());
        }
        if !stored.changes.is_empty() {
            sink.page(stored).await?;
        }
        Ok(news)
    }

    pub(super) async fn sweep_all(
        &self,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
    ) -> Result<(), ChannelError> {
        let mut done = HashMap::new();
        for round in 0..MOST_ROUNDS {
            let before = done.len();
            let (mut offset, mut first_total, mut drifted, mut newest_first) = (0, None, false, true);
            let (mut last_update, mut pages) = (None, 0);
            loop {
                let page = self.list(None, offset, 0, sink).await?;
                offset += page.given;
                pages += 1;
                first_total = first_total.or(page.total);
                drifted |= page.total != first_total;
                for seen in &page.seen {
                    newest_first &= last_update.is_none_or(|last| seen.updated_at <= last);
                    last_update = Some(seen.updated_at);
                }
                let over = !page.has_more || page.given == 0 || pages > MOST_PAGES;
                self.store(page.seen, &mut done, memory, sink).await?;
                if over {
                    break;
                }
            }
            // Rows that slipped from one page to another while the list moved, or that come in no order at all, are
            // missed by the one and the other: again, as long as that brings any of them.
            let short = first_total.is_some_and(|total| (done.len() as u64) < total);
            let again = if round == 0 { drifted || short } else { short && done.len() > before };
            if !again || round + 1 == MOST_ROUNDS {
                let note =
                    json!({"at": self.clock.now(), "newest_first": newest_first, "total": first_total});
                sink.page(Page { changes: Vec::new(), memory: vec![("full".into(), note)] }).await?;
                break;
            }
        }
        Ok(())
    }

    /// The first page, on as long as there is news on it. Where the last full sweep found another order than newest
    /// first, the rest in turn, two pages at a time.
    pub(super) async fn sweep_newest(
        &self,
        full: &Value,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
    ) -> Result<(), ChannelError> {
        let newest_first = full["newest_first"] == true;
        let mut done = HashMap::new();
        let page = self.list(None, 0, 0, sink).await?;
        let (first, mut more, total) = (page.given, page.has_more && page.given > 0, page.total);
        let news = self.store(page.seen, &mut done, memory, sink).await?;
        if !newest_first && total.map(|it| json!(it)) != full.get("total").cloned() {
            return self.sweep_all(memory, sink).await;
        }
        if newest_first {
            let (mut offset, mut news) = (first, news);
            while news && more {
                let page = self.list(None, offset, 0, sink).await?;
                offset += page.given;
                more = page.has_more && page.given > 0;
                news = self.store(page.seen, &mut done, memory, sink).await?;
            }
            return Ok(());
        }
        let turn = memory.note("turn").await?.and_then(|it| it.as_u64()).unwrap_or_default();
        let mut offset = turn.max(first);
        for _ in 0..2 {
            if !more {
                break;
            }
            let page = self.list(None, offset, 0, sink).await?;
            offset += page.given;
            more = page.has_more && page.given > 0;
            self.store(page.seen, &mut done, memory, sink).await?;
        }
        let next = if more { offset } else { 0 };
        sink.page(Page { changes: Vec::new(), memory: vec![("turn".into(), json!(next))] }).await
    }
}
