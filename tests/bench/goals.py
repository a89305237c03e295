"""The goals: what is to be reached, and whether it is."""

import dataclasses

from measure import Spread


@dataclasses.dataclass(frozen=True)
class Goal:
    """One figure that is to be at most, or at least, a limit."""

    id: str
    text: str
    limit: float
    is_most: bool
    measured: Spread | None
    unit: float
    why_not: str | None

    @classmethod
    def most(cls, id_, text, limit, measured, why_not=None, unit=1.0) -> "Goal":
        """A figure that is to be at most `limit`."""
        return cls(id_, text, limit, True, measured, unit, why_not)

    @classmethod
    def least(cls, id_, text, limit, measured, why_not=None, unit=1.0) -> "Goal":
        """A figure that is to be at least `limit`."""
        return cls(id_, text, limit, False, measured, unit, why_not)

    @property
    def state(self) -> str:
        """In one word or a few."""
        if self.measured is None:
            return f"not measured: {self.why_not or 'no run has a time'}"
        median = self.measured.median / self.unit
        met = median <= self.limit if self.is_most else median >= self.limit
        return "met" if met else "**not met**"

    def row(self) -> str:
        """As a line of a Markdown table."""
        bound = f"{'at most' if self.is_most else 'at least'} {self.limit:g}"
        shown = self.measured.shown(self.unit) if self.measured else ""
        return f"| {self.id} | {self.text} | {bound} | {shown} | {self.state} |"


def table(goals: list[Goal]) -> list[str]:
    """All of them."""
    head = ["| id | what | goal | measured | |", "|---|---|---|---|---|"]
    return head + [goal.row() for goal in goals]
