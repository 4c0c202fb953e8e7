//! Reads keys one by one. It remembers which keys exist, where each value came from, and every
//! mistake.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::path::{Path, PathBuf};

use figment::providers::{Format, Toml};
use figment::value::Value;
use figment::{Figment, Source};
use serde::Serialize;

use super::{ConfigError, ConfigErrors, Program, environment, lines};

/// A key with its value, for `config show`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// `section.key`.
    pub key: &'static str,
    /// The value in force.
    pub value: String,
    /// The file and line, the environment variable, or `default`.
    pub origin: String,
}

/// The file, the environment, and what was read of them so far.
///
/// ```
/// use dropshot_chassis::config::{ListenConfig, Program, Reader};
///
/// const PROGRAM: Program = Program {
///     env_prefix: "PETS_",
///     env_not_keys: &["CONFIG"],
///     all_keys: "the manual has all keys",
/// };
/// let folder = tempfile::tempdir()?;
/// let file = folder.path().join("pets.toml");
/// std::fs::write(&file, "[listen]\napi = \"127.0.0.1:8080\"\n")?;
/// let mut reader = Reader::open(PROGRAM, Some(&file))?;
/// let listen = ListenConfig::read(&mut reader);
/// let settings = reader.finish()?;
/// assert_eq!(listen.unwrap().api.port(), 8080);
/// assert_eq!(settings[0].origin, format!("{}:2", file.display()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reader {
    program: Program,
    figment: Figment,
    file: Option<PathBuf>,
    lines: HashMap<String, usize>,
    known: BTreeSet<&'static str>,
    settings: Vec<Setting>,
    errors: Vec<ConfigError>,
}

impl Reader {
    /// Opens the file, if there is one. Environment variables override it.
    ///
    /// # Errors
    /// [`ConfigErrors`]: the file can't be read.
    pub fn open(program: Program, file: Option<&Path>) -> Result<Self, ConfigErrors> {
        let mut figment = Figment::new();
        let mut lines = HashMap::new();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|error| {
                ConfigErrors::one("", path.display().to_string(), error.to_string())
            })?;
            lines = lines::of(&text);
            figment = figment.merge(Toml::file_exact(path));
        }
        Ok(Self {
            program,
            figment: figment.merge(environment::keys(program)),
            file: file.map(Into::into),
            lines,
            known: BTreeSet::new(),
            settings: Vec::new(),
            errors: Vec::new(),
        })
    }

    /// Reads a key that must be set.
    pub fn required<T, E: Display>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if let Some(text) = self.text(key) {
            return self.parsed(key, &text, parse);
        }
        if !self.reported(key) {
            let place = self
                .file
                .as_ref()
                .map(|file| file.display().to_string())
                .unwrap_or_default();
            let message = format!(
                "is missing; set it in the file, or as {}",
                self.program.variable(key)
            );
            self.errors.push(ConfigError {
                key: key.into(),
                place,
                message,
            });
        }
        None
    }

    /// Reads a key that has a default.
    pub fn or<T: Display, E: Display>(
        &mut self,
        key: &'static str,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if let Some(text) = self.text(key) {
            return self.parsed(key, &text, parse);
        }
        self.settings.push(Setting {
            key,
            value: default.to_string(),
            origin: "default".into(),
        });
        if self.reported(key) {
            None
        } else {
            Some(default)
        }
    }

    /// Reads a key that may be left out. The outer option is `None` if the value is wrong, the
    /// inner option if the key is not set.
    pub fn optional<T, E: Display>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Option<T>> {
        match self.text(key) {
            Some(text) => self.parsed(key, &text, parse).map(Some),
            None if self.reported(key) => None,
            None => Some(None),
        }
    }

    /// Reads a key with any number of values: an array of strings, or one string. `None` if one of
    /// them is wrong.
    pub fn list<T, E: Display>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        let words = match self.figment.find_value(key) {
            Ok(Value::Array(_, values)) => {
                self.known.insert(key);
                let words = values.iter().map(|value| value.as_str().map(str::to_owned));
                let Some(words) = words.collect::<Option<Vec<_>>>() else {
                    self.mistake(key, "must be an array of strings");
                    return None;
                };
                words
            }
            _ => match self.text(key) {
                Some(word) => vec![word],
                None if self.reported(key) => return None,
                None => return Some(Vec::new()),
            },
        };
        self.parsed(key, &words.join(", "), |_| {
            words.iter().map(|word| parse(word)).collect()
        })
    }

    /// Sets what `config show` prints of a key, if its value may not be shown whole.
    pub fn show(&mut self, key: &'static str, value: &str) {
        for setting in self
            .settings
            .iter_mut()
            .filter(|setting| setting.key == key)
        {
            value.clone_into(&mut setting.value);
        }
    }

    /// Reports a mistake in a key that shows only beside other keys.
    pub fn mistake(&mut self, key: &'static str, message: &str) {
        let place = self.origin(key);
        self.errors.push(ConfigError {
            key: key.into(),
            place,
            message: message.into(),
        });
    }

    /// Makes `path`, the value of `key`, absolute. It is relative to the file that sets the key, or
    /// to the working folder if a variable sets it.
    pub fn absolute(&self, key: &str, path: &Path) -> PathBuf {
        let metadata = self.figment.find_metadata(key);
        let file = metadata
            .and_then(|metadata| metadata.source.as_ref())
            .and_then(Source::file_path);
        let path = match file.and_then(Path::parent) {
            Some(folder) => folder.join(path),
            None => path.into(),
        };
        std::path::absolute(&path).unwrap_or(path)
    }

    /// Whether the file or a variable sets anything in a section.
    pub fn has(&self, section: &str) -> bool {
        self.figment.contains(section)
    }

    /// The settings, or all mistakes. Unknown keys are mistakes.
    ///
    /// # Errors
    /// [`ConfigErrors`]
    pub fn finish(mut self) -> Result<Vec<Setting>, ConfigErrors> {
        match self.figment.find_value("") {
            Ok(Value::Dict(_, dict)) => self.refuse_unknown(&dict, ""),
            Ok(_) => {}
            Err(error) => return Err(self.unreadable(&error)),
        }
        if self.errors.is_empty() {
            Ok(self.settings)
        } else {
            Err(ConfigErrors(self.errors))
        }
    }

    fn refuse_unknown(&mut self, dict: &figment::value::Dict, prefix: &str) {
        for (name, value) in dict {
            let key = format!("{prefix}{name}");
            let is_section = self
                .known
                .iter()
                .any(|known| known.starts_with(&format!("{key}.")));
            if self.known.contains(key.as_str()) {
                continue;
            }
            let message = match value {
                Value::Dict(_, inner) if is_section => {
                    self.refuse_unknown(inner, &format!("{key}."));
                    continue;
                }
                _ if is_section => format!("is a section: write its keys below [{key}]"),
                _ => match self.nearest(&key) {
                    Some(nearest) => format!("unknown key; did you mean {nearest}?"),
                    None => format!("unknown key; {}", self.program.all_keys),
                },
            };
            let place = self.origin(&key);
            self.errors.push(ConfigError {
                key,
                place,
                message,
            });
        }
    }

    fn nearest(&self, key: &str) -> Option<&str> {
        let sections = self
            .known
            .iter()
            .filter_map(|known| Some(known.split_once('.')?.0));
        let candidates = self.known.iter().copied().chain(sections);
        let scored = candidates.map(|known| (strsim::jaro_winkler(key, known), known));
        scored
            .filter(|(score, _)| *score > 0.8)
            .max_by(|one, two| one.0.total_cmp(&two.0))
            .map(|(_, known)| known)
    }

    /// The value of a key as text. Numbers and booleans are written as in the file.
    fn text(&mut self, key: &'static str) -> Option<String> {
        self.known.insert(key);
        if !self.figment.contains(key) {
            return None;
        }
        match self.figment.find_value(key).ok()? {
            Value::String(_, text) => Some(text),
            Value::Bool(_, flag) => Some(flag.to_string()),
            Value::Num(_, number) => {
                let whole = number
                    .to_i128()
                    .or_else(|| number.to_u128()?.try_into().ok());
                whole
                    .map(|whole| whole.to_string())
                    .or_else(|| number.to_f64().map(|float| float.to_string()))
            }
            _ => {
                let place = self.origin(key);
                self.errors.push(ConfigError {
                    key: key.into(),
                    place,
                    message: "must be a single value".into(),
                });
                None
            }
        }
    }

    fn parsed<T, E: Display>(
        &mut self,
        key: &'static str,
        text: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let origin = self.origin(key);
        match parse(text) {
            Ok(value) => {
                self.settings.push(Setting {
                    key,
                    value: text.into(),
                    origin,
                });
                Some(value)
            }
            Err(error) => {
                // The message doesn't repeat the value, which may be a secret in the wrong place.
                // The place says enough.
                self.errors.push(ConfigError {
                    key: key.into(),
                    place: origin,
                    message: error.to_string(),
                });
                None
            }
        }
    }

    fn reported(&self, key: &str) -> bool {
        self.errors.iter().any(|error| error.key == key)
    }

    /// The place of a key. If the key is not set, the place of its section.
    fn origin(&self, key: &str) -> String {
        if let (false, Some((section, _))) = (self.figment.contains(key), key.rsplit_once('.'))
            && self.figment.contains(section)
        {
            return self.origin(section);
        }
        let metadata = self.figment.find_metadata(key);
        match metadata
            .and_then(|metadata| metadata.source.as_ref())
            .and_then(Source::file_path)
        {
            Some(path) => match self.lines.get(key) {
                Some(line) => format!("{}:{line}", path.display()),
                None => path.display().to_string(),
            },
            None => self.program.variable(key),
        }
    }

    fn unreadable(&self, error: &figment::Error) -> ConfigErrors {
        let place = self
            .file
            .as_ref()
            .map(|file| file.display().to_string())
            .unwrap_or_default();
        ConfigErrors(
            error
                .clone()
                .into_iter()
                .map(|error| ConfigError {
                    key: String::new(),
                    place: place.clone(),
                    message: error.kind.to_string(),
                })
                .collect(),
        )
    }
}

/// Reads `true` or `false`.
///
/// # Errors
/// Any other text.
pub fn flag(text: &str) -> Result<bool, &'static str> {
    text.parse().map_err(|_| "must be true or false")
}
