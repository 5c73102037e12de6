//! Markdown of unknown origin as HTML that is safe to open: no raw HTML, no images, no hidden link targets.

pub(super) use crate::deliver::escape::html as escape;
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd, html};

/// The text as HTML. Raw HTML is shown as it was written; only `http` and `https` links work, and each is shown with
/// its whole address, so that none can say one place and lead to another; an image is its description.
pub(super) fn body(markdown: &str) -> String {
    let parser = Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let mut events = Vec::new();
    let mut links = Links::default();
    for event in parser {
        links.read(event, &mut events);
    }
    let mut out = String::with_capacity(markdown.len() * 2);
    html::push_html(&mut out, events.into_iter());
    out
}

/// What is open while the text is read.
#[derive(Default)]
struct Links {
    /// Where each open link leads, if it may.
    open: Vec<Option<String>>,
    /// Whether the open link has been written already, so that its text is not written again.
    written: bool,
}

impl Links {
    fn read<'a>(&mut self, event: Event<'a>, out: &mut Vec<Event<'a>>) {
        match event {
            Event::End(TagEnd::Link) => self.close(out),
            _ if self.written => {}
            Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                let target = is_page(&dest_url).then(|| dest_url.to_string());
                if let (LinkType::Autolink, Some(url)) = (link_type, &target) {
                    out.push(Event::InlineHtml(anchor(url).into()));
                    self.written = true;
                }
                self.open.push(target);
            }
            Event::Html(text) | Event::InlineHtml(text) => out.push(Event::Text(text)),
            Event::Start(Tag::HtmlBlock) => out.push(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => out.push(Event::End(TagEnd::Paragraph)),
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => {}
            event => out.push(event),
        }
    }

    fn close(&mut self, out: &mut Vec<Event<'_>>) {
        let target = self.open.pop().flatten();
        if !std::mem::take(&mut self.written)
            && let Some(url) = target
        {
            out.push(Event::InlineHtml(format!(" ({})", anchor(&url)).into()));
        }
    }
}

/// A link that shows where it leads; `url` must have passed [`is_page`].
pub(super) fn anchor(url: &str) -> String {
    let url = escape(url);
    format!("<a href=\"{url}\" rel=\"noopener noreferrer\" style=\"color:#0b57d0\">{url}</a>")
}

/// Whether a link may lead there: a page of the web, and nothing that could end the attribute or hide in it.
pub(super) fn is_page(url: &str) -> bool {
    let starts = |scheme: &str| url.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
    (starts("https://") || starts("http://"))
        && url.chars().all(|c| !c.is_whitespace() && crate::deliver::visible::is_visible(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_keeps_its_form() {
        let html = body("**5xx** at `12 %`\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |");
        for part in ["<strong>5xx</strong>", "<code>12 %</code>", "<li>one</li>", "<td>2</td>"] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn raw_html_is_shown_and_does_nothing() {
        for raw in [
            "<script>alert(1)</script>",
            "text <img src=x onerror=alert(1)> text",
            "<!-- hidden -->",
            "<div\nonclick=x>\n\n# t",
            "<svg/onload=alert(1)>",
        ] {
            let html = body(raw);
            for tag in ["<script", "<img", "<!--", "<div", "<svg"] {
                assert!(!html.contains(tag), "{raw} became {html}");
            }
        }
    }

    #[test]
    fn links_show_where_they_lead() {
        let html = body("[your bank](https://evil.example/?a=1&b=2)");
        assert!(html.contains("your bank (<a href=\"https://evil.example/?a=1&amp;b=2\""), "{html}");
        assert_eq!(body("<https://ok.example>").matches("https://ok.example").count(), 2);
        for dead in [
            "[x](javascript:alert(1))",
            "[x](JAVASCRIPT:alert(1))",
            "[x](data:text/html,hi)",
            "<javascript:alert(1)>",
            "[x](//evil.example)",
            "<mara@example.net>",
            "[x]: vbscript:1\n\n[x]",
        ] {
            assert!(!body(dead).contains("<a "), "{dead} became {}", body(dead));
        }
    }

    #[test]
    fn images_are_their_descriptions() {
        let html = body("![a **graph**](https://track.example/1.png)");
        assert!(!html.contains("track.example") && html.contains("graph"), "{html}");
    }
}
