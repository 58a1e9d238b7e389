//! The part of Horizon's schema that exists here, and the checks that a server makes before it runs anything.

use serde_json::{Map, Value};

use super::graphql::{Field, Literal, Operation};

/// Type, field, its type, its arguments with their types.
type Row = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const PAGE: &[(&str, &str)] = &[("offset", "Int"), ("limit", "Int")];

const FIELDS: &[Row] = &[
    ("Query", "customer", "Customer", &[]),
    ("Query", "attachmentUploaderConfig", "AttachmentUploaderConfig", &[]),
    ("Query", "check", "String", &[]),
    ("Customer", "email", "String!", &[]),
    ("Customer", "fullName", "String!", &[]),
    (
        "Customer",
        "discussions",
        "Discussions",
        &[("filter", "DiscussionsFilterInput"), ("offset", "Int"), ("limit", "Int")],
    ),
    ("Customer", "orders", "Orders", &[("filter", "OrdersFilterInput"), ("offset", "Int"), ("limit", "Int")]),
    ("Orders", "orders", "[Order!]!", &[]),
    ("Orders", "total", "Int!", &[]),
    ("Orders", "hasMore", "Boolean!", &[]),
    ("Discussions", "discussions", "[Discussion!]!", &[]),
    ("Discussions", "total", "Int!", &[]),
    ("Discussions", "hasMore", "Boolean!", &[]),
    ("Discussion", "id", "ID!", &[]),
    ("Discussion", "category", "DiscussionCategory!", &[]),
    ("Discussion", "status", "DiscussionStatus!", &[]),
    ("Discussion", "createdAt", "Timestamp!", &[]),
    ("Discussion", "updatedAt", "Timestamp!", &[]),
    ("Discussion", "read", "Boolean!", &[]),
    ("Discussion", "selection", "DiscussionSelection", &[]),
    ("Discussion", "messages", "DiscussionMessages!", PAGE),
    ("DiscussionSelection", "selectedOrder", "Order", &[]),
    ("DiscussionSelection", "selectedProducts", "[OrderProduct!]!", &[]),
    ("DiscussionMessages", "messages", "[DiscussionMessage!]!", &[]),
    ("DiscussionMessages", "total", "Int!", &[]),
    ("DiscussionMessages", "hasMore", "Boolean!", &[]),
    ("DiscussionMessage", "id", "ID!", &[]),
    ("DiscussionMessage", "type", "DiscussionMessageType!", &[]),
    ("DiscussionMessage", "createdAt", "Timestamp!", &[]),
    ("DiscussionMessage", "message", "DisplayString!", &[]),
    ("AttachmentUploaderConfig", "uploadUrl", "String!", &[]),
    ("AttachmentUploaderConfig", "authToken", "String!", &[]),
    ("Order", "orderNumber", "OrderNumber!", &[]),
    ("Order", "products", "[OrderProduct!]!", &[]),
    ("Order", "discussions", "Discussions", PAGE),
    ("OrderProduct", "sku", "SKU!", &[]),
    ("OrderProduct", "productVariant", "ProductVariant", &[]),
    ("ProductVariant", "title", "String!", &[]),
    ("Mutation", "login", "AuthenticationResponse", &[("input", "LoginInput!")]),
    ("Mutation", "impersonateLogin", "AuthenticationResponse", &[("impersonationToken", "String!")]),
    ("Mutation", "logout", "Void", &[]),
    ("Mutation", "createDiscussion", "ID!", &[("input", "CreateDiscussionInput!")]),
    (
        "Mutation",
        "replyToDiscussion",
        "ID!",
        &[("discussionId", "ID!"), ("input", "AddDiscussionMessageInput!")],
    ),
    ("Mutation", "markDiscussionMessagesAsRead", "Void", &[("input", "MarkDiscussionMessagesAsReadInput")]),
    ("AuthenticationResponse", "customer", "Customer", &[]),
    ("AuthenticationResponse", "error", "AuthenticationError", &[]),
    ("AuthenticationResponse", "newCustomer", "Boolean", &[]),
    ("AuthenticationResponse", "fieldErrors", "[FormFieldValidationError]", &[]),
    ("AuthenticationResponse", "token", "String", &[]),
    ("FormFieldValidationError", "fieldName", "String!", &[]),
];

const INPUTS: &[(&str, &[(&str, &str)])] = &[
    (
        "DiscussionsFilterInput",
        &[("id", "ID"), ("orderNumber", "OrderNumber"), ("status", "DiscussionStatus")],
    ),
    ("OrdersFilterInput", &[("orderNumber", "OrderNumber"), ("status", "String")]),
    ("LoginInput", &[("username", "String!"), ("password", "String!")]),
    (
        "CreateDiscussionInput",
        &[
            ("category", "DiscussionCategory!"),
            ("message", "AddDiscussionMessageInput!"),
            ("selection", "DiscussionSelectionInput"),
        ],
    ),
    ("DiscussionSelectionInput", &[("selectedOrderId", "ID!"), ("selectedProductSkus", "[SKU!]!")]),
    ("AddDiscussionMessageInput", &[("message", "String!"), ("attachmentToken", "String")]),
    ("MarkDiscussionMessagesAsReadInput", &[("discussionId", "ID!"), ("upToMessageId", "ID!")]),
];

const ENUMS: &[(&str, &[&str])] = &[
    ("DiscussionStatus", &["OUTSTANDING", "IN_PROGRESS", "PENDING", "COMPLETED"]),
    ("DiscussionCategory", &super::CATEGORIES),
    ("DiscussionMessageType", &["QUERY", "RESPONSE"]),
];

/// Checks a selection against the schema and the variables against their declarations.
pub(super) fn check(operation: &Operation) -> Result<(), String> {
    let root = if operation.kind == "mutation" { "Mutation" } else { "Query" };
    walk(root, &operation.fields, operation)
}

fn walk(of: &str, fields: &[Field], operation: &Operation) -> Result<(), String> {
    for field in fields {
        if field.name == "__typename" {
            continue;
        }
        let Some((_, _, kind, arguments)) = FIELDS.iter().find(|row| row.0 == of && row.1 == field.name)
        else {
            return Err(format!("Cannot query field \"{}\" on type \"{of}\".", field.name));
        };
        for (name, literal) in &field.arguments {
            let Some((_, wanted)) = arguments.iter().find(|(argument, _)| argument == name) else {
                return Err(format!("Unknown argument \"{name}\" on field \"{of}.{}\".", field.name));
            };
            check_literal(literal, wanted, operation)?;
        }
        for (name, wanted) in *arguments {
            if wanted.ends_with('!') && !field.arguments.iter().any(|(given, _)| given == name) {
                return Err(format!(
                    "Argument \"{name}\" of type \"{wanted}\" is required but not provided."
                ));
            }
        }
        let bare = bare(kind);
        let composite = FIELDS.iter().any(|row| row.0 == bare);
        match (composite, field.fields.is_empty()) {
            (true, true) => {
                return Err(format!(
                    "Field \"{}\" of type \"{kind}\" must have a selection of subfields.",
                    field.name
                ));
            }
            (false, false) => {
                return Err(format!(
                    "Field \"{}\" must not have a selection since type \"{kind}\" has no subfields.",
                    field.name
                ));
            }
            (true, false) => walk(bare, &field.fields, operation)?,
            (false, true) => {}
        }
    }
    Ok(())
}

/// The type of a field's elements.
pub(super) fn kind_of(of: &str, field: &str) -> &'static str {
    FIELDS.iter().find(|row| row.0 == of && row.1 == field).map_or("", |row| bare(row.2))
}

fn bare(kind: &str) -> &str {
    kind.trim_matches(|letter| matches!(letter, '[' | ']' | '!'))
}

fn check_literal(literal: &Literal, wanted: &str, operation: &Operation) -> Result<(), String> {
    match literal {
        Literal::Variable(name) => {
            let Some((_, declared, default)) =
                operation.variables.iter().find(|variable| variable.0 == *name)
            else {
                return Err(format!("Variable \"${name}\" is not defined."));
            };
            let fits = declared == wanted
                || declared.strip_suffix('!') == Some(wanted)
                || (default.is_some() && wanted.strip_suffix('!') == Some(declared.as_str()));
            if fits {
                Ok(())
            } else {
                Err(format!(
                    "Variable \"${name}\" of type \"{declared}\" used in position expecting type \"{wanted}\"."
                ))
            }
        }
        Literal::List(list) => {
            let inner = wanted.trim_end_matches('!').trim_start_matches('[').trim_end_matches(']');
            list.iter().try_for_each(|literal| check_literal(literal, inner, operation))
        }
        Literal::Object(fields) => {
            let Some((_, known)) = INPUTS.iter().find(|input| input.0 == bare(wanted)) else { return Ok(()) };
            for (name, literal) in fields {
                if let Some((_, kind)) = known.iter().find(|one| one.0 == name) {
                    check_literal(literal, kind, operation)?;
                }
            }
            Ok(())
        }
        Literal::Enum(name) if !ENUMS.iter().any(|one| one.0 == bare(wanted)) => {
            Err(format!("Expected value of type \"{wanted}\", found {name}."))
        }
        Literal::Plain(Value::String(text)) if ENUMS.iter().any(|one| one.0 == bare(wanted)) => {
            Err(format!("Enum \"{}\" cannot represent non-enum value: \"{text}\".", bare(wanted)))
        }
        _ => Ok(()),
    }
}

/// The variables of an operation with their defaults, each checked against its declared type.
pub(super) fn variables(operation: &Operation, given: &Value) -> Result<Map<String, Value>, String> {
    let mut all = Map::new();
    for (name, kind, default) in &operation.variables {
        let value = match (given.get(name), default) {
            (Some(value), _) => Some(value.clone()),
            (None, Some(default)) => Some(plain(default, &Map::new())),
            (None, None) => None,
        };
        let value = match value {
            None if kind.ends_with('!') => {
                return Err(format!("Variable \"${name}\" of required type \"{kind}\" was not provided."));
            }
            None => continue,
            Some(value) => {
                coerce(value, kind).map_err(|why| format!("Variable \"${name}\" got invalid value; {why}"))?
            }
        };
        all.insert(name.clone(), value);
    }
    Ok(all)
}

/// The arguments of a field as values.
pub(super) fn arguments(
    of: &str,
    field: &Field,
    variables: &Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    let mut all = Map::new();
    let Some((_, _, _, known)) = FIELDS.iter().find(|row| row.0 == of && row.1 == field.name) else {
        return Ok(all);
    };
    for (name, kind) in *known {
        let Some((_, literal)) = field.arguments.iter().find(|(given, _)| given == name) else { continue };
        if let Literal::Variable(variable) = literal
            && !variables.contains_key(variable)
        {
            continue;
        }
        all.insert((*name).into(), coerce(plain(literal, variables), kind)?);
    }
    Ok(all)
}

fn plain(literal: &Literal, variables: &Map<String, Value>) -> Value {
    match literal {
        Literal::Variable(name) => variables.get(name).cloned().unwrap_or_default(),
        Literal::Enum(name) => Value::from(name.clone()),
        Literal::List(list) => list.iter().map(|literal| plain(literal, variables)).collect(),
        Literal::Object(fields) => Value::Object(
            fields
                .iter()
                // A variable that was not given leaves its field out.
                .filter(|(_, literal)| !matches!(literal, Literal::Variable(name) if !variables.contains_key(name)))
                .map(|(name, literal)| (name.clone(), plain(literal, variables)))
                .collect(),
        ),
        Literal::Plain(value) => value.clone(),
    }
}

fn coerce(value: Value, kind: &str) -> Result<Value, String> {
    if let Some(inner) = kind.strip_suffix('!') {
        if value.is_null() {
            return Err(format!("Expected non-nullable type \"{kind}\" not to be null."));
        }
        return coerce(value, inner);
    }
    if value.is_null() {
        return Ok(value);
    }
    if let Some(inner) = kind.strip_prefix('[').and_then(|kind| kind.strip_suffix(']')) {
        return match value {
            Value::Array(list) => list.into_iter().map(|one| coerce(one, inner)).collect(),
            one => Ok(Value::Array(vec![coerce(one, inner)?])),
        };
    }
    if let Some((_, known)) = INPUTS.iter().find(|input| input.0 == kind) {
        let Value::Object(given) = value else {
            return Err(format!("Expected type \"{kind}\" to be an object."));
        };
        if let Some(unknown) = given.keys().find(|key| !known.iter().any(|one| one.0 == key.as_str())) {
            return Err(format!("Field \"{unknown}\" is not defined by type \"{kind}\"."));
        }
        let mut object = Map::new();
        for (name, inner) in *known {
            match given.get(*name) {
                Some(value) => {
                    object.insert((*name).into(), coerce(value.clone(), inner)?);
                }
                None if inner.ends_with('!') => {
                    return Err(format!("Field \"{name}\" of required type \"{inner}\" was not provided."));
                }
                None => {}
            }
        }
        return Ok(Value::Object(object));
    }
    if let Some((_, known)) = ENUMS.iter().find(|one| one.0 == kind) {
        let fits = value.as_str().is_some_and(|text| known.contains(&text));
        return if fits {
            Ok(value)
        } else {
            Err(format!("Value {value} does not exist in \"{kind}\" enum."))
        };
    }
    let fits = match kind {
        "Int" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "Boolean" => value.is_boolean(),
        "ID" | "OrderNumber" => value.is_string() || value.is_i64() || value.is_u64(),
        "SKU" => {
            value.is_u64()
                || value
                    .as_str()
                    .is_some_and(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        }
        "String" => value.is_string(),
        _ => return Err(format!("Unknown type \"{kind}\".")),
    };
    if fits { Ok(value) } else { Err(format!("{kind} cannot represent value: {value}")) }
}
