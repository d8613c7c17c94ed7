//! Other parameters for a node while a breaker of it is open: slower, coarser, more careful.

use nevil_msgs::{Value, ValueKind};

use crate::bus::Outcome;
use crate::node::Node;
use crate::node::context::Context;
use crate::node::guarded::Guarded;

/// The parameters of a node that has others for while it is degraded.
pub(crate) struct DegradedParams<N: Node> {
    pub(crate) normal: N::Params,
    pub(crate) degraded: N::Params,
}

/// How they get to the node.
pub(crate) struct ParamsChange<N: Node> {
    params: DegradedParams<N>,
    guarded: Guarded,
    /// It does not take parameters while it runs. It is not asked again.
    has_refused: bool,
}

impl<N: Node> ParamsChange<N> {
    pub(crate) fn new(params: DegradedParams<N>, guarded: Guarded) -> Self {
        Self { params, guarded, has_refused: false }
    }

    /// Tells `node` with which parameters it is to work. A refusal is counted and logged, once in each life.
    pub(crate) fn tell(&mut self, node: &mut N, is_degraded: bool, ctx: &Context) {
        if self.has_refused {
            return;
        }
        let params = if is_degraded { &self.params.degraded } else { &self.params.normal };
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
}

/// The parameters `params`, with those in `instead` in place of the ones of the same name.
pub(crate) fn with_instead(params: &Value, instead: &Value) -> Value {
    let (ValueKind::Map(before), ValueKind::Map(after)) = (&params.kind, &instead.kind) else {
        // There are none, or what is there is refused as it is.
        return if matches!(instead.kind, ValueKind::Null) { params.clone() } else { instead.clone() };
    };
    let is_replaced = |name: &str| after.iter().any(|(key, _)| key.name == name);
    let kept = before.iter().filter(|(key, _)| !is_replaced(&key.name));
    let entries = kept.chain(after).cloned().collect();
    Value::new(ValueKind::Map(entries), instead.mark.clone())
}
