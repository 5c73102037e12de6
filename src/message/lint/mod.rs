//! R23: what an approver is warned of before a text goes out: words that speculate, blame, promise, belittle or betray.
//!
//! A remark forbids nothing. It says which words were found, where, and what would be better.

mod find;
mod words;

#[cfg(test)]
mod tests;

use self::find::{is_machine, lower, phrase, sentences};
use self::words::{APOLOGY, FRAME, FUTURE, MENDING, PHRASES, WHEN, WORDS_TOO};
use super::{Message, slot, told};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeSet;

/// What is wrong with some words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It says what nobody knows.
    Speculation,
    /// It says whose fault it is.
    Blame,
    /// It names a person.
    Person,
    /// It names what only insiders know by that name.
    InternalName,
    /// It promises when it will be mended.
    RepairTime,
    /// It makes it small.
    Minimising,
    /// It uses the words of those who mend it.
    Jargon,
    /// It says sorry for nothing in particular.
    HollowApology,
    /// It says sorry again.
    RepeatedApology,
    /// It says nothing that was not said before.
    NoNews,
}

/// A text that is to go out. It may hold slots, and the body is Markdown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Draft<'a> {
    /// The title.
    pub title: &'a str,
    /// The short text.
    pub short: &'a str,
    /// The body.
    pub body: &'a str,
}

/// What is known beside the text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// Names of people: of contacts, and those that the case names.
    pub people: &'a [&'a str],
    /// Ids of components.
    pub components: &'a [&'a str],
    /// Values of the case's labels, and other names from inside, such as the incident's own id.
    pub labels: &'a [&'a str],
    /// Public names of components: a word of theirs is no internal name.
    pub public: &'a [&'a str],
    /// What the same audience was told last.
    pub last: Option<Draft<'a>>,
}

/// One remark on a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// What is wrong.
    pub fault: Fault,
    /// The words found.
    pub words: Box<str>,
    /// In which part: `title`, `short`, `body`.
    pub part: &'static str,
    /// The sentence that they stand in.
    pub sentence: Box<str>,
    /// What would be better.
    pub better: &'static str,
}

impl<'a> From<&'a Message> for Draft<'a> {
    fn from(message: &'a Message) -> Draft<'a> {
        Draft { title: &message.title, short: &message.short, body: &message.body }
    }
}

/// Every remark on a text, in the order of the text; the same words are remarked on once.
pub fn lint(text: &Draft<'_>, known: &Known<'_>) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let plain = Plain::of(text);
    for (part, text) in [("title", &plain.title), ("body", &plain.body), ("short", &plain.short)] {
        for sentence in sentences(text) {
            Sentence::new(part, sentence).judge(known, &mut remarks);
        }
    }
    let last = known.last.as_ref().map(Plain::of);
    apologies(&plain, last.as_ref(), &mut remarks);
    remarks.extend(last.and_then(|last| no_news(&plain, &last)));
    let mut seen = BTreeSet::new();
    remarks.retain(|remark| seen.insert((remark.fault, lower(&remark.words))));
    remarks
}

/// The parts of a text as people read them.
struct Plain {
    title: String,
    short: String,
    body: String,
}

impl Plain {
    fn of(text: &Draft<'_>) -> Plain {
        let filling = slot::Filling { zone: TimeZone::UTC, next_update: None, delay: None };
        let filled = |text| slot::fill(text, &filling).into_owned();
        Plain { title: filled(text.title), short: filled(text.short), body: told::plain(&filled(text.body)) }
    }
}

/// One sentence and its words, as they are written and in lower case.
struct Sentence<'a> {
    part: &'static str,
    text: &'a str,
    words: Vec<&'a str>,
    lower: Vec<String>,
}

impl<'a> Sentence<'a> {
    fn new(part: &'static str, text: &'a str) -> Sentence<'a> {
        let words = find::words(text);
        let lower = words.iter().map(|word| lower(word)).collect();
        Sentence { part, text, words, lower }
    }

    fn remark(&self, fault: Fault, (at, count): (usize, usize)) -> Remark {
        let words = self.words[at..at + count].join(" ").into();
        Remark { fault, words, part: self.part, sentence: self.text.into(), better: fault.better() }
    }

    fn judge(&self, known: &Known<'_>, remarks: &mut Vec<Remark>) {
        let found = |fault: Fault, phrases: &[&str]| {
            let all = phrases.iter().filter_map(|wanted| phrase(&self.lower, wanted));
            all.map(|place| self.remark(fault, place)).collect::<Vec<_>>()
        };
        remarks.extend(PHRASES.iter().flat_map(|(fault, phrases)| found(*fault, phrases)));
        remarks.extend(self.repair_time());
        remarks.extend(self.people(known));
        remarks.extend(self.internal_names(known));
    }

    /// A promise of when it is over needs all three: the future, the mending and the time.
    fn repair_time(&self) -> Option<Remark> {
        let any = |phrases: &[&str]| phrases.iter().find_map(|wanted| phrase(&self.lower, wanted));
        any(FUTURE)?;
        any(MENDING)?;
        let (at, count) = any(WHEN)?;
        // "As soon as we know more" is no time.
        let conditional = self.lower[at] == "soon" && at > 0 && self.lower[at - 1] == "as";
        (!conditional).then(|| self.remark(Fault::RepairTime, (at, count)))
    }

    fn people(&self, known: &Known<'_>) -> Vec<Remark> {
        let mut found = Vec::new();
        for name in known.people {
            let parts: Vec<String> = find::words(name).into_iter().map(lower).collect();
            if let Some(place) = phrase(&self.lower, &parts.join(" ")).filter(|_| !parts.is_empty()) {
                let capital = parts.len() > 1 || self.is_name(place.0);
                found.extend(capital.then(|| self.remark(Fault::Person, place)));
                continue;
            }
            // Alone, a first or last name is one only where it is written as such.
            let plain = |part: &str| part.chars().count() > 2 && !WORDS_TOO.contains(&part);
            let part = |part: &String| plain(part) && self.lower.contains(part);
            let place = parts.iter().find(|one| part(one)).and_then(|one| phrase(&self.lower, one));
            found.extend(
                place.filter(|(at, _)| self.is_name(*at)).map(|place| self.remark(Fault::Person, place)),
            );
        }
        found
    }

    fn is_name(&self, at: usize) -> bool {
        self.words[at].starts_with(char::is_uppercase)
    }

    fn internal_names(&self, known: &Known<'_>) -> Vec<Remark> {
        let listed = |names: &[&str], word: &str| names.iter().any(|name| lower(name) == word);
        let public = |word: &str| {
            known.public.iter().any(|name| find::words(name).into_iter().any(|part| lower(part) == word))
        };
        // A label's value that is a word like any other, such as `payments`, says nothing of the inside.
        let odd = |word: &str| word.contains(|c: char| !c.is_alphabetic());
        let internal = |at: &usize| {
            let word = self.lower[*at].as_str();
            let named = listed(known.components, word) || (odd(word) && listed(known.labels, word));
            (named && !public(word)) || is_machine(self.words[*at])
        };
        let places = (0..self.words.len()).filter(internal);
        places.map(|at| self.remark(Fault::InternalName, (at, 1))).collect()
    }

    fn apology(&self) -> Option<(usize, usize)> {
        APOLOGY.iter().find_map(|wanted| phrase(&self.lower, wanted))
    }
}

/// A second apology, in this text or after one in the last.
fn apologies(text: &Plain, last: Option<&Plain>, remarks: &mut Vec<Remark>) {
    let said_before = last.is_some_and(|last| {
        sentences(&last.body).into_iter().any(|text| Sentence::new("body", text).apology().is_some())
    });
    let all = sentences(&text.body).into_iter().map(|text| Sentence::new("body", text));
    let mut found = all.filter_map(|sentence| sentence.apology().map(|place| (sentence, place)));
    let again = if said_before { found.next() } else { found.nth(1) };
    remarks.extend(again.map(|(sentence, place)| sentence.remark(Fault::RepeatedApology, place)));
}

/// Nothing but what the last text said, whatever the times are.
fn no_news(text: &Plain, last: &Plain) -> Option<Remark> {
    let is_said = |sentence: &String| !sentence.is_empty() && !FRAME.contains(&sentence.as_str());
    let said = |text: &Plain| sentences(&text.body).into_iter().map(without_numbers).collect::<BTreeSet<_>>();
    let (new, old) = (said(text), said(last));
    let mut new = new.into_iter().filter(is_said).peekable();
    new.peek()?;
    if !new.all(|sentence| old.contains(&sentence)) {
        return None;
    }
    let first = sentences(&text.body).into_iter().find(|text| is_said(&without_numbers(text)))?;
    let sentence = Sentence::new("body", first);
    let all = (0, sentence.words.len());
    Some(sentence.remark(Fault::NoNews, all))
}

fn without_numbers(sentence: &str) -> String {
    let words = find::words(sentence).into_iter().map(lower);
    let words: Vec<String> = words.filter(|word| !word.starts_with(|c: char| c.is_ascii_digit())).collect();
    words.join(" ")
}
