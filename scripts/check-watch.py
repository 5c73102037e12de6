#!/usr/bin/env python3
"""Holds the rules, the dashboards, the metrics and the runbooks together; says what does not fit and ends with 1.

    scripts/check-watch.py                 what the files say about each other; promtool's check and test
    scripts/check-watch.py --server URL    asks a running Prometheus every query: each must return data
    scripts/check-watch.py --self-test     breaks a copy of the files in every way, and demands that it is found

It needs the packages of tests/requirements.txt, and promtool from .tools/ (scripts/tools.sh) or PATH.
"""

import argparse
import json
import math
import re
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import promql
import yaml

ROOT = Path(__file__).resolve().parent.parent

# What Prometheus itself adds.
TARGET = {"job", "instance"}
UP = {"up": ("gauge", {})}

ALERT_SEVERITIES = {"critical", "warning", "info"}
# What each section of a runbook has, in this order.
RUNBOOK_PARTS = ["**Means.**", "**Look at.**", "**Do.**"]
ANSWERS_WITHIN_SECONDS = 10


class Files:
    """The files as they are below a folder."""

    def __init__(self, root):
        self.root = root
        self.page = (root / "docs/operations.md").read_text()
        self.rules_text = (root / "deploy/prometheus/rules.yml").read_text()
        groups = yaml.safe_load(self.rules_text)["groups"]
        self.rules = [rule for group in groups for rule in group["rules"]]
        self.alerts = {rule["alert"]: rule for rule in self.rules if "alert" in rule}
        self.recorded = {rule["record"]: rule["expr"] for rule in self.rules if "record" in rule}
        self.cases = yaml.safe_load((root / "deploy/prometheus/rules.test.yml").read_text())["tests"]
        boards = sorted((root / "deploy/grafana").glob("*.json"))
        self.dashboards = {path.name: json.loads(path.read_text()) for path in boards}
        self.documented = documented((root / "docs/metrics.md").read_text())
        self.metrics = with_parts({**self.documented, **UP})


def documented(page):
    """The metrics of docs/metrics.md: type, and for each label the words it may have, or None where these are names."""
    metrics = {}
    for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (?:\w*) \|", page, re.MULTILINE):
        values = {}
        for names, what in re.findall(r"((?:`\w+`(?:, )?)+) \(([^)]*)\)", labels):
            names, parts = re.findall(r"\w+", names), what.split("; ")
            if parts[1:2] == names[1:2] != []:
                # Each label by itself: the first has these words, the others whatever a request brought.
                values.update(dict.fromkeys(names))
                what, names = parts[0], names[:1]
            is_open = re.match(r"each |this ", what)
            words = None if is_open else set(re.findall(r"\w+", what))
            values.update(dict.fromkeys(names, words))
        metrics[name] = (kind, values)
    return metrics


def with_parts(metrics):
    """With what Prometheus makes of histograms."""
    parts = {}
    for name, (kind, labels) in metrics.items():
        if kind == "histogram":
            parts[f"{name}_bucket"] = ("counter", {**labels, "le": None})
            parts[f"{name}_count"] = parts[f"{name}_sum"] = ("counter", labels)
        else:
            parts[name] = (kind, labels)
    return parts


def queries(files):
    """Every query of every dashboard: where it stands, the expression, its legend."""
    for name, board in files.dashboards.items():
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                where = f"{name}: {panel['title']} {target['refId']}"
                yield where, target["expr"], target.get("legendFormat", "")
        for mark in board["annotations"]["list"]:
            yield f"{name}: mark {mark['name']}", mark["expr"], ""
        for variable in board["templating"]["list"]:
            query = variable["query"]["query"] if variable["type"] == "query" else ""
            asked = re.match(r"label_values\((.*), (\w+)\)$", query)
            if asked:
                yield f"{name}: variable {variable['name']}", asked[1], f"{{{{{asked[2]}}}}}"


def filled(query, rate_interval="1m", span="5m"):
    """A query with values in place of the dashboard's variables."""
    for name, value in {
        "$__rate_interval": rate_interval,
        "$__range": span,
        "$instance": ".+",
        "$channel": ".+",
        "$audience": ".+",
    }.items():
        query = query.replace(name, value)
    return query


def labels_of(expression, files):
    """The labels that the series of an expression may have, those of recorded rules included."""
    names = promql.named(promql.read(expression))
    labels = TARGET | names.made
    for metric, _ in names.metrics:
        if metric in files.recorded:
            labels |= labels_of(files.recorded[metric], files)
        else:
            labels |= set(files.metrics.get(metric, ("", {}))[1])
    return labels


def unknown_names(where, expression, shown, files):
    """Metrics, labels and words that nothing has; `shown` are the labels that a text around it shows."""
    try:
        names = promql.named(promql.read(expression))
    except ValueError as error:
        return [f"{where}: {error}"]
    problems, known = [], labels_of(expression, files)
    for metric, matchers in names.metrics:
        if metric not in files.metrics and metric not in files.recorded:
            problems.append(f"{where}: docs/metrics.md has no {metric}")
            continue
        kind, labels = files.metrics.get(metric, ("gauge", {}))
        own = labels_of(metric, files)
        if metric in names.grown and kind != "counter":
            problems.append(f"{where}: {metric} is a {kind}, which does not just grow")
        for label, _, value in matchers:
            if label not in own:
                problems.append(f"{where}: {metric} has no label {label}")
            wrong = set(value.split("|")) - labels[label] if labels.get(label) and "." not in value else set()
            problems += [f"{where}: {metric} never has {label}={word}" for word in sorted(wrong)]
    wrong = sorted((names.labels | set(shown)) - known)
    return problems + [f"{where}: no metric there has the label {label}" for label in wrong]


def check_names(files):
    """Every metric and label that rules and dashboards name is documented."""
    problems = []
    for rule in files.rules:
        texts = " ".join(rule.get("annotations", {}).values())
        shown = re.findall(r"\$labels\.(\w+)", texts)
        problems += unknown_names(rule.get("alert") or rule["record"], rule["expr"], shown, files)
    for where, query, legend in queries(files):
        problems += unknown_names(where, filled(query), re.findall(r"\{\{(\w+)\}\}", legend), files)
    return problems


def check_runbooks(files):
    """Every alert says what is wrong and leads to its section, which has all its parts; no section is left over."""
    sections = dict(re.findall(r"^### (Tidings\w+)\n(.*?)(?=^#|\Z)", files.page, re.MULTILINE | re.DOTALL))
    problems = [f"docs/operations.md: there is no alert {name}" for name in sections if name not in files.alerts]
    bases = set()
    for name, alert in files.alerts.items():
        notes, section = alert.get("annotations", {}), sections.get(name)
        if not notes.get("summary") or "{{" in notes["summary"] or not notes.get("description"):
            problems.append(f"{name}: needs a description, and a summary without values")
        if alert.get("labels", {}).get("severity") not in ALERT_SEVERITIES:
            problems.append(f"{name}: its severity is none of {sorted(ALERT_SEVERITIES)}")
        base, _, anchor = notes.get("runbook_url", "").partition("/operations.md#")
        bases.add(base)
        if anchor != name.lower():
            problems.append(f"{name}: runbook_url does not lead to #{name.lower()}")
        if section is None:
            problems.append(f"{name}: docs/operations.md has no section of that name")
        elif re.findall(r"^\*\*[A-Z][a-z ]+\.\*\*", section, re.MULTILINE) != RUNBOOK_PARTS:
            problems.append(f"{name}: its section is not {', '.join(RUNBOOK_PARTS)}")
    links = {link["url"] for board in files.dashboards.values() for link in board["links"] if link["url"]}
    bases |= {link.rpartition("/")[0] for link in links}
    return problems + ([f"pages are published in more than one place: {sorted(bases)}"] if len(bases) > 1 else [])


def check_cases(files):
    """Every alert is shown to fire, and to stay silent although its metrics are there."""
    problems = []
    for name, alert in files.alerts.items():
        heard = metrics_under(alert["expr"], files)
        fires = silent = False
        for case in files.cases:
            fed = {re.match(r"[\w:]+", series["series"])[0] for series in case["input_series"]}
            for asked in case.get("alert_rule_test", []):
                if asked["alertname"] == name:
                    fires |= bool(asked["exp_alerts"])
                    silent |= not asked["exp_alerts"] and heard <= fed
        problems += [] if fires else [f"{name}: no case in rules.test.yml in which it fires"]
        problems += (
            [] if silent else [f"{name}: no case in rules.test.yml in which its metrics are there and it is silent"]
        )
    return problems


def metrics_under(expression, files):
    """The metrics of an expression, those behind recorded rules in place of these."""
    found = set()
    for metric, _ in promql.named(promql.read(expression)).metrics:
        found |= metrics_under(files.recorded[metric], files) if metric in files.recorded else {metric}
    return found


def check_panels(files):
    """Every panel says what it shows, and in which unit; everything asks the source that the reader chose."""
    problems = []
    for name, board in files.dashboards.items():
        for panel in board["panels"]:
            is_told = panel.get("description") and panel["fieldConfig"]["defaults"].get("unit")
            if panel["type"] != "row" and not is_told:
                problems.append(f"{name}: {panel['title']}: needs a description and a unit")
        if len({panel["id"] for panel in board["panels"]}) != len(board["panels"]):
            problems.append(f"{name}: two panels have one number")
        if any(source.get("uid") != "${datasource}" for source in sources(board)):
            problems.append(f"{name}: something does not ask the chosen data source")
    return problems


def sources(node):
    """Every data source that something in a dashboard asks."""
    if isinstance(node, dict):
        yield from [node["datasource"]] if "datasource" in node else []
        node = list(node.values())
    for part in node if isinstance(node, list) else []:
        yield from sources(part)


def check_generated(files):
    """The dashboards are what their generator writes."""
    return ran([sys.executable, "-B", "scripts/dashboard.py", "--check"], files.root)


def check_promtool(files):
    """Prometheus' own tool finds nothing, and every case comes out as it says."""
    tool = next((path for path in [ROOT / ".tools/debian/usr/bin/promtool"] if path.is_file()), None)
    tool = str(
        tool or shutil.which("promtool") or sys.exit("check-watch: promtool is missing: run scripts/tools.sh debian")
    )
    folder = files.root / "deploy/prometheus"
    found = ran([tool, "check", "rules", "--lint=all", "--lint-fatal", "rules.yml"], folder)
    found += ran([tool, "check", "config", "--syntax-only", "prometheus.yml"], folder)
    return found or ran([tool, "test", "rules", "rules.test.yml"], folder)


def ran(command, folder):
    """Nothing if the command is content, else what it said."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip()
    return [] if done.returncode == 0 else [f"{Path(command[0]).name} {' '.join(command[1:])}:\n{said}"]


CHECKS = [check_names, check_runbooks, check_cases, check_panels, check_generated, check_promtool]


def problems_of(files):
    return [problem for check in CHECKS for problem in check(files)]


def ask(server, expression):
    """The values that an instant query returns."""
    url = f"{server.rstrip('/')}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    try:
        with urllib.request.urlopen(url, timeout=ANSWERS_WITHIN_SECONDS) as answer:
            data = json.load(answer)["data"]
    except OSError as error:
        sys.exit(f"check-watch: {server}: {error}: {expression}")
    return [float(series["value"][1]) for series in data["result"]]


def check_server(files, server, rate_interval, span):
    """Every query, and every rule without its comparison, has a value there that is a number; and how many."""
    asked = [(rule.get("alert") or rule["record"], rule["expr"]) for rule in files.rules]
    asked += [(where, filled(query, rate_interval, span)) for where, query, _ in queries(files)]
    problems, count = [], 0
    for where, expression in asked:
        for part in promql.compared(promql.read(expression)):
            count += 1
            values = ask(server, part)
            if not values or all(math.isnan(value) for value in values):
                problems.append(f"{where}: {'no data' if not values else 'nothing but NaN'}: {' '.join(part.split())}")
    return problems, f"{count} expressions asked"


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--server", metavar="URL", help="ask this Prometheus every query")
    options.add_argument("--rate-interval", default="20s", help="in place of $__rate_interval (20s)")
    options.add_argument("--range", default="2m", dest="span", help="in place of $__range (2m)")
    options.add_argument("--self-test", action="store_true", help="show that each check can fail")
    wanted = options.parse_args()
    if wanted.self_test:
        import check_watch_bites

        problems = check_watch_bites.bites(sys.modules[__name__])
    elif wanted.server:
        problems, said = check_server(Files(ROOT), wanted.server, wanted.rate_interval, wanted.span)
        print(f"check-watch: {said}")
    else:
        files = Files(ROOT)
        problems = problems_of(files)
        print(f"check-watch: {len(files.alerts)} alerts, {len(files.cases)} cases, {len(list(queries(files)))} queries")
    for problem in problems:
        print(f"check-watch: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
