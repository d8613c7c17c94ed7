//! Lives of simulated nodes that end and begin while the others go on. Nothing hangs in virtual time.

use std::sync::Arc;

use nevil_msgs::Value;

use super::{SimulatedDriver, SimulatedNode, SimulatedRobot, SimulationError};
use crate::error::drop_caught;
use crate::executor::{NodeSpec, Phase};
use crate::node::{AnyNode, InputDown, ParamsError};

impl SimulatedRobot {
    /// Ends the life of the node at `index` of the specifications: deactivates and drops it. One that has failed is not asked.
    /// What it says to that is logged.
    pub fn end_life(&mut self, index: usize) {
        let simulated = &mut self.nodes[index];
        simulated.drivers.clear();
        let Some(mut node) = simulated.node.take() else { return };
        for error in [node.deactivate(), AnyNode::shutdown(node)].into_iter().filter_map(Result::err) {
            tracing::warn!("node `{}` could not end as it should: {error}", simulated.shared.instance);
        }
    }

    /// Begins the next life of the node at `index`, whose last one has ended: configures and activates it.
    ///
    /// # Errors
    ///
    /// [`SimulationError::Configure`], [`SimulationError::Refused`], [`SimulationError::Topic`]; the node is down then.
    pub fn begin_life(&mut self, index: usize) -> Result<(), SimulationError> {
        let now = self.now();
        let simulated = &mut self.nodes[index];
        let number = simulated.shared.incarnation.number() + 1;
        let shared = simulated.spec.life(&self.environment, number);
        let name = || Arc::clone(&shared.instance);
        let node = simulated.spec.configure(&self.environment, &shared);
        let mut node = node.map_err(|error| SimulationError::Configure { node: name(), error })?;
        self.environment.bus.seal()?;
        let refused = |error| SimulationError::Refused { node: name(), phase: Phase::Activate, error };
        let drivers = match node.activate(None) {
            Ok(drivers) => drivers,
            Err(error) => {
                drop_caught(node);
                return Err(refused(error));
            }
        };
        simulated.drivers = drivers.into_iter().map(|driver| SimulatedDriver { driver, due: now }).collect();
        (simulated.node, simulated.shared, simulated.next_due) = (Some(node), shared, None);
        Ok(())
    }

    /// Calls no callback of the node at `index` until [`Self::resume`].
    pub fn pause(&mut self, index: usize) {
        if let Some(node) = &mut self.nodes[index].node {
            node.pause();
        }
    }

    /// Calls its callbacks again.
    pub fn resume(&mut self, index: usize) {
        let simulated = &mut self.nodes[index];
        if let Some(node) = &mut simulated.node {
            node.resume();
            // What became due meanwhile is due now.
            simulated.next_due = None;
        }
    }

    /// Gives the node at `index` new parameters in place of all that it has, as
    /// [`ThreadedNode::change_params`](crate::ThreadedNode::change_params) does: at once.
    ///
    /// # Errors
    ///
    /// [`ParamsError`]; those before stay in force then.
    pub fn change_params(&mut self, index: usize, params: Value) -> Result<(), ParamsError> {
        let SimulatedNode { spec, shared, node, .. } = &mut self.nodes[index];
        let changed = NodeSpec { params, ..spec.clone() };
        let mut order = changed.read_params()?;
        let node = node.as_mut().ok_or_else(|| ParamsError::NotActive { state: shared.state() })?;
        // Nothing is degraded in virtual time.
        node.change_params(&mut order, false);
        drop_caught(order.sets.take());
        if order.outcome.is_ok() {
            *spec = changed;
        }
        order.outcome
    }

    /// The parameters of the node at `index`, as they were given.
    #[must_use]
    pub fn params(&self, index: usize) -> &Value {
        &self.nodes[index].spec.params
    }

    /// Tells the node at `index` that one whose messages it gets is down.
    pub fn tell_down(&mut self, index: usize, input: &InputDown) {
        if let Some(node) = &mut self.nodes[index].node {
            node.input_down(input);
        }
    }
}
