//! What the kernel says of memory and computing time. What it does not say is `None`, and never 0.

use std::fs;
use std::time::Duration;

use nevil_runtime::Time;

/// In one second the kernel counts so many ticks of a process, on every machine that it tells user space about.
const TICKS_PER_SECOND: u64 = 100;

/// Bytes of this process that are in the machine's memory.
pub(crate) fn memory_bytes() -> Option<u64> {
    pages_resident(&fs::read_to_string("/proc/self/statm").ok()?)?
        .checked_mul(nevil_runtime::os::page_bytes() as u64)
}

/// How long all threads of this process together have run, to a hundredth of a second.
pub(crate) fn process_cpu() -> Option<Duration> {
    ticks(&fs::read_to_string("/proc/self/stat").ok()?)
}

/// How long the thread `id` of this process has run.
pub(crate) fn thread_cpu(id: i32) -> Option<Duration> {
    let text = fs::read_to_string(format!("/proc/self/task/{id}/schedstat")).ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

fn pages_resident(statm: &str) -> Option<u64> {
    statm.split_whitespace().nth(1)?.parse().ok()
}

fn ticks(stat: &str) -> Option<Duration> {
    // The name before it is in parentheses, and may hold spaces. Fields 14 and 15 are meant.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(Duration::from_millis(user.checked_add(system)?.checked_mul(1000 / TICKS_PER_SECOND)?))
}

/// How much of one core something has had between two readings of its computing time.
#[derive(Clone, Debug, Default)]
pub(crate) struct CpuMeter {
    before: Option<(i32, Time, Duration)>,
}

impl CpuMeter {
    /// The computing time of `id` is `cpu` at `now`: how much it had since the reading before, in percent of one core. `None`
    /// for the first reading, after one that failed, and if it is of another than before.
    pub(crate) fn read(&mut self, id: i32, cpu: Option<Duration>, now: Time) -> Option<f32> {
        let before = std::mem::replace(&mut self.before, cpu.map(|cpu| (id, now, cpu)));
        let (of, then, had) = before?;
        let (passed, has) = (now.since(then), cpu?);
        if of != id || passed.is_zero() {
            return None;
        }
        // A tick may fall before or behind a reading.
        Some(100.0 * has.saturating_sub(had).as_secs_f32() / passed.as_secs_f32())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_computing_time() {
        assert!(memory_bytes().unwrap() > 100_000);
        assert!(process_cpu().is_some());
        assert!(thread_cpu(nevil_runtime::os::thread_id()).is_some());
    }

    #[test]
    fn what_cannot_be_read_is_absent_and_not_zero() {
        assert_eq!(thread_cpu(-1), None);
        assert_eq!((pages_resident(""), pages_resident("1 x")), (None, None));
        assert_eq!((ticks(""), ticks("1 (a) S 1")), (None, None));
    }

    #[test]
    fn the_fields_of_a_process_with_an_odd_name_are_found() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0 100 0 0";
        assert_eq!(ticks(stat), Some(Duration::from_secs(3)));
        assert_eq!(pages_resident("900 321 200 1 0 40 0\n"), Some(321));
    }

    #[test]
    fn a_share_needs_two_readings_of_the_same_thread() {
        let (mut meter, second) = (CpuMeter::default(), Duration::from_secs(1));
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(meter.read(1, ms(100), Time::ZERO), None);
        assert_eq!(meter.read(1, ms(350), Time::ZERO + second), Some(25.0));
        assert_eq!(meter.read(1, None, Time::ZERO + second * 2), None);
        assert_eq!(meter.read(1, ms(400), Time::ZERO + second * 3), None);
        assert_eq!(meter.read(2, ms(900), Time::ZERO + second * 4), None, "another thread");
    }
}
