//! The rule: what a change of the allowed values means to callers, by the direction in which the
//! values travel.

use crate::{Effect, Side};

/// The direction in which a value travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Way {
    pub side: Side,
    /// Whether the value is inside a `not`. There narrower and wider change places, which is not
    /// followed.
    pub negated: bool,
}

/// What a change does to the set of allowed values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// Fewer values are allowed.
    Narrowed,
    /// More values are allowed.
    Widened,
    /// Some values came, and some went.
    Moved,
    /// The comparison can't tell.
    Unknown,
    /// More or fewer values are allowed, but callers are expected to cope with it.
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

    /// What a change means to callers, by what it does to the allowed values.
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

/// The pointers of a change in the old and in the new document.
pub type Places<'p> = (Option<&'p str>, Option<&'p str>);
