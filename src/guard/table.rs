//! A table that never grows. If it is full, it forgets the value that expires first.
//!
//! A flood of new keys thus costs no memory, and pushes out the values that are of least use.

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Values by key. Each value has its own end, in milliseconds since 1970.
pub(crate) struct Table<V> {
    sets: Box<[Mutex<Set<V>>]>,
}

/// Makes keys.
#[derive(Debug, Default)]
pub(crate) struct Keys(RandomState);

/// The key of a value: 64 bits of a hash under a secret of this process. An attacker thus can't
/// choose two names with the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(u64);

impl Keys {
    pub(crate) fn of(&self, name: impl Hash) -> Key {
        Key(self.0.hash_one(name))
    }
}

/// The places where a key can be.
type Set<V> = [Slot<V>; WAYS];
const WAYS: usize = 8;

#[derive(Clone, Copy)]
struct Slot<V> {
    key: Key,
    /// The place is free if this is in the past.
    expires: i64,
    value: V,
}

impl<V: Copy + Default> Table<V> {
    /// A table with room for `sets` times 8 values. Takes all of that memory at once.
    pub(crate) fn new(sets: usize) -> Self {
        let free = Slot {
            key: Key(0),
            expires: i64::MIN,
            value: V::default(),
        };
        Self {
            sets: (0..sets.max(1)).map(|_| Mutex::new([free; WAYS])).collect(),
        }
    }

    pub(crate) fn get(&self, key: Key, now: i64) -> Option<V> {
        let set = self.set(key);
        set.iter()
            .find(|slot| slot.is(key, now))
            .map(|slot| slot.value)
    }

    /// Replaces the value with the value that `change` makes of it. `change` also says when it
    /// expires.
    pub(crate) fn change(&self, key: Key, now: i64, change: impl FnOnce(Option<V>) -> (V, i64)) {
        let mut set = self.set(key);
        let at = set.iter().position(|slot| slot.is(key, now));
        let (value, expires) = change(at.map(|at| set[at].value));
        let slot = match at {
            Some(at) => Some(&mut set[at]),
            None => set.iter_mut().min_by_key(|slot| slot.expires),
        };
        if let Some(slot) = slot {
            *slot = Slot {
                key,
                expires,
                value,
            };
        }
    }

    /// Frees all places.
    pub(crate) fn clear(&self) {
        for set in &self.sets {
            for slot in &mut *set.lock().unwrap_or_else(PoisonError::into_inner) {
                slot.expires = i64::MIN;
            }
        }
    }

    pub(crate) fn remove(&self, key: Key) {
        for slot in self.set(key).iter_mut().filter(|slot| slot.key == key) {
            slot.expires = i64::MIN;
        }
    }

    fn set(&self, key: Key) -> MutexGuard<'_, Set<V>> {
        // The remainder is smaller than the number of sets, which is a `usize`.
        let at = usize::try_from(key.0 % self.sets.len() as u64).unwrap_or(0);
        self.sets[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Slot<V> {
    fn is(&self, key: Key, now: i64) -> bool {
        self.key == key && self.expires > now
    }
}

impl<V> fmt::Debug for Table<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({} places)", self.sets.len() * WAYS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_there_until_its_time_or_its_removal() {
        let (table, keys) = (Table::new(16), Keys::default());
        let (one, two) = (keys.of("one"), keys.of("two"));
        for number in [1, 2] {
            table.change(one, 0, |before| (before.unwrap_or(0) + number, 10));
        }
        assert_eq!(table.get(one, 9), Some(3));
        assert_eq!((table.get(one, 10), table.get(two, 0)), (None, None));
        table.change(one, 10, |before| (before.unwrap_or(7), 20));
        assert_eq!(table.get(one, 11), Some(7), "what expired is gone");
        table.remove(one);
        assert_eq!(table.get(one, 11), None);
        table.change(two, 10, |_| (8, 20));
        table.clear();
        assert_eq!(table.get(two, 11), None);
    }

    #[test]
    fn a_flood_of_short_lived_keys_pushes_out_no_long_lived_one() {
        let (table, keys) = (Table::new(4), Keys::default());
        // Even if all of them fall into one of the 4 sets, they fit.
        let kept: Vec<_> = (0..8).map(|name| keys.of(("kept", name))).collect();
        for key in &kept {
            table.change(*key, 0, |_| (1, 1_000));
        }
        for name in 0..100_000 {
            table.change(keys.of(("flood", name)), 0, |_| (2, 10));
        }
        let left = kept.iter().filter(|key| table.get(**key, 0).is_some());
        // In a set that is full of these keys, the flood takes one place.
        assert!(left.count() >= 7);
    }
}
