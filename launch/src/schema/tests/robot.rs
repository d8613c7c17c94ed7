//! The robot of the examples.

use std::time::Duration;

use nevil_runtime::NodeTypes;
use nevil_runtime::prelude::*;

use crate::file::LaunchFile;
use crate::plan::Plan;

/// A car that measures.
struct Car;

#[derive(Parameters)]
struct CarParams {
    /// Wheels.
    #[expect(dead_code, reason = "only the file's side of it is tested")]
    #[param(default = 4)]
    wheels: u8,
}

impl Node for Car {
    type Params = CarParams;

    fn configure(setup: &mut Setup<'_, Self>, _: CarParams) -> Result<Self, NodeError> {
        setup.publisher(topics::RANGE)?;
        setup.every(Duration::from_millis(20), Self::tick)?;
        Ok(Self)
    }
}

impl Car {
    fn tick(&mut self, _: &Tick, _: &Context) -> NodeResult {
        Ok(())
    }
}

/// What listens to it.
struct Pilot;

impl Node for Pilot {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(topics::RANGE, |_, _, _| Ok(()))?;
        Ok(Self)
    }
}

/// What has parameters of many kinds.
struct Map;

#[derive(Parameters)]
#[expect(dead_code, reason = "only the schema of it is tested")]
struct MapParams {
    /// Where it is kept.
    file: std::path::PathBuf,
    /// How it is turned.
    #[param(default = 0.0, range = -3.15..=3.15, unit = "rad")]
    turn_rad: f32,
    /// How large it may be.
    #[param(default = 1024, unit = "B")]
    bytes: u32,
    /// What stands on it.
    words: Option<Vec<String>>,
    /// How it looks.
    #[param(default = "clear")]
    mood: SafetyLevel,
}

impl Node for Map {
    type Params = MapParams;

    fn configure(_: &mut Setup<'_, Self>, _: MapParams) -> Result<Self, NodeError> {
        Ok(Self)
    }
}

pub(super) fn types() -> NodeTypes {
    NodeTypes::new().with::<Car>("car").with::<Map>("map").with::<Pilot>("pilot")
}

/// The plan of `text` as it is shown, without places in the text; or all that is wrong with it.
pub(super) fn what_runs(text: &str) -> Result<String, String> {
    let file =
        LaunchFile::parse("picar.yaml".as_ref(), text, &|_| None).map_err(|errors| errors.to_string())?;
    let plan = Plan::new(&file, &types()).map_err(|errors| errors.to_string())?;
    // Arguments and modes end in the file.
    Ok(without_places(&format!("{plan:?} {:?} {:?}", file.arguments, file.modes)))
}

/// `debug`, in which each place is the same.
pub(super) fn without_places(debug: &str) -> String {
    let Some((before, rest)) = debug.split_once("Mark {") else { return debug.to_owned() };
    let (mut depth, mut in_text, mut is_escaped) = (1, false, false);
    let end = rest.find(|letter| {
        match (letter, in_text) {
            _ if is_escaped => {
                is_escaped = false;
                return false;
            }
            ('\\', true) => is_escaped = true,
            ('"', _) => in_text = !in_text,
            ('{', false) => depth += 1,
            ('}', false) => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    let after = end.map_or("", |end| &rest[end + 1..]);
    format!("{before}…{}", without_places(after))
}
