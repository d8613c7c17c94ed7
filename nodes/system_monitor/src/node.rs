//! The node around [`Watch`]: readings in, one message and now and then a warning out.

use std::path::{Path, PathBuf};

use nevil_runtime::prelude::*;

use crate::host::{Host, missing};
use crate::injected::Injected;
use crate::watch::{Limits, News, Watch};

/// Says how the machine is that the robot runs on.
#[derive(Debug)]
pub struct SystemMonitor {
    status: Publisher<HostStatus>,
    watch: Watch,
    limits: Limits,
    /// How the machine is said to be where it is not asked.
    injected: Injected,
    /// What it takes at its start only.
    begun: (Duration, PathBuf, Source),
}

/// Where its readings come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Machine,
    Injected,
}

/// What is looked at, and what is worth a warning.
#[derive(Parameters)]
pub struct Params {
    /// Time between two readings.
    #[param(default = "1s", range = 0.1..=60.0)]
    period: Duration,
    /// A file or folder on the disk that is watched.
    #[param(default = "/")]
    disk: PathBuf,
    /// From this temperature of the processor on there is a warning. A Raspberry Pi slows down from 80 °C on.
    #[param(default = 80.0, range = 30.0..=120.0, unit = "°C")]
    temperature_c_max: f32,
    /// If less than this share of the memory is left, there is a warning.
    #[param(default = 0.1, range = 0.0..=1.0)]
    memory_share_min: f32,
    /// If less than this share of the disk is left, there is a warning.
    #[param(default = 0.05, range = 0.0..=1.0)]
    disk_share_min: f32,
    /// How the machine is said to be; under a simulated clock that of an idle one by default. The machine is not asked then.
    injected: Option<Injected>,
}

impl Node for SystemMonitor {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        let source = params.source(setup.is_simulated());
        match source {
            Source::Machine => {
                let (disk, period) = (params.disk.clone(), params.period);
                let open = move || {
                    let host = Host::new(Path::new("/"), &disk);
                    Ok(Reader { host, period, said: Vec::new() })
                };
                setup.driver("readings", open, Self::on_reading)?;
            }
            Source::Injected => {
                setup.every(params.period, Self::on_tick)?;
            }
        }
        Ok(Self {
            status: setup.publisher(topics::HOST_STATUS)?,
            watch: Watch::default(),
            limits: params.limits(),
            injected: params.injected.clone().unwrap_or_default(),
            begun: (params.period, params.disk, source),
        })
    }

    /// The limits, and what is injected if something is.
    fn params_changed(&mut self, params: &Params, ctx: &Context) -> NodeResult {
        let (period, disk, source) = &self.begun;
        let is_other = match source {
            Source::Machine => params.injected.is_some(),
            // Under a simulated clock nothing else is there, and elsewhere the machine is not asked before the next start.
            Source::Injected => false,
        };
        if (period, disk) != (&params.period, &params.disk) || is_other {
            return Err(NodeError::new(
                "`period`, `disk`, and whether something is `injected`, are taken at the start only; set them in the launch \
                 file, and restart the node",
            ));
        }
        self.limits = params.limits();
        self.injected = params.injected.clone().unwrap_or_default();
        if *source == Source::Injected {
            // They are in force by now: that it could not be said is no refusal, and is counted on the bus.
            let _ = self.tell(self.injected.status(seconds(ctx)));
        }
        Ok(())
    }
}

impl Params {
    const fn source(&self, is_simulated: bool) -> Source {
        if is_simulated || self.injected.is_some() { Source::Injected } else { Source::Machine }
    }

    const fn limits(&self) -> Limits {
        Limits {
            temperature_c_max: self.temperature_c_max,
            memory_share_min: self.memory_share_min,
            disk_share_min: self.disk_share_min,
        }
    }
}

impl SystemMonitor {
    fn on_reading(&mut self, status: &Received<HostStatus>, _: &Context) -> NodeResult {
        self.tell((**status).clone())
    }

    fn on_tick(&mut self, _: &Tick, ctx: &Context) -> NodeResult {
        self.tell(self.injected.status(seconds(ctx)))
    }

    fn tell(&mut self, status: HostStatus) -> NodeResult {
        for news in self.watch.look(&status, &self.limits) {
            match news {
                News::Bad(text) => tracing::warn!("{text}"),
                News::Good(text) => tracing::info!("{text}"),
            }
        }
        self.status.publish(status)?;
        Ok(())
    }
}

fn seconds(ctx: &Context) -> f64 {
    ctx.now().since(Time::ZERO).as_secs_f64()
}

/// Asks the machine once a period.
struct Reader {
    host: Host,
    period: Duration,
    /// What was said to be missing.
    said: Vec<&'static str>,
}

impl Driver for Reader {
    type Input = HostStatus;

    fn run(&mut self, input: &DriverInput<HostStatus>, stop: &Stop) -> NodeResult {
        let mut due = stop.now();
        while !stop.wait_until(due) {
            let now = stop.now();
            let status = self.host.read(now);
            self.say_missing(&status);
            input.send(status)?;
            // What was late is not caught up.
            due = (due + self.period).max(now);
        }
        Ok(())
    }
}

impl Reader {
    /// Says once what the machine does not say.
    fn say_missing(&mut self, status: &HostStatus) {
        let new: Vec<_> = missing(status).into_iter().filter(|name| !self.said.contains(name)).collect();
        if !new.is_empty() {
            tracing::info!("this machine does not say: {}", new.join(", "));
            self.said.extend(new);
        }
    }
}

#[cfg(test)]
mod tests {
    use nevil_runtime::testing::TestNode;

    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn under_a_simulated_clock_an_idle_machine_is_told_once_a_second_and_nothing_of_this_one() {
        let run = || {
            let mut node = TestNode::<SystemMonitor>::start("").unwrap();
            node.advance(3 * S);
            let told = node.take(topics::HOST_STATUS).unwrap();
            assert!(node.stop().is_empty());
            told
        };
        let told = run();
        assert_eq!(told, run());
        assert_eq!(told.len(), 3);
        assert_eq!(
            (told[2].uptime_s, told[2].temperature_c, told[2].threads.len()),
            (Some(3.0), Some(45.0), 0)
        );
    }

    #[test]
    fn what_is_injected_is_told_and_can_be_changed_while_it_runs() {
        let mut node = TestNode::<SystemMonitor>::start(
            "{ period: 500ms, injected: { temperature_c: 82, disk_free_bytes: 1GiB } }",
        )
        .unwrap();
        node.advance(S);
        let told = node.take(topics::HOST_STATUS).unwrap();
        assert_eq!(told.len(), 2);
        assert_eq!((told[0].temperature_c, told[0].disk_free_bytes), (Some(82.0), Some(1 << 30)));
        node.set_params("injected: { under_voltage: true }").unwrap();
        node.step();
        let power = node.take(topics::HOST_STATUS).unwrap()[0].power.unwrap();
        assert!(power.now.under_voltage && power.ever.under_voltage);
    }

    #[test]
    fn the_period_and_the_disk_are_taken_at_the_start_only() {
        let mut node = TestNode::<SystemMonitor>::start("").unwrap();
        node.set_params("temperature_c_max: 70").unwrap();
        let error = node.set_params("period: 2s").unwrap_err().to_string();
        assert!(
            error.starts_with("`period`, `disk`, and whether something is `injected`, are taken"),
            "{error}"
        );
    }

    #[test]
    fn an_injected_reading_out_of_its_range_is_refused_with_its_place() {
        let error = TestNode::<SystemMonitor>::start("injected: { temperature_c: 200 }").err().unwrap();
        assert!(error.to_string().contains("injected.temperature_c: value is too large (200)"), "{error}");
    }
}
