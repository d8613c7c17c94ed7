use std::os::unix::fs::symlink;

use super::*;

const S: Duration = Duration::from_secs(1);

/// A folder in which the files of a Raspberry Pi stand; gone when dropped.
struct Pi(PathBuf);

impl Pi {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("nevil-host-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        let pi = Self(root);
        pi.write("proc/stat", "cpu  1 1 1 1 1 1 1 1\ncpu0 100 0 0 300 0 0 0 0 0 0\n");
        pi.write("proc/meminfo", "MemTotal:        3884360 kB\nMemAvailable:    2912364 kB\n");
        pi.write("proc/loadavg", "0.52 0.58 0.59 1/598 9821\n");
        pi.write("proc/uptime", "3507.47 2343.90\n");
        pi.write("proc/self/task/812/comm", "motion\n");
        pi.write("proc/self/task/812/schedstat", "131697000 0 1\n");
        pi.write("sys/class/thermal/thermal_zone0/type", "gpu-thermal\n");
        pi.write("sys/class/thermal/thermal_zone0/temp", "61000\n");
        pi.write("sys/class/thermal/thermal_zone1/type", "cpu-thermal\n");
        pi.write("sys/class/thermal/thermal_zone1/temp", "48312\n");
        pi.write("sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n");
        let (major, minor) = parse::device_numbers(fs::metadata(&pi.0).unwrap().dev());
        pi.write("sys/devices/mmcblk0/stat", "1 2 3 4 5 6 2000 8 9\n");
        pi.write("sys/devices/mmcblk0/mmcblk0p2/stat", "1 2 3 4 5 6 1 8 9\n");
        pi.write("sys/devices/mmcblk0/mmcblk0p2/partition", "2\n");
        let links = pi.0.join("sys/dev/block");
        fs::create_dir_all(&links).unwrap();
        symlink("../../devices/mmcblk0/mmcblk0p2", links.join(format!("{major}:{minor}"))).unwrap();
        pi
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn host(&self) -> Host {
        Host::new(&self.0, &self.0)
    }
}

impl Drop for Pi {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn all_that_a_raspberry_pi_says_is_told() {
    let pi = Pi::new("all");
    let mut host = pi.host();
    let first = host.read(Time::ZERO);
    assert_eq!(
        (first.load_1m, first.uptime_s, first.temperature_c),
        (Some(0.52), Some(3507.47), Some(48.312))
    );
    assert_eq!(first.memory_available_bytes, Some(2_912_364 * 1024));
    assert_eq!(first.power, Some(PowerStatus::of_bits(0x50005)));
    assert_eq!(first.disk_written_bytes, Some(2000 * 512), "of the whole card, not of the partition");
    assert_eq!(first.threads, [ThreadLoad { name: "motion".into(), cpu_percent: None }]);
    assert_eq!((first.cores.len(), missing(&first)), (0, vec![]));
    pi.write("proc/stat", "cpu0 175 0 0 325 0 0 0 0 0 0\n");
    pi.write("proc/self/task/812/schedstat", "231697000 0 1\n");
    pi.write("sys/devices/mmcblk0/stat", "1 2 3 4 5 6 2008 8 9\n");
    let second = host.read(Time::ZERO + S * 2);
    assert_eq!(second.cores, [CoreLoad { core: 0, cpu_percent: 75.0 }]);
    assert_eq!(second.threads[0].cpu_percent, Some(5.0));
    assert_eq!(second.disk_written_bytes_per_s, Some(2048.0));
}

#[test]
fn what_has_held_of_the_supply_is_kept_although_the_firmware_forgets_it() {
    let pi = Pi::new("supply");
    let mut host = pi.host();
    host.read(Time::ZERO);
    pi.write("sys/devices/platform/soc/soc:firmware/get_throttled", "0\n");
    let power = host.read(Time::ZERO + S).power.unwrap();
    assert_eq!(power, PowerStatus { now: PowerFlags::default(), ever: PowerStatus::of_bits(0x50000).ever });
}

#[test]
fn of_several_zones_none_of_which_is_the_processor_s_the_hottest_counts() {
    let pi = Pi::new("zones");
    pi.write("sys/class/thermal/thermal_zone1/type", "acpitz\n");
    assert_eq!(pi.host().read(Time::ZERO).temperature_c, Some(61.0));
}

#[test]
fn what_the_machine_does_not_say_is_absent_and_not_zero() {
    let pi = Pi::new("nothing");
    for folder in ["proc", "sys"] {
        fs::remove_dir_all(pi.0.join(folder)).unwrap();
    }
    let mut host = pi.host();
    host.read(Time::ZERO);
    let status = host.read(Time::ZERO + S);
    // Room on a disk is asked of the kernel itself.
    let space = (status.disk_total_bytes, status.disk_free_bytes);
    assert!(space.0 >= space.1 && space.1.is_some());
    let (disk_total_bytes, disk_free_bytes) = space;
    assert_eq!(status, HostStatus { disk_total_bytes, disk_free_bytes, ..HostStatus::default() });
    assert_eq!(missing(&status).len(), 7);
}

#[test]
fn this_machine_is_read_while_it_works() {
    let mut host = Host::new(Path::new("/"), Path::new("/"));
    let began = Time::ZERO;
    let status = host.read(began);
    let this = os::thread_id();
    assert!(
        status.memory_total_bytes >= status.memory_available_bytes && status.memory_available_bytes > Some(0)
    );
    assert!(status.uptime_s > Some(0.0) && status.load_1m.is_some() && status.disk_total_bytes > Some(0));
    assert!(host.threads().iter().any(|thread| Ok(thread.id) == u32::try_from(this)));
    // The kernel counts in hundredths of a second: it is read until one has passed.
    let mut turn = 0;
    let cores = loop {
        turn += 1;
        let cores = host.read(began + Duration::from_millis(turn)).cores;
        if !cores.is_empty() {
            break cores;
        }
    };
    assert!(cores.iter().all(|load| (0.0..=100.0).contains(&load.cpu_percent)), "{cores:?}");
}
