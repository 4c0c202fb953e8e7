//! Macros for the parts that generated types have in common, so that the generated code shows only
//! the differences.

/// Implements the conversions between an enum of strings and its text: `as_str`, `Display`,
/// `FromStr`, `Serialize` and [`crate::Decode`].
#[macro_export]
macro_rules! string_enum {
    ($name:ident { $($variant:ident = $text:literal,)* }) => {
        impl $name {
            /// Every value and its text.
            pub const ALL: &'static [(&'static str, Self)] = &[$(($text, Self::$variant)),*];

            /// The text of the value.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }
        impl ::std::str::FromStr for $name {
            type Err = $crate::Invalid;
            fn from_str(text: &str) -> Result<Self, $crate::Invalid> {
                $crate::Node::String(text.to_owned()).choice(Self::ALL)
            }
        }
        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl $crate::Decode for $name {
            fn decode(node: $crate::Node) -> Result<Self, $crate::Invalid> {
                node.choice(Self::ALL)
            }
        }
    };
}

/// Implements the conversions of a newtype over `String`. Each conversion from text checks it.
#[macro_export]
macro_rules! constrained {
    ($name:ident, $decode:expr) => {
        impl $crate::Decode for $name {
            fn decode(node: $crate::Node) -> Result<Self, $crate::Invalid> {
                let decode: fn($crate::Node) -> Result<String, $crate::Invalid> = $decode;
                decode(node).map(Self)
            }
        }
        impl TryFrom<String> for $name {
            type Error = $crate::Invalid;
            fn try_from(text: String) -> Result<Self, $crate::Invalid> {
                $crate::Decode::decode($crate::Node::String(text))
            }
        }
        impl ::std::str::FromStr for $name {
            type Err = $crate::Invalid;
            fn from_str(text: &str) -> Result<Self, $crate::Invalid> {
                Self::try_from(text.to_owned())
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }
        impl ::std::ops::Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(&self.0)
            }
        }
        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(
                &self,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}
