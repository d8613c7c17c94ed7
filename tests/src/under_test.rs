//! The `nevil` command of a robot project with nodes of its own, which make trouble when they are told to.
//!
//! ```yaml
//! first: { type: trouble, params: { activate: hang, diary: diary.txt } }
//! ```
//! In its life hooks it does what its parameters say; while it runs, what is published on `trouble`. `wall` drives a car
//! towards a wall and fails there; each node of `others` does one thing.
#![forbid(unsafe_code)]

use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::path::PathBuf;
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::thread;

use nevil_runtime::SafeSequence;
use nevil_runtime::prelude::*;

mod others;
mod wall;

fn main() -> ExitCode {
    let nodes = nevil::shipped_nodes().with::<Troubled>("trouble").with::<Jammed>("jammed");
    let nodes = nodes.with::<wall::Shuttle>("shuttle").with::<wall::Relay>("relay");
    let nodes = nodes.with::<others::Listener>("listener").with::<others::Echo>("echo");
    let nodes = nodes.with::<others::Camera>("camera").with::<others::Patient>("patient");
    nevil::run(nodes.with::<others::Painter>("painter").with::<others::Follower>("follower"))
}

/// In which way a call ends badly.
#[derive(Clone, Copy, Debug, Field)]
enum Trouble {
    /// It ends well.
    None,
    /// It returns an error.
    Refuse,
    /// It panics.
    Panic,
    /// It does not return.
    Hang,
    /// It computes until it is told to end.
    Spin,
    /// It aborts the process.
    Abort,
    /// It uses up its stack.
    Overflow,
    /// It asks for an emergency stop.
    Smoke,
}

/// What the node is to do at once.
#[derive(Debug, Message)]
struct Order {
    /// How.
    trouble: Trouble,
}

const TROUBLE: Topic<Order> = Topic::new("trouble").external();

#[derive(Debug, Parameters)]
struct Params {
    /// In `configure`, also when the plan is checked.
    #[param(default = "none")]
    check: Trouble,
    /// In `configure`, but not when the plan is checked.
    #[param(default = "none")]
    configure: Trouble,
    /// In `activate`.
    #[param(default = "none")]
    activate: Trouble,
    /// One second later.
    #[param(default = "none")]
    later: Trouble,
    /// In `deactivate`.
    #[param(default = "none")]
    deactivate: Trouble,
    /// In `shutdown`.
    #[param(default = "none")]
    shutdown: Trouble,
    /// How bright it is; it can be told another brightness while it runs.
    #[param(default = 100, range = 0..=100)]
    brightness: u8,
    /// When it is given new parameters.
    #[param(default = "none")]
    change: Trouble,
    /// How long after its activation it says that it is ready; without it, it does not say that.
    ready_after: Option<Duration>,
    /// Whether it does not listen to `trouble`.
    #[param(default = false)]
    deaf: bool,
    /// File to which it adds a line for each of its life hooks.
    diary: Option<PathBuf>,
}

#[derive(Debug)]
struct Troubled(Params);

impl Node for Troubled {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        params.check.make()?;
        // A check of the plan runs under a simulated clock.
        if !setup.is_simulated() {
            params.configure.make()?;
        }
        if !params.deaf {
            setup.subscribe(TROUBLE, Self::on_order)?;
        }
        setup.after(Duration::from_secs(1), Self::later)?;
        if let Some(after) = params.ready_after {
            setup.ready_by_call();
            setup.after(after, |_: &mut Self, _: &Tick, ctx: &Context| {
                ctx.ready();
                Ok(())
            })?;
        }
        Ok(Self(params))
    }

    fn activate(&mut self, ctx: &Context) -> NodeResult {
        self.note(ctx, "activate")?;
        self.0.activate.make()
    }

    fn deactivate(&mut self, ctx: &Context) -> NodeResult {
        self.note(ctx, "deactivate")?;
        self.0.deactivate.make()
    }

    fn shutdown(&mut self, ctx: &Context) -> NodeResult {
        self.note(ctx, "shutdown")?;
        self.0.shutdown.make()
    }

    fn params_changed(&mut self, params: &Params, ctx: &Context) -> NodeResult {
        params.change.make()?;
        self.note(ctx, &format!("at {} %", params.brightness))
    }
}

impl Troubled {
    fn on_order(&mut self, order: &Received<Order>, ctx: &Context) -> NodeResult {
        if matches!(order.trouble, Trouble::Smoke) {
            ctx.emergency_stop("the lamp smokes");
        }
        while matches!(order.trouble, Trouble::Spin) && !ctx.cancel().is_cancelled() {
            black_box(order.trouble);
        }
        order.trouble.make()
    }

    fn later(&mut self, _: &Tick, _: &Context) -> NodeResult {
        self.0.later.make()
    }

    fn note(&self, ctx: &Context, hook: &str) -> NodeResult {
        let Some(diary) = &self.0.diary else { return Ok(()) };
        let mut diary = File::options().create(true).append(true).open(diary)?;
        Ok(diary.write_all(format!("{} {hook}\n", ctx.node()).as_bytes())?)
    }
}

/// Moves an arm that jams: the first command does not return.
struct Jammed(Actuator<Arm>);

#[derive(Debug, Parameters)]
struct JammedParams {
    /// File to which a line is added whenever the arm is made safe.
    diary: PathBuf,
}

struct Arm;

impl Actuate for Arm {
    type Command = ();

    fn apply(&mut self, (): &()) -> DeviceResult<()> {
        loop {
            thread::park();
        }
    }
}

impl Node for Jammed {
    type Params = JammedParams;

    fn configure(setup: &mut Setup<'_, Self>, params: JammedParams) -> Result<Self, NodeError> {
        let arm = setup.actuator("arm", move || {
            let diary = params.diary.clone();
            let make_safe = move || {
                let mut diary = File::options().create(true).append(true).open(&diary)?;
                Ok(diary.write_all(b"the arm is made safe\n")?)
            };
            let guard =
                SafeSequence { handle: File::create("/dev/null")?.into(), writes: vec![b"safe".to_vec()] };
            Ok(OpenActuator { control: Arm, make_safe: Arc::new(make_safe), guard: Some(guard) })
        });
        setup.after(Duration::from_millis(20), Self::reach)?;
        Ok(Self(arm))
    }
}

impl Jammed {
    fn reach(&mut self, _: &Tick, _: &Context) -> NodeResult {
        Ok(self.0.command(&(), Duration::from_secs(5))?)
    }
}

impl Trouble {
    fn make(self) -> NodeResult {
        match self {
            Self::None | Self::Smoke | Self::Spin => Ok(()),
            Self::Refuse => Err(NodeError::new("the lamp is not connected")),
            Self::Panic => panic!("the lamp is broken"),
            Self::Hang => loop {
                thread::park();
            },
            Self::Abort => process::abort(),
            Self::Overflow => {
                overflow(0);
                Ok(())
            }
        }
    }
}

fn overflow(depth: u64) -> u64 {
    let page = black_box([depth; 512]);
    if page[0] == u64::MAX { 0 } else { overflow(depth + 1).wrapping_add(page[511]) }
}
