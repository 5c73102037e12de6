//! R21: the words of a message as its readers had them, for those who must know what others were told.

use super::{Message, line, slot};
use crate::event::Time;
use jiff::tz::TimeZone;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// The title and the text of a message as plain words, to be kept as what its audience was told: times are in UTC, and
/// `next_update` is the promise that it stated. It holds no mark-up and no slots.
pub fn words_of(message: &Message, next_update: Option<Time>) -> Box<str> {
    let filling = slot::Filling { zone: TimeZone::UTC, next_update, delay: None };
    let filled = |text| slot::fill(text, &filling).into_owned();
    let words = format!("{}\n\n{}", filled(&message.title), plain(&filled(&message.body)));
    line::text(words.trim()).into()
}

/// What a reader sees of Markdown: paragraphs apart, items of lists in lines of their own.
pub(super) fn plain(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    for event in Parser::new(markdown) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                out.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak => out.push('\n'),
            Event::Start(Tag::Item) => {
                out.push_str(if out.ends_with("\n\n") { "- " } else { "\n- " });
            }
            Event::End(
                TagEnd::Paragraph
                | TagEnd::List(_)
                | TagEnd::Heading(_)
                | TagEnd::CodeBlock
                | TagEnd::HtmlBlock,
            ) => {
                out.truncate(out.trim_end().len());
                out.push_str("\n\n");
            }
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Disclosure, Kind, Templates, Wording, compose, sample};

    #[test]
    fn the_words_are_those_that_were_read() {
        let sample = sample::Incident::full();
        let write = |sample: &sample::Incident| {
            let subject = sample.subject(Kind::Opening);
            compose(&subject, Disclosure::External, &Templates::default(), None, Wording::Free)
        };
        let told = words_of(&write(&sample), Some(Time::from_millis(1_795_271_520_000)));
        assert!(
            told.starts_with("Payments are failing for some customers\n\nWe know about this problem.\n\n")
        );
        assert!(told.contains("\n\nAffected: Checkout and payment\n\n"), "{told}");
        assert!(told.ends_with("Next update: 2026-11-21 14:32 UTC"), "{told}");
        let hostile = words_of(&write(&sample::Incident::hostile()), None);
        assert!(hostile.contains("<!channel> @everyone") && !hostile.contains('\u{fdd0}'), "{hostile}");
        assert_eq!(plain("# A\n\nb **c**\nd\n\n- e\n- f\n\ng"), "A\n\nb c\nd\n\n- e\n- f\n\ng\n\n");
    }
}
