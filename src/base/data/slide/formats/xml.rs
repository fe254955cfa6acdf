//! XML in image descriptions, bounded.

use roxmltree::{Document, Node, ParsingOptions};

/// The most nodes that are read.
const MAX_NODES: u32 = 1_000_000;

/// The document in `text`; `None` when it is not well-formed.
pub fn parse(text: &str) -> Option<Document<'_>> {
    let start = text.find('<')?;
    let end = text.rfind('>')?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text.get(start..=end)?, options).ok()
}

/// The children of `node` that are elements called `name`, whatever their namespace.
pub fn children<'a, 'i: 'a>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |n| n.is_element() && n.tag_name().name() == name)
}

/// The first child of `node` called `name`.
pub fn child<'a, 'i: 'a>(node: Node<'a, 'i>, name: &'static str) -> Option<Node<'a, 'i>> {
    children(node, name).next()
}

/// An attribute of `node` as a number.
pub fn number<T: std::str::FromStr>(node: Node<'_, '_>, attribute: &str) -> Option<T> {
    node.attribute(attribute)?.trim().parse().ok()
}

/// The text within `node`, trimmed.
pub fn text<'a>(node: Node<'a, '_>) -> &'a str {
    node.text().unwrap_or_default().trim()
}
