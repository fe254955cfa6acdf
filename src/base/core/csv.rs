//! Tables that are written as CSV.

/// A CSV table in memory. Fields are put in quotes where they must be.
#[derive(Debug)]
pub struct CsvTable(csv::Writer<Vec<u8>>);

impl CsvTable {
    /// A table with these headings.
    pub fn new<I: IntoIterator<Item: AsRef<[u8]>>>(headings: I) -> Self {
        let mut table = Self(csv::WriterBuilder::new().flexible(true).from_writer(Vec::new()));
        table.row(headings);
        table
    }

    /// Adds a row.
    pub fn row<I: IntoIterator<Item: AsRef<[u8]>>>(&mut self, fields: I) {
        // Nothing can fail in memory.
        let _ = self.0.write_record(fields);
    }

    /// The text of the file.
    pub fn into_text(self) -> String {
        String::from_utf8_lossy(&self.0.into_inner().unwrap_or_default()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let mut table = CsvTable::new(["gene", "note"]);
        table.row(["HLA-A", ""]);
        table.row(["a,b", "says \"x\"\nand y"]);
        assert_eq!(table.into_text(), "gene,note\nHLA-A,\n\"a,b\",\"says \"\"x\"\"\nand y\"\n");
    }
}
