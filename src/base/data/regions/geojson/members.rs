//! JSON objects, a level at a time: what is not understood stays the text that it is.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The members of a JSON object, in order.
#[derive(Debug)]
pub(super) struct Members<'a>(pub(super) Vec<(String, &'a RawValue)>);

/// Members of an object; QuPath writes about ten.
const MAX_MEMBERS: usize = 10_000;

impl<'a> Members<'a> {
    /// `None` where `value` is no object, or one of very many members.
    pub(super) fn of(value: &'a RawValue) -> Option<Self> {
        serde_json::from_str(value.get()).ok()
    }

    /// Takes the first member of this name.
    pub(super) fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let at = self.0.iter().position(|(n, _)| n == name)?;
        Some(self.0.remove(at).1)
    }

    /// Takes the first member of this name that `f` understands; one that it does not stays.
    pub(super) fn take_as<T>(&mut self, name: &str, f: impl Fn(&'a RawValue) -> Option<T>) -> Option<T> {
        let (at, value) = self.0.iter().enumerate().find_map(|(at, (n, value))| {
            let understood = if n == name { f(value) } else { None };
            understood.map(|u| (at, u))
        })?;
        self.0.remove(at);
        Some(value)
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| *value)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key()? {
                    if members.len() >= MAX_MEMBERS {
                        return Err(serde::de::Error::custom("too many members"));
                    }
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// The items of a JSON list, up to a number.
#[derive(Debug)]
pub(super) struct Items<'a, const MAX: usize>(pub(super) Vec<&'a RawValue>);

impl<'de: 'a, 'a, const MAX: usize> Deserialize<'de> for Items<'a, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<const MAX: usize>;
        impl<'de, const MAX: usize> Visitor<'de> for InOrder<MAX> {
            type Value = Items<'de, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    // One more than there may be says that there are too many.
                    if items.len() <= MAX {
                        items.push(item);
                    }
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(InOrder::<MAX>)
    }
}

/// The text of a JSON string.
pub(super) fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// The items of a JSON list; `None` where there are more than `MAX`.
pub(super) fn items<const MAX: usize>(value: &RawValue) -> Option<Vec<&RawValue>> {
    let items: Items<'_, MAX> = serde_json::from_str(value.get()).ok()?;
    (items.0.len() <= MAX).then_some(items.0)
}

pub(super) fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

/// The same JSON with the words `NaN`, `Infinity` and `-Infinity` in quotes: QuPath writes them for measurements that are not
/// numbers, although JSON has no such words, and reads them in quotes, too. `None` where there are none.
pub(super) fn with_quoted_numbers(json: &str) -> Option<String> {
    const WORDS: [&str; 3] = ["NaN", "-Infinity", "Infinity"];
    let bytes = json.as_bytes();
    let mut quoted = String::new();
    let (mut at, mut copied) = (0, 0);
    let mut in_string = false;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if in_string => at += 2,
            b'"' => {
                in_string = !in_string;
                at += 1;
            }
            b'N' | b'-' | b'I' if !in_string => {
                let rest = bytes.get(at..).unwrap_or_default();
                match WORDS.iter().find(|w| rest.starts_with(w.as_bytes())) {
                    Some(word) => {
                        quoted.push_str(json.get(copied..at)?);
                        quoted.push('"');
                        quoted.push_str(word);
                        quoted.push('"');
                        at += word.len();
                        copied = at;
                    }
                    None => at += 1,
                }
            }
            _ => at += 1,
        }
    }
    if copied == 0 {
        return None;
    }
    quoted.push_str(json.get(copied..)?);
    Some(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_no_json_are_quoted_outside_of_text() {
        let json = r#"{"a NaN \" Infinity": NaN, "b": [-Infinity,Infinity, -1], "c": "NaN\\"}"#;
        let expected = r#"{"a NaN \" Infinity": "NaN", "b": ["-Infinity","Infinity", -1], "c": "NaN\\"}"#;
        assert_eq!(with_quoted_numbers(json).as_deref(), Some(expected));
        assert_eq!(with_quoted_numbers(r#"{"a": "NaN", "b": -1}"#), None);
        assert_eq!(with_quoted_numbers("\"\\"), None);
    }

    #[test]
    fn members_are_taken_by_name_and_the_rest_stays_as_it_is() {
        let value: &RawValue = serde_json::from_str(r#"{"a": 1.50, "b": {"c": [1, 2]}, "a": 2}"#).unwrap();
        let mut members = Members::of(value).unwrap();
        assert_eq!(members.take("a").map(RawValue::get), Some("1.50"));
        assert!(members.take_as("b", text).is_none());
        assert_eq!(members.get("b").map(RawValue::get), Some(r#"{"c": [1, 2]}"#));
        assert_eq!(members.take_as("a", |v| v.get().parse::<u8>().ok()), Some(2));
        assert!(Members::of(serde_json::from_str("[1]").unwrap()).is_none());
        let list: &RawValue = serde_json::from_str("[1, [2], 3]").unwrap();
        assert_eq!(items::<3>(list).map(|i| i.len()), Some(3));
        assert!(items::<2>(list).is_none());
    }
}
