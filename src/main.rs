//! The one binary: `footlight serve | relay | egress | up | admin`. Each role is a process of its own, restartable while a show runs.

use clap::{Parser, Subcommand};
use footlight::config::{env::Env, telemetry::TelemetryConfig};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "footlight", version, about = "A self-hosted live-streaming studio")]
struct Cli {
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// Pages, API, the truth about sessions (the default)
    Serve,
    /// Holds the connections to the platforms
    Relay {
        /// Replace the relay that works with the same data folder; the platforms see one reconnect
        #[arg(long)]
        takeover: bool,
    },
    /// Local Web Egress: captures the composite page
    Egress {
        /// Seconds that running shows may go on after SIGTERM [default: until they end]
        #[arg(long, value_name = "SECONDS")]
        drain_timeout: Option<u64>,
    },
    /// The whole studio on this machine: LiveKit server, relay, egress and web server
    Up,
    /// Puts an order to the running server: accounts, keys, shows
    Admin {
        #[command(subcommand)]
        command: footlight::admin::Command,
    },
    /// Runs a program that ends when our standard input closes
    #[command(hide = true)]
    RunSupervised {
        /// The program and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<std::ffi::OsString>,
    },
    /// Ends and clears up one egress when its worker is gone
    #[command(hide = true)]
    EgressReaper { folder: std::path::PathBuf },
}

impl Role {
    /// As it is called on the command line.
    const fn name(&self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Relay { .. } => "relay",
            Self::Egress { .. } => "egress",
            Self::Up => "up",
            Self::Admin { .. } => "admin",
            Self::RunSupervised { .. } | Self::EgressReaper { .. } => "run-supervised",
        }
    }
}

/// Bytes of stack for each worker thread.
const STACK: usize = 16 << 20;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        // One sentence, also where the environment asks for backtraces.
        Err(error) => {
            eprintln!("footlight: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let role = Cli::parse().role.unwrap_or(Role::Serve);
    if let Role::EgressReaper { folder } = &role {
        return footlight::egress::reaper::run(folder);
    }
    let env = Env::of_process();
    footlight::up::parent_watch::watch(&env)?;
    // Two TLS providers are linked in; without a choice every client of either would fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let _telemetry = footlight::telemetry::init(&TelemetryConfig::from_env(&env, role.name())?)?;
    // Pages and store statements nest deeply; unoptimised, one page can need more than the usual 2 MiB. Only what is touched costs.
    let runtime = tokio::runtime::Builder::new_multi_thread().thread_stack_size(STACK).enable_all().build()?;
    runtime.block_on(async {
        match role {
            Role::Serve => footlight::serve::run(&env).await,
            Role::Relay { takeover } => footlight::relay::run(&env, takeover).await,
            Role::Egress { drain_timeout } => footlight::egress::run(&env, drain_timeout).await,
            Role::Up => footlight::up::run(&env).await,
            Role::Admin { command } => footlight::admin::run(&env, command).await,
            Role::RunSupervised { command } => footlight::up::parent_watch::run(&command).await,
            Role::EgressReaper { .. } => Ok(()),
        }
    })
}
