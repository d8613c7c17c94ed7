//! What of the machine is worth a warning: said when it begins and when it ends, and not with each reading between.

use nevil_runtime::prelude::*;

/// From where on something is worth a warning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Temperature of the processor in degrees Celsius from which on it is too hot.
    pub temperature_c_max: f32,
    /// Share of the memory below which too little is left.
    pub memory_share_min: f32,
    /// Share of the disk below which too little is left.
    pub disk_share_min: f32,
}

/// By how much a temperature must have fallen below its limit until it is taken to be good again, in degrees.
const COOLER_C: f32 = 5.0;

/// How much more than its limit must be left until it is taken to be enough again, as a share of the limit.
const MORE_SHARE: f32 = 0.25;

/// Something that has begun or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// It is worth a warning, in these words.
    Bad(String),
    /// It is good again.
    Good(String),
}

/// What was wrong at the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    hot: bool,
    memory: bool,
    disk: bool,
    under_voltage: bool,
    throttled: bool,
}

impl Watch {
    /// What has changed with this reading. What is not known changes nothing.
    pub fn look(&mut self, status: &HostStatus, limits: &Limits) -> Vec<News> {
        let mut news = Vec::new();
        if let Some(temperature) = status.temperature_c {
            let limit = limits.temperature_c_max;
            let bad = if self.hot { temperature > limit - COOLER_C } else { temperature >= limit };
            let (is, was) =
                (format!("the processor is hot ({temperature:.0} °C)"), "the processor has cooled down");
            tell(&mut self.hot, bad, &is, &format!("{was} ({temperature:.0} °C)"), &mut news);
        }
        let memory = share(status.memory_available_bytes, status.memory_total_bytes);
        short(&mut self.memory, memory, limits.memory_share_min, "of the memory", &mut news);
        let disk = share(status.disk_free_bytes, status.disk_total_bytes);
        short(&mut self.disk, disk, limits.disk_share_min, "of the disk", &mut news);
        if let Some(PowerStatus { now, .. }) = status.power {
            let is = "the supply is too weak (under-voltage); use a stronger one or a shorter cable, or charge the battery";
            tell(
                &mut self.under_voltage,
                now.under_voltage,
                is,
                "the supply is strong enough again",
                &mut news,
            );
            let is = "the processor is slowed down, for its heat or its supply";
            tell(
                &mut self.throttled,
                now.throttled,
                is,
                "the processor is not slowed down any more",
                &mut news,
            );
        }
        news
    }
}

/// How much is left, as a share.
fn share(left: Option<u64>, of: Option<u64>) -> Option<f32> {
    let (left, of) = (left?, of.filter(|of| *of > 0)?);
    Some((left as f64 / of as f64) as f32)
}

fn short(before: &mut bool, share: Option<f32>, min: f32, of: &str, news: &mut Vec<News>) {
    let Some(share) = share else { return };
    let bad = if *before { share < min * (1.0 + MORE_SHARE) } else { share < min };
    let percent = share * 100.0;
    tell(
        before,
        bad,
        &format!("{percent:.1} % {of} is left"),
        &format!("{percent:.1} % {of} is free again"),
        news,
    );
}

fn tell(before: &mut bool, bad: bool, is: &str, was: &str, news: &mut Vec<News>) {
    match (std::mem::replace(before, bad), bad) {
        (false, true) => news.push(News::Bad(is.to_owned())),
        (true, false) => news.push(News::Good(was.to_owned())),
        (true, true) | (false, false) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { temperature_c_max: 80.0, memory_share_min: 0.1, disk_share_min: 0.05 };

    fn bad(text: &str) -> Vec<News> {
        vec![News::Bad(text.to_owned())]
    }

    fn good(text: &str) -> Vec<News> {
        vec![News::Good(text.to_owned())]
    }

    #[test]
    fn a_temperature_at_its_limit_is_said_once_and_its_end_only_when_it_is_5_degrees_cooler() {
        let mut watch = Watch::default();
        let mut look = |temperature| {
            watch.look(&HostStatus { temperature_c: Some(temperature), ..HostStatus::default() }, &LIMITS)
        };
        assert_eq!(look(79.9), []);
        assert_eq!(look(80.0), bad("the processor is hot (80 °C)"));
        assert_eq!(look(85.0), []);
        assert_eq!(look(75.1), []);
        assert_eq!(look(81.0), []);
        assert_eq!(look(75.0), good("the processor has cooled down (75 °C)"));
        assert_eq!(look(79.9), []);
    }

    #[test]
    fn what_is_left_of_the_disk_is_said_below_its_share_and_again_when_a_quarter_more_is_free() {
        let mut watch = Watch::default();
        let mut look = |free| {
            let (disk_free_bytes, disk_total_bytes) = (Some(free), Some(10_000));
            watch.look(&HostStatus { disk_free_bytes, disk_total_bytes, ..HostStatus::default() }, &LIMITS)
        };
        assert_eq!(look(500), []);
        assert_eq!(look(499), bad("5.0 % of the disk is left"));
        assert_eq!(look(624), []);
        assert_eq!(look(625), good("6.2 % of the disk is free again"));
    }

    #[test]
    fn memory_and_supply_are_said_too() {
        let mut watch = Watch::default();
        let now = PowerFlags { under_voltage: true, throttled: true, ..PowerFlags::default() };
        let status = HostStatus {
            memory_available_bytes: Some(9),
            memory_total_bytes: Some(100),
            power: Some(PowerStatus { now, ever: now }),
            ..HostStatus::default()
        };
        let news = watch.look(&status, &LIMITS);
        assert_eq!(news.len(), 3);
        assert_eq!(news[0], News::Bad("9.0 % of the memory is left".to_owned()));
        // What has held once and holds no more is good news, and said once.
        let over = PowerStatus { now: PowerFlags::default(), ever: now };
        let status = HostStatus { power: Some(over), ..status };
        assert_eq!(watch.look(&status, &LIMITS).len(), 2);
        assert_eq!(watch.look(&status, &LIMITS), []);
    }

    #[test]
    fn what_is_not_known_is_neither_good_nor_bad() {
        let mut watch = Watch::default();
        watch.look(&HostStatus { temperature_c: Some(90.0), ..HostStatus::default() }, &LIMITS);
        let before = watch;
        assert_eq!(watch.look(&HostStatus::default(), &LIMITS), []);
        assert_eq!(watch, before);
    }
}
