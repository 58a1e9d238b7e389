//! Words that begin with a hyphen (`list -label:spam --json`): values, while options stay options wherever they stand.

use std::ffi::OsString;

use clap::{ArgAction, CommandFactory};

use super::args::Cli;

#[cfg(test)]
mod tests;

/// Puts the options of a command that takes such words before them: once words have begun, clap reads no options.
pub fn options_first(arguments: Vec<OsString>) -> Vec<OsString> {
    let root = Cli::command();
    let named = arguments.iter().skip(1).enumerate().find_map(|(at, word)| {
        // The value of an option before the command is not the command.
        let value =
            at > 0 && arguments[at].to_str().is_some_and(|before| matches!(before, "--config" | "--channel"));
        let command = root.find_subcommand(word.to_str()?).filter(|_| !value)?;
        Some((at + 1, command.clone()))
    });
    let Some((at, command)) = named else { return arguments };
    let many = |it: &clap::Arg| matches!(it.get_action(), ArgAction::Append);
    if !command.get_positionals().any(|it| it.is_allow_hyphen_values_set() && many(it)) {
        return arguments;
    }
    let takes_value = |long: &str| {
        let known =
            command.get_arguments().chain(root.get_arguments()).find(|it| it.get_long() == Some(long));
        known.is_some_and(|it| it.get_action().takes_values())
    };
    let (mut options, mut words) = (Vec::new(), Vec::new());
    let mut rest = arguments[at + 1..].iter().cloned();
    while let Some(word) = rest.next() {
        let text = word.to_str().unwrap_or_default();
        if text == "--" {
            words.extend(rest.by_ref());
        } else if let Some(long) = text.strip_prefix("--") {
            let value = (!long.contains('=') && takes_value(long)).then(|| rest.next()).flatten();
            options.push(word);
            options.extend(value);
        } else if matches!(text, "-h" | "-V") {
            options.push(word);
        } else {
            words.push(word);
        }
    }
    arguments[..=at].iter().cloned().chain(options).chain(words).collect()
}
