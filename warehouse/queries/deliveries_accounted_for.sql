-- Is every record of every delivery accounted for? 每份交付的每条记录是否都有交代？
select
    source_id,
    count(*) as n_deliveries,
    sum(n_records) as n_records,
    sum(n_loaded) as n_loaded,
    sum(n_quarantined) as n_quarantined,
    sum(n_skipped) as n_skipped,
    bool_and(n_records = n_loaded + n_quarantined + n_skipped) as is_exact
from audit.deliveries
where state <> 'refused'
group by source_id
order by source_id
