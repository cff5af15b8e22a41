"""Counts of what was decoded, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jointsky.codec.asterix.decode import Decoded


@dataclass
class Summary:
    """Records and editions by category, rejects by reason."""

    records: dict[int, int] = field(default_factory=dict)
    editions: dict[int, str] = field(default_factory=dict)
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, decoded: Decoded) -> None:
        """Count one piece."""
        for category, count in decoded.counts().items():
            self.records[category] = self.records.get(category, 0) + count
        for category, table in decoded.rejects.tables.items():
            self.editions[category] = table.edition
        self.rejected += decoded.rejects.total
        for reason, count in decoded.rejects.counts().items():
            self.reasons[reason] = self.reasons.get(reason, 0) + count

    def as_json(self, seconds: float) -> dict[str, Any]:
        """`{"records": {"048": n, ...}, "rejected": n, "reasons": {...}, "seconds": s}`."""
        return {"records": {f"{category:03d}": count
                            for category, count in sorted(self.records.items())},
                "rejected": self.rejected, "reasons": dict(sorted(self.reasons.items())),
                "seconds": round(seconds, 3)}
