//! The command line: one file per command, and the composition root, the only place that names concrete stores and
//! channels.

mod args;
mod attachment;
mod clock;
mod clocks;
mod config;
mod context;
mod demo;
mod doctor;
mod erase;
mod error;
mod explain;
mod find;
mod hooks;
mod inbox;
mod interchange;
mod json;
mod lead_end;
mod list;
mod log;
mod outbox;
mod plain;
mod reply;
mod report;
mod show;
mod signals;
mod simulate;
mod sync;
mod transfer;
mod triage;
mod wait;
mod words;

use std::process::ExitCode;

use args::{Cli, Command};
use clap::{CommandFactory, Parser};
use context::{Desk, World};
use error::{CliError, Code};

use crate::{
    app::Start,
    config::{Account, Environment},
    domain::text::SafeText,
};

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    // Nobody else of the box may read what is made; a store for a group asks for more by itself.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    forbid_core_dumps();
    let cli = match Cli::try_parse_from(words::options_first(std::env::args_os().collect())) {
        Ok(cli) => cli,
        Err(error) => {
            let said = error.render().to_string();
            // It quotes arguments, and a script's may hold a customer's words.
            if SafeText::block(&said) == said.as_str() {
                let _ = error.print();
            } else {
                plain::note(said.trim_end());
            }
            return ExitCode::from(if error.use_stderr() { Code::Usage as u8 } else { 0 });
        }
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.text.is_empty() {
                plain::note(&format!("deskline: {}", error.text));
            }
            if let Some(hint) = &error.hint {
                plain::note(&format!("  {hint}"));
            }
            error.exit_code()
        }
    }
}

fn run(cli: Cli) -> Result<(), CliError> {
    let environment = Environment::new(std::env::vars_os(), Account::current());
    #[cfg(debug_assertions)]
    if let Some(place) = environment.get("DESKLINE_CRASH_AT") {
        crate::store::crash::arm(place);
    }
    match &cli.command {
        Some(Command::Completions { shell }) => {
            let mut bytes = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "deskline", &mut bytes);
            return plain::raw(&bytes);
        }
        Some(Command::Man) => {
            let mut bytes = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut bytes)?;
            bytes.extend(crate::app::manual::roff().into_bytes());
            return plain::raw(&bytes);
        }
        Some(Command::Config(command)) => return config::run(environment, cli.config, command),
        _ => {}
    }
    // Two workers: one for the screen, one beside it; files and look-ups on few blocking threads.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(16)
        .enable_all()
        .build()?;
    let _log = log::start(&environment.log_folder(), environment.get("DESKLINE_LOG"));
    let outcome = runtime.block_on(dispatch(cli, environment));
    // A blocking thread that waits for a lock must not hold up the exit.
    runtime.shutdown_background();
    outcome
}

async fn dispatch(cli: Cli, environment: Environment) -> Result<(), CliError> {
    if (cli.linear || cli.print) && cli.command.is_some() {
        let message = "--linear and --print before a command are the inbox's; give them after demo";
        return Err(CliError::new(Code::Usage, message));
    }
    if cli.channel.is_some() && cli.command.is_some() {
        return Err(CliError::new(
            Code::Usage,
            "--channel before a command is the inbox's; give it after the command",
        ));
    }
    let command = match cli.command {
        Some(Command::Demo(args)) => {
            return Box::pin(demo::run(environment, cli.config, args, false)).await;
        }
        Some(Command::Tutor) => {
            return Box::pin(demo::run(environment, None, demo::tutor(), true)).await;
        }
        Some(Command::Simulate(args)) => return simulate::run(args).await,
        Some(Command::Doctor(args)) => return doctor::run(environment, cli.config, args).await,
        other => other,
    };
    let outside = environment.clone();
    let desk = Desk::open(World::load(environment, cli.config)?).await?;
    match command {
        None => {
            let face = inbox::Face::open(&desk.world.environment, cli.linear, cli.print)?;
            match Box::pin(inbox::run(desk, cli.channel, face)).await? {
                Some(start) => Box::pin(demo::run(outside, None, demo::tutor(), start == Start::Tutor)).await,
                None => Ok(()),
            }
        }
        Some(Command::Sync(args)) => sync::run(&desk, args).await,
        Some(Command::List(args)) => list::run(&desk, args).await,
        Some(Command::Show(args)) => show::run(&desk, args).await,
        Some(Command::Explain(args)) => explain::run(&desk, args).await,
        Some(Command::Reply(args)) => reply::reply(&desk, args).await,
        Some(Command::New(args)) => reply::new(&desk, args).await,
        Some(Command::Set(args)) => triage::set(&desk, args).await,
        Some(Command::Settle(args)) => triage::settle(&desk, args).await,
        Some(Command::Status(args)) => triage::status(&desk, args).await,
        Some(Command::Read(args)) => triage::read(&desk, args).await,
        Some(Command::Unread(args)) => triage::unread(&desk, args).await,
        Some(Command::Assign(args)) => triage::assign(&desk, args).await,
        Some(Command::Label(args)) => triage::label(&desk, args).await,
        Some(Command::Snooze(args)) => triage::snooze(&desk, args).await,
        Some(Command::Handover(args)) => triage::handover(&desk, args).await,
        Some(Command::Promise(args)) => triage::promise(&desk, args).await,
        Some(Command::Outbox(args)) => outbox::run(&desk, args).await,
        Some(Command::Erase(args)) => erase::run(&desk, args).await,
        Some(Command::Report(args)) => report::run(&desk, args).await,
        Some(Command::Attachment(command)) => attachment::run(&desk, command).await,
        Some(Command::Import(args)) => transfer::import(&desk, args).await,
        Some(Command::Export(args)) => transfer::export(&desk, args).await,
        // Handled above: these need no store, or a store of their own.
        Some(
            Command::Demo(_)
            | Command::Tutor
            | Command::Simulate(_)
            | Command::Doctor(_)
            | Command::Config(_)
            | Command::Completions { .. }
            | Command::Man,
        ) => Ok(()),
    }
}

/// Customers' words and credentials must not end up in a core file.
fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = Rlimit { current: Some(0), maximum: getrlimit(Resource::Core).maximum };
    // Refused only where it is lower already.
    let _ = setrlimit(Resource::Core, limit);
}
