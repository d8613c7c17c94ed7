//! `nevil bus audit`.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use clap::Args;
use nevil_launch::{ControlClient, Request};
use serde_json::{Value, json};

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::{Reader, print, print_json};
use crate::screen::audit;

/// Looks at accounts that do not balance at first: a message that is on its way has arrived within one of them.
const LOOKS: u32 = 10;

/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Show where every message has gone: what was lost, where and why, worst first
///
/// An account balances if all that went in is done, lost or waiting. While
/// messages move, what goes in may be ahead for a moment: accounts that do not
/// balance are looked at again for half a second. One that nobody moves and
/// that does not balance is a mistake in Nevil, and ends the command with 1.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil bus audit\n  nevil bus audit --json | jq .verdict")]
pub(crate) struct BusAuditArgs {
    /// Print JSON (docs/reference/control-socket.md)
    #[arg(long)]
    json: bool,
}

/// What is known of one account after some looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Balanced,
    /// It moved between the looks, and was never seen at rest.
    Moving,
    Unbalanced,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Balanced => "balanced",
            Self::Moving => "moving",
            Self::Unbalanced => "unbalanced",
        }
    }
}

/// The looks at one account: `in` and `accounted` at first, and what follows from all.
#[derive(Clone, Copy, Debug)]
struct Looked {
    first: (u64, u64),
    verdict: Verdict,
}

impl Looked {
    fn new(sums: (u64, u64)) -> Self {
        Self { first: sums, verdict: Verdict::Unbalanced }.with(sums)
    }

    fn with(self, (came, accounted): (u64, u64)) -> Self {
        let verdict = match self.verdict {
            // More is accounted for than there ever was: no message on its way looks like that.
            _ if accounted > came => Verdict::Unbalanced,
            Verdict::Unbalanced if self.first.1 > self.first.0 => Verdict::Unbalanced,
            Verdict::Balanced => Verdict::Balanced,
            _ if accounted == came => Verdict::Balanced,
            _ if (came, accounted) != self.first => Verdict::Moving,
            verdict => verdict,
        };
        Self { verdict, ..self }
    }
}

impl BusAuditArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let mut audit = look(&mut robot.connect()?)?;
        if self.json {
            print_json(&audit)?;
        } else {
            print(audit::render(&audit, Reader::of_stdout()))?;
        }
        match audit["verdict"].take() {
            verdict if verdict == Verdict::Unbalanced.word() => Err(Failure::Failed(
                "accounts do not balance though nothing moves: a mistake in Nevil, please report it"
                    .to_owned(),
            )),
            _ => Ok(()),
        }
    }
}

/// The accounts of all topics, each with its `verdict`.
fn look(robot: &mut ControlClient) -> Result<Value, Failure> {
    let mut looked = BTreeMap::new();
    for look in 1.. {
        let mut answer = robot.request(&Request::BusAudit)?;
        judge(&mut answer, &mut looked);
        if answer["verdict"] == Verdict::Balanced.word() || look == LOOKS {
            return Ok(answer);
        }
        thread::park_timeout(LOOK_EVERY);
    }
    Ok(json!({}))
}

/// Gives each account the verdict that follows from all looks, and the whole the worst of them.
fn judge(answer: &mut Value, looked: &mut BTreeMap<String, Looked>) {
    let mut worst = Verdict::Balanced;
    for topic in answer["topics"].as_array_mut().into_iter().flatten() {
        let name = topic["name"].clone();
        for ends in ["publishers", "subscriptions"] {
            for account in topic[ends].as_array_mut().into_iter().flatten() {
                let key = format!("{name} {ends} {} {}", account["node"], account["callback"]);
                let sums = ["in", "accounted"].map(|key| account[key].as_u64().unwrap_or_default());
                let known = looked.entry(key).or_insert_with(|| Looked::new(sums.into()));
                *known = known.with(sums.into());
                worst = match (worst, known.verdict) {
                    (Verdict::Unbalanced, _) | (_, Verdict::Unbalanced) => Verdict::Unbalanced,
                    (Verdict::Moving, _) | (_, Verdict::Moving) => Verdict::Moving,
                    _ => Verdict::Balanced,
                };
                account["verdict"] = json!(known.verdict.word());
            }
        }
    }
    answer["verdict"] = json!(worst.word());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(looks: &[(u64, u64)]) -> Verdict {
        let looked = looks[1..].iter().fold(Looked::new(looks[0]), |looked, sums| looked.with(*sums));
        looked.verdict
    }

    #[test]
    fn an_account_that_balances_once_balances() {
        assert_eq!(verdicts(&[(5, 5)]), Verdict::Balanced);
        assert_eq!(verdicts(&[(5, 4), (6, 6)]), Verdict::Balanced);
        assert_eq!(verdicts(&[(5, 5), (6, 5)]), Verdict::Balanced);
    }

    #[test]
    fn an_account_that_stands_still_and_lacks_a_message_does_not_balance() {
        assert_eq!(verdicts(&[(5, 4)]), Verdict::Unbalanced);
        assert_eq!(verdicts(&[(5, 4), (5, 4), (5, 4)]), Verdict::Unbalanced);
    }

    #[test]
    fn an_account_that_moves_and_is_never_seen_at_rest_is_not_judged() {
        assert_eq!(verdicts(&[(5, 4), (6, 5), (7, 6)]), Verdict::Moving);
        assert_eq!(verdicts(&[(5, 4), (5, 4), (6, 5)]), Verdict::Moving);
    }

    #[test]
    fn more_accounted_for_than_went_in_is_a_mistake_whatever_moves() {
        assert_eq!(verdicts(&[(5, 6)]), Verdict::Unbalanced);
        assert_eq!(verdicts(&[(5, 6), (7, 7)]), Verdict::Unbalanced);
        assert_eq!(verdicts(&[(5, 5), (6, 7)]), Verdict::Unbalanced);
    }

    #[test]
    fn the_whole_is_as_bad_as_its_worst_account() {
        let answer = |queued: u64| {
            json!({ "topics": [{ "name": "range",
                "publishers": [{ "node": "car", "in": 5, "accounted": 5 }],
                "subscriptions": [{ "node": "nav", "callback": "on_range", "in": 5, "accounted": queued }] }] })
        };
        let mut looked = BTreeMap::new();
        let mut first = answer(4);
        judge(&mut first, &mut looked);
        assert_eq!(first["verdict"], "unbalanced");
        assert_eq!(first["topics"][0]["publishers"][0]["verdict"], "balanced");
        let mut second = answer(5);
        judge(&mut second, &mut looked);
        assert_eq!(second["verdict"], "balanced");
    }
}
