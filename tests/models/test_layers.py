"""The test that every layer of the dbt project reads only what comes before it, on graphs that keep and breach it."""

from __future__ import annotations

import duckdb
import jinja2
import pytest

from pipelines.state.home import DBT_PROJECT_DIR

BORDER = (DBT_PROJECT_DIR / "tests" / "layers_keep_their_border.sql").read_text(encoding="utf-8")
SOURCES = ("lake.rasff__notification", "lake.quarantine")
SEEDS = ("seeds.rules",)
MODELS = (
    "staging.stg_a", "intermediate.int_a", "star.dim_a", "star.fct_a", "measures.fct_b", "measures.int_b", "marts.a",
    "audit.a",
)  # fmt: skip


def breaches(reader: str, read: str, code: str = "-- Grain: one row per a") -> list[str]:
    """What the test returns when one model of the layers above reads one other node."""
    types = dict.fromkeys(SOURCES, "source") | dict.fromkeys(SEEDS, "seed") | dict.fromkeys(MODELS, "model")
    nodes = {
        name: {
            "name": name.split(".")[1],
            "fqn": ["touchstone", *name.split(".")],
            "resource_type": kind,
            "package_name": "touchstone",
            "raw_code": code if name == reader else "-- Grain: one row per a",
            "depends_on": {"nodes": [read] if name == reader else []},
        }
        for name, kind in types.items()
    }
    graph = {
        "nodes": {name: node for name, node in nodes.items() if name not in SOURCES},
        "sources": {name: nodes[name] for name in SOURCES},
    }
    template = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False).from_string(BORDER)
    sql = template.render(graph=graph, project_name="touchstone", config=lambda **_: "")
    with duckdb.connect() as connection:
        return [breach for _, breach in connection.execute(sql).fetchall()]


@pytest.mark.parametrize(
    ("reader", "allowed"),
    [
        ("staging.stg_a", {"lake.rasff__notification"}),
        ("intermediate.int_a", {"lake.quarantine", "seeds.rules", "staging.stg_a", "intermediate.int_a"}),
        ("star.dim_a", {"seeds.rules", "intermediate.int_a", "star.dim_a", "star.fct_a"}),
        ("measures.fct_b", {"seeds.rules", "star.dim_a", "star.fct_a", "measures.fct_b", "measures.int_b"}),
        ("marts.a", {"star.dim_a", "star.fct_a", "measures.fct_b", "measures.int_b"}),
        ("audit.a", {*SOURCES, *SEEDS, *MODELS} - {"marts.a"}),
    ],
)
def test_a_layer_reads_only_what_comes_before_it(reader: str, allowed: set[str]) -> None:
    everything = {*SOURCES, *SEEDS, *MODELS}
    assert {read for read in everything if not breaches(reader, read)} == allowed


def test_a_model_states_its_grain() -> None:
    assert breaches("star.dim_a", "intermediate.int_a", code="select 1") == ["does not open with its grain"]
