//! Runs a query over the shop: each field by its type, pages by `offset` and `limit`, weight counted beforehand.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::{
    Discussion, EMAIL, FULL_NAME, Shop,
    graphql::{Field, Literal},
    schema::{arguments, kind_of},
};
use crate::simulator::{faults::What, wire::Turn};

/// What a field answers, before it is written.
enum Node<'a> {
    Customer,
    Discussions { rows: Vec<&'a Discussion>, total: usize, more: bool },
    Discussion(&'a Discussion),
    Selection(&'a Discussion),
    Messages { of: &'a Discussion, from: usize, to: usize },
    Orders { from: usize, to: usize },
    Order(usize),
    Product(u64),
    Message(&'a Discussion, usize),
    Json(&'static str, Value),
    List(Vec<Node<'a>>),
    Scalar(Value),
}

/// The run of one query.
pub(super) struct Run<'a, 't> {
    pub shop: &'a Shop,
    pub turn: &'a mut Turn<'t>,
    pub variables: &'a Map<String, Value>,
    pub logged_in: bool,
    pub errors: Vec<Value>,
    pub login: Option<Value>,
}

impl<'a> Run<'a, '_> {
    /// The answer to the root fields of a query.
    pub fn query(&mut self, fields: &[Field]) -> Value {
        let mut data = Map::new();
        for field in fields {
            let value = match field.name.as_str() {
                "__typename" => json!("Query"),
                "check" => json!("ok"),
                "customer" if self.logged_in => self.write(&Node::Customer, &field.fields, &field.alias),
                "attachmentUploaderConfig" if self.logged_in => {
                    let config =
                        json!({"uploadUrl": super::UPLOAD_PATH, "authToken": self.shop.upload_token});
                    self.write(&Node::Json("AttachmentUploaderConfig", config), &field.fields, &field.alias)
                }
                "attachmentUploaderConfig" if self.turn.switches.thg_config_refuses => {
                    let message = self.turn.switches.thg_unauthenticated_text.as_str();
                    self.errors.push(json!({"message": message, "path": [field.alias]}));
                    Value::Null
                }
                _ => Value::Null,
            };
            data.insert(field.alias.clone(), value);
        }
        Value::Object(data)
    }

    /// The answer to `login`.
    pub fn authentication(&mut self, response: Value, fields: &[Field]) -> Value {
        self.login = Some(Value::Null);
        self.write(&Node::Json("AuthenticationResponse", response), fields, "login")
    }

    fn write(&mut self, node: &Node<'a>, fields: &[Field], path: &str) -> Value {
        match node {
            Node::Scalar(value) => return value.clone(),
            Node::List(list) => return list.iter().map(|node| self.write(node, fields, path)).collect(),
            _ => {}
        }
        let mut object = Map::new();
        for field in fields {
            let below = format!("{path}.{}", field.alias);
            let value = match self.field(node, field) {
                Ok(Some(inner)) => self.write(&inner, &field.fields, &below),
                Ok(None) => Value::Null,
                Err(message) => {
                    self.errors
                        .push(json!({"message": message, "path": below.split('.').collect::<Vec<_>>()}));
                    Value::Null
                }
            };
            object.insert(field.alias.clone(), value);
        }
        Value::Object(object)
    }

    fn field(&mut self, node: &Node<'a>, field: &Field) -> Result<Option<Node<'a>>, String> {
        let scalar = |value: Value| Ok(Some(Node::Scalar(value)));
        let name = field.name.as_str();
        if name == "__typename" {
            return scalar(json!(type_name(node)));
        }
        match node {
            Node::Customer => match name {
                "email" => scalar(json!(EMAIL)),
                "fullName" => scalar(json!(FULL_NAME)),
                "discussions" => self.discussions(field, None),
                _ => {
                    let given = arguments("Customer", field, self.variables)?;
                    let (from, to, _) = self.page(&given, super::ORDERS.len())?;
                    Ok(Some(Node::Orders { from, to }))
                }
            },
            Node::Discussions { rows, total, more } => match name {
                "discussions" => Ok(Some(Node::List(rows.iter().map(|one| Node::Discussion(one)).collect()))),
                "total" => scalar(json!(total)),
                _ => scalar(json!(more)),
            },
            Node::Discussion(one) => match name {
                "id" => scalar(json!(one.id)),
                "category" => scalar(json!(one.category)),
                "status" => scalar(json!(one.status)),
                "createdAt" => scalar(json!(one.created_at.timestamp_millis())),
                "updatedAt" => scalar(json!(one.updated_at.timestamp_millis())),
                "read" => scalar(json!(one.read)),
                "selection" => Ok(one.selection.as_ref().map(|_| Node::Selection(one))),
                _ => {
                    let given = arguments("Discussion", field, self.variables)?;
                    let visible = one.messages.iter().filter(|line| line.visible_at <= self.turn.now).count();
                    let (from, to, _) = self.page(&given, visible)?;
                    Ok(Some(Node::Messages { of: one, from, to }))
                }
            },
            Node::Selection(one) => {
                let Some((order, skus)) = &one.selection else { return Ok(None) };
                if name == "selectedOrder" {
                    return Ok(super::ORDERS
                        .iter()
                        .position(|known| known.0 == order.as_str())
                        .map(Node::Order));
                }
                Ok(Some(Node::List(skus.iter().map(|sku| Node::Product(*sku)).collect())))
            }
            Node::Messages { of, from, to } => match name {
                "messages" => {
                    let mut order: Vec<usize> = visible(of, self.turn).collect();
                    if self.turn.switches.thg_shuffle {
                        order.reverse();
                    }
                    Ok(Some(Node::List(
                        order[*from..*to].iter().map(|place| Node::Message(of, *place)).collect(),
                    )))
                }
                "total" => scalar(json!(visible(of, self.turn).count())),
                _ => scalar(json!(*to < visible(of, self.turn).count())),
            },
            Node::Message(of, place) => {
                let line = &of.messages[*place];
                match name {
                    "id" => scalar(json!(line.id)),
                    "type" => scalar(json!(if line.ours { "QUERY" } else { "RESPONSE" })),
                    "createdAt" => scalar(json!(line.created_at.timestamp_millis())),
                    _ if self.turn.switches.thg_html_entities => scalar(json!(entities(&line.text))),
                    _ => scalar(json!(line.text)),
                }
            }
            Node::Orders { from, to } => match name {
                "orders" => Ok(Some(Node::List((*from..*to).map(Node::Order).collect()))),
                "total" => scalar(json!(super::ORDERS.len())),
                _ => scalar(json!(*to < super::ORDERS.len())),
            },
            Node::Order(place) => match name {
                "orderNumber" => scalar(json!(super::ORDERS[*place].0)),
                "products" => Ok(Some(Node::List(
                    super::ORDERS[*place].1.iter().map(|sku| Node::Product(*sku)).collect(),
                ))),
                _ => self.discussions(field, Some(super::ORDERS[*place].0)),
            },
            Node::Product(sku) => match name {
                "sku" => scalar(json!(sku)),
                _ => Ok(super::PRODUCTS
                    .iter()
                    .find(|product| product.0 == *sku)
                    .map(|product| Node::Json("ProductVariant", json!({"title": product.1})))),
            },
            Node::Json(of, value) => match value.get(name) {
                None | Some(Value::Null) => Ok(None),
                Some(_) if *of == "AuthenticationResponse" && name == "customer" => Ok(Some(Node::Customer)),
                Some(value) => scalar(value.clone()),
            },
            Node::List(_) | Node::Scalar(_) => Ok(None),
        }
    }

    fn discussions(&mut self, field: &Field, order: Option<&str>) -> Result<Option<Node<'a>>, String> {
        let of = if order.is_some() { "Order" } else { "Customer" };
        let given = arguments(of, field, self.variables)?;
        if self.turn.quirk(&What::DiscussionsNull) {
            return Err("Downstream service unavailable".into());
        }
        let wanted = |key: &str| {
            let value = given.get("filter").and_then(|filter| filter.get(key))?;
            Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                .filter(|text| text != "null")
        };
        let (id, number, status) = (wanted("id"), wanted("orderNumber"), wanted("status"));
        let number = number.as_deref().or(order);
        let mut rows: Vec<&'a Discussion> = self
            .shop
            .discussions
            .iter()
            .filter(|one| one.visible_at <= self.turn.now && kept(one, self.turn))
            .filter(|one| id.as_deref().is_none_or(|id| one.id == id))
            .filter(|one| status.as_deref().is_none_or(|status| one.status == status))
            .filter(|one| {
                number.is_none_or(|number| one.selection.as_ref().is_some_and(|(order, _)| order == number))
            })
            .collect();
        rows.sort_by(|one, other| other.updated_at.cmp(&one.updated_at).then_with(|| other.id.cmp(&one.id)));
        if self.turn.switches.thg_shuffle {
            self.turn.rng.shuffle(&mut rows);
        }
        let total = rows.len();
        let (from, to, _) = self.page(&given, total)?;
        let mut start = from;
        for quirk in self.turn.quirks {
            match quirk {
                What::DuplicatePage => start = start.saturating_sub(to - from),
                What::ShiftedPage { by } => {
                    start = start.saturating_add_signed(isize::try_from(*by).unwrap_or(0));
                }
                _ => {}
            }
        }
        let rows = rows[start.min(to)..to].to_vec();
        Ok(Some(Node::Discussions { rows, total, more: to < total }))
    }

    /// Where a page begins and ends.
    fn page(&self, given: &Map<String, Value>, total: usize) -> Result<(usize, usize, usize), String> {
        let read = |name: &str, default: i64| given.get(name).and_then(Value::as_i64).unwrap_or(default);
        let usual = i64::try_from(self.turn.switches.thg_default_limit).unwrap_or(i64::MAX);
        let (offset, limit) = (read("offset", 0), read("limit", usual));
        let (Ok(offset), Ok(limit)) = (usize::try_from(offset), usize::try_from(limit)) else {
            self.turn.book.breach("thg: a negative offset or limit");
            return Err("offset and limit must not be negative".into());
        };
        if limit > self.turn.switches.thg_max_limit {
            self.turn.book.breach(format!("thg: limit {limit}"));
            return Err(format!("limit must not exceed {}", self.turn.switches.thg_max_limit));
        }
        let from = offset.min(total);
        Ok((from, (from + limit).min(total), limit))
    }
}

/// Whether the vendor still lists it.
fn kept(one: &Discussion, turn: &Turn<'_>) -> bool {
    let days = turn.switches.thg_retention_days;
    days == 0 || turn.now - one.updated_at < TimeDelta::days(days)
}

fn visible<'a>(of: &'a Discussion, turn: &Turn<'_>) -> impl Iterator<Item = usize> + use<'a> {
    let now = turn.now;
    of.messages.iter().enumerate().filter(move |(_, line)| line.visible_at <= now).map(|(place, _)| place)
}

fn type_name(node: &Node<'_>) -> &'static str {
    match node {
        Node::Customer => "Customer",
        Node::Discussions { .. } => "Discussions",
        Node::Discussion(_) => "Discussion",
        Node::Selection(_) => "DiscussionSelection",
        Node::Messages { .. } => "DiscussionMessages",
        Node::Orders { .. } => "Orders",
        Node::Order(_) => "Order",
        Node::Product(_) => "OrderProduct",
        Node::Message(..) => "DiscussionMessage",
        Node::Json(name, _) => name,
        Node::List(_) | Node::Scalar(_) => "",
    }
}

/// `DisplayString` as a shop page would need it.
fn entities(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#39;")
        .replace('"', "&quot;")
}

/// What a query may return at most, in objects: the unit in which the vendor's samples count weight.
pub(super) fn weigh(of: &str, fields: &[Field], variables: &Map<String, Value>) -> u64 {
    fields
        .iter()
        .filter(|field| !field.fields.is_empty())
        .map(|field| {
            let kind = kind_of(of, &field.name);
            let given =
                field.arguments.iter().find(|(name, _)| name == "limit").map(|(_, literal)| match literal {
                    Literal::Variable(name) => variables.get(name).and_then(Value::as_u64).unwrap_or(10),
                    Literal::Plain(value) => value.as_u64().unwrap_or(10),
                    _ => 10,
                });
            let paged = matches!(kind, "Discussions" | "DiscussionMessages" | "Orders");
            let times = if paged { given.unwrap_or(10) } else { 1 };
            1 + times.saturating_mul(weigh(kind, &field.fields, variables))
        })
        .fold(0, u64::saturating_add)
}
