//! Two runs with one seed print the same, whatever else the machine does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::run::{demo, play, text};

/// Runs of each form without other work, and among it.
const QUIET: usize = 3;
const LOADED: usize = 12;

/// Threads that never rest, twice as many as the machine runs at once, so that every task of the demo waits now and then.
struct Load {
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    fn new() -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let count = 2 * std::thread::available_parallelism().map_or(2, usize::from);
        let threads = (0..count)
            .map(|_| {
                let ended = ended.clone();
                std::thread::spawn(move || {
                    while !ended.load(Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                })
            })
            .collect();
        Self { ended, threads }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

#[test]
fn two_runs_with_one_seed_print_the_same() {
    let options = ["--seed", "5", "--from", "2013-02-01", "--to", "2013-02-04"];
    for form in [&[][..], &["--json"]] {
        let printed = || {
            let output = demo(&options).args(form).output().expect("runs");
            assert!(
                output.status.success() && !output.stdout.is_empty(),
                "{}",
                text(&output)
            );
            String::from_utf8(output.stdout).expect("UTF-8")
        };
        let first = printed();
        let same = |when: &str| {
            let other = printed();
            let lines = first.lines().zip(other.lines());
            let differing: Vec<_> = lines.filter(|(a, b)| a != b).collect();
            assert!(differing.is_empty(), "{when}: {differing:#?}");
            assert_eq!(first, other, "{when}");
        };
        (1..QUIET).for_each(|_| same("alone"));
        let _load = Load::new();
        (0..LOADED).for_each(|_| same("among other work"));
    }
}

#[test]
fn two_seeds_make_two_statements() {
    let cose = |seed| {
        play(&["--seed", seed, "--from", "2013-02-01", "--to", "2013-02-02"])["supplier"]["cose"]
            .clone()
    };
    assert_ne!(cose("5"), cose("6"));
}
