//! `footlight doctor`: asks the running server for its checks. Where none runs it says so, and checks the machine by itself.

use super::ask;
use crate::{
    api::{
        admin_socket::{AdminCommand, AdminReply},
        doctor::{CheckLine, Outcome, Report},
    },
    config::{env::Env, public_address::PublicAddress},
    net::clock::Clock,
    server::{
        admin_socket::socket,
        operations::doctor::{Check, Finding, LIMIT, machine},
    },
};
use anyhow::bail;
use futures::{FutureExt, future::join_all};
use std::{path::Path, time::Duration};
use tokio::{
    net::UnixStream,
    time::{Instant, sleep},
};

const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What is checked, and how it is printed.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Options {
    /// Print JSON for programs
    #[arg(long)]
    pub json: bool,
    /// Leave out what takes seconds: the capture, the media connection, connections to platforms
    #[arg(long)]
    pub quick: bool,
    /// Leave out what leaves this network
    #[arg(long)]
    pub offline: bool,
    /// Seconds to wait for a server that is starting
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub wait: u64,
}

/// Prints a line for each check.
///
/// # Errors
/// A check failed, or the data folder is not known.
pub async fn run(env: &Env, options: Options) -> anyhow::Result<()> {
    let path = socket(&env.data_folder()?);
    let report = if responds(&path, Duration::from_secs(options.wait)).await {
        of_server(env, options).await?
    } else {
        of_machine(env, &path, options).await?
    };
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", text(&report));
    }
    match report.checks.iter().filter(|check| check.outcome == Outcome::Fail).count() {
        0 => Ok(()),
        1 => bail!("one check failed"),
        failed => bail!("{failed} checks failed"),
    }
}

/// Whether a server responds at its socket, now or soon.
async fn responds(path: &Path, wait: Duration) -> bool {
    let until = Instant::now() + wait;
    loop {
        if UnixStream::connect(path).await.is_ok() {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        sleep(LOOK_EVERY).await;
    }
}

async fn of_server(env: &Env, Options { quick, offline, .. }: Options) -> anyhow::Result<Report> {
    let AdminReply::Health(mut report) = ask(env, &AdminCommand::Doctor { quick, offline }).await? else {
        bail!("the server returned something else: it may be another version");
    };
    report.checks.insert(0, Finding::ok("runs").line("studio"));
    Ok(report)
}

/// What can be known without a server.
async fn of_machine(env: &Env, socket: &Path, Options { quick, offline, .. }: Options) -> anyhow::Result<Report> {
    let (data, now) = (env.data_folder()?, Clock::machine().wall());
    let app_url = env.get("PUBLIC_APP_URL").unwrap_or("http://127.0.0.1:3000");
    let authority = PublicAddress::from_env(env, 3000).ok().and_then(|address| address.authority_file(&data));
    let check = |name, found| Check { name, limit: LIMIT, found };
    let mut all = vec![
        check("certificate", machine::certificate_of(app_url, authority, now).boxed()),
        check("disk", async { machine::disk(&data) }.boxed()),
        check("open files", async { machine::open_files() }.boxed()),
        check("names", machine::names(machine::hosts_of(&[app_url], offline)).boxed()),
    ];
    if !quick && !offline {
        all.push(check("outgoing 443", machine::outgoing(&machine::ENCRYPTED).boxed()));
        all.push(check("outgoing 1935", machine::outgoing(&machine::PLAIN).boxed()));
    }
    let found = join_all(all.into_iter().map(Check::run)).await;
    let missing = Finding::fail(
        format!("no server responds at {}", socket.display()),
        "Start it, or set FOOTLIGHT_DATA to its data folder and run this as its user. Only the machine was checked.",
    );
    let checks = std::iter::once(missing.line("studio")).chain(found).collect();
    Ok(Report { at: now, quick, checks })
}

/// A line for each check: outcome, name, what was found, what to do.
fn text(report: &Report) -> String {
    let line = |CheckLine { name, outcome, found, advice }: &CheckLine| {
        let advice = if advice.is_empty() { String::new() } else { format!(". {advice}") };
        format!("{:<5} {name:<14} {}{advice}\n", outcome.name(), found.trim_end_matches('.'))
    };
    report.checks.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offline() -> Options {
        Options { json: false, quick: true, offline: true, wait: 0 }
    }

    #[tokio::test]
    async fn without_a_server_the_machine_is_checked() {
        let data = tempfile::tempdir().expect("a folder");
        let env = Env::of_pairs([("FOOTLIGHT_DATA", data.path().to_str().expect("text"))]);
        let path = socket(data.path());
        assert!(!responds(&path, Duration::ZERO).await);
        let report = of_machine(&env, &path, offline()).await.expect("a report");
        assert!(!report.is_healthy());
        let names: Vec<_> = report.checks.iter().map(|check| check.name.as_str()).collect();
        assert_eq!(names, ["studio", "certificate", "disk", "open files", "names"]);
        let failed: Vec<_> = report.checks.iter().filter(|check| check.outcome == Outcome::Fail).collect();
        assert_eq!(failed[0].name, "studio");
        assert!(failed[0].advice.contains("FOOTLIGHT_DATA"), "{failed:?}");
        let error = run(&env, offline()).await.expect_err("a check failed").to_string();
        assert!(error.contains("failed"), "{error}");
    }

    #[tokio::test]
    async fn a_server_that_starts_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("socket");
        let (later, wait) = (path.clone(), Duration::from_secs(20));
        let waiting = tokio::spawn(async move { responds(&later, wait).await });
        let _listener = tokio::net::UnixListener::bind(&path).expect("a socket");
        assert!(waiting.await.expect("it ends"));
    }

    #[test]
    fn a_line_says_what_was_found_and_what_to_do() {
        let checks = vec![Finding::ok("answers in 2 ms").line("store"), Finding::fail("it is down.", "Start it.").line("relay")];
        let printed = text(&Report { at: Clock::machine().wall(), quick: true, checks });
        assert_eq!(printed, "ok    store          answers in 2 ms\nfail  relay          it is down. Start it.\n");
    }
}
