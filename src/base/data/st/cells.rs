//! The cells of a line of a small table, with quotes as spreadsheets and R write them.

use super::table::clean;

/// The cells of a line. Within quotes a separator is text, and two quotes are one.
pub(super) fn cells_of(line: &str, separator: u8) -> Vec<String> {
    let separator = char::from(separator);
    quoted_cells(line, separator)
        .unwrap_or_else(|| line.split(separator).map(|c| clean(c).to_owned()).collect())
}

/// As [`cells_of`]; `None` where the line has no quotes, or they do not enclose whole cells.
fn quoted_cells(line: &str, separator: char) -> Option<Vec<String>> {
    if !line.contains('"') {
        return None;
    }
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let start = rest.trim_start_matches(|c: char| c.is_whitespace() && c != separator);
        let after = match start.strip_prefix('"') {
            None => {
                let end = rest.find(separator).unwrap_or(rest.len());
                let (cell, after) = rest.split_at_checked(end)?;
                cells.push(clean(cell).to_owned());
                after
            }
            Some(inside) => {
                let mut cell = String::new();
                let mut inside = inside;
                loop {
                    let (text, after) = inside.split_once('"')?;
                    cell.push_str(text);
                    match after.strip_prefix('"') {
                        None => {
                            cells.push(cell.trim().to_owned());
                            break after.trim_start_matches(|c: char| c.is_whitespace() && c != separator);
                        }
                        Some(after) => {
                            cell.push('"');
                            inside = after;
                        }
                    }
                }
            }
        };
        match after.strip_prefix(separator) {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(cells),
            None => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_within_quotes_are_text() {
        assert_eq!(cells_of("a,\"b, c\", \"d\" ,", b','), ["a", "b, c", "d", ""]);
        assert_eq!(cells_of("\"a \"\"x\"\"\",\"\"", b','), ["a \"x\"", ""]);
        // A quote that encloses no cell is text.
        assert_eq!(cells_of("5\" a,b", b','), ["5\" a", "b"]);
        assert_eq!(cells_of("\"a,b", b','), ["\"a", "b"]);
        assert_eq!(cells_of("\"a\"b,c", b','), ["\"a\"b", "c"]);
    }
}
