//! A launch in virtual time: one thread, as fast as it goes, and a fingerprint of all that was said.

mod supervised;

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use nevil_runtime::{Clock, Environment, NodeSpec, RobotStatus, SimulatedRobot, SimulationError};

use crate::exit::Exit;
use crate::options::LaunchOptions;
use crate::plan::Plan;
use crate::supervision::Supervision;
use crate::text::duration_text;
use supervised::Supervised;

/// Runs `plan` for the duration in `options` of virtual time.
pub(crate) fn run(plan: Plan, options: &LaunchOptions) -> Exit {
    let Some(duration) = options.duration else {
        return say_error("a simulation needs to know for how long: add `--for 10m`", Exit::Usage);
    };
    if options.watch {
        return say_error("a simulation reads its launch file once; leave `--watch` out", Exit::Usage);
    }
    let wall = Clock::monotonic();
    let began = wall.now();
    let supervision = Supervision::of(&plan);
    let environment = Environment::new(Clock::simulated(), options.seed).with_topics(plan.topics);
    let specs: Vec<NodeSpec> = plan.nodes.into_iter().map(|node| node.spec).collect();
    let names = specs.iter().map(|spec| Arc::clone(&spec.instance)).collect();
    let mut robot = match SimulatedRobot::configure(specs, environment) {
        Ok(robot) => robot,
        Err(error) => return say_error(&error.to_string(), Exit::NotStarted),
    };
    let outcome = robot.activate().map_err(|error| (error, Exit::NotStarted));
    let outcome = outcome.map_err(|(error, exit)| (error.to_string(), exit));
    let outcome =
        outcome.and_then(|()| Supervised { robot: &mut robot, supervision, names }.run_for(duration));
    let problems = robot.stop();
    let text = summary(&robot, duration, wall.now().since(began));
    // A closed pipe is no error: whoever reads has enough.
    let _ = io::stdout().write_all(text.as_bytes());
    judge(&robot, outcome, &problems)
}

fn judge(robot: &SimulatedRobot, outcome: Result<(), (String, Exit)>, problems: &[SimulationError]) -> Exit {
    if let Err((error, exit)) = outcome {
        return say_error(&error, exit);
    }
    if let Some(problem) = problems.first() {
        return say_error(&problem.to_string(), Exit::NodeFailed);
    }
    match robot.environment().bus().imbalances().first() {
        Some(line) => say_error(&format!("an account does not balance: {line}"), Exit::Unbalanced),
        None => Exit::Ok,
    }
}

fn summary(robot: &SimulatedRobot, duration: Duration, took: Duration) -> String {
    let status = RobotStatus::read_simulated(robot);
    let speed = duration.as_secs_f64() / took.as_secs_f64().max(1e-9);
    let mut text = format!(
        "simulated {} in {:.1} s ({speed:.0} times as fast as real time)\n\n",
        duration_text(duration),
        took.as_secs_f64()
    );
    text += &format!(
        "{:<20} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
        "topic", "published", "ok", "failed", "dropped", "rest"
    );
    for topic in &status.topics {
        let published: u64 = topic.counts.publishers.iter().map(|(_, counts)| counts.published).sum();
        let sum = |count: fn(&nevil_runtime::SubscriptionCounts) -> u64| -> u64 {
            topic.counts.subscriptions.iter().map(|(_, _, counts)| count(counts)).sum()
        };
        let (ok, failed) = (sum(|counts| counts.ok), sum(|counts| counts.failed + counts.panicked));
        let dropped = sum(|counts| counts.overflow);
        let rest = sum(|counts| counts.discarded + counts.expired + counts.breaker_open + counts.timed_out);
        text += &format!("{:<20} {published:>9} {ok:>9} {failed:>9} {dropped:>9} {rest:>9}\n", topic.name);
    }
    text += "\nlast messages\n";
    for (topic, message) in robot.last_messages() {
        if let Some(message) = message {
            text += &format!("  {topic}: {message}\n");
        }
    }
    text += &format!("\n{} messages, hash {:016x}\n", robot.messages(), robot.hash());
    text
}

fn say_error(text: &str, exit: Exit) -> Exit {
    // Nobody may be reading; the code says enough.
    let _ = writeln!(io::stderr(), "{text}");
    exit
}
