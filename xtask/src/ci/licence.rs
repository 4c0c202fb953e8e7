//! Checks licence expressions (SPDX 2.3, annex D) against a list of allowed licences.

/// Whether a licensee can choose licences that are all on the list.
///
/// # Errors
/// The text is not a licence expression.
pub fn allowed(expression: &str, list: &[String]) -> Result<bool, String> {
    // Before SPDX expressions, crates wrote a slash for OR.
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut reader = Reader {
        words: spaced
            .split_whitespace()
            .collect::<Vec<_>>()
            .into_iter()
            .peekable(),
        list,
    };
    let result = reader.any()?;
    match reader.words.next() {
        None => Ok(result),
        Some(word) => Err(format!("unexpected `{word}` in the licence `{expression}`")),
    }
}

struct Reader<'l, W: Iterator> {
    words: std::iter::Peekable<W>,
    list: &'l [String],
}

impl<'w, W: Iterator<Item = &'w str>> Reader<'_, W> {
    /// OR binds less tightly than AND.
    fn any(&mut self) -> Result<bool, String> {
        let mut result = self.all()?;
        while self.words.next_if_eq(&"OR").is_some() {
            result |= self.all()?;
        }
        Ok(result)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut result = self.one()?;
        while self.words.next_if_eq(&"AND").is_some() {
            result &= self.one()?;
        }
        Ok(result)
    }

    fn one(&mut self) -> Result<bool, String> {
        match self.words.next() {
            Some("(") => {
                let result = self.any()?;
                let close = self.words.next_if_eq(&")");
                close
                    .map(|_| result)
                    .ok_or_else(|| "a parenthesis is open".to_owned())
            }
            None | Some("OR" | "AND" | "WITH" | ")") => Err("a licence is missing".to_owned()),
            Some(name) => {
                let name = match self.words.next_if_eq(&"WITH") {
                    None => name.to_owned(),
                    Some(_) => {
                        let exception = self
                            .words
                            .next()
                            .ok_or("an exception is missing after WITH")?;
                        format!("{name} WITH {exception}")
                    }
                };
                Ok(self.list.contains(&name))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::allowed;

    fn ask(expression: &str) -> Result<bool, String> {
        let list = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"];
        allowed(expression, &list.map(str::to_owned))
    }

    #[test]
    fn choices_and_sums_are_told_apart() {
        for yes in [
            "MIT",
            "GPL-3.0 OR MIT",
            "Apache-2.0/MIT",
            "ISC AND (GPL-3.0 OR MIT)",
            "MIT OR ISC AND GPL-3.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert_eq!(ask(yes), Ok(true), "{yes}");
        }
        for no in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT OR ISC) AND GPL-3.0",
            "Apache-2.0",
            "mit",
        ] {
            assert_eq!(ask(no), Ok(false), "{no}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for wrong in ["", "MIT OR", "(MIT", "MIT)", "MIT ISC", "AND", "MIT WITH"] {
            assert!(ask(wrong).is_err(), "{wrong}");
        }
    }
}
