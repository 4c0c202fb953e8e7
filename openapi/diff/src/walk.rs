//! Walks over both documents: it compares each pair of corresponding schemas once, and collects the
//! changes.
//!
//! A change is found at one pair of schemas, but concerns every operation that reaches the pair. So
//! the walk keeps what led to each pair, and follows it back at the end.

use crate::flat::At;
use crate::way::{Places, Shift, Way};
use crate::words::{advice, affects};
use crate::{Change, Effect, Kind, Side};
use dropshot_codegen::model::Document;
use indexmap::IndexMap;
use std::collections::{BTreeSet, HashMap};

/// The most pairs of schemas that are compared. Similar documents have as many pairs as schemas.
/// Only two that have nothing in common but recursion could have more.
const MAX_PAIRS: usize = 1_000_000;

/// Two schemas to compare, and their name in messages.
#[derive(Debug, Clone)]
pub struct Pair<'d> {
    pub way: Way,
    pub old: At<'d>,
    pub new: At<'d>,
    /// Such as "the property `scope`".
    pub label: String,
}

/// [`At::key`]
type Key<'d> = Vec<&'d str>;

/// A pair of schemas, and what led to it.
struct Met<'d> {
    pair: Pair<'d>,
    from: Vec<Node>,
}

/// The part of the documents at which a change was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Node {
    Document,
    /// An index into [`Walk::operations`].
    Operation(usize),
    /// An index into [`Walk::met`].
    Met(usize),
}

/// The state of a comparison.
pub struct Walk<'d> {
    pub old: &'d Document,
    pub new: &'d Document,
    /// The ids of the operations, in order.
    operations: Vec<&'d str>,
    /// Each pair once, in the order in which the walk met them.
    met: IndexMap<(Key<'d>, Key<'d>, Way), Met<'d>>,
    next: usize,
    here: Node,
    changes: Vec<(Node, Change)>,
    too_many: bool,
}

impl<'d> Walk<'d> {
    pub fn new(old: &'d Document, new: &'d Document) -> Self {
        Self {
            old,
            new,
            operations: Vec::new(),
            met: IndexMap::new(),
            next: 0,
            here: Node::Document,
            changes: Vec::new(),
            too_many: false,
        }
    }

    /// From here on, changes concern this operation.
    pub fn enter(&mut self, operation: &'d str) {
        self.here = Node::Operation(self.operations.len());
        self.operations.push(operation);
    }

    /// From here on, changes concern the documents as a whole.
    pub fn leave(&mut self) {
        self.here = Node::Document;
    }

    /// Adds two schemas to the pairs to compare, unless the pair is there already.
    pub fn schemas(&mut self, mut pair: Pair<'d>) {
        let key = (pair.old.key(), pair.new.key(), pair.way);
        if self.met.len() == MAX_PAIRS && !self.met.contains_key(&key) {
            return self.too_many();
        }
        // The name must not depend on the place at which the pair was met first.
        if let Some(target) = pair.new.target() {
            pair.label = format!("the schema `{target}`");
        }
        let met = self.met.entry(key).or_insert_with(|| Met {
            pair,
            from: Vec::new(),
        });
        if met.from.last() != Some(&self.here) {
            met.from.push(self.here);
        }
    }

    fn too_many(&mut self) {
        if !std::mem::replace(&mut self.too_many, true) {
            let message =
                format!("the two documents' schemas can be paired in over {MAX_PAIRS} ways");
            let places = (Some("/components/schemas"), Some("/components/schemas"));
            self.note_plain(Kind::TooManyPairs, Effect::Unclear, places, message);
        }
    }

    /// Compares the pairs that were met, and the pairs that these lead to.
    pub fn run(&mut self, compare: fn(&mut Self, &Pair<'d>)) {
        while let Some((_, met)) = self.met.get_index(self.next) {
            let pair = met.pair.clone();
            self.here = Node::Met(self.next);
            self.next += 1;
            compare(self, &pair);
        }
        self.leave();
    }

    /// Notes a change of what is sent or received.
    pub fn note(
        &mut self,
        way: Way,
        kind: Kind,
        shift: Shift,
        places: Places<'_>,
        message: impl Into<String>,
    ) {
        self.push(
            kind,
            way.effect(shift),
            Some(way.side),
            places,
            message.into(),
        );
    }

    /// Notes a change that is not about values.
    pub fn note_plain(
        &mut self,
        kind: Kind,
        effect: Effect,
        places: Places<'_>,
        message: impl Into<String>,
    ) {
        self.push(kind, effect, None, places, message.into());
    }

    fn push(
        &mut self,
        kind: Kind,
        effect: Effect,
        side: Option<Side>,
        (old, new): Places<'_>,
        message: String,
    ) {
        let change = Change {
            kind,
            effect,
            side,
            old: old.map(str::to_owned),
            new: new.map(str::to_owned),
            message,
            affects: affects(kind, effect, side),
            advice: advice(kind, effect, side),
            operations: Vec::new(),
        };
        self.changes.push((self.here, change));
    }

    /// The pointers of all changes so far.
    pub fn noted(&self) -> impl Iterator<Item = &str> {
        self.changes
            .iter()
            .flat_map(|(_, change)| [change.old.as_deref(), change.new.as_deref()])
            .flatten()
    }

    /// The changes, each once, with the operations that it reaches.
    pub fn finish(self) -> Vec<Change> {
        let mut reached: HashMap<Node, BTreeSet<usize>> = HashMap::new();
        let mut once: IndexMap<_, (Change, BTreeSet<usize>)> = IndexMap::new();
        for (node, change) in &self.changes {
            let operations = reached.entry(*node).or_insert_with(|| self.reach(*node));
            let key = (
                change.kind,
                change.side,
                &change.old,
                &change.new,
                &change.message,
            );
            once.entry(key)
                .or_insert_with(|| (change.clone(), BTreeSet::new()))
                .1
                .extend(&*operations);
        }
        let mut changes: Vec<_> = once.into_values().collect();
        changes.sort_by_key(|(change, operations)| (change.effect, operations.first().copied()));
        let named = |operations: BTreeSet<usize>| {
            operations
                .into_iter()
                .map(|index| self.operations[index].to_owned())
                .collect()
        };
        changes
            .into_iter()
            .map(|(change, operations)| Change {
                operations: named(operations),
                ..change
            })
            .collect()
    }

    /// The operations that lead to a node.
    fn reach(&self, node: Node) -> BTreeSet<usize> {
        let mut operations = BTreeSet::new();
        let mut seen = vec![false; self.met.len()];
        let mut left = vec![node];
        while let Some(node) = left.pop() {
            match node {
                Node::Document => {}
                Node::Operation(operation) => {
                    operations.insert(operation);
                }
                Node::Met(index) => {
                    if !std::mem::replace(&mut seen[index], true) {
                        left.extend(
                            self.met
                                .get_index(index)
                                .into_iter()
                                .flat_map(|(_, met)| &met.from),
                        );
                    }
                }
            }
        }
        operations
    }
}
