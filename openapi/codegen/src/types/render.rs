//! Writes a type as Rust source: its name, and the decoder of its values.

use super::{Formatted, Kind, TypeExpr, Types};
use crate::rules::RuleId;

impl Types<'_> {
    /// The type. `path` precedes names of the generated module of types. It is `types::` outside
    /// that module and empty inside.
    pub fn rust(&self, ty: &TypeExpr, path: &str) -> String {
        match ty {
            TypeExpr::String(_) => "String".to_owned(),
            TypeExpr::Formatted(formatted) => formatted.rust().to_owned(),
            TypeExpr::Bool => "bool".to_owned(),
            TypeExpr::Integer(name, _) => (*name).to_owned(),
            TypeExpr::Float(_) => "f64".to_owned(),
            TypeExpr::Value | TypeExpr::Every(_) => "rt::Value".to_owned(),
            TypeExpr::List(inner, _) => format!("Vec<{}>", self.rust(inner, path)),
            TypeExpr::Map(inner, _) => format!("BTreeMap<String, {}>", self.rust(inner, path)),
            TypeExpr::Nullable(inner) => format!("Option<{}>", self.rust(inner, path)),
            TypeExpr::Boxed(inner) => format!("Box<{}>", self.rust(inner, path)),
            TypeExpr::Listed(inner, _)
            | TypeExpr::Not(inner, _)
            | TypeExpr::Evaluated(inner, _) => self.rust(inner, path),
            TypeExpr::Named(id) => format!("{path}{}", self.defs[*id].name),
        }
    }

    /// An expression that coerces to `fn(Node) -> Result<T, Invalid>`.
    pub fn decoder(&self, ty: &TypeExpr, path: &str) -> String {
        if ty.checked() {
            return format!("|node| {}", self.decoded(ty, "node", path));
        }
        let rust = self.rust(ty, path);
        // `Vec<T>::decode` needs the turbofish, `Pet::decode` does not.
        match rust.split_once('<') {
            Some((head, rest)) => format!("{head}::<{rest}::decode"),
            None => format!("{rust}::decode"),
        }
    }

    /// An expression of type `Result<T, Invalid>` that decodes `node`.
    pub fn decoded(&self, ty: &TypeExpr, node: &str, path: &str) -> String {
        let rule = |id: &Option<RuleId>, any: &str| match id {
            Some(id) => format!("&{path}rules::{}", self.rules.name(*id)),
            None => format!("&{any}"),
        };
        match ty {
            ty if !ty.checked() => {
                let decoder = self.decoder(ty, path);
                format!("{decoder}({node})")
            }
            TypeExpr::String(id) => format!("{node}.text({})", rule(id, "rt::Text::ANY")),
            TypeExpr::Integer(_, id) => format!("{node}.integer({})", rule(id, "rt::Integer::ANY")),
            TypeExpr::Float(id) => format!("{node}.float({})", rule(id, "rt::Float::ANY")),
            TypeExpr::List(inner, id) => {
                format!(
                    "{node}.list({}, {})",
                    rule(id, "rt::Items::ANY"),
                    self.decoder(inner, path)
                )
            }
            TypeExpr::Map(inner, id) => {
                format!(
                    "{node}.map({}, {})",
                    rule(id, "rt::Properties::ANY"),
                    self.decoder(inner, path)
                )
            }
            TypeExpr::Nullable(inner) => format!("{node}.nullable({})", self.decoder(inner, path)),
            TypeExpr::Boxed(inner) => format!("{}.map(Box::new)", self.decoded(inner, node, path)),
            TypeExpr::Listed(inner, list) => {
                format!(
                    "{node}.clone().constant({list:?}).and_then(|_| {})",
                    self.decoded(inner, node, path)
                )
            }
            TypeExpr::Not(inner, not) => {
                let refused = self.decoder(not, path);
                format!(
                    "{node}.refuse_if::<{}>({refused}).and_then(|()| {})",
                    self.rust(not, path),
                    self.decoded(inner, node, path)
                )
            }
            TypeExpr::Every(all) => {
                let each: Vec<String> = all
                    .iter()
                    .map(|ty| {
                        let decoded = self.decoded(ty, "node", path);
                        format!("|node| {decoded}.map(|_: {}| ())", self.rust(ty, path))
                    })
                    .collect();
                format!("{node}.every(&[{}])", each.join(", "))
            }
            TypeExpr::Evaluated(inner, id) => {
                format!(
                    "{path}rules::{}.check(&{node}).and_then(|()| {})",
                    self.rules.name(*id),
                    self.decoded(inner, node, path)
                )
            }
            _ => unreachable!("the other types have no checks of their own"),
        }
    }

    /// Whether values of the type implement `Display`, which writes a header's value.
    pub fn displays(&self, ty: &TypeExpr) -> bool {
        match ty {
            TypeExpr::String(_) | TypeExpr::Bool | TypeExpr::Integer(..) | TypeExpr::Float(_) => {
                true
            }
            TypeExpr::Formatted(formatted) => {
                matches!(formatted, Formatted::Uuid | Formatted::Date)
            }
            TypeExpr::Named(id) => match &self.defs[*id].kind {
                Kind::Choice(_) => true,
                Kind::Newtype(TypeExpr::String(_)) => true,
                Kind::Alias(inner) => self.displays(inner),
                _ => false,
            },
            TypeExpr::Listed(inner, _)
            | TypeExpr::Not(inner, _)
            | TypeExpr::Evaluated(inner, _) => self.displays(inner),
            _ => false,
        }
    }
}

impl Formatted {
    fn rust(self) -> &'static str {
        match self {
            Formatted::Uuid => "rt::Uuid",
            Formatted::DateTime => "rt::DateTime",
            Formatted::Date => "rt::Date",
            Formatted::Base64 => "rt::Base64",
            Formatted::Binary => "rt::Binary",
            Formatted::Ipv4 => "rt::Ipv4Addr",
            Formatted::Ipv6 => "rt::Ipv6Addr",
            Formatted::Ip => "rt::IpAddr",
        }
    }
}
