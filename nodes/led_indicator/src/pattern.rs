//! What each pattern of the light is.

use nevil_runtime::prelude::*;

use crate::lamp::Light;

/// One step of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What the light does.
    pub light: Light,
    /// For how long.
    pub hold: Hold,
}

/// How long a step lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// A flash, or the dark before the next one: 0.1 s.
    Flash,
    /// The dark between two groups of flashes: 0.9 s.
    Pause,
    /// Until there is another pattern.
    Forever,
}

impl Hold {
    /// How long [`Self::Flash`] is.
    pub const FLASH: Duration = Duration::from_millis(100);

    /// How long [`Self::Pause`] is.
    pub const PAUSE: Duration = Duration::from_millis(900);
}

/// The steps of a pattern, one after the other and then again from the first. There is at least one.
///
/// ```text
/// play     ▇_▇_________▇_▇_________   two flashes each 1.2 s
/// listen   ▇_▇_▇_▇_▇_▇_▇_▇_▇_▇_▇_▇_   five a second
/// actions  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇
/// off      ________________________
/// ```
#[must_use]
pub const fn steps(pattern: LedState) -> &'static [Step] {
    const ON: Step = Step { light: Light::On, hold: Hold::Flash };
    const OFF: Step = Step { light: Light::Off, hold: Hold::Flash };
    match pattern {
        LedState::Play => &[ON, OFF, ON, Step { light: Light::Off, hold: Hold::Pause }],
        LedState::Listen => &[ON, OFF],
        LedState::Actions => &[Step { light: Light::On, hold: Hold::Forever }],
        LedState::Off => &[Step { light: Light::Off, hold: Hold::Forever }],
    }
}
