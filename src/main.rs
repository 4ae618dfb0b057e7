//! The one binary: `footlight serve | relay | egress | up | setup | admin`. Each role is a separate process that can be restarted while
//! a stream runs.

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use footlight::config::{env::Env, proxy, telemetry::TelemetryConfig, variables};
use std::{
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(Parser)]
#[command(
    name = "footlight",
    version,
    about = "A self-hosted live-streaming studio",
    after_help = "Settings are variables of the environment: `footlight help-config` lists them."
)]
struct Cli {
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// Web server: pages, API and sessions (the default)
    Serve,
    /// Receives the composite, sends it to the platforms, and records
    Relay {
        /// Replace the running relay of the same data folder; each platform sees one reconnect
        #[arg(long)]
        takeover: bool,
    },
    /// Local Web Egress: captures and encodes the composite page
    Egress {
        /// Seconds that running egresses may continue after SIGTERM [default: until they end]
        #[arg(long, value_name = "SECONDS")]
        drain_timeout: Option<u64>,
    },
    /// Everything on this machine: LiveKit server, relay, egress and web server
    Up,
    /// Before a service manager starts the roles: makes missing secrets, and writes each role's variables and LiveKit's configuration
    Setup {
        /// Where secrets that were made are kept
        #[arg(long, value_name = "FILE", default_value = "/etc/footlight/secrets.env")]
        secrets: PathBuf,
        /// The folder of what is written
        #[arg(long, value_name = "FOLDER", default_value = "/run/footlight")]
        into: PathBuf,
    },
    /// Commands for the running server: accounts, keys, sessions
    Admin {
        #[command(subcommand)]
        command: footlight::admin::Command,
    },
    /// Write a backup of the running server: accounts, destinations, sessions, sealed keys
    Backup {
        /// The file to write
        file: PathBuf,
        /// Include the recordings on this machine
        #[arg(long)]
        recordings: bool,
    },
    /// Restore a backup into an empty data folder
    Restore {
        /// The file that `footlight backup` wrote
        file: PathBuf,
    },
    /// Check the installation: every part, the way media take, the machine; one line each, and what to do
    Doctor(footlight::admin::doctor::Options),
    /// Print every variable of the environment: what it is, its form and its default
    HelpConfig,
    /// Runs a program, and ends it when standard input closes
    // A running `footlight up` of an older version restarts LiveKit with the alias.
    #[command(hide = true, alias = "keep")]
    RunSupervised {
        /// The program and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<std::ffi::OsString>,
    },
    /// Cleans up one egress when its worker has exited
    #[command(hide = true)]
    EgressReaper { folder: PathBuf },
    /// Writes the manual pages and the completions of shells, for packages
    #[command(hide = true)]
    Documents { folder: PathBuf },
}

impl Role {
    /// Its name on the command line.
    const fn name(&self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Relay { .. } => "relay",
            Self::Egress { .. } => "egress",
            Self::Up => "up",
            Self::Setup { .. } => "setup",
            Self::Admin { .. } => "admin",
            Self::Backup { .. } => "backup",
            Self::Restore { .. } => "restore",
            Self::Doctor(_) => "doctor",
            Self::HelpConfig => "help-config",
            Self::RunSupervised { .. } | Self::EgressReaper { .. } | Self::Documents { .. } => "run-supervised",
        }
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        // One sentence, even if the environment asks for backtraces.
        Err(error) => {
            eprintln!("footlight: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Becomes the same program once more, with the exceptions in its environment: a running program cannot change what its libraries read.
/// It returns only if that failed.
fn again_without_proxies(exceptions: &str) -> anyhow::Error {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return anyhow::Error::new(error).context("HTTP_PROXY is set, and the path of this program is unknown"),
    };
    let mut command = std::process::Command::new(program);
    command.args(std::env::args_os().skip(1)).envs(proxy::EXCEPTIONS.map(|name| (name, exceptions)));
    anyhow::Error::new(command.exec())
        .context("a proxy is named in the environment and its exceptions could not be set; unset HTTP_PROXY, HTTPS_PROXY and ALL_PROXY")
}

/// `footlight.1` and a page for each command, and the completions of bash, fish and zsh under the names by which they are found.
fn write_documents(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Cli::command(), folder)?;
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        clap_complete::generate_to(shell, &mut Cli::command(), "footlight", folder)?;
    }
    Ok(())
}

fn run() -> anyhow::Result<()> {
    let role = Cli::parse().role.unwrap_or(Role::Serve);
    if let Role::EgressReaper { folder } = &role {
        footlight::egress::reaper::run(folder);
        return Ok(());
    }
    if matches!(role, Role::HelpConfig) {
        print!("{}", variables::help());
        return Ok(());
    }
    if let Role::Documents { folder } = &role {
        return write_documents(folder);
    }
    let env = Env::of_process();
    if matches!(role, Role::Serve)
        && let Some(exceptions) = proxy::exceptions(&env)
    {
        return Err(again_without_proxies(&exceptions));
    }
    footlight::up::parent_watch::watch(&env)?;
    // Two TLS providers are linked in; without a default every client would fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let _telemetry = footlight::telemetry::init(&TelemetryConfig::from_env(&env, role.name())?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match role {
            Role::Serve => footlight::serve::run(&env).await,
            Role::Relay { takeover } => footlight::relay::run(&env, takeover).await,
            Role::Egress { drain_timeout } => footlight::egress::run(&env, drain_timeout).await,
            Role::Up => footlight::up::run(&env).await,
            Role::Admin { command } => footlight::admin::run(&env, command).await,
            Role::Backup { file, recordings } => footlight::backup::backup(&env, &file, recordings).await,
            Role::Restore { file } => footlight::backup::restore(&env, &file).await,
            Role::Doctor(options) => footlight::admin::doctor::run(&env, options).await,
            Role::RunSupervised { command } => footlight::up::parent_watch::run(&command).await,
            Role::Setup { secrets, into } => footlight::up::setup::run(&env, &secrets, &into).await,
            Role::HelpConfig | Role::EgressReaper { .. } | Role::Documents { .. } => Ok(()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_manual_page_and_completions() {
        let folder = tempfile::tempdir().expect("a folder");
        write_documents(folder.path()).expect("written");
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect(name);
        assert!(read("footlight.1").contains("streaming studio"), "{}", read("footlight.1"));
        let shells = ["footlight.bash", "footlight.fish", "_footlight"].map(read);
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let name = command.get_name();
            assert!(read(&format!("footlight-{name}.1")).contains(".SH SYNOPSIS"), "{name}");
            assert!(shells.iter().all(|text| text.contains(name)), "{name}");
        }
        assert!(!folder.path().join("footlight-run-supervised.1").exists(), "nobody calls it by hand");
    }
}
