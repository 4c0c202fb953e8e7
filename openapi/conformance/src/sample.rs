//! Makes values for schemas.
//!
//! A sample should be valid. The validator checks it before it is used, so that a mistake of this
//! module does not count against the service.

use std::cell::{Cell, RefCell};

use dropshot_contract::Value;
use serde_json::{Map, json};

use crate::document::Document;
use crate::facts::{Facts, kind};
use crate::judge::{Direction, Judge};
use crate::scalar::{self, Charset, Richness};

/// Optional properties are left out below this many levels.
const FULL_DEPTH: usize = 5;

/// The deepest level of a sample.
const MAX_DEPTH: usize = 24;

/// The most values that are made for one sample.
const BUDGET: usize = 20_000;

/// The plan for a sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) direction: Direction,
    pub(crate) richness: Richness,
    pub(crate) charset: Charset,
    /// The branch to choose in each union.
    pub(crate) branch: usize,
    /// Whether to keep the properties that are left out in this direction. A caller that sends back
    /// what it got keeps them.
    pub(crate) returned: bool,
}

/// Why there is no sample.
pub(crate) type Gap = String;

/// A sample, and the number of branches that its unions have.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) value: Value,
    pub(crate) branches: usize,
    /// Why optional properties are missing.
    pub(crate) left_out: Vec<Gap>,
}

/// A valid value of a schema.
///
/// # Errors
/// No valid value could be made.
pub(crate) fn sample<'d>(
    document: &'d Document,
    judge: &Judge<'d>,
    schema: &'d Value,
    name: &str,
    plan: Plan,
) -> Result<Sample, Gap> {
    let mut gap = None;
    for salt in 0..4 {
        let maker = Maker {
            document,
            plan,
            left: Cell::new(BUDGET),
            branches: Cell::new(1),
            left_out: RefCell::default(),
        };
        let at = Place {
            name,
            salt,
            item: salt,
            depth: 0,
            branch: plan.branch,
        };
        let value = maker.value(&[schema], at)?;
        let errors = judge.errors(schema, plan.direction, &value)?;
        if errors.is_empty() {
            return Ok(Sample {
                value,
                branches: maker.branches.get(),
                left_out: maker.left_out.take(),
            });
        }
        gap.get_or_insert(format!(
            "the generator's sample is not valid: {}",
            errors.join("; ")
        ));
    }
    Err(gap.unwrap_or_default())
}

/// A value of a schema that the validator has not checked.
///
/// # Errors
/// No value could be made.
pub(crate) fn raw<'d>(
    document: &'d Document,
    schema: &'d Value,
    richness: Richness,
    charset: Charset,
    direction: Direction,
) -> Result<Value, Gap> {
    let plan = Plan {
        direction,
        richness,
        charset,
        branch: 0,
        returned: false,
    };
    let maker = Maker {
        document,
        plan,
        left: Cell::new(BUDGET),
        branches: Cell::new(1),
        left_out: RefCell::default(),
    };
    maker.value(
        &[schema],
        Place {
            name: "",
            salt: 0,
            item: 0,
            depth: 0,
            branch: 0,
        },
    )
}

/// A value without the properties that are left out in this direction.
pub(crate) fn stripped<'d>(
    document: &'d Document,
    schemas: &[&'d Value],
    value: &Value,
    plan: Plan,
) -> Value {
    let facts = Facts::of(document, schemas, plan.branch);
    let left_out = |schemas: &[&'d Value]| {
        schemas
            .iter()
            .any(|schema| plan.direction.leaves_out(document.follow(schema)))
    };
    match value {
        Value::Object(members) => members
            .iter()
            .filter_map(|(name, value)| {
                let schemas = facts.property(name).unwrap_or_default();
                (!left_out(&schemas))
                    .then(|| (name.clone(), stripped(document, &schemas, value, plan)))
            })
            .collect(),
        Value::Array(items) => items
            .iter()
            .map(|item| stripped(document, &facts.items, item, plan))
            .collect(),
        scalar => scalar.clone(),
    }
}

struct Maker<'d> {
    document: &'d Document,
    plan: Plan,
    left: Cell<usize>,
    branches: Cell<usize>,
    left_out: RefCell<Vec<Gap>>,
}

#[derive(Clone, Copy)]
struct Place<'n> {
    name: &'n str,
    /// Makes values of the same name different.
    salt: usize,
    /// Makes numbers at a bound different. It is the position in a list.
    item: usize,
    depth: usize,
    branch: usize,
}

impl<'d> Maker<'d> {
    fn value(&self, schemas: &[&'d Value], at: Place<'_>) -> Result<Value, Gap> {
        let facts = Facts::of(self.document, schemas, at.branch);
        self.branches.set(self.branches.get().max(facts.branches));
        if at.depth <= FULL_DEPTH || facts.branches < 2 {
            return self.of(&facts, at);
        }
        // At a deep level, the first branch that can be made is enough.
        let mut gap = Gap::new();
        for branch in 0..facts.branches {
            let at = Place { branch, ..at };
            match self.of(&Facts::of(self.document, schemas, branch), at) {
                Ok(value) => return Ok(value),
                Err(found) => gap = found,
            }
        }
        Err(gap)
    }

    fn of(&self, facts: &Facts<'d>, at: Place<'_>) -> Result<Value, Gap> {
        let left = self
            .left
            .get()
            .checked_sub(1)
            .ok_or("the schema is too large for a sample")?;
        self.left.set(left);
        if at.depth > MAX_DEPTH {
            return Err("the schema holds itself without end".to_owned());
        }
        if self.plan.richness == Richness::Nulls && facts.nullable && at.depth > 0 {
            return Ok(Value::Null);
        }
        if let Some((first, others)) = facts.enumerations.split_first() {
            let allowed = |value: &&Value| {
                !value.is_null()
                    && others.iter().all(|other| other.contains(value))
                    && fits(facts, value)
            };
            let allowed: Vec<&Value> = first.iter().filter(allowed).collect();
            return match allowed.as_slice() {
                [] if facts.nullable || first.contains(&Value::Null) => Ok(Value::Null),
                [] => Err(format!("{}: no value of the enum is allowed", at.name)),
                values => Ok(values[(at.salt + at.branch) % values.len()].clone()),
            };
        }
        match facts.kind() {
            Some("boolean") => Ok(Value::Bool(at.salt.is_multiple_of(2))),
            Some(ty @ ("integer" | "number")) => scalar::number(
                facts,
                ty == "integer",
                (at.salt, at.item),
                self.plan.richness,
            )
            .ok_or_else(|| format!("{}: no number is within the bounds", at.name)),
            Some("string") => scalar::text(
                facts,
                at.name,
                at.salt,
                self.plan.richness,
                self.plan.charset,
            )
            .map(Value::String)
            .ok_or_else(|| {
                format!(
                    "{}: no text was found for {:?} {:?}",
                    at.name, facts.formats, facts.patterns
                )
            }),
            Some("array") => self.array(facts, at),
            Some("object") => self.object(facts, at),
            _ if self.plan.charset == Charset::Json && self.plan.richness != Richness::Minimal => {
                Ok(json!({ "anything": [1, "two", null, 4.5, true] }))
            }
            _ => Ok(Value::String(format!("any-{}", at.salt))),
        }
    }

    fn array(&self, facts: &Facts<'d>, at: Place<'_>) -> Result<Value, Gap> {
        let full = self.plan.richness != Richness::Minimal && at.depth <= FULL_DEPTH;
        let wanted = if full { 2 } else { 0 };
        let most = facts.max_items.unwrap_or(u64::MAX);
        if facts.min_items > 2_000 {
            return Err(format!("{}: too many items", at.name));
        }
        let mut items: Vec<Value> = Vec::new();
        let mut salt = at.salt;
        let least = facts
            .min_items
            .max(u64::from(self.plan.charset != Charset::Json && most > 0));
        while (items.len() as u64) < wanted.max(least).min(most) {
            let next = Place {
                salt,
                item: at.item + salt - at.salt,
                depth: at.depth + 1,
                ..at
            };
            match self.value(&facts.items, next) {
                Ok(item) if facts.unique && items.contains(&item) => {}
                Ok(item) => items.push(item),
                Err(_) if items.len() as u64 >= least => break,
                Err(gap) => return Err(gap),
            }
            salt += 1;
            if salt > at.salt + 2_100
                || facts.unique && salt > at.salt + 50 && items.len() as u64 >= least
            {
                break;
            }
        }
        Ok(Value::Array(items))
    }

    fn object(&self, facts: &Facts<'d>, at: Place<'_>) -> Result<Value, Gap> {
        let full = self.plan.richness != Richness::Minimal && at.depth <= FULL_DEPTH;
        let mut members = Map::new();
        let tagged = facts
            .tags
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| !facts.required.contains(name));
        let required: Vec<&str> = facts.required.iter().copied().chain(tagged).collect();
        let most = facts.max_properties.unwrap_or(u64::MAX);
        let optional = facts
            .declared()
            .into_iter()
            .filter(|name| !required.contains(name));
        for (name, needed) in required
            .iter()
            .map(|name| (*name, true))
            .chain(optional.map(|name| (name, false)))
        {
            let room = (members.len() as u64) < most && full
                || (members.len() as u64) < facts.min_properties;
            if needed || room {
                self.property(facts, name, needed, at, &mut members)?;
            }
        }
        // An object without members can only be written in JSON.
        let lone = facts
            .declared()
            .into_iter()
            .next()
            .filter(|_| members.is_empty() && self.plan.charset != Charset::Json && most > 0);
        if let Some(name) = lone {
            self.property(facts, name, false, at, &mut members)?;
        }
        let extra = if full && facts.takes_more() {
            1 + u64::from(facts.declared().is_empty())
        } else {
            0
        };
        let extra = extra
            .max(facts.min_properties.saturating_sub(members.len() as u64))
            .min(most.saturating_sub(members.len() as u64));
        for index in 0..extra.min(1_000) {
            let name = format!("extra-{index}");
            self.property(
                facts,
                &name,
                (members.len() as u64) < facts.min_properties,
                at,
                &mut members,
            )?;
        }
        Ok(Value::Object(members))
    }

    fn property(
        &self,
        facts: &Facts<'d>,
        name: &str,
        needed: bool,
        at: Place<'_>,
        members: &mut Map<String, Value>,
    ) -> Result<(), Gap> {
        let schemas = match facts.property(name) {
            Some(schemas) => schemas,
            None if needed => return Err(format!("{name} is required and forbidden")),
            None => return Ok(()),
        };
        let direction = self.plan.direction;
        let left_out = |schema: &&'d Value| direction.leaves_out(self.document.follow(schema));
        if !self.plan.returned && schemas.iter().any(left_out) {
            return Ok(());
        }
        if let Some((_, tag)) = facts.tags.iter().find(|(tag, _)| *tag == name) {
            members.insert(name.to_owned(), Value::from(*tag));
            return Ok(());
        }
        let place = Place {
            name,
            salt: at.salt + members.len(),
            item: at.item,
            depth: at.depth + 1,
            branch: at.branch,
        };
        match self.value(&schemas, place) {
            Ok(value) => {
                members.insert(name.to_owned(), value);
                Ok(())
            }
            Err(gap) if needed => Err(gap),
            Err(gap) => {
                self.left_out.borrow_mut().push(gap);
                Ok(())
            }
        }
    }
}

fn fits(facts: &Facts<'_>, value: &Value) -> bool {
    let types = facts.types.as_ref();
    types.is_none_or(|types| {
        types.contains(&kind(value)) || value.is_number() && types.contains(&"number")
    })
}
