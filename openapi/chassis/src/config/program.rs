//! The program that a configuration belongs to.

/// How a program names its keys, and where it lists them.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// The prefix of the environment variables that are keys.
    pub env_prefix: &'static str,
    /// Variables with the prefix that are not keys, named without the prefix.
    pub env_not_keys: &'static [&'static str],
    /// Where an operator finds all keys. It ends the message about an unknown key.
    pub all_keys: &'static str,
}

impl Program {
    /// The environment variable of a key.
    pub(super) fn variable(self, key: &str) -> String {
        let key = key.to_uppercase().replace('.', "__");
        format!("{}{key}", self.env_prefix)
    }
}
