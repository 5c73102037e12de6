//! The Markdown of a message's body as blocks of styled text, for channels that have a form of their own.
//!
//! Nothing in it can act: links are shown with their target in words, so no label can hide where it leads, images
//! become their alternative text, and HTML stays the text that it is.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Bold.
    pub bold: bool,
    /// Italic.
    pub italic: bool,
    /// Struck through.
    pub strike: bool,
    /// As a program writes it.
    pub code: bool,
}

/// A piece of text of one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The text, which may have several lines.
    pub text: String,
    /// How it looks.
    pub style: Style,
}

/// What stands on lines of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading of any size.
    Heading(Vec<Span>),
    /// A paragraph.
    Paragraph(Vec<Span>),
    /// An item of a list.
    Item {
        /// How deep the list lies in others, from 0.
        depth: usize,
        /// Its number, in a numbered list.
        number: Option<u64>,
        /// What it says.
        spans: Vec<Span>,
    },
    /// A quotation.
    Quote(Vec<Span>),
    /// Lines as a program wrote them.
    Code(String),
}

/// Reads Markdown. Every text is some Markdown, so this cannot fail.
pub fn read(text: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    for event in Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH) {
        reader.take(event);
    }
    reader.flush();
    reader.blocks
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    spans: Vec<Span>,
    bold: usize,
    italic: usize,
    strike: usize,
    quote: usize,
    heading: bool,
    code: Option<String>,
    /// The next number of each list around, or none for a plain one.
    lists: Vec<Option<u64>>,
    /// The mark of an item whose text has not begun.
    mark: Option<Option<u64>>,
    /// The targets of links and images around, with what had been read before each.
    links: Vec<(String, usize)>,
    /// How many bytes of text the spans hold.
    read: usize,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.push(&text, false),
            },
            Event::Code(text) => self.push(&text, true),
            Event::Html(text) | Event::InlineHtml(text) => self.push(&text, false),
            Event::SoftBreak | Event::HardBreak => self.push("\n", false),
            Event::Rule => self.flush(),
            // The extensions that give the other events are not switched on.
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Strong => self.bold += 1,
            Tag::Emphasis => self.italic += 1,
            Tag::Strikethrough => self.strike += 1,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push((dest_url.into_string(), self.read));
            }
            Tag::Heading { .. } => {
                self.flush();
                self.heading = true;
            }
            Tag::BlockQuote(_) => {
                self.flush();
                self.quote += 1;
            }
            Tag::CodeBlock(_) => {
                self.flush();
                self.code = Some(String::new());
            }
            Tag::List(first) => {
                self.flush();
                self.lists.push(first);
            }
            Tag::Item => {
                self.flush();
                let number = self.lists.last_mut().and_then(Option::as_mut);
                self.mark = Some(number.map(|next| {
                    let number = *next;
                    *next = next.saturating_add(1);
                    number
                }));
            }
            _ => self.flush(),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong => self.bold = self.bold.saturating_sub(1),
            TagEnd::Emphasis => self.italic = self.italic.saturating_sub(1),
            TagEnd::Strikethrough => self.strike = self.strike.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => self.end_link(),
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.quote = self.quote.saturating_sub(1);
            }
            TagEnd::CodeBlock => {
                let code = self.code.take().unwrap_or_default();
                self.blocks.push(Block::Code(code.trim_end_matches('\n').to_owned()));
            }
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
            }
            _ => self.flush(),
        }
    }

    /// Writes the target behind the label, unless the label is the target.
    fn end_link(&mut self) {
        let Some((target, start)) = self.links.pop() else {
            return;
        };
        let label: String = self.spans.iter().map(|span| span.text.as_str()).collect();
        let label = label.get(label.len().saturating_sub(self.read - start)..).unwrap_or_default();
        if !target.is_empty() && target.strip_prefix("mailto:").unwrap_or(&target) != label {
            self.push(&format!(" ({target})"), false);
        }
    }

    fn push(&mut self, text: &str, code: bool) {
        self.read += text.len();
        let (bold, italic, strike) = (self.bold > 0, self.italic > 0, self.strike > 0);
        let style = Style { bold, italic, strike, code };
        match self.spans.last_mut() {
            Some(last) if last.style == style => last.text.push_str(text),
            _ => self.spans.push(Span { text: text.to_owned(), style }),
        }
    }

    fn flush(&mut self) {
        let heading = std::mem::take(&mut self.heading);
        self.read = 0;
        if self.spans.is_empty() {
            return;
        }
        let spans = std::mem::take(&mut self.spans);
        self.blocks.push(match self.mark.take() {
            _ if heading => Block::Heading(spans),
            Some(number) => Block::Item { depth: self.lists.len().saturating_sub(1), number, spans },
            None if self.quote > 0 => Block::Quote(spans),
            None => Block::Paragraph(spans),
        });
    }
}

/// The blocks as plain text, without a line end at the end.
pub fn to_text(blocks: &[Block]) -> String {
    let mut out = String::new();
    let mut in_list = false;
    for block in blocks {
        let is_item = matches!(block, Block::Item { .. });
        if !out.is_empty() {
            out.push_str(if in_list && is_item { "\n" } else { "\n\n" });
        }
        in_list = is_item;
        match block {
            Block::Heading(spans) | Block::Paragraph(spans) => push_spans(&mut out, spans),
            Block::Item { depth, number, spans } => {
                out.push_str(&"  ".repeat((*depth).min(8)));
                out.push_str(&number.map_or_else(|| "- ".to_owned(), |number| format!("{number}. ")));
                push_spans(&mut out, spans);
            }
            Block::Quote(spans) => {
                out.push_str("> ");
                push_spans(&mut out, spans);
            }
            Block::Code(text) => out.push_str(text),
        }
    }
    out
}

fn push_spans(out: &mut String, spans: &[Span]) {
    spans.iter().for_each(|span| out.push_str(&span.text));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(markdown: &str) -> String {
        to_text(&read(markdown))
    }

    #[test]
    fn blocks_keep_their_form() {
        let markdown = "# Head\n\nOne **bold** and `code`.\nNext line.\n\n- a\n- b\n  1. c\n\n> said\n\n```\nx < y\n```\n\n---\nend";
        assert_eq!(
            text(markdown),
            "Head\n\nOne bold and code.\nNext line.\n\n- a\n- b\n  1. c\n\n> said\n\nx < y\n\nend"
        );
        let style = |markdown: &str| read(markdown).into_iter().next();
        let Some(Block::Paragraph(spans)) = style("a **b** `c`") else { panic!("a paragraph") };
        assert!(!spans[0].style.bold && spans[1].style.bold && spans[3].style.code);
    }

    #[test]
    fn no_label_hides_where_it_leads() {
        assert_eq!(
            text("[https://bank.example](https://evil.example)"),
            "https://bank.example (https://evil.example)"
        );
        assert_eq!(text("see [x](javascript:alert(1)) now"), "see x (javascript:alert(1)) now");
        assert_eq!(text("<https://a.example>"), "https://a.example");
        assert_eq!(text("<a@example.net>"), "a@example.net");
        assert_eq!(text("![alt](https://a.example/p.png)"), "alt (https://a.example/p.png)");
        assert_eq!(text("[![alt](https://a/i)](https://a/l)"), "alt (https://a/i) (https://a/l)");
        assert_eq!(text("<b>x</b> <!-- c -->"), "<b>x</b> <!-- c -->");
        assert_eq!(text("<script>\nx\n</script>"), "<script>\nx\n</script>\n".trim_end());
    }
}
