"""The pod: restricted, with probes that mean what they say, and a configuration that agrees with its mounts."""

import json
import shutil
import tempfile
from pathlib import Path

import yaml

from deploy_checks.tree import PINNED, listens_on, nats_servers, relays, secrets

# A journal that takes longer to fold needs a longer startup probe.
STARTS_WITHIN_SECONDS = 300


def check(tree, folder, objects):
    of = {}
    for each in objects:
        of.setdefault(each["kind"], {})[each["metadata"]["name"]] = each
    (workload,) = of["StatefulSet"].values()
    spec = workload["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    where = f"{folder.name}, StatefulSet {workload['metadata']['name']}"
    _restricted(tree, where, spec, container)
    _image(tree, where, container["image"])
    _probes(tree, where, container)
    tree.demand(workload["spec"]["replicas"] == 1, where, "one process decides: replicas is not 1")
    grace = spec["terminationGracePeriodSeconds"]
    tree.demand(grace > tree.stops_within_seconds, where, f"{grace} s are not enough: stopping may take longer")
    _mounts(tree, where, workload, spec, container, of)
    configuration = _configuration(tree, folder, spec, container, of)
    _secrets(tree, folder, spec, container, configuration)
    _agrees(tree, folder, workload, container, configuration, of)


def _restricted(tree, where, spec, container):
    """What the restricted standard demands, and three things more."""
    pod, own = spec.get("securityContext", {}), container.get("securityContext", {})
    for holds, what in [
        (pod.get("runAsNonRoot") is True, "runAsNonRoot is not set"),
        (pod.get("runAsUser") == pod.get("runAsGroup") == pod.get("fsGroup") == 65532, "user or group is not 65532"),
        (pod.get("seccompProfile", {}).get("type") == "RuntimeDefault", "seccompProfile is not RuntimeDefault"),
        (own.get("allowPrivilegeEscalation") is False, "allowPrivilegeEscalation is not false"),
        (own.get("capabilities", {}).get("drop") == ["ALL"], "it keeps capabilities"),
        (own.get("readOnlyRootFilesystem") is True, "the root can be written"),
        (spec.get("automountServiceAccountToken") is False, "it is given a token of its account"),
        (spec.get("enableServiceLinks") is False, "it is told of other services by its environment"),
        ("memory" in container.get("resources", {}).get("limits", {}), "its memory has no limit"),
    ]:
        tree.demand(holds, where, what)


def _image(tree, where, image):
    tree.demand(PINNED.search(image), where, f"the image {image} is not pinned")
    tag = image.partition("@")[0].rpartition(":")[2]
    tree.demand(tag == tree.version, where, f"the image's tag {tag} is not {tree.version}, that of Cargo.toml")


def _probes(tree, where, container):
    ports = {port["name"] for port in container["ports"]}
    for name, path in [("startup", "/-/healthy"), ("liveness", "/-/healthy"), ("readiness", "/-/ready")]:
        get = container.get(f"{name}Probe", {}).get("httpGet", {})
        tree.demand(get.get("path") == path, where, f"the {name} probe asks {get.get('path')}, not {path}")
        tree.demand(path in tree.open_paths, where, f"docs/api.md has no {path} without a token")
        tree.demand(get.get("port") in ports, where, f"the {name} probe asks a port that is not there")
    startup = container.get("startupProbe", {})
    patience = startup.get("periodSeconds", 10) * startup.get("failureThreshold", 3)
    tree.demand(patience >= STARTS_WITHIN_SECONDS, where, f"after {patience} s a start is given up: too early")


def _mounts(tree, where, workload, spec, container, of):
    claims = {each["metadata"]["name"]: each["spec"] for each in workload["spec"].get("volumeClaimTemplates", [])}
    volumes = {each["name"]: each for each in spec["volumes"]}
    mounted = {each["name"] for each in container["volumeMounts"]}
    for each in container["volumeMounts"]:
        tree.demand(each["name"] in volumes | claims, where, f"there is no volume {each['name']}")
        tree.demand("subPath" not in each, where, f"{each['mountPath']} is a subPath, which never changes")
        writable = each["name"] in claims
        tree.demand(writable or each.get("readOnly"), where, f"{each['mountPath']} can be written")
    for name in sorted((volumes.keys() | claims.keys()) - mounted):
        tree.wrong(where, f"the volume {name} is mounted nowhere")
    for name, claim in claims.items():
        modes = claim["accessModes"]
        tree.demand(modes == ["ReadWriteOncePod"], where, f"{modes} lets a second pod mount {name}")
    for volume in volumes.values():
        for source in _sources(volume):
            name = source["name"]
            found = of.get("ConfigMap", {}).get(name)
            if not tree.demand(found, where, f"there is no ConfigMap {name}"):
                continue
            tree.demand(not found.get("immutable"), where, f"the ConfigMap {name} can never change")
            for item in source.get("items", []):
                there = item["key"] in found["data"]
                tree.demand(there, where, f"the ConfigMap {name} has no key {item['key']}")
    used = {source["name"] for volume in volumes.values() for source in _sources(volume)}
    for name in sorted(of.get("ConfigMap", {}).keys() - used):
        tree.wrong(where, f"the ConfigMap {name} is mounted nowhere")
    secret = volumes.get("secrets", {}).get("secret", {})
    tree.demand(secret.get("defaultMode") == 0o440, where, "secrets can be read by others than its group")
    tree.demand("env" not in container and "envFrom" not in container, where, "secrets are files, not variables")


def _sources(volume):
    """The ConfigMaps of a volume."""
    sources = [each["configMap"] for each in volume.get("projected", {}).get("sources", []) if "configMap" in each]
    return sources + [volume["configMap"]] if "configMap" in volume else sources


def _configuration(tree, folder, spec, container, of):
    """Lays the files as the kubelet does, behind ..data, and has them checked there."""
    where = folder.name
    path = container["args"][container["args"].index("--config") + 1]
    mount = next((each for each in container["volumeMounts"] if path.startswith(each["mountPath"] + "/")), None)
    volume = mount and next((each for each in spec["volumes"] if each["name"] == mount["name"]), None)
    if not tree.demand(volume, where, f"nothing is mounted where {path} should lie"):
        return {}
    place = Path(tempfile.mkdtemp())
    try:
        version = place / "..2026_01_01"
        for source in _sources(volume):
            data = of.get("ConfigMap", {}).get(source["name"], {}).get("data", {})
            items = source.get("items") or [{"key": key, "path": key} for key in data]
            for item in items:
                (version / item["path"]).parent.mkdir(parents=True, exist_ok=True)
                (version / item["path"]).write_text(data.get(item["key"], ""))
        (place / "..data").symlink_to(version.name)
        for each in version.iterdir():
            (place / each.name).symlink_to(f"..data/{each.name}")
        file = place / Path(path).relative_to(mount["mountPath"])
        if not tree.demand(file.is_file(), where, f"no ConfigMap has {file.name}"):
            return {}
        configuration = tree.check_configuration(where, file)
        read = {file, *(found for pattern in configuration.get("include", []) for found in place.glob(pattern))}
        for each in sorted(version.rglob("*.toml")):
            name = each.relative_to(version)
            tree.demand(place / name in read, where, f"{name} lies beside {file.name} and is included by nothing")
        return configuration
    finally:
        shutil.rmtree(place)


def _secrets(tree, folder, spec, container, configuration):
    """Every secret that the configuration names is in the form, and the form is empty."""
    volume = next((each for each in spec["volumes"] if "secret" in each), {"name": "", "secret": {}})
    place = next((each["mountPath"] for each in container["volumeMounts"] if each["name"] == volume["name"]), "")
    path = folder / "secrets.example.yaml"
    where = f"{folder.name}, {path.name}"
    if not tree.demand(path.is_file(), where, "it is not there"):
        return
    form = yaml.safe_load(path.read_text())
    named = form["metadata"]["name"] == volume["secret"].get("secretName")
    tree.demand(named, where, f"the pod mounts another Secret: {volume['secret'].get('secretName')}")
    tree.demand(not any(form["stringData"].values()), where, "a value is filled in")
    wanted = set()
    for key, kind, at in secrets(configuration):
        tree.demand(kind == "file", where, f"{key} is a variable, not a file")
        below = kind == "file" and at.startswith(f"{place}/")
        if tree.demand(below, where, f"{key} lies at {at}, and secrets are mounted at {place}"):
            wanted.add(at.removeprefix(f"{place}/"))
    for name in sorted(wanted ^ form["stringData"].keys()):
        tree.wrong(where, f"{name} is {'missing' if name in wanted else 'used by nothing'}")


def _agrees(tree, folder, workload, container, configuration, of):
    """The configuration and the objects around the pod say the same."""
    where = f"{folder.name}, configuration"
    claims = {each["metadata"]["name"] for each in workload["spec"].get("volumeClaimTemplates", [])}
    kept = {each["mountPath"] for each in container["volumeMounts"] if each["name"] in claims}
    journal = configuration.get("journal", {}).get("path")
    tree.demand(journal in kept, where, f"the journal lies at {journal}, which no claim is mounted at")
    port = listens_on(configuration)
    there = port in {each["containerPort"] for each in container["ports"]}
    tree.demand(there, where, f"it listens on {port}, which is no port of the container")
    http = configuration.get("ingest", {}).get("http", {})
    outside = not http.get("listen", "127.").startswith("127.")
    tree.demand(outside, where, f"{http.get('listen')} is reached by nobody outside the pod")
    for route in of.get("HTTPRoute", {}).values():
        names = [f"https://{name}" for name in route["spec"]["hostnames"]]
        tree.demand(http.get("external_url") in names, where, f"external_url is none of the HTTPRoute's {names}")
    streams = {each["spec"]["name"]: each["spec"]["subjects"] for each in of.get("Stream", {}).values()}
    if streams:
        for read in configuration.get("ingest", {}).get("nats", {}).get("read", []):
            same = streams.get(read["stream"]) == read["subjects"]
            tree.demand(same, where, f"no Stream {read['stream']} has the subjects {json.dumps(read['subjects'])}")
    open_ports = {
        port["port"]
        for policy in of.get("NetworkPolicy", {}).values()
        for rule in policy["spec"]["egress"]
        for port in rule["ports"]
    }
    for host, port in nats_servers(configuration) + relays(configuration):
        reached = port in open_ports or "NetworkPolicy" not in of
        tree.demand(reached, where, f"the NetworkPolicy lets nothing through to {host}:{port}")
