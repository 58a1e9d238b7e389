//! The file of pre-approved messages that a channel's `templates` names:
//!
//! ```toml
//! [[template]]
//! name = "order_update"
//! language = "pt_BR"                 # the vendor's code
//! parameters = ["name", "order"]     # in the order of the vendor's {{1}}, {{2}}
//! text = "Olá {1}, o pedido {2} saiu."     # for preview; optional
//! ```

use std::path::Path;

use serde::Deserialize;

use super::error::shown;
use crate::domain::channel::Template;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    template: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    language: String,
    #[serde(default)]
    parameters: Vec<String>,
    text: Option<String>,
}

/// Reads the file. The message names it and the line, and continues "`templates` of channel x".
pub(super) fn read(path: &Path) -> Result<Vec<Template>, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot be read: {}: {error}", path.display()))?;
    let file: File = toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        format!("cannot be used: {}:{line}: {}", path.display(), shown(error.message()))
    })?;
    for (n, one) in file.template.iter().enumerate() {
        let twice =
            file.template[..n].iter().any(|other| other.name == one.name && other.language == one.language);
        if twice {
            let (name, language) = (shown(&one.name), shown(&one.language));
            return Err(format!("cannot be used: {} has two templates {name} in {language}", path.display()));
        }
    }
    let template = |entry: Entry| Template {
        name: entry.name,
        language: entry.language,
        parameters: entry.parameters,
        text: entry.text,
    };
    Ok(file.template.into_iter().map(template).collect())
}
