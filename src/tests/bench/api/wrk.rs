//! Load by wrk, which costs a fraction of the server: our own clients take two thirds of a small machine and leave the
//! server idle in between, which would measure its wake-ups.

use reqwest::Request;
use std::{fmt::Write, time::Duration};
use tokio::process::Command;

/// The result of a run.
pub struct Run {
    /// Completed calls.
    pub calls: f64,
    /// Duration of the run.
    pub took: Duration,
    /// Latencies in milliseconds.
    pub p50_ms: f64,
    /// The 99th percentile in milliseconds.
    pub p99_ms: f64,
}

/// Repeats a call on `connections` connections for `seconds`, each as soon as the one before is completed.
pub async fn wrk(request: &Request, connections: u32, seconds: u64) -> Run {
    // In a file, because the key must not be in the arguments.
    let script = tempfile::NamedTempFile::with_suffix(".lua").expect("a file");
    std::fs::write(&script, lua(request)).expect("written");
    let mut command = Command::new("wrk");
    // Node delays some calls for seconds.
    command
        .args(["--latency", "--threads", "1", "--timeout", "30s"])
        .arg(format!("--connections={connections}"))
        .arg(format!("--duration={seconds}s"));
    let output = command.arg("--script").arg(script.path()).arg(request.url().as_str()).kill_on_drop(true).output().await;
    let output = output.expect("wrk is installed: `make bench` sees to it");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains("Non-2xx") && !said.contains("Socket errors"), "{said}");
    let mut run = None;
    for line in said.lines() {
        // `  128416 requests in 5.00s, 64.33MB read`
        if let Some((calls, rest)) = line.split_once(" requests in ") {
            let took = time_ms(rest.split(',').next().unwrap_or_default());
            run = Some((calls.trim().parse().expect("a number"), Duration::from_secs_f64(took / 1000.0)));
        }
    }
    let (calls, took) = run.unwrap_or_else(|| panic!("no figure: {said}"));
    // `     50%    5.76ms`
    let percent = |percent: &str| said.lines().find_map(|line| line.trim().strip_prefix(percent)).map(|rest| time_ms(rest.trim()));
    Run { calls, took, p50_ms: percent("50%").expect("p50"), p99_ms: percent("99%").expect("p99") }
}

/// The call as a wrk script. Long brackets, because the text may contain quotes.
fn lua(request: &Request) -> String {
    let mut script = format!("wrk.method = \"{}\"\n", request.method());
    for (name, value) in request.headers() {
        let value = value.to_str().expect("text");
        writeln!(script, "wrk.headers[\"{name}\"] = [==[{value}]==]").expect("memory");
    }
    if let Some(body) = request.body().and_then(reqwest::Body::as_bytes) {
        writeln!(script, "wrk.body = [==[{}]==]", String::from_utf8_lossy(body)).expect("memory");
    }
    script
}

/// `431.00us`, `5.76ms`, `1.02s` or `1.50m`.
fn time_ms(text: &str) -> f64 {
    let unit = text.find(|c: char| c.is_ascii_alphabetic()).expect("a unit");
    let (number, unit) = text.split_at(unit);
    let factor = match unit {
        "us" => 0.001,
        "ms" => 1.0,
        "s" => 1000.0,
        _ => 60_000.0,
    };
    number.parse::<f64>().expect("a number") * factor
}
