//! `deskline list`.

use super::{
    args::{List, SortBy},
    context::Desk,
    error::{CliError, Code},
    json::ConversationJson,
    plain,
};
use crate::{
    domain::query::Query,
    store::{ListRequest, Sort, Way},
};

/// Conversations kept in memory at a time.
const PAGE: usize = 200;

/// Prints what matches.
pub async fn run(desk: &Desk, args: List) -> Result<(), CliError> {
    let query = parse(&args.query)?;
    let now = desk.clock.now();
    let mut left = args.limit;
    let mut after = None;
    while left > 0 {
        let request = ListRequest {
            query: query.clone(),
            me: desk.me.clone(),
            sort: match args.sort {
                SortBy::Updated => Sort::Updated,
                SortBy::Due => Sort::Due,
                SortBy::Waiting => Sort::Waiting,
            },
            limit: left.min(PAGE),
            after,
            way: Way::Down,
            now,
        };
        let page = desk.store.list(request).await?;
        for conversation in &page {
            if args.json {
                plain::json_line(&ConversationJson::of(conversation, now))?;
            } else {
                plain::line(&plain::conversation_line(conversation, now))?;
            }
        }
        if page.len() < left.min(PAGE) {
            break;
        }
        left -= page.len();
        after = page.last().map(|conversation| conversation.id);
    }
    desk.say_if_no_engine().await;
    Ok(())
}

/// The query of several words.
pub fn parse(words: &[String]) -> Result<Query, CliError> {
    if let Some(option) = words.iter().find(|word| word.starts_with("--")) {
        return Err(
            CliError::new(Code::Usage, format!("there is no option {option}")).hint("deskline list --help")
        );
    }
    Query::parse(&words.join(" ")).map_err(|error| CliError::new(Code::Usage, error.to_string()))
}
