//! Shares a limited number of places between sources: one rule for handshakes, connections and
//! requests.
//!
//! 1. A source has no more places than are left. A single source gets half of them. Each further
//!    greedy source leaves the others less, and a source without a place still finds one.
//! 2. A source that gets no place by the first part may take one from another holder, where holders
//!    can give way: from a source that has more, whatever that source does; from any holder that
//!    has been quiet for a while; and from itself, if nothing is lost by it.

use std::collections::HashMap;

use crate::identity::Source;

/// The number of places, and how many of them each source has.
///
/// A caller without a source is a gateway or a balancer, which stands for many sources. It has no
/// share, and gets any place that is left.
#[derive(Debug)]
pub(crate) struct Shares {
    limit: u32,
    per_source: u32,
    taken: u32,
    of_source: HashMap<Source, u32>,
}

/// What the rule needs to know of the holder of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    /// The holder's source.
    pub source: Option<Source>,
    /// Whether a request is under way.
    pub is_busy: bool,
    /// Whether the holder has gone without an answer for a while.
    pub is_quiet: bool,
}

impl Shares {
    /// `limit` places, of which one source gets at most `per_source`.
    pub(crate) fn new(limit: u32, per_source: u32) -> Self {
        Self {
            limit,
            per_source,
            taken: 0,
            of_source: HashMap::new(),
        }
    }

    /// How many places are taken.
    pub(crate) fn taken(&self) -> u32 {
        self.taken
    }

    /// How many places this source has.
    pub(crate) fn of(&self, source: Option<Source>) -> u32 {
        let count = source.and_then(|source| self.of_source.get(&source));
        count.copied().unwrap_or(0)
    }

    /// Whether this source has as many places as one source may have.
    pub(crate) fn has_all(&self, source: Option<Source>) -> bool {
        self.of(source) >= self.per_source
    }

    /// Whether this source may have one more place. This is the first part of the rule.
    pub(crate) fn has_room_for(&self, source: Option<Source>) -> bool {
        let left = self.limit.saturating_sub(self.taken);
        left > 0 && self.of(source) < left && !self.has_all(source)
    }

    /// Whether a holder gives way to a newcomer that finds no place. This is the second part.
    pub(crate) fn gives_way(&self, holder: Holder, newcomer: Option<Source>) -> bool {
        if newcomer.is_some() && holder.source == newcomer {
            return !holder.is_busy || holder.is_quiet;
        }
        if self.has_all(newcomer) {
            return false;
        }
        let (has, wants) = (self.of(holder.source), self.of(newcomer));
        // If one more were enough, two sources would take the same place from each other for ever.
        let has_more = has > wants + 1 || (has > 0 && wants == 0);
        has_more || holder.is_quiet
    }

    /// Gives this source one more place.
    pub(crate) fn add(&mut self, source: Option<Source>) {
        self.taken += 1;
        if let Some(source) = source {
            *self.of_source.entry(source).or_insert(0) += 1;
        }
    }

    /// Takes one place from this source.
    pub(crate) fn remove(&mut self, source: Option<Source>) {
        self.taken = self.taken.saturating_sub(1);
        if let Some(source) = source
            && let Some(count) = self.of_source.get_mut(&source)
        {
            *count -= 1;
            // A source without a place takes no memory.
            if *count == 0 {
                self.of_source.remove(&source);
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.taken == 0 && self.of_source.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::*;

    fn source(last: u8) -> Option<Source> {
        Some(Source::from(IpAddr::from([192, 0, 2, last])))
    }

    fn holder(last: u8, is_busy: bool, is_quiet: bool) -> Holder {
        Holder {
            source: source(last),
            is_busy,
            is_quiet,
        }
    }

    fn shares(limit: u32, per_source: u32, held: &[(u8, u32)]) -> Shares {
        let mut shares = Shares::new(limit, per_source);
        for &(last, count) in held {
            (0..count).for_each(|_| shares.add(source(last)));
        }
        shares
    }

    #[test]
    fn one_that_has_more_gives_way_whatever_it_does() {
        let shares = shares(8, 4, &[(1, 4), (2, 3), (3, 1)]);
        let busy = |last| holder(last, true, false);
        assert!(shares.gives_way(busy(1), source(9)) && shares.gives_way(busy(3), source(9)));
        assert!(shares.gives_way(busy(1), source(3)));
        assert!(
            !shares.gives_way(busy(1), source(2)),
            "one more is not more"
        );
        assert!(shares.gives_way(holder(1, false, true), source(2)));
        assert!(!shares.gives_way(busy(3), source(2)));
    }

    #[test]
    fn a_source_that_has_all_it_may_takes_its_own_and_no_others() {
        let shares = shares(100, 4, &[(1, 4), (2, 4)]);
        assert!(!shares.has_room_for(source(1)) && shares.has_room_for(source(3)));
        assert!(!shares.gives_way(holder(2, false, true), source(1)));
        assert!(shares.gives_way(holder(1, false, false), source(1)));
        assert!(shares.gives_way(holder(1, true, true), source(1)));
        assert!(
            !shares.gives_way(holder(1, true, false), source(1)),
            "it would lose a request"
        );
    }

    #[test]
    fn a_gateway_has_no_share_and_gives_way_last() {
        let mut shares = shares(4, 2, &[]);
        (0..4).for_each(|_| shares.add(None));
        let gateways = |is_quiet| Holder {
            source: None,
            is_busy: true,
            is_quiet,
        };
        assert!(!shares.has_room_for(None) && !shares.gives_way(gateways(false), None));
        assert!(!shares.gives_way(gateways(false), source(1)));
        assert!(shares.gives_way(gateways(true), None));
    }

    proptest! {
        /// For any number of greedy sources, a source without a place gets one: a free one, or
        /// another's.
        #[test]
        fn a_source_that_has_none_gets_one(
            limit in 1_u32..40, per_source in 1_u32..10, asking in proptest::collection::vec(0_u8..20, 0..200),
        ) {
            let mut shares = Shares::new(limit, per_source);
            for last in &asking {
                if shares.has_room_for(source(*last)) {
                    shares.add(source(*last));
                }
            }
            prop_assert!(shares.taken() <= limit);
            let taken = |last| shares.gives_way(holder(last, true, false), source(99));
            prop_assert!(shares.has_room_for(source(99)) || asking.iter().any(|last| taken(*last)));
        }
    }
}
