//! Reads `allOf`, `oneOf`, `anyOf`, `not` and the discriminator.

use crate::codes;
use crate::model::{Discriminator, Schema, SchemaObject};
use crate::read::version::Version;
use crate::read::{Object, Reader};
use dropshot_vocabulary::pointer::tokens;
use serde_json::Value;

impl<'d> Reader<'d> {
    pub(super) fn compositions(&self, object: &Object<'_, 'd>, schema: &mut SchemaObject) {
        schema.all_of.extend(self.alternatives(object, "allOf"));
        let (one_of, null) = self.without_null(object, "oneOf");
        schema.one_of = one_of;
        let (any_of, null_too) = self.without_null(object, "anyOf");
        schema.any_of.extend(any_of);
        schema.nullable |= null || null_too;
        if let Some(not) = object.map.get("not") {
            schema.not = Some(self.schema(not, &object.key("not")));
        }
    }

    fn alternatives(&self, object: &Object<'_, 'd>, key: &str) -> Vec<Schema> {
        let at = object.key(key);
        object
            .list(key)
            .iter()
            .enumerate()
            .map(|(item, value)| self.schema(value, &at.item(item)))
            .collect()
    }

    /// The alternatives, and whether null was among them. 3.1 lists null, 3.0 has `nullable` for
    /// it.
    fn without_null(&self, object: &Object<'_, 'd>, key: &str) -> (Vec<Schema>, bool) {
        let list = object.list(key);
        let is_null = |value: &Value| value.get("type").and_then(Value::as_str) == Some("null");
        if list.len() < 2 || !list.iter().any(is_null) {
            return (self.alternatives(object, key), false);
        }
        let at = object.key(key);
        if self.version == Version::V3_0 {
            let message = "OpenAPI 3.0 has no type null; it is taken as `nullable: true` beside the alternatives";
            self.carried(codes::TOLERATED, &at, message, "write `nullable: true`");
        }
        let others = list.iter().enumerate().filter(|(_, value)| !is_null(value));
        (
            others
                .map(|(item, value)| self.schema(value, &at.item(item)))
                .collect(),
            true,
        )
    }

    pub(super) fn discriminator(&self, object: &Object<'_, 'd>, schema: &mut SchemaObject) {
        let Some(value) = object.get("discriminator") else {
            return;
        };
        let at = object.key("discriminator");
        let Some(discriminator) = Object::new(self, value, at, "`discriminator`") else {
            return;
        };
        discriminator.known("propertyName mapping", "a discriminator");
        let mapping = discriminator
            .entries("mapping")
            .filter_map(|(value, target)| {
                let mappings = discriminator.key("mapping");
                let Value::String(target) = target else {
                    let message = "a discriminator maps to the name of a schema or a reference";
                    self.error(
                        codes::WRONG_TYPE,
                        &mappings.key(value),
                        message,
                        "write it as text",
                    );
                    return None;
                };
                let name = if target.starts_with('#') {
                    self.schema_name(target, &mappings.key(value))
                } else {
                    self.mapped_name(target)
                };
                if name.is_none() && !target.starts_with('#') {
                    let message = format!(
                        "the discriminator maps `{value}` to `{target}`, which is no schema"
                    );
                    self.carried(
                        codes::IGNORED,
                        &mappings.key(value),
                        message,
                        "name a schema, or drop the entry",
                    );
                }
                Some((value.clone(), name?))
            });
        let mapping = mapping.collect();
        if let Some(property) = discriminator.required_text("propertyName", "a discriminator") {
            schema.discriminator = Some(Discriminator { property, mapping });
        }
    }

    /// Finds a component by its name, or by the last part of a path.
    fn mapped_name(&self, target: &str) -> Option<String> {
        let schemas = self.root.pointer("/components/schemas")?;
        let last = tokens(target).last();
        [Some(target.to_owned()), last]
            .into_iter()
            .flatten()
            .find(|name| schemas.get(name).is_some())
    }
}
