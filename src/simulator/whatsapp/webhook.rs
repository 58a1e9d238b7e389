//! Webhooks: built, escaped and signed as Meta does it, delivered until the receiver says 200.

use std::{collections::BTreeMap, fmt::Write, sync::Arc};

use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Api, Business, CLOUD_ACCOUNT, CLOUD_NUMBER, WABA};
use crate::simulator::{
    Sim,
    agenda::Event,
    book::BookWebhook,
    faults::What,
    mangle::mangle,
    wire::{Reply, Turn},
};

#[derive(Clone)]
struct Job {
    api: Api,
    body: Vec<u8>,
    signed: bool,
    attempt: u32,
    since: crate::domain::time::Time,
    /// Has been answered with 200 and comes once more all the same.
    again: bool,
}

/// Webhooks on their way.
#[derive(Default)]
pub(super) struct Hooks {
    urls: [Option<String>; 2],
    jobs: BTreeMap<u64, Job>,
    waiting: Vec<u64>,
    held: Vec<u64>,
    batch: Vec<u64>,
    next: u64,
    /// Deliveries whose answer is outstanding.
    pub in_flight: usize,
}

impl Hooks {
    pub fn set(&mut self, cloud: Option<String>, on_premises: Option<String>, turn: &mut Turn<'_>) {
        self.urls = [cloud, on_premises];
        for number in std::mem::take(&mut self.waiting) {
            self.schedule(number, turn);
        }
    }

    fn url(&self, api: Api) -> Option<&String> {
        self.urls[usize::from(api == Api::OnPremises)].as_ref()
    }

    fn schedule(&mut self, number: u64, turn: &mut Turn<'_>) {
        let api = self.jobs.get(&number).map(|job| job.api);
        if api.is_some_and(|api| self.url(api).is_some()) {
            turn.agenda.push(turn.now, Event::Deliver { number });
        } else {
            self.waiting.push(number);
        }
    }

    fn add(&mut self, api: Api, body: Vec<u8>, signed: bool, turn: &mut Turn<'_>) {
        self.next += 1;
        let number = self.next;
        self.jobs.insert(number, Job { api, body, signed, attempt: 0, since: turn.now, again: false });
        self.schedule(number, turn);
    }
}

impl Business {
    /// Sends an update: `contacts`, `messages`, `statuses`, `errors`.
    pub(super) fn emit(&mut self, api: Api, update: &Value, turn: &mut Turn<'_>) {
        let body = envelope(api, "messages", update);
        self.hooks.add(api, body.to_string().into_bytes(), true, turn);
    }

    /// Sends an update of another field of the Cloud API, or a value of any shape.
    pub fn emit_field(&mut self, field: &str, value: &Value, turn: &mut Turn<'_>) {
        let body = envelope(Api::Cloud, field, value);
        self.hooks.add(Api::Cloud, body.to_string().into_bytes(), true, turn);
    }

    /// Sends these bytes as they are; `signed` or not.
    pub fn emit_raw(&mut self, api: Api, body: Vec<u8>, signed: bool, turn: &mut Turn<'_>) {
        self.hooks.add(api, body, signed, turn);
    }

    /// How many webhooks have not been answered with 200 yet.
    pub fn outstanding(&self) -> usize {
        self.hooks.jobs.len()
    }

    /// How many deliveries are on the line right now.
    pub fn in_flight(&self) -> usize {
        self.hooks.in_flight
    }

    /// The address of a number's webhooks.
    pub fn webhook_url(&self, api: Api) -> Option<String> {
        self.hooks.url(api).cloned()
    }
}

fn envelope(api: Api, field: &str, update: &Value) -> Value {
    if api == Api::OnPremises {
        return update.clone();
    }
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": CLOUD_NUMBER, "phone_number_id": CLOUD_ACCOUNT[2].1},
    });
    if let (Some(into), Some(from)) = (value.as_object_mut(), update.as_object()) {
        into.extend(from.clone());
    }
    json!({
        "object": "whatsapp_business_account",
        "entry": [{"id": WABA, "changes": [{"field": field, "value": value}]}],
    })
}

/// JSON as Meta writes it: ASCII only, `/` as `\/`.
pub(super) fn escape(json: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(json) else { return json.to_vec() };
    let mut out = String::with_capacity(text.len() + 64);
    let mut after_backslash = false;
    for letter in text.chars() {
        match letter {
            // An already escaped slash keeps its one backslash.
            '/' if !after_backslash => out.push_str("\\/"),
            letter if letter.is_ascii() => out.push(letter),
            letter => {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    // Writing into a String cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
        after_backslash = letter == '\\' && !after_backslash;
    }
    out.into_bytes()
}

/// `sha256=<hex>` over these bytes.
pub(super) fn sign(body: &[u8], secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Several bodies in one.
fn merge(api: Api, bodies: &[Vec<u8>]) -> Vec<u8> {
    let values: Vec<Value> = bodies.iter().filter_map(|body| serde_json::from_slice(body).ok()).collect();
    let mut whole = json!({});
    for value in &values {
        for (key, inner) in value.as_object().into_iter().flatten() {
            match (whole.get_mut(key).and_then(Value::as_array_mut), inner.as_array()) {
                (Some(list), Some(more)) => list.extend(more.clone()),
                _ => whole[key] = inner.clone(),
            }
        }
    }
    debug_assert!(api == Api::OnPremises || whole.get("entry").is_some() || values.is_empty());
    whole.to_string().into_bytes()
}

/// Delivers a webhook once; what is not answered with 200 comes again.
pub(in crate::simulator) async fn deliver(sim: &Arc<Sim>, number: u64) {
    let Some((mut job, url)) = sim.turn(None, &[], |scene| {
        let hooks = &mut scene.whatsapp.hooks;
        let job = hooks.jobs.get_mut(&number)?;
        job.attempt += 1;
        let job = job.clone();
        let Some(url) = hooks.url(job.api).cloned() else {
            hooks.waiting.push(number);
            return None;
        };
        hooks.in_flight += 1;
        Some((job, url))
    }) else {
        return;
    };
    let strikes = sim.faults.strike(job.api.vendor(), "webhook", "", &job.body);
    let mut hold = false;
    for strike in &strikes {
        match strike {
            What::Delay { ms } => sim.pause(*ms).await,
            What::ReorderWebhook => hold = true,
            What::BatchWebhook { size } => {
                let batch = sim.turn(None, &[], |scene| {
                    let hooks = &mut scene.whatsapp.hooks;
                    hooks.batch.push(number);
                    (hooks.batch.len() >= *size).then(|| std::mem::take(&mut hooks.batch))
                });
                let Some(batch) = batch else {
                    sim.turn(None, &[], |scene| scene.whatsapp.hooks.in_flight -= 1);
                    return;
                };
                let bodies: Vec<Vec<u8>> = sim.turn(None, &[], |scene| {
                    let hooks = &mut scene.whatsapp.hooks;
                    let bodies =
                        batch.iter().filter_map(|one| hooks.jobs.get(one)).map(|job| job.body.clone());
                    let bodies = bodies.collect();
                    hooks.jobs.retain(|one, _| *one == number || !batch.contains(one));
                    bodies
                });
                job.body = merge(job.api, &bodies);
                sim.turn(None, &[], |scene| {
                    if let Some(stored) = scene.whatsapp.hooks.jobs.get_mut(&number) {
                        stored.body.clone_from(&job.body);
                    }
                });
            }
            other => {
                let mut reply = Reply { body: job.body.clone(), ..Reply::empty(200) };
                mangle(&mut reply, other);
                job.body = reply.body;
            }
        }
    }
    if hold {
        sim.turn(None, &[], |scene| {
            scene.whatsapp.hooks.in_flight -= 1;
            scene.whatsapp.hooks.held.push(number);
        });
        return;
    }
    let mut status = post(sim, number, &job, &url, &strikes).await;
    if strikes.contains(&What::DuplicateWebhook) {
        status = post(sim, number, &job, &url, &strikes).await;
    }
    let refused = strikes.iter().any(|what| matches!(what, What::ForgedSignature | What::NoSignature));
    sim.turn(None, &[], |scene| {
        let hooks = &mut scene.whatsapp.hooks;
        hooks.in_flight -= 1;
        let now = scene.turn.now;
        let switches = scene.turn.switches;
        let twice = TimeDelta::milliseconds(switches.whatsapp_duplicate_ms);
        if status == Some(200) && twice > TimeDelta::zero() && !job.again {
            if let Some(stored) = hooks.jobs.get_mut(&number) {
                stored.again = true;
            }
            scene.turn.agenda.push(now + twice, Event::Deliver { number });
        } else if status == Some(200)
            || (job.api == Api::OnPremises && !scene.whatsapp.on_premises.told.callback_persist)
            || refused
            || now - job.since > TimeDelta::milliseconds(switches.whatsapp_give_up_ms)
        {
            hooks.jobs.remove(&number);
        } else {
            let doubled = switches.whatsapp_retry_ms << job.attempt.min(12).saturating_sub(1);
            scene.turn.agenda.push(now + TimeDelta::milliseconds(doubled), Event::Deliver { number });
        }
        for held in std::mem::take(&mut hooks.held) {
            scene.turn.agenda.push(now, Event::Deliver { number: held });
        }
    });
}

async fn post(sim: &Sim, number: u64, job: &Job, url: &str, strikes: &[What]) -> Option<u16> {
    let body = if job.api == Api::Cloud && job.signed { escape(&job.body) } else { job.body.clone() };
    let mut request = sim.http.post(url).header("content-type", "application/json").body(body.clone());
    if job.api == Api::Cloud && job.signed && !strikes.contains(&What::NoSignature) {
        let secret =
            if strikes.contains(&What::ForgedSignature) { "somebody else's" } else { CLOUD_ACCOUNT[4].1 };
        request = request.header("x-hub-signature-256", sign(&body, secret));
    }
    if job.api == Api::OnPremises && sim.switches().onprem_webhook_basic {
        request = request.basic_auth("whatsapp", Some("webhooks"));
    }
    let line = sim.lines.acquire().await.ok();
    let answer = tokio::select! {
        answer = request.send() => answer.ok().map(|answer| answer.status().as_u16()),
        () = sim.pause(20_000) => None,
        () = sim.stopped.cancelled() => None,
    };
    drop(line);
    sim.book.webhook(BookWebhook {
        number,
        vendor: job.api.vendor().into(),
        at: sim.clock.now(),
        attempt: job.attempt,
        status: answer,
        body,
    });
    answer
}
