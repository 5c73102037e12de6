"""The manifests: what kustomize renders is valid, and every name in it leads to something."""

import os
import subprocess
import tempfile
from pathlib import Path

import kubernetes_validate
import yaml

from deploy_checks import pods

FOLDER = "deploy/kubernetes"
RULES = "deploy/prometheus/rules.yml"
PROMETHEUS_RULE = f"{FOLDER}/components/prometheus-rule/prometheus-rule.yaml"
# The oldest that has everything we use, and the newest that there are schemas for.
VERSIONS = ["1.31.0", "1.37.0"]

# What the published schemas of custom resources require, as paths; `*` is each item of a list. NACK's own schema
# requires nothing of a stream's spec; its controller refuses one without a name, and a stream without subjects that is
# no mirror stays empty.
REQUIRED = {
    ("monitoring.coreos.com/v1", "PodMonitor"): ["spec.selector", "spec.podMetricsEndpoints.*.port"],
    ("monitoring.coreos.com/v1", "PrometheusRule"): ["spec.groups.*.name", "spec.groups.*.rules.*.expr"],
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): [
        "spec.parentRefs.*.name",
        "spec.hostnames.*",
        "spec.rules.*.backendRefs.*.name",
        "spec.rules.*.backendRefs.*.port",
        "spec.rules.*.matches.*.path.value",
    ],
    ("jetstream.nats.io/v1beta2", "Stream"): ["spec.name", "spec.subjects.*", "spec.storage", "spec.replicas"],
}
# Words that the schemas or the servers restrict.
ONE_OF = {
    ("jetstream.nats.io/v1beta2", "Stream"): {
        "storage": {"file", "memory"},
        "retention": {"limits", "interest", "workqueue"},
        "discard": {"old", "new"},
    },
}


def check(tree, write=False, only=None):
    """All of them, or one overlay alone."""
    _prometheus_rule(tree, write)
    folders = {kind: sorted((tree.root / FOLDER / kind).iterdir()) for kind in ("components", "overlays")}
    for folder in folders["overlays"]:
        if only in (None, folder.name) and (objects := _render(tree, folder)):
            _valid(tree, folder.name, objects)
            _refers(tree, folder.name, objects)
            _generated(tree, folder, objects)
            _copies(tree, folder)
            pods.check(tree, folder, objects)
    if only:
        return
    _valid(tree, "base", _render(tree, tree.root / FOLDER / "base"))
    for folder in folders["components"]:
        with tempfile.TemporaryDirectory() as alone:
            # kustomize takes no absolute paths; a component is rendered upon the base.
            places = [os.path.relpath(each, Path(alone).resolve()) for each in (tree.root / FOLDER / "base", folder)]
            (Path(alone) / "kustomization.yaml").write_text(
                yaml.safe_dump({"resources": places[:1], "components": places[1:]})
            )
            _valid(tree, folder.name, _render(tree, Path(alone), folder.name))


def _render(tree, folder, name=None):
    where = f"{FOLDER}, {name or folder.name}"
    ran = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True)
    if not tree.demand(ran.returncode == 0, where, f"kubectl kustomize: {ran.stderr.strip()}"):
        return []
    return [each for each in yaml.safe_load_all(ran.stdout) if each]


def name_of(each):
    return f"{each['kind']} {each['metadata']['name']}"


def _valid(tree, where, objects):
    for each in objects:
        key = (each["apiVersion"], each["kind"])
        if key in REQUIRED:
            for path in REQUIRED[key]:
                for missing in _missing(each, path.split("."), path):
                    tree.wrong(f"{where}, {name_of(each)}", f"{missing} is required")
                tree.seen += 1
            for word, words in ONE_OF.get(key, {}).items():
                value = each["spec"].get(word)
                tree.demand(value is None or value in words, f"{where}, {name_of(each)}", f"{word} cannot be {value}")
            continue
        for version in VERSIONS:
            tree.seen += 1
            try:
                kubernetes_validate.validate(each, version, strict=True)
            except kubernetes_validate.SchemaNotFoundError:
                tree.wrong(f"{where}, {name_of(each)}", f"no schema of Kubernetes {version} knows {each['apiVersion']}")
            except kubernetes_validate.ValidationError as error:
                place = ".".join(map(str, error.path))
                tree.wrong(f"{where}, {name_of(each)}", f"Kubernetes {version}, {place}: {error.message}")


def _missing(value, path, whole):
    """Where the path leads to nothing."""
    if not path:
        return [] if value not in (None, "", [], {}) else [whole]
    if path[0] == "*":
        if not isinstance(value, list) or not value:
            # A list that is not required may be empty; one that the path ends in may not.
            return [whole] if len(path) == 1 or value is None else []
        return [miss for item in value for miss in _missing(item, path[1:], whole)]
    return _missing(value.get(path[0]) if isinstance(value, dict) else None, path[1:], whole)


def _refers(tree, overlay, objects):
    """Services, ports, selectors and namespaces that objects name are there."""
    of = {}
    for each in objects:
        of.setdefault(each["kind"], []).append(each)
    (workload,) = of["StatefulSet"]
    template = workload["spec"]["template"]
    labels = template["metadata"]["labels"].items()
    ports = {port["name"] for port in template["spec"]["containers"][0]["ports"]}
    services = {each["metadata"]["name"]: {port["port"] for port in each["spec"]["ports"]} for each in of["Service"]}
    namespace = of["Namespace"][0]["metadata"]["name"]

    def demand(holds, each, what):
        tree.demand(holds, f"{overlay}, {name_of(each)}", what)

    for each in objects:
        own = each["metadata"].get("namespace")
        demand(each["kind"] == "Namespace" or own == namespace, each, f"its namespace is {own}, not {namespace}")
    level = of["Namespace"][0]["metadata"]["labels"].get("pod-security.kubernetes.io/enforce")
    demand(level == "restricted", of["Namespace"][0], "the restricted pod security standard is not enforced")
    accounts = {each["metadata"]["name"]: each for each in of.get("ServiceAccount", [])}
    account = accounts.get(template["spec"]["serviceAccountName"])
    tokenless = account and account.get("automountServiceAccountToken") is False
    demand(tokenless, workload, "its account has a token, or is none")
    demand(workload["spec"]["serviceName"] in services, workload, "its Service is not there")
    for each in of["Service"]:
        demand(each["spec"]["selector"].items() <= labels, each, "it selects no pod")
        for port in each["spec"]["ports"]:
            demand(port["targetPort"] in ports, each, f"the pod has no port {port['targetPort']}")
    selectors = {"PodMonitor": "selector", "PodDisruptionBudget": "selector", "NetworkPolicy": "podSelector"}
    for kind, key in selectors.items():
        for each in of.get(kind, []):
            demand(each["spec"][key].get("matchLabels", {}).items() <= labels, each, "it selects no pod")
    for each in of.get("PodMonitor", []):
        for endpoint in each["spec"]["podMetricsEndpoints"]:
            demand(endpoint["port"] in ports, each, f"the pod has no port {endpoint['port']}")
            demand(endpoint["path"] in tree.open_paths, each, f"docs/api.md has no {endpoint['path']} without a token")
    for each in of.get("PodDisruptionBudget", []):
        demand("minAvailable" not in each["spec"], each, "minAvailable would block every drain")
    for each in of.get("NetworkPolicy", []):
        demand({"Ingress", "Egress"} <= set(each["spec"]["policyTypes"]), each, "it leaves a direction open")
        for rule in each["spec"]["ingress"]:
            for port in rule["ports"]:
                demand(port["port"] in ports, each, f"the pod has no port {port['port']}")
    for each in of.get("HTTPRoute", []):
        for rule in each["spec"]["rules"]:
            for to in rule["backendRefs"]:
                there = to["port"] in services.get(to["name"], ())
                demand(there, each, f"no Service {to['name']} has port {to['port']}")


def _generated(tree, folder, objects):
    """Generated ConfigMaps keep their names: with a hash in it each change would be another map, and a restart."""
    names = {each["metadata"]["name"] for each in objects if each["kind"] == "ConfigMap"}
    for each in yaml.safe_load((folder / "kustomization.yaml").read_text()).get("configMapGenerator", []):
        tree.demand(each["name"] in names, folder.name, f"the ConfigMap {each['name']} has another name: a hash?")


def _copies(tree, folder):
    """What an overlay has from config/ is as it is there, but for the line that names the schema by its path."""
    for pattern in ("teams/*.toml", "templates/*.toml"):
        for copy in sorted(folder.glob(pattern)):
            path = f"config/{copy.relative_to(folder)}"
            original = "".join(tree.text(path).partition("\n")[2:])
            tree.demand(copy.read_text() == original, path, f"differs from its copy in {folder.name}: copy it again")


def _prometheus_rule(tree, write):
    """The PrometheusRule carries the groups of the rules file."""
    head = "# Generated from deploy/prometheus/rules.yml by `scripts/check-deploy.py --write`: do not edit.\n"
    rule = tree.yaml(PROMETHEUS_RULE)
    there = (tree.root / RULES).is_file()
    if not tree.demand(there, RULES, "it is not there, so the PrometheusRule cannot be compared"):
        return
    wanted = {**rule, "spec": {"groups": tree.yaml(RULES)["groups"]}}
    if write:
        text = yaml.safe_dump(wanted, sort_keys=False, width=110, allow_unicode=True)
        (tree.root / PROMETHEUS_RULE).write_text(head + text)
        rule = wanted
    tree.demand(rule == wanted, PROMETHEUS_RULE, f"it differs from {RULES}: `scripts/check-deploy.py --write`")
