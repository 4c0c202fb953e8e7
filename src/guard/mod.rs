//! What slows, caps or refuses.

mod catch_up;
mod pace;
mod sampling;
mod table;
mod throttle;
mod turns;
mod used_assertions;

pub(crate) use catch_up::{CatchUp, Questions};
pub(crate) use pace::Pace;
pub(crate) use sampling::Sampling;
pub(crate) use table::{Keys, Table};
pub(crate) use throttle::{Caller, Throttle};
pub(crate) use turns::Turns;
pub(crate) use used_assertions::UsedAssertions;
