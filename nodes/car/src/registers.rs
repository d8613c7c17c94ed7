//! The registers of the Robot HAT's microcontroller, and the numbers that go into them.
//!
//! It is at address 0x14 of I²C bus 1. A write is three bytes: register, high byte, low byte. A pulse width register says for
//! how many of its timer's ticks a channel is high; four channels share a timer, its prescaler and its period. A reading
//! of the converter is a write of its register and two zeros, and then two reads of one byte each, the high one first.

/// Address of the microcontroller on the bus, 7 bits.
pub const ADDRESS: u8 = 0x14;

/// Clock of its timers, in hertz.
pub const CLOCK_HZ: f64 = 72_000_000.0;

/// Channel of the servo that turns the camera to the side: P0.
pub const PAN: u8 = 0;
/// Channel of the servo that turns the camera up and down: P1.
pub const TILT: u8 = 1;
/// Channel of the servo that steers: P2.
pub const STEERING: u8 = 2;
/// Channel of the right motor: P12.
pub const RIGHT_MOTOR: u8 = 12;
/// Channel of the left motor: P13.
pub const LEFT_MOTOR: u8 = 13;

/// Input of the left grayscale sensor: A0.
pub const GRAYSCALE_LEFT: u8 = 0;
/// Input of the middle grayscale sensor: A1.
pub const GRAYSCALE_MIDDLE: u8 = 1;
/// Input of the right grayscale sensor: A2.
pub const GRAYSCALE_RIGHT: u8 = 2;
/// Input of the battery, a third of whose voltage it measures: A4.
pub const BATTERY: u8 = 4;

/// Ticks of a period, of servos and motors alike.
pub const PERIOD: u16 = 4095;
/// Prescaler of the motors' timer: 72 MHz / 10 / 4095 gives 1758 Hz.
pub const MOTOR_PRESCALER: u16 = 10;
/// Prescaler of the servos' timer: 72 MHz / 352 / 4095 gives 50 Hz.
pub const SERVO_PRESCALER: u16 = 352;

/// Largest angle of a servo to either side, in degrees.
pub const SERVO_MAX_DEG: f32 = 90.0;

/// Largest value of the converter, and the volts that give it.
pub const ADC_MAX: u16 = 4095;
/// Volts that give the largest value.
pub const ADC_REFERENCE_V: f32 = 3.3;
/// How many times the voltage at its input the battery has.
pub const BATTERY_DIVIDER: f32 = 3.0;

/// The register that says how long `channel`, 0 to 19, is high.
#[must_use]
pub const fn pulse(channel: u8) -> u8 {
    0x20 + channel
}

/// The timer of `channel`, 0 to 19.
#[must_use]
pub const fn timer(channel: u8) -> u8 {
    match channel {
        0..16 => channel / 4,
        16 | 17 => 4,
        18 => 5,
        _ => 6,
    }
}

/// The register of the prescaler of `timer`, 0 to 6; it holds one less than the prescaler.
#[must_use]
pub const fn prescaler(timer: u8) -> u8 {
    if timer < 4 { 0x40 + timer } else { 0x50 + timer - 4 }
}

/// The register of the period of `timer`, 0 to 6.
#[must_use]
pub const fn period(timer: u8) -> u8 {
    if timer < 4 { 0x44 + timer } else { 0x54 + timer - 4 }
}

/// The register of the converter's input A`input`, 0 to 7.
#[must_use]
pub const fn converter(input: u8) -> u8 {
    (7 - input) | 0x10
}

/// What `register` is, for people; empty if the car does not use it.
#[must_use]
pub const fn name(register: u8) -> &'static str {
    match register {
        0x20 => "pan servo, pulse",
        0x21 => "tilt servo, pulse",
        0x22 => "steering servo, pulse",
        0x2c => "right motor, pulse",
        0x2d => "left motor, pulse",
        0x40 => "servos, prescaler",
        0x44 => "servos, period",
        0x43 => "motors, prescaler",
        0x47 => "motors, period",
        0x17 => "asks for A0, grayscale left",
        0x16 => "asks for A1, grayscale middle",
        0x15 => "asks for A2, grayscale right",
        0x13 => "asks for A4, battery",
        _ => "",
    }
}

/// The bytes that write `value` to `register`.
#[must_use]
pub const fn write(register: u8, value: u16) -> [u8; 3] {
    let [high, low] = value.to_be_bytes();
    [register, high, low]
}

/// Ticks for which a servo's channel is high at `angle_deg`, −90 to 90; beyond it the limit counts. 500 to 2500 µs of 20 ms.
#[must_use]
pub fn servo_ticks(angle_deg: f32) -> u16 {
    let angle_deg = if angle_deg.is_nan() { 0.0 } else { angle_deg.clamp(-SERVO_MAX_DEG, SERVO_MAX_DEG) };
    let pulse_us = f64::from(angle_deg + SERVO_MAX_DEG) / 180.0 * 2000.0 + 500.0;
    (pulse_us / 20_000.0 * f64::from(PERIOD)) as u16
}

/// The angle of a servo whose channel is high for `ticks`, in degrees; what [`servo_ticks`] gives, in whole ticks.
#[must_use]
pub fn servo_deg(ticks: u16) -> f64 {
    (f64::from(ticks) / f64::from(PERIOD) * 20_000.0 - 500.0) / 2000.0 * 180.0 - 90.0
}

/// Ticks for which a motor's channel is high at a duty of `percent`, 0 to 100.
#[must_use]
pub const fn motor_ticks(percent: u8) -> u16 {
    (PERIOD as u32 * percent as u32 / 100) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_where_the_board_has_them() {
        assert_eq!([PAN, TILT, STEERING, RIGHT_MOTOR, LEFT_MOTOR].map(pulse), [0x20, 0x21, 0x22, 0x2c, 0x2d]);
        assert_eq!([0, 3, 12, 15, 16, 17, 18, 19].map(timer), [0, 0, 3, 3, 4, 4, 5, 6]);
        assert_eq!([0, 3, 4, 6].map(prescaler), [0x40, 0x43, 0x50, 0x52]);
        assert_eq!([0, 3, 4, 6].map(period), [0x44, 0x47, 0x54, 0x56]);
        assert_eq!([0, 1, 2, 3, 4].map(converter), [0x17, 0x16, 0x15, 0x14, 0x13]);
        assert_eq!(write(0x2d, 2661), [0x2d, 0x0a, 0x65]);
    }

    #[test]
    fn a_servo_turns_by_pulses_of_half_a_millisecond_to_two_and_a_half() {
        assert_eq!([-90.0, 0.0, 90.0].map(servo_ticks), [102, 307, 511]);
        assert_eq!([-200.0, 200.0, f32::NAN].map(servo_ticks), [102, 511, 307]);
        for angle_deg in -90_i16..=90 {
            let back = servo_deg(servo_ticks(f32::from(angle_deg)));
            assert!((back - f64::from(angle_deg)).abs() < 0.45, "{angle_deg}: {back}");
        }
    }

    #[test]
    fn the_motors_run_at_1758_hertz_and_the_servos_at_50() {
        let hertz = |prescaler: u16| CLOCK_HZ / f64::from(prescaler) / f64::from(PERIOD);
        assert!((hertz(MOTOR_PRESCALER) - 1758.0).abs() < 0.5);
        assert!((hertz(SERVO_PRESCALER) - 50.0).abs() < 0.1);
        assert_eq!([0, 50, 65, 100].map(motor_ticks), [0, 2047, 2661, 4095]);
    }
}
