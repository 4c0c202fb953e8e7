//! The rule: what a change of the allowed values means, by the way that they travel.

use crate::{Effect, Side};

/// Which way a value travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Way {
    pub side: Side,
    /// Inside a `not`, where narrower and wider change places in ways that are not followed.
    pub negated: bool,
}

/// What a change does to the set of values that are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// Fewer.
    Narrowed,
    /// More.
    Widened,
    /// Some came, some went.
    Moved,
    /// That can't be told.
    Unknown,
    /// Strictly more, or fewer, but as callers are expected to be compatible.
    Tolerated,
}

impl Way {
    pub const SENDS: Self = Self {
        side: Side::CallerSends,
        negated: false,
    };
    pub const RECEIVES: Self = Self {
        side: Side::CallerReceives,
        negated: false,
    };

    pub fn sends(self) -> bool {
        self.side == Side::CallerSends
    }

    /// What a change means to callers, going by what it does to the values allowed.
    pub fn effect(self, shift: Shift) -> Effect {
        match (self.side, shift) {
            _ if self.negated => Effect::Unclear,
            (_, Shift::Unknown) => Effect::Unclear,
            (_, Shift::Tolerated) => Effect::Compatible,
            (_, Shift::Moved) => Effect::Breaking,
            (Side::CallerSends, Shift::Narrowed) | (Side::CallerReceives, Shift::Widened) => {
                Effect::Breaking
            }
            (Side::CallerSends, Shift::Widened) | (Side::CallerReceives, Shift::Narrowed) => {
                Effect::Compatible
            }
        }
    }
}

/// Where a change stands in both documents.
pub type Places<'p> = (Option<&'p str>, Option<&'p str>);
