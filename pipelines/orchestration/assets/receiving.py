"""Assets of receiving: the deliveries of each source, and the addresses that they are fetched from."""

from collections.abc import Iterable, Iterator
from datetime import date

import dagster as dg

from pipelines.contract.declarations import Source
from pipelines.errors import TouchstoneError
from pipelines.orchestration.jobs import REMOTE_GROUP
from pipelines.orchestration.keys import OWNERS, remote_key
from pipelines.orchestration.progress import Progress
from pipelines.orchestration.resources import RefreshSettings
from pipelines.receiving import addresses
from pipelines.receiving import fetch as fetching
from pipelines.receiving.fetch import Fetched
from pipelines.receiving.landing import receive as receive_landed
from pipelines.receiving.manifest import Manifest, manifests
from pipelines.state.home import Home

# Files come over a network or from a drive that may be away for a moment. Parsing, gates and dbt give the same answer
# however often they are asked.
RECEIVE_RETRIES = dg.RetryPolicy(max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)

_KINDS_OF_SUFFIX = {"xml": "xml", "csv": "csv", "xlsx": "excel", "json": "json", "zip": "zip"}
_MAX_KINDS = 3


def deliveries(source: Source, is_fetched_by_day: bool = False) -> dg.AssetsDefinition:
    """What was received from a source, as received; `is_fetched_by_day` where there is an asset `remote` of it."""
    suffixes = [part for pattern in source.delivery.patterns for part in pattern.lower().split(".")]
    kinds = list(dict.fromkeys(_KINDS_OF_SUFFIX[suffix] for suffix in suffixes if suffix in _KINDS_OF_SUFFIX))

    @dg.asset(
        key=["deliveries", source.id],
        deps=[remote_key(source)] if is_fetched_by_day else [],
        group_name="receive",
        description=f"{source.title.zh} | {source.title.en}. {source.publisher}; {source.cadence}.",
        owners=OWNERS,
        kinds=set(kinds[:_MAX_KINDS]),
        metadata={"licence": source.licence, "home": dg.MetadataValue.url(source.home_url)},
        retry_policy=RECEIVE_RETRIES,
    )
    def receive(
        home: dg.ResourceParam[Home], settings: RefreshSettings, progress: dg.ResourceParam[Progress]
    ) -> dg.MaterializeResult[None]:
        taken: list[Manifest] = []
        failed: list[str] = []
        due = addresses.nightly(addresses.remotes(home, source), settings.as_of_date())
        if due and settings.fetch and settings.includes(source.id):
            with progress.step("fetch", source.id) as step:
                outcomes = fetching.fetch(home, source, due, step.report)
            taken += [result.manifest for result in outcomes if result.manifest is not None]
            failed += [result.line for result in outcomes if result.outcome == "failed"]
        for line in failed:
            progress.refused(line)
        if settings.includes(source.id):
            with progress.step("receive", source.id) as step:
                try:
                    landed = receive_landed(home, source, step.report)
                except TouchstoneError as error:
                    raise dg.Failure(str(error), allow_retries=False) from error
                if landed:
                    step.report(f"{len(landed)} files")
            taken += landed
        refused = {m.original_name: m.reason or "" for m in taken if m.state == "refused"}
        for name, reason in refused.items():
            progress.refused(refusal(source, name, reason))
        return dg.MaterializeResult(
            metadata={
                "files_taken": len(taken),
                "bytes_taken": sum(manifest.bytes for manifest in taken),
                "refused": refused,
                "not_fetched": failed,
                "deliveries_in_archive": len(manifests(home, source.id)),
            }
        )

    return receive


def remote(source: Source, partitions: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """The files that a source's dated addresses have, by the day."""
    spec = dg.AssetSpec(
        remote_key(source),
        skippable=True,
        partitions_def=partitions,
        group_name=REMOTE_GROUP,
        description=f"{source.title.zh}：按日的远程文件 | {source.title.en}: the files at its addresses, by the day."
        " A day without a file stays empty.",
        owners=OWNERS,
    )

    # A range of days is one run: a process and the home's lock for each day would cost more than the files.
    @dg.multi_asset(name=f"fetch_{source.id}", specs=[spec], backfill_policy=dg.BackfillPolicy.single_run())
    def fetch_days(
        context: dg.AssetExecutionContext, home: dg.ResourceParam[Home], progress: dg.ResourceParam[Progress]
    ) -> Iterator[dg.MaterializeResult[None]]:
        days = [date.fromisoformat(day) for day in context.partition_keys]
        due = addresses.backfill(addresses.remotes(home, source), min(days), max(days))
        with progress.step("fetch", source.id) as step:
            outcomes = fetching.fetch(home, source, due, step.report)
        for event in remote_events(source, outcomes):
            context.log_event(event)
        failed = [result.line for result in outcomes if result.outcome == "failed"]
        for line in failed:
            progress.refused(line)
        if failed:
            raise dg.Failure(f"{len(failed)} of {len(outcomes)} addresses failed; first {failed[0]}")
        yield from ()

    return fetch_days


def remote_events(source: Source, outcomes: Iterable[Fetched]) -> list[dg.AssetMaterialization]:
    """The days whose file is in the archive now, as Dagster shows them."""
    return [
        dg.AssetMaterialization(
            remote_key(source),
            partition=result.day.isoformat(),
            metadata={
                "url": result.url,
                "outcome": result.outcome,
                "sha256": result.manifest.sha256 if result.manifest else "as before",
            },
        )
        for result in outcomes
        if result.day is not None and result.outcome in ("received", "unchanged")
    ]


def refusal(source: Source, name: str, reason: str) -> str:
    """A refused delivery in one line."""
    return f"{source.id}: {name}: refused: {' '.join(reason.split())}"
