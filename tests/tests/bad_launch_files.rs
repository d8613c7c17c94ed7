//! Each wrong launch file in `files/bad` is answered with exactly the text that stands beside it, and there is one for
//! everything that can be wrong. The same holds for `files/notes` and what is worth a note.

#![expect(clippy::unwrap_used, reason = "all of this is a test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use nevil_launch::{
    ExpansionProblem, LaunchFileError, LaunchInputs, Machine, Plan, PlanErrors, PlanFor, PlanNote,
    PlanProblem, ReadyProblem, WholeProblem,
};
use nevil_msgs::Problem;
use nevil_runtime::NodeTypes;
use nevil_runtime::prelude::*;

/// A node with parameters, which it also checks itself.
struct Car;

#[derive(Parameters)]
struct CarParams {
    /// The room.
    #[expect(dead_code, reason = "only the file's side of it is tested")]
    world: PathBuf,
    /// Highest speed.
    #[param(default = 0.3, range = 0.1..=0.8, unit = "m/s")]
    speed_max_mps: f32,
    /// Lowest speed.
    #[param(default = 0.1, range = 0.1..=0.8, unit = "m/s")]
    speed_min_mps: f32,
}

impl Node for Car {
    type Params = CarParams;

    fn configure(_: &mut Setup<'_, Self>, params: CarParams) -> Result<Self, NodeError> {
        if params.speed_min_mps > params.speed_max_mps {
            return Err(NodeError::new(format!(
                "`speed_min_mps` is above `speed_max_mps` ({} > {})",
                params.speed_min_mps, params.speed_max_mps
            )));
        }
        Ok(Self)
    }
}

/// A node that claims a device.
struct Lamp;

impl Node for Lamp {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.device("gpio:5", || Ok(()))?;
        Ok(Self)
    }
}

/// A node that publishes what its topic carries.
struct Radar;

impl Node for Radar {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.publisher(topics::RANGE)?;
        Ok(Self)
    }
}

/// A node that publishes something else on the same topic.
struct OddRadar;

impl Node for OddRadar {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.publisher(Topic::<SafetyStatus>::new(topics::RANGE.name()))?;
        Ok(Self)
    }
}

/// A node that alone may publish what it does.
struct Helm;

impl Node for Helm {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.publisher(topics::DRIVE)?;
        Ok(Self)
    }
}

/// A node that commands step by step.
struct Stepper;

impl Node for Stepper {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.publisher(Topic::<Drive>::commands("steps"))?;
        Ok(Self)
    }
}

/// A node with more subscriptions than anybody needs.
struct Crowd;

impl Node for Crowd {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        for _ in 0..200 {
            setup.subscribe(topics::RANGE, |_, _, _| Ok(()))?;
        }
        Ok(Self)
    }
}

/// A node that hears what others measure and command.
struct Listener;

impl Node for Listener {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(topics::RANGE, |_, _, _| Ok(()))?;
        setup.subscribe(topics::DRIVE, |_, _, _| Ok(()))?;
        Ok(Self)
    }
}

/// Words.
#[derive(Message)]
struct Words {
    /// The text.
    text: String,
}

/// A node whose messages have any length.
struct Speaker;

impl Node for Speaker {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.publisher(Topic::<Words>::new("words"))?;
        Ok(Self)
    }
}

/// A node whose driver says again, at its own pace, what it hears.
struct Parrot;

impl Node for Parrot {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        let words = Topic::<Words>::new("words").message_bytes_max(1024);
        setup.subscribe(words, |_, _, _| Ok(()))?;
        setup.driver_publisher(words)?;
        Ok(Self)
    }
}

/// A node that says again at once what it hears, under another name.
struct Echo;

impl Node for Echo {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(Topic::<Words>::new("heard"), |_, _, _| Ok(()))?;
        setup.publisher(Topic::<Words>::new("said"))?;
        Ok(Self)
    }
}

/// A node with an error in its code.
struct Broken;

impl Node for Broken {
    type Params = ();

    fn configure(_: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        let wheels: Vec<u8> = Vec::new();
        assert!(wheels.len() == 4, "a car has four wheels");
        Ok(Self)
    }
}

/// A node that waits for ever where it should declare only.
struct Frozen;

impl Node for Frozen {
    type Params = ();

    fn configure(_: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        loop {
            std::thread::park();
        }
    }
}

fn types() -> NodeTypes {
    NodeTypes::new()
        .with::<Broken>("broken")
        .with::<Car>("car")
        .with::<Crowd>("crowd")
        .with::<Echo>("echo")
        .with::<Frozen>("frozen")
        .with::<Helm>("helm")
        .with::<Lamp>("lamp")
        .with::<Listener>("listener")
        .with::<OddRadar>("odd_radar")
        .with::<Parrot>("parrot")
        .with::<Radar>("radar")
        .with::<Speaker>("speaker")
        .with::<Stepper>("stepper")
}

/// What the file at `path` is launched with: its first line may say so, as `# launched with: speed:=3 --mode=parked`.
fn inputs_of(path: &Path) -> LaunchInputs {
    let text = std::fs::read_to_string(path).expect("the files are part of the source");
    let words =
        text.lines().next().and_then(|line| line.strip_prefix("# launched with: ")).unwrap_or_default();
    let mut inputs = LaunchInputs::from(path);
    for word in words.split_whitespace() {
        match (word.strip_prefix("--mode="), word.split_once(":=")) {
            (Some(mode), _) => inputs.mode = Some(mode.to_owned()),
            (None, Some((name, value))) => inputs.arguments.push((name.to_owned(), value.to_owned())),
            (None, None) => panic!("{}: `{word}` is neither an argument nor a mode", path.display()),
        }
    }
    inputs
}

/// The machine that the texts speak of: this one, as it is on every desk.
fn small_machine() -> Machine {
    let pi = Machine::named("pi4").unwrap();
    Machine { name: "this machine".to_owned(), is_here: true, cores: vec![0, 1], ..pi }
}

/// The errors of the file at `path`, none if it is right. Only `HOME` is set.
fn errors_of(path: &Path) -> Option<PlanErrors> {
    let lookup = |name: &str| (name == "HOME").then(|| "/home/pi".to_owned());
    let (types, machine) = (types(), small_machine());
    let plan_for = PlanFor { types: &types, machine: &machine, here: &machine, lookup: &lookup };
    match Plan::read(&inputs_of(path), &plan_for) {
        Err(LaunchFileError::Wrong(errors)) => Some(errors),
        Err(error) => panic!("{error}"),
        Ok(_) => None,
    }
}

/// The files below `files/bad` that end in `ending`, without it.
fn bad_files(ending: &str) -> BTreeSet<PathBuf> {
    files("files/bad", ending)
}

fn files(directory: &str, ending: &str) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("cargo runs tests in the directory of their crate");
    let entries = entries.map(|entry| entry.expect("the files are part of the source").path());
    let of_ending = entries.filter(|path| path.extension().is_some_and(|found| found == ending));
    of_ending.map(|path| path.with_extension("")).collect()
}

/// The names of the variants of an enum, and that of a value. A variant more than named here does not compile, unless
/// the enum is open.
macro_rules! kinds {
    ($names:ident, $name_of:ident, $problem:ident: $($variant:ident)* $(; $open:pat => $other:expr)?) => {
        const $names: &[&str] = &[$(stringify!($variant)),*];

        fn $name_of(problem: &$problem) -> &'static str {
            match problem {
                $($problem::$variant { .. } => stringify!($variant),)*
                $($open => $other,)?
            }
        }
    };
}

kinds!(PLAN_PROBLEMS, plan_problem, PlanProblem:
    Value Expansion RobotName InstanceName Namespace TopicName NoNodes TooManyNodes PriorityOfNormal PriorityMissing
    NiceOfRealTime NoCores NamedTwice UnknownType UnknownDependency OwnDependency Cycle RequiredOnOptional
    TopicOfTwoTypes TopicOfTwoWriters TopicQos SubscriptionQos RuleOfTopic NotSubscribed UnknownTopic UnusedRemap TooManySlots BusTooLarge Refused Hangs
    Panicked WaitsInCycle UnknownCallback UnknownGroup UnusedGroup GroupName TooManyGroups DelayAboveMost
    HangAboveShutdown TimeoutWithoutDevice UnknownBreaker BreakerName PresetName TooManyBreakers NoRate
    WindowOfTwoKinds MinCallsAboveWindow Ready Log Whole);

kinds!(WHOLE_PROBLEMS, whole_problem, WholeProblem: SubscribedNeverPublished UnmarkedLoop CoreMissing PriorityDenied);

kinds!(READY_PROBLEMS, ready_problem, ReadyProblem: NotDeclared Topic AboveStart);

kinds!(EXPANSION_PROBLEMS, expansion_problem, ExpansionProblem:
    Unreadable IncludeCycle TooManyIncludes DefinedTwice Prefix ArgumentName UnknownArgument MissingArgument ArgumentType
    ArgumentChoice Condition VariableName UnknownMode ModeName ModeNotLive);

// Two have no file: a text above a mebibyte would be one itself, and `Other` is what no reader of ours says.
kinds!(VALUE_PROBLEMS, value_problem, Problem:
    WrongType TooLarge TooSmall NotANumber UnknownKey UnknownVariant MissingKey DuplicateKey Syntax TooManyValues
    TooDeep UnsetVariable BadReference; _ => "another");

#[test]
fn each_bad_launch_file_is_answered_with_the_text_beside_it() {
    let mut wrong = Vec::new();
    for file in bad_files("yaml") {
        let wanted = std::fs::read_to_string(file.with_extension("txt")).unwrap_or_default();
        let given = errors_of(&file.with_extension("yaml")).map(|errors| errors.to_string());
        let given = given.unwrap_or_else(|| "nothing is wrong".to_owned()) + "\n";
        if given != wanted {
            wrong.push(format!("{}.txt should be\n\n{wanted}\nand is\n\n{given}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_text_stands_beside_a_launch_file_that_is_gone() {
    assert_eq!(bad_files("txt"), bad_files("yaml"));
}

#[test]
fn there_is_a_bad_launch_file_for_everything_that_can_be_wrong() {
    let files = bad_files("yaml");
    let problems = files.iter().flat_map(|file| errors_of(&file.with_extension("yaml")).unwrap().problems);
    let problems: Vec<_> = problems.map(|error| error.problem).collect();
    let found: BTreeSet<_> = problems.iter().map(plan_problem).collect();
    let found_values: BTreeSet<_> = problems
        .iter()
        .filter_map(|problem| match problem {
            PlanProblem::Value(problem) => Some(value_problem(problem)),
            _ => None,
        })
        .collect();
    let found_expansions: BTreeSet<_> = problems
        .iter()
        .filter_map(|problem| match problem {
            PlanProblem::Expansion(problem) => Some(expansion_problem(problem)),
            _ => None,
        })
        .collect();
    assert_eq!(found_expansions, EXPANSION_PROBLEMS.iter().copied().collect());
    assert_eq!(found, PLAN_PROBLEMS.iter().copied().collect());
    let found_ready: BTreeSet<_> = problems
        .iter()
        .filter_map(|problem| match problem {
            PlanProblem::Ready(problem) => Some(ready_problem(problem)),
            _ => None,
        })
        .collect();
    assert_eq!(found_ready, READY_PROBLEMS.iter().copied().collect());
    let found_whole: BTreeSet<_> = problems
        .iter()
        .filter_map(|problem| match problem {
            PlanProblem::Whole(problem) => Some(whole_problem(problem)),
            _ => None,
        })
        .collect();
    assert_eq!(found_whole, WHOLE_PROBLEMS.iter().copied().collect());
    assert_eq!(found_values, VALUE_PROBLEMS.iter().copied().collect());
}

/// The notes of the file at `path`, which is right and planned for a `pi4`.
fn notes_of(path: &Path) -> Vec<PlanNote> {
    let (types, machine, here) = (types(), Machine::named("pi4").unwrap(), small_machine());
    let plan_for = PlanFor { types: &types, machine: &machine, here: &here, lookup: &|_| None };
    Plan::read(&path.into(), &plan_for).unwrap().notes
}

kinds!(PLAN_NOTES, plan_note, PlanNote: NeverSubscribed NotHere RightsNeeded; _ => "another");

#[test]
fn each_file_that_is_worth_a_note_has_the_notes_beside_it_and_there_is_one_of_each_kind() {
    let (mut wrong, mut found) = (Vec::new(), BTreeSet::new());
    let files = files("files/notes", "yaml");
    for file in &files {
        let notes = notes_of(&file.with_extension("yaml"));
        found.extend(notes.iter().map(plan_note));
        let given: String = notes.iter().map(|note| format!("{note}\n")).collect();
        let wanted = std::fs::read_to_string(file.with_extension("txt")).unwrap_or_default();
        if given != wanted {
            wrong.push(format!("{}.txt should be\n\n{wanted}\nand is\n\n{given}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(found, PLAN_NOTES.iter().copied().collect());
}
