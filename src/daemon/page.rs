//! Small pages for people who follow a link: plain HTML without a script, a style or anything from elsewhere.

use crate::deliver::{escape, visible};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, StatusCode, header};

/// Nothing is fetched, nothing runs, nobody frames it, and what is sent goes back to where it came from.
const POLICY: &str = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A page in the making: every text that goes in is escaped.
pub(super) struct Page {
    title: String,
    body: String,
}

impl Page {
    /// A page with this heading.
    pub(super) fn new(title: &str) -> Page {
        let title = escape(title);
        Page { body: format!("<h1>{title}</h1>\n"), title }
    }

    /// A paragraph.
    pub(super) fn para(mut self, text: &str) -> Page {
        self.body.push_str(&format!("<p>{}</p>\n", escape(text)));
        self
    }

    /// A text as it is, line by line.
    pub(super) fn quoted(mut self, text: &str) -> Page {
        self.body.push_str(&format!("<pre>{}</pre>\n", escape(text)));
        self
    }

    /// The one button: it posts to the page's own address.
    pub(super) fn button(mut self, label: &str) -> Page {
        let label = escape(label);
        self.body
            .push_str(&format!("<form method=\"post\"><button type=\"submit\">{label}</button></form>\n"));
        self
    }

    /// The page as an answer: not kept, not listed, not framed, and telling nobody from where its reader comes.
    pub(super) fn answer(self, status: StatusCode) -> Response {
        let headers: [(HeaderName, &str); 7] = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
        ];
        (status, headers, self.html()).into_response()
    }

    fn html(&self) -> String {
        let Page { title, body } = self;
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"robots\" content=\"noindex\">\n\
             <title>{title}</title>\n</head>\n<body>\n{body}</body>\n</html>\n"
        )
    }
}

/// The text where nothing in it is mark-up, and nothing is invisible.
fn escape(text: &str) -> String {
    escape::html(&visible::lines(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::conformance::injection;

    #[test]
    fn no_text_becomes_markup() {
        let plain = Page::new("a").para("a").quoted("a").button("a").html();
        let tags = |html: &str| html.matches('<').count();
        for text in injection::corpus() {
            let html = Page::new(&text).para(&text).quoted(&text).button(&text).html();
            assert_eq!(tags(&html), tags(&plain), "{text:?}");
            assert_eq!(html.matches('"').count(), plain.matches('"').count(), "{text:?}");
            assert!(!html.contains('\u{202E}') && !html.contains('\0'), "{text:?}");
        }
    }
}
