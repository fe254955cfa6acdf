//! The tables `obs` and `var`: an index of names, and columns.

use std::collections::HashSet;

use crate::core::files::FileError;
use crate::data::hdf5::{CompoundField, Dataset, Element, File, ObjectKind};

/// Rows of a record table read at a time.
const PIECE: usize = 4 << 20;

/// A table of an AnnData file.
pub(super) struct Frame<'a> {
    file: &'a File,
    path: String,
    form: Form<'a>,
}

enum Form<'a> {
    /// A group with a dataset for each column; the name of the index.
    Columns { index: String },
    /// One dataset of records, before 0.7.
    Records { data: Box<Dataset<'a>>, fields: Vec<CompoundField> },
}

/// The values of a column.
pub(super) enum Values {
    /// Numbers, also true and false as 1 and 0; NaN where there are none.
    Numbers(Vec<f64>),
    /// Texts; `None` where there are none.
    Texts(Vec<Option<String>>),
    /// Categories, and which each row has.
    Categories { names: Vec<String>, codes: Vec<Option<u32>> },
}

impl Values {
    /// As texts.
    pub(super) fn into_texts(self) -> Vec<Option<String>> {
        match self {
            Self::Texts(texts) => texts,
            Self::Numbers(numbers) => {
                numbers.into_iter().map(|v| (!v.is_nan()).then(|| v.to_string())).collect()
            }
            Self::Categories { names, codes } => codes
                .into_iter()
                .map(|code| code.and_then(|c| names.get(c as usize)).filter(|n| !n.is_empty()).cloned())
                .collect(),
        }
    }

    /// As numbers; NaN for what is none. "True" and "False" are 1 and 0.
    pub(super) fn into_numbers(self) -> Vec<f64> {
        let number = |text: Option<String>| match text.as_deref() {
            Some("True" | "true" | "TRUE") => 1.0,
            Some("False" | "false" | "FALSE") => 0.0,
            Some(text) => text.trim().parse().unwrap_or(f64::NAN),
            None => f64::NAN,
        };
        match self {
            Self::Numbers(numbers) => numbers,
            other => other.into_texts().into_iter().map(number).collect(),
        }
    }
}

impl<'a> Frame<'a> {
    /// The table at `path`, "obs" or "var".
    pub(super) fn open(file: &'a File, path: &str) -> Result<Self, FileError> {
        let form = match file.kind(path)? {
            Some(ObjectKind::Group) => {
                let index = file.attributes(path)?.text("_index");
                let index = index.or_else(|| {
                    ["_index", "index"]
                        .iter()
                        .find(|n| file.has(&format!("{path}/{n}")))
                        .map(|n| (*n).to_owned())
                });
                let none = || file.wrong(path, "the table does not say which column names its rows");
                Form::Columns { index: index.ok_or_else(none)? }
            }
            Some(ObjectKind::Dataset) => {
                let data = file.dataset(path)?;
                match data.element() {
                    Element::Record { fields, .. } if !fields.is_empty() && data.shape().len() == 1 => {
                        let fields = fields.clone();
                        Form::Records { data: Box::new(data), fields }
                    }
                    _ => {
                        return Err(data.wrong("expected a table of columns; this is not an AnnData file"));
                    }
                }
            }
            None => {
                return Err(FileError::malformed(
                    file.path(),
                    format!("there is no {path} in the file, so it is not an AnnData file"),
                ));
            }
        };
        Ok(Self { file, path: path.to_owned(), form })
    }

    fn child(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> Result<usize, FileError> {
        let rows = match &self.form {
            Form::Records { data, .. } => data.rows(),
            Form::Columns { index } => {
                let path = self.child(index);
                let path = match self.file.kind(&path)? {
                    Some(ObjectKind::Group) => format!("{path}/values"),
                    _ => path,
                };
                self.file.dataset(&path)?.rows()
            }
        };
        usize::try_from(rows).map_err(|_| self.file.wrong(&self.path, "there are too many rows"))
    }

    /// The names of the rows.
    pub(super) fn index(&self) -> Result<Vec<String>, FileError> {
        let values = match &self.form {
            Form::Columns { index } => self.column(&self.child(index))?,
            Form::Records { fields, .. } => {
                let named = ["index", "_index"].iter().find_map(|n| fields.iter().find(|f| f.name == *n));
                let field = named.or_else(|| fields.iter().find(|f| f.element.is_text())).or(fields.first());
                match field {
                    Some(field) => self.field(field)?,
                    None => Values::Texts(Vec::new()),
                }
            }
        };
        Ok(values.into_texts().into_iter().map(Option::unwrap_or_default).collect())
    }

    /// The names of the columns, without the index, sorted.
    pub(super) fn columns(&self) -> Result<Vec<String>, FileError> {
        let mut names: Vec<String> = match &self.form {
            Form::Columns { index } => {
                let all = self.file.children(&self.path)?.into_iter().map(|(name, _)| name);
                all.filter(|name| name != index && name != "__categories").collect()
            }
            Form::Records { fields, .. } => {
                fields.iter().map(|f| f.name.clone()).filter(|n| n != "index" && n != "_index").collect()
            }
        };
        names.sort();
        Ok(names)
    }

    /// The names of the columns in their own order, as far as the table says it; without the index.
    pub(super) fn in_order(&self) -> Result<Vec<String>, FileError> {
        match &self.form {
            Form::Columns { .. } => {
                Ok(self.file.attributes(&self.path)?.texts("column-order").unwrap_or_default())
            }
            Form::Records { fields, .. } => {
                let names = fields.iter().map(|f| f.name.clone());
                Ok(names.filter(|n| n != "index" && n != "_index").collect())
            }
        }
    }

    /// The values of a column; `None` when there is none of this name, or of a kind that cannot be read.
    pub(super) fn values(&self, name: &str) -> Result<Option<Values>, FileError> {
        let values = match &self.form {
            Form::Columns { .. } => {
                if name.contains('/') || !self.file.has(&self.child(name)) {
                    return Ok(None);
                }
                self.column(&self.child(name))?
            }
            Form::Records { fields, .. } => match fields.iter().find(|f| f.name == name) {
                Some(field) if !matches!(field.element, Element::Other { .. } | Element::Record { .. }) => {
                    self.field(field)?
                }
                _ => return Ok(None),
            },
        };
        let found = match &values {
            Values::Numbers(v) => v.len(),
            Values::Texts(v) => v.len(),
            Values::Categories { codes, .. } => codes.len(),
        };
        let rows = self.rows()?;
        if found != rows {
            let message = format!("the column has {found} values where the table has {rows} rows");
            return Err(self.file.wrong(&self.child(name), message));
        }
        Ok(Some(values))
    }

    /// How many categories a column has; `None` when it is not categorical.
    pub(super) fn categories(&self, name: &str) -> Result<Option<usize>, FileError> {
        let path = match &self.form {
            Form::Columns { .. } => {
                let path = self.child(name);
                match self.file.kind(&path)? {
                    Some(ObjectKind::Group) => format!("{path}/categories"),
                    Some(ObjectKind::Dataset) => self.child(&format!("__categories/{name}")),
                    None => return Ok(None),
                }
            }
            Form::Records { .. } => format!("uns/{name}_categories"),
        };
        match self.file.kind(&path)? {
            Some(ObjectKind::Dataset) => Ok(usize::try_from(self.file.dataset(&path)?.rows()).ok()),
            Some(ObjectKind::Group) => {
                Ok(usize::try_from(self.file.dataset(&format!("{path}/values"))?.rows()).ok())
            }
            None => Ok(None),
        }
    }

    /// A column that is a dataset or a group of its own.
    fn column(&self, path: &str) -> Result<Values, FileError> {
        let file = self.file;
        if file.kind(path)? == Some(ObjectKind::Group) {
            if file.has(&format!("{path}/codes")) {
                let codes: Vec<i64> = file.dataset(&format!("{path}/codes"))?.all_numbers()?;
                let names = texts_of(self.column(&format!("{path}/categories"))?);
                return Ok(categories(names, &codes));
            }
            if file.has(&format!("{path}/values")) {
                let mut values = self.column(&format!("{path}/values"))?;
                let masked = format!("{path}/mask");
                if file.has(&masked) {
                    let mask: Vec<u8> = file.dataset(&masked)?.all_numbers()?;
                    hide(&mut values, &mask);
                }
                return Ok(values);
            }
            return Err(file.wrong(path, "the column is stored in a way that cannot be read"));
        }
        let data = file.dataset(path)?;
        if data.shape().len() != 1 {
            return Err(data.wrong("expected a column of one value per row"));
        }
        if data.element().is_text() {
            return Ok(Values::Texts(data.all_texts()?.into_iter().map(Some).collect()));
        }
        // Encoding 0.7 keeps the categories of all columns together.
        if let Some((table, name)) = path.rsplit_once('/') {
            let kept = format!("{table}/__categories/{name}");
            if !path.contains("__categories") && file.has(&kept) {
                let codes: Vec<i64> = data.all_numbers()?;
                return Ok(categories(texts_of(self.column(&kept)?), &codes));
            }
        }
        Ok(Values::Numbers(data.all_numbers()?))
    }

    /// A field of a table of records.
    fn field(&self, field: &CompoundField) -> Result<Values, FileError> {
        let Form::Records { data, .. } = &self.form else { return Ok(Values::Texts(Vec::new())) };
        let kept = format!("uns/{}_categories", field.name);
        let coded = !field.element.is_text() && self.file.has(&kept);
        let mut numbers = Vec::new();
        let mut texts = Vec::new();
        let step = data.rows_for(PIECE);
        let mut at = 0;
        while at < data.rows() {
            let end = at.saturating_add(step).min(data.rows());
            if field.element.is_text() {
                texts.extend(data.field_texts(field, at..end)?.into_iter().map(Some));
            } else {
                numbers.extend(data.field_numbers::<f64>(field, at..end)?);
            }
            at = end;
        }
        if field.element.is_text() {
            return Ok(Values::Texts(texts));
        }
        if coded {
            let codes: Vec<i64> = numbers.iter().map(|&v| v as i64).collect();
            return Ok(categories(texts_of(self.column(&kept)?), &codes));
        }
        Ok(Values::Numbers(numbers))
    }
}

fn texts_of(values: Values) -> Vec<String> {
    values.into_texts().into_iter().map(Option::unwrap_or_default).collect()
}

/// Codes below zero or beyond the categories stand for nothing.
fn categories(names: Vec<String>, codes: &[i64]) -> Values {
    let known = |&code: &i64| u32::try_from(code).ok().filter(|&c| (c as usize) < names.len());
    let codes = codes.iter().map(known).collect();
    Values::Categories { names, codes }
}

/// Takes away the values whose mask is set.
fn hide(values: &mut Values, mask: &[u8]) {
    match values {
        Values::Numbers(numbers) => {
            for (value, _) in numbers.iter_mut().zip(mask).filter(|(_, m)| **m != 0) {
                *value = f64::NAN;
            }
        }
        Values::Texts(texts) => {
            for (value, _) in texts.iter_mut().zip(mask).filter(|(_, m)| **m != 0) {
                *value = None;
            }
        }
        Values::Categories { codes, .. } => {
            for (value, _) in codes.iter_mut().zip(mask).filter(|(_, m)| **m != 0) {
                *value = None;
            }
        }
    }
}

/// Distinct texts of a column, in the order in which they first come.
pub(super) fn distinct(values: &[Option<String>]) -> Vec<String> {
    let mut seen: HashSet<&str> = HashSet::new();
    values.iter().flatten().filter(|t| seen.insert(t.as_str())).cloned().collect()
}
