//! What the kernel writes about the machine, as numbers. What is not as expected is `None` or left out, and never 0.

/// How long a core has been busy, and how long it has been there, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CoreTicks {
    pub(crate) core: u16,
    pub(crate) busy: u64,
    pub(crate) all: u64,
}

/// The cores of `/proc/stat`.
pub(crate) fn core_ticks(stat: &str) -> Vec<CoreTicks> {
    stat.lines().filter_map(core_line).collect()
}

fn core_line(line: &str) -> Option<CoreTicks> {
    let mut words = line.strip_prefix("cpu")?.split_ascii_whitespace();
    // The first line, of all cores together, has no number.
    let core = line.as_bytes().get(3).filter(|byte| byte.is_ascii_digit()).and(words.next())?.parse().ok()?;
    // user, nice, system, idle, iowait, irq, softirq, steal; what follows is counted within user and nice.
    let ticks: Vec<u64> = words.take(8).map(str::parse).collect::<Result<_, _>>().ok()?;
    if ticks.len() < 5 {
        return None;
    }
    let all = ticks.iter().fold(0_u64, |sum, ticks| sum.saturating_add(*ticks));
    let idle = ticks[3].saturating_add(ticks[4]);
    Some(CoreTicks { core, busy: all.saturating_sub(idle), all })
}

/// The bytes of one line of `/proc/meminfo`, such as `MemAvailable`.
pub(crate) fn memory_bytes(meminfo: &str, name: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// The mean over one minute of `/proc/loadavg`.
pub(crate) fn load_1m(loadavg: &str) -> Option<f32> {
    first(loadavg).filter(|load: &f32| load.is_finite() && *load >= 0.0)
}

/// Seconds since the machine was booted, of `/proc/uptime`.
pub(crate) fn uptime_s(uptime: &str) -> Option<f64> {
    first(uptime).filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0)
}

/// Nanoseconds that a thread has run, of its `schedstat`.
pub(crate) fn thread_ns(schedstat: &str) -> Option<u64> {
    first(schedstat)
}

/// Degrees Celsius of a thermal zone's `temp`, which is in thousandths. What no processor survives is a broken sensor.
pub(crate) fn temperature_c(temp: &str) -> Option<f32> {
    let thousandths: i32 = temp.trim().parse().ok()?;
    (-50_000..=150_000).contains(&thousandths).then_some(thousandths as f32 / 1000.0)
}

/// The word of the firmware of a Raspberry Pi, in hexadecimal digits.
pub(crate) fn throttled_bits(get_throttled: &str) -> Option<u32> {
    let digits = get_throttled.trim();
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    // A sign is none of its digits.
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

/// Bytes written to a block device since it is there, of its `stat`. Whatever the device's own blocks are, the kernel counts
/// 512 bytes.
pub(crate) fn written_bytes(stat: &str) -> Option<u64> {
    stat.split_ascii_whitespace().nth(6)?.parse::<u64>().ok()?.checked_mul(512)
}

/// A name as a thread has it: at most 15 bytes, and what is not printable is `?`.
pub(crate) fn thread_name(comm: &str) -> String {
    let name = comm.trim_end_matches('\n').chars().take(15);
    name.map(|character| if character.is_control() { '?' } else { character }).collect()
}

/// The numbers of a device, major and minor, as the C library packs them.
pub(crate) fn device_numbers(device: u64) -> (u64, u64) {
    let major = (device >> 32 & 0xffff_f000) | (device >> 8 & 0xfff);
    let minor = (device >> 12 & 0xffff_ff00) | (device & 0xff);
    (major, minor)
}

fn first<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STAT: &str = "\
cpu  4705 150 1120 164400 30 0 25 0 0 0
cpu0 1200 50 300 40000 10 1 20 5 7 0
cpu3 1000 0 0 9000 0 0 0 0 0 0
intr 114930548 113199788 3 0 5 263 0 4
ctxt 1990473
cpux 1 2 3 4 5
cpu4 1 2
";

    #[test]
    fn each_core_that_is_online_is_found_with_its_number_and_the_sum_is_left_out() {
        let found = core_ticks(STAT);
        let first = CoreTicks { core: 0, busy: 1200 + 50 + 300 + 1 + 20 + 5, all: 41_586 };
        assert_eq!(found, [first, CoreTicks { core: 3, busy: 1000, all: 10_000 }]);
    }

    #[test]
    fn memory_is_in_kibibytes_and_a_line_is_found_by_its_whole_name() {
        let text = "MemTotal:        3884360 kB\nMemFree:          120000 kB\nMemAvailable:    2912364 kB\nMem: 1 kB\n";
        assert_eq!(memory_bytes(text, "MemTotal"), Some(3_884_360 * 1024));
        assert_eq!(memory_bytes(text, "MemAvailable"), Some(2_912_364 * 1024));
        assert_eq!((memory_bytes(text, "MemA"), memory_bytes("MemTotal: 5 MB", "MemTotal")), (None, None));
    }

    #[test]
    fn load_uptime_and_computing_time_are_the_first_number() {
        assert_eq!(load_1m("0.52 0.58 0.59 1/598 9821\n"), Some(0.52));
        assert_eq!(uptime_s("350735.47 234388.90\n"), Some(350_735.47));
        assert_eq!(thread_ns("131697 0 1\n"), Some(131_697));
        assert_eq!((load_1m("NaN"), uptime_s("inf 3"), thread_ns("-1 2")), (None, None, None));
    }

    #[test]
    fn a_temperature_is_in_thousandths_and_an_impossible_one_is_none() {
        assert_eq!(temperature_c("48312\n"), Some(48.312));
        assert_eq!(temperature_c("-5000"), Some(-5.0));
        assert_eq!((temperature_c("-274000"), temperature_c(""), temperature_c("hot")), (None, None, None));
    }

    #[test]
    fn the_word_of_the_firmware_is_hexadecimal_with_and_without_its_prefix() {
        assert_eq!((throttled_bits("0\n"), throttled_bits("50005\n")), (Some(0), Some(0x50005)));
        assert_eq!((throttled_bits("0xd0008"), throttled_bits("+1")), (Some(0xd0008), None));
        assert_eq!((throttled_bits(""), throttled_bits("error=1")), (None, None));
    }

    #[test]
    fn what_was_written_is_the_seventh_number_in_sectors_of_512_bytes() {
        let card = "   68313    22561  5241012   381293    41562    42915  1755064   913021        0   313512  1294400";
        assert_eq!(written_bytes(card), Some(1_755_064 * 512));
        assert_eq!(written_bytes("1 2 3 4 5 6"), None);
    }

    #[test]
    fn the_numbers_of_a_device_are_unpacked() {
        // mmcblk0p2 is 179:2, vda 253:0, and a number of 12 bits is not cut.
        assert_eq!((device_numbers(0xb302), device_numbers(0xfd00)), ((179, 2), (253, 0)));
        assert_eq!(device_numbers(0x0010_0300), (3, 0x100));
    }

    #[test]
    fn a_name_is_cut_and_cleaned() {
        assert_eq!(thread_name("obstacle_detect\n"), "obstacle_detect");
        assert_eq!(thread_name("a\u{1b}[2J and far too long"), "a?[2J and far t");
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd_to_be_read(text in "(cpu[0-9]*|MemTotal:|[0-9]{1,20}| |\n|-|0x|\\PC){0,30}", device: u64) {
            let _ = (core_ticks(&text), memory_bytes(&text, "MemTotal"), load_1m(&text), uptime_s(&text));
            let _ = (thread_ns(&text), temperature_c(&text), throttled_bits(&text), written_bytes(&text));
            let _ = device_numbers(device);
            prop_assert!(thread_name(&text).chars().count() <= 15);
            for core in core_ticks(&text) {
                prop_assert!(core.busy <= core.all);
            }
        }
    }
}
