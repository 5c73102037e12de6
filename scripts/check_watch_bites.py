"""Shows that each check of check-watch.py can fail: breaks a copy of the files, and looks for what it should say."""

import contextlib
import http.server
import json
import shutil
import tempfile
import threading
from pathlib import Path

RULES, CASES, PAGE = "deploy/prometheus/rules.yml", "deploy/prometheus/rules.test.yml", "docs/operations.md"
BOARD, METRICS, CONFIG = "deploy/grafana/delivery.json", "docs/metrics.md", "deploy/prometheus/prometheus.yml"
GAP = """'tidings_lane_gaps_total{job="tidings",instance="t:8085",lane="alerts"}', values:"""

# What is broken: the check that finds it, the file, what stands there, what stands there then, what the check says.
BREAKS = [
    ("names", RULES, "tidings_sending_stopped == 1", "tidings_sending_halted == 1", "has no tidings_sending_halted"),
    (
        "names",
        RULES,
        'tidings_dead_letters_total{kind="quarantine"}',
        'tidings_dead_letters_total{sort="quarantine"}',
        "no label sort",
    ),
    ("names", RULES, 'kind="quarantine"', 'kind="quarantined"', "never has kind=quarantined"),
    ("names", RULES, "changes(process_start", "rate(process_start", "does not just grow"),
    ("names", RULES, "sum without (outcome)", "sum without (result)", "has the label result"),
    ("names", RULES, "The lane {{ $labels.lane }} of", "The lane {{ $labels.stream }} of", "has the label stream"),
    ("names", RULES, "tidings_lane_stopped == 1", "tidings_lane_stopped ==", "TidingsLaneStopped: "),
    ("names", BOARD, "tidings_lane_lag", "tidings_lane_lead", "has no tidings_lane_lead"),
    ("names", BOARD, '"{{channel}} {{end}}"', '"{{channel}} {{fate}}"', "has the label fate"),
    (
        "names",
        BOARD,
        "label_values(tidings_build_info, instance)",
        "label_values(tidings_build, instance)",
        "has no tidings_build",
    ),
    ("names", METRICS, "| `tidings_epoch`", "| `tidings_era`", "has no tidings_epoch"),
    ("runbooks", PAGE, "\n### TidingsDown\n", "\n### TidingsAway\n", "TidingsDown: docs/operations.md has no section"),
    ("runbooks", PAGE, "\n### TidingsDown\n", "\n### TidingsAway\n", "there is no alert TidingsAway"),
    ("runbooks", PAGE, "**Do.** Mend the time", "Mend the time", "TidingsClockStepped: its section is not"),
    ("runbooks", RULES, "#tidingsdown", "#tidingsgone", "does not lead to #tidingsdown"),
    ("runbooks", RULES, "summary: Tidings does not answer", "summary: '{{ $value }}'", "a summary without values"),
    ("runbooks", RULES, "{ severity: info }", "{ severity: page }", "TidingsUnrouted: its severity"),
    (
        "runbooks",
        BOARD,
        "https://example.net/tidings/docs/metrics.md",
        "https://example.org/metrics.md",
        "more than one place",
    ),
    (
        "cases",
        CASES,
        "alertname: TidingsDown\n",
        "alertname: TidingsAbsent\n",
        "TidingsDown: no case in rules.test.yml in which it fires",
    ),
    (
        "cases",
        CASES,
        "eval_time: 4m, alertname: TidingsDown,",
        "eval_time: 4m, alertname: TidingsAbsent,",
        "and it is silent",
    ),
    ("cases", CASES, GAP + " '0 0 1x90'", GAP.replace("gaps", "holes") + " '0 0 1x90'", "TidingsLaneGap: no case"),
    ("panels", BOARD, '"unit": "ops"', '"unit": ""', "and a unit"),
    ("panels", BOARD, '"description": "What runs."', '"description": ""', "needs a description"),
    ("panels", BOARD, '"uid": "${datasource}"', '"uid": "prometheus"', "ask the chosen data source"),
    ("panels", BOARD, '"id": 2,', '"id": 3,', "two panels have one number"),
    ("generated", BOARD, '"refresh": "30s"', '"refresh": "5s"', "stale: delivery.json"),
    ("promtool", RULES, "for: 10m", "for: ten minutes", "check rules"),
    ("promtool", CONFIG, "job_name: tidings", "job_title: tidings", "check config"),
    ("promtool", RULES, "tidings_lane_lag > 1000", "tidings_lane_lag > 10000", "TidingsLaneBehind"),
    ("promtool", CASES, "values: '1 0x9' }", "values: '1x10' }", "TidingsDown"),
]


def broken(root, file, old, new):
    """Breaks the first such place of a copy; says whether there is one."""
    path = root / file
    text = path.read_text()
    if old not in text:
        return False
    path.write_text(text.replace(old, new, 1))
    return True


def bites(checker):
    """What was not found; nothing if every check bites and the whole files pass."""
    problems = [
        f"self-test: the files as they are: {problem}" for problem in checker.problems_of(checker.Files(checker.ROOT))
    ]
    shown = {check.__name__: 0 for check in checker.CHECKS}
    for name, file, old, new, says in BREAKS:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for part in ("deploy", "docs", "scripts"):
                shutil.copytree(checker.ROOT / part, root / part)
            check = getattr(checker, f"check_{name}")
            if not broken(root, file, old, new):
                problems.append(f"self-test: {file} does not have: {old}")
            elif not any(says in problem for problem in check(checker.Files(root))):
                problems.append(f"self-test: {check.__name__} overlooks in {file}: {new}")
            else:
                shown[check.__name__] += 1
    problems += [f"self-test: nothing shows that {name} can fail" for name, count in shown.items() if count == 0]
    problems += server_bites(checker)
    print(f"check-watch: {len(BREAKS)} breaks, and a server that has everything, too little, nonsense, or is not there")
    return problems


@contextlib.contextmanager
def served(metric, value):
    """A server that answers every query with 1, and those about a metric with another value, or with nothing."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            said = value if metric in self.path else "1"
            result = [] if said is None else [{"metric": {}, "value": [0, said]}]
            body = json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Says nothing: the check does."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def server_bites(checker):
    """A server that has everything passes; without a value for one metric, exactly what asks for that is named."""
    files, metric, problems = checker.Files(checker.ROOT), "tidings_lane_lag", []
    for value, says in (("1", None), (None, "no data"), ("NaN", "nothing but NaN")):
        with served(metric, value) as url:
            found, _ = checker.check_server(files, url, "20s", "2m")
        right = bool(found) and all(f"{says}: " in problem and metric in problem for problem in found)
        if found if says is None else not right:
            problems.append(f"self-test: a server that answers {value} for {metric}: {found}")
    try:
        checker.check_server(files, "http://127.0.0.1:1", "20s", "2m")
        problems.append("self-test: a server that is not there")
    except SystemExit:
        pass
    return problems
