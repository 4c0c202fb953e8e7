//! Rows, several to a statement: each statement is a round trip to PostgreSQL, or to the thread that SQLite has.

/// How many rows go into one. SQLite looks for each parameter among all of the statement, so that more take longer a row.
pub(super) const ROWS: usize = 16;

/// A statement that puts so many rows into a table, each with a parameter for each column, row by row.
pub(super) fn insert(table: &str, columns: &[&str], rows: usize) -> String {
    let width = columns.len();
    let places = (0..rows).map(|row| {
        let places = (1..=width).map(|place| format!("${}", row * width + place));
        format!("({})", places.collect::<Vec<_>>().join(", "))
    });
    format!(
        "INSERT INTO {table} ({}) VALUES {}",
        columns.join(", "),
        places.collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_parameters_of_its_own() {
        assert_eq!(
            insert("pets", &["id", "name"], 2),
            "INSERT INTO pets (id, name) VALUES ($1, $2), ($3, $4)"
        );
    }
}
