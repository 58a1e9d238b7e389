//! Reads a GraphQL document: as much of the language as a client may use, and an error for everything else.

use std::collections::HashMap;

use serde_json::{Value, json};

/// A value as it is written in a document.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    /// `$name`
    Variable(String),
    /// A name that stands for itself: an enum's value.
    Enum(String),
    /// A list.
    List(Vec<Literal>),
    /// An object.
    Object(Vec<(String, Literal)>),
    /// A number, a string, true, false, null.
    Plain(Value),
}

/// A field with what is selected of it.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// The name in the answer.
    pub alias: String,
    /// The field.
    pub name: String,
    /// Its arguments.
    pub arguments: Vec<(String, Literal)>,
    /// What is selected of it.
    pub fields: Vec<Field>,
}

/// An operation with its fragments resolved.
#[derive(Debug)]
pub(super) struct Operation {
    /// `query` or `mutation`.
    pub kind: String,
    /// Variables: name, type, default.
    pub variables: Vec<(String, String, Option<Literal>)>,
    /// The root fields.
    pub fields: Vec<Field>,
}

/// A directive with its arguments.
type Directive = (String, Vec<(String, Literal)>);

enum Selection {
    Field(Field, Vec<Selection>, Vec<Directive>),
    Spread(String),
    Inline(Vec<Selection>),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Number(Value),
    Sign(char),
    Spread,
}

type Result<T> = std::result::Result<T, String>;

/// Reads `source` and picks the operation called `wanted`, or its only one.
pub(super) fn read(source: &str, wanted: Option<&str>, variables: &Value) -> Result<Operation> {
    let mut reader = Reader { tokens: lex(source)?, at: 0, depth: 0 };
    let mut operations = Vec::new();
    let mut fragments = HashMap::new();
    while reader.at < reader.tokens.len() {
        if reader.sign('{') {
            reader.at -= 1;
            operations.push((None, "query".to_owned(), Vec::new(), reader.selections()?));
            continue;
        }
        match reader.name()?.as_str() {
            kind @ ("query" | "mutation") => {
                let name =
                    if matches!(reader.peek(), Some(Token::Name(_))) { Some(reader.name()?) } else { None };
                let variables = reader.variables()?;
                operations.push((name, kind.to_owned(), variables, reader.selections()?));
            }
            "fragment" => {
                let name = reader.name()?;
                if reader.name()? != "on" {
                    return Err("Syntax Error: expected \"on\"".into());
                }
                reader.name()?;
                fragments.insert(name, reader.selections()?);
            }
            other => return Err(format!("Syntax Error: unexpected Name \"{other}\"")),
        }
    }
    let place = match wanted {
        Some(wanted) => operations.iter().position(|operation| operation.0.as_deref() == Some(wanted)),
        None if operations.len() == 1 => Some(0),
        None => return Err("Must provide operation name if query contains multiple operations.".into()),
    };
    let Some(place) = place else { return Err("Unknown operation named in operationName.".into()) };
    let (_, kind, declared, selections) = operations.swap_remove(place);
    let mut fields = Vec::new();
    flatten(selections, &fragments, variables, &mut fields, 0)?;
    Ok(Operation { kind, variables: declared, fields })
}

/// Puts fragments where they are spread, leaves out what is skipped, merges what is selected twice.
fn flatten(
    selections: Vec<Selection>,
    fragments: &HashMap<String, Vec<Selection>>,
    variables: &Value,
    into: &mut Vec<Field>,
    depth: usize,
) -> Result<()> {
    if depth > 30 {
        return Err("Fragments are nested too deeply.".into());
    }
    for selection in selections {
        match selection {
            Selection::Inline(inner) => flatten(inner, fragments, variables, into, depth + 1)?,
            Selection::Spread(name) => {
                let inner = fragments.get(&name).ok_or_else(|| format!("Unknown fragment \"{name}\"."))?;
                flatten(copy(inner), fragments, variables, into, depth + 1)?;
            }
            Selection::Field(mut field, inner, directives) => {
                if directives.iter().any(|(name, arguments)| left_out(name, arguments, variables)) {
                    continue;
                }
                if let Some(place) = into.iter().position(|one| one.alias == field.alias) {
                    if into[place].name != field.name || into[place].arguments != field.arguments {
                        return Err(format!("Fields \"{}\" conflict.", field.alias));
                    }
                    flatten(inner, fragments, variables, &mut into[place].fields, depth + 1)?;
                } else {
                    flatten(inner, fragments, variables, &mut field.fields, depth + 1)?;
                    into.push(field);
                }
            }
        }
    }
    Ok(())
}

fn left_out(name: &str, arguments: &[(String, Literal)], variables: &Value) -> bool {
    let truth = arguments.iter().find(|(name, _)| name == "if").map(|(_, literal)| match literal {
        Literal::Variable(name) => variables.get(name) == Some(&Value::Bool(true)),
        literal => *literal == Literal::Plain(Value::Bool(true)),
    });
    matches!((name, truth), ("skip", Some(true)) | ("include", Some(false)))
}

fn copy(selections: &[Selection]) -> Vec<Selection> {
    selections
        .iter()
        .map(|selection| match selection {
            Selection::Field(field, inner, directives) => {
                Selection::Field(field.clone(), copy(inner), directives.clone())
            }
            Selection::Spread(name) => Selection::Spread(name.clone()),
            Selection::Inline(inner) => Selection::Inline(copy(inner)),
        })
        .collect()
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn sign(&mut self, sign: char) -> bool {
        let found = self.peek() == Some(&Token::Sign(sign));
        if found {
            self.at += 1;
        }
        found
    }

    fn expect(&mut self, sign: char) -> Result<()> {
        if self.sign(sign) {
            Ok(())
        } else {
            Err(format!("Syntax Error: expected \"{sign}\", found {:?}", self.peek()))
        }
    }

    fn name(&mut self) -> Result<String> {
        match self.tokens.get(self.at) {
            Some(Token::Name(name)) => {
                self.at += 1;
                Ok(name.clone())
            }
            other => Err(format!("Syntax Error: expected Name, found {other:?}")),
        }
    }

    fn selections(&mut self) -> Result<Vec<Selection>> {
        self.depth += 1;
        if self.depth > 30 {
            return Err("Syntax Error: nested too deeply".into());
        }
        self.expect('{')?;
        let mut list = Vec::new();
        while !self.sign('}') {
            if self.peek() == Some(&Token::Spread) {
                self.at += 1;
                if let Some(Token::Name(name)) = self.peek().cloned() {
                    self.at += 1;
                    if name != "on" {
                        self.directives()?;
                        list.push(Selection::Spread(name));
                        continue;
                    }
                    self.name()?;
                }
                self.directives()?;
                list.push(Selection::Inline(self.selections()?));
                continue;
            }
            let mut name = self.name()?;
            let alias = name.clone();
            if self.sign(':') {
                name = self.name()?;
            }
            let arguments = self.arguments()?;
            let directives = self.directives()?;
            let inner = if self.peek() == Some(&Token::Sign('{')) { self.selections()? } else { Vec::new() };
            list.push(Selection::Field(
                Field { alias, name, arguments, fields: Vec::new() },
                inner,
                directives,
            ));
        }
        self.depth -= 1;
        if list.is_empty() { Err("Syntax Error: expected Name, found \"}\"".into()) } else { Ok(list) }
    }

    fn directives(&mut self) -> Result<Vec<Directive>> {
        let mut list = Vec::new();
        while self.sign('@') {
            list.push((self.name()?, self.arguments()?));
        }
        Ok(list)
    }

    fn arguments(&mut self) -> Result<Vec<(String, Literal)>> {
        let mut list = Vec::new();
        if self.sign('(') {
            while !self.sign(')') {
                let name = self.name()?;
                self.expect(':')?;
                list.push((name, self.literal()?));
            }
        }
        Ok(list)
    }

    fn variables(&mut self) -> Result<Vec<(String, String, Option<Literal>)>> {
        let mut list = Vec::new();
        if self.sign('(') {
            while !self.sign(')') {
                self.expect('$')?;
                let name = self.name()?;
                self.expect(':')?;
                let kind = self.kind()?;
                let default = if self.sign('=') { Some(self.literal()?) } else { None };
                list.push((name, kind, default));
            }
        }
        self.directives()?;
        Ok(list)
    }

    fn kind(&mut self) -> Result<String> {
        let mut kind = if self.sign('[') {
            let inner = self.kind()?;
            self.expect(']')?;
            format!("[{inner}]")
        } else {
            self.name()?
        };
        if self.sign('!') {
            kind.push('!');
        }
        Ok(kind)
    }

    fn literal(&mut self) -> Result<Literal> {
        let token = self.peek().cloned().ok_or("Syntax Error: unexpected end")?;
        self.at += 1;
        Ok(match token {
            Token::Sign('$') => Literal::Variable(self.name()?),
            Token::Sign('[') => {
                let mut list = Vec::new();
                while !self.sign(']') {
                    list.push(self.literal()?);
                }
                Literal::List(list)
            }
            Token::Sign('{') => {
                let mut fields = Vec::new();
                while !self.sign('}') {
                    let name = self.name()?;
                    self.expect(':')?;
                    fields.push((name, self.literal()?));
                }
                Literal::Object(fields)
            }
            Token::Name(name) => match name.as_str() {
                "true" => Literal::Plain(true.into()),
                "false" => Literal::Plain(false.into()),
                "null" => Literal::Plain(Value::Null),
                _ => Literal::Enum(name),
            },
            Token::Text(text) => Literal::Plain(text.into()),
            Token::Number(number) => Literal::Plain(number),
            other => return Err(format!("Syntax Error: unexpected {other:?}")),
        })
    }
}

fn lex(source: &str) -> Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let letters: Vec<char> = source.chars().collect();
    let mut at = 0;
    while let Some(letter) = letters.get(at).copied() {
        match letter {
            ' ' | '\t' | '\n' | '\r' | ',' | '\u{feff}' => at += 1,
            '#' => {
                while letters.get(at).is_some_and(|letter| *letter != '\n') {
                    at += 1;
                }
            }
            '.' if letters[at..].starts_with(&['.', '.', '.']) => {
                tokens.push(Token::Spread);
                at += 3;
            }
            '{' | '}' | '(' | ')' | '[' | ']' | ':' | '!' | '$' | '=' | '@' => {
                tokens.push(Token::Sign(letter));
                at += 1;
            }
            '"' => {
                let (text, behind) = text(&letters, at)?;
                tokens.push(Token::Text(text));
                at = behind;
            }
            '-' | '0'..='9' => {
                let from = at;
                while letters
                    .get(at)
                    .is_some_and(|letter| letter.is_ascii_digit() || "+-.eE".contains(*letter))
                {
                    at += 1;
                }
                let number: String = letters[from..at].iter().collect();
                let number =
                    serde_json::from_str(&number).map_err(|_| format!("Syntax Error: number {number}"))?;
                tokens.push(Token::Number(number));
            }
            letter if letter.is_ascii_alphabetic() || letter == '_' => {
                let from = at;
                while letters.get(at).is_some_and(|letter| letter.is_ascii_alphanumeric() || *letter == '_') {
                    at += 1;
                }
                tokens.push(Token::Name(letters[from..at].iter().collect()));
            }
            other => return Err(format!("Syntax Error: unexpected character {other:?}")),
        }
    }
    Ok(tokens)
}

fn text(letters: &[char], from: usize) -> Result<(String, usize)> {
    let block = letters[from..].starts_with(&['"', '"', '"']);
    let quotes = if block { 3 } else { 1 };
    let mut at = from + quotes;
    let mut raw = String::new();
    loop {
        match letters.get(at) {
            Some('"') if !block => break,
            Some('"') if letters[at..].starts_with(&['"', '"', '"']) => break,
            Some('\\') if !block => {
                raw.push('\\');
                raw.push(*letters.get(at + 1).ok_or("Syntax Error: unterminated string")?);
                at += 2;
            }
            Some('\n') if !block => return Err("Syntax Error: unterminated string".into()),
            Some(letter) => {
                raw.push(*letter);
                at += 1;
            }
            None => return Err("Syntax Error: unterminated string".into()),
        }
    }
    let text = if block {
        raw.trim().to_owned()
    } else {
        // GraphQL's escapes are JSON's.
        serde_json::from_str(&format!("\"{}\"", raw.replace('\t', "\\t")))
            .map_err(|_| "Syntax Error: bad escape in string")?
    };
    Ok((text, at + quotes))
}

/// One error of the answer.
pub(super) fn error(message: impl Into<String>) -> Value {
    json!({"message": message.into(), "locations": [{"line": 1, "column": 1}]})
}
