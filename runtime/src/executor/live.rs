//! What of a node is changed while it runs: its parameters, and what its next life is launched as.

use std::sync::Arc;

use nevil_msgs::Value;

use crate::error::drop_caught;
use crate::executor::NodeSpec;
use crate::executor::threads::{Life, ThreadedNode, unpoisoned};
use crate::node::{NewParams, NodeState, ParamsError};

/// What a node holds outside of itself, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeHoldings {
    /// The claims on its devices, such as `gpio:5`.
    pub devices: Vec<String>,
    /// Its drivers, while they run.
    pub drivers: Vec<String>,
    /// What it moves.
    pub actuators: Vec<String>,
}

/// New parameters that a node has not answered yet.
#[derive(Debug)]
pub(super) struct Pending {
    params: Value,
    /// The life that was given them.
    life: Arc<Life>,
}

impl ThreadedNode {
    /// What the next life of the node is launched as. With the parameters that it works with now.
    #[must_use]
    pub fn spec(&self) -> Arc<NodeSpec> {
        Arc::clone(&unpoisoned(&self.spec))
    }

    /// Lets the next life of the node be launched as `spec`; see [`Self::respawn`]. The life that runs is left alone. Rules
    /// that differ hold for the callbacks from that life on, and their counters go on.
    ///
    /// # Panics
    ///
    /// If the instance has another name: that is another node.
    pub fn set_spec(&self, spec: NodeSpec) {
        assert_eq!(spec.instance, self.instance, "a node keeps its name");
        *unpoisoned(&self.spec) = Arc::new(spec);
    }

    /// Changes what the next life of the node is launched as, in one step: what others change meanwhile is not undone.
    ///
    /// # Panics
    ///
    /// If the instance gets another name: that is another node.
    pub fn change_spec(&self, change: impl FnOnce(&mut NodeSpec)) {
        let mut spec = unpoisoned(&self.spec);
        let mut changed = NodeSpec::clone(&spec);
        change(&mut changed);
        assert_eq!(changed.instance, self.instance, "a node keeps its name");
        *spec = Arc::new(changed);
    }

    /// Lets no callback be called in the lives that follow, once they are active, until the node is resumed
    /// ([`Phase::Resume`](crate::Phase::Resume)); or lets them begin as usual. The life that runs is not changed by it.
    pub fn set_begins_paused(&self, paused: bool) {
        let mut spec = unpoisoned(&self.spec);
        if spec.paused != paused {
            *spec = Arc::new(NodeSpec { paused, ..NodeSpec::clone(&spec) });
        }
        // One that is not active yet.
        self.shared().set_begins_paused(paused);
    }

    /// Reads `params`, which are to take the place of all its parameters, and checks them. By the thread that asks; nothing
    /// is changed by it.
    ///
    /// # Errors
    ///
    /// [`ParamsError::Wrong`] with all that is wrong with them.
    pub fn read_params(&self, params: Value) -> Result<NewParams, ParamsError> {
        let before = self.spec();
        let after = Arc::new(NodeSpec { params, ..NodeSpec::clone(&before) });
        let order = Box::new(after.read_params()?);
        Ok(NewParams { before, after, order })
    }

    /// Gives the node new parameters, without waiting: its thread calls [`Node::params_changed`](crate::Node::params_changed)
    /// between two callbacks, and [`Self::poll_params`] says what became of it. To be called by the thread that orders.
    ///
    /// # Errors
    ///
    /// [`ParamsError::NotActive`], [`ParamsError::Busy`], [`ParamsError::Changed`]: nothing was asked of the node then.
    pub fn change_params(&self, new: NewParams) -> Result<(), ParamsError> {
        let mut pending = unpoisoned(&self.pending);
        if pending.is_some() {
            return Err(ParamsError::Busy);
        }
        let now = self.spec();
        if now.params != new.before.params || now.degraded != new.before.degraded {
            return Err(ParamsError::Changed);
        }
        let life = self.life();
        let state = life.shared.state();
        if !matches!(state, NodeState::Active | NodeState::Paused) {
            return Err(ParamsError::NotActive { state });
        }
        *pending = Some(Pending { params: new.after.params.clone(), life: Arc::clone(&life) });
        life.orders.give_params(new.order);
        life.shared.wake.bell().ring();
        Ok(())
    }

    /// What became of the parameters that were given last, if that is known: once. The watcher's thread is woken then. Those
    /// that the node has taken are those of its next lives too.
    pub fn poll_params(&self) -> Option<Result<(), ParamsError>> {
        let mut pending = unpoisoned(&self.pending);
        let life = &pending.as_ref()?.life;
        // Before its report is looked for: it reports nothing after that.
        let has_ended = life.shared.incarnation.call().is_abandoned()
            || life.is_over()
            || !Arc::ptr_eq(life, &self.life());
        let outcome = match life.orders.params_report.take() {
            Some(mut order) => {
                // Foreign code, of the parameters that are in force no more.
                drop_caught(order.sets.take());
                order.outcome
            }
            None if !has_ended => return None,
            None if life.shared.incarnation.call().is_abandoned() => Err(ParamsError::Failed {
                what: "was not answered, because its thread hung and was given up",
            }),
            None => Err(ParamsError::NotActive { state: life.shared.state() }),
        };
        let params = pending.take()?.params;
        if outcome.is_ok() {
            let mut spec = unpoisoned(&self.spec);
            *spec = Arc::new(NodeSpec { params, ..NodeSpec::clone(&spec) });
        }
        Some(outcome)
    }

    /// Which life of it this is, from 1.
    #[must_use]
    pub fn life_number(&self) -> u32 {
        self.shared().incarnation.number()
    }

    /// What it holds outside of itself.
    #[must_use]
    pub fn holds(&self) -> NodeHoldings {
        let claims = self.environment.claims.list().into_iter();
        let devices = claims.filter(|(_, holder)| *holder == self.instance).map(|(claim, _)| claim).collect();
        let (drivers, actuators) = self.shared().parts();
        NodeHoldings { devices, drivers, actuators }
    }

    /// Whether it has said that it is ready, in this life ([`Context::ready`](crate::Context::ready)).
    #[must_use]
    pub fn has_called_ready(&self) -> bool {
        self.shared().ready.is_called()
    }
}
