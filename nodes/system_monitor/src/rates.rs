//! How much there was since the reading before.

use std::collections::BTreeMap;

use nevil_runtime::prelude::*;

use crate::parse::CoreTicks;

/// Most threads that a message lists. A robot has about two for each node.
const THREADS_MAX: usize = 64;

/// Most cores that a message lists.
const CORES_MAX: usize = 256;

/// What a thread is called, and how long it has run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ThreadTime {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) ran_ns: u64,
}

/// The reading before.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    cores: Vec<CoreTicks>,
    threads: BTreeMap<u32, u64>,
    threads_at: Option<Time>,
    written: Option<(Time, u64)>,
}

impl Rates {
    /// How busy each core was. A core that was not there before, or has counted nothing since, is left out.
    pub(crate) fn cores(&mut self, now: Vec<CoreTicks>) -> Vec<CoreLoad> {
        let load = |now: &CoreTicks| {
            let before = self.cores.iter().find(|before| before.core == now.core)?;
            let all = now.all.checked_sub(before.all).filter(|all| *all > 0)?;
            let busy = now.busy.saturating_sub(before.busy).min(all);
            Some(CoreLoad { core: now.core, cpu_percent: 100.0 * busy as f32 / all as f32 })
        };
        let loads = now.iter().filter_map(load).take(CORES_MAX).collect();
        self.cores = now;
        loads
    }

    /// How busy each thread was, the busiest first, and how many were left out. One that is new is not known.
    pub(crate) fn threads(&mut self, now: Time, threads: Vec<ThreadTime>) -> (Vec<ThreadLoad>, u32) {
        let passed_ns = self.threads_at.map(|before| now.since(before).as_nanos() as f32);
        let mut seen = BTreeMap::new();
        let mut loads: Vec<ThreadLoad> = Vec::with_capacity(threads.len());
        for ThreadTime { id, name, ran_ns } in threads {
            let had_ns = self.threads.get(&id).and_then(|before| ran_ns.checked_sub(*before));
            let share = had_ns.zip(passed_ns.filter(|passed| *passed > 0.0));
            // A reading is not made in one instant.
            let cpu_percent = share.map(|(had, passed)| (100.0 * had as f32 / passed).min(100.0));
            seen.insert(id, ran_ns);
            loads.push(ThreadLoad { name, cpu_percent });
        }
        (self.threads, self.threads_at) = (seen, Some(now));
        loads.sort_by(|a, b| {
            let busy = |load: &ThreadLoad| load.cpu_percent.unwrap_or(-1.0);
            busy(b).total_cmp(&busy(a)).then_with(|| a.name.cmp(&b.name))
        });
        let left_out = loads.len().saturating_sub(THREADS_MAX);
        loads.truncate(THREADS_MAX);
        (loads, u32::try_from(left_out).unwrap_or(u32::MAX))
    }

    /// Bytes per second of what has been written up to now.
    pub(crate) fn written(&mut self, now: Time, bytes: Option<u64>) -> Option<f32> {
        let (then, before) = std::mem::replace(&mut self.written, bytes.map(|bytes| (now, bytes)))?;
        let (passed, more) = (now.since(then), bytes?.checked_sub(before)?);
        (!passed.is_zero()).then(|| more as f32 / passed.as_secs_f32())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn core(core: u16, busy: u64, all: u64) -> CoreTicks {
        CoreTicks { core, busy, all }
    }

    #[test]
    fn a_core_is_known_from_its_second_reading_on() {
        let mut rates = Rates::default();
        assert_eq!(rates.cores(vec![core(0, 10, 100)]), []);
        let loads = rates.cores(vec![core(0, 35, 200), core(1, 5, 10)]);
        assert_eq!(loads, [CoreLoad { core: 0, cpu_percent: 25.0 }]);
        // The kernel's counts may step back by a tick when a core sleeps.
        let loads = rates.cores(vec![core(0, 30, 300), core(1, 5, 10)]);
        assert_eq!(loads, [CoreLoad { core: 0, cpu_percent: 0.0 }]);
    }

    #[test]
    fn threads_are_listed_by_what_they_had_and_a_new_one_last() {
        let thread =
            |id, name: &str, ran_ms: u64| ThreadTime { id, name: name.into(), ran_ns: ran_ms * 1_000_000 };
        let mut rates = Rates::default();
        let (first, _) = rates.threads(Time::ZERO, vec![thread(1, "motion", 100), thread(2, "car", 100)]);
        assert!(first.iter().all(|load| load.cpu_percent.is_none()));
        let later = vec![thread(1, "motion", 110), thread(2, "car", 600), thread(3, "new", 5)];
        let (loads, left_out) = rates.threads(Time::ZERO + S, later);
        let loads: Vec<_> = loads.iter().map(|load| (&*load.name, load.cpu_percent)).collect();
        assert_eq!(loads, [("car", Some(50.0)), ("motion", Some(1.0)), ("new", None)]);
        assert_eq!(left_out, 0);
    }

    #[test]
    fn of_many_threads_the_busiest_64_are_listed_and_the_others_counted() {
        let threads = |ran_ns: fn(u32) -> u64| {
            (0..70).map(move |id| ThreadTime { id, name: id.to_string(), ran_ns: ran_ns(id) }).collect()
        };
        let mut rates = Rates::default();
        rates.threads(Time::ZERO, threads(|_| 0));
        let (loads, left_out) = rates.threads(Time::ZERO + S, threads(|id| u64::from(id) * 1_000_000));
        assert_eq!((loads.len(), left_out, &*loads[0].name), (64, 6, "69"));
    }

    #[test]
    fn what_is_written_per_second_needs_two_readings() {
        let mut rates = Rates::default();
        assert_eq!(rates.written(Time::ZERO, Some(1000)), None);
        assert_eq!(rates.written(Time::ZERO + S * 2, Some(5096)), Some(2048.0));
        assert_eq!(rates.written(Time::ZERO + S * 3, None), None);
        assert_eq!(rates.written(Time::ZERO + S * 4, Some(9000)), None);
        assert_eq!(rates.written(Time::ZERO + S * 5, Some(10)), None, "another device");
    }
}
