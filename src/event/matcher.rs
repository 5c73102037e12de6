//! Matchers in Alertmanager's grammar: `name="value"`, `!=`, `=~`, `!~`; anchored, and a missing label is empty.

use super::Labels;
use regex::{Regex, RegexBuilder};
use std::fmt;

/// The largest compiled expression that a configuration may hold, in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// How a matcher compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Matches,
    /// `!~`
    MatchesNot,
}

/// One condition on one label.
#[derive(Clone, Debug)]
pub struct Matcher {
    name: Box<str>,
    op: Op,
    value: Box<str>,
    regex: Option<Regex>,
}

/// Why a matcher could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatcherError {
    /// It is not `name`, operator, `value`.
    #[error("\"{0}\" is not a matcher: write name=\"value\", with =, !=, =~ or !~")]
    Shape(String),
    /// The expression after `=~` or `!~` does not compile or is too large.
    #[error("the expression of \"{0}\" cannot be used: {1}")]
    Expression(String, String),
}

impl Matcher {
    /// Reads one matcher; the value may stand in double quotes, with `\"`, `\\` and `\n` inside.
    ///
    /// # Errors
    /// The shape is wrong, or the expression does not compile.
    pub fn parse(text: &str) -> Result<Matcher, MatcherError> {
        let wrong = || MatcherError::Shape(text.to_owned());
        let at = text.find(['=', '!']).ok_or_else(wrong)?;
        let (name, rest) = (text[..at].trim(), &text[at..]);
        let ops = [("=~", Op::Matches), ("!~", Op::MatchesNot), ("!=", Op::NotEqual), ("=", Op::Equal)];
        let (sign, op) = ops.into_iter().find(|(sign, _)| rest.starts_with(sign)).ok_or_else(wrong)?;
        let value = unquote(rest[sign.len()..].trim()).ok_or_else(wrong)?;
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(wrong());
        }
        let regex = match op {
            Op::Equal | Op::NotEqual => None,
            Op::Matches | Op::MatchesNot => Some(anchored(&value).map_err(|error| {
                let reason = error.to_string();
                let line = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
                MatcherError::Expression(text.to_owned(), line.to_owned())
            })?),
        };
        Ok(Matcher { name: name.into(), op, value: value.into(), regex })
    }

    /// The label that this condition is about.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it compares.
    pub fn op(&self) -> Op {
        self.op
    }

    /// What it compares with.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether the labels meet the condition.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.name).unwrap_or_default();
        let regex = || self.regex.as_ref().is_some_and(|regex| regex.is_match(value));
        match self.op {
            Op::Equal => *value == *self.value,
            Op::NotEqual => *value != *self.value,
            Op::Matches => regex(),
            Op::MatchesNot => !regex(),
        }
    }
}

fn anchored(value: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&format!("^(?:{value})$")).size_limit(REGEX_BYTES_MAX).build()
}

fn unquote(text: &str) -> Option<String> {
    let Some(inner) = text.strip_prefix('"') else {
        return (!text.contains('"')).then(|| text.to_owned());
    };
    let inner = inner.strip_suffix('"')?;
    let mut value = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return None,
            '\\' => match chars.next()? {
                'n' => value.push('\n'),
                c @ ('"' | '\\') => value.push(c),
                other => value.extend(['\\', other]),
            },
            c => value.push(c),
        }
    }
    Some(value)
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.op {
            Op::Equal => "=",
            Op::NotEqual => "!=",
            Op::Matches => "=~",
            Op::MatchesNot => "!~",
        };
        write!(f, "{}{sign}{:?}", self.name, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_alertmanager_does() {
        let labels = Labels::from_pairs([("team", "payments"), ("env", "prod-eu")]);
        let table = [
            (r#"team="payments""#, true),
            ("team=payments", true),
            (r#"team!="payments""#, false),
            (r#"env=~"prod-.*""#, true),
            (r#"env=~"prod""#, false),
            (r#"env!~"dev|test""#, true),
            (r#"missing="""#, true),
            (r#"missing!="x""#, true),
            (r#"missing=~".+""#, false),
        ];
        for (text, wanted) in table {
            assert_eq!(Matcher::parse(text).unwrap().matches(&labels), wanted, "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for wrong in ["team", "=x", r#"team="x"#, r#"a b="c""#, r#"a="b"c""#] {
            assert!(matches!(Matcher::parse(wrong), Err(MatcherError::Shape(_))), "{wrong}");
        }
        assert!(matches!(Matcher::parse("a=~\"(\""), Err(MatcherError::Expression(..))));
        assert!(matches!(Matcher::parse("a=~\"(((x{900}){900}){900})\""), Err(MatcherError::Expression(..))));
    }
}
