//! The mutations: login and logout, create, reply, mark read.

use serde_json::{Map, Value, json};

use super::{
    EMAIL, Line, ORDERS, PASSWORD, Shop,
    execute::Run,
    graphql::{Field, error},
    schema::arguments,
};
use crate::simulator::{
    book::BookMark,
    wire::{Turn, text_of},
};

impl Shop {
    pub(super) fn mutate(
        &mut self,
        field: &Field,
        variables: &Map<String, Value>,
        logged_in: bool,
        web: bool,
        new_session: &mut Option<String>,
        turn: &mut Turn<'_>,
    ) -> Result<Value, Value> {
        let given = arguments("Mutation", field, variables).map_err(|message| {
            turn.book.breach(format!("thg: {message}"));
            error(message)
        })?;
        let input = given.get("input").cloned().unwrap_or_default();
        match field.name.as_str() {
            "login" => return Ok(self.login(&input, field, variables, web, new_session, turn)),
            "impersonateLogin" => {
                let response = json!({"error": "INVALID_TOKEN", "newCustomer": false});
                return Ok(self.authentication(response, field, variables, turn));
            }
            "logout" => {
                self.sessions.clear();
                return Ok(Value::Null);
            }
            "__typename" => return Ok(json!("Mutation")),
            _ if !logged_in => return Err(error(turn.switches.thg_unauthenticated_text.as_str())),
            _ => {}
        }
        match field.name.as_str() {
            "createDiscussion" => self.create(&input, turn),
            "replyToDiscussion" => {
                let id = given.get("discussionId").map(id_text).unwrap_or_default();
                match self.find(&id) {
                    None => return Err(error("Discussion not found")),
                    Some(one) if one.status == "COMPLETED" && !turn.switches.thg_completed_takes_replies => {
                        return Err(error("Discussion is completed"));
                    }
                    Some(_) => {}
                }
                let (text, attachment) = self.message(&input, turn)?;
                let now = turn.now;
                if let Some(first) = self.equal(&id, &text, turn) {
                    return Ok(json!(first));
                }
                self.add(&id, true, &text, now, attachment, turn)
                    .map(Value::from)
                    .ok_or_else(|| error("Discussion not found"))
            }
            _ => self.mark_read(&input, turn),
        }
    }

    /// The message that an equal reply of this moment is taken for, where the vendor does so.
    fn equal(&mut self, id: &str, text: &str, turn: &Turn<'_>) -> Option<String> {
        let window = chrono::TimeDelta::seconds(turn.switches.thg_dedupe_equal_reply_s);
        let lines = &self.find(id)?.messages;
        let line =
            lines.iter().rev().find(|it| it.ours && it.text == text && turn.now - it.created_at < window)?;
        Some(line.id.clone())
    }

    fn login(
        &mut self,
        input: &Value,
        field: &Field,
        variables: &Map<String, Value>,
        web: bool,
        new_session: &mut Option<String>,
        turn: &mut Turn<'_>,
    ) -> Value {
        let right = text_of(input, "username") == Some(EMAIL) && text_of(input, "password") == Some(PASSWORD);
        let response = if right {
            let token = format!("opq-{:016x}", turn.rng.u64(..));
            self.sessions.push((token.clone(), turn.now));
            *new_session = Some(token.clone());
            // The web API never shows its token: it is in the cookie.
            json!({
                "error": null, "newCustomer": false, "customer": {}, "token": if web { Value::Null } else { json!(token) },
            })
        } else {
            json!({"error": "FAILED_LOGIN", "newCustomer": false, "customer": null, "token": null})
        };
        self.authentication(response, field, variables, turn)
    }

    fn authentication(
        &self,
        response: Value,
        field: &Field,
        variables: &Map<String, Value>,
        turn: &mut Turn<'_>,
    ) -> Value {
        let mut run = Run { shop: self, turn, variables, logged_in: true, errors: Vec::new(), login: None };
        run.authentication(response, &field.fields)
    }

    fn create(&mut self, input: &Value, turn: &mut Turn<'_>) -> Result<Value, Value> {
        let category = text_of(input, "category").unwrap_or_default().to_owned();
        let selection = match input.get("selection").filter(|selection| !selection.is_null()) {
            None => None,
            Some(selection) => Some(read_selection(selection)?),
        };
        let message = input.get("message").cloned().unwrap_or_default();
        let (text, attachment) = self.message(&message, turn)?;
        let now = turn.now;
        let id = self.open(&category, selection, now);
        let message = self.add(&id, true, &text, now, attachment, turn).unwrap_or_default();
        Ok(json!(if turn.switches.thg_create_returns_discussion { id } else { message }))
    }

    /// Checks the text of a message and takes its attachment.
    fn message(&mut self, input: &Value, turn: &Turn<'_>) -> Result<(String, Option<String>), Value> {
        let text = text_of(input, "message").unwrap_or_default();
        if text.trim().is_empty() {
            turn.book.breach("thg: an empty message");
            return Err(error("message must not be empty"));
        }
        if text.chars().count() > turn.switches.thg_max_message {
            return Err(error(format!(
                "message must not exceed {} characters",
                turn.switches.thg_max_message
            )));
        }
        let Some(wanted) = text_of(input, "attachmentToken") else { return Ok((text.into(), None)) };
        let token = self.uploads.iter_mut().find(|token| token.text == wanted);
        let Some(token) = token else {
            turn.book.breach("thg: an attachmentToken that nobody gave");
            return Err(error("attachmentToken is invalid"));
        };
        let age = (turn.now - token.at).num_milliseconds();
        if (token.used && turn.switches.thg_attachment_once) || age > turn.switches.thg_attachment_ttl_ms {
            return Err(error("attachmentToken has expired"));
        }
        token.used = true;
        Ok((text.into(), Some(wanted.into())))
    }

    fn mark_read(&mut self, input: &Value, turn: &Turn<'_>) -> Result<Value, Value> {
        let wanted = |key: &str| input.get(key).map(id_text).unwrap_or_default();
        let (id, up_to) = (wanted("discussionId"), wanted("upToMessageId"));
        let now = turn.now;
        let Some(one) = self.find(&id) else { return Err(error("Discussion not found")) };
        let Some(place) = one.messages.iter().position(|line| line.id == up_to) else {
            turn.book.breach(format!("thg: message {up_to} is not in discussion {id}"));
            return Err(error("Message not found in discussion"));
        };
        let newest = one.messages.iter().rposition(|line: &Line| line.created_at <= now).unwrap_or(place);
        if place >= newest {
            one.read = true;
        }
        turn.book.mark(BookMark {
            at: turn.now,
            vendor: "thg".into(),
            conversation: id,
            what: format!("read {up_to}"),
            by_us: true,
        });
        Ok(Value::Null)
    }
}

fn id_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn read_selection(selection: &Value) -> Result<(String, Vec<u64>), Value> {
    let order = selection.get("selectedOrderId").map(id_text).unwrap_or_default();
    let Some((_, products)) = ORDERS.iter().find(|known| known.0 == order) else {
        return Err(error(format!("Order {order} not found")));
    };
    let mut skus = Vec::new();
    for sku in selection.get("selectedProductSkus").and_then(Value::as_array).into_iter().flatten() {
        let sku: u64 = id_text(sku).parse().unwrap_or_default();
        if !products.contains(&sku) {
            return Err(error(format!("Product {sku} is not part of order {order}")));
        }
        skus.push(sku);
    }
    Ok((order, skus))
}
