//! The members of an object. Keys are unique, and are found fast for any number of members.
//!
//! Nearly all objects are small. They keep the order in which they were sent. A search begins where
//! the last one ended, since senders mostly follow the schema's order. Larger objects are sorted,
//! so that the cost of a body full of keys doesn't grow with the square of its size.

use super::Node;

/// The most members of an object that is not sorted.
const SMALL: usize = 16;

/// An object's members.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Members(Vec<(Box<str>, Node)>);

impl Members {
    /// Makes members of pairs in the order in which they were sent.
    ///
    /// # Errors
    /// A key that stands there twice.
    pub fn new(mut pairs: Vec<(Box<str>, Node)>) -> Result<Self, Box<str>> {
        if pairs.len() > SMALL {
            pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
            if let Some(twice) = pairs.windows(2).position(|pair| pair[0].0 == pair[1].0) {
                return Err(pairs.swap_remove(twice).0);
            }
        } else {
            for index in 1..pairs.len() {
                let (before, from) = pairs.split_at(index);
                if before.iter().any(|(key, _)| *key == from[0].0) {
                    return Err(pairs.swap_remove(index).0);
                }
            }
        }
        Ok(Self(pairs))
    }

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys and values. Large objects give them in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|(key, node)| (&**key, node))
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        position(&self.0, key, 0).map(|index| &self.0[index].1)
    }
}

impl IntoIterator for Members {
    type Item = (Box<str>, Node);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Members that are taken out one by one.
#[derive(Debug)]
pub(crate) struct Remaining {
    /// The value is `None` once it was taken.
    members: Vec<(Box<str>, Option<Node>)>,
    next: usize,
}

impl Remaining {
    pub(crate) fn new(members: Members) -> Self {
        let members = members
            .into_iter()
            .map(|(key, node)| (key, Some(node)))
            .collect();
        Self { members, next: 0 }
    }

    pub(crate) fn take(&mut self, key: &str) -> Option<Node> {
        let index = position(&self.members, key, self.next)?;
        self.next = index + 1;
        self.members[index].1.take()
    }

    /// Whether the key is there, even if its value was taken.
    pub(crate) fn has(&self, key: &str) -> bool {
        position(&self.members, key, self.next).is_some()
    }

    /// Takes all members that are left.
    pub(crate) fn rest(&mut self) -> impl Iterator<Item = (Box<str>, Node)> {
        let members = std::mem::take(&mut self.members);
        members
            .into_iter()
            .filter_map(|(key, node)| Some((key, node?)))
    }

    /// The first key that was not taken.
    pub(crate) fn first_left(&self) -> Option<&str> {
        self.members
            .iter()
            .find(|(_, node)| node.is_some())
            .map(|(key, _)| &**key)
    }
}

/// The index of a key. Small objects are searched from `from` on, and then from the start.
fn position<T>(members: &[(Box<str>, T)], key: &str, from: usize) -> Option<usize> {
    if members.len() > SMALL {
        return members
            .binary_search_by(|(candidate, _)| (**candidate).cmp(key))
            .ok();
    }
    let (before, after) = members.split_at(from.min(members.len()));
    let found = |(candidate, _): &(Box<str>, T)| **candidate == *key;
    after
        .iter()
        .position(found)
        .map(|index| from + index)
        .or_else(|| before.iter().position(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(keys: impl Iterator<Item = usize>) -> Result<Members, Box<str>> {
        Members::new(
            keys.map(|key| (format!("k{key}").into(), Node::Integer(key as i128)))
                .collect(),
        )
    }

    #[test]
    fn every_member_is_found_in_small_and_large_objects() {
        for size in [0, 1, SMALL, SMALL + 1, 500] {
            let all = members((0..size).rev()).unwrap();
            let mut remaining = Remaining::new(all.clone());
            for key in 0..size {
                let name = format!("k{key}");
                assert_eq!(all.get(&name), Some(&Node::Integer(key as i128)));
                assert_eq!(remaining.take(&name), Some(Node::Integer(key as i128)));
            }
            assert_eq!((all.get("k"), remaining.first_left()), (None, None));
        }
    }

    #[test]
    fn a_key_given_twice_is_named() {
        assert_eq!(members([1, 2, 1].into_iter()).unwrap_err(), "k1".into());
        assert_eq!(members((0..100).chain([50])).unwrap_err(), "k50".into());
    }

    #[test]
    fn the_rest_is_what_was_not_taken() {
        let mut remaining = Remaining::new(members(0..4).unwrap());
        remaining.take("k2");
        assert_eq!(remaining.first_left(), Some("k0"));
        let rest: Vec<_> = remaining.rest().map(|(key, _)| String::from(key)).collect();
        assert_eq!(rest, ["k0", "k1", "k3"]);
        assert_eq!((remaining.take("k0"), remaining.first_left()), (None, None));
    }
}
