//! How the list is gone through: all of it, or its newest.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{MOST_PAGES, Thg};
use crate::{
    channels::{ChannelError, Memory, Sink, thg::map::Seen},
    domain::change::Page,
};

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
                stored.memory.push((note, seen.fingerprint.clone()));
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
        for round in 0..2 {
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
            if !drifted || round == 1 {
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
