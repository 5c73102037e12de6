"""Breaks a copy of the files in every way that the checks know of: each must be found, and each check must fail once."""

import ast
import shutil
import sys
import tempfile
from pathlib import Path

from deploy_checks.tree import Tree

COPIED = ["deploy", "config", "src", ".cargo", "Cargo.toml", "Cargo.lock", "docs/api.md", ".dockerignore"]

IMAGE = "deploy/container/Containerfile"
COMPOSE = "deploy/compose/compose.yaml"
CATCHER = "deploy/compose/tidings/tidings.toml"
NATS = "deploy/compose/nats/nats.conf"
PROMETHEUS = "deploy/prometheus/prometheus.yml"
SOURCES = "deploy/compose/grafana/datasources.yml"
BOARDS = "deploy/compose/grafana/dashboards.yml"
BASE = "deploy/kubernetes/base"
POD = f"{BASE}/statefulset.yaml"
PART = "deploy/kubernetes/components"
MONITOR = f"{PART}/pod-monitor/pod-monitor.yaml"
ROUTE = f"{PART}/http-route/http-route.yaml"
POLICY = f"{PART}/network-policy/network-policy.yaml"
BUDGET = f"{PART}/pod-disruption-budget/pod-disruption-budget.yaml"
STREAMS = f"{PART}/nats-streams/streams.yaml"
RULE = f"{PART}/prometheus-rule/prometheus-rule.yaml"
SINGLE = "deploy/kubernetes/overlays/single"
SINGLE_PARTS = f"{SINGLE}/kustomization.yaml"
EXAMPLE = "deploy/kubernetes/overlays/example"
SELECTS = "matchLabels:\n      app.kubernetes.io/name: tidings"
AT = "mountPath: /etc/tidings\n"

# (file, what stands there, what stands there instead, what must be said). None instead of a text: the file is removed.
CASES = {
    "container": [
        (IMAGE, "rust:1.95.0-bookworm", "rust:latest", "is not pinned"),
        (IMAGE, "rust:1.95.0-bookworm", "rust:1.80.0-bookworm", "older than rust-version"),
        (IMAGE, "rust:1.95.0-bookworm", "rust:1.95.0-trixie", "not of the same Debian"),
        (IMAGE, "CARGO_AUDITABLE=0.7.7", "CARGO_AUDITABLE=", "CARGO_AUDITABLE is not pinned"),
        (IMAGE, "VERSION=0.1.0", "VERSION=0.0.9", "that of Cargo.toml"),
        (IMAGE, "USER 65532:65532", "USER root", "the user is not"),
        (IMAGE, 'CMD ["/usr/bin/tidings", "healthy"]', "NONE", "HEALTHCHECK does not ask"),
        (IMAGE, 'ENTRYPOINT ["/usr/bin/tidings"]', "ENTRYPOINT tidings", "ENTRYPOINT is not"),
        (IMAGE, "COPY given/ /", "RUN true\nCOPY given/ /", "needs a shell"),
        (IMAGE, "COPY --chown=65532:65532", "COPY", "does not belong to the user"),
        (IMAGE, "image.revision", "image.revison", "no label revision"),
        (IMAGE, "cargo auditable build", "cargo build", "nothing runs `cargo auditable"),
        (IMAGE, "cargo cyclonedx", "cargo tree", "nothing runs `cargo cyclonedx"),
        (IMAGE, "COPY src/ src/", "COPY lib/ src/", "lib is copied and not there"),
        (".dockerignore", "!src", "", ".dockerignore keeps it out"),
    ],
    "compose": [
        (COMPOSE, "prom/prometheus:v3.13.3", "prom/prometheus", "is not pinned"),
        (COMPOSE, "image: tidings:0.1.0", "image: tidings:0.1.1", "the image is not tidings:"),
        (COMPOSE, "container/Containerfile", "container/Dockerfile", "there is no deploy/container/Dockerfile"),
        (COMPOSE, "./nats/nats.conf:", "./nats/server.conf:", "is mounted and not there"),
        (COMPOSE, "- nats:/data", "- queue:/data", "there is no volume queue"),
        (COMPOSE, '["inside"]\n    health', '["outside"]\n    health', "there is no network outside"),
        (COMPOSE, "-c\", \"/etc/nats/nats.conf", "-c\", \"/etc/nats/other.conf", "NATS has no configuration"),
        (COMPOSE, "file=/etc/prometheus/p", "file=/etc/prometheus/other-p", "Prometheus has no configuration"),
        (COMPOSE, "datasources/tidings.yml", "datasources/other.yml", "not given a data source"),
        (COMPOSE, "\n  grafana:\n\nsecrets", "\n  grafana:\n  spare:\n\nsecrets", "nobody uses spare"),
        ("deploy/compose/secrets/token-operators", "quick-look-operators", "", "has no file with something in it"),
        ("deploy/compose/secrets/token-operators", None, None, "has no file with something in it"),
        (COMPOSE, '["127.0.0.1:3000:3000"]', '["3000:3000"]', "open to other machines"),
        (COMPOSE, "read_only: true", "read_only: false", "the root can be written"),
        (COMPOSE, 'cap_drop: ["ALL"]', "cap_drop: []", "keeps capabilities"),
        (COMPOSE, "no-new-privileges:true", "label:disable", "can get new privileges"),
        (COMPOSE, 'user: "65532:65532"\n    # The', 'user: "0:0"\n    # The', "the user is not"),
        (COMPOSE, "stop_grace_period: 30s", "stop_grace_period: 5s", "killed before it has stopped"),
        (COMPOSE, "./tidings:/etc/tidings:ro", "./tidings:/etc/other:ro", "nothing lies at"),
        (COMPOSE, "172.29.85.0/24", "172.29.86.0/24", "and the network is"),
        (COMPOSE, '"token-prometheus", "token-operators"]', '"token-prometheus"]', "token-operators is not given"),
        (COMPOSE, '["127.0.0.1:8085:8085"]', '["127.0.0.1:8085:80"]', "is not published"),
        (COMPOSE, "../grafana/delivery.json:/etc/grafana", "../grafana/delivery.json:/srv", "no dashboard at"),
        (CATCHER, 'unrouted = "responders"', 'unrouted = "nobody"', "no audience `nobody`"),
        (CATCHER, 'path = "/var/lib/tidings"', 'path = "/var/lib/other"', "lies on no volume"),
        (CATCHER, "mail:1025", "mail:25", "nobody listens on mail:25"),
        (CATCHER, "nats://nats:4222", "nats://queue:4222", "nobody listens on queue:4222"),
        (NATS, "sync_interval: always", "sync_interval: 2m", "sync_interval is not always"),
        (NATS, 'store_dir: "/data"', 'store_dir: "/tmp"', "the streams lie on no volume"),
        (PROMETHEUS, "tidings:8085", "tidings:8080", "nobody listens on tidings:8080"),
        (PROMETHEUS, "rule_files: [rules.yml]", "rule_files: [more.yml]", "there is no more.yml"),
        (PROMETHEUS, "secrets/token-prometheus", "secrets/token-other", "no token that is given to it"),
        (BOARDS, "path: /etc/grafana/dashboards", "path: /srv", "is not where the first dashboard lies"),
        ("deploy/grafana/delivery.json", '"uid": "tidings-delivery"', '"uid": ""', "the dashboard has no uid"),
        (SOURCES, "prometheus:9090", "prometheus:9091", "nobody listens on http://prometheus:9091"),
    ],
    "kubernetes": [
        (f"{BASE}/kustomization.yaml", "- service.yaml", "- services.yaml", "kubectl kustomize"),
        (f"{BASE}/service.yaml", "appProtocol: http", "protokoll: http", "Kubernetes 1.37.0"),
        (f"{BASE}/service.yaml", "apiVersion: v1", "apiVersion: v9", "no schema of Kubernetes"),
        (f"{BASE}/service.yaml", "targetPort: http", "targetPort: web", "the pod has no port web"),
        (f"{BASE}/service.yaml", "selector:\n    app", "selector:\n    other", "it selects no pod"),
        (f"{BASE}/serviceaccount.yaml", "automountServiceAccountToken: false", "", "its account has a token"),
        (POD, "serviceName: tidings", "serviceName: other", "its Service is not there"),
        (POD, "runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot is not set"),
        (POD, "fsGroup: 65532", "fsGroup: 0", "user or group is not 65532"),
        (POD, "type: RuntimeDefault", "type: Unconfined", "seccompProfile"),
        (POD, "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "allowPrivilegeEscalation"),
        (POD, 'drop: ["ALL"]', 'drop: ["KILL"]', "keeps capabilities"),
        (POD, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "the root can be written"),
        (POD, "automountServiceAccountToken: false", "automountServiceAccountToken: true", "a token of its account"),
        (POD, "enableServiceLinks: false", "enableServiceLinks: true", "by its environment"),
        (POD, "            limits:\n              memory: 1Gi\n", "", "its memory has no limit"),
        (POD, "replicas: 1", "replicas: 2", "replicas is not 1"),
        (POD, "GracePeriodSeconds: 30", "GracePeriodSeconds: 10", "stopping may take longer"),
        (POD, "path: /-/ready", "path: /-/healthy", "the readiness probe asks"),
        (POD, "/-/ready\n              port: http", "/-/ready\n              port: web", "a port that is not there"),
        (POD, "failureThreshold: 120", "failureThreshold: 12", "a start is given up"),
        ("docs/api.md", "`GET /-/ready` | none", "`GET /-/ready` | `read`", "docs/api.md has no /-/ready"),
        (POD, "containerPort: 8085", "containerPort: 8080", "which is no port of the container"),
        (POD, AT, AT + "              subPath: tidings.toml\n", "is a subPath"),
        (POD, AT, "mountPath: /srv\n", "nothing is mounted where"),
        (POD, AT + "              readOnly: true\n", AT, "can be written"),
        (POD, "- name: data\n              mount", "- name: other\n              mount", "there is no volume other"),
        (POD, "ReadWriteOncePod", "ReadWriteOnce", "lets a second pod mount"),
        (POD, "configMap:\n                  name: t", "configMap:\n                  name: no-t", "no ConfigMap no-t"),
        (POD, "defaultMode: 0440", "defaultMode: 0444", "read by others"),
        (POD, "secretName: tidings", "secretName: other", "mounts another Secret"),
        (POD, "          ports:\n", "          env: [{name: A, value: b}]\n          ports:\n", "secrets are files"),
        (SINGLE_PARTS, "- tidings.toml", "- other.toml=tidings.toml", "no ConfigMap has tidings.toml"),
        (SINGLE_PARTS, "newTag: 0.1.0", "newTag: latest", "is not pinned"),
        (SINGLE_PARTS, "newTag: 0.1.0", "newTag: 0.2.0", "that of Cargo.toml"),
        (SINGLE_PARTS, "namespace: tidings", "", "its namespace is None"),
        (SINGLE_PARTS, "disableNameSuffixHash: true", "immutable: true", "can never change"),
        (SINGLE_PARTS, "disableNameSuffixHash: true", "disableNameSuffixHash: false", "a hash?"),
        (f"{SINGLE}/namespace.yaml", "enforce: restricted", "enforce: baseline", "is not enforced"),
        (f"{SINGLE}/tidings.toml", 'audience = "oncall"', 'audience = "nobody"', "no audience `nobody`"),
        (f"{SINGLE}/tidings.toml", 'path = "/var/lib/tidings"', 'path = "/data"', "which no claim is mounted at"),
        (f"{SINGLE}/tidings.toml", "0.0.0.0:8085", "127.0.0.1:8085", "is reached by nobody"),
        (f"{SINGLE}/tidings.toml", "/run/secrets/smtp", "/run/secrets/relay", "relay is missing"),
        (f"{SINGLE}/tidings.toml", "/run/secrets/smtp", "/etc/smtp", "and secrets are mounted at"),
        (f"{SINGLE}/tidings.toml", '{ file = "/run/secrets/slack" }', '{ env = "SLACK" }', "is a variable"),
        (f"{SINGLE}/tidings.toml", "example.net:465", "example.net:2525", "lets nothing through"),
        (f"{SINGLE}/secrets.example.yaml", 'smtp: ""', 'smtp: "hunter2"', "a value is filled in"),
        (f"{SINGLE}/secrets.example.yaml", None, None, "it is not there"),
        (f"{EXAMPLE}/config-sources.yaml", "key: shop.toml", "key: shops.toml", "has no key shops.toml"),
        (f"{EXAMPLE}/config-sources.yaml", "path: teams/shop.toml", "path: team/shop.toml", "is included by nothing"),
        (f"{EXAMPLE}/kustomization.yaml", "- name: tidings-team-shop", "- name: shop", "no ConfigMap tidings-team-"),
        (f"{EXAMPLE}/teams/shop.toml", "#shop-oncall", "#shop", "differs from its copy"),
        (f"{EXAMPLE}/tidings.toml", "https://tidings.example.net", "https://other.example.net", "external_url is none"),
        (f"{EXAMPLE}/tidings.toml", 'stream   = "ALERTS"', 'stream   = "ALARMS"', "no Stream ALARMS"),
        (MONITOR, "- port: http", "- port: metrics", "the pod has no port metrics"),
        (MONITOR, "path: /metrics", "path: /v1/told", "docs/api.md has no /v1/told"),
        (MONITOR, SELECTS, "matchLabels:\n      app: x", "it selects no pod"),
        (MONITOR, "Endpoints:\n    - port: http", "Endpoints:\n    - name: http", "Endpoints.*.port is required"),
        (ROUTE, "- name: tidings\n", "- name: other\n", "no Service other has port"),
        (ROUTE, 'hostnames: ["tidings.example.net"]', "", "spec.hostnames.* is required"),
        (POLICY, '["Ingress", "Egress"]', '["Ingress"]', "leaves a direction open"),
        (POLICY, "port: 4222", "port: 4223", "lets nothing through to nats.nats.svc:4222"),
        (POLICY, "port: http", "port: web", "the pod has no port web"),
        (BUDGET, "maxUnavailable", "minAvailable", "would block every drain"),
        (STREAMS, "name: ALERTS", "title: ALERTS", "spec.name is required"),
        (STREAMS, "storage: file", "storage: disk", "storage cannot be disk"),
        (STREAMS, '["alerts.>"]', '["alert.>"]', "no Stream ALERTS has the subjects"),
        (RULE, "  groups:\n", "  groups:\n  - name: one-more\n", "it differs from"),
        ("deploy/prometheus/rules.yml", "\ngroups:\n", "\ngroups:\n  - name: one-more\n", "it differs from"),
        ("deploy/prometheus/rules.yml", None, None, "cannot be compared"),
    ],
}


def test(root, tidings, check, hadolint):
    missed, failed = [], set()
    with tempfile.TemporaryDirectory() as copy:
        for name in COPIED:
            (Path(copy) / name).parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (root / name).is_dir() else shutil.copy)(root / name, Path(copy) / name)
        for part, cases in CASES.items():
            for file, old, new, said in cases:
                # One overlay is enough: the larger for what only it has.
                only = "example" if file.startswith((PART, EXAMPLE)) else "single"
                tree = Tree(copy, tidings)
                broken = _with(Path(copy) / file, old, new, lambda: check(tree, [part], hadolint, only=only))
                failed |= tree.failed
                if not broken:
                    missed.append(f"{file} has no {old!r} to break")
                elif not any(said in each for each in tree.problems):
                    missed.append(f"{file}, {old!r} as {new!r}: nobody said {said!r}, but {tree.problems}")
    missed += [f"{file}:{line}: no mutation makes this check fail" for file, line in sorted(_checks() - failed)]
    for each in missed:
        print(f"check-deploy: self-test: {each}", file=sys.stderr)
    if missed:
        sys.exit(1)
    print(f"check-deploy: {sum(map(len, CASES.values()))} mutations, each found")


def _checks():
    """Where a check is made, as (file, line)."""
    found = set()
    for path in Path(__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
            if name in ("demand", "wrong"):
                found.add((path.name, node.lineno))
    # Those two of which all others are made.
    inner = {(name, line) for name, line in found if _inside(name, line, ("demand", "wrong"))}
    return found - inner


def _inside(name, line, functions):
    """Whether the line belongs to one of these functions."""
    tree = ast.parse((Path(__file__).parent / name).read_text())
    spans = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name in functions]
    return any(node.lineno <= line <= node.end_lineno for node in spans)


def _with(path, old, new, look):
    """Looks while the file is broken, and makes it whole again; whether there was something to break."""
    whole = path.read_text()
    if old is not None and old not in whole:
        return False
    try:
        if old is None:
            path.unlink()
        else:
            path.write_text(whole.replace(old, new))
        look()
    finally:
        path.write_text(whole)
    return True
