"""The shapes that dashboards are made of: queries over what the reader has chosen, panels, rows, variables.

A panel is a title, a sentence on what it shows and when to worry, a unit, and queries with their legends. Places follow
from the order.
"""

# Where docs/ is published: the same address as in deploy/prometheus/rules.yml.
PAGES = "https://example.net/tidings/docs"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
HEIGHT, WIDTH = 8, 24

GOOD, WORRY, BAD = "green", "orange", "red"


def of(metric, *matchers):
    """The series of a metric that the reader has chosen."""
    chosen = ",".join(['instance=~"$instance"', *matchers])
    return f"{metric}{{{chosen}}}"


def rate(metric, *matchers):
    """How often a second a counter grows."""
    return f"rate({of(metric, *matchers)}[$__rate_interval])"


def grown(metric, *matchers):
    """By how much a counter has grown in the time that is shown."""
    return f"increase({of(metric, *matchers)}[$__range])"


def quantile(share, metric, by, *matchers):
    """A quantile of a histogram over five minutes: messages are rare, and shorter windows are often empty."""
    labels = ", ".join(["le", *by])
    return f"histogram_quantile({share}, sum by ({labels}) (rate({of(metric + '_bucket', *matchers)}[5m])))"


def age(metric):
    """How long ago a time was; 0 where the time is 0, which stands for never."""
    return f"(time() - {of(metric)}) * ({of(metric)} > bool 0)"


def heartbeat_age():
    """How long ago a heartbeat came through; 0 where none is configured."""
    configured = f"({of('tidings_heartbeat_interval_seconds')} > bool 0)"
    return f"(time() - {of('tidings_heartbeat_last_success_timestamp_seconds')}) * {configured}"


# The reader's choice of channels, and of audiences.
CHOSEN = 'channel=~"$channel"'
TOLD = 'audience=~"$audience"'
FAILED = 'result!="accepted"'
# The lanes of HTTP have no stream to be connected to.
STREAMS = 'lane!~"http-(alerts|incidents)"'


def targets(queries):
    return [
        {"refId": chr(ord("A") + at), "datasource": SOURCE, "expr": query, "legendFormat": legend, "range": True}
        for at, (query, legend) in enumerate(queries)
    ]


def panel(kind, title, about, unit, queries, options, *, width, defaults=None):
    return {
        "type": kind,
        "title": title,
        "description": about,
        "datasource": SOURCE,
        "gridPos": {"w": width, "h": HEIGHT},
        "targets": targets(queries),
        "options": options,
        "fieldConfig": {"defaults": {"unit": unit, **(defaults or {})}, "overrides": []},
    }


def steps(*bounds):
    """Colours from the values on at which they begin."""
    colours = [{"color": GOOD, "value": None}]
    return {"mode": "absolute", "steps": colours + [{"color": colour, "value": at} for at, colour in bounds]}


def words(**of_values):
    """Words and colours in place of values: `v0=("open", GOOD)`."""
    options = {
        key.removeprefix("v"): {"text": text, "color": colour, "index": at}
        for at, (key, (text, colour)) in enumerate(of_values.items())
    }
    return [{"type": "value", "options": options}]


def lines(title, about, unit, *queries, width=12, stack=False):
    custom = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 25 if stack else 5, "showPoints": "never"}
    custom["stacking"] = {"mode": "normal" if stack else "none", "group": "A"}
    options = {
        "legend": {"displayMode": "table", "placement": "right", "calcs": ["lastNotNull", "max"], "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel("timeseries", title, about, unit, queries, options, width=width, defaults={"custom": custom, "min": 0})


def tile(title, about, query, thresholds=None, *, unit="short", mappings=None, legend="", show="value"):
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "values": False, "fields": ""},
        "colorMode": "background" if thresholds or mappings else "value",
        "graphMode": "none",
        "textMode": show,
    }
    defaults = {"thresholds": thresholds or steps(), "mappings": mappings or []}
    made = panel("stat", title, about, unit, [(query, legend)], options, width=4, defaults=defaults)
    made["gridPos"]["h"] = 4
    return made


def states(title, about, query, legend, mappings, width=12):
    options = {"showValue": "never", "mergeValues": True, "legend": {"displayMode": "list", "placement": "bottom"}}
    defaults = {"mappings": mappings, "custom": {"fillOpacity": 80, "lineWidth": 0}}
    return panel("state-timeline", title, about, "short", [(query, legend)], options, width=width, defaults=defaults)


def placed(rows):
    """Panels with places and numbers: each row under its heading, from left to right."""
    panels, top = [], 0
    for heading, members in rows:
        grid = {"x": 0, "y": top, "w": WIDTH, "h": 1}
        panels.append({"type": "row", "title": heading, "collapsed": False, "gridPos": grid, "panels": []})
        top, left, deep = top + 1, 0, 0
        for member in members:
            grid = member["gridPos"]
            if left + grid["w"] > WIDTH:
                top, left, deep = top + deep, 0, 0
            grid.update(x=left, y=top)
            left, deep = left + grid["w"], max(deep, grid["h"])
            panels.append(member)
        top += deep
    return [{"id": number, **member} for number, member in enumerate(panels, 1)]


def choice(name, label, metric):
    """A variable with the values of a label."""
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": f"label_values({metric}, {name})", "refId": name},
        "definition": f"label_values({metric}, {name})",
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def mark(name, colour, query, text):
    """A mark on all graphs wherever the query has a value."""
    return {
        "name": name,
        "datasource": SOURCE,
        "enable": True,
        "iconColor": colour,
        "expr": query,
        "titleFormat": text,
        "step": "15s",
    }


def link(title, tooltip, url="", tags=()):
    """A link to a page, or to all dashboards with these tags."""
    return {
        "type": "dashboards" if tags else "link",
        "title": title,
        "tooltip": tooltip,
        "icon": "doc",
        "url": url,
        "tags": list(tags),
        "asDropdown": bool(tags),
        "targetBlank": not tags,
        "keepTime": bool(tags),
        "includeVars": False,
    }


CHANNELS = choice("channel", "Channel", "tidings_deliveries_pending")
AUDIENCES = choice("audience", "Audience", "tidings_open_briefings")


def dashboard(uid, title, about, rows, marks, chosen=CHANNELS):
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {}}
    return {
        "id": None,
        "uid": uid,
        "title": title,
        "description": about,
        "tags": ["tidings"],
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "links": [
            link("What to do", "A section for every alert", url=f"{PAGES}/operations.md"),
            link("Metrics", "What each metric means", url=f"{PAGES}/metrics.md"),
            link("Tidings", "The other dashboards about it", tags=["tidings"]),
        ],
        "templating": {
            "list": [
                source,
                choice("instance", "Instance", "tidings_build_info"),
                chosen,
            ]
        },
        "annotations": {"list": marks},
        "panels": placed(rows),
    }
