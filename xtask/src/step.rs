// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Named steps, run one after the other, with the time each took.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::{Options, apt, boards, faults, mutants, package, programs, python, results, setup};

/// What runs the companion's exported models in its slow tests.
const ONNX_RUNTIME: &str = "distill/tests/export/requirements.txt";

/// What a step does.
#[derive(Debug)]
pub(crate) enum Action {
    /// Gets the tools.
    Setup,
    /// Gets the images of the nightly tests, and ONNX Runtime.
    Data,
    /// Runs a command.
    Run(Command),
    /// Waits for a command that has begun, and shows what it says: its output, and how long it ran.
    Begun(JoinHandle<(std::io::Result<Output>, Duration)>),
    /// Builds and runs the test programs, with these variables; those that are unchanged since
    /// they passed only if `again`.
    Programs { environment: Vec<(&'static str, &'static str)>, again: bool },
    /// Tests the Python package; without NumPy and pytest only if that is wanted.
    Package { may_be_missing: bool },
    /// Builds the wheel.
    Wheel,
    /// Installs the wheel that was built in a clean environment.
    Install,
    /// Builds the wheel and runs the tutorial with it.
    Tutorial,
    /// Compiles and verifies for every board.
    Boards,
    /// Puts every deliberate fault in, and has a test notice it.
    Faults,
    /// Tries an eighth of the mutants.
    Mutants,
    /// Lists a directory of results, and opens its picture where there is a screen.
    Show(&'static str),
}

/// One named step.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// What it is for, in half a sentence.
    pub(crate) about: &'static str,
    pub(crate) action: Action,
    /// The step with which its command already begins; what it says is shown in its turn.
    pub(crate) with: Option<&'static str>,
}

impl Step {
    /// A step that begins in its turn.
    pub(crate) fn new(name: &'static str, about: &'static str, action: Action) -> Self {
        Self { name, about, action, with: None }
    }

    /// A step that runs cargo, the same one that runs this program.
    pub(crate) fn cargo(name: &'static str, about: &'static str, args: &[&str]) -> Self {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(args);
        Self::new(name, about, Action::Run(command))
    }

    /// Begins its command with an earlier step.
    pub(crate) fn with(mut self, step: &'static str) -> Self {
        self.with = Some(step);
        self
    }

    /// Sets an environment variable for its command.
    pub(crate) fn env(mut self, key: &'static str, value: &'static str) -> Self {
        match &mut self.action {
            Action::Run(command) => drop(command.env(key, value)),
            Action::Programs { environment, .. } => environment.push((key, value)),
            _ => {}
        }
        self
    }

    /// Begins a command before its turn.
    fn begin(mut self) -> Self {
        if let Action::Run(mut command) = self.action {
            self.action = Action::Begun(std::thread::spawn(move || {
                let begun = Instant::now();
                (command.stdin(Stdio::null()).output(), begun.elapsed())
            }));
        }
        self
    }

    /// Whether it succeeded, and how long it ran.
    fn run(self, options: &Options) -> (bool, Duration) {
        let begun = Instant::now();
        let is_good = match self.action {
            Action::Setup => {
                setup::run(options);
                true
            }
            Action::Data => {
                apt::install(apt::DATA, !options.no_apt);
                python::add(ONNX_RUNTIME).map_err(|e| eprintln!("{e}")).is_ok()
            }
            Action::Package { may_be_missing } => said(package::test(may_be_missing)),
            Action::Wheel => said(package::wheel()),
            Action::Install => said(package::install()),
            Action::Tutorial => said(package::tutorial()),
            Action::Boards => said(boards::run(&[])),
            Action::Faults => said(faults::run(&[])),
            Action::Mutants => said(mutants::run(&mutants::of_the_day())),
            Action::Programs { environment, again } => said(programs::run(&environment, again)),
            Action::Show(dir) => results::show(dir),
            Action::Begun(running) => return shown(self.name, running),
            Action::Run(mut command) => match command.status() {
                Ok(status) => status.success(),
                Err(e) => {
                    eprintln!("{}: {e}", command.get_program().to_string_lossy());
                    false
                }
            },
        };
        (is_good, begun.elapsed())
    }
}

/// What a command that began before its turn has said.
fn shown(name: &str, running: JoinHandle<(std::io::Result<Output>, Duration)>) -> (bool, Duration) {
    let Ok((result, time)) = running.join() else { return (false, Duration::ZERO) };
    let is_good = said(result.map_err(|e| format!("{name}: {e}")).map(|output| {
        let _ = std::io::stdout().write_all(&output.stdout);
        let _ = std::io::stderr().write_all(&output.stderr);
        output.status.success()
    }));
    (is_good, time)
}

fn said(result: Result<bool, String>) -> bool {
    result.unwrap_or_else(|e| {
        eprintln!("{e}");
        false
    })
}

/// Runs the steps that were asked for: all of them even if one fails, except in the
/// demonstration, where each needs the one before. The summary of times comes before the
/// last step, whose own closing line then ends the output.
pub(crate) fn run_all(
    task: &str,
    steps: &[fn(&Options) -> Step],
    options: &Options,
) -> Result<bool, String> {
    let steps: Vec<Step> = steps.iter().map(|make| make(options)).collect();
    if let Some(unknown) = options.only.iter().find(|o| steps.iter().all(|s| s.name != **o)) {
        return Err(format!("{task} has no step {unknown}; see cargo xtask {task} --list"));
    }
    if options.list {
        steps.iter().for_each(|s| println!("{:10} {}", s.name, s.about));
        return Ok(true);
    }
    let mut chosen: VecDeque<_> = steps
        .into_iter()
        .filter(|s| options.only.is_empty() || options.only.iter().any(|o| o == s.name))
        .collect();
    let started = Instant::now();
    let mut done: Vec<(&str, bool, Duration)> = Vec::new();
    while let Some(step) = chosen.pop_front() {
        if chosen.is_empty() && !done.is_empty() {
            print!("{}", summary(task, &done, started.elapsed()));
        }
        let name = step.name;
        println!("== {task}: {name}");
        let _ = std::io::stdout().flush();
        let is_due = |s: &Step| s.with == Some(name);
        chosen = chosen.into_iter().map(|s| if is_due(&s) { s.begin() } else { s }).collect();
        let (ok, time) = step.run(options);
        done.push((name, ok, time));
        if !ok && task == "demo" {
            break;
        }
    }
    let failed: Vec<_> = done.iter().filter(|d| !d.1).map(|d| d.0).collect();
    // Nothing more on success: the output ends with the last step's own summary.
    if !failed.is_empty() {
        eprintln!(
            "xtask {task}: FAILED in {}; {:.1} s",
            failed.join(", "),
            started.elapsed().as_secs_f64()
        );
    }
    Ok(failed.is_empty())
}

fn summary(task: &str, done: &[(&str, bool, Duration)], whole: Duration) -> String {
    let mut text = format!("== {task}: so far\n");
    for (name, ok, time) in done {
        let _ = writeln!(
            text,
            "{:10} {:6} {:7.1} s",
            name,
            if *ok { "ok" } else { "FAILED" },
            time.as_secs_f64()
        );
    }
    let _ = writeln!(text, "{:17} {:7.1} s", "together", whole.as_secs_f64());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn true_step(_: &Options) -> Step {
        Step::new("true", "succeeds", Action::Run(Command::new("true")))
    }

    fn false_step(_: &Options) -> Step {
        Step::new("false", "fails", Action::Run(Command::new("false")))
    }

    #[test]
    fn one_failed_step_fails_the_task() {
        assert_eq!(run_all("t", &[false_step, true_step], &Options::default()), Ok(false));
        assert_eq!(run_all("t", &[true_step], &Options::default()), Ok(true));
    }

    /// The first waits for a file that the second makes.
    #[test]
    fn a_step_begins_with_another() {
        const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/begun");
        fn shell(name: &'static str, script: &str) -> Step {
            let mut command = Command::new("sh");
            command.args(["-c", script, "sh", FILE]);
            Step::new(name, "a script", Action::Run(command))
        }
        fn first(_: &Options) -> Step {
            shell(
                "first",
                "for k in $(seq 1000); do test -e $1 && exit 0; sleep 0.01; done; exit 1",
            )
        }
        fn second(_: &Options) -> Step {
            shell("second", "touch $1").with("first")
        }
        let _ = std::fs::create_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../target"));
        let _ = std::fs::remove_file(FILE);
        assert_eq!(run_all("t", &[first, second], &Options::default()), Ok(true));
    }

    #[test]
    fn only_runs_what_was_asked_for() {
        let only = |name: &str| Options { only: vec![name.into()], ..Options::default() };
        assert_eq!(run_all("t", &[false_step, true_step], &only("true")), Ok(true));
        assert!(run_all("t", &[true_step], &only("ture")).is_err());
    }

    #[test]
    fn summary_names_step_result_and_time() {
        let seconds = Duration::from_millis(1500);
        let steps = [("fmt", false, seconds), ("clippy", true, seconds)];
        let text = summary("test", &steps, seconds);
        let rows = text.lines().skip(1).map(|l| l.split_whitespace().collect::<Vec<_>>());
        let want = [
            vec!["fmt", "FAILED", "1.5", "s"],
            vec!["clippy", "ok", "1.5", "s"],
            vec!["together", "1.5", "s"],
        ];
        assert_eq!(rows.collect::<Vec<_>>(), want);
    }
}
