//! What all nodes of a robot share.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use nevil_sys::mem::Bell;

use crate::actuator::Actuators;
use crate::breaker::{BreakerError, BreakerPolicy, Breakers};
use crate::bus::{Bus, QosOverride, TopicError};
use crate::clock::Clock;
use crate::device::Claims;
use crate::estop::EmergencyStop;
use crate::guard::Guard;
use crate::lease::Leases;
use crate::node::callback::Callbacks;
use crate::node::watch::Watch;
use crate::ring::Rings;

/// What all nodes of a robot share. Clones are handles on the same things.
#[derive(Clone, Debug)]
pub struct Environment {
    pub(crate) bus: Bus,
    pub(crate) claims: Claims,
    pub(crate) rings: Rings,
    pub(crate) leases: Leases,
    pub(crate) actuators: Actuators,
    pub(crate) estop: EmergencyStop,
    pub(crate) seed: u64,
    /// The breakers of all callbacks, and others that nodes have made.
    pub(crate) breakers: Breakers,
    /// The callbacks of all nodes, over all their lives.
    pub(crate) callbacks: Callbacks,
    /// Whom the safety thread watches.
    pub(crate) watch: Arc<Watch>,
    /// Told when a node has failed.
    pub(crate) failures: Arc<Bell>,
    /// Who makes safe when this process is dead; set before any actuator opens.
    pub(crate) guard: Arc<OnceLock<Arc<Guard>>>,
}

impl Environment {
    /// An environment without topics, claims or actuators. `seed` decides every random choice of a simulation.
    #[must_use]
    pub fn new(clock: Clock, seed: u64) -> Self {
        let actuators = Actuators::default();
        let (bus, estop) = (Bus::new(clock.clone()), EmergencyStop::new(actuators.clone(), clock.clone()));
        estop.listen(&bus);
        let callbacks = Callbacks::default();
        let (follows, time) = (callbacks.clone(), clock.clone());
        estop.on_change(move |_| follows.follow_emergency_stop(time.now()));
        let motion = actuators.motion();
        callbacks.look_at_stop(Box::new(move || motion.stop().is_held()));
        Self {
            bus,
            claims: Claims::default(),
            rings: Rings::new(clock.clone()),
            leases: Leases::new(clock),
            actuators,
            estop,
            seed,
            breakers: Breakers::new(),
            callbacks,
            watch: Arc::default(),
            failures: Arc::default(),
            guard: Arc::default(),
        }
    }

    /// The same, whose topics are carried as `overrides` say, by name, instead of as they are declared. To be called before
    /// any node is configured.
    #[must_use]
    pub fn with_topics(mut self, overrides: BTreeMap<String, QosOverride>) -> Self {
        self.bus = Bus::with_overrides(self.bus.clock().clone(), overrides);
        self.estop.listen(&self.bus);
        self
    }

    /// Gives every topic its pool and connects its ends: to be called when all nodes are configured and none is active.
    /// Topics that come later get theirs when it is called again.
    ///
    /// # Errors
    ///
    /// [`TopicError::TooManySlots`] if the queues of one topic are larger than a pool can be.
    pub fn seal(&self) -> Result<(), TopicError> {
        self.bus.seal()
    }

    /// Threads that were given up, because a callback hung in them, and that have not ended.
    #[must_use]
    pub fn zombies(&self) -> u32 {
        self.watch.zombies()
    }

    /// The breakers of all callbacks, called `<node>.<callback>`, and others that were registered.
    #[must_use]
    pub fn breakers(&self) -> &Breakers {
        &self.breakers
    }

    /// How long a call may take of the callback whose breaker is called `breaker`; `None` for a breaker of a phase, whose end
    /// the supervisor waits for, and for one that is no callback's.
    #[must_use]
    pub fn callback_timeout(&self, breaker: &str) -> Option<Duration> {
        self.callbacks.timeout(breaker)
    }

    /// Lets the breaker of the callback `callback` of `node` work by `policy` from now on, as its rule would say from the next
    /// life on. Where the policy does not say what is slow, this stays as it is. `false`: there is no such callback, or its
    /// breaker never opens.
    ///
    /// # Errors
    ///
    /// As of [`Breaker::set_policy`](crate::Breaker::set_policy).
    pub fn set_callback_breaker(
        &self,
        node: &str,
        callback: &str,
        policy: BreakerPolicy,
    ) -> Result<bool, BreakerError> {
        let set = self.callbacks.set_breaker(node, callback, policy, self.bus.clock().now());
        set.map_or(Ok(false), |set| set.map(|()| true))
    }

    /// The bus.
    #[must_use]
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Who holds which device.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// All rings.
    #[must_use]
    pub fn rings(&self) -> &Rings {
        &self.rings
    }

    /// Who holds which exclusive thing.
    #[must_use]
    pub fn leases(&self) -> &Leases {
        &self.leases
    }

    /// The emergency stop.
    #[must_use]
    pub fn emergency_stop(&self) -> &EmergencyStop {
        &self.estop
    }

    /// What moves.
    #[must_use]
    pub fn actuators(&self) -> &Actuators {
        &self.actuators
    }
}
