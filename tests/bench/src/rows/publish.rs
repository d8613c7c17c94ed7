//! What `publish` costs the thread that publishes.

use crate::floors;
use crate::nevil::{self, Audience};
use crate::peers::{crossbeam, tokio};
use crate::rows::{Row, Setting, Unit};

pub(super) fn rows(setting: &Setting) -> Vec<Row> {
    let (near, batches) = (setting.near, setting.scale.batches);
    let publish = move |audience| move || nevil::publish(near, batches, audience);
    vec![
        Row::new("publish", "One publish of 64 B, which takes the stamp, to nobody who takes it", Unit::Ns)
            .nevil("nevil, unserved", publish(Audience::Unserved))
            .nevil("nevil, no subscription", publish(Audience::Nobody))
            .peer("crossbeam, full", move || crossbeam::publish_unserved(near, batches))
            .peer("tokio broadcast, unserved", move || tokio::publish_unserved(near, batches))
            .floor("two clock reads", move || floors::two_clock_reads(near, batches)),
        Row::new("publish_watched", "One publish of 64 B, with a tap beside it", Unit::Ns)
            .nevil("nevil, watched", publish(Audience::Tap))
            .nevil("nevil, not watched", publish(Audience::Nobody)),
    ]
}
