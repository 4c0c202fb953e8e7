//! Random text in base 62: the letters and digits, which no encoding of credentials changes.

use aws_lc_rs::rand;
use zeroize::Zeroize;

pub(super) const BASE_62: &[u8; 62] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Appends `length` characters of 5.95 random bits each.
pub(super) fn append(text: &mut String, length: usize) {
    let mut bytes = [0u8; 64];
    let mut missing = length;
    while missing > 0 {
        rand::fill(&mut bytes).expect("AWS-LC aborts the process rather than return no randomness");
        // Only bytes below 4 * 62 are used: a plain remainder would make the first letters
        // likelier.
        for byte in bytes.iter().filter(|&&byte| byte < 248).take(missing) {
            text.push(char::from(BASE_62[usize::from(byte % 62)]));
            missing -= 1;
        }
    }
    bytes.zeroize();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_drawn_about_equally() {
        let mut text = String::new();
        append(&mut text, 100_000);
        assert_eq!(text.len(), 100_000);
        let expected = 100_000 / 62;
        for letter in BASE_62 {
            let seen = text.bytes().filter(|byte| byte == letter).count();
            assert!(
                seen > expected * 8 / 10 && seen < expected * 12 / 10,
                "{letter}: {seen} of {expected}"
            );
        }
    }
}
