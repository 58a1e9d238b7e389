use super::SqliteStore;
use crate::store::story;

#[tokio::test]
async fn the_story_is_told_to_its_end() {
    story::story(&SqliteStore::temporary().unwrap()).await;
}
