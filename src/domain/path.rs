use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::Fields;

/// The place of a value in a record: `total`, `items[2].amount`; with `[]`
/// the same field of every line: `items[].amount`.
///
/// Parsing never fails: text that is not a path is taken as one name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldPath(Vec<PathSegment>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PathSegment {
    Name(String),
    /// One line of a list, from 0.
    Line(usize),
    /// Every line of a list.
    EveryLine,
}

impl FieldPath {
    pub fn new(field: &str) -> FieldPath {
        FieldPath(vec![PathSegment::Name(field.to_owned())])
    }

    /// `leaf` in one line of `list`; lines count from 0.
    pub fn in_line(list: &str, line: usize, leaf: &str) -> FieldPath {
        FieldPath(vec![
            PathSegment::Name(list.to_owned()),
            PathSegment::Line(line),
            PathSegment::Name(leaf.to_owned()),
        ])
    }

    pub fn parse(text: &str) -> FieldPath {
        parse(text).unwrap_or_else(|| FieldPath::new(text))
    }

    /// From a JSON pointer (RFC 6901) into a record; `None` for the empty pointer,
    /// which names the record itself.
    pub fn from_pointer(pointer: &str) -> Option<FieldPath> {
        let mut parts = pointer.split('/').skip(1);
        let mut segments = vec![PathSegment::Name(parts.next()?.to_owned())];
        segments.extend(parts.map(|part| match part.parse() {
            Ok(line) => PathSegment::Line(line),
            Err(_) => PathSegment::Name(part.to_owned()),
        }));
        Some(FieldPath(segments))
    }

    pub fn segments(&self) -> &[PathSegment] {
        &self.0
    }

    /// The field of the record: `items` of `items[2].amount`.
    pub fn root(&self) -> &str {
        match self.0.first() {
            Some(PathSegment::Name(name)) => name,
            _ => "",
        }
    }

    /// The line (from 0) that it names or lies in; `None` outside of a list.
    pub fn line(&self) -> Option<usize> {
        match self.0.get(1) {
            Some(PathSegment::Line(line)) => Some(*line),
            _ => None,
        }
    }

    /// The same place `offset` lines further down.
    pub fn shifted(mut self, offset: usize) -> FieldPath {
        if let Some(PathSegment::Line(line)) = self.0.get_mut(1) {
            *line += offset;
        }
        self
    }

    /// The same place after the lines of `list` moved. `places` maps old line
    /// numbers to new ones (from 0); `None` where it lacks the line.
    pub fn moved(mut self, list: &str, places: &BTreeMap<usize, usize>) -> Option<FieldPath> {
        let is_in_list = self.root() == list;
        if let (Some(PathSegment::Line(line)), true) = (self.0.get_mut(1), is_in_list) {
            *line = *places.get(line)?;
        }
        Some(self)
    }

    /// [`FieldPath::moved`] of a path as text; `false` and unchanged where `places` lacks
    /// the line.
    pub fn move_text(field: &mut String, list: &str, places: &BTreeMap<usize, usize>) -> bool {
        let moved = FieldPath::parse(field).moved(list, places);
        if let Some(path) = &moved {
            *field = path.to_string();
        }
        moved.is_some()
    }

    /// The name within the lines of a list: `amount` of `items[2].amount` and
    /// `items[].amount`.
    pub fn leaf_in_list(&self) -> Option<&str> {
        match self.0.as_slice() {
            [
                _,
                PathSegment::Line(_) | PathSegment::EveryLine,
                PathSegment::Name(leaf),
            ] => Some(leaf),
            _ => None,
        }
    }

    /// Whether it stands for every line of a list.
    pub fn is_wildcard(&self) -> bool {
        self.0.contains(&PathSegment::EveryLine)
    }

    /// The path with `[]` in place of each line number: `items[].amount`.
    pub fn to_wildcard(&self) -> FieldPath {
        let open = |segment: &PathSegment| match segment {
            PathSegment::Line(_) => PathSegment::EveryLine,
            other => other.clone(),
        };
        FieldPath(self.0.iter().map(open).collect())
    }

    /// The property of a JSON Schema that describes it.
    pub fn property<'a>(&self, schema: &'a Value) -> Option<&'a Value> {
        self.0
            .iter()
            .try_fold(schema, |schema, segment| match segment {
                PathSegment::Name(name) => schema.get("properties")?.get(name),
                PathSegment::Line(_) | PathSegment::EveryLine => schema.get("items"),
            })
    }

    pub fn value_at<'a>(&self, fields: &'a Fields) -> Option<&'a Value> {
        let mut segments = self.0.iter();
        let first = fields.get(self.root())?;
        segments.next();
        segments.try_fold(first, |value, segment| match segment {
            PathSegment::Name(name) => value.get(name),
            PathSegment::Line(line) => value.get(line),
            PathSegment::EveryLine => None,
        })
    }

    pub fn value_at_mut<'a>(&self, fields: &'a mut Fields) -> Option<&'a mut Value> {
        let mut segments = self.0.iter();
        let first = fields.get_mut(self.root())?;
        segments.next();
        segments.try_fold(first, |value, segment| match segment {
            PathSegment::Name(name) => value.get_mut(name),
            PathSegment::Line(line) => value.get_mut(line),
            PathSegment::EveryLine => None,
        })
    }
}

impl From<Vec<PathSegment>> for FieldPath {
    fn from(segments: Vec<PathSegment>) -> FieldPath {
        FieldPath(segments)
    }
}

fn parse(text: &str) -> Option<FieldPath> {
    let mut segments = Vec::new();
    for part in text.split('.') {
        let (name, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
        if name.is_empty() || name.contains(']') {
            return None;
        }
        segments.push(PathSegment::Name(name.to_owned()));
        while let Some(inner) = rest.strip_prefix('[') {
            let (index, after) = inner.split_once(']')?;
            segments.push(match index {
                "" => PathSegment::EveryLine,
                index => PathSegment::Line(index.parse().ok()?),
            });
            rest = after;
        }
        if !rest.is_empty() {
            return None;
        }
    }
    Some(FieldPath(segments))
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, segment) in self.0.iter().enumerate() {
            match segment {
                PathSegment::Name(name) if place == 0 => write!(f, "{name}")?,
                PathSegment::Name(name) => write!(f, ".{name}")?,
                PathSegment::Line(line) => write!(f, "[{line}]")?,
                PathSegment::EveryLine => write!(f, "[]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_to_its_value() {
        let fields = json!({"a": 1, "items": [{"b": 2}, {"b": 3}]});
        let mut fields = fields.as_object().unwrap().clone();
        let at = |path: &str| FieldPath::parse(path).value_at(&fields).cloned();
        assert_eq!(at("items[1].b"), Some(json!(3)));
        assert_eq!(at("items[0]"), Some(json!({"b": 2})));
        assert_eq!(at("a"), Some(json!(1)));
        assert_eq!(at("items[7].b"), None);
        assert_eq!(at("items[].b"), None);
        let path = FieldPath::parse("items[1].b");
        assert_eq!(path.value_at_mut(&mut fields), Some(&mut json!(3)));
    }

    #[test]
    fn a_wildcard_path_leads_to_its_property() {
        let amount = json!({"format": "amount"});
        let schema = json!({"properties": {"items": {"items": {"properties": {"b": amount}}}}});
        for path in ["items[].b", "items[12].b"] {
            assert_eq!(FieldPath::parse(path).property(&schema), Some(&amount));
        }
        assert_eq!(FieldPath::parse("items.b").property(&schema), None);
        let path = FieldPath::parse("items[12].b");
        assert_eq!(path.to_wildcard().to_string(), "items[].b");
        assert_eq!((path.root(), path.line()), ("items", Some(12)));
        assert_eq!(path.leaf_in_list(), Some("b"));
    }

    #[test]
    fn a_pointer_becomes_a_path() {
        let path = |pointer| FieldPath::from_pointer(pointer).map(|path| path.to_string());
        assert_eq!(path("/items/0/amount").as_deref(), Some("items[0].amount"));
        assert_eq!(path("/total").as_deref(), Some("total"));
        assert_eq!(path(""), None);
    }

    proptest! {
        #[test]
        fn every_text_is_a_path_that_is_written_back_as_it_was(text in "[a-z\\[\\].0-9]{0,12}|\\PC*") {
            // Numbers lose leading zeros and signs, nothing else changes.
            prop_assume!(!text.contains("[0") && !text.contains("[+"));
            prop_assert_eq!(FieldPath::parse(&text).to_string(), text);
        }
    }
}
