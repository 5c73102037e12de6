"""What an expression of Prometheus names, and what is left of it without its comparison."""

from dataclasses import dataclass, field

import promql_parser as parser

COMPARISONS = {"==", "!=", "<", "<=", ">", ">="}
SETS = {"and", "or", "unless"}
# These ask how a counter grows, and make nonsense of a gauge.
FOR_COUNTERS = {"rate", "irate", "increase"}


@dataclass
class Named:
    """Metrics with their matchers, labels that are grouped or joined by, labels that are made, counters' functions."""

    metrics: list = field(default_factory=list)
    labels: set = field(default_factory=set)
    made: set = field(default_factory=set)
    grown: set = field(default_factory=set)


def read(text):
    """The expression as a tree; ValueError says what is wrong with it."""
    return parser.parse(text)


def named(tree):
    """Everything that an expression names."""
    found = Named()

    def visit(node):
        if isinstance(node, parser.VectorSelector):
            matchers = [(one.name, str(one.op).split(".")[-1], one.value) for one in node.matchers.matchers]
            found.metrics.append((node.name, matchers))
        elif isinstance(node, parser.AggregateExpr) and node.modifier:
            found.labels.update(node.modifier.labels)
        elif isinstance(node, parser.BinaryExpr) and node.modifier:
            matching = node.modifier.matching
            found.labels.update(matching.labels if matching else [])
            found.labels.update(node.modifier.group_labels or [])
        elif isinstance(node, parser.Call):
            if node.func.name in ("label_replace", "label_join"):
                found.made.add(node.args[1].val)
            if node.func.name == "label_replace":
                found.labels.add(node.args[3].val)
            if node.func.name in FOR_COUNTERS and isinstance(node.args[0], parser.MatrixSelector):
                found.grown.add(node.args[0].vector_selector.name)
        for child in children(node):
            visit(child)

    visit(tree)
    return found


def children(node):
    """The expressions right inside an expression."""
    if isinstance(node, parser.BinaryExpr):
        return [node.lhs, node.rhs]
    if isinstance(node, parser.Call):
        return list(node.args)
    if isinstance(node, parser.MatrixSelector):
        return [node.vector_selector]
    return [node.expr] if hasattr(node, "expr") else []


def compared(tree):
    """What an alert compares, as expressions that have a value whether or not it fires.

    A comparison gives way to its sides, `and`, `or` and `unless` to theirs, and `absent(x)` to x. One with `bool` has a
    value already; what names no metric is a threshold.
    """
    if isinstance(tree, parser.ParenExpr):
        return compared(tree.expr)
    if not named(tree).metrics:
        return []
    if isinstance(tree, parser.BinaryExpr) and str(tree.op) in COMPARISONS | SETS and not asks_bool(tree):
        return compared(tree.lhs) + compared(tree.rhs)
    if isinstance(tree, parser.Call) and tree.func.name == "absent":
        return compared(tree.args[0])
    return [tree.prettify()]


def asks_bool(binary):
    return bool(binary.modifier and binary.modifier.return_bool)
