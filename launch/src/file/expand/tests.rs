use std::fs;
use std::path::PathBuf;

use crate::file::LaunchFile;
use crate::options::LaunchInputs;

/// Files in a folder of their own, which is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("nevil-expand-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
        Self(folder)
    }

    fn read(&self, words: &[&str]) -> Result<LaunchFile, String> {
        let mut inputs = LaunchInputs::from(self.0.join("robot.yaml"));
        for word in words {
            match word.strip_prefix("--mode=") {
                Some(mode) => inputs.mode = Some(mode.to_owned()),
                None => {
                    let (name, value) = word.split_once(":=").unwrap();
                    inputs.arguments.push((name.to_owned(), value.to_owned()));
                }
            }
        }
        let lookup = |name: &str| (name == "HOME").then(|| "/home/pi".to_owned());
        let (file, problems) =
            LaunchFile::parse_all(&inputs, &fs::read_to_string(&inputs.file).unwrap(), &lookup);
        let place = format!("{}/", self.0.display());
        let texts: Vec<_> = problems.iter().map(|problem| problem.to_string().replace(&place, "")).collect();
        if texts.is_empty() { Ok(file) } else { Err(texts.join("\n")) }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The nodes, each as `name:type`.
fn nodes(file: &LaunchFile) -> Vec<String> {
    file.nodes.iter().map(|node| format!("{}:{}", node.instance, node.node_type.0)).collect()
}

/// What is at `path` in the tree, and what was put in there.
fn at(file: &LaunchFile, path: &str) -> (String, String) {
    let value = path.split('.').fold(file.effective(), |value, name| value.get(name).unwrap());
    (value.describe(), value.origin().unwrap_or_default().to_owned())
}

const ARGS: &str = "robot: r
args:
  speed: { type: number, default: 0.3, choices: [0.3, 0.5], description: how fast }
  real: false
  name: { type: text, default: '${HOME}/car' }
  wait: { type: duration, default: 1s }
nodes: { car: { params: { speed: '${speed}', plain: \"${name}\" }, timeout: \"${wait}\" } }
";

#[test]
fn an_argument_stands_for_what_is_given_else_for_its_default() {
    let folder = Folder::new("args", &[("robot.yaml", ARGS)]);
    let file = folder.read(&["speed:=0.5"]).unwrap();
    let given = "argument `speed`, given on the command line";
    assert_eq!(at(&file, "nodes.car.params.speed"), ("0.5".into(), given.into()));
    let (value, origin) = at(&file, "nodes.car.params.plain");
    assert_eq!(value, "`/home/pi/car`");
    assert!(
        origin.starts_with("argument `name`, by its default at ") && origin.ends_with("robot.yaml:5:3"),
        "{origin}"
    );
    assert_eq!(file.arguments[0].description, "how fast");
    assert_eq!(file.nodes[0].callbacks.all.timeout.as_secs(), 1);
}

#[test]
fn a_wrong_argument_is_told_with_its_place() {
    let folder = Folder::new("wrong-args", &[("robot.yaml", ARGS)]);
    let wrong = |words: &[&str]| folder.read(words).unwrap_err();
    assert_eq!(
        wrong(&["real:=false", "sped:=0.5"]),
        "command line:1:13: args: unknown argument `sped`, did you mean `speed`?; known arguments are speed, real, name, wait"
    );
    assert_eq!(
        wrong(&["real:=yes"]),
        "command line:1:1: args.real: argument `real` has the wrong type (`yes`), `true` or `false` is expected"
    );
    assert_eq!(
        wrong(&["speed:=0.4"]),
        "command line:1:1: args.speed: unknown value `0.4` of argument `speed`; known values are 0.3, 0.5"
    );
    assert!(wrong(&["real:=true", "real:=true"]).contains("`real` is named twice"));
}

#[test]
fn text_stays_text_where_an_argument_says_so() {
    let text = "robot: r\nargs: { a: { type: text }, b: { type: integer } }\nnodes:\n  car:\n    params:\n      a: ${a}\n      b: ${b}\n";
    let folder = Folder::new("text", &[("robot.yaml", text)]);
    let file = folder.read(&["a:=5", "b:=5"]).unwrap();
    assert_eq!(
        (at(&file, "nodes.car.params.a").0, at(&file, "nodes.car.params.b").0),
        ("`5`".into(), "5".into())
    );
    assert_eq!(
        folder.read(&["b:=5"]).unwrap_err(),
        "robot.yaml:2:9: args.a: argument `a` is not given and has no default; give it as `a:=VALUE`, or under `args` of \
         the include"
    );
}

#[test]
fn conditions_leave_nodes_out_and_dependencies_on_them_fall_away() {
    let text = "robot: r
args: { real: false, kind: box }
groups: { eyes: {} }
nodes:
  sim: { unless: \"${real}\" }
  car: { if: \"${real}\", group: eyes }
  both:
    if: [true, \"${kind} == box\"]
    depends_on: [sim, car]
  other: { if: \"${kind} != box\" }
";
    let folder = Folder::new("conditions", &[("robot.yaml", text)]);
    let file = folder.read(&[]).unwrap();
    assert_eq!((nodes(&file), file.groups.len()), (vec!["sim:sim".to_owned(), "both:both".to_owned()], 0));
    assert_eq!(file.left_out, ["car", "other"]);
    assert_eq!(file.nodes[1].depends_on.len(), 1);
    let file = folder.read(&["real:=true", "kind:=ball"]).unwrap();
    assert_eq!(nodes(&file), ["car:car", "other:other"]);
    assert_eq!(file.groups.len(), 1);
}

#[test]
fn a_value_with_a_comparison_in_it_changes_no_condition() {
    let text = "robot: r\nargs: { a: { type: text } }\nnodes:\n  one: { if: \"${a} == x\" }\n  two:\n";
    let folder = Folder::new("injected", &[("robot.yaml", text)]);
    assert_eq!(nodes(&folder.read(&["a:=x == x"]).unwrap()), ["two:two"]);
    assert_eq!(nodes(&folder.read(&["a:=x"]).unwrap()), ["one:one", "two:two"]);
}

#[test]
fn what_includes_goes_before_what_is_included_key_by_key() {
    let robot = "robot: r\ninclude: [common.yaml]\nnodes: { car: { timeout: 2s, params: { b: 3 } } }\n";
    let common = "robot: other\nshutdown_timeout: 9s\nnodes: { lamp: , car: { type: sim, timeout: 1s, params: { a: 1, b: 2 } } }\n";
    let folder = Folder::new("include", &[("robot.yaml", robot), ("common.yaml", common)]);
    let file = folder.read(&[]).unwrap();
    assert_eq!(
        (file.robot.as_str(), nodes(&file)),
        ("r", vec!["lamp:lamp".to_owned(), "car:sim".to_owned()])
    );
    assert_eq!((file.shutdown_timeout.as_secs(), file.nodes[1].callbacks.all.timeout.as_secs()), (9, 2));
    assert_eq!(
        (at(&file, "nodes.car.params.a").0, at(&file, "nodes.car.params.b").0),
        ("1".into(), "3".into())
    );
    assert_eq!(file.files.len(), 2);
    let a =
        file.effective().get("nodes").unwrap().get("car").unwrap().get("params").unwrap().get("a").unwrap();
    assert!(a.mark.to_string().ends_with("common.yaml:3:62"), "{}", a.mark);
}

#[test]
fn one_file_can_be_included_twice_with_other_names_and_arguments() {
    let robot = "robot: r
include:
  - { file: sonar.yaml, prefix: left_, namespace: left, args: { pin: 5 } }
  - { file: sonar.yaml, prefix: right_, namespace: right, args: { pin: 6 } }
";
    let sonar = "args: { pin: { type: integer } }
groups: { g: {} }
breakers: { net: { failures: 3 } }
topics: { range: { depth: 4 } }
nodes:
  sonar:
    group: g
    breaker: net
    callbacks: { on_range: { breaker: export } }
    params:
      pin: ${pin}
  watch: { type: dog, depends_on: [sonar], namespace: inner, group: g }
";
    let folder = Folder::new("twice", &[("robot.yaml", robot), ("sonar.yaml", sonar)]);
    let file = folder.read(&[]).unwrap();
    assert_eq!(nodes(&file), ["left_sonar:sonar", "left_watch:dog", "right_sonar:sonar", "right_watch:dog"]);
    assert_eq!(
        (at(&file, "nodes.left_sonar.params.pin").0, at(&file, "nodes.right_sonar.params.pin").0),
        ("5".into(), "6".into())
    );
    assert_eq!((file.nodes[0].namespace.as_str(), file.nodes[1].namespace.as_str()), ("left", "left/inner"));
    assert_eq!(file.nodes[3].depends_on[0].0, "right_sonar");
    let topics: Vec<_> = file.topics.iter().map(|topic| topic.name.as_str()).collect();
    assert_eq!(topics, ["left/range", "right/range"]);
    let breakers: Vec<_> = file.breakers.iter().map(|breaker| breaker.name.as_str()).collect();
    assert_eq!(breakers, ["left_net", "right_net"]);
    let groups: Vec<_> = file.groups.iter().map(|(group, _)| group.name.as_str()).collect();
    assert_eq!(groups, ["left_g", "right_g"]);
}

#[test]
fn what_is_wrong_with_an_include_is_told_where_it_stands() {
    let robot = "robot: r
include:
  - gone.yaml
  - cycle.yaml
  - one.yaml
  - two.yaml
  - { file: one.yaml, prefix: A, args: { x: [1] } }
  - { path: one.yaml }
nodes: { car: {} }
";
    let files = [
        ("robot.yaml", robot),
        ("cycle.yaml", "include: [robot.yaml]\n"),
        ("one.yaml", "zombies_max: 3\nnodes: { lamp: {} }\n"),
        ("two.yaml", "zombies_max: 2\nnodes: { lamp: {} }\n"),
    ];
    let folder = Folder::new("wrong", &files);
    let place = folder.0.display().to_string();
    let told = folder.read(&[]).unwrap_err();
    for wanted in [
        "robot.yaml:3:5: include[0]: cannot read `gone.yaml`: ".to_owned(),
        "cycle.yaml:1:11: include[0]: files include one another: robot.yaml → cycle.yaml → robot.yaml; ".to_owned(),
        "two.yaml:1:1: zombies_max: key `zombies_max` comes from two included files, first from one.yaml:1:1; ".to_owned(),
        "two.yaml:2:10: nodes.lamp: node `lamp` comes from two included files, first from one.yaml:2:10; ".to_owned(),
        "robot.yaml:7:31: include[4].prefix: `A` cannot begin a name; use a-z, 0-9 and _".to_owned(),
        "robot.yaml:7:45: include[4].args.x: value has the wrong type (a list), a single value is expected".to_owned(),
        "robot.yaml:8:7: include[5]: unknown key `path`; known keys are file, args, namespace, prefix".to_owned(),
        "robot.yaml:8:5: include[5]: key `file` is missing; it has no default".to_owned(),
    ] {
        assert!(told.contains(&wanted), "{wanted}\nis not in {place}\n{told}");
    }
}

#[test]
fn files_that_include_more_and_more_are_refused() {
    let mut files =
        vec![("robot.yaml".to_owned(), "robot: r\ninclude: [1.yaml]\nnodes: { a: {} }\n".to_owned())];
    files.extend(
        (1..20).map(|number| (format!("{number}.yaml"), format!("include: [{}.yaml]\n", number + 1))),
    );
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let folder = Folder::new("many", &files);
    assert_eq!(
        folder.read(&[]).unwrap_err(),
        "8.yaml:1:11: include[0]: too many includes, at most 64 files, 8 within one another, are allowed"
    );
}

#[test]
fn defaults_hold_for_each_node_that_does_not_say_otherwise() {
    let robot = "robot: r
include: [more.yaml]
defaults: { timeout: 2s, thread: { policy: fifo, priority: 30 }, restart: { intensity: 9 } }
nodes:
  one:
  two: { timeout: 3s, thread: { nice: 5 }, restart: permanent }
";
    let more = "defaults: { timeout: 4s }\nnodes: { three: }\n";
    let folder = Folder::new("defaults", &[("robot.yaml", robot), ("more.yaml", more)]);
    let file = folder.read(&[]).unwrap();
    let said = |name: &str| {
        let node = file.nodes.iter().find(|node| node.instance == name).unwrap();
        (node.callbacks.all.timeout.as_secs(), node.thread.policy.to_string(), node.restart.intensity)
    };
    assert_eq!(said("one"), (2, "fifo 30".into(), 9));
    assert_eq!(said("two"), (3, "nice 5".into(), 9));
    assert_eq!(said("three"), (4, "fifo 30".into(), 9));
    let wrong = Folder::new(
        "wrong-defaults",
        &[("robot.yaml", "robot: r\ndefaults: { timeout: 1us, parms: {} }\nnodes: { a: , b: }\n")],
    );
    let told = wrong.read(&[]).unwrap_err();
    assert_eq!(told.matches("value is too small (1us)").count(), 1, "{told}");
    assert!(told.contains("defaults: unknown key `parms`"), "{told}");
}

#[test]
fn variables_are_set_for_the_file_and_for_what_it_includes() {
    let robot = "robot: r\nenvironment: { CARD: '1', PLACE: '${HOME}/x' }\ninclude: [more.yaml]\nnodes:\n  a:\n    params:\n      x: ${CARD}\n";
    let more = "environment: { CARD: '2', LEVEL: '3' }\nnodes:\n  b:\n    params:\n      x: ${CARD}\n";
    let folder = Folder::new("environment", &[("robot.yaml", robot), ("more.yaml", more)]);
    let file = folder.read(&[]).unwrap();
    let set: Vec<_> = file.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(set, ["CARD=1", "PLACE=/home/pi/x", "LEVEL=3"]);
    assert_eq!((at(&file, "nodes.a.params.x").0, at(&file, "nodes.b.params.x").0), ("1".into(), "1".into()));
    let wrong = Folder::new(
        "wrong-environment",
        &[("robot.yaml", "robot: r\nenvironment: { A-B: x, C: 1 }\nnodes: { a: }\n")],
    );
    assert_eq!(
        wrong.read(&[]).unwrap_err(),
        "robot.yaml:2:16: environment.A-B: `A-B` is not a name for a variable; begin with a letter or _, and use letters, \
         digits and _\nrobot.yaml:2:27: environment.C: value has the wrong type (1), text in quotes is expected"
    );
}

#[test]
fn a_mode_goes_before_the_file_and_the_first_one_is_the_one_to_begin_in() {
    let robot = "robot: r
modes:
  driving:
  parked: { nodes: { car: { params: { speed: 0 } } } }
nodes: { car: { params: { speed: 1, wheels: 4 } } }
";
    let folder = Folder::new("modes", &[("robot.yaml", robot)]);
    let file = folder.read(&[]).unwrap();
    assert_eq!((file.mode.as_deref(), at(&file, "nodes.car.params.speed").0), (Some("driving"), "1".into()));
    let file = folder.read(&["--mode=parked"]).unwrap();
    assert_eq!(
        (at(&file, "nodes.car.params.speed").0, at(&file, "nodes.car.params.wheels").0),
        ("0".into(), "4".into())
    );
    assert_eq!(
        folder.read(&["--mode=prked"]).unwrap_err(),
        "command line:1:1: mode: unknown mode `prked`, did you mean `parked`?; known modes are driving, parked"
    );
    let wrong = "robot: r\nmodes: { a: { nodes: { cat: {} }, robot: x } }\nnodes: { car: {} }\n";
    let told = Folder::new("wrong-modes", &[("robot.yaml", wrong)]).read(&[]).unwrap_err();
    assert!(told.contains("modes.a.nodes.cat: unknown node `cat`, did you mean `car`?"), "{told}");
    assert!(told.contains("modes.a: unknown key `robot`"), "{told}");
}

#[test]
fn a_path_that_is_given_holds_from_where_it_was_given() {
    let robot = "robot: r\nargs: { world: { type: path, default: w/a.yaml } }\ninclude:\n  - { file: sub.yaml, args: { world: b.yaml } }\nnodes:\n  a:\n    params:\n      world: ${world}\n";
    let sub = "args: { world: { type: path } }\nnodes:\n  b:\n    params:\n      world: ${world}\n";
    let folder = Folder::new("paths", &[("robot.yaml", robot), ("sub.yaml", sub)]);
    let file = folder.read(&[]).unwrap();
    assert_eq!(at(&file, "nodes.a.params.world").0, "`w/a.yaml`");
    let wanted = folder.0.join("b.yaml").display().to_string();
    let b =
        file.effective().get("nodes").unwrap().get("b").unwrap().get("params").unwrap().get("world").unwrap();
    assert_eq!(b.kind, nevil_msgs::ValueKind::Text(wanted));
    let here = std::env::current_dir().unwrap().join("c.yaml").display().to_string();
    let given = folder.read(&["world:=c.yaml"]).unwrap();
    let a = given
        .effective()
        .get("nodes")
        .unwrap()
        .get("a")
        .unwrap()
        .get("params")
        .unwrap()
        .get("world")
        .unwrap();
    assert_eq!(a.kind, nevil_msgs::ValueKind::Text(here));
}

#[test]
fn a_variable_that_two_included_files_set_to_other_values_is_refused() {
    let robot = "robot: r\ninclude: [one.yaml, two.yaml]\nnodes: { a: }\n";
    let files = [
        ("robot.yaml", robot),
        ("one.yaml", "environment: { SAME: x, CARD: '1' }\n"),
        ("two.yaml", "environment: { SAME: x, CARD: '2' }\n"),
    ];
    let told = Folder::new("two-cards", &files).read(&[]).unwrap_err();
    assert!(
        told.starts_with(
            "two.yaml:1:25: environment.CARD: variable `CARD` comes from two included files, first from one.yaml:1:25; "
        ),
        "{told}"
    );
}

#[test]
fn a_number_stays_one_within_braces_where_its_reference_needs_quotes() {
    let text = "robot: r\nargs: { speed: 0.3 }\nnodes: { car: { params: { speed: \"${speed}\", text: \"v${speed}\" } } }\n";
    let file = Folder::new("quoted", &[("robot.yaml", text)]).read(&[]).unwrap();
    assert_eq!(
        (at(&file, "nodes.car.params.speed").0, at(&file, "nodes.car.params.text").0),
        ("0.3".into(), "`v0.3`".into())
    );
}

#[test]
fn an_empty_path_is_none_with_quotes_around_its_reference_or_without() {
    let text = "robot: r\nargs: { track: { type: path, default: '' } }\nnodes:\n  a: { params: { track: \"${track}\" } }\n  b:\n    params:\n      track: ${track}\n";
    let file = Folder::new("no-path", &[("robot.yaml", text)]).read(&[]).unwrap();
    for path in ["nodes.a.params.track", "nodes.b.params.track"] {
        assert_eq!(at(&file, path).0, "null", "{path}");
    }
}
