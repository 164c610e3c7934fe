"""EU marks of exporters among the world's enterprises: one archive per night, one document per new or changed mark."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.simulation.deliveries import Deliveries, broken_records, with_defects
from pipelines.simulation.nights import NO_DAY, dates, day_number, night_date
from pipelines.simulation.world import World

SOURCE = "euipo_trademark"
RULES = ["type:filing_date", "pattern:application_number", "required:produced_at"]
MARKS_PER_THOUSAND = 20
FIRST_NUMBER = 17_800_001
FIRST_APPLICANT = 1_000_001
FIRST_FILING = date(2018, 1, 8)
LANGUAGES = ["bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "hr", "hu", "it", "lt", "lv", "mt", "nl", "pl"]
LANGUAGES += ["pt", "ro", "sk", "sl", "sv"]

# Status before a change, and after it.
_CHANGES = {
    "Application under examination": "Application published",
    "Application published": "Registered",
    "Application opposed": "Application withdrawn",
    "Registered": "Registration surrendered",
}
# Milestone and status codes by status.
_CODES = {
    "Application under examination": ("2", "1"),
    "Application published": ("22", "1"),
    "Application opposed": ("22", "5"),
    "Application withdrawn": ("22", "3"),
    "Registered": ("23", "1"),
    "Registration surrendered": ("23", "3"),
}


def deliver(world: World, out: Deliveries) -> None:
    """Write one archive per night."""
    n_first = world.count(MARKS_PER_THOUSAND, 4)
    n_changed = max(1, round(0.05 * n_first))
    marks = _new_marks(world, 1, n_first, 0)
    _write(world, out, 1, marks)
    for night in range(2, world.nights + 1):
        changed = _changed_marks(world, night, marks, n_changed)
        new = _new_marks(world, night, n_changed, n_first + (night - 2) * n_changed)
        unchanged = marks.join(changed.select("mark_no"), on="mark_no", how="anti", maintain_order="left")
        _write(world, out, night, pl.concat([changed, new]))
        marks = pl.concat([unchanged, changed, new])
    out.truth("trademarks", _truth(marks))


def _new_marks(world: World, night: int, n: int, first_no: int) -> pl.DataFrame:
    """Marks first published on a night, in order of filing, broken ones among them."""
    generator = world.random(SOURCE, night)
    enterprises = world.enterprises_at(night)
    today = day_number(night_date(night))
    start = day_number(FIRST_FILING) if night == 1 else today - 14
    filed = start + (np.arange(n) * (today - 6 - start)) // n
    published = filed + generator.integers(20, 70, n)
    registered = published + generator.integers(92, 110, n)
    is_opposed = (generator.random(n) < 0.1) & (published + 60 < today)
    is_published = published < today
    is_registered = (registered < today) & ~is_opposed
    status = np.select(
        [is_registered, is_opposed, is_published],
        ["Registered", "Application opposed", "Application published"],
        "Application under examination",
    )
    status_day = np.select([is_registered, is_opposed, is_published], [registered, published + 60, published], filed)
    owners = enterprises.select("enterprise_no", "brand_en", "nice_class", "industry_en")[
        generator.integers(0, len(enterprises), n)
    ]
    number = np.arange(first_no, first_no + n)
    frame = pl.DataFrame(
        {
            "mark_no": number,
            "application_no": [f"{FIRST_NUMBER + int(i):09d}" for i in number],
            "filing_date": dates(filed),
            "published_date": dates(np.where(is_published, published, NO_DAY)),
            "opposed_date": dates(np.where(is_opposed, published + 60, NO_DAY)),
            "registration_date": dates(np.where(is_registered, registered, NO_DAY)),
            "status": status,
            "status_date": dates(status_day),
            "is_figurative": generator.random(n) < 0.1,
            "has_second_applicant": generator.random(n) < 0.05,
            "has_second_class": generator.random(n) < 0.3,
            "first_language": pl.Series(["en", "de", "fr", "it", "es"]).gather(pl.Series(generator.integers(0, 5, n))),
            "last_night": np.full(n, night, dtype=np.int64),
        }
    ).hstack(owners)
    return with_defects(frame, world.defects(SOURCE, n, RULES, night))


def _changed_marks(world: World, night: int, marks: pl.DataFrame, n: int) -> pl.DataFrame:
    """The marks that get the next status on a night."""
    order = world.random(SOURCE, "changes", night).permutation(len(marks))
    may_change = marks.select("mark_no", "status", "defect")[order].filter(
        pl.col("status").is_in(list(_CHANGES)) & pl.col("defect").is_null()
    )
    yesterday = pl.lit(night_date(night)).dt.offset_by("-1d")
    becomes = pl.col("status").replace(_CHANGES)
    return marks.join(
        may_change.head(n).select("mark_no"), on="mark_no", how="semi", maintain_order="left"
    ).with_columns(
        status=becomes,
        status_date=yesterday,
        published_date=pl.when(becomes == "Application published").then(yesterday).otherwise("published_date"),
        registration_date=pl.when(becomes == "Registered").then(yesterday).otherwise("registration_date"),
        last_night=pl.lit(night, pl.Int64),
    )


def _classes() -> pl.Expr:
    own = pl.col("nice_class").cast(pl.Int64)
    second = pl.when(pl.col("has_second_class") & (own != 35)).then(pl.lit(35, pl.Int64))
    return pl.concat_list(own, second).list.drop_nulls()


def _element(name: str, value: object) -> str:
    return "" if value is None else f"<{name}>{value}</{name}>\n"


def _goods(mark: dict[str, object], number: int) -> str:
    texts = "".join(
        f'<GoodsServicesDescription languageCode="{language}">{mark["industry_en"]} {number} ({language})'
        "</GoodsServicesDescription>\n"
        for language in LANGUAGES
    )
    return f"<ClassDescription>\n{_element('ClassNumber', number)}{texts}</ClassDescription>\n"


def _document(mark: dict[str, object], night: int, position: int) -> str:
    """A mark as the office writes it; an opposed one includes the opponent's own mark."""
    defect = mark["defect"]
    milestone, detail = _CODES[str(mark["status"])]
    number = str(mark["application_no"])
    filed, registered = mark["filing_date"], mark["registration_date"]
    assert isinstance(filed, date)
    day = night_date(night)
    produced = f"{day}T{position // 3600 % 24:02d}:{position // 60 % 60:02d}:{position % 60:02d}"
    classes = mark["classes"]
    assert isinstance(classes, list)
    applicant = FIRST_APPLICANT + int(str(mark["enterprise_no"]))
    applicants = [applicant, applicant + 500_000] if mark["has_second_applicant"] else [applicant]
    publications = [("A.1", mark["published_date"]), ("B.1", registered)]
    opposition = (
        "<OppositionDetails>\n<Opposition>\n"
        f"<OppositionIdentifier>{3_000_000 + int(str(mark['mark_no'])):09d}</OppositionIdentifier>\n"
        f"<OppositionDate>{mark['opposed_date']}</OppositionDate>\n"
        "<OppositionGroundText>Likelihood of confusion</OppositionGroundText>\n<EarlierMarkDetails>\n<EarlierMark>\n"
        "<EarlierMarkCountryCode>EM</EarlierMarkCountryCode>\n<ApplicationNumber>009999999</ApplicationNumber>\n"
        "<ApplicationDate>2011-03-04</ApplicationDate>\n<MarkFeature>Word</MarkFeature>\n</EarlierMark>\n"
        "</EarlierMarkDetails>\n</Opposition>\n</OppositionDetails>\n"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Transaction xmlns="http://euipo.europa.eu/trademark/data">\n'
        "<TransactionHeader>\n<SenderDetails>\n"
        + _element("RequestProducerDateTime", None if defect == "required:produced_at" else produced)
        + "</SenderDetails>\n</TransactionHeader>\n<TradeMarkTransactionBody>\n<TransactionContentDetails>\n"
        f"<TransactionIdentifier>{number}</TransactionIdentifier>\n<TransactionCode>EM-Trade Mark</TransactionCode>\n"
        '<TransactionData>\n<TradeMarkDetails>\n<TradeMark operationCode="Insert">\n'
        "<RegistrationOfficeCode>EM</RegistrationOfficeCode>\n"
        + _element("ApplicationNumber", number[3:] if defect == "pattern:application_number" else number)
        + _element("ApplicationDate", "2020-13-41" if defect == "type:filing_date" else filed)
        + _element("RegistrationDate", registered)
        + _element("ApplicationLanguageCode", mark["first_language"])
        + _element("SecondLanguageCode", "fr" if mark["first_language"] == "en" else "en")
        + _element("ExpiryDate", mark["expiry_date"])
        + f'<MarkCurrentStatusCode milestone="{milestone}" status="{detail}">{mark["status"]}</MarkCurrentStatusCode>\n'
        + _element("MarkCurrentStatusDate", mark["status_date"])
        + "<KindMark>Individual</KindMark>\n"
        + _element("MarkFeature", "Figurative" if mark["is_figurative"] else "Word")
        + "<TradeDistinctivenessIndicator>false</TradeDistinctivenessIndicator>\n<WordMarkSpecification>\n"
        + _element("MarkVerbalElementText", mark["brand_en"])
        + "</WordMarkSpecification>\n<GoodsServicesDetails>\n<GoodsServices>\n<ClassificationVersion/>\n"
        "<ClassDescriptionDetails>\n"
        + "".join(_goods(mark, number) for number in classes)
        + "</ClassDescriptionDetails>\n</GoodsServices>\n</GoodsServicesDetails>\n<PublicationDetails>\n"
        + "".join(
            f"<Publication>\n<PublicationIdentifier>{on:%Y/%j}</PublicationIdentifier>\n"
            f"<PublicationSection>{section}</PublicationSection>\n<PublicationDate>{on}</PublicationDate>\n"
            "<PublicationPage>0</PublicationPage>\n</Publication>\n"
            for section, on in publications
            if isinstance(on, date)
        )
        + "</PublicationDetails>\n<ApplicantDetails>\n"
        + "".join(f"<ApplicantKey>\n<Identifier>{key}</Identifier>\n</ApplicantKey>\n" for key in applicants)
        + "</ApplicantDetails>\n"
        + ("" if mark["opposed_date"] is None else opposition)
        + "</TradeMark>\n</TradeMarkDetails>\n</TransactionData>\n</TransactionContentDetails>\n"
        "</TradeMarkTransactionBody>\n</Transaction>\n"
    )


def _described(marks: pl.DataFrame) -> pl.DataFrame:
    is_registered = pl.col("registration_date").is_not_null()
    return marks.sort("mark_no").with_columns(
        classes=_classes(),
        expiry_date=pl.when(is_registered).then(pl.col("filing_date").dt.offset_by("10y")),
    )


def _write(world: World, out: Deliveries, night: int, marks: pl.DataFrame) -> None:
    marks = _described(marks)
    day = night_date(night)
    path: Path = out.path(night, SOURCE, f"EUTMS_{day:%Y%m%d}_0001.zip")
    with zipfile.ZipFile(path, "w") as archive:
        for position, mark in enumerate(marks.iter_rows(named=True)):
            member = zipfile.ZipInfo(f"{mark['application_no']}.xml", (day.year, day.month, day.day, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, _document(mark, night, position))
    out.written(night, path, len(marks), broken_records(marks))


def _truth(marks: pl.DataFrame) -> pl.DataFrame:
    is_registered = pl.col("registration_date").is_not_null()
    return (
        _described(marks)
        .filter(pl.col("defect").is_null())
        .select(
            office_code=pl.lit("EM"),
            application_no="application_no",
            registration_no=pl.when(is_registered).then("application_no"),
            mark_text="brand_en",
            status_code="status",
            filing_date="filing_date",
            filing_date_text=pl.col("filing_date").dt.to_string("%Y-%m-%d"),
            registration_date="registration_date",
            expiry_date="expiry_date",
            # The published documents name applicants only by identifier.
            owner_uscc=pl.lit(None, pl.String),
            owner_name=pl.lit(None, pl.String),
            n_owner_entries=1 + pl.col("has_second_applicant").cast(pl.Int64),
            n_classes=pl.col("classes").list.len().cast(pl.Int64),
            n_events=pl.col("published_date").is_not_null().cast(pl.Int64)
            + is_registered.cast(pl.Int64)
            + pl.col("opposed_date").is_not_null().cast(pl.Int64),
            last_night="last_night",
        )
    )
