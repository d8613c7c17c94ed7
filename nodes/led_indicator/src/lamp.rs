//! The light: a line of a GPIO chip, or none.

use std::path::PathBuf;

use gpiocdev::Request;
use gpiocdev::line::Value;
use nevil_runtime::prelude::*;

/// Whether the light shines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    /// It does.
    On,
    /// It does not.
    Off,
}

/// Where a light hangs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The character device of the chip, such as `/dev/gpiochip0`.
    pub chip: PathBuf,
    /// Number of the line on it.
    pub line: u32,
}

/// Something that shines.
pub trait Lamp: Sized + Send + 'static {
    /// The lamp on `pin`, dark.
    ///
    /// # Errors
    ///
    /// Why it cannot be had.
    fn open(pin: &Pin) -> DeviceResult<Self>;

    /// One that stands for a lamp where time is simulated: nothing of the machine may be touched there.
    fn simulated() -> Self;

    /// Lets it shine, or not.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn set(&mut self, light: Light) -> DeviceResult<()>;
}

/// Why a line of a GPIO chip could not be had.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot use line {line} of `{chip}`; `gpioinfo` lists the chips and who uses their lines, and the user of the robot must be \
     in the group `gpio`"
)]
pub struct LampError {
    /// The chip.
    pub chip: String,
    /// The line.
    pub line: u32,
    /// What the operating system said.
    #[source]
    pub cause: gpiocdev::Error,
}

/// A light on a line of a GPIO chip. It goes out when this is dropped.
#[derive(Debug)]
pub struct GpioLamp(Option<(Request, u32)>);

impl Lamp for GpioLamp {
    fn open(pin: &Pin) -> DeviceResult<Self> {
        let request = Request::builder()
            .on_chip(&pin.chip)
            .with_consumer("nevil")
            .with_line(pin.line)
            .as_output(Value::Inactive)
            .request()
            .map_err(|cause| LampError { chip: pin.chip.display().to_string(), line: pin.line, cause })?;
        Ok(Self(Some((request, pin.line))))
    }

    fn simulated() -> Self {
        Self(None)
    }

    fn set(&mut self, light: Light) -> DeviceResult<()> {
        if let Some((request, line)) = &self.0 {
            let value = match light {
                Light::On => Value::Active,
                Light::Off => Value::Inactive,
            };
            request.set_value(*line, value)?;
        }
        Ok(())
    }
}

impl Drop for GpioLamp {
    fn drop(&mut self) {
        // A line keeps its last level when it is given back. If this fails, the lamp was out of reach before.
        let _ = self.set(Light::Off);
    }
}
