//! The four vendors on a loopback port, written by hand from their contracts and never from `channels`: a simulator
//! that shares the client's structs agrees with its misspellings.
//!
//! One port, one prefix per vendor. What a vendor would refuse is refused; what no client that keeps the contract
//! would send is written down as a *breach* in the [`Book`]. What the contracts leave open is a named switch
//! ([`Switches`]); what goes wrong in the world is a [`Fault`]. All time comes from the clock in [`Options`], all
//! chance from its seed.

mod agenda;
mod book;
mod cast;
mod control;
mod control_http;
mod dsco;
mod faults;
mod generate;
mod line;
mod live;
mod mangle;
mod options;
mod phrases;
mod points;
mod server;
mod shelf;
mod skyhub;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod thg;
mod vendor;
mod whatsapp;
mod wire;

/// The registry of the vendors beyond the demo's four: declares each one's file and puts its `vendor` into [`FURTHER`].
macro_rules! further {
    ($($vendor:ident,)*) => {
        $(mod $vendor;)*

        /// Makes each of them.
        const FURTHER: &[fn() -> Box<dyn Vendor>] = &[$($vendor::vendor),*];
    };
}

further! {
    // One line each: `toy,` for `toy.rs`. None so far.
}

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::Router;
use chrono::TimeDelta;
use tokio::{
    net::TcpListener,
    sync::{Notify, Semaphore},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use self::{
    agenda::{Agenda, Event},
    line::{Exchange, Scissors},
    phrases::Phrases,
    vendor::Vendor,
    whatsapp::Api,
    wire::{Call, Reply, Turn},
};
pub use self::{
    book::{Book, BookAttachment, BookMark, BookMessage, BookRequest, BookWebhook, Writer},
    control::Control,
    faults::{Fault, Faults, What},
    options::{Options, Switches},
    points::{EndOfPages, ErrorBody, HeavyError, ReplyBody, UnknownContext, WindowError},
};
use crate::domain::time::{Clock, Time};

/// One account at one vendor, as a `[[channel]]` of the configuration would write it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Account {
    /// The channel's name.
    pub name: String,
    /// The channel's kind.
    pub kind: &'static str,
    /// The other keys of the channel, secrets as literals.
    pub settings: Vec<(&'static str, String)>,
    /// The languages of its customers, where they are not all.
    pub languages: &'static [&'static str],
}

/// Everything that exists at the vendors.
struct World {
    thg: thg::Shop,
    dsco: dsco::Platform,
    skyhub: skyhub::Store,
    whatsapp: whatsapp::Business,
    further: Vec<Box<dyn Vendor>>,
    agenda: Agenda,
    rng: fastrand::Rng,
    phrases: Phrases,
    lang: Option<String>,
}

/// What all parts of a running simulator share.
struct Sim {
    clock: Arc<dyn Clock>,
    origin: String,
    book: Book,
    faults: Faults,
    switches: RwLock<Switches>,
    world: Mutex<World>,
    wake: Notify,
    stopped: CancellationToken,
    refusing: Arc<AtomicBool>,
    http: reqwest::Client,
    /// A receiver of webhooks is not called on more lines than these at once.
    lines: Semaphore,
}

impl Sim {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn switches(&self) -> Switches {
        self.switches.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How far the vendors' clock is ahead of ours.
    fn ahead(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.switches.read().unwrap_or_else(PoisonError::into_inner).vendor_clock_ms)
    }

    /// The vendors' time.
    fn now(&self) -> Time {
        self.clock.now() + self.ahead()
    }

    async fn pause(&self, ms: i64) {
        self.clock.sleep_until(self.clock.now() + TimeDelta::milliseconds(ms)).await;
    }

    /// One account per channel of the demo.
    fn accounts(&self) -> Vec<Account> {
        let origin = &self.origin;
        let account = |name: &str, kind, settings: &[(&'static str, &str)]| Account {
            name: name.into(),
            kind,
            settings: settings.iter().map(|(key, value)| (*key, value.replace("{origin}", origin))).collect(),
            languages: &[],
        };
        let mut accounts = vec![
            account("myprotein", "thg", &thg::APP_ACCOUNT),
            account("dsco-supplier", "dsco", &dsco::SUPPLIER_ACCOUNT),
            account("dsco-retailer", "dsco", &dsco::RETAILER_ACCOUNT),
            Account { languages: &["pt-BR"], ..account("americanas", "skyhub", &skyhub::ACCOUNT) },
            account("whatsapp", "whatsapp", &whatsapp::CLOUD_ACCOUNT),
            account("whatsapp-onprem", "whatsapp", &whatsapp::ON_PREMISES_ACCOUNT),
        ];
        accounts.extend(self.world().further.iter().map(|vendor| {
            let mut account = vendor.account();
            for (_, value) in &mut account.settings {
                *value = value.replace("{origin}", origin);
            }
            account
        }));
        accounts
    }

    /// Runs `act` with the world and a turn in it.
    fn turn<T>(&self, request: Option<u64>, quirks: &[What], act: impl FnOnce(&mut Scene<'_>) -> T) -> T {
        let switches = self.switches();
        let mut world = self.world();
        let World { thg, dsco, skyhub, whatsapp, further, agenda, rng, phrases, lang } = &mut *world;
        let turn = Turn {
            now: self.now(),
            book: &self.book,
            switches: &switches,
            origin: &self.origin,
            quirks,
            agenda,
            rng,
            request,
        };
        let result =
            act(&mut Scene { thg, dsco, skyhub, whatsapp, further, phrases, lang: lang.as_deref(), turn });
        drop(world);
        self.wake.notify_waiters();
        result
    }

    /// Asks the vendor.
    fn ask(&self, call: &Call, quirks: &[What]) -> Reply {
        self.turn(Some(call.number), quirks, |scene| match call.vendor {
            "thg" => scene.thg.answer(call, &mut scene.turn),
            "dsco" => scene.dsco.answer(call, &mut scene.turn),
            "skyhub" => scene.skyhub.answer(call, &mut scene.turn),
            "onprem" => scene.whatsapp.answer(Api::OnPremises, call, &mut scene.turn),
            "whatsapp" => scene.whatsapp.answer(Api::Cloud, call, &mut scene.turn),
            other => scene
                .further(other, |vendor, turn| vendor.answer(call, turn))
                .unwrap_or_else(|| Reply::empty(404)),
        })
    }

    /// Lives through everything that is due now and waits for the webhooks among it.
    async fn deliver_due(self: &Arc<Self>) {
        while let Some(event) = {
            let now = self.now();
            self.world().agenda.take(now)
        } {
            if let Event::Deliver { number } = event {
                whatsapp::deliver(self, number).await;
            } else {
                self.turn(None, &[], |scene| live::happen(scene, &event));
            }
        }
    }

    /// Sleeps until something is due, for as long as the simulator runs.
    async fn live(self: Arc<Self>) {
        loop {
            let woken = self.wake.notified();
            let now = self.now();
            let first = self.world().agenda.first();
            match first {
                Some(at) if at <= now => {
                    let event = self.world().agenda.take(now);
                    match event {
                        // A slow receiver must not hold up the rest of the world.
                        Some(Event::Deliver { number }) => {
                            let sim = Arc::clone(&self);
                            tokio::spawn(async move { whatsapp::deliver(&sim, number).await });
                        }
                        Some(event) => self.turn(None, &[], |scene| live::happen(scene, &event)),
                        None => {}
                    }
                }
                Some(at) => tokio::select! {
                    () = self.clock.sleep_until(at - self.ahead()) => {}
                    () = woken => {}
                    () = self.stopped.cancelled() => return,
                },
                None => tokio::select! {
                    () = woken => {}
                    () = self.stopped.cancelled() => return,
                },
            }
            if self.stopped.is_cancelled() {
                return;
            }
        }
    }
}

/// The world during one turn.
struct Scene<'a> {
    thg: &'a mut thg::Shop,
    dsco: &'a mut dsco::Platform,
    skyhub: &'a mut skyhub::Store,
    whatsapp: &'a mut whatsapp::Business,
    further: &'a mut Vec<Box<dyn Vendor>>,
    phrases: &'a Phrases,
    lang: Option<&'a str>,
    turn: Turn<'a>,
}

impl Scene<'_> {
    /// Acts on a vendor beyond the four; `None` where there is none of this name.
    fn further<T>(&mut self, name: &str, act: impl FnOnce(&mut dyn Vendor, &mut Turn<'_>) -> T) -> Option<T> {
        let vendor = self.further.iter_mut().find(|it| it.name() == name)?;
        Some(act(vendor.as_mut(), &mut self.turn))
    }
}

/// The running simulator. Dropping it stops it.
pub struct Simulator {
    sim: Arc<Sim>,
    address: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

impl Simulator {
    /// Binds the port, brings the cast on and starts to answer.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub async fn start(options: Options) -> std::io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        // Somebody may have installed one already; either will do, for webhooks go to loopback in plain HTTP.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(std::io::Error::other)?;
        let refusing = Arc::new(AtomicBool::new(false));
        let sim = Arc::new(Sim {
            origin: format!("http://{address}"),
            book: Book::default(),
            faults: Faults::default(),
            switches: RwLock::new(options.switches),
            world: Mutex::new(World {
                thg: thg::Shop::default(),
                dsco: dsco::Platform::default(),
                skyhub: skyhub::Store::default(),
                whatsapp: whatsapp::Business::default(),
                further: FURTHER.iter().map(|make| make()).collect(),
                agenda: Agenda::new(options.live),
                rng: fastrand::Rng::with_seed(options.seed),
                phrases: Phrases::load(),
                lang: options.lang,
            }),
            wake: Notify::new(),
            stopped: CancellationToken::new(),
            refusing: Arc::clone(&refusing),
            http,
            lines: Semaphore::new(16),
            clock: options.clock,
        });
        sim.turn(None, &[], |scene| {
            cast::enter(scene);
            generate::more(scene, options.conversations);
            live::begin(scene);
        });
        let app = Router::new()
            .fallback(server::serve)
            .with_state(Arc::clone(&sim))
            .into_make_service_with_connect_info::<Scissors>();
        let stopped = sim.stopped.clone();
        let serving = tokio::spawn(async move {
            let _ = axum::serve(Exchange::new(listener, refusing), app)
                .with_graceful_shutdown(stopped.cancelled_owned())
                .await;
        });
        let living = tokio::spawn(Arc::clone(&sim).live());
        Ok(Self { sim, address, tasks: vec![serving, living] })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// One account per channel of the demo: THG by the app API, Dsco as supplier and as retailer, SkyHub, WhatsApp
    /// Cloud and On-Premises.
    pub fn accounts(&self) -> Vec<Account> {
        self.sim.accounts()
    }

    /// The THG account by the web API (cookie instead of token), the same shopper.
    pub fn thg_web_account(&self) -> Account {
        Account {
            name: "myprotein-web".into(),
            kind: "thg",
            languages: &[],
            settings: thg::WEB_ACCOUNT
                .iter()
                .map(|(key, value)| (*key, value.replace("{origin}", &self.sim.origin)))
                .collect(),
        }
    }

    /// What arrived and what exists.
    pub fn book(&self) -> &Book {
        &self.sim.book
    }

    /// The handle by which tests and people act as customer, agent, vendor and weather.
    pub fn control(&self) -> Control {
        Control::new(Arc::clone(&self.sim))
    }

    /// Where WhatsApp's webhooks go. What happened before waits for its URL, as Meta's retries would.
    pub fn set_webhooks(&self, cloud: Option<String>, on_premises: Option<String>) {
        self.sim.turn(None, &[], |scene| scene.whatsapp.set_webhooks(cloud, on_premises, &mut scene.turn));
    }

    /// Stops answering and waits until the port is free.
    pub async fn stop(mut self) {
        self.sim.stopped.cancel();
        for task in std::mem::take(&mut self.tasks) {
            let abort = task.abort_handle();
            // A client that holds its connection open must not hold us.
            if tokio::time::timeout(std::time::Duration::from_secs(1), task).await.is_err() {
                abort.abort();
            }
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.sim.stopped.cancel();
        self.sim.refusing.store(false, Ordering::Relaxed);
    }
}

/// The moment `minutes` before `now`, on a whole second as vendors give it.
fn ago(now: Time, minutes: i64) -> Time {
    let at = now - TimeDelta::minutes(minutes);
    chrono::DateTime::from_timestamp(at.timestamp(), 0).unwrap_or(at)
}
