//! Tests of the rows that files have, and of the lines of their mistakes.

use serde_json::Value;

use super::*;
use crate::cli::client::import::Finding;
use crate::cli::client::import::columns::Row;

fn told(rows: Result<Vec<Row>, Vec<Finding>>) -> Vec<(u64, String)> {
    match rows {
        Ok(rows) => {
            let row = |row: Row| (row.line, Value::Object(row.values).to_string());
            rows.into_iter().map(row).collect()
        }
        Err(findings) => {
            let finding = |finding: Finding| (finding.line, finding.message);
            findings.into_iter().map(finding).collect()
        }
    }
}

#[test]
fn csv_has_quotes_lines_and_several_separators() {
    let rows = told(csv::read("id,name\r\na,\"x, \"\"y\"\"\nz\"\nb,\n"));
    let expected = [
        (2, r#"{"id":"a","name":"x, \"y\"\nz"}"#.to_owned()),
        (4, r#"{"id":"b"}"#.to_owned()),
    ];
    assert_eq!(rows, expected);
    for (text, line) in [
        ("id;name\na;b, c\n", 2),
        ("id\tname\na\tb, c\n", 2),
        ("id|name\na|b, c\n", 2),
        ("sep=;\r\nid;name\r\na;b, c\r\n", 3),
        ("id;name;\"a, b\"\na;b, c;\n", 2),
        ("name;id;a, b\nb, c;a;\n", 2),
    ] {
        let rows = told(csv::read(text));
        assert_eq!(rows.len(), 1, "{text}: {rows:?}");
        assert_eq!(rows[0].0, line, "{text}");
        let row: Value = serde_json::from_str(&rows[0].1).unwrap();
        assert_eq!(
            row,
            serde_json::json!({"id": "a", "name": "b, c"}),
            "{text}"
        );
    }
    let wrong = told(csv::read("id,name\na\nb,c\nd,e,f\n"));
    let lines: Vec<_> = wrong.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 4], "all of them: {wrong:?}");
    let wrong = told(csv::read("id,name\r\na,b\r\nc\r\n"));
    assert_eq!(wrong[0].0, 3);
    let wrong = told(csv::read("id,scope,id,,\na,b,c,,\nd\n"));
    assert_eq!((wrong.len(), wrong[0].0), (2, 1), "{wrong:?}");
    assert!(wrong[0].1.starts_with("the heading has id more than once"));
    let wrong = told(csv::read("name:scope\na:b\n"));
    assert!(wrong[0].1.contains("client_id: it is missing"), "{wrong:?}");
}

#[test]
fn within_quotes_every_blank_is_kept_and_around_a_bare_secret_none_is_guessed() {
    for blank in [' ', '\u{a0}', '\u{3000}', '\u{2009}'] {
        let text = format!("id,client_secret,name\na,\"{blank}x{blank}\",{blank}n{blank}\n");
        let row: Value = serde_json::from_str(&told(csv::read(&text))[0].1).unwrap();
        assert_eq!(row["client_secret"], format!("{blank}x{blank}"));
        assert_eq!(row["name"], "n");
        let text = format!("id,client_secret\n\na,{blank}x\n");
        let wrong = told(csv::read(&text));
        assert!(
            wrong[0].0 == 3 && wrong[0].1.contains("quotes"),
            "{wrong:?}"
        );
    }
    let wrong = told(csv::read("id,secret\na, \"x\"\n"));
    assert!(wrong[0].1.contains("quotation mark"), "{wrong:?}");
}

#[test]
fn json_has_lines_too() {
    let rows = told(json::read(
        "\n[ {\"id\": \"a\"},\n{\"id\":\"b\",\n\"grants\":[\"x\",\"y\"], \"enabled\": true}\n]\n",
    ));
    let expected = [
        (2, r#"{"id":"a"}"#.to_owned()),
        (
            3,
            r#"{"id":"b","grants":["x","y"],"enabled":true}"#.to_owned(),
        ),
    ];
    assert_eq!(rows, expected);
    assert_eq!(told(json::read("[]")), []);
    for (text, lines) in [
        ("{\"client_id\":\"a\"}", vec![1]),
        ("{\"client_id\":\"a\"}\n{\"client_id\":\"b\"}\n", vec![1, 2]),
        (
            "{\"realm\":\"x\",\n\"roles\":{\"a\":[{}]},\"clients\" : [\n{\"clientId\":\"a\"}, \n{}]\n,\"z\":1}",
            vec![3, 4],
        ),
        (
            "{\"items\":[{}]}\n{\"items\":[{}],\"is_last_page\":true}",
            vec![1, 2],
        ),
        ("{\"clientId\":\"a\",\"resources\":[{}]}", vec![1]),
    ] {
        let rows = json::read(text).unwrap_or_default();
        let found: Vec<u64> = rows.iter().map(|row| row.line).collect();
        assert_eq!(found, lines, "{text}");
    }
    for (text, line) in [
        ("", 1),
        ("[1]", 1),
        ("1", 1),
        ("{\"id\": }", 1),
        ("{\"a\":1}\n,", 2),
        ("[\n{\"clients\":[{}]}]", 2),
        ("[{},\n{]", 2),
        ("[{}\n{}]", 2),
        ("[{}", 1),
        ("[{},", 1),
        ("[\n{},\n]", 2),
        ("[{}]\n[]", 1),
    ] {
        let Err(findings) = json::read(text) else {
            panic!("{text}")
        };
        assert_eq!(findings[0].line, line, "{text}");
    }
}
