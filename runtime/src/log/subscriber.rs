//! Takes the events of the `tracing` macros.

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record as SpanRecord};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

use crate::log::changing::LogFilter;
use crate::log::outlet::Intake;
use crate::log::record::{self, Record};

/// Turns events into records. Spans are accepted and mean nothing.
pub(super) struct LaneSubscriber {
    pub(super) filter: LogFilter,
    pub(super) intake: Intake<Record>,
}

impl Subscriber for LaneSubscriber {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_event() { self.filter.filter().interest(metadata) } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let level = || self.filter.filter().level(metadata.target(), record::name().as_str());
        metadata.is_event() && *metadata.level() <= level()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.filter.filter().most())
    }

    fn event(&self, event: &Event<'_>) {
        self.intake.offer(Record::of(event));
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &SpanRecord<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}
