//! `deskline erase`: everything of one customer here, with a record that it was done.

use std::io::{self, BufRead, IsTerminal};

use super::{
    args::Erase,
    context::Desk,
    error::{CliError, Code},
    find, plain, triage,
};
use crate::{
    config::MemberRole,
    domain::{Conversation, ConversationId, desk::Erased},
};

/// Counts, asks, erases, and says what it cannot reach.
pub async fn run(desk: &Desk, args: Erase) -> Result<(), CliError> {
    if !args.customer {
        return Err(CliError::new(Code::Usage, "erase takes a whole customer, not one conversation")
            .hint(format!("deskline erase {} --customer", args.id)));
    }
    may_erase(desk)?;
    let conversation = find::conversation(desk, &args.id).await?;
    let would = erase(desk, conversation.id, true).await?;
    plain::note(&format!("{}: {}", whose(&conversation), extent(would)));
    if !args.yes && !asked(&conversation)? {
        return Err(CliError::new(Code::Failed, "nothing was erased"));
    }
    let erased = erase(desk, conversation.id, false).await?;
    plain::line(&format!("erased: {}", extent(erased)))?;
    plain::note(
        "what the vendor still shows of it is not taken again; what the customer writes from now on is. Exports, \
         files that were saved and backups of this box are not reached",
    );
    for copy in desk.store.copies() {
        plain::note(&format!("an older copy of the store may still hold it: rm {}", copy.display()));
    }
    Ok(())
}

async fn erase(desk: &Desk, id: ConversationId, only_look: bool) -> Result<Erased, CliError> {
    let answer = desk.store.erase_customer(id, desk.me.clone(), only_look, desk.clock.now()).await?;
    answer.map_err(|refusal| triage::refused(&refusal))
}

/// Where members are configured, leads and admins only.
fn may_erase(desk: &Desk) -> Result<(), CliError> {
    let members = &desk.world.config.members;
    let mine = members.iter().find(|member| member.login == desk.me).map(|member| member.role);
    if members.is_empty() || matches!(mine, Some(MemberRole::Lead | MemberRole::Admin)) {
        return Ok(());
    }
    let may: Vec<&str> = members
        .iter()
        .filter(|member| matches!(member.role, MemberRole::Lead | MemberRole::Admin))
        .map(|member| member.login.as_str())
        .collect();
    let who = if may.is_empty() { "nobody is one".to_owned() } else { may.join(", ") };
    Err(CliError::new(Code::Failed, "only a lead or an admin erases; nothing was erased")
        .hint(format!("[[member]] role = \"lead\" or \"admin\": {who}")))
}

fn asked(conversation: &Conversation) -> Result<bool, CliError> {
    if !io::stdin().is_terminal() {
        return Err(CliError::new(Code::Usage, "nobody is here to ask; nothing was erased")
            .hint("--yes erases without a question"));
    }
    plain::note(&format!("This cannot be undone. To erase, type the number {}:", conversation.id));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == conversation.id.to_string())
}

fn whose(it: &Conversation) -> String {
    let customer = it.customer.name.as_deref().unwrap_or(&it.counterpart.name);
    match &it.customer.id {
        Some(id) => format!("{customer} ({id}) via {}", it.channel),
        None => format!("{customer} via {}, of whom only conversation {} is known", it.channel, it.id),
    }
}

fn extent(it: Erased) -> String {
    let many = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    let mut parts = vec![many(it.conversations, "conversation"), many(it.messages, "message")];
    for (n, one) in [(it.files, "file"), (it.drafts, "draft"), (it.unsent, "row")] {
        if n > 0 {
            parts.push(many(n, one));
        }
    }
    let text = parts.join(", ");
    if it.unsent > 0 { format!("{text} of the outbox (never sent)") } else { text }
}
