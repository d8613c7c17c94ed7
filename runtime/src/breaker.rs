//! stub
use crate::clock::Time;
use crate::node::CallbackRule;
#[derive(Debug)]
pub struct Breaker;
pub struct Permit<'a>(&'a Breaker);
#[derive(Clone, Copy)]
pub struct Ticket(u64);
impl From<u64> for Ticket {
    fn from(v: u64) -> Self {
        Self(v)
    }
}
impl From<Ticket> for u64 {
    fn from(v: Ticket) -> Self {
        v.0
    }
}
pub enum CallOutcome {
    Ok,
    Failed(Option<&'static str>, String),
    Panicked(String),
}
impl CallOutcome {
    pub fn failed(k: Option<&'static str>, s: String) -> Self {
        Self::Failed(k, s)
    }
}
impl Breaker {
    pub fn for_callback(_: &str, _: &str, _: &CallbackRule) -> Self {
        Self
    }
    pub fn admit(&self, _: Time) -> Result<Permit<'_>, ()> {
        Ok(Permit(self))
    }
    pub fn time_out(&self, _: Ticket, _: Time) {}
    pub fn refused(&self) -> u64 {
        0
    }
}
impl Permit<'_> {
    pub fn ticket(&self) -> Ticket {
        let _ = self.0;
        Ticket(0)
    }
    pub fn late(self, _: Time) {}
    pub fn finish(self, _: Time, _: CallOutcome) -> bool {
        false
    }
}
