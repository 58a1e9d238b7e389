//! Performs what the model asks of the store. Time and chance come in here; the model only sees answers.

use std::sync::Arc;

use chrono::TimeDelta;

use super::preview;
use crate::{
    app::{ListWish, Loaded, Outcome, Request, Wish, preview::PreviewBody},
    domain::{
        Action, Conversation, Draft, DraftSave, DraftWindow, Lang, MessageId,
        desk::{Commit, ListRequest, Sort, Way},
        lang::tr,
        query::{Query, Term, What},
        report::Scope,
        time::Clock,
    },
    store::{Answer, SharedStore, StoreError},
};

/// Gives sends their names.
pub type SendIds = Arc<dyn Fn() -> String + Send + Sync>;

/// Asks and changes the store for one agent.
#[derive(Clone)]
pub struct Performer {
    /// The store.
    pub store: SharedStore,
    /// The Unix account.
    pub me: String,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The window, as the drafts that it writes name it.
    pub window: DraftWindow,
    /// Names for sends, unique for ever.
    pub send_ids: SendIds,
    /// What `~` in a typed path is.
    pub home: std::path::PathBuf,
    /// Where canned replies and the names of products are.
    pub files: super::canned::Files,
}

impl Performer {
    /// Answers a question.
    pub async fn load(&self, request: Request) -> Loaded {
        match self.try_load(request).await {
            Ok(loaded) => loaded,
            Err(error) => Loaded::Failed(error.to_string()),
        }
    }

    async fn try_load(&self, request: Request) -> Result<Loaded, StoreError> {
        let (store, me, now) = (&self.store, self.me.clone(), self.clock.now());
        Ok(match request {
            Request::List(ListWish { query, sort, limit, after, way }) => match Query::parse(&query) {
                Ok(query) => {
                    Loaded::List(store.list(ListRequest { query, me, sort, limit, after, way, now }).await?)
                }
                Err(error) => Loaded::Failed(error.to_string()),
            },
            Request::Counts(queries) => {
                match queries.iter().map(|it| Query::parse(it)).collect::<Result<Vec<_>, _>>() {
                    Ok(queries) => Loaded::Counts(store.counts(queries, me, now).await?),
                    Err(error) => Loaded::Failed(error.to_string()),
                }
            }
            Request::Conversation(id) => {
                Loaded::Conversation(store.conversation(id, me, now).await?.map(Box::new))
            }
            Request::Thread { id, before, limit } => Loaded::Thread(store.thread(id, before, limit).await?),
            Request::History(id) => Loaded::History(store.history(id).await?),
            Request::Outbox(of) => Loaded::Outbox(store.outbox(of).await?),
            Request::Draft { of, kind } => {
                match store.open_draft(of, me, kind, self.window.clone(), now).await? {
                    (draft, None) => Loaded::Draft(draft),
                    (draft, Some(held)) => Loaded::DraftHeld(draft, held),
                }
            }
            Request::Present(id) => Loaded::Present(store.present(id, self.window.name.clone(), now).await?),
            Request::Versions { of, kind } => Loaded::Versions(store.draft_versions(of, me, kind).await?),
            Request::Drafts => Loaded::Drafts(store.drafts(me).await?),
            Request::Report { days, by } => {
                let scope = Scope { from: now - TimeDelta::days(days), to: now, by };
                Loaded::Report(Arc::new(crate::store::report(store.as_ref(), scope).await?))
            }
            Request::Preview { message, n, lang } => Loaded::Preview(self.look_at(message, n, lang).await?),
            Request::Health => Loaded::Health(store.health().await?),
            Request::Session => Loaded::Session(store.session(me).await?),
            Request::Canned(channel) => {
                let mut shelf = self.files.read().await;
                let uses = store.canned_uses(channel).await?;
                shelf.uses = uses.into_iter().map(|(name, lang, uses)| ((name, lang), uses)).collect();
                Loaded::Canned(Box::new(shelf))
            }
            Request::Hits(query, ids) => match Query::parse(&query) {
                Ok(query) => Loaded::Hits(store.hits(query, ids).await?),
                Err(error) => Loaded::Failed(error.to_string()),
            },
            Request::Owners(numbers) => Loaded::Owners(owners(store, &me, now, &numbers).await?),
            Request::Members => Loaded::Members(store.members().await?),
        })
    }

    /// Carries out a wish.
    pub async fn perform(&self, wish: Wish) -> Outcome {
        match self.try_perform(wish).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }

    async fn try_perform(&self, wish: Wish) -> Result<Outcome, StoreError> {
        let (store, me, now) = (&self.store, self.me.clone(), self.clock.now());
        Ok(match wish {
            Wish::Commit(commit) => {
                let send_ids = commit.actions.iter().map(|_| (self.send_ids)()).collect();
                answer(store.commit(Commit { send_ids, ..*commit }, now).await, Outcome::Committed)?
            }
            Wish::Change { id, change, vendor, held_until, seen } => {
                let vendor: Vec<(Action, String)> =
                    vendor.into_iter().map(|action| (action, (self.send_ids)())).collect();
                answer(store.change(id, change, vendor, held_until, me, seen, now).await, Outcome::Changed)?
            }
            Wish::TakeBack(n) => {
                answer(store.take_back(n, me, now).await, |draft| Outcome::TakenBack(draft.map(Box::new)))?
            }
            Wish::Retry(n) => answer(store.retry(n, me, now).await, |()| Outcome::Done)?,
            Wish::MarkSent(n) => answer(store.mark_sent(n, me, now).await, |()| Outcome::Done)?,
            Wish::UnmarkSent(n) => answer(store.unmark_sent(n, me, now).await, |()| Outcome::Done)?,
            Wish::Discard(n) => answer(store.discard(n, me, now).await, |()| Outcome::Done)?,
            Wish::SaveDraft(draft) => self.write_draft(*draft, DraftSave::Replace).await?,
            Wish::AddToDraft(draft) => self.write_draft(*draft, DraftSave::Add).await?,
            Wish::TakeDraft(mine) => {
                Outcome::DraftTaken(store.take_draft(*mine, self.window.clone(), now).await?.map(Box::new))
            }
            Wish::CloseDraft { of, kind } => {
                store.close_draft(of, me, kind, self.window.clone()).await?;
                Outcome::Done
            }
            Wish::AddFile { path, max_bytes } => {
                Outcome::File(store.add_file(super::paths::expand(&path, &self.home), max_bytes).await?)
            }
            Wish::CountCanned { channel, name, lang } => {
                store.count_canned(channel, name, lang).await?;
                Outcome::Done
            }
            Wish::Present(of) => {
                store.be_present(me, self.window.clone(), of, now).await?;
                Outcome::Done
            }
            Wish::SaveSession(session) => {
                store.save_session(me, session).await?;
                Outcome::Done
            }
            Wish::Handled { id, ms } => {
                store.handled(id, me, ms, now).await?;
                Outcome::Done
            }
            Wish::Ring => {
                store.ring().await?;
                Outcome::Done
            }
        })
    }
}

impl Performer {
    async fn look_at(&self, message: MessageId, n: u32, lang: Lang) -> Result<PreviewBody, StoreError> {
        let Some(file) = self.store.attachment_file(message, n).await? else {
            let why = lang.tr("not here yet: the vendor has not given this file");
            return Ok(PreviewBody::Nothing(why.to_owned()));
        };
        let path = self.store.file_path(&file.sha256);
        let shown = tokio::task::spawn_blocking(move || preview::of(&path, &file.mime, lang)).await;
        let failed = |why| PreviewBody::Nothing(tr!(lang, "it cannot be shown: {why}", why));
        Ok(shown.unwrap_or_else(failed))
    }

    async fn write_draft(&self, draft: Draft, how: DraftSave) -> Result<Outcome, StoreError> {
        let written = self.store.write_draft(draft, self.window.clone(), how, self.clock.now()).await?;
        Ok(written.err().map_or(Outcome::Done, Outcome::DraftHeld))
    }
}

fn answer<T>(answer: Answer<T>, outcome: impl FnOnce(T) -> Outcome) -> Result<Outcome, StoreError> {
    Ok(match answer? {
        Ok(value) => outcome(value),
        Err(refusal) => Outcome::Refused(refusal),
    })
}

/// The conversations whose order each of these numbers is, to the letter.
pub async fn owners(
    store: &SharedStore,
    me: &str,
    now: crate::domain::Time,
    numbers: &[String],
) -> Result<Vec<(String, Conversation)>, StoreError> {
    let plain = |text: &str| -> String {
        text.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let mut owners = Vec::new();
    for number in numbers {
        let query = Query { terms: vec![Term { negated: false, what: What::Order(number.clone()) }] };
        let request = ListRequest {
            query,
            me: me.to_owned(),
            sort: Sort::Updated,
            limit: 5,
            after: None,
            way: Way::Down,
            now,
        };
        let wanted = plain(number);
        for row in store.list(request).await? {
            let is = |value: &serde_json::Value| value.as_str().is_some_and(|text| plain(text) == wanted);
            if row.order.as_ref().is_some_and(|order| order.values().any(is)) {
                owners.push((number.clone(), row));
            }
        }
    }
    Ok(owners)
}
