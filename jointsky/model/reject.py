"""Why a record was rejected: one word per reason, and how a person reads it."""

from __future__ import annotations

from enum import Enum


class Reason(Enum):
    """Reason of a reject row. The value stands in files and summaries; `text` is for people."""

    BLOCK_TOO_SHORT = "block_too_short"
    BLOCK_TRUNCATED = "block_truncated"
    UNKNOWN_CATEGORY = "unknown_category"
    FSPEC_TRUNCATED = "fspec_truncated"
    UNKNOWN_ITEM = "unknown_item"
    ITEM_TRUNCATED = "item_truncated"
    BAD_LENGTH = "bad_length"
    EMPTY_RECORD = "empty_record"
    LIMIT = "limit"
    BAD_VALUE = "bad_value"
    NO_TIME = "no_time"
    NO_SOURCE = "no_source"
    NO_POSITION = "no_position"
    UNKNOWN_SENSOR = "unknown_sensor"
    OTHER_WORLD = "other_world"
    CLOCK = "clock"
    LATE = "late"
    FUTURE = "future"
    NOT_AIRCRAFT = "not_aircraft"
    DUPLICATE = "duplicate"
    FLOOD = "flood"
    CONTRADICTORY = "contradictory"

    @property
    def text(self) -> str:
        """A sentence part for people."""
        return _TEXTS[self]


_TEXTS = {
    Reason.BLOCK_TOO_SHORT: "a block says it is shorter than its own header",
    Reason.BLOCK_TRUNCATED: "the data end before the length that the block gives",
    Reason.UNKNOWN_CATEGORY: "no table for this category",
    Reason.FSPEC_TRUNCATED: "the field specification runs past the end of the block",
    Reason.UNKNOWN_ITEM: "the field specification names an item that the edition does not have",
    Reason.ITEM_TRUNCATED: "an item runs past the end of the block",
    Reason.BAD_LENGTH: "an explicit item gives an impossible length",
    Reason.EMPTY_RECORD: "a record with no items",
    Reason.LIMIT: "more than the limit of this program",
    Reason.BAD_VALUE: "a value outside the range of its item",
    Reason.NO_TIME: "a report without time of day",
    Reason.NO_SOURCE: "a report without data source identifier",
    Reason.NO_POSITION: "a report without position",
    Reason.UNKNOWN_SENSOR: "a report of a sensor whose place is not known",
    Reason.OTHER_WORLD: "a simulated or test report in a live picture",
    Reason.CLOCK: "a time far from that of its reception: the sensor's clock is off",
    Reason.LATE: "a report too late to be used",
    Reason.FUTURE: "a report from a moment that is still to come",
    Reason.NOT_AIRCRAFT: "a report of the sensor's own test equipment",
    Reason.DUPLICATE: "a report that has come before",
    Reason.FLOOD: "more reports of a sensor than its history can explain",
    Reason.CONTRADICTORY: "an address at two places at once, or with a code that keeps changing",
}
