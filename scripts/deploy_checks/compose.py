"""The compose file: every image pinned, every file, secret, host and port that it and its configurations name there."""

import json
import re

from deploy_checks.tree import PINNED, listens_on, nats_servers, relays, secrets

FOLDER = "deploy/compose"
FILE = f"{FOLDER}/compose.yaml"
SECRETS = "/run/secrets/"
# Where those who are not ours listen.
PORTS = {"mail": {1025, 8025}, "prometheus": {9090}, "grafana": {3000}}


def check(tree):
    project = tree.yaml(FILE)
    services = project["services"]
    for name, service in services.items():
        _service(tree, project, name, service)
    for kind in ("volumes", "secrets", "networks"):
        for name in project.get(kind, {}):
            used = any(name in _names(service, kind) for service in services.values())
            tree.demand(used, FILE, f"nobody uses {name} of {kind}")
    tidings, configuration = _tidings(tree, project)
    hosts = {**{name: set(ports) for name, ports in PORTS.items()}, "tidings": {listens_on(configuration)}}
    hosts["nats"] = {_nats(tree, services["nats"])}
    for host, port in nats_servers(configuration) + relays(configuration):
        tree.demand(host in services and port in hosts[host], tidings, f"nobody listens on {host}:{port}")
    _prometheus(tree, services["prometheus"], hosts)
    _grafana(tree, services["grafana"], hosts)


def _mounts(service):
    """(source, target) of each mount; sources that begin with a dot are files of the repository."""
    return [tuple(each.split(":")[:2]) for each in service.get("volumes", [])]


def _names(service, kind):
    if kind == "volumes":
        return [source for source, _ in _mounts(service)]
    return service.get(kind, [])


def _lies(service, target):
    """The file of the repository that lies there inside the container."""
    for source, place in _mounts(service):
        if source.startswith(".") and (target == place or target.startswith(place + "/")):
            # Both are relative to the folder of the compose file.
            return f"{FOLDER}/{source}{target[len(place):]}"
    return None


def _service(tree, project, name, service):
    where = f"{FILE}, {name}"
    tree.demand(PINNED.search(service["image"]), where, f"the image {service['image']} is not pinned")
    for source, _ in _mounts(service):
        if source.startswith("."):
            there = (tree.root / FOLDER / source).exists()
            tree.demand(there, where, f"{source} is mounted and not there")
        else:
            tree.demand(source in project["volumes"], where, f"there is no volume {source}")
    for secret in service.get("secrets", []):
        file = project["secrets"].get(secret, {}).get("file")
        filled = file and (tree.root / FOLDER / file).is_file() and tree.text(f"{FOLDER}/{file}").strip()
        tree.demand(filled, where, f"the secret {secret} has no file with something in it")
    for network in service.get("networks", []):
        tree.demand(network in project["networks"], where, f"there is no network {network}")
    for port in service.get("ports", []):
        tree.demand(port.startswith("127.0.0.1:"), where, f"the port {port} is open to other machines")
    tree.demand(service.get("read_only"), where, "the root can be written")
    tree.demand(service.get("cap_drop") == ["ALL"], where, "it keeps capabilities")
    tree.demand("no-new-privileges:true" in service.get("security_opt", []), where, "it can get new privileges")


def _tidings(tree, project):
    service = project["services"]["tidings"]
    where = f"{FILE}, tidings"
    tree.demand(service["image"] == f"tidings:{tree.version}", where, f"the image is not tidings:{tree.version}")
    file = (tree.root / FOLDER / service["build"]["context"] / service["build"]["dockerfile"]).resolve()
    tree.demand(file.is_file(), where, f"there is no {service['build']['dockerfile']}")
    tree.demand(service.get("user") == "65532:65532", where, "the user is not 65532:65532")
    grace = int(service.get("stop_grace_period", "10s").removesuffix("s"))
    tree.demand(grace > tree.stops_within_seconds, where, "it is killed before it has stopped")

    # The image's command reads /etc/tidings/tidings.toml.
    path = _lies(service, "/etc/tidings/tidings.toml")
    if not tree.demand(path and (tree.root / path).is_file(), where, "nothing lies at /etc/tidings/tidings.toml"):
        return where, {}
    configuration = tree.check_configuration(path, tree.root / path)
    targets = {target for source, target in _mounts(service) if not source.startswith(".")}
    tree.demand(configuration.get("journal", {}).get("path") in targets, path, "the journal lies on no volume")
    port = listens_on(configuration)
    published = [each.rsplit(":", 1)[1] for each in service.get("ports", [])]
    tree.demand(str(port) in published, path, f"the port {port} is not published")
    wanted = {each for _, kind, each in secrets(configuration) if kind == "file"}
    given = {SECRETS + name for name in service.get("secrets", [])}
    for each in sorted(wanted ^ given):
        tree.wrong(path, f"{each} is {'not given' if each in wanted else 'given and not used'}")
    subnets = {each["subnet"] for name in service["networks"] for each in project["networks"][name]["ipam"]["config"]}
    channels = configuration.get("channel", {}).values()
    allowed = {network for channel in channels for network in channel.get("allow_networks", [])}
    tree.demand(subnets == allowed, path, f"it may reach {sorted(allowed)}, and the network is {sorted(subnets)}")
    return path, configuration


def _nats(tree, service):
    """The port that NATS listens on."""
    path = _lies(service, service["command"][service["command"].index("-c") + 1])
    if not tree.demand(path and (tree.root / path).is_file(), FILE, "NATS has no configuration"):
        return 0
    text = tree.text(path)
    tree.demand(re.search(r"^\s*sync_interval: always$", text, re.MULTILINE), path, "sync_interval is not always")
    store = re.search(r'store_dir: "([^"]+)"', text)
    volumes = {target for source, target in _mounts(service) if not source.startswith(".")}
    tree.demand(store and store[1] in volumes, path, "the streams lie on no volume")
    return int(re.search(r'^listen: "[^"]*:(\d+)"', text, re.MULTILINE)[1])


def _prometheus(tree, service, hosts):
    flag = next(each for each in service["command"] if each.startswith("--config.file="))
    path = _lies(service, flag.partition("=")[2])
    if not tree.demand(path and (tree.root / path).is_file(), FILE, "Prometheus has no configuration"):
        return
    configuration = tree.yaml(path)
    for name in configuration.get("rule_files", []):
        file = _lies(service, name if name.startswith("/") else f"/etc/prometheus/{name}")
        tree.demand(file and (tree.root / file).is_file(), path, f"there is no {name}")
    alertmanagers = configuration["alerting"]["alertmanagers"]
    jobs = configuration["scrape_configs"] + alertmanagers
    targets = [target for job in jobs for group in job["static_configs"] for target in group["targets"]]
    for target in targets:
        host, _, port = target.rpartition(":")
        host = "prometheus" if host == "localhost" else host
        tree.demand(int(port) in hosts.get(host, ()), path, f"nobody listens on {target}")
    for each in alertmanagers:
        file = each.get("authorization", {}).get("credentials_file", "")
        given = file.removeprefix(SECRETS) in service.get("secrets", [])
        tree.demand(given, path, f"alerts bear no token that is given to it: {file or 'none'}")


def _grafana(tree, service, hosts):
    provisioning = "/etc/grafana/provisioning"
    sources = _lies(service, f"{provisioning}/datasources/tidings.yml")
    boards = _lies(service, f"{provisioning}/dashboards/tidings.yml")
    there = all(path and (tree.root / path).is_file() for path in (sources, boards))
    if not tree.demand(there, FILE, "Grafana is not given a data source and dashboards"):
        return
    for source in tree.yaml(sources)["datasources"]:
        host, _, port = source["url"].removeprefix("http://").partition(":")
        tree.demand(int(port) in hosts.get(host, ()), sources, f"nobody listens on {source['url']}")
    home = service["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    for provider in tree.yaml(boards)["providers"]:
        path = provider["options"]["path"]
        tree.demand(home.startswith(path + "/"), boards, f"{path} is not where the first dashboard lies")
    board = _lies(service, home)
    if tree.demand(board and (tree.root / board).is_file(), FILE, f"there is no dashboard at {home}"):
        tree.demand(json.loads(tree.text(board)).get("uid"), board, "the dashboard has no uid")
