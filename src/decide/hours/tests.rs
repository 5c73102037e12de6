//! Windows of local time: midnight, both days on which the clock changes, and what never begins or ends.

use super::{Hours, Window};
use crate::event::Time;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

const EVERY_DAY: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

fn window(days: &[Weekday], text: &str, zone: &str) -> Window {
    let minutes = |text: &str| {
        let (hours, minutes) = text.split_once(':').unwrap();
        hours.parse::<u16>().unwrap() * 60 + minutes.parse::<u16>().unwrap()
    };
    let (from, to) = text.split_once('-').unwrap();
    Window { days: days.to_vec(), from: minutes(from), to: minutes(to), zone: TimeZone::get(zone).unwrap() }
}

fn hours(days: &[Weekday], text: &str, zone: &str) -> Hours {
    Hours::new(vec![window(days, text, zone)])
}

fn at(text: &str) -> Time {
    Time::parse(text).unwrap().unwrap()
}

/// What holds at `now` began at `began` and ends at `ends`.
fn holds(hours: &Hours, now: &str, began: &str, ends: &str) {
    assert!(hours.holds(at(now)), "{now}");
    assert_eq!(hours.began(at(now)), Some(at(began)), "{now}");
    assert_eq!(hours.next_change(at(now)), Some(at(ends)), "{now}");
}

/// What does not hold at `now` begins at `begins`.
fn rests(hours: &Hours, now: &str, begins: &str) {
    assert!(!hours.holds(at(now)), "{now}");
    assert_eq!(hours.began(at(now)), None, "{now}");
    assert_eq!(hours.next_change(at(now)), Some(at(begins)), "{now}");
}

#[test]
fn office_hours_are_local_and_rest_at_the_weekend() {
    let office = hours(&EVERY_DAY[..5], "09:00-17:00", "Europe/Berlin");
    rests(&office, "2026-11-23T07:59:59Z", "2026-11-23T08:00:00Z");
    holds(&office, "2026-11-23T08:00:00Z", "2026-11-23T08:00:00Z", "2026-11-23T16:00:00Z");
    holds(&office, "2026-11-23T15:59:59Z", "2026-11-23T08:00:00Z", "2026-11-23T16:00:00Z");
    rests(&office, "2026-11-23T16:00:00Z", "2026-11-24T08:00:00Z");
    rests(&office, "2026-11-27T16:00:00Z", "2026-11-30T08:00:00Z");
    // Across the weekend of the clock change Monday's nine o'clock is an hour later in UTC.
    rests(&office, "2026-10-23T20:00:00Z", "2026-10-26T08:00:00Z");
    holds(&office, "2026-10-23T08:00:00Z", "2026-10-23T07:00:00Z", "2026-10-23T15:00:00Z");
}

#[test]
fn a_window_past_midnight_belongs_to_its_start_day() {
    let night = hours(&[Weekday::Saturday], "22:00-06:00", "Europe/Berlin");
    holds(&night, "2026-11-22T04:00:00Z", "2026-11-21T21:00:00Z", "2026-11-22T05:00:00Z");
    rests(&night, "2026-11-21T04:00:00Z", "2026-11-21T21:00:00Z");
    rests(&night, "2026-11-22T21:30:00Z", "2026-11-28T21:00:00Z");
}

#[test]
fn a_window_may_end_or_begin_at_midnight() {
    let evening = hours(&[Weekday::Monday], "20:00-24:00", "Europe/Berlin");
    holds(&evening, "2026-11-23T22:59:59Z", "2026-11-23T19:00:00Z", "2026-11-23T23:00:00Z");
    rests(&evening, "2026-11-23T23:00:00Z", "2026-11-30T19:00:00Z");
    let same = hours(&[Weekday::Monday], "20:00-00:00", "Europe/Berlin");
    holds(&same, "2026-11-23T22:59:59Z", "2026-11-23T19:00:00Z", "2026-11-23T23:00:00Z");
    let midnight = hours(&[Weekday::Monday], "00:00-01:00", "Europe/Berlin");
    holds(&midnight, "2026-11-22T23:00:00Z", "2026-11-22T23:00:00Z", "2026-11-23T00:00:00Z");
}

#[test]
fn a_whole_day_has_as_many_hours_as_it_has() {
    let sunday = hours(&[Weekday::Sunday], "00:00-24:00", "Europe/Berlin");
    holds(&sunday, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
    holds(&sunday, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
    let weekend = hours(&EVERY_DAY[5..], "00:00-24:00", "America/New_York");
    holds(&weekend, "2026-03-08T12:00:00Z", "2026-03-07T05:00:00Z", "2026-03-09T04:00:00Z");
    holds(&weekend, "2026-11-01T12:00:00Z", "2026-10-31T04:00:00Z", "2026-11-02T05:00:00Z");
}

#[test]
fn what_always_holds_never_changes() {
    for zone in ["Europe/Berlin", "America/New_York", "Pacific/Apia"] {
        let always = hours(&EVERY_DAY, "00:00-24:00", zone);
        for now in ["2026-03-29T00:59:59Z", "2026-11-01T06:30:00Z", "2011-12-30T10:00:00Z"] {
            assert!(always.holds(at(now)));
            assert_eq!(
                (always.next_change(at(now)), always.began(at(now))),
                (None, Some(Time::EPOCH)),
                "{now}"
            );
        }
    }
    let never = hours(&[], "09:00-17:00", "Europe/Berlin");
    assert_eq!((never.next_change(at("2026-03-29T00:59:59Z")), never.holds(Time::EPOCH)), (None, false));
}

#[test]
fn a_start_that_berlins_spring_skips_is_the_first_instant_after_it() {
    // On 29 March 2026 the clock goes from 02:00 to 03:00, at 01:00 UTC.
    let early = hours(&[Weekday::Sunday], "02:30-06:00", "Europe/Berlin");
    rests(&early, "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z");
    holds(&early, "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T04:00:00Z");
    let end = hours(&[Weekday::Sunday], "01:00-02:30", "Europe/Berlin");
    holds(&end, "2026-03-29T00:30:00Z", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z");
    // What lies wholly in what is skipped is not on that day.
    let skipped = hours(&[Weekday::Sunday], "02:15-02:45", "Europe/Berlin");
    rests(&skipped, "2026-03-28T12:00:00Z", "2026-04-05T00:15:00Z");
}

#[test]
fn what_berlins_autumn_repeats_counts_from_the_first() {
    // On 25 October 2026 the hour from 02:00 occurs from 00:00 UTC and again from 01:00 UTC.
    let start = hours(&[Weekday::Sunday], "02:30-06:00", "Europe/Berlin");
    rests(&start, "2026-10-25T00:29:59Z", "2026-10-25T00:30:00Z");
    holds(&start, "2026-10-25T01:10:00Z", "2026-10-25T00:30:00Z", "2026-10-25T05:00:00Z");
    let end = hours(&[Weekday::Sunday], "01:00-02:30", "Europe/Berlin");
    holds(&end, "2026-10-25T00:00:00Z", "2026-10-24T23:00:00Z", "2026-10-25T00:30:00Z");
    rests(&end, "2026-10-25T01:10:00Z", "2026-11-01T00:00:00Z");
}

#[test]
fn new_york_changes_its_clock_on_other_days() {
    // On 8 March 2026 from 02:00 to 03:00, at 07:00 UTC; on 1 November back from 02:00 to 01:00, at 06:00 UTC.
    let early = hours(&[Weekday::Sunday], "02:30-06:00", "America/New_York");
    holds(&early, "2026-03-08T07:00:00Z", "2026-03-08T07:00:00Z", "2026-03-08T10:00:00Z");
    rests(&early, "2026-03-08T06:59:59Z", "2026-03-08T07:00:00Z");
    let twice = hours(&[Weekday::Sunday], "01:30-03:00", "America/New_York");
    holds(&twice, "2026-11-01T06:10:00Z", "2026-11-01T05:30:00Z", "2026-11-01T08:00:00Z");
    rests(&twice, "2026-11-01T05:29:59Z", "2026-11-01T05:30:00Z");
    let night = hours(&[Weekday::Saturday], "22:00-06:00", "America/New_York");
    holds(&night, "2026-11-01T06:00:00Z", "2026-11-01T02:00:00Z", "2026-11-01T11:00:00Z");
    holds(&night, "2026-03-08T07:00:00Z", "2026-03-08T03:00:00Z", "2026-03-08T10:00:00Z");
}

#[test]
fn windows_that_adjoin_or_overlap_are_one_stretch() {
    let berlin = |days, text| window(days, text, "Europe/Berlin");
    let both = Hours::new(vec![
        berlin(&[Weekday::Monday], "09:00-12:00"),
        berlin(&[Weekday::Monday], "12:00-14:00"),
        window(&[Weekday::Monday], "08:00-12:00", "America/New_York"),
    ]);
    holds(&both, "2026-11-23T11:30:00Z", "2026-11-23T08:00:00Z", "2026-11-23T17:00:00Z");
    // Nothing but half an hour is missing in the week, and that is what the spring skips.
    let nearly = Hours::new(vec![
        berlin(&EVERY_DAY[..6], "00:00-24:00"),
        berlin(&[Weekday::Sunday], "00:00-02:15"),
        berlin(&[Weekday::Sunday], "02:45-24:00"),
    ]);
    holds(&nearly, "2026-03-29T01:00:00Z", "2026-03-22T01:45:00Z", "2026-04-05T00:15:00Z");
}

proptest::proptest! {
    #[test]
    fn nothing_changes_before_the_next_change(
        ms in 1_700_000_000_000_i64..1_900_000_000_000,
        from in 0_u16..1440,
        to in 1_u16..=1440,
        days in proptest::sample::subsequence(EVERY_DAY.to_vec(), 1..=7),
        zone in proptest::sample::select(vec!["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
        part in 0_u64..1000,
    ) {
        let window = Window { days, from, to, zone: TimeZone::get(zone).unwrap() };
        let (hours, now) = (Hours::new(vec![window]), Time::from_millis(ms));
        if let Some(next) = hours.next_change(now) {
            let between = now + crate::event::Span::from_millis(next.since(now).millis() * part / 1000);
            proptest::prop_assert_eq!(hours.holds(between), hours.holds(now));
            proptest::prop_assert_eq!(hours.holds(next), !hours.holds(now));
        }
        if let Some(began) = hours.began(now).filter(|began| *began > Time::EPOCH) {
            proptest::prop_assert!(hours.holds(began));
            proptest::prop_assert!(!hours.holds(began - crate::event::Span::from_millis(1)));
        }
    }
}
