//! What an operator asks of a robot that runs: done by the supervisor's thread, between its looks.
//!
//! ```text
//!   control session ── Order ──► bounded queue ──► supervisor: does it, or begins it
//!     waits, bounded ◄────────── Answer ◄───────── at once, or when it has become of it what was wanted
//! ```
//! The supervisor never waits for who asked. Each order has a time until which it is to be answered; one whose time has
//! passed before its turn came is not begun.

use std::collections::VecDeque;
use std::ops::ControlFlow::{self, Continue};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nevil_runtime::{NewParams, NodeState, Time};
use serde_json::{Value, json};

use super::{Robot, Supervisor, lock};
use crate::exit::Exit;
use crate::limits::{OPERATOR_ANSWER_GRACE, OPERATOR_ORDERS_MAX};
use crate::plan::Plan;
use crate::supervision::Stage;
use crate::text::duration_text;

/// What became of an order; the error is for people.
pub(super) type Answer = Result<Value, String>;

/// What the supervisor is to do. Nodes by their number in the plan.
#[derive(Debug)]
pub(super) enum Order {
    /// Give the node these parameters. Answered when it has taken or refused them.
    ChangeParams { node: usize, params: NewParams },
    /// Call no callbacks of the node until it is released. Answered when none runs.
    Hold { node: usize },
    /// Call them again, as far as it is for the operator to say.
    Release { node: usize },
    /// Go on by this plan, which has the same nodes. Answered at once.
    Adopt { plan: Arc<Plan> },
    /// End the life of the node and begin the next one. Answered when it is active.
    RestartNode { node: usize },
}

#[derive(Debug)]
struct Ordered {
    order: Order,
    until: Time,
    answer: SyncSender<Answer>,
}

/// The orders that the supervisor has not begun yet.
#[derive(Debug, Default)]
pub(super) struct Orders(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    gate: Gate,
    waiting: VecDeque<Ordered>,
}

/// Whether orders are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Gate {
    #[default]
    Starting,
    Open,
    Stopping,
}

const STOPS: &str = "the robot stops";

impl Orders {
    /// From now on they are done.
    pub(super) fn open(&self) {
        lock(&self.0).gate = Gate::Open;
    }

    /// From now on none is done; those that wait are answered so.
    pub(super) fn close(&self) {
        let mut queue = lock(&self.0);
        queue.gate = Gate::Stopping;
        queue.waiting.clear();
    }

    fn put(&self, ordered: Ordered) -> Result<(), String> {
        let mut queue = lock(&self.0);
        match queue.gate {
            Gate::Starting => Err("the robot is starting; try again when it runs".to_owned()),
            Gate::Stopping => Err(STOPS.to_owned()),
            Gate::Open if queue.waiting.len() >= OPERATOR_ORDERS_MAX => Err(format!(
                "too many orders wait ({OPERATOR_ORDERS_MAX}); the robot is overloaded: try again"
            )),
            Gate::Open => {
                queue.waiting.push_back(ordered);
                Ok(())
            }
        }
    }

    fn take(&self) -> Option<Ordered> {
        lock(&self.0).waiting.pop_front()
    }
}

impl Robot {
    /// Has the supervisor's thread do `order`, and waits for at most `within`, and a moment, for what becomes of it. Not to be
    /// called by that thread.
    pub(super) fn order(&self, order: Order, within: Duration) -> Answer {
        let (answer, answered) = sync_channel(1);
        self.orders.put(Ordered { order, until: self.now() + within, answer })?;
        self.waker.wake();
        match answered.recv_timeout(within + OPERATOR_ANSWER_GRACE) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Disconnected) => Err(STOPS.to_owned()),
            Err(RecvTimeoutError::Timeout) => {
                Err(format!("the robot has not come to it within {}", duration_text(within)))
            }
        }
    }
}

/// What was begun for an operator, and has not come to its end.
#[derive(Debug)]
pub(super) struct UnderWay {
    what: What,
    node: usize,
    began: Time,
    until: Time,
    /// `None`: who asked was answered, because it took too long.
    answer: Option<SyncSender<Answer>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Params,
    Pause,
    Resume,
    Restart,
}

impl UnderWay {
    /// Tells who asked, once. Whether somebody still listens is of no interest.
    fn answer(&mut self, answer: Answer) {
        if let Some(asked) = self.answer.take() {
            let _ = asked.try_send(answer);
        }
    }
}

impl Supervisor {
    /// Begins what operators ask for.
    pub(super) fn serve_operator(&mut self) -> ControlFlow<Exit> {
        while let Some(ordered) = self.robot.orders.take() {
            // Who asked for one that comes too late was told that nothing was done.
            if self.robot.now() < ordered.until {
                self.begin_order(ordered)?;
            }
        }
        Continue(())
    }

    /// Answers what has come to its end, or takes too long.
    pub(super) fn answer_operator(&mut self) {
        let mut under_way = std::mem::take(&mut self.under_way);
        let now = self.robot.now();
        under_way.retain_mut(|asked| {
            if let Some(answer) = self.outcome(asked) {
                asked.answer(answer);
                return false;
            }
            if now >= asked.until {
                asked.answer(Err(self.late(asked)));
                // Parameters that are taken after all are those of the next lives too.
                return asked.what == What::Params;
            }
            true
        });
        self.under_way = under_way;
    }

    /// The robot stops: nothing comes to its end any more.
    pub(super) fn end_operator(&mut self) {
        self.robot.orders.close();
        self.under_way.drain(..).for_each(|mut asked| asked.answer(Err(STOPS.to_owned())));
    }

    /// Until when somebody waits who is to be told that it takes too long.
    pub(super) fn operator_due(&self) -> Option<Time> {
        self.under_way.iter().filter(|asked| asked.answer.is_some()).map(|asked| asked.until).min()
    }

    /// A node that was started again for an operator could not be started.
    pub(super) fn tell_start_failed(&mut self, node: usize, why: &str) {
        let restarts = |asked: &&mut UnderWay| asked.node == node && asked.what == What::Restart;
        for asked in self.under_way.iter_mut().filter(restarts) {
            asked.answer(Err(format!("node `{}` {why}", self.robot.nodes[node].instance())));
        }
    }

    fn begin_order(&mut self, Ordered { order, until, answer }: Ordered) -> ControlFlow<Exit> {
        let now = self.robot.now();
        let begun = |what, node| UnderWay { what, node, began: now, until, answer: Some(answer.clone()) };
        let (actions, begun) = match order {
            Order::ChangeParams { node, params } => {
                let name = Arc::clone(self.robot.nodes[node].instance());
                if let Err(error) = self.robot.nodes[node].change_params(params) {
                    // Who asked may have left.
                    let _ = answer.try_send(Err(format!("node `{name}`: {error}")));
                    return Continue(());
                }
                (Vec::new(), begun(What::Params, node))
            }
            Order::Hold { node } => {
                self.robot.nodes[node].set_begins_paused(true);
                tracing::info!("an operator pauses node `{}`", self.robot.nodes[node].instance());
                (self.supervision.hold(node, now), begun(What::Pause, node))
            }
            Order::Release { node } => {
                self.robot.nodes[node].set_begins_paused(false);
                tracing::info!("an operator resumes node `{}`", self.robot.nodes[node].instance());
                (self.supervision.release(node, now), begun(What::Resume, node))
            }
            Order::Adopt { plan } => {
                for (node, planned) in plan.nodes.iter().enumerate() {
                    self.supervision.set_rules(node, planned.restart.clone(), planned.on_input_down);
                }
                self.plan = Plan::clone(&plan);
                // Who asked may have left.
                let _ = answer.try_send(Ok(json!({})));
                let actions = self.supervision.act(now);
                return self.obey(actions);
            }
            Order::RestartNode { node } => {
                let name = Arc::clone(self.robot.nodes[node].instance());
                match self.supervision.restart_asked(node, now) {
                    Ok(actions) => {
                        tracing::info!("an operator restarts node `{name}`");
                        (actions, begun(What::Restart, node))
                    }
                    Err(refused) => {
                        let _ = answer.try_send(Err(format!("node `{name}` is not restarted: {refused}")));
                        return Continue(());
                    }
                }
            }
        };
        self.under_way.push(begun);
        self.obey(actions)
    }

    /// What became of it, if it has come to its end.
    fn outcome(&self, asked: &UnderWay) -> Option<Answer> {
        let (node, stage) = (&self.robot.nodes[asked.node], self.supervision.stage(asked.node));
        let name = node.instance();
        let state =
            || json!({ "node": &**name, "state": node.state().to_string(), "life": node.life_number() });
        match asked.what {
            What::Params => {
                let taken = node.poll_params()?;
                Some(taken.map(|()| state()).map_err(|error| format!("node `{name}`: {error}")))
            }
            What::Pause => {
                let is_quiet = node.state() != NodeState::Active || stage != Stage::Up;
                is_quiet.then(|| Ok(state()))
            }
            What::Resume => {
                let pauses = self.supervision.pauses().iter().any(|pauses| pauses.node == asked.node);
                let is_done = pauses || node.state() != NodeState::Paused || stage != Stage::Up;
                is_done.then(|| Ok(state()))
            }
            What::Restart => match stage {
                Stage::Up => Some(Ok(state())),
                Stage::Changing => None,
                Stage::Over => Some(Err(format!("node `{name}` is not started again; see the log"))),
            },
        }
    }

    fn late(&self, asked: &UnderWay) -> String {
        let node = &self.robot.nodes[asked.node];
        let (name, waited) = (node.instance(), duration_text(self.robot.now().since(asked.began)));
        match asked.what {
            What::Params => format!(
                "node `{name}` has not answered within {waited}, and may take them yet; see what its thread does"
            ),
            What::Pause | What::Resume => {
                format!("node `{name}` has not answered within {waited}; see what its thread does")
            }
            What::Restart => format!(
                "node `{name}` is not active again after {waited} (it is {}); the robot goes on with it",
                node.state()
            ),
        }
    }
}
