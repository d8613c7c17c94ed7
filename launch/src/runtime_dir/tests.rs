use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use nevil_runtime::os;

use super::{Places, RobotPathError, RuntimeDir, RuntimeDirError};

/// A directory of its own for a test, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("nevil-dir-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn dir(&self) -> RuntimeDir {
        RuntimeDir::at(&self.0.join("robots")).unwrap()
    }

    fn choose(&self, session: Option<PathBuf>, system: &Path) -> Result<RuntimeDir, RuntimeDirError> {
        RuntimeDir::choose(&Places { session, system, temporary: self.0.clone(), user: os::user_id() })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_session_comes_first_then_the_system_then_the_temporary_directory() {
    let scratch = Scratch::new("order");
    let (session, system) = (scratch.0.join("session"), scratch.0.join("system"));
    let temporary = scratch.0.join(format!("nevil-{}", os::user_id()));
    fs::create_dir_all(&session).unwrap();
    let path = |session: Option<PathBuf>| scratch.choose(session, &system).unwrap().path().to_owned();

    assert_eq!(path(None), temporary);
    fs::create_dir_all(&system).unwrap();
    assert_eq!(path(None), system);
    assert_eq!(path(Some(scratch.0.join("gone"))), system);
    assert_eq!(path(Some(PathBuf::from("relative"))), system);
    assert_eq!(path(Some(session.clone())), session.join("nevil"));
}

#[test]
fn a_new_directory_is_for_its_user_alone() {
    let scratch = Scratch::new("mode");
    let directory = scratch.choose(None, Path::new("/does/not/exist")).unwrap();
    assert_eq!(fs::metadata(directory.path()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_directory_that_others_could_meddle_with_is_refused_with_what_to_do() {
    let scratch = Scratch::new("others");
    let error = |path: &Path| RuntimeDir::at(path).unwrap_err().to_string();

    let open = scratch.0.join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o770)).unwrap();
    let path = open.display();
    assert_eq!(
        error(&open),
        format!(
            "runtime directory `{path}` may be written to by others (mode 770); run `chmod go-w '{path}'`"
        )
    );
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
    RuntimeDir::at(&open).unwrap();

    let link = scratch.0.join("link");
    symlink(&open, &link).unwrap();
    let text = format!(
        "runtime directory `{}` is a file or a link, a directory is needed; remove it",
        link.display()
    );
    assert_eq!(error(&link), text);

    let other = os::user_id() + 1;
    let refused = RuntimeDir::private(open.clone(), other).unwrap_err().to_string();
    assert_eq!(
        refused,
        format!(
            "runtime directory `{path}` belongs to user {}, not to user {other} who runs this; \
             set XDG_RUNTIME_DIR to a directory of your own",
            os::user_id()
        )
    );
}

#[test]
fn a_second_robot_of_a_name_is_told_who_has_it_until_that_one_ends() {
    let scratch = Scratch::new("second");
    let directory = scratch.dir();
    let lock = directory.lock("picar").unwrap();
    let refused = directory.lock("picar").unwrap_err().to_string();
    let pid = std::process::id();
    assert!(refused.starts_with(&format!("robot `picar` runs already (pid {pid}, up ")), "{refused}");
    assert!(
        refused.ends_with(
            "); stop it with `nevil stop --robot picar`, or give this one another name with `--robot NAME`"
        ),
        "{refused}"
    );
    directory.lock("other").unwrap();
    drop(lock);
    assert_eq!(directory.lock("picar").unwrap().robot(), "picar");
}

#[test]
fn what_a_dead_robot_leaves_behind_is_neither_running_nor_in_the_way() {
    let scratch = Scratch::new("stale");
    let directory = scratch.dir();
    fs::write(directory.path().join("picar.lock"), "4711 99\n").unwrap();
    fs::write(directory.path().join("notes.txt"), "").unwrap();
    assert!(!directory.is_running("picar"));
    assert_eq!(directory.running().unwrap(), []);
    directory.lock("picar").unwrap();
}

#[test]
fn asking_which_robots_run_keeps_none_from_starting_and_looks_like_none() {
    let scratch = Scratch::new("asking");
    let directory = scratch.dir();
    drop(directory.lock("picar").unwrap());
    let asking = File::open(directory.path().join("picar.lock")).unwrap();
    asking.try_lock_shared().unwrap();
    // Nor is a tool that asks taken for a robot by another one.
    assert!(!directory.is_running("picar"));
    let launch = std::thread::spawn({
        let directory = directory.clone();
        move || directory.lock("picar").map(drop)
    });
    std::thread::park_timeout(crate::limits::LOCK_ATTEMPT_EVERY);
    drop(asking);
    launch.join().unwrap().unwrap();
}

#[test]
fn the_only_robot_need_not_be_named_and_one_of_several_must_be() {
    let scratch = Scratch::new("pick");
    let directory = scratch.dir();
    let error = |robot: Option<&str>| directory.pick(robot).unwrap_err().to_string();
    assert_eq!(
        error(None),
        format!(
            "no robot runs (looked in `{}`); start one with `nevil launch FILE`",
            directory.path().display()
        )
    );
    assert_eq!(error(Some("picar")), "robot `picar` does not run; start it with `nevil launch FILE`");

    let picar = directory.lock("picar").unwrap();
    let robot = directory.pick(None).unwrap();
    assert_eq!((&*robot.name, robot.pid), ("picar", Some(std::process::id())));
    assert_eq!(robot.socket, picar.socket_path());

    let _rover = directory.lock("rover").unwrap();
    assert_eq!(error(None), "2 robots run: picar, rover; name one with `--robot NAME`");
    assert_eq!(directory.pick(Some("rover")).unwrap().name, "rover");
    assert_eq!(
        error(Some("picra")),
        "robot `picra` does not run, did you mean `picar`?; running robots are picar, rover"
    );
}

#[test]
fn a_name_can_neither_leave_the_directory_nor_be_too_long_for_a_socket() {
    let scratch = Scratch::new("names");
    let directory = scratch.dir();
    for name in ["", "../picar", "Picar", "pi car", "pi.car", &"p".repeat(49)] {
        let given = name.to_owned();
        assert_eq!(directory.socket_path(name), Err(RobotPathError::Name { given }), "{name:?}");
    }
    let free = 107 - "/.sock".len() - 48;
    let at = |length: usize| RuntimeDir { path: PathBuf::from(format!("/{}", "d".repeat(length - 1))) };
    at(free).socket_path(&"p".repeat(48)).unwrap();
    let text = at(free + 1).socket_path(&"p".repeat(48)).unwrap_err().to_string();
    assert!(text.contains("is too long (108 bytes), at most 107 are allowed; shorten the robot's name"));
}
