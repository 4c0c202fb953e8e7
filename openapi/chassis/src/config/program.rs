//! The program that a configuration belongs to.

/// What a program calls its keys, and where it lists them.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// What the environment variables of its keys begin with.
    pub env_prefix: &'static str,
    /// Variables with the prefix that are not keys, without it.
    pub env_not_keys: &'static [&'static str],
    /// Where an operator finds all keys: the second half of the message about an unknown one.
    pub all_keys: &'static str,
}

impl Program {
    /// The environment variable of a key.
    pub(super) fn variable(self, key: &str) -> String {
        let key = key.to_uppercase().replace('.', "__");
        format!("{}{key}", self.env_prefix)
    }
}
