//! How a node declares breakers of its own.

use crate::breaker::{Breaker, BreakerPolicy};
use crate::bus::is_name_part;
use crate::limits::NAME_BYTES_MAX;
use crate::node::Node;
use crate::node::setup::{Setup, SetupError};

impl<N: Node> Setup<'_, N> {
    /// A breaker for a part of the node's work that fails by itself, such as a call over the network: called
    /// `<node>.<name>`, seen and operated like those of callbacks, and the same one in each life of the node. Its calls may
    /// come from any thread. The emergency stop does not open it; it opens that of the callback around the call.
    ///
    /// ```
    /// use nevil_runtime::prelude::*;
    /// use nevil_runtime::{Breaker, BreakerPolicy, Clock};
    ///
    /// struct Talker {
    ///     cloud: Breaker,
    ///     clock: Clock,
    /// }
    ///
    /// impl Node for Talker {
    ///     type Params = ();
    ///
    ///     fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
    ///         setup.every(Duration::from_secs(1), Self::ask)?;
    ///         let cloud = setup.breaker("cloud", BreakerPolicy::default())?;
    ///         Ok(Self { cloud, clock: setup.clock() })
    ///     }
    /// }
    ///
    /// impl Talker {
    ///     fn ask(&mut self, _: &Tick, _: &Context) -> NodeResult {
    ///         let answer = self.cloud.call(&self.clock, || Err::<String, _>("no network"));
    ///         // While the circuit is open, nobody is asked, and the node does without.
    ///         let _text = answer.unwrap_or_else(|_| "I cannot tell".to_owned());
    ///         Ok(())
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SetupError::BreakerName`] if the name is not allowed; [`SetupError::Breaker`] if a value of the policy is not, or if
    /// the node has a callback of this name, or asked for it before with another policy.
    pub fn breaker(&mut self, name: &str, policy: BreakerPolicy) -> Result<Breaker, SetupError> {
        if name.len() > NAME_BYTES_MAX || !is_name_part(name) {
            return Err(SetupError::BreakerName { given: name.to_owned() });
        }
        Ok(self.environment.breakers.register(&format!("{}.{name}", self.instance()), policy)?)
    }
}
