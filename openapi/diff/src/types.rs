//! The set of types that a schema allows.

use dropshot_codegen::model::Type;

/// A set of types. `number` includes `integer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Types(u8);

impl Types {
    pub const ALL: Self = Self(0b11_1111);
    pub const NUMBERS: Self = Self(0b11);
    pub const STRING: Self = Self(0b100);
    pub const ARRAY: Self = Self(0b1_0000);
    pub const OBJECT: Self = Self(0b10_0000);

    pub fn of(ty: Type) -> Self {
        match ty {
            Type::Integer => Self(0b1),
            Type::Number => Self::NUMBERS,
            Type::String => Self::STRING,
            Type::Boolean => Self(0b1000),
            Type::Array => Self::ARRAY,
            Type::Object => Self::OBJECT,
        }
    }

    pub fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl std::fmt::Display for Types {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if *self == Self::ALL {
            return f.write_str("any type");
        }
        let mut names = Vec::new();
        if Self::NUMBERS.within(*self) {
            names.push("number");
        } else if Self::of(Type::Integer).within(*self) {
            names.push("integer");
        }
        for (ty, name) in [
            (Type::String, "string"),
            (Type::Boolean, "boolean"),
            (Type::Array, "array"),
            (Type::Object, "object"),
        ] {
            if Self::of(ty).within(*self) {
                names.push(name);
            }
        }
        if names.is_empty() {
            names.push("no type at all");
        }
        f.write_str(&names.join(" or "))
    }
}
