"""The tables that the baseline reads from XML deliveries, by source."""

from __future__ import annotations

from benchmarks.xml_tables import CASE_FILE, CLASSIFICATION, EVENT, OWNER, REGISTRATION, XmlTable, table

USPTO = [
    table(
        "case_file",
        CASE_FILE,
        ["record"],
        [
            "serial-number",
            "registration-number",
            "transaction-date",
            "case-file-header/filing-date",
            "case-file-header/registration-date",
            "case-file-header/status-code",
            "case-file-header/status-date",
            "case-file-header/mark-identification",
            "case-file-header/renewal-date",
            "international-registration/international-registration-number",
        ],
    ),
    table("event", EVENT, ["record", "item"], ["code", "type", "description-text", "date"]),
    table(
        "owner",
        OWNER,
        ["record", "item"],
        ["entry-number", "party-type", "nationality/country", "party-name", "country"],
    ),
    # One row per child of a classification: an international code, or the status or first use next to it.
    XmlTable("classifications", CLASSIFICATION.rsplit("/", 1)[0], (), ()),
    XmlTable(
        "class_part",
        CLASSIFICATION,
        ("record", "classification", "item"),
        tuple(f"{CLASSIFICATION}/{name}" for name in ("international-code", "status-code", "first-use-anywhere-date")),
    ),
]
# One row per child of a registration: a single value, an owner or a class.
TIPO = [
    XmlTable("registrations", REGISTRATION.rsplit("/", 1)[0], (), ()),
    XmlTable(
        "registration_part",
        REGISTRATION,
        ("record", "item"),
        tuple(
            f"{REGISTRATION}/{name}"
            for name in (
                "CaseNo",
                "RegisterNo",
                "Trademark_Name",
                "Filing_Date",
                "SDate",
                "EDate",
                "RegContentOwner/AChinese",
                "RegContentOwner/AEnglish",
                "RegContentClassification/Class",
            )
        ),
    ),
]

# An archive contains a document per mark; they are read as one, each a child of this element.
DOCUMENTS = "documents"
_EM = f"/{DOCUMENTS}/Transaction"
_EM_MARK = f"{_EM}/TradeMarkTransactionBody/TransactionContentDetails/TransactionData/TradeMarkDetails/TradeMark"
_EM_MARK_FIELDS = (
    "@operationCode",
    "ApplicationNumber",
    "ApplicationDate",
    "RegistrationDate",
    "ExpiryDate",
    "MarkCurrentStatusCode",
    "MarkCurrentStatusDate",
    "WordMarkSpecification/MarkVerbalElementText",
)
EUIPO = [
    XmlTable(
        "em_mark",
        f"/{DOCUMENTS}",
        ("record",),
        (
            f"{_EM}/TransactionHeader/SenderDetails/RequestProducerDateTime",
            *(f"{_EM_MARK}/{name}" for name in _EM_MARK_FIELDS),
        ),
    ),
    table(
        "em_class",
        f"{_EM_MARK}/GoodsServicesDetails/GoodsServices/ClassDescriptionDetails/ClassDescription",
        ["record", "item"],
        ["ClassNumber"],
    ),
    table("em_applicant", f"{_EM_MARK}/ApplicantDetails/ApplicantKey", ["record", "item"], ["Identifier"]),
    table(
        "em_publication",
        f"{_EM_MARK}/PublicationDetails/Publication",
        ["record", "item"],
        ["PublicationIdentifier", "PublicationSection", "PublicationDate"],
    ),
    table(
        "em_opposition",
        f"{_EM_MARK}/OppositionDetails/Opposition",
        ["record", "item"],
        ["OppositionIdentifier", "OppositionDate", "OppositionGroundText"],
    ),
]

TABLES = {"uspto_trademark": USPTO, "tipo_gazette": TIPO, "euipo_trademark": EUIPO}
