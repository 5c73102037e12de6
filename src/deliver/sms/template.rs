//! Bodies of requests with places for what changes, filled by structure: what is put in can never end what is around it.

use serde_json::{Map, Value};

/// What may stand between braces, for messages to people.
pub(super) const PLACES: &str = "{to}, {to_digits}, {from}, {text} and {key}";

/// What fills the places of one message.
pub(super) struct Values<'a> {
    /// The number, with `+`.
    pub(super) to: &'a str,
    /// Who sends.
    pub(super) from: &'a str,
    /// What is said.
    pub(super) text: &'a str,
    /// The same on every attempt.
    pub(super) key: &'a str,
}

/// A text with places; `{{` and `}}` stand for braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Fixed(String),
    To,
    ToDigits,
    From,
    Text,
    Key,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Which braces mean nothing.
    pub(super) fn parse(text: &str) -> Result<Template, String> {
        let mut pieces = Vec::new();
        let mut fixed = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, tail) = rest.split_at(at);
            fixed.push_str(before);
            if let Some(after) = tail.strip_prefix("{{").or_else(|| tail.strip_prefix("}}")) {
                fixed.push_str(&tail[..1]);
                rest = after;
                continue;
            }
            let (name, after) = tail
                .strip_prefix('{')
                .and_then(|inner| inner.split_once('}'))
                .ok_or_else(|| "a brace stands alone".to_owned())?;
            let piece = match name {
                "to" => Piece::To,
                "to_digits" => Piece::ToDigits,
                "from" => Piece::From,
                "text" => Piece::Text,
                "key" => Piece::Key,
                other => return Err(format!("there is no {{{other}}}")),
            };
            if !fixed.is_empty() {
                pieces.push(Piece::Fixed(std::mem::take(&mut fixed)));
            }
            pieces.push(piece);
            rest = after;
        }
        fixed.push_str(rest);
        if !fixed.is_empty() {
            pieces.push(Piece::Fixed(fixed));
        }
        Ok(Template(pieces))
    }

    /// A text without places.
    pub(super) fn fixed(text: &str) -> Template {
        Template(vec![Piece::Fixed(text.to_owned())])
    }

    pub(super) fn fill(&self, values: &Values<'_>) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Fixed(text) => text.clone(),
            Piece::To => values.to.to_owned(),
            Piece::ToDigits => values.to.trim_start_matches('+').to_owned(),
            Piece::From => values.from.to_owned(),
            Piece::Text => values.text.to_owned(),
            Piece::Key => values.key.to_owned(),
        };
        self.0.iter().map(text).collect()
    }

    fn says(&self, piece: &Piece) -> bool {
        self.0.contains(piece)
    }

    /// Whether the number has a place here.
    pub(super) fn names_recipient(&self) -> bool {
        self.says(&Piece::To) || self.says(&Piece::ToDigits)
    }

    /// Whether the sender has a place here.
    pub(super) fn names_sender(&self) -> bool {
        self.says(&Piece::From)
    }

    /// Whether the text has a place here.
    pub(super) fn says_text(&self) -> bool {
        self.says(&Piece::Text)
    }
}

/// A JSON value whose texts are templates.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Text(Template),
    Fixed(Value),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// Reads a value.
    ///
    /// # Errors
    /// Those of its templates.
    pub(super) fn parse(value: &Value) -> Result<Node, String> {
        Ok(match value {
            Value::String(text) => Node::Text(Template::parse(text)?),
            Value::Array(list) => Node::List(list.iter().map(Node::parse).collect::<Result<_, _>>()?),
            Value::Object(map) => {
                let pair =
                    |(key, value): (&String, &Value)| Ok::<_, String>((key.clone(), Node::parse(value)?));
                Node::Object(map.iter().map(pair).collect::<Result<_, _>>()?)
            }
            fixed => Node::Fixed(fixed.clone()),
        })
    }

    pub(super) fn fill(&self, values: &Values<'_>) -> Value {
        match self {
            Node::Text(template) => Value::String(template.fill(values)),
            Node::Fixed(value) => value.clone(),
            Node::List(list) => list.iter().map(|node| node.fill(values)).collect(),
            Node::Object(pairs) => Value::Object(
                pairs.iter().map(|(key, node)| (key.clone(), node.fill(values))).collect::<Map<_, _>>(),
            ),
        }
    }

    /// Every template within.
    pub(super) fn templates(&self) -> Vec<&Template> {
        match self {
            Node::Text(template) => vec![template],
            Node::Fixed(_) => Vec::new(),
            Node::List(list) => list.iter().flat_map(Node::templates).collect(),
            Node::Object(pairs) => pairs.iter().flat_map(|(_, node)| node.templates()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: Values<'static> = Values { to: "+46700", from: "Desk", text: "{key} \"}{to}\n", key: "k1" };

    #[test]
    fn places_are_filled_once() {
        let fill = |text: &str| Template::parse(text).unwrap().fill(&VALUES);
        assert_eq!(fill("{to}/{to_digits}/{from}/{key}"), "+46700/46700/Desk/k1");
        assert_eq!(fill("{text}"), VALUES.text, "what is put in is not read again");
        assert_eq!(fill("{{to}} {{{to}}}"), "{to} {+46700}");
        for wrong in ["{", "}", "{to", "to}", "{number}", "{}", "{ to }"] {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn json_is_filled_by_structure() {
        let value = serde_json::json!({ "to": ["{to}"], "n": 1, "body": { "text": "{text}", "{to}": null } });
        let filled = Node::parse(&value).unwrap().fill(&VALUES);
        let read: Value = serde_json::from_str(&filled.to_string()).unwrap();
        assert_eq!(read["body"]["text"], VALUES.text);
        assert_eq!(read["to"][0], "+46700");
        assert_eq!(read["body"]["{to}"], Value::Null, "names are no templates");
    }
}
