//! Scans a JSON text byte by byte while it is written: to which leaf a byte belongs,
//! and where the lines of a list begin and end.

/// The effect of one byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Whether the byte is part of a leaf's value, quotes included.
    pub leaf: bool,
    /// Depth of the list (the root is 0) that continues with a further element.
    pub next_element: Option<usize>,
    /// Depth of the list of which a line (an object or array) was opened.
    pub opened_line: Option<usize>,
    /// Depth of the list of which a line was closed.
    pub closed_line: Option<usize>,
    /// Whether a list ended that is not itself a line of a list.
    pub closed_list: bool,
}

#[derive(Clone, Debug)]
enum Container {
    Object { key: String, in_key_position: bool },
    List { index: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    Structure,
    Key {
        escaped: bool,
    },
    Text {
        escaped: bool,
    },
    /// A number, `true`, `false` or `null`.
    Scalar,
}

/// Assumes valid JSON, which the grammar enforces. On other text it does not panic,
/// and its results have no meaning.
#[derive(Clone, Debug)]
pub struct Scanner {
    containers: Vec<Container>,
    inside: Inside,
}

impl Scanner {
    pub fn new() -> Scanner {
        Scanner {
            containers: Vec::new(),
            inside: Inside::Structure,
        }
    }

    pub fn push(&mut self, byte: u8) -> Step {
        match self.inside {
            Inside::Key { escaped } => {
                if byte == b'"' && !escaped {
                    self.inside = Inside::Structure;
                } else if let Some(Container::Object { key, .. }) = self.containers.last_mut() {
                    // Field names are ASCII: document types with others are rejected.
                    key.push(byte as char);
                    self.inside = Inside::Key {
                        escaped: byte == b'\\' && !escaped,
                    };
                }
                Step::default()
            }
            Inside::Text { escaped } => {
                let ends = byte == b'"' && !escaped;
                self.inside = if ends {
                    Inside::Structure
                } else {
                    Inside::Text {
                        escaped: byte == b'\\' && !escaped,
                    }
                };
                Step {
                    leaf: true,
                    ..Step::default()
                }
            }
            Inside::Scalar
                if !matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\t' | b'\r') =>
            {
                Step {
                    leaf: true,
                    ..Step::default()
                }
            }
            Inside::Scalar | Inside::Structure => self.structure(byte),
        }
    }

    fn structure(&mut self, byte: u8) -> Step {
        self.inside = Inside::Structure;
        let mut step = Step::default();
        match byte {
            b'{' => {
                step.opened_line = self.list_depth();
                self.containers.push(Container::Object {
                    key: String::new(),
                    in_key_position: true,
                });
            }
            b'[' => {
                step.opened_line = self.list_depth();
                self.containers.push(Container::List { index: 0 });
            }
            b'}' => {
                self.containers.pop();
                step.closed_line = self.list_depth();
            }
            b']' => {
                self.containers.pop();
                step.closed_line = self.list_depth();
                step.closed_list = step.closed_line.is_none();
            }
            b':' => {
                if let Some(Container::Object {
                    in_key_position, ..
                }) = self.containers.last_mut()
                {
                    *in_key_position = false;
                }
            }
            b',' => match self.containers.last_mut() {
                Some(Container::Object {
                    in_key_position, ..
                }) => *in_key_position = true,
                Some(Container::List { index }) => {
                    *index += 1;
                    step.next_element = self.list_depth();
                }
                None => {}
            },
            b'"' => match self.containers.last_mut() {
                Some(Container::Object {
                    key,
                    in_key_position: true,
                }) => {
                    key.clear();
                    self.inside = Inside::Key { escaped: false };
                }
                _ => {
                    self.inside = Inside::Text { escaped: false };
                    step.leaf = true;
                }
            },
            b' ' | b'\n' | b'\t' | b'\r' => {}
            _ => {
                self.inside = Inside::Scalar;
                step.leaf = true;
            }
        }
        step
    }

    /// Depth of the innermost frame if that is a list.
    fn list_depth(&self) -> Option<usize> {
        matches!(self.containers.last(), Some(Container::List { .. }))
            .then(|| self.containers.len() - 1)
    }

    /// Path of the current value, e.g. `items[0].amount`; lines count from 0.
    pub fn path(&self) -> String {
        self.path_to(self.containers.len())
    }

    /// Path of the frame at `depth`, e.g. `items` for the list there.
    pub fn path_to(&self, depth: usize) -> String {
        let mut path = String::new();
        for frame in &self.containers[..depth.min(self.containers.len())] {
            match frame {
                Container::Object { key, .. } if path.is_empty() => path.push_str(key),
                Container::Object { key, .. } => {
                    path.push('.');
                    path.push_str(key);
                }
                Container::List { index } => path.push_str(&format!("[{index}]")),
            }
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of each leaf by path, as the scanner attributes bytes.
    fn leaves(text: &str) -> Vec<(String, String)> {
        let mut scanner = Scanner::new();
        let mut leaves: Vec<(String, String)> = Vec::new();
        for byte in text.bytes() {
            if scanner.push(byte).leaf {
                let path = scanner.path();
                match leaves.last_mut().filter(|(last, _)| *last == path) {
                    Some((_, value)) => value.push(byte as char),
                    None => leaves.push((path, (byte as char).to_string())),
                }
            }
        }
        leaves
    }

    #[test]
    fn each_byte_of_a_value_is_its_leafs() {
        let text = r#"{"a":"x\"},{","items":[{"b":null,"c":"1"}, {"b":-2.5,"c":true}],"d":7}"#;
        let expected = [
            ("a", r#""x\"},{""#),
            ("items[0].b", "null"),
            ("items[0].c", r#""1""#),
            ("items[1].b", "-2.5"),
            ("items[1].c", "true"),
            ("d", "7"),
        ];
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(p, v)| (p.to_owned(), v.to_owned()))
            .collect();
        assert_eq!(leaves(text), expected);
    }

    #[test]
    fn lines_of_a_list_are_seen_to_open_go_on_and_close() {
        let mut scanner = Scanner::new();
        let mut seen = String::new();
        for byte in br#"{"items":[{"a":"},{"},{"a":"2"}],"b":["x","y"]}"# {
            let step = scanner.push(*byte);
            for (mark, depth) in [
                ('o', step.opened_line),
                ('c', step.closed_line),
                ('n', step.next_element),
            ] {
                if let Some(depth) = depth {
                    seen.push_str(&format!("{mark}:{} ", scanner.path_to(depth)));
                }
            }
        }
        assert_eq!(seen, "o:items c:items n:items o:items c:items n:b ");
    }
}
