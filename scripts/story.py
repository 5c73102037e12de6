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

# What each lane is called, whose words stand in it, and by which of their channels: all of them but those of other lanes.
LANES = [
    ("Responders", "payments/oncall", None),
    ("Executives", "executives", None),
    ("Support desk", "support", None),
    ("Customers", "customers", "mail"),
    ("Partners", "customers", "partner"),
]
CHANNELS = {"ops-chat": "chat", "sms": "SMS", "mail": "mail", "partner": "signed webhook"}
STAGES = {
    "investigating": "looking for the cause",
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

WIDTH, LEFT, RIGHT = 800, 128, 780
STAGE_TOP, STAGE_HEIGHT = 62, 26
LANE_TOP, LANE_HEIGHT = 112, 50
LEGEND_TOP = LANE_TOP + len(LANES) * LANE_HEIGHT + 44
HEIGHT = LEGEND_TOP + 44
MINUTES = 122

STYLE = """
svg { --page: #ffffff; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --lane: #f6f8fa;
  --first: #0969da; --update: #0969da; --promise: #b6d7fb; --ask: #9a6700; --wait: #f0d58a; --end: #1a7f37;
  --s1: #ffd8d3; --s2: #fde8b5; --s3: #d3ecd8; --s4: #aadcb6 }
@media (prefers-color-scheme: dark) {
  svg { --page: #0d1117; --ink: #f0f6fc; --soft: #9198a1; --line: #3d444d; --lane: #151b23;
    --first: #4493f8; --update: #4493f8; --promise: #1b4373; --ask: #e3b341; --wait: #5f4a12; --end: #3fb950;
    --s1: #6b2522; --s2: #5a4511; --s3: #1d4527; --s4: #25632f }
}
text { font: 13px system-ui, -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; fill: var(--ink) }
.name { font-weight: 600 } .head { font-size: 16px; font-weight: 600 } .small { font-size: 11px; fill: var(--soft) }
.stage { font-size: 12px }
""".strip()


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

    def text(self, x, y, words, style="", anchor="start"):
        self.add(f'<text x="{x}" y="{y}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>')

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
        "opening": f'<circle cx="{x}" cy="{y}" r="6.5" fill="var(--first)"/>',
        "update": f'<path d="M{x} {y - 6.5}l6.5 6.5l-6.5 6.5l-6.5 -6.5z" fill="var(--update)"/>',
        "holding": f'<circle cx="{x}" cy="{y}" r="5" fill="var(--page)" stroke="var(--update)" stroke-width="2.5"/>',
        "resolution": f'<rect x="{x - 7}" y="{y - 7}" width="14" height="14" rx="3" fill="var(--end)"/>'
        f'<path d="M{x - 3.6} {y + 0.2}l2.6 2.8l4.8 -5.6" fill="none" stroke="var(--page)" stroke-width="2"/>',
        "asked": f'<circle cx="{x}" cy="{y}" r="3" fill="var(--page)" stroke="var(--ask)" stroke-width="1.8"/>',
        "approved": f'<path d="M{x - 3.5} {y}l2.8 3l5 -6.4" fill="none" stroke="var(--ask)" stroke-width="2.2"/>',
        "acknowledged": f'<path d="M{x} {y - 6}v-13h10l-3 3.5l3 3.5h-10" fill="var(--end)" stroke="var(--end)"/>',
    }
    return f"<g><title>{escape(title)}</title>{forms[kind]}</g>"


def axis(picture):
    bottom = LANE_TOP + len(LANES) * LANE_HEIGHT
    for minute in range(0, 121, 30):
        x = picture.x(minute)
        picture.add(f'<path d="M{x} {STAGE_TOP + STAGE_HEIGHT}V{bottom}" stroke="var(--line)" stroke-dasharray="2 4"/>')
        picture.text(x, bottom + 17, clock(minute), "small", "middle")


def stages(picture):
    begun = [(picture.minute(step["at"]), step["stage"]) for step in picture.story["steps"] if "stage" in step]
    ends = [minute for minute, _ in begun[1:]] + [MINUTES]
    picture.text(16, STAGE_TOP + 17, "The incident", "name")
    for number, ((begin, stage), end) in enumerate(zip(begun, ends), 1):
        x, width = picture.x(begin), round(picture.x(end) - picture.x(begin) - 2, 1)
        picture.add(
            f'<rect x="{x}" y="{STAGE_TOP}" width="{width}" height="{STAGE_HEIGHT}" rx="4" fill="var(--s{number})"/>'
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
            f'<rect x="{x}" y="{y - 4}" width="{width}" height="8" rx="4" fill="var(--promise)">'
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
                f'<rect x="{begin}" y="{y - 3}" width="{round(end - begin, 1)}" height="6" fill="var(--wait)"/>',
            )
            picture.add(mark("approved", end, y, f"approved at {clock(minute)}"))
            asked = None


def lane(picture, number, name, audience, channel):
    top = LANE_TOP + number * LANE_HEIGHT
    y = top + 30
    words = list(picture.words(audience, channel))
    ways = {to["channel"] for _, message in words for to in message["to"] if channel in (None, to["channel"])}
    used = [CHANNELS[way] for way in CHANNELS if way in ways]
    if number % 2 == 0:
        picture.add(f'<rect x="8" y="{top}" width="{WIDTH - 16}" height="{LANE_HEIGHT}" fill="var(--lane)"/>')
    picture.text(16, top + 24, name, "name")
    picture.text(16, top + 39, ", ".join(used), "small")
    promises(picture, words, y)
    if channel != "partner":
        approvals(picture, audience, top + 12)
    for minute, message in words:
        title = f"{KINDS[message['kind']]} at {clock(minute)}: {message.get('title', '')}"
        picture.add(mark(message["kind"], picture.x(minute), y, title))
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
        ("approved", "given"),
    ]
    x, y = 24, LEGEND_TOP
    for kind, words in entries:
        picture.add(mark(kind, x, y + (10 if kind == "acknowledged" else 0), words))
        picture.text(x + 14, y + 4, words, "small")
        x += 30 + len(words) * 6
    picture.add(f'<rect x="{x}" y="{y - 4}" width="34" height="8" rx="4" fill="var(--promise)"/>')
    picture.text(x + 40, y + 4, "promise kept", "small")


def drawn(story):
    picture = Picture(story)
    axis(picture)
    stages(picture)
    for number, (name, audience, channel) in enumerate(LANES):
        lane(picture, number, name, audience, channel)
    legend(picture)
    body = "\n".join(picture.parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-labelledby="title about">\n{body}\n</svg>\n'
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
