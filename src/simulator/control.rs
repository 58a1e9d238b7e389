//! The handle by which a test or a person acts as customer, as agent, as vendor and as the weather.

use std::sync::{Arc, atomic::Ordering};

use serde_json::Value;

use super::{
    Scene, Sim, cast,
    dsco::Side,
    faults::{Fault, Faults},
    options::Switches,
    skyhub::Person,
    thg,
    vendor::Act,
    whatsapp::{Api, CLOUD_ACCOUNT, Inbound},
};
use crate::domain::time::Time;

/// The handle. All clones act on one simulator; conversations are named as interface.md names their remote ids.
#[derive(Clone)]
pub struct Control {
    sim: Arc<Sim>,
}

fn nobody(vendor: &str, conversation: &str) -> String {
    format!("{vendor} knows no conversation {conversation}")
}

fn api(vendor: &str) -> Api {
    if vendor == "onprem" { Api::OnPremises } else { Api::Cloud }
}

impl Control {
    pub(super) fn new(sim: Arc<Sim>) -> Self {
        Self { sim }
    }

    fn act<T>(&self, act: impl FnOnce(&mut Scene<'_>) -> T) -> T {
        self.sim.turn(None, &[], act)
    }

    /// A customer writes: in a SkyHub chat, through the retailer at Dsco, at either WhatsApp number.
    ///
    /// # Errors
    /// Where the conversation does not exist (WhatsApp: persons are made on the way).
    pub fn customer_says(&self, vendor: &str, conversation: &str, text: &str) -> Act {
        self.act(|scene| {
            let now = scene.turn.now;
            match vendor {
                "skyhub" => {
                    let (code, parts) =
                        conversation.rsplit_once('/').ok_or_else(|| nobody(vendor, conversation))?;
                    let person = scene.skyhub.partner(code, parts).filter(|person| person.role == "CUSTOMER");
                    let person = person.unwrap_or_else(|| cast::customer(99_000_001, "Cliente Novo"));
                    let said = scene.skyhub.say(code, parts, &person, text, now, &mut scene.turn);
                    if said { Ok(String::new()) } else { Err(nobody(vendor, conversation)) }
                }
                "dsco" => {
                    scene.dsco.find(conversation).ok_or_else(|| nobody(vendor, conversation))?;
                    Ok(scene.dsco.note(conversation, Side::Retailer, text, now, now, &mut scene.turn))
                }
                "whatsapp" | "onprem" => {
                    let what = Inbound::Text(text.into());
                    Ok(scene.whatsapp.receive(
                        api(vendor),
                        conversation,
                        "Somebody",
                        &what,
                        now,
                        &mut scene.turn,
                    ))
                }
                _ => scene
                    .further(vendor, |it, turn| it.customer_says(conversation, text, turn))
                    .unwrap_or_else(|| Err(format!("{vendor} has no customers who write"))),
            }
        })
    }

    /// The other side's agent writes: THG's staff, the marketplace's (SkyHub, any chat), the trading partner (Dsco,
    /// whoever did not write last).
    ///
    /// # Errors
    /// Where the conversation does not exist.
    pub fn agent_answers(&self, vendor: &str, conversation: &str, text: &str) -> Act {
        self.act(|scene| {
            let now = scene.turn.now;
            match vendor {
                "thg" => scene
                    .thg
                    .answered_by_agent(conversation, text, &mut scene.turn)
                    .ok_or_else(|| nobody(vendor, conversation)),
                "skyhub" => {
                    let (code, parts) =
                        conversation.rsplit_once('/').ok_or_else(|| nobody(vendor, conversation))?;
                    let said = scene.skyhub.say(code, parts, &cast::employee(), text, now, &mut scene.turn);
                    if said { Ok(String::new()) } else { Err(nobody(vendor, conversation)) }
                }
                "dsco" => {
                    let side =
                        scene.dsco.last_writer(conversation).ok_or_else(|| nobody(vendor, conversation))?;
                    Ok(scene.dsco.note(conversation, side.other(), text, now, now, &mut scene.turn))
                }
                _ => scene
                    .further(vendor, |it, turn| it.agent_answers(conversation, text, turn))
                    .unwrap_or_else(|| Err(format!("{vendor} has no agents who write"))),
            }
        })
    }

    /// A colleague writes for us elsewhere: the seller's portal (SkyHub), Dsco's portal as supplier, THG's site, the
    /// phone (WhatsApp Cloud, as an echo).
    ///
    /// # Errors
    /// Where the conversation does not exist.
    pub fn we_write_elsewhere(&self, vendor: &str, conversation: &str, text: &str) -> Act {
        self.act(|scene| {
            let now = scene.turn.now;
            match vendor {
                "skyhub" => {
                    let (code, parts) = conversation.rsplit_once('/').ok_or_else(|| nobody(vendor, conversation))?;
                    let portal = Person {
                        code: 902,
                        email: "portal@example.com".into(),
                        name: "Portal da Loja".into(),
                        role: "SELLER",
                    };
                    let said = scene.skyhub.say(code, parts, &portal, text, now, &mut scene.turn);
                    if said { Ok(String::new()) } else { Err(nobody(vendor, conversation)) }
                }
                "dsco" => {
                    scene.dsco.find(conversation).ok_or_else(|| nobody(vendor, conversation))?;
                    Ok(scene.dsco.note(conversation, Side::Supplier, text, now, now, &mut scene.turn))
                }
                "thg" => scene
                    .thg
                    .add(conversation, true, text, now, None, &mut scene.turn)
                    .ok_or_else(|| nobody(vendor, conversation)),
                "whatsapp" => {
                    let id = format!("wamid.echo{:016x}", scene.turn.rng.u64(..));
                    let echo = serde_json::json!({"message_echoes": [{
                        "from": "15550783881", "to": conversation, "id": id, "timestamp": now.timestamp().to_string(),
                        "type": "text", "text": {"body": text},
                    }]});
                    scene.whatsapp.emit_field("smb_message_echoes", &echo, &mut scene.turn);
                    Ok(id)
                }
                _ => scene
                    .further(vendor, |it, turn| it.we_write_elsewhere(conversation, text, turn))
                    .unwrap_or_else(|| Err(format!("{vendor} has no other door"))),
            }
        })
    }

    /// Sets a status as the vendor or the other side: THG and Dsco statuses, SkyHub `seller_status` of a chat, or, by the
    /// code alone, `status` of a ticket.
    ///
    /// # Errors
    /// Where the conversation or the status does not exist.
    pub fn set_status(&self, vendor: &str, conversation: &str, status: &str) -> Act {
        let done = self.act(|scene| match vendor {
            "thg" => scene.thg.set_status(conversation, status, &scene.turn),
            "dsco" => scene.dsco.set_status(conversation, status, &scene.turn),
            "skyhub" if !conversation.contains('/') => {
                scene.skyhub.set_ticket_status(conversation, status, &scene.turn)
            }
            "skyhub" => {
                let chat = conversation
                    .rsplit_once('/')
                    .and_then(|(code, parts)| scene.skyhub.find(code).and_then(|ticket| ticket.chat(parts)));
                chat.map(|chat| chat.seller_status = status.into()).is_some()
            }
            _ => scene.further(vendor, |it, turn| it.set_status(conversation, status, turn)).unwrap_or(false),
        });
        if done { Ok(String::new()) } else { Err(nobody(vendor, conversation)) }
    }

    /// SkyHub's marketplace takes a ticket over (`on`: PAUSED) or hands it back.
    ///
    /// # Errors
    /// Where the ticket does not exist.
    pub fn mediation(&self, code: &str, on: bool) -> Act {
        let done = self.act(|scene| {
            let now = scene.turn.now;
            scene.skyhub.mediate(code, on, now)
        });
        if done { Ok(String::new()) } else { Err(nobody("skyhub", code)) }
    }

    /// A new SkyHub ticket with a first message; returns `CODE/CUSTOMER_SELLER`.
    pub fn new_ticket(&self, code: &str, order: &str, name: &str, text: &str) -> String {
        self.act(|scene| {
            let now = scene.turn.now;
            let person = cast::customer(88_000_001, name);
            scene.skyhub.open(code, order, &["CUSTOMER_SELLER"], now);
            scene.skyhub.say(code, "CUSTOMER_SELLER", &person, text, now, &mut scene.turn);
        });
        format!("{code}/CUSTOMER_SELLER")
    }

    /// A new Dsco conversation by the retailer (`consumer`: customer care); returns its id.
    pub fn new_thread(&self, title: &str, consumer: Option<&str>, text: &str) -> String {
        self.act(|scene| {
            let thread = cast::thread(title, consumer, Side::Retailer, text, scene.turn.now);
            scene.dsco.begin(thread, &mut scene.turn)
        })
    }

    /// A new THG discussion of the shopper, begun on the web site; returns its id.
    pub fn new_discussion(&self, category: &str, text: &str) -> String {
        self.act(|scene| {
            let now = scene.turn.now;
            let id = scene.thg.open(category, None, now);
            scene.thg.add(&id, true, text, now, None, &mut scene.turn);
            id
        })
    }

    /// A WhatsApp customer sends anything: `kind` and its object as they stand in `messages[]`, at a time of choice.
    /// `vendor` is `whatsapp` or `onprem`. Returns the message's id.
    pub fn whatsapp_message(
        &self,
        vendor: &str,
        person: &str,
        name: &str,
        kind: &str,
        fields: &Value,
        at: Option<Time>,
    ) -> String {
        self.act(|scene| {
            let what = match (kind, fields.as_str()) {
                ("text", Some(text)) => Inbound::Text(text.into()),
                _ => Inbound::Other(kind.into(), fields.clone()),
            };
            let at = at.unwrap_or(scene.turn.now);
            scene.whatsapp.receive(api(vendor), person, name, &what, at, &mut scene.turn)
        })
    }

    /// A WhatsApp customer sends a file. Returns the message's id.
    pub fn whatsapp_file(&self, vendor: &str, person: &str, kind: &str, mime: &str, bytes: &[u8]) -> String {
        self.act(|scene| {
            let now = scene.turn.now;
            let what = Inbound::File {
                kind: kind.into(),
                bytes: bytes.to_vec(),
                mime: mime.into(),
                caption: None,
                name: None,
            };
            scene.whatsapp.receive(api(vendor), person, "Somebody", &what, now, &mut scene.turn)
        })
    }

    /// A customer quotes one of our messages.
    pub fn whatsapp_quote(&self, vendor: &str, person: &str, id: &str, text: &str) -> String {
        self.act(|scene| {
            let now = scene.turn.now;
            let what = Inbound::Quote { text: text.into(), id: id.into() };
            scene.whatsapp.receive(api(vendor), person, "Somebody", &what, now, &mut scene.turn)
        })
    }

    /// A customer reacts to one of our messages; an empty emoji takes the reaction back.
    pub fn whatsapp_reaction(&self, vendor: &str, person: &str, id: &str, emoji: &str) -> String {
        self.act(|scene| {
            let now = scene.turn.now;
            let what = Inbound::Reaction { id: id.into(), emoji: emoji.into() };
            scene.whatsapp.receive(api(vendor), person, "Somebody", &what, now, &mut scene.turn)
        })
    }

    /// A status of one of our messages, now: `sent`, `delivered`, `read`, `failed`, `played`, `deleted`, `warning`.
    ///
    /// # Errors
    /// Where the status is unknown.
    pub fn whatsapp_status(&self, vendor: &str, id: &str, status: &str) -> Act {
        let known = ["sent", "delivered", "read", "failed", "played", "deleted", "warning"];
        let Some(status) = known.into_iter().find(|known| *known == status) else {
            return Err(format!("unknown status {status}"));
        };
        self.act(|scene| scene.whatsapp.status(api(vendor), id, status, &mut scene.turn));
        Ok(String::new())
    }

    /// Sends a webhook with this body as it is; `signed` adds the Cloud API's escaping and signature.
    pub fn webhook(&self, vendor: &str, body: Vec<u8>, signed: bool) {
        self.act(|scene| scene.whatsapp.emit_raw(api(vendor), body, signed, &mut scene.turn));
    }

    /// Asks the Cloud webhook to prove itself, as Meta does when it is set: returns status and body.
    ///
    /// # Errors
    /// Where no URL is set or nobody answers.
    pub async fn verify_webhook(
        &self,
        token: Option<&str>,
        challenge: &str,
    ) -> Result<(u16, String), String> {
        let url = self.act(|scene| scene.whatsapp.webhook_url(Api::Cloud)).ok_or("no webhook URL is set")?;
        let token = token.unwrap_or(CLOUD_ACCOUNT[5].1);
        let query = [("hub.mode", "subscribe"), ("hub.challenge", challenge), ("hub.verify_token", token)];
        let answer = self.sim.http.get(url).query(&query).send().await.map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        Ok((status, answer.text().await.map_err(|error| error.to_string())?))
    }

    /// Waits until everything that is due by the clock has happened and no webhook is on the line.
    pub async fn settled(&self) {
        loop {
            let woken = self.sim.wake.notified();
            let now = self.sim.clock.now();
            let busy = {
                let world = self.sim.world();
                world.whatsapp.in_flight() > 0 || world.agenda.first().is_some_and(|at| at <= now)
            };
            if !busy {
                return;
            }
            self.sim.deliver_due().await;
            let still = self.sim.world().whatsapp.in_flight() > 0;
            if still {
                woken.await;
            }
        }
    }

    /// How many webhooks wait for a 200.
    pub fn webhooks_outstanding(&self) -> usize {
        self.act(|scene| scene.whatsapp.outstanding())
    }

    /// Lets something go wrong.
    pub fn fault(&self, fault: Fault) {
        self.sim.faults.add(fault);
    }

    /// Replaces all faults, for a script read by [`Faults::from_json`].
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.clear_faults();
        for fault in faults {
            self.fault(fault);
        }
    }

    /// Lets nothing go wrong any more.
    pub fn clear_faults(&self) {
        self.sim.faults.clear();
    }

    /// The faults, and how often each has struck.
    pub fn faults(&self) -> Vec<(Fault, u32)> {
        self.sim.faults.used()
    }

    /// Reads faults from a JSON file's text and adds them.
    ///
    /// # Errors
    /// Says what could not be read.
    pub fn faults_from_json(&self, text: &str) -> Act {
        let list = Faults::from_json(text)?;
        let count = list.len();
        for fault in list {
            self.fault(fault);
        }
        Ok(count.to_string())
    }

    /// Changes the switches.
    pub fn switches(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.sim.switches.write().unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    /// Sets the switch of this name.
    ///
    /// # Errors
    /// Where there is none, or the value does not fit.
    pub fn set_switch(&self, name: &str, value: Value) -> Result<(), String> {
        self.sim.switches.write().unwrap_or_else(std::sync::PoisonError::into_inner).set(name, value)
    }

    /// Ends all sessions and tokens of a vendor.
    pub fn expire_sessions(&self, vendor: &str) {
        self.act(|scene| match vendor {
            "thg" => scene.thg.expire(),
            "dsco" => scene.dsco.expire(),
            "onprem" => scene.whatsapp.expire(),
            _ => {
                scene.further(vendor, |it, _| it.expire());
            }
        });
    }

    /// While `on`, whoever connects is reset before a byte is read: the vendor is unreachable.
    pub fn unreachable(&self, on: bool) {
        self.sim.refusing.store(on, Ordering::Relaxed);
    }

    /// The ids of all conversations of a vendor.
    pub fn conversations(&self, vendor: &str) -> Vec<String> {
        self.act(|scene| match vendor {
            "thg" => scene.thg.discussions.iter().map(|one: &thg::Discussion| one.id.clone()).collect(),
            "dsco" => scene.dsco.threads.iter().map(|thread| thread.id.clone()).collect(),
            "skyhub" => scene
                .skyhub
                .tickets
                .iter()
                .flat_map(|ticket| ticket.chats.iter().map(|chat| format!("{}/{}", ticket.code, chat.parts)))
                .collect(),
            "whatsapp" | "onprem" => scene.whatsapp.people(api(vendor)),
            _ => scene.further(vendor, |it, _| it.conversations()).unwrap_or_default(),
        })
    }

    /// A vendor's own view of a conversation's state, for tests: THG and Dsco status, SkyHub `seller_status`.
    pub fn status(&self, vendor: &str, conversation: &str) -> Option<String> {
        self.act(|scene| match vendor {
            "thg" => scene.thg.find(conversation).map(|one| one.status.to_owned()),
            "dsco" => scene.dsco.find(conversation).map(|thread| thread.status.to_owned()),
            "skyhub" => conversation
                .rsplit_once('/')
                .and_then(|(code, parts)| scene.skyhub.find(code).and_then(|ticket| ticket.chat(parts)))
                .map(|chat| chat.seller_status.clone()),
            _ => scene.further(vendor, |it, _| it.status(conversation)).flatten(),
        })
    }

    /// Whether the shopper has read a THG discussion, as THG sees it.
    pub fn thg_read(&self, discussion: &str) -> Option<bool> {
        self.act(|scene| scene.thg.find(discussion).map(|one| one.read))
    }
}
