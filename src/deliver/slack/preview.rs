//! A message's blocks as plain text: what a reader of the chat sees, without its looks.

use super::render::{Part, Piece, Shape, blocks};
use crate::deliver::Attempt;

/// The blocks, one under the other.
pub fn preview(attempt: &Attempt) -> String {
    let shapes: Vec<String> = blocks(attempt).iter().map(shape).collect();
    shapes.iter().map(|text| text.trim_end()).collect::<Vec<_>>().join("\n\n")
}

fn shape(shape: &Shape) -> String {
    match shape {
        Shape::Header { text } => text.as_str().to_owned(),
        Shape::Context { elements } => {
            elements.iter().map(|text| text.as_str()).collect::<Vec<_>>().join(" · ")
        }
        Shape::RichText { elements } => elements.iter().map(|part| self::part(part, "")).collect(),
    }
}

/// One part; each ends its line.
fn part(part: &Part, mark: &str) -> String {
    match part {
        Part::Section { elements } | Part::Preformatted { elements } => {
            format!("{mark}{}\n", pieces(elements))
        }
        Part::Quote { elements } => {
            pieces(elements).lines().map(|line| format!("> {line}\n")).collect::<String>() + "\n"
        }
        Part::List { indent, elements, .. } => {
            let mark = format!("{}- ", "  ".repeat(*indent));
            elements.iter().map(|item| self::part(item, &mark)).collect()
        }
    }
}

fn pieces(pieces: &[Piece]) -> String {
    let one = |piece: &Piece| match piece {
        Piece::Text { text, .. } => text.clone(),
        Piece::Link { url, text } => format!("{text} ({url})"),
    };
    pieces.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::conformance::sample;

    #[test]
    fn a_reader_sees_what_the_blocks_say() {
        let mut attempt = sample::attempt();
        let message = std::sync::Arc::make_mut(&mut attempt.message);
        message.body = "One **bold**.\n\n- a\n- b\n\n> said".into();
        assert_eq!(
            preview(&attempt),
            "[sev1] Checkout is failing\n\nOne bold.\n\n- a\n- b\n> said\n\nSeverity: sev1\n\n\
             Runbook (https://runbooks.example.net/5xx)\n\nINC-1"
        );
    }
}
