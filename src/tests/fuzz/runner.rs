//! Runs a target: all its stored cases, then random changes of them. The same ones in every run, about a second of them; with
//! `FOOTLIGHT_SOAK` others in every run, for a minute. What fails is made smaller and printed as a case to store.

use super::inputs::{Case, changed, stored};
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    time::{Duration, Instant},
};

const SOAK: Duration = Duration::from_secs(60);

/// `cases` is how many random inputs take about a second.
pub fn run(target: &str, cases: u32, test: impl Fn(&[u8])) {
    let stored = stored(target);
    for case in &stored {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| test(&case.bytes()))) {
            eprintln!("{target}: the stored case {} fails", case.name);
            resume_unwind(panic);
        }
    }
    if std::env::var_os("FOOTLIGHT_SOAK").is_none() {
        return round(target, &stored, cases, 0, &test);
    }
    let (began, mut rounds) = (Instant::now(), 0_u32);
    while began.elapsed() < SOAK {
        round(target, &stored, cases, rand::random(), &test);
        rounds += 1;
    }
    println!("{target}: {} stored cases and {} random ones", stored.len(), u64::from(rounds) * u64::from(cases));
}

fn round(target: &str, stored: &[Case], cases: u32, seed: u64, test: &impl Fn(&[u8])) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    let mut long = [0; 32];
    long[..8].copy_from_slice(&seed.to_be_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &long));
    let outcome = runner.run(&changed(stored), |input| {
        test(&input);
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, input)) => panic!(
            "{target}: {reason}\nAs text: {:?}\nStore it as src/tests/fuzz/corpus/{target}/<what it is>.hex:\n{}",
            String::from_utf8_lossy(&input),
            hex::encode(&input)
        ),
        Err(TestError::Abort(reason)) => panic!("{target}: {reason}"),
    }
}
