//! What a launch says on its standard output.

use std::time::Duration;

use nevil_runtime::ThreadReport;

use super::Supervisor;
use crate::text::duration_text;

impl Supervisor {
    pub(super) fn say_running(&self) {
        let took = self.robot.now().since(self.robot.began);
        let count = self.robot.nodes.len();
        self.robot.lines.line(&format!(
            "robot `{}` is running: {count} nodes, started in {} ms; Ctrl-C stops it",
            self.robot.name,
            took.as_millis()
        ));
        let width = self.robot.nodes.iter().map(|node| node.instance().len()).max().unwrap_or(0);
        for node in &self.robot.nodes {
            let thread = node.thread_report().as_ref().map(thread).unwrap_or_default();
            self.robot.lines.line(&format!(
                "  {:width$}  {:<9} {thread}",
                node.instance(),
                node.state().to_string()
            ));
        }
        for note in &self.plan.notes {
            // Worth a look while a robot is being written, and may be meant so; `nevil check` shows them.
            tracing::debug!("{note}");
        }
        self.robot.lines.line("look at it from another terminal: `nevil status`, `nevil topic list`");
    }

    pub(super) fn say_stopped(&self, safe_after: Option<Duration>, stopped_after: Duration) {
        let hung = match self.hung.as_slice() {
            [] => match self.robot.environment.zombies() {
                0 => String::new(),
                1 => "; left behind: 1 thread that hangs".to_owned(),
                zombies => format!("; left behind: {zombies} threads that hang"),
            },
            hung => format!("; left behind, because they hang: {}", hung.join(", ")),
        };
        let moves = !self.robot.environment.actuators().counts().is_empty();
        let safe = match safe_after {
            _ if !moves => String::new(),
            Some(after) => format!("safe within {:.2} ms, ", after.as_secs_f64() * 1000.0),
            None => "NOT SAFE, ".to_owned(),
        };
        self.robot.lines.line(&format!(
            "robot `{}` has stopped after {}: {safe}stopped within {:.1} ms{hung}",
            self.robot.name,
            duration_text(self.robot.now().since(self.robot.began)),
            stopped_after.as_secs_f64() * 1000.0,
        ));
    }
}

fn thread(report: &ThreadReport) -> String {
    let policy = if report.policy_wanted == report.policy_granted {
        report.policy_granted.clone()
    } else {
        format!("{} (wanted {})", report.policy_granted, report.policy_wanted)
    };
    format!("thread `{}`, {policy}, cores {}", report.name, report.cores_granted)
}
