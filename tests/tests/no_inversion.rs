//! A thread of real time never waits for an ordinary one, whatever both do with the same topics.
//!
//! `urgent` (FIFO) and `flood` (ordinary) share one core. Each publishes to the other on a topic of every overflow rule,
//! as fast as it can; a timer lets `urgent` interrupt `flood` at any point of its steps. If one of those steps could be
//! half done so that `urgent` must wait for it, `urgent` would
//! * spin, and use up its core until the kernel takes it away (some 950 ms: [`SPIN_NS`] is far below that), or
//! * sleep in the middle of a publish: a voluntary switch where there is none.
//!
//! Both are seen in what the kernel says of that thread alone, so that no other load changes the answer.
//!
//! `NEVIL_LONG=1 cargo test -p nevil-tests --test no_inversion -- --nocapture` runs 60 s instead of 3 and judges the
//! wall clock too: no publish takes longer than 1 ms, and no timer of `urgent` is later. A third thread, more urgent and
//! without topics, witnesses how late the machine itself is, which is taken off. For a machine without other real-time
//! work.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "all of this is a test")]

mod running;

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use nevil_runtime::prelude::*;
use nevil_runtime::{Cores, Policy, ThreadReport, ThreadSpec, os};
use rustix::time::{ClockId, clock_gettime};

use running::{Running, spec};

/// More than any turn of `urgent` computes, and far less than a thread spins before the kernel stops it.
const SPIN_NS: u64 = 250_000_000;

/// Publishes in which `urgent` may have slept: a page that comes back from the disk.
const SLEEPS_MAX: u64 = 3;

/// The long form: no turn above this.
const TURN_NS_MAX: u64 = 1_000_000;

/// How often `urgent` interrupts `flood`. No multiple of anything that `flood` does.
const PERIOD: Duration = Duration::from_micros(211);

/// Messages on each topic in one call of a timer.
const BATCH: u64 = 8;

/// Messages that `flood` sends itself on each topic in one call: most of its time it is in the middle of a publish.
const TO_ITSELF: u64 = 512;

#[derive(Message)]
struct Word {
    value: u64,
}

/// From the ordinary node to the urgent one.
const UP: [Topic<Word>; 4] = [
    Topic::new("up_oldest").depth(16),
    Topic::commands("up_newest").depth(16),
    Topic::latest("up_latest"),
    Topic::new("up_latched").depth(16).latched(),
];

/// And back.
const DOWN: [Topic<Word>; 4] = [
    Topic::new("down_oldest").depth(16),
    Topic::commands("down_newest").depth(16),
    Topic::latest("down_latest"),
    Topic::new("down_latched").depth(16).latched(),
];

/// Durations in buckets of an eighth.
struct Spread {
    buckets: [u64; 512],
    max: u64,
    /// When the greatest was added.
    max_at_ns: u64,
}

impl Spread {
    const fn new() -> Self {
        Self { buckets: [0; 512], max: 0, max_at_ns: 0 }
    }

    fn add(&mut self, ns: u64) {
        let octave = ns.max(8).ilog2();
        let within = (ns.max(8) >> (octave - 3)) & 7;
        self.buckets[(u64::from(octave) * 8 + within) as usize] += 1;
        if ns > self.max {
            (self.max, self.max_at_ns) = (ns, os::monotonic_ns());
        }
    }

    fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// An upper bound of what so many of a thousand take.
    fn quantile(&self, permille: u64) -> u64 {
        let (rank, mut seen) = ((self.count() * permille).div_ceil(1000), 0);
        let found = self.buckets.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        let next = found.unwrap_or(0) as u64 + 1;
        (8 + next % 8) << (next / 8 - 3)
    }

    fn line(&self, what: &str, began_ns: u64) -> String {
        let us = |ns: u64| ns as f64 / 1000.0;
        format!(
            "{what:<34} {:>9} times  p50 {:>7.1} µs  p99 {:>7.1} µs  max {:>8.1} µs at {:>6.3} s",
            self.count(),
            us(self.quantile(500).min(self.max)),
            us(self.quantile(990).min(self.max)),
            us(self.max),
            self.max_at_ns.saturating_sub(began_ns) as f64 / 1e9
        )
    }
}

/// What was measured on the thread of `urgent`.
struct Measured {
    /// Processor time from callback to callback: all that the thread does, asleep or not.
    turn_cpu: Spread,
    publish_cpu: Spread,
    publish_wall: Spread,
    late: Spread,
    received: u64,
    /// Batches of publishes that were looked at for switches, and voluntary switches in them.
    watched: u64,
    slept: u64,
}

static MEASURED: Mutex<Measured> = Mutex::new(Measured {
    turn_cpu: Spread::new(),
    publish_cpu: Spread::new(),
    publish_wall: Spread::new(),
    late: Spread::new(),
    received: 0,
    watched: 0,
    slept: 0,
});

fn thread_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}

/// Times that the thread of `status` went to sleep by itself.
fn voluntary_switches(status: &File, buffer: &mut [u8]) -> u64 {
    let bytes = status.read_at(buffer, 0).unwrap();
    let text = std::str::from_utf8(&buffer[..bytes]).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.unwrap().trim().parse().unwrap()
}

struct Urgent {
    down: Vec<Publisher<Word>>,
    /// Handed over at the end: no lock is shared meanwhile.
    measured: Measured,
    cpu_before: Option<u64>,
    status: Option<File>,
    buffer: Vec<u8>,
}

impl Node for Urgent {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        for topic in UP {
            setup.subscribe(topic, |urgent: &mut Self, _, _| {
                urgent.measured.received += 1;
                urgent.note_turn();
                Ok(())
            })?;
        }
        setup.every(PERIOD, Self::tick)?;
        let down = DOWN.into_iter().map(|topic| setup.publisher(topic)).collect::<Result<_, _>>()?;
        let spread = Spread::new;
        let measured = Measured {
            turn_cpu: spread(),
            publish_cpu: spread(),
            publish_wall: spread(),
            late: spread(),
            received: 0,
            watched: 0,
            slept: 0,
        };
        Ok(Self { down, measured, cpu_before: None, status: None, buffer: vec![0; 8192] })
    }

    fn activate(&mut self, _: &Context) -> NodeResult {
        self.status = Some(File::open("/proc/thread-self/status")?);
        Ok(())
    }

    fn deactivate(&mut self, _: &Context) -> NodeResult {
        std::mem::swap(&mut *MEASURED.lock().unwrap(), &mut self.measured);
        Ok(())
    }
}

impl Urgent {
    fn note_turn(&mut self) {
        let now = thread_cpu_ns();
        if let Some(before) = self.cpu_before.replace(now) {
            self.measured.turn_cpu.add(now - before);
        }
    }

    fn tick(&mut self, tick: &Tick, ctx: &Context) -> NodeResult {
        self.note_turn();
        self.measured.late.add(u64::try_from(ctx.now().since(tick.due).as_nanos())?);
        let status = self.status.as_ref().ok_or_else(|| NodeError::new("it is active"))?;
        let before = voluntary_switches(status, &mut self.buffer);
        for value in 0..BATCH {
            for publisher in &self.down {
                let (cpu, wall) = (thread_cpu_ns(), os::monotonic_ns());
                publisher.publish(Word { value })?;
                self.measured.publish_wall.add(os::monotonic_ns() - wall);
                self.measured.publish_cpu.add(thread_cpu_ns() - cpu);
            }
        }
        self.measured.watched += 1;
        self.measured.slept += voluntary_switches(status, &mut self.buffer) - before;
        Ok(())
    }
}

/// Publishes without a pause, and receives what it is sent.
struct Flood {
    up: Vec<Publisher<Word>>,
    /// The topics that it receives, on which `urgent` publishes too.
    down: Vec<Publisher<Word>>,
    sum: u64,
}

impl Node for Flood {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        for topic in DOWN {
            setup.subscribe(topic, |flood: &mut Self, word: &Received<Word>, _| {
                flood.sum = flood.sum.wrapping_add(word.value);
                Ok(())
            })?;
        }
        // Always due: the thread never sleeps.
        setup.every(Duration::from_nanos(1), Self::tick)?;
        let up = UP.into_iter().map(|topic| setup.publisher(topic)).collect::<Result<_, _>>()?;
        let down = DOWN.into_iter().map(|topic| setup.publisher(topic)).collect::<Result<_, _>>()?;
        Ok(Self { up, down, sum: 0 })
    }
}

impl Flood {
    fn tick(&mut self, _: &Tick, _: &Context) -> NodeResult {
        for value in 0..BATCH {
            for publisher in &self.up {
                publisher.publish(Word { value })?;
            }
        }
        for value in 0..TO_ITSELF {
            for publisher in &self.down {
                publisher.publish(Word { value })?;
            }
        }
        Ok(())
    }
}

static WITNESSED_NS: AtomicU64 = AtomicU64::new(0);

/// Has a timer and nothing else: what makes it late is not ours.
struct Witness;

impl Node for Witness {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.every(PERIOD, |_: &mut Self, tick: &Tick, ctx: &Context| {
            let late = u64::try_from(ctx.now().since(tick.due).as_nanos())?;
            WITNESSED_NS.fetch_max(late, Ordering::Relaxed);
            Ok(())
        })?;
        Ok(Self)
    }
}

/// Says it past the test harness, which shows what a test prints only if it fails.
fn say(text: &str) {
    // Who closed stderr does not want to read it.
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn switches(report: &ThreadReport) -> String {
    let status = std::fs::read_to_string(format!("/proc/self/task/{}/status", report.id)).unwrap();
    let lines = status.lines().filter(|line| line.contains("ctxt_switches"));
    lines.map(|line| line.replace(":\t", " ")).collect::<Vec<_>>().join(", ")
}

#[test]
fn an_urgent_node_never_waits_for_a_half_done_step_of_an_ordinary_one_on_its_core() {
    let is_long = std::env::var_os("NEVIL_LONG").is_some();
    let core = *os::thread_cores().unwrap().last().unwrap();
    let thread = |policy| ThreadSpec { policy, cores: Cores::Only(vec![core]), ..ThreadSpec::default() };
    let began_ns = os::monotonic_ns();
    let mut specs = vec![
        spec::<Urgent>("urgent", thread(Policy::Fifo { priority: 50 })),
        spec::<Flood>("flood", thread(Policy::Normal { nice: 0 })),
    ];
    if is_long {
        specs.push(spec::<Witness>("witness", thread(Policy::Fifo { priority: 60 })));
    }
    let robot = Running::start(specs);
    std::thread::sleep(Duration::from_secs(if is_long { 60 } else { 3 }));
    let report = robot.nodes[0].thread_report().unwrap().clone();
    let switched = switches(&report);
    let bus = robot.environment.bus().clone();
    robot.stop();

    let is_urgent = report.policy_granted == report.policy_wanted;
    let measured = MEASURED.lock().unwrap();
    say(&format!("urgent: {} on core {core}; {switched}", report.policy_granted));
    for (what, spread) in [
        ("callback to callback, processor", &measured.turn_cpu),
        ("publish, processor", &measured.publish_cpu),
        ("publish, wall clock", &measured.publish_wall),
        ("timer, late by", &measured.late),
    ] {
        say(&spread.line(what, began_ns));
    }
    say(&format!("slept {} times in {} batches of publishes", measured.slept, measured.watched));
    let mut offered = 0;
    for topic in UP {
        let counts = bus.counts(topic.name()).unwrap().subscriptions.remove(0).2;
        say(&format!(
            "{:<12} offered {}, of which {} overflowed",
            topic.name(),
            counts.offered,
            counts.overflow
        ));
        offered += counts.offered;
    }
    assert!(measured.received > 0 && offered >= measured.received, "the flood came");
    assert!(measured.watched > 0 && measured.publish_cpu.count() > 0, "and was answered");

    if !is_urgent {
        say(&format!(
            "NOT CHECKED: that nothing waits, because real time was denied ({}). The same load ran with nice levels, and \
             its accounts balance",
            report.denied.join("; ")
        ));
        return;
    }
    assert!(measured.turn_cpu.max < SPIN_NS, "`urgent` has spun for {} ns", measured.turn_cpu.max);
    assert!(measured.slept <= SLEEPS_MAX, "`urgent` slept {} times while it published", measured.slept);
    if is_long {
        let worst = measured.publish_wall.max.max(measured.late.max);
        let machine = WITNESSED_NS.load(Ordering::Relaxed);
        say(&format!("worst {worst} ns, of which the machine itself can be late by {machine} ns"));
        assert!(worst < TURN_NS_MAX + machine, "a publish or a timer of `urgent` took {worst} ns");
    }
}
