"""The page of a release: one HTML file that needs no script, no network and no server, in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import duckdb

from pipelines.releases.release import Release

_STYLE = """
:root { color-scheme: light dark; --line: #8885; --soft: #8882; }
body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif;
  max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.2rem; } small, .en { opacity: .72; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
th { background: var(--soft); } .number { text-align: right; font-variant-numeric: tabular-nums; }
code { background: var(--soft); padding: .1rem .3rem; border-radius: .2rem; }
dt { font-weight: 600; } dd { margin: 0 0 .4rem; }
"""

_SCHEMA_TITLES = {
    "marts": ("应用结果", "Answers"),
    "star": ("维度与事实", "Dimensions, facts and bridges"),
    "audit": ("审计", "Audit"),
    "meta": ("数据字典", "Dictionary"),
}
_STATUS_TITLES = {
    "met": "已达到",
    "on_track": "进展正常",
    "at_risk": "落后",
    "missed": "逾期未达到",
    "unknown": "无法判断",
}


def write_site(release: Release, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Write `index.html` for a release into the folder; its links go to the Parquet files and the database next to it.

    The connection is to the release's database. The page states the release, progress towards the plans' targets where
    the release has `marts.target_progress`, and every table with its meaning, row count and file.
    """
    title = f"试金石 Touchstone · {release.as_of.isoformat()}"
    parts = [
        "<!doctype html>",
        '<html lang="zh-Hans">',
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>",
        f"<body><h1>{escape(title)}</h1>",
        "<p>" + _both(*_verdict(release)) + "</p>",
        _facts(release),
        _target_progress(release, connection),
        _tables(release, connection, folder.parent),
        _how_to_read(),
        "</body></html>",
    ]
    (folder / "index.html").write_text("\n".join(parts) + "\n", encoding="utf-8")


def _verdict(release: Release) -> tuple[str, str]:
    """In Chinese and English, whether the release passed every gate."""
    n_overridden = len(release.overrides)
    if n_overridden == 0:
        return "品牌发展数据仓库的一次发布，已通过全部质量关口。", (
            "One release of the brand-development warehouse; it passed every gate."
        )
    return f"品牌发展数据仓库的一次发布；{n_overridden} 项检查未通过，经说明理由后放行。", (
        f"One release of the brand-development warehouse; {n_overridden} failed checks were overridden for a reason."
    )


def _facts(release: Release) -> str:
    facts = [
        ("发布编号", "Release", release.release_id),
        ("数据基准日", "As-of date", release.as_of.isoformat()),
        ("生成时间（UTC）", "Built at (UTC)", f"{release.built_at:%Y-%m-%d %H:%M:%S}"),
        ("输入摘要", "Hash of the inputs", release.inputs_hash),
        *(("质量关口", f"Gate: {gate}", _gate_text(result)) for gate, result in release.gates.items()),
        *(
            ("未通过而放行", f"Overridden: {override.check}", f"{override.observed}: {override.reason}")
            for override in release.overrides
        ),
    ]
    rows = [[_both(zh, en), escape(value)] for zh, en, value in facts]
    return _section("本次发布", "This release", _table(["", ""], rows))


def _gate_text(result: object) -> str:
    """A gate's summary as words: `passed 12, failed 0` for a mapping, else as it is."""
    if isinstance(result, dict):
        return ", ".join(f"{name} {value}" for name, value in result.items())
    return str(result)


def _target_progress(release: Release, connection: duckdb.DuckDBPyConnection) -> str:
    if "marts.target_progress" not in release.tables:
        return ""
    found = connection.execute(
        "select plan_id, region_code, name_zh, name_en, actual_value, target_value, unit, gap, achieved_pct,"
        " status, reason from marts.target_progress order by plan_id, region_code, indicator_id"
    ).fetchall()
    rows = [
        [
            escape(f"{plan} · {region}"),
            _both(name_zh, name_en),
            *(_number(value) for value in (actual, target)),
            escape(unit or ""),
            _number(gap),
            _number(achieved),
            _both(_STATUS_TITLES.get(str(status), ""), status)
            + (f"<br><small>{_bilingual(reason)}</small>" if reason else ""),
        ]
        for plan, region, name_zh, name_en, actual, target, unit, gap, achieved, status, reason in found
    ]
    heads = [
        _both("规划 · 地区", "Plan · region"),
        _both("指标", "Indicator"),
        _both("实际", "Actual"),
        _both("目标", "Target"),
        _both("单位", "Unit"),
        _both("差距", "Gap"),
        _both("完成 %", "Reached %"),
        _both("状态", "Status"),
    ]
    return _section("目标进展", "Progress towards targets", _table(heads, rows, numeric={2, 3, 5, 6}))


def _tables(release: Release, connection: duckdb.DuckDBPyConnection, folder: Path) -> str:
    meanings = {
        f"{schema}.{table}": str(comment)
        for schema, table, comment in connection.execute(
            "select schema_name, table_name, comment from duckdb_tables() where comment is not null"
            " union all select schema_name, view_name, comment from duckdb_views() where comment is not null"
        ).fetchall()
    }
    heads = [_both("表", "Table"), _both("含义", "Meaning"), _both("行数", "Rows"), _both("文件", "File")]
    parts = []
    for schema, (title_zh, title_en) in _SCHEMA_TITLES.items():
        rows = []
        for name, count in release.tables.items():
            if name.startswith(f"{schema}."):
                table = name.removeprefix(f"{schema}.")
                size = (folder / "parquet" / schema / f"{table}.parquet").stat().st_size
                link = f'<a href="../parquet/{escape(schema)}/{escape(table)}.parquet">Parquet</a>'
                meaning = _bilingual(meanings.get(name, ""))
                rows.append(
                    [f"<code>{escape(name)}</code>", meaning, f"{count:,}", f"{link} <small>{_size(size)}</small>"]
                )
        if rows:
            parts.append(_section(title_zh, title_en, _table(heads, rows, numeric={2})))
    return "\n".join(parts)


def _how_to_read() -> str:
    body = (
        '<p>数据库文件：<a href="../warehouse.duckdb">warehouse.duckdb</a>（DuckDB 1.5 及以上，只读打开）。'
        '<br><span class="en" lang="en">The database file; open it read-only with DuckDB 1.5 or newer.</span></p>'
        '<p><code>touchstone query "select * from marts.target_progress"</code></p>'
    )
    return _section("如何使用", "How to read it", body)


def _section(title_zh: str, title_en: str, body: str) -> str:
    return f"<section><h2>{_both(title_zh, title_en)}</h2>{body}</section>"


def _both(chinese: str | None, english: str | None) -> str:
    """Chinese, then English in a softer colour."""
    soft = f'<span class="en" lang="en">{escape(english)}</span>' if english else ""
    return " ".join(part for part in (escape(chinese or ""), soft) if part)


def _bilingual(text: str) -> str:
    """A text of the dictionary, which is written `中文 | English`."""
    chinese, _, english = text.partition(" | ")
    return _both(chinese, english)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], numeric: set[int] | None = None) -> str:
    """A table of cells that are already HTML; columns in `numeric` are right-aligned."""
    kinds = [' class="number"' if number in (numeric or set()) else "" for number in range(len(heads))]
    head = "".join(f"<th{kind}>{text}</th>" for kind, text in zip(kinds, heads, strict=True))
    body = "\n".join(
        "<tr>" + "".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(kinds, row, strict=True)) + "</tr>"
        for row in rows
    )
    opening = f"<thead><tr>{head}</tr></thead>" if any(heads) else ""
    return f'<div class="wide"><table>{opening}<tbody>{body}</tbody></table></div>'


def _number(value: Any) -> str:
    return "" if value is None else f"{value:,.6g}" if abs(value) < 1000 else f"{value:,.0f}"


def _size(n_bytes: int) -> str:
    size = float(n_bytes)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
