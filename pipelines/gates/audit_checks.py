"""The checks of the release gate on the audit tables: they list what the lake holds, and no record is lost."""

from __future__ import annotations

from pipelines.gates.release_rules import ReleaseRule, one_query, release_rule

AUDIT_RULES: tuple[ReleaseRule, ...] = (
    release_rule(
        "audit.deliveries",
        "deliveries_reconcile",
        "交付清单与湖一致 | audit.deliveries lists the deliveries of the lake",
        "Every number must lead back to its file.",
        "each delivery of the lake once",
        one_query(
            "audit",
            "deliveries",
            """
            select coalesce(l.original_name, a.original_name) as delivery, l.n as n_lake, a.n as n_audit
            from (
                select source_id, sha256, min(original_name) as original_name, count(*) as n
                from work.lake.deliveries group by source_id, sha256
            ) as l
            full join (
                select source_id, sha256, min(original_name) as original_name, count(*) as n
                from audit.deliveries where delivery_key <> -1 group by source_id, sha256
            ) as a on a.source_id = l.source_id and a.sha256 = l.sha256
            where l.n is distinct from a.n
            """,
        ),
    ),
    release_rule(
        "audit.deliveries",
        "conservation",
        "每个交付记录守恒 | Records are conserved in every delivery",
        "A record that is nowhere was lost on the way.",
        "n_records = n_loaded + n_quarantined + n_skipped",
        one_query(
            "audit",
            "deliveries",
            """
            select original_name, n_records, n_loaded, n_quarantined, n_skipped from audit.deliveries
            where state in ('loaded', 'quarantined') and delivery_key <> -1
                and n_records is distinct from n_loaded + n_quarantined + n_skipped
            """,
        ),
        "Parse the delivery again with `touchstone refresh --full`; if it persists, report it: the parser miscounts.",
    ),
    release_rule(
        "audit.quarantine",
        "quarantine_reconcile",
        "隔离记录与湖一致 | audit.quarantine holds the quarantined records of the lake",
        "What was refused must be there to be read.",
        "as many rows per delivery as the lake",
        one_query(
            "audit",
            "quarantine",
            """
            select coalesce(l.delivery_sha256, a.delivery_sha256) as delivery_sha256, l.n as n_lake, a.n as n_audit
            from (
                select source_id, delivery_sha256, count(*) as n
                from work.lake.quarantine group by source_id, delivery_sha256
            ) as l
            full join (
                select source_id, delivery_sha256, count(*) as n
                from audit.quarantine group by source_id, delivery_sha256
            ) as a on a.source_id = l.source_id and a.delivery_sha256 = l.delivery_sha256
            where l.n is distinct from a.n
            """,
        ),
    ),
)
