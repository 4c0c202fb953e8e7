//! Text in columns.

/// The greatest width of a column, in characters. A longer cell is shown whole, and only its own
/// row is out of line.
const WIDEST: usize = 60;

/// A heading and rows. Each column is as wide as its widest cell. Control characters are escaped.
pub(super) fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> = std::iter::once(heading.map(str::to_owned))
        .chain(
            rows.iter()
                .map(|row| row.each_ref().map(|cell| visible(cell))),
        )
        .collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count()).min(WIDEST);
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Names and values, one pair a line.
pub(super) fn fields(fields: &[(&str, String)]) -> String {
    let widths = fields.iter().map(|(name, _)| name.chars().count());
    let width = widths.max().unwrap_or(0).min(WIDEST);
    fields
        .iter()
        .map(|(name, value)| format!("{name:width$}  {}\n", visible(value)))
        .collect()
}

/// Escapes control characters: a client's name must not move the cursor of the operator's terminal.
pub(super) fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            let plain = (!c.is_control()).then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_control_characters_show() {
        let rows = [
            ["a".to_owned(), "one".to_owned()],
            ["long".to_owned(), "\u{1b}[2J".to_owned()],
        ];
        assert_eq!(
            table(["ID", "NAME"], &rows),
            "ID    NAME\na     one\nlong  \\u{1b}[2J\n"
        );
        let long = "N".repeat(65_536);
        let wide = table(["ID", "NAME"], &[[long.clone(), "b".into()]]);
        assert!(wide.ends_with(&format!("\n{long}  b\n")));
        assert_eq!(wide.find("NAME"), Some(WIDEST + 2));
        assert_eq!(
            fields(&[("a", "1".into()), ("bcd", "2".into())]),
            "a    1\nbcd  2\n"
        );
    }
}
