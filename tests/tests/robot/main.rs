//! What the command promises of a whole robot, kept by real processes: each test has robots, worlds and a directory of
//! its own.
//!
//! `place`, `process`, `robot` and `world` are what the tests stand on; each other module is a promise.
#![cfg(test)]

mod place;
#[expect(dead_code, reason = "the tests of failure classes use the rest")]
mod process;
#[expect(dead_code, reason = "the tests of failure classes use the rest")]
mod robot;
mod variables;
mod world;

mod alone;
mod breaker;
mod death;
mod device;
mod estop;
mod failure;
mod garbage;
mod health;
mod logs;
mod nodes;
mod operator;
mod params;
mod ready;
mod reload;
mod restart;
mod rights;
mod simulation;
mod start;
mod stop;
mod unread;
