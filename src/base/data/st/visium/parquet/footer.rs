//! The metadata at the end of a Parquet file: its columns, and where each lies in every row group.

use super::thrift::Thrift;
use super::{ParquetError, Parsed, cut};

/// More columns than this are no table of positions.
const MAX_COLUMNS: usize = 10_000;

/// Far more rows than positions can be packed into a byte.
const MAX_ROWS_PER_BYTE: u64 = 8;

/// How values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Physical {
    Boolean,
    Int32,
    Int64,
    Float,
    Double,
    Bytes,
    /// 96-bit times, bytes of fixed length, and what later versions may add.
    Other,
}

/// A column.
#[derive(Debug)]
pub struct Column {
    /// Its name; of nested columns, that of the innermost part.
    pub name: String,
    /// How its values are stored.
    pub physical: Physical,
    /// Whether its values may be missing.
    pub optional: bool,
    /// Whether it is a plain column rather than part of a list or record.
    pub flat: bool,
}

/// The part of a column that lies in one row group.
#[derive(Debug)]
pub struct Chunk {
    /// Number of its compression in the format.
    pub codec: i64,
    /// Position of its first page in the file.
    pub start: u64,
    /// Bytes of its pages.
    pub size: u64,
}

/// Some rows, all their columns.
#[derive(Debug)]
pub struct Group {
    /// Its rows; all groups together at most [`MAX_ROWS_PER_BYTE`] for every byte of the file.
    pub rows: usize,
    /// One a column.
    pub chunks: Vec<Chunk>,
}

/// What the footer says.
#[derive(Debug)]
pub struct Footer {
    pub rows: u64,
    pub columns: Vec<Column>,
    pub groups: Vec<Group>,
}

/// A node of the schema, depth first.
#[derive(Default)]
struct Node {
    physical: Option<i64>,
    repetition: i64,
    name: String,
    children: i64,
}

impl Footer {
    /// Parses the footer of a file whose pages end at `end`.
    pub fn parse(bytes: &[u8], end: u64) -> Parsed<Self> {
        let mut nodes = Vec::new();
        let mut rows = None;
        let mut groups = Vec::new();
        Thrift::new(bytes).fields(|t, f| match f.id {
            2 => t.structs(f, |t| {
                nodes.push(node(t)?);
                Ok(())
            }),
            3 => {
                rows = Some(t.int(f)?);
                Ok(())
            }
            4 => t.structs(f, |t| {
                groups.push(group(t)?);
                Ok(())
            }),
            8 => ParquetError::wrong("the Parquet file is encrypted; save it without encryption"),
            _ => t.skip(f),
        })?;
        let columns = columns(&nodes)?;
        let Some(rows) = rows.and_then(|r| u64::try_from(r).ok()) else { return cut() };
        let mut sum = 0u64;
        for group in &groups {
            sum = sum.saturating_add(group.rows as u64);
            if group.chunks.len() != columns.len() {
                return cut();
            }
        }
        if sum != rows {
            let message =
                format!("the Parquet file says that it has {rows} rows, but its row groups have {sum}");
            return ParquetError::wrong(message);
        }
        // Barcodes are all different and positions hardly compressible: a row takes several bytes.
        if rows > end.saturating_mul(MAX_ROWS_PER_BYTE) {
            return ParquetError::wrong(format!(
                "the Parquet file says that it has {rows} rows, which do not fit into its {end} bytes"
            ));
        }
        Ok(Self { rows, columns, groups })
    }
}

fn node(t: &mut Thrift) -> Parsed<Node> {
    let mut node = Node::default();
    t.fields(|t, f| {
        match f.id {
            1 => node.physical = Some(t.int(f)?),
            3 => node.repetition = t.int(f)?,
            4 => node.name = String::from_utf8_lossy(t.binary(f)?).into_owned(),
            5 => node.children = t.int(f)?,
            _ => t.skip(f)?,
        }
        Ok(())
    })?;
    Ok(node)
}

/// The leaves of the schema in order, which is the order of the column chunks.
fn columns(nodes: &[Node]) -> Parsed<Vec<Column>> {
    const REQUIRED: i64 = 0;
    const OPTIONAL: i64 = 1;
    let Some((root, nodes)) = nodes.split_first() else { return cut() };
    if nodes.len() > MAX_COLUMNS {
        return ParquetError::wrong(format!("the Parquet file has more than {MAX_COLUMNS} columns"));
    }
    let mut columns = Vec::new();
    // How many nodes are still to come at every level above.
    let mut open = vec![root.children];
    for node in nodes {
        while open.last().is_some_and(|&left| left <= 0) {
            open.pop();
        }
        let depth = open.len();
        let Some(left) = open.last_mut() else { return cut() };
        *left -= 1;
        match node.physical {
            Some(physical) if node.children == 0 => columns.push(Column {
                name: node.name.clone(),
                physical: match physical {
                    0 => Physical::Boolean,
                    1 => Physical::Int32,
                    2 => Physical::Int64,
                    4 => Physical::Float,
                    5 => Physical::Double,
                    6 => Physical::Bytes,
                    _ => Physical::Other,
                },
                optional: node.repetition == OPTIONAL,
                flat: depth == 1 && matches!(node.repetition, REQUIRED | OPTIONAL),
            }),
            _ if node.children > 0 => open.push(node.children),
            _ => return cut(),
        }
    }
    Ok(columns)
}

fn group(t: &mut Thrift) -> Parsed<Group> {
    let mut chunks = Vec::new();
    let mut rows = None;
    t.fields(|t, f| match f.id {
        1 => t.structs(f, |t| {
            chunks.push(chunk(t)?);
            Ok(())
        }),
        3 => {
            rows = Some(t.int(f)?);
            Ok(())
        }
        _ => t.skip(f),
    })?;
    match rows.and_then(|r| usize::try_from(r).ok()) {
        Some(rows) => Ok(Group { rows, chunks }),
        None => cut(),
    }
}

fn chunk(t: &mut Thrift) -> Parsed<Chunk> {
    let (mut codec, mut size, mut data, mut dictionary) = (None, None, None, None);
    t.fields(|t, f| {
        if f.id != 3 {
            return t.skip(f);
        }
        t.fields(|t, f| {
            match f.id {
                4 => codec = Some(t.int(f)?),
                7 => size = Some(t.int(f)?),
                9 => data = Some(t.int(f)?),
                11 => dictionary = Some(t.int(f)?),
                _ => t.skip(f)?,
            }
            Ok(())
        })
    })?;
    // Some writers give 0 where there is no dictionary.
    let start = match (data, dictionary.filter(|&d| d > 0)) {
        (Some(data), Some(dictionary)) => Some(data.min(dictionary)),
        (data, _) => data,
    };
    let positive = |v: Option<i64>| v.and_then(|v| u64::try_from(v).ok());
    match (codec, positive(start), positive(size)) {
        (Some(codec), Some(start), Some(size)) => Ok(Chunk { codec, start, size }),
        _ => cut(),
    }
}
