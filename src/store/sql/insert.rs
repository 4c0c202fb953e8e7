//! Statements that write several rows. Each statement is a round trip to PostgreSQL, or to SQLite's
//! thread.

/// The number of rows in one statement. SQLite searches the whole statement for each parameter, so
/// a longer statement takes longer for each row.
pub(super) const ROWS: usize = 16;

/// A statement that inserts this number of rows into a table.
pub(super) fn insert(table: &str, columns: &[&str], rows: usize) -> String {
    let values = values(columns.len(), rows);
    format!("INSERT INTO {table} ({}) {values}", columns.join(", "))
}

/// This number of rows of parameters, numbered row by row. Both databases name the columns
/// `column1`, `column2` and so on.
pub(super) fn values(width: usize, rows: usize) -> String {
    let rows = (0..rows).map(|row| {
        let places = (1..=width).map(|place| format!("${}", row * width + place));
        format!("({})", places.collect::<Vec<_>>().join(", "))
    });
    format!("VALUES {}", rows.collect::<Vec<_>>().join(", "))
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
