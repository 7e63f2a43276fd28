"""Call a run's symbols, reasons and verdicts by the words that people know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.text import Text

from kats_core.cli.text import label, language, t
from kats_core.model.kinds import Decision
from kats_core.model.labels import CodeTexts
from kats_core.model.record import OperatorRecord, Record, SignalRecord, SignalStatus, VerdictRecord
from kats_core.runtime.assembly import App

_CHIPS = {
    Decision.APPROVE: ("✓", "green"),
    Decision.RESIZE: ("▽", "yellow"),
    Decision.REJECT: ("✗", "bold red"),
    Decision.DEFER: ("↻", "bold yellow"),
    Decision.SKIPPED: ("·", "dim"),
}
_GAP = Text("  ")
_STATUS_STYLE = {
    SignalStatus.PROPOSED: "",
    SignalStatus.ORDERED: "bold green",
    SignalStatus.REJECTED: "bold red",
    SignalStatus.DEFERRED: "bold yellow",
}


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of one run's codes, and the names of its symbols."""

    codes: CodeTexts
    names: Mapping[str, str]

    @classmethod
    def of_app(cls, app: App) -> Wording:
        """Return the wording of a run that is about to start."""
        return cls(app.codes, {i.symbol: i.name for i in app.source.instruments(app.last) if i.name})

    def name(self, symbol: str) -> str:
        """Return a symbol's name, or the symbol where it has none."""
        return self.names.get(symbol, symbol)

    def named(self, symbol: str) -> str:
        """Return the symbol with its name."""
        name = self.names.get(symbol)
        return f"{symbol} {name}" if name else symbol

    def operator(self, record: OperatorRecord) -> str:
        """Return what a person ordered, for what, who, and why."""
        scope = self.named(record.symbol) if record.symbol else record.instance or t("everything")
        return " · ".join(
            filter(None, [label(record.verb), scope, record.who, record.reason, record.cause, record.reference])
        )

    def reason(self, code: str | None) -> str:
        """Return the text of `owner:CODE`."""
        if code is None:
            return ""
        texts = self.codes.get(code)
        return code if texts is None else texts[0 if language() == "ko" else 1]


@dataclass(slots=True)
class Trail:
    """A signal, and the verdicts of its last attempt so far."""

    signal: SignalRecord
    verdicts: list[VerdictRecord] = field(default_factory=list)

    def chips(self) -> Text:
        """Return one chip for each stage: its name, what it said, and the quantity it set."""
        return _GAP.join(chip(verdict) for verdict in self.verdicts)

    def chip_lines(self, width: int) -> list[Text]:
        """Return the chips in lines of at most `width` cells; none is broken in two."""
        lines: list[Text] = []
        for verdict in self.verdicts:
            one = chip(verdict)
            if lines and lines[-1].cell_len + _GAP.cell_len + one.cell_len <= width:
                lines[-1] = _GAP.join([lines[-1], one])
            else:
                lines.append(one)
        return lines

    def result(self, wording: Wording) -> Text:
        """Return what became of the signal, with the reason."""
        signal = self.signal
        reason = wording.reason(signal.code)
        return Text.assemble(
            (label(signal.status), _STATUS_STYLE[signal.status]), f" · {reason}" if reason else "", overflow="ellipsis"
        )


class Trails:
    """The signals of a session in the order in which they came."""

    def __init__(self) -> None:
        self._trails: dict[str, Trail] = {}

    def take(self, record: Record) -> Trail | None:
        """Take a record; return the trail of a signal that has just been decided."""
        match record:
            case SignalRecord():
                trail = self._trails.setdefault(record.signal_id, Trail(record))
                trail.signal = record
                return None if record.status is SignalStatus.PROPOSED else trail
            case VerdictRecord():
                trail = self._trails[record.signal_id]
                if trail.verdicts and trail.verdicts[-1].attempt != record.attempt:
                    trail.verdicts.clear()
                trail.verdicts.append(record)
        return None

    def all(self) -> Sequence[Trail]:
        """Return every trail, the oldest first."""
        return list(self._trails.values())

    def clear(self) -> None:
        """Forget the session."""
        self._trails.clear()


def chip(verdict: VerdictRecord) -> Text:
    """Return a verdict in short: position-sizer ✓ 214."""
    sign, style = _CHIPS[verdict.decision]
    quantity = verdict.quantity_after
    is_set = quantity is not None and quantity != verdict.quantity_before
    return Text.assemble(
        (verdict.stage, "dim"), " ", (sign, style), (f" {quantity:,}" if is_set else "", style), no_wrap=True
    )
