mod care;
mod clocks;
mod creates;
mod drafts;
mod erase;
mod files;
mod ledger;
mod lists;
mod outbox;
mod presence;
mod promises;
mod skew;
mod uploads;
mod vendors;

use super::SqliteStore;
use crate::{
    domain::{ConversationId, change::Change},
    store::{
        Desk, EngineSide,
        story::{self, at, channels, page},
    },
};

#[tokio::test]
async fn the_story_is_told_to_its_end() {
    story::story(&SqliteStore::temporary().unwrap()).await;
}

/// A store with ana and the channels of the story.
async fn store() -> SqliteStore {
    let store = SqliteStore::temporary().unwrap();
    store.open_as("ana".into(), channels(), at(0)).await.unwrap();
    store
}

/// Applies changes; answers the first conversation that they touched.
async fn told(store: &SqliteStore, channel: &str, seconds: i64, changes: Vec<Change>) -> ConversationId {
    store.apply(channel.into(), page(changes), at(seconds)).await.unwrap().conversations[0]
}
