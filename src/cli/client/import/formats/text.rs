//! Decodes a file: UTF-8, or UTF-16 as spreadsheets write it.

use zeroize::{Zeroize, Zeroizing};

use super::super::Finding;

/// The first bytes of files that are no text.
const NO_TEXT: [(&[u8], &str); 4] = [
    (b"PK\x03\x04", "a spreadsheet or another ZIP file"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"%PDF", "a PDF file"),
];

/// The text, without a byte order mark.
pub(in super::super) fn decoded(bytes: Vec<u8>) -> Result<Zeroizing<String>, Finding> {
    let mut bytes = Zeroizing::new(bytes);
    let wrong = |line: u64, message: String| Err(Finding { line, message });
    if let Some((_, what)) = NO_TEXT.iter().find(|(start, _)| bytes.starts_with(start)) {
        return wrong(
            1,
            format!("the file is {what}: save the table as CSV in UTF-8, or the export as JSON"),
        );
    }
    let big = match *bytes.as_slice() {
        [0xff, 0xfe, ..] => Some(false),
        [0xfe, 0xff, ..] => Some(true),
        // There is no mark: in UTF-16, one byte of an ASCII character is zero.
        [first, 0, ..] if first != 0 => Some(false),
        [0, second, ..] if second != 0 => Some(true),
        _ => None,
    };
    if let Some(is_big) = big {
        return of_utf16(&bytes, is_big);
    }
    let text = match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Zeroizing::new(text),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            let byte = bytes[at];
            bytes.zeroize();
            return wrong(
                line,
                format!(
                    "byte 0x{byte:02x} is not UTF-8: the file may be in Windows-1252 or ISO 8859-1; \
                     save it as \"CSV UTF-8\", or convert it: iconv -f WINDOWS-1252 -t UTF-8"
                ),
            );
        }
    };
    match text.strip_prefix('\u{feff}') {
        Some(rest) => Ok(Zeroizing::new(rest.to_owned())),
        None => Ok(text),
    }
}

fn of_utf16(bytes: &[u8], is_big: bool) -> Result<Zeroizing<String>, Finding> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| match is_big {
        true => u16::from_be_bytes(*pair),
        false => u16::from_le_bytes(*pair),
    });
    let mut text = Zeroizing::new(String::with_capacity(bytes.len()));
    for unit in char::decode_utf16(units) {
        match unit {
            Ok(character) => text.push(character),
            Err(_) => return Err(cut(&text)),
        }
    }
    if !rest.is_empty() {
        return Err(cut(&text));
    }
    let without_mark = text.strip_prefix('\u{feff}').map(str::to_owned);
    Ok(without_mark.map_or(text, Zeroizing::new))
}

fn cut(before: &str) -> Finding {
    Finding {
        line: before.matches('\n').count() as u64 + 1,
        message: "the UTF-16 of the file is cut or damaged: save it as \"CSV UTF-8\"".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, (u64, String)> {
        match decoded(bytes.to_vec()) {
            Ok(text) => Ok(text.to_string()),
            Err(finding) => Err((finding.line, finding.message)),
        }
    }

    #[test]
    fn unicode_is_read_in_each_of_its_encodings() {
        let text = "client_id,name\na,Zürich 💳\n";
        for mark in ["", "\u{feff}"] {
            let marked = format!("{mark}{text}");
            let units: Vec<u16> = marked.encode_utf16().collect();
            let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
            for bytes in [marked.as_bytes(), &little, &big] {
                assert_eq!(read(bytes), Ok(text.to_owned()));
            }
        }
        assert_eq!(read(b""), Ok(String::new()));
    }

    #[test]
    fn what_is_no_unicode_is_named_with_its_line() {
        let (line, message) = read(b"client_id,name\na,b\nc,Z\xfcrich\n").unwrap_err();
        assert_eq!(line, 3);
        assert!(message.contains("0xfc") && message.contains("Windows-1252"));
        let (line, message) = read(b"\xff\xfea\0\n\0b\0\n\0\0\xd8").unwrap_err();
        assert_eq!(line, 3);
        assert!(message.contains("UTF-16"), "{message}");
        let (line, message) = read(b"PK\x03\x04....").unwrap_err();
        assert!(line == 1 && message.contains("spreadsheet"), "{message}");
    }
}
