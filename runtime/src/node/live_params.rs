//! New parameters for a node that runs: those that somebody asks for, and other ones while a breaker of it is open (slower,
//! coarser, more careful).
//!
//! ```text
//!   who asks ── reads and checks them ──► ParamsOrder ──► node's thread: `params_changed` ──┐
//!      ▲                                                                                     │ its own come back, or those
//!      └────────── what became of them; frees what came back ◄──────────────────────────────┘ that it refused
//! ```
//! The node's thread neither allocates nor frees for it: the box that brings the new ones takes the old ones away.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use nevil_msgs::{Value, ValueError, ValueKind};

use crate::bus::Outcome;
use crate::node::Node;
use crate::node::context::Context;
use crate::node::guarded::Guarded;
use crate::node::shared::NodeState;
use crate::node::spec::NodeSpec;

/// Why a node does not work with new parameters. Those before stay in force, for its next lives too.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// They are wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Wrong(Vec<ValueError>),
    /// Reading them panicked.
    #[error("reading them panicked, which is an error in the node's code: {text}")]
    Panicked {
        /// What it said.
        text: String,
    },
    /// The node does not take them.
    #[error("{text}")]
    Refused {
        /// What the node said.
        text: String,
    },
    /// Its `params_changed` failed otherwise than by refusing: it panicked, or hangs.
    #[error("its `params_changed` {what}; see the log")]
    Failed {
        /// How.
        what: &'static str,
    },
    /// The breaker of its `params_changed` refuses.
    #[error("the breaker of its `params_changed` is open; see `nevil breaker list`")]
    BreakerOpen,
    /// It does not run.
    #[error("it is {state}; parameters are changed while a node is active")]
    NotActive {
        /// Where it is in its life.
        state: NodeState,
    },
    /// It has not answered the change before yet.
    #[error("it has not answered the change before; try again when it has")]
    Busy,
    /// Somebody else has changed them meanwhile.
    #[error("somebody else has changed them meanwhile; look at them, and try again")]
    Changed,
    /// It has not answered in time, and may take them yet.
    #[error("it has not answered within {waited:?}; it may take them yet: see what its thread does")]
    Late {
        /// How long was waited.
        waited: Duration,
    },
}

/// Parameters for a node that runs, read and checked.
pub struct NewParams {
    /// What the node was to be launched as when they were read.
    pub(crate) before: Arc<NodeSpec>,
    /// What it is to be launched as when it has taken them.
    pub(crate) after: Arc<NodeSpec>,
    pub(crate) order: Box<ParamsOrder>,
}

impl fmt::Debug for NewParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewParams({})", self.after.instance)
    }
}

/// `ParamSets` of whatever node.
pub(crate) type AnyParamSets = Box<dyn Any + Send>;

/// The parameters of a node, and those for while it is degraded if it has others.
pub(crate) struct ParamSets<N: Node> {
    pub(crate) normal: N::Params,
    pub(crate) degraded: Option<N::Params>,
}

impl<N: Node> ParamSets<N> {
    fn of(&self, is_degraded: bool) -> &N::Params {
        self.degraded.as_ref().filter(|_| is_degraded).unwrap_or(&self.normal)
    }
}

/// New parameters on their way to a node, and on their way back with what became of them.
pub(crate) struct ParamsOrder {
    /// On the way back: those that are in force no more, or never were.
    pub(crate) sets: Option<AnyParamSets>,
    pub(crate) outcome: Result<(), ParamsError>,
}

impl ParamsOrder {
    pub(crate) fn new(sets: AnyParamSets) -> Self {
        Self { sets: Some(sets), outcome: Ok(()) }
    }
}

impl fmt::Debug for ParamsOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParamsOrder").field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

/// How they get to the node.
pub(crate) struct ParamsChange<N: Node> {
    /// What is in force, where the node has others for while it is degraded, or has taken new ones.
    sets: Option<Box<ParamSets<N>>>,
    guarded: Guarded,
    /// It does not take parameters while it runs. It is not told again by itself that it is degraded.
    has_refused: bool,
}

impl<N: Node> ParamsChange<N> {
    pub(crate) fn new(sets: Option<ParamSets<N>>, guarded: Guarded) -> Self {
        Self { sets: sets.map(Box::new), guarded, has_refused: false }
    }

    /// Tells `node` with which parameters it is to work. A refusal is counted and logged, once in each life.
    pub(crate) fn tell(&mut self, node: &mut N, is_degraded: bool, ctx: &Context) {
        let Some(sets) = self.sets.as_ref().filter(|sets| sets.degraded.is_some() && !self.has_refused)
        else {
            return;
        };
        let params = sets.of(is_degraded);
        let outcome = self.guarded.call(ctx, None, || node.params_changed(params, ctx));
        self.has_refused = outcome == Outcome::Failed;
        let name = ctx.node();
        match outcome {
            Outcome::Ok if is_degraded => tracing::info!("node `{name}` works with its degraded parameters"),
            Outcome::Ok => tracing::info!("node `{name}` works with its own parameters again"),
            Outcome::Failed => tracing::warn!("node `{name}` does not take its degraded parameters"),
            // It was told so where it was found.
            _ => {}
        }
    }

    /// Gives `node` the parameters of `order`, and leaves there what is to be freed elsewhere, and what became of them.
    pub(crate) fn change(&mut self, node: &mut N, order: &mut ParamsOrder, is_degraded: bool, ctx: &Context) {
        let new = order.sets.take().map(<AnyParamSets>::downcast::<ParamSets<N>>);
        let new = match new {
            Some(Ok(new)) => new,
            // Who read them did so for this node.
            other => {
                order.sets = other.and_then(Result::err);
                order.outcome = Err(ParamsError::Changed);
                return;
            }
        };
        let mut said = None;
        let outcome = self.guarded.call(ctx, None, || {
            let result = node.params_changed(new.of(is_degraded), ctx);
            // In here: the text is foreign code too.
            said = Some(result.as_ref().map_err(ToString::to_string).copied());
            result
        });
        order.outcome = match (outcome, said) {
            (Outcome::Abandoned, _) => Err(ParamsError::Failed { what: "hangs" }),
            (Outcome::BreakerOpen, _) => Err(ParamsError::BreakerOpen),
            // Too late, it may be; but it works with them.
            (_, Some(Ok(()))) => Ok(()),
            (_, Some(Err(text))) => Err(ParamsError::Refused { text }),
            (_, None) => Err(ParamsError::Failed { what: "panicked" }),
        };
        let before = if order.outcome.is_ok() {
            self.has_refused = false;
            tracing::info!("node `{}` works with changed parameters", ctx.node());
            self.sets.replace(new)
        } else {
            Some(new)
        };
        order.sets = before.map(|sets| sets as AnyParamSets);
    }
}

/// The parameters `params`, with those in `instead` in place of the ones of the same name.
#[must_use]
pub fn with_instead(params: &Value, instead: &Value) -> Value {
    let (ValueKind::Map(before), ValueKind::Map(after)) = (&params.kind, &instead.kind) else {
        // There are none, or what is there is refused as it is.
        return if matches!(instead.kind, ValueKind::Null) { params.clone() } else { instead.clone() };
    };
    let is_replaced = |name: &str| after.iter().any(|(key, _)| key.name == name);
    let kept = before.iter().filter(|(key, _)| !is_replaced(&key.name));
    let entries = kept.chain(after).cloned().collect();
    Value::new(ValueKind::Map(entries), instead.mark.clone())
}
