#!/usr/bin/env python3
"""Draws docs/sev1/story.svg, the two hours of an incident, from their timeline; `--check` fails if it is stale.

The timeline, docs/sev1/story.json, is written by a test: nothing that is drawn is said here but what things are called.
"""

import json
import sys
from datetime import datetime
from html import escape
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "sev1"

TITLE = "Two hours of an incident: who was told what, and when"

# What each lane is called, whose words stand in it, and by which of their channels, where it is not by any.
LANES = [
    ("Responders", "payments/oncall", None),
    ("Executives", "executives", None),
    ("Support desk", "support", None),
    ("Customers", "customers", "mail"),
    ("Partners", "customers", "partner"),
]
CHANNELS = {"ops-chat": "chat", "sms": "SMS", "mail": "mail", "partner": "signed webhook"}
STAGES = {
    "investigating": "investigating",
    "identified": "cause known",
    "monitoring": "mended, watched",
    "resolved": "over",
}
KINDS = {
    "opening": "first word",
    "update": "update",
    "holding": "holding update",
    "resolution": "it is over",
}

WIDTH, LEFT, RIGHT = 800, 128, 782
STAGE_TOP, STAGE_HEIGHT = 50, 26
LANE_TOP, LANE_HEIGHT = 86, 58
LANES_END = LANE_TOP + len(LANES) * LANE_HEIGHT
LEGEND_TOP = LANES_END + 46
HEIGHT = LEGEND_TOP + 22
MINUTES = 122

# Colours by what they are for, on a light and on a dark ground. Each is a class, and with `-line` one for strokes:
# not everything that shows pictures knows variables of styles.
COLOURS = {
    "page": ("#ffffff", "#0d1117"),
    "lane": ("#f6f8fa", "#151b23"),
    "grid": ("#d1d9e0", "#3d444d"),
    "word": ("#0969da", "#4493f8"),
    "kept": ("#b6d7fb", "#1b4373"),
    "late": ("#ffb3ab", "#8c2f28"),
    "ask": ("#9a6700", "#e3b341"),
    "wait": ("#f0d58a", "#5f4a12"),
    "end": ("#1a7f37", "#3fb950"),
    "stage1": ("#ffd8d3", "#6b2522"),
    "stage2": ("#fde8b5", "#5a4511"),
    "stage3": ("#d3ecd8", "#1d4527"),
    "stage4": ("#aadcb6", "#25632f"),
    "ink": ("#1f2328", "#f0f6fc"),
    "soft": ("#59636e", "#9198a1"),
}
FONTS = """
text { font: 13px system-ui, -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif }
.head { font-size: 16px; font-weight: 600 } .name { font-weight: 600 } .stage { font-size: 12px }
.small { font-size: 11px } .quote { font-size: 11px; font-style: italic }
""".strip()


def style():
    """The classes, and what they become on a dark ground."""

    def classes(ground):
        colours = ((name, both[ground]) for name, both in COLOURS.items())
        return " ".join(f".{name} {{ fill: {value} }} .{name}-line {{ stroke: {value} }}" for name, value in colours)

    return f"{FONTS}\n{classes(0)}\n@media (prefers-color-scheme: dark) {{ {classes(1)} }}"


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


class Picture:
    """The parts of the picture, in the order in which they are drawn."""

    def __init__(self, story):
        self.story = story
        self.opened = instant(story["opened_at"])
        self.parts = []

    def minute(self, at):
        """So many minutes after the beginning."""
        return (instant(at) - self.opened).total_seconds() / 60

    def x(self, minute):
        return round(LEFT + (RIGHT - LEFT) * minute / MINUTES, 1)

    def add(self, part):
        self.parts.append(part)

    def text(self, x, y, words, form, anchor="start"):
        colour = "soft" if form in ("small", "quote") else "ink"
        self.add(f'<text x="{x}" y="{y}" class="{form} {colour}" text-anchor="{anchor}">{escape(words)}</text>')

    def words(self, audience, channel):
        """The messages to an audience that were handed over by the channel, or by any, each with its minute."""
        for step in self.story["steps"]:
            message = step.get("message")
            if not message or step.get("audience") != audience or message["kind"] not in KINDS:
                continue
            handed = [to for to in message["to"] if to["end"] == "delivered" and channel in (None, to["channel"])]
            if handed:
                yield min(self.minute(to["at"]) for to in handed), message


def clock(minute):
    """A time after the beginning: `0:08`, `1:45`."""
    return f"{int(minute) // 60}:{int(minute) % 60:02}"


def mark(kind, x, y, title):
    """The mark of a message, or of an answer: form and colour both say what it is."""
    forms = {
        "opening": f'<circle cx="{x}" cy="{y}" r="6.5" class="word"/>',
        "update": f'<path d="M{x} {y - 6.5}l6.5 6.5l-6.5 6.5l-6.5 -6.5z" class="word"/>',
        "holding": f'<circle cx="{x}" cy="{y}" r="5" class="page word-line" stroke-width="2.5"/>',
        "resolution": f'<rect x="{x - 7}" y="{y - 7}" width="14" height="14" rx="3" class="end"/>'
        f'<path d="M{x - 3.6} {y + 0.2}l2.6 2.8l4.8 -5.6" fill="none" class="page-line" stroke-width="2"/>',
        "asked": f'<circle cx="{x}" cy="{y}" r="3" class="page ask-line" stroke-width="1.8"/>',
        "approved": f'<path d="M{x - 3.5} {y}l2.8 3l5 -6.4" fill="none" class="ask-line" stroke-width="2.2"/>',
        "acknowledged": f'<path d="M{x} {y - 6}v-13h10l-3 3.5l3 3.5h-10" class="end end-line"/>',
    }
    return f"<g><title>{escape(title)}</title>{forms[kind]}</g>"


def ground(picture):
    """The lanes and the hours."""
    for number in range(0, len(LANES), 2):
        top = LANE_TOP + number * LANE_HEIGHT
        picture.add(f'<rect x="8" y="{top}" width="{WIDTH - 16}" height="{LANE_HEIGHT}" class="lane"/>')
    for minute in range(0, 121, 30):
        x = picture.x(minute)
        picture.add(f'<path d="M{x} {LANE_TOP}V{LANES_END}" class="grid-line" stroke-dasharray="2 4"/>')
        picture.text(x, LANES_END + 16, clock(minute), "small", "middle")
    picture.text(16, LANES_END + 16, "hours, minutes", "small")


def stages(picture):
    begun = [(picture.minute(step["at"]), step["stage"]) for step in picture.story["steps"] if "stage" in step]
    ends = [minute for minute, _ in begun[1:]] + [MINUTES]
    picture.text(16, STAGE_TOP + 17, "The incident", "name")
    for number, ((begin, stage), end) in enumerate(zip(begun, ends), 1):
        x, width = picture.x(begin), round(picture.x(end) - picture.x(begin) - 2, 1)
        picture.add(
            f'<rect x="{x}" y="{STAGE_TOP}" width="{width}" height="{STAGE_HEIGHT}" rx="4" class="stage{number}"/>'
        )
        picture.text(x + 8, STAGE_TOP + 17, STAGES[stage], "stage")


def promises(picture, words, y):
    """A bar from each message that promises the next to the one that keeps it."""
    for (begin, message), (end, _) in zip(words, words[1:]):
        if "next_update" not in message:
            continue
        due = picture.minute(message["next_update"])
        kept = "kept" if end <= due + 1 else "late"
        x, width = picture.x(begin), round(picture.x(end) - picture.x(begin), 1)
        title = f"promised at {clock(begin)} for {clock(due)}, {kept} at {clock(end)}"
        picture.add(
            f'<rect x="{x}" y="{y - 4}" width="{width}" height="8" rx="4" class="{kept}">'
            f"<title>{title}</title></rect>"
        )


def approvals(picture, audience, y):
    """Above the words: from when approval was asked for until it was given."""
    asked = None
    for step in picture.story["steps"]:
        if step.get("audience") != audience:
            continue
        minute = picture.minute(step["at"])
        if step["what"] == "approval_asked":
            asked = minute if asked is None else asked
            picture.add(mark("asked", picture.x(minute), y, f"approval asked at {clock(minute)}"))
        elif step["what"] == "approved" and asked is not None:
            begin, end = picture.x(asked), picture.x(minute)
            picture.parts.insert(
                0,
                f'<rect x="{begin}" y="{y - 3}" width="{round(end - begin, 1)}" height="6" class="wait"/>',
            )
            picture.add(mark("approved", end, y, f"approved at {clock(minute)}"))
            asked = None


def quotes(picture, words, channel, y):
    """What the first word called it, and the news of the last update."""
    begin, first = words[0]
    if channel == "partner":
        return picture.text(picture.x(begin) - 5, y, "the same facts, for machines", "quote")
    updates = [(minute, message) for minute, message in words if message["kind"] == "update"]
    news = [(minute, message["body"].split("\n\n")[1]) for minute, message in updates[-1:]]
    for minute, text in [(begin, first["title"]), *news]:
        picture.text(picture.x(minute) - 5, y, f"“{text}”", "quote")


def lane(picture, number, name, audience, channel):
    top = LANE_TOP + number * LANE_HEIGHT
    y = top + 24
    words = list(picture.words(audience, channel))
    ways = {to["channel"] for _, message in words for to in message["to"] if channel in (None, to["channel"])}
    used = [CHANNELS[way] for way in CHANNELS if way in ways]
    picture.text(16, top + 26, name, "name")
    picture.text(16, top + 42, ", ".join(used), "small")
    promises(picture, words, y)
    if channel != "partner":
        approvals(picture, audience, top + 9)
    for minute, message in words:
        title = f"{KINDS[message['kind']]} at {clock(minute)}: {message.get('title', '')}"
        picture.add(mark(message["kind"], picture.x(minute), y, title))
    quotes(picture, words, channel, top + 48)
    if number == 0:
        for step in picture.story["steps"]:
            if step["what"] == "acknowledged":
                minute = picture.minute(step["at"])
                picture.add(mark("acknowledged", picture.x(minute), y, f"taken on at {clock(minute)}"))


def legend(picture):
    entries = [
        ("opening", "first word"),
        ("update", "update"),
        ("holding", "holding update"),
        ("resolution", "it is over"),
        ("acknowledged", "taken on"),
        ("asked", "approval asked"),
        ("approved", "approved"),
    ]
    x, y = 26, LEGEND_TOP
    for kind, words in entries:
        flag = kind == "acknowledged"
        picture.add(mark(kind, x - 5 if flag else x, y + 12 if flag else y, words))
        picture.text(x + 12, y + 4, words, "small")
        x += round(36 + len(words) * 5.6)
    picture.add(f'<rect x="{x - 6}" y="{y - 4}" width="30" height="8" rx="4" class="kept"/>')
    picture.text(x + 30, y + 4, "promise, kept", "small")


def in_words(picture):
    """What the picture shows, for those who do not see it."""
    said = []
    for name, audience, channel in LANES:
        words = list(picture.words(audience, channel))
        parts = []
        for kind, what in KINDS.items():
            times = [clock(minute) for minute, message in words if message["kind"] == kind]
            parts += [f"{what} {', '.join(times)}"] if times else []
        said.append(f"{name}: {'; '.join(parts)}.")
    return (
        "Two hours from left to right, the stages of the incident on top, a lane for each audience below. "
        + " ".join(said)
        + " Bars between the words are promises of the next one. Customers and partners hear what somebody has approved,"
        " and holding updates in words that were agreed on before."
    )


def head(picture):
    """What the picture is called and says; its style and its ground."""
    return "\n".join(
        [
            f'<title id="title">{TITLE}</title>',
            f'<desc id="about">{escape(in_words(picture))}</desc>',
            f"<style>{style()}</style>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" class="page"/>',
        ]
    )


def drawn(story):
    picture = Picture(story)
    picture.text(16, 30, TITLE, "head")
    ground(picture)
    stages(picture)
    for number, (name, audience, channel) in enumerate(LANES):
        lane(picture, number, name, audience, channel)
    legend(picture)
    body = "\n".join(picture.parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-labelledby="title about">\n{head(picture)}\n{body}\n</svg>\n'
    )


def main():
    picture = drawn(json.loads((FOLDER / "story.json").read_text()))
    path = FOLDER / "story.svg"
    if "--check" not in sys.argv:
        path.write_text(picture)
    elif not path.exists() or path.read_text() != picture:
        sys.exit("docs/sev1/story.svg is stale: `make docs` draws it again")


if __name__ == "__main__":
    main()
