"""One line of the table: what was measured, against what, and whether it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    name: str
    what: str
    value: float
    unit: str
    baseline: float | None  # measured in the same run; None: the target is a number by itself
    ratio: float  # value to baseline, or to the number
    target: str  # empty: the row stands beside another, and nothing must hold
    excess: float  # over the limit, as a part of it; at most 0 when the row holds

    @property
    def holds(self) -> bool | None:
        return self.excess <= 0 if self.target else None

    def to_json(self) -> dict[str, object]:
        fields = asdict(self)
        del fields["what"], fields["excess"]
        return {**fields, "holds": self.holds}


def at_most(name: str, what: str, value: float, unit: str, baseline: float, limit: float,
            ratio: float | None = None) -> Row:
    """The value must be at most `limit` times the baseline. `ratio` where it is not that of the two."""
    ratio = value / baseline if ratio is None else ratio
    return Row(name, what, value, unit, baseline, ratio, f"<= {limit:g} x baseline", ratio / limit - 1)


def at_least(name: str, what: str, value: float, unit: str, baseline: float, limit: float,
             ratio: float | None = None) -> Row:
    """The value must be at least `limit` times the baseline. `ratio` where it is not that of the two."""
    ratio = value / baseline if ratio is None else ratio
    return Row(name, what, value, unit, baseline, ratio, f">= {limit:g} x baseline", 1 - ratio / limit)


def ratio_of_rounds(values: Sequence[float], baselines: Sequence[float]) -> float:
    """The median of the rounds' own ratios. A virtual machine may change its pace for minutes: what took turns within
    one round saw the same pace, where the medians of all rounds may come from different ones."""
    return median(value / baseline for value, baseline in zip(values, baselines, strict=True))


def below(name: str, what: str, value: float, unit: str, limit: float) -> Row:
    """The value must be at most a number."""
    return Row(name, what, value, unit, None, value / limit, f"<= {limit:g} {unit}", value / limit - 1)


def over(name: str, what: str, value: float, unit: str, limit: float) -> Row:
    """The value must be at least a number."""
    return Row(name, what, value, unit, None, value / limit, f">= {limit:g} {unit}", 1 - value / limit)


def beside(name: str, what: str, value: float, unit: str, other: float) -> Row:
    """Two values that are only compared."""
    return Row(name, what, value, unit, other, value / other, "", 0)
