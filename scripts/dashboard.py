#!/usr/bin/env python3
"""Writes the dashboards in deploy/grafana, a function for each and for its rows; `--check` fails if one is stale.

Dashboards query metrics and no recorded rules, so that they work wherever Tidings is scraped.
"""

import json
import sys
from pathlib import Path

from panels import (
    AUDIENCES,
    BAD,
    CHOSEN,
    FAILED,
    GOOD,
    STREAMS,
    TOLD,
    WORRY,
    age,
    dashboard,
    grown,
    heartbeat_age,
    lines,
    mark,
    of,
    quantile,
    rate,
    states,
    steps,
    tile,
    words,
)

FOLDER = Path(__file__).resolve().parent.parent / "deploy" / "grafana"


def now():
    paused_or_down = f"sum({of('tidings_channel_paused')}) + sum({of('tidings_channel_down')})"
    unread = f"sum({of('tidings_lane_connected', STREAMS)} == bool 0) + sum({of('tidings_lane_stopped')})"
    refused = f"max({of('tidings_config_last_reload_successful')} == bool 0)"
    files = f"max({of('tidings_config_running_on_last_accepted')}) + {refused}"
    beat = f"max({heartbeat_age()})"
    none, some = steps((1, WORRY)), steps((1, BAD))
    as_written = words(
        v0=("as in the files", GOOD), v1=("mistakes: the one before", WORRY), v2=("mistakes: the last accepted", WORRY)
    )
    sending = words(v0=("sends", GOOD), v1=("stopped", BAD))
    oldest = f"max({age('tidings_deliveries_oldest_pending_timestamp_seconds')})"
    return [
        tile(
            "Oldest undelivered",
            "How long the message that has waited longest has waited. 0: nothing waits.",
            oldest,
            steps((60, WORRY), (120, BAD)),
            unit="s",
        ),
        tile("Pending", "Messages that were decided and have not ended.", f"sum({of('tidings_deliveries_pending')})"),
        tile(
            "Dead letters",
            "Messages given up, bytes that were no event, inputs set aside, in the time that is shown.",
            f"sum({grown('tidings_dead_letters_total')})",
            some,
        ),
        tile("Channels held back", "Channels that are paused or cannot be set up.", paused_or_down, none),
        tile("Lanes not read", "Lanes without their stream, or that wait for a person.", unread, some),
        tile(
            "Sending",
            "Stopped: the daemon ended three times at one input, see TidingsSendingStopped.",
            f"max({of('tidings_sending_stopped')})",
            mappings=sending,
        ),
        tile(
            "Heartbeat",
            "How long ago a heartbeat came through from event to channel; 0 where none is configured.",
            beat,
            unit="s",
        ),
        tile(
            "Room",
            "Bytes left to the journal before new events are refused.",
            f"min({of('tidings_journal_room_bytes')})",
            unit="bytes",
        ),
        tile("Configuration", "Which configuration is in force.", files, mappings=as_written),
        tile(
            "Sum of deliveries",
            "Whether decided deliveries are those ended and pending: a broken sum is a defect.",
            f"max({of('tidings_sum_law_broken')})",
            mappings=words(v0=("adds up", GOOD), v1=("broken", BAD)),
        ),
        tile("Cases open", "Groups of alerts and incidents that are not over.", f"sum({of('tidings_cases_open')})"),
        tile(
            "Version", "What runs.", f"max by (version) ({of('tidings_build_info')})", legend="{{version}}", show="name"
        ),
    ]


def flow():
    decided = (f"sum({rate('tidings_deliveries_decided_total')})", "decided")
    ended = (f"sum by (end) ({rate('tidings_deliveries_total')})", "{{end}}")
    delay = "tidings_notification_delay_seconds"
    return [
        lines(
            "Events",
            "What came in, by what became of it. Unchanged: an alert sent again.",
            "ops",
            (f"sum by (outcome) ({rate('tidings_events_total')})", "{{outcome}}"),
            stack=True,
        ),
        lines(
            "Deliveries",
            "Messages decided, and how they ended. Decided and not ended is pending.",
            "ops",
            decided,
            ended,
        ),
        lines(
            "Withheld",
            "Messages decided and held back, by the reason: throttled and ceiling come in a digest later.",
            "ops",
            (f"sum by (reason) ({rate('tidings_withheld_total')})", "{{reason}}"),
            stack=True,
        ),
        lines(
            "From event to provider",
            "From the event that caused a message until a provider accepted it, over five minutes. Waiting counts.",
            "s",
            (quantile(0.5, delay, ["severity"], CHOSEN), "{{severity}} median"),
            (quantile(0.99, delay, ["severity"], CHOSEN), "{{severity}} 99 %"),
        ),
    ]


def waiting():
    dead = f"sum by (kind) ({grown('tidings_dead_letters_total')})"
    oldest = f"max by (severity) ({age('tidings_deliveries_oldest_pending_timestamp_seconds')})"
    return [
        lines(
            "Oldest undelivered",
            "How long the oldest pending message of each severity has waited; 0 when none waits.",
            "s",
            (oldest, "{{severity}}"),
            width=8,
        ),
        lines(
            "Pending",
            "Messages that were decided and have not ended, by channel.",
            "short",
            (f"sum by (channel) ({of('tidings_deliveries_pending', CHOSEN)})", "{{channel}}"),
            width=8,
        ),
        lines(
            "Dead letters",
            "Messages given up, bytes that were no event, inputs set aside, in a time as long as that shown.",
            "short",
            (dead, "{{kind}}"),
            width=8,
        ),
    ]


def channels():
    attempts, took = "tidings_delivery_attempts_total", "tidings_delivery_attempt_duration_seconds"
    failed = f"topk(10, sum by (channel, result, reason) ({rate(attempts, CHOSEN, FAILED)}))"
    down = f"max by (channel) ({of('tidings_channel_down', CHOSEN)})"
    state = f"max by (channel) ({of('tidings_channel_paused', CHOSEN)}) + 2 * {down}"
    held = words(v0=("open", GOOD), v1=("paused", WORRY), v2=("down", BAD), v3=("paused and down", BAD))
    return [
        states(
            "State",
            "Paused: held back by its health or by hand. Down: a secret is missing.",
            state,
            "{{channel}}",
            held,
        ),
        lines(
            "Ends",
            "Deliveries that ended, by channel and how.",
            "ops",
            (f"sum by (channel, end) ({rate('tidings_deliveries_total', CHOSEN)})", "{{channel}} {{end}}"),
        ),
        lines(
            "Attempts that failed",
            "The ten most frequent. Unknown: something may have arrived all the same.",
            "ops",
            (failed, "{{channel}} {{result}}: {{reason}}"),
        ),
        lines(
            "How long attempts take",
            "Over five minutes. A channel's `timeout` bounds it.",
            "s",
            (quantile(0.5, took, ["channel"], CHOSEN), "{{channel}} median"),
            (quantile(0.99, took, ["channel"], CHOSEN), "{{channel}} 99 %"),
        ),
    ]


def ways_in():
    connected = f"max by (lane) ({of('tidings_lane_connected', STREAMS)} == bool 0)"
    state = f"{connected} + 2 * max by (lane) ({of('tidings_lane_stopped')})"
    reading = words(
        v0=("reads", GOOD), v1=("no stream", BAD), v2=("waits for a person", BAD), v3=("waits for a person", BAD)
    )
    requests = "tidings_http_request_duration_seconds"
    odd = [
        ("tidings_unrouted_total", "match no row"),
        ("tidings_unknown_severity_total", "unknown severity"),
        ("tidings_leases_lost_total", "no longer reported"),
    ]
    per_lane = [("tidings_lane_gaps_total", "gaps"), ("tidings_lane_other_type_total", "other type")]
    return [
        states(
            "Lanes",
            "No stream: NATS cannot be reached. Waits for a person: the stream was made anew.",
            state,
            "{{lane}}",
            reading,
        ),
        lines(
            "Lag",
            "Messages that are stored and not yet read. Rising and not falling: see TidingsLaneBehind.",
            "short",
            (f"max by (lane) ({of('tidings_lane_lag')})", "{{lane}}"),
        ),
        lines(
            "Events by lane",
            "Where events come from.",
            "ops",
            (f"sum by (lane) ({rate('tidings_events_total')})", "{{lane}}"),
            stack=True,
        ),
        lines(
            "What is odd about events",
            "By lane, gaps: messages that went missing; other type: incidents among alerts, or the reverse.",
            "ops",
            *[(f"sum({rate(name)})", text) for name, text in odd],
            *[(f"sum by (lane) ({rate(name)})", "{{lane}}: " + text) for name, text in per_lane],
        ),
        lines(
            "Requests",
            "HTTP requests by what was asked and what was answered. 503: turned away.",
            "reqps",
            (f"sum by (handler, code) ({rate(requests + '_count')})", "{{handler}} {{code}}"),
        ),
        lines(
            "How long requests take",
            "The 99th percentile over five minutes. Events are answered when they are on disk.",
            "s",
            (quantile(0.99, requests, ["handler"]), "{{handler}}"),
        ),
    ]


def journal():
    append, decide = "tidings_journal_append_duration_seconds", "tidings_batch_decide_duration_seconds"
    return [
        lines(
            "Becoming durable",
            "How long an entry took to be on disk. Every answer and every message waits for that.",
            "s",
            (quantile(0.5, append, []), "median"),
            (quantile(0.99, append, []), "99 %"),
            width=8,
        ),
        lines(
            "Deciding",
            "How long a batch of inputs took to be decided.",
            "s",
            (quantile(0.5, decide, []), "median"),
            (quantile(0.99, decide, []), "99 %"),
            width=8,
        ),
        lines(
            "Entries", "Entries a second.", "ops", (f"sum({rate('tidings_journal_entries_total')})", "entries"), width=8
        ),
        lines(
            "Growth",
            "Bytes of entries a second: what to size the disk by.",
            "Bps",
            (f"sum({rate('tidings_journal_bytes_total')})", "bytes"),
            width=8,
        ),
        lines(
            "Room",
            "Bytes left before new events are refused.",
            "bytes",
            (f"min by (instance) ({of('tidings_journal_room_bytes')})", "{{instance}}"),
            width=8,
        ),
        lines(
            "Age of the snapshot",
            "How long ago State was last kept: a start folds every entry after it.",
            "s",
            (f"max by (instance) ({age('tidings_snapshot_last_success_timestamp_seconds')})", "{{instance}}"),
            width=8,
        ),
    ]


def daemon():
    ours = f"on (job, instance) group_left () {of('tidings_build_info')}"
    files = f"{of('process_open_fds')} / {of('process_max_fds')} * {ours}"
    beat = f"max by (instance) ({heartbeat_age()})"
    return [
        lines(
            "Heartbeat",
            "Its age against its interval; both 0 where none is configured.",
            "s",
            (beat, "{{instance}} age"),
            (f"max by (instance) ({of('tidings_heartbeat_interval_seconds')})", "{{instance}} interval"),
            width=8,
        ),
        lines(
            "Pings",
            "Pings of the address outside that complains when they stop, by how it answered.",
            "ops",
            (f"sum by (result) ({rate('tidings_heartbeat_pings_total')})", "{{result}}"),
            width=8,
        ),
        lines(
            "Alerts in memory",
            "Lost: their sender fell silent.",
            "short",
            (f"sum by (state) ({of('tidings_alerts')})", "{{state}}"),
            width=8,
        ),
        lines(
            "Memory",
            "Memory of the process that is resident.",
            "bytes",
            (f"{of('process_resident_memory_bytes')} * {ours}", "{{instance}}"),
            width=8,
        ),
        lines(
            "Processor",
            "Cores in use.",
            "short",
            (f"{rate('process_cpu_seconds_total')} * {ours}", "{{instance}}"),
            width=8,
        ),
        lines(
            "Files and connections",
            "Open, as a share of how many may be open.",
            "percentunit",
            (files, "{{instance}}"),
            width=8,
        ),
    ]


def delivery():
    """For the people on call: does what comes in get out, and if not, where does it stick?"""
    rows = [
        ("Now", now()),
        ("From event to message", flow()),
        ("What waits", waiting()),
        ("Channels", channels()),
        ("Ways in", ways_in()),
        ("The journal", journal()),
        ("The daemon", daemon()),
    ]
    marks = [
        mark("Starts", "blue", f"changes({of('tidings_epoch')}[1m]) > 0", "Tidings started"),
        mark(
            "Configurations", "purple", f"changes({of('tidings_config_hash')}[1m]) > 0", "Another configuration holds"
        ),
        mark("Clock steps", "red", f"increase({of('tidings_clock_steps_total')}[1m]) > 0", "The wall clock jumped"),
    ]
    return dashboard("tidings-delivery", "Tidings / Delivery", delivery.__doc__, rows, marks)


def kept():
    ended = "tidings_promises_total"
    missed, late = 'end="missed"', 'end="late"'
    some, none = steps((1, BAD)), steps((1, WORRY))
    return [
        tile(
            "Promises missed",
            "Promises of a next word that were not kept, counted by person, in the time that is shown.",
            f"sum({grown(ended, TOLD, missed)})",
            some,
        ),
        tile(
            "Promises late",
            "Promises that were kept, but late, counted by person, in the time that is shown.",
            f"sum({grown(ended, TOLD, late)})",
            none,
        ),
        tile(
            "First words missed",
            "Times that an audience was not told within the time that its row states, in the time that is shown.",
            f"sum({grown('tidings_first_words_missed_total', TOLD)})",
            some,
        ),
        tile(
            "Waiting for approval",
            "Words to outsiders that somebody must approve before they leave, or before an agreed text does.",
            f"sum({of('tidings_words_held', APPROVAL)})",
            none,
        ),
        tile(
            "Escalations",
            "Times that a case was escalated, in the time that is shown.",
            f"sum({grown('tidings_escalations_total')})",
        ),
        tile(
            "Most told person",
            "The most messages that one person was handed in 24 hours. Who is told too much reads nothing.",
            f"max({of('tidings_person_messages_day_max')})",
            steps((25, WORRY), (50, BAD)),
        ),
    ]


def first_words():
    first = "tidings_first_word_seconds"
    return [
        lines(
            "First word by audience",
            "From the receipt of what opened a case until its first word was handed over, over five minutes.",
            "s",
            (quantile(0.5, first, ["audience"], TOLD), "{{audience}} median"),
            (quantile(0.95, first, ["audience"], TOLD), "{{audience}} 95 %"),
        ),
        lines(
            "First word by severity",
            "The same, over all chosen audiences. The worst severity should be the fastest.",
            "s",
            (quantile(0.5, first, ["severity"], TOLD), "{{severity}} median"),
            (quantile(0.95, first, ["severity"], TOLD), "{{severity}} 95 %"),
        ),
        lines(
            "First words missed",
            "Audiences that were not told within `first_within`, in a time as long as that shown.",
            "short",
            (f"sum by (audience) ({grown('tidings_first_words_missed_total', TOLD)})", "{{audience}}"),
        ),
        lines(
            "Told of",
            "Cases that are going on, by the audience that is told of them.",
            "short",
            (f"sum by (audience) ({of('tidings_open_briefings', TOLD)})", "{{audience}}"),
            stack=True,
        ),
    ]


def promises():
    ended = f"sum by (audience, end) ({grown('tidings_promises_total', TOLD)})"
    return [
        lines(
            "Promises made",
            "Messages that promised an audience a next word, in a time as long as that shown.",
            "short",
            (f"sum by (audience) ({grown('tidings_promises_made_total', TOLD)})", "{{audience}}"),
            width=8,
        ),
        lines(
            "Promises ended",
            "Promises to single persons, by how they ended. Late is worse than kept; missed is told to the owner.",
            "short",
            (ended, "{{audience}} {{end}}"),
            width=8,
        ),
        lines(
            "What was said",
            "Messages that were decided, by what they are for. Many holding updates: nobody writes news.",
            "short",
            (f"sum by (kind) ({grown('tidings_updates_total', TOLD)})", "{{kind}}"),
            width=8,
            stack=True,
        ),
    ]


def waits():
    return [
        lines(
            "Words that wait",
            "Approval: nobody has looked at it. After: others hear it first. Hold: the end must hold before it is said.",
            "short",
            (f"sum by (reason) ({of('tidings_words_held')})", "{{reason}}"),
            width=8,
        ),
        lines(
            "Escalations",
            "By what they were for, in a time as long as that shown.",
            "short",
            (f"sum by (cause) ({grown('tidings_escalations_total')})", "{{cause}}"),
            width=8,
        ),
        lines(
            "Told too much",
            "Persons who were handed at least so many messages in 24 hours; names are in `tidings timeline` alone.",
            "short",
            (f"max by (at_least) ({of('tidings_persons_by_messages_day')})", "{{at_least}} and more"),
            width=8,
        ),
    ]


APPROVAL = 'reason="approval"'


def stakeholders():
    """For whoever answers for it: was everybody told in time, as often as was promised, and not too often?"""
    rows = [
        ("Now", kept()),
        ("Who was told how fast", first_words()),
        ("Promises", promises()),
        ("What waits, and what was too much", waits()),
    ]
    marks = [
        mark("Starts", "blue", f"changes({of('tidings_epoch')}[1m]) > 0", "Tidings started"),
        mark(
            "Configurations", "purple", f"changes({of('tidings_config_hash')}[1m]) > 0", "Another configuration holds"
        ),
    ]
    return dashboard(
        "tidings-stakeholders", "Tidings / Stakeholders", stakeholders.__doc__, rows, marks, chosen=AUDIENCES
    )


DASHBOARDS = {"delivery.json": delivery, "stakeholders.json": stakeholders}


def written(make):
    return json.dumps(make(), indent=2, ensure_ascii=False) + "\n"


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit("usage: scripts/dashboard.py [--check]")
    stale = [name for name, make in DASHBOARDS.items() if check and (FOLDER / name).read_text() != written(make)]
    if stale:
        sys.exit(f"dashboard: stale: {', '.join(stale)}; run scripts/dashboard.py")
    if not check:
        for name, make in DASHBOARDS.items():
            (FOLDER / name).write_text(written(make))


if __name__ == "__main__":
    main()
