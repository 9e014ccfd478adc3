"""The serials of a record, replayed from its chain alone: the state of each, and every false step.

The chain says how many labels 04 printed, what each act ended or printed again, and what the
hand-over ended. A serial that ends twice, a reprint of nobody and counts that other ends give are
found here, by anybody and without any key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from recruitlib.base.counts import ENDED
from recruitlib.base.run import list_completed
from recruitlib.base.serial_acts import (
    ACTS,
    BLANKED,
    CHANGED,
    HANDED_OVER,
    HANDOVER,
    LIVE,
    PROPOSED,
    REPRINT_REASONS,
    SPOILED,
    VOIDED,
    list_since_print,
    name_lot,
    name_serials,
)

Entry = Mapping[str, Any]
_EVENTS = {
    PROPOSED: "通番を変える用意", CHANGED: "通番の変更", BLANKED: "取消し後の PDF の作り直し",
}  # fmt: skip
_MALFORMED = "書かれている形が違います。"
NOT_BLANKED = "取り消した宛名シールの PDF が、まだ作り直されていません。"


class SerialBook:
    """The states of a run's serials as its entries are taken in, one after another."""

    def __init__(self) -> None:
        self._begin(0)

    def _begin(self, labels: int) -> None:
        self.states = dict.fromkeys(range(1, labels + 1), LIVE)
        self.replaced: dict[int, int] = {}
        self._lots = 0
        self._proposals: list[Mapping[str, Any]] = []
        self._blank = 0

    def take(self, entry: Entry) -> Iterator[str]:
        """Take in one entry; one Japanese sentence for each thing in it that no act leaves."""
        place, facts = (entry["stage"], entry["event"]), entry["facts"]
        if place == ("04", "completed"):
            self._begin(_add(facts["counts"], "labels"))
        elif place == (HANDOVER, PROPOSED):
            self._proposals.append(facts)
        elif place == (HANDOVER, CHANGED):
            yield from self._change(facts)
        elif place == (HANDOVER, BLANKED):
            self._blank = facts["blank"]
        elif place == (HANDOVER, "completed"):
            yield from self._end(facts.get("voided", []), VOIDED)
            self.states |= dict.fromkeys(self.list_live(), HANDED_OVER)
            yield from self._check_counts(facts)

    def list_live(self) -> list[int]:
        """List the serials that are live."""
        return [serial for serial, state in self.states.items() if state == LIVE]

    def _change(self, facts: Entry) -> Iterator[str]:
        act, change = facts["act"], facts["change"]
        content = change["content"]
        pairs = [(int(old), int(new)) for old, new in facts["reprinted"]]
        olds = [old for old, _ in pairs]
        about = {"delta": facts["voided"], "spoil": facts["spoiled"], "reprint": olds}
        own = {"act": act, "serials": sorted(about[act]), "reason": facts["reason"]}
        if facts["digest"] != content["digest"] or any(content[name] != own[name] for name in own):
            yield "二人が署名した内容と、この行の通番や理由が違います。"
        if (facts["reason"] in REPRINT_REASONS) != (act == "reprint"):
            yield "再印刷の理由がないか、再印刷でないのに理由があります。"
        signed = (content, change["prepared_signature"])
        if signed not in [(own["content"], own["signature"]) for own in self._proposals]:
            yield f"用意の記録がないまま、{ACTS[act]}が実行されています。"
        self._proposals = []
        if act == "reprint":
            yield from self._reprint(facts, pairs)
            return
        if pairs or facts["lot"] or (facts["voided"] if act == "spoil" else facts["spoiled"]):
            yield f"{ACTS[act]}が、するはずのないことをしています。"
        yield from self._end(facts["voided"], VOIDED)
        yield from self._end(facts["spoiled"], SPOILED)

    def _reprint(self, facts: Entry, pairs: Sequence[tuple[int, int]]) -> Iterator[str]:
        olds, news = [old for old, _ in pairs], [new for _, new in pairs]
        self._lots += 1
        first = max(self.states, default=0) + 1
        if facts["lot"] != name_lot(self._lots) or not pairs:
            yield "再印刷の束の名前が、前の束に続きません。"
        if news != list(range(first, first + len(news))):
            yield "再印刷の新しい通番が、前の通番に続きません。"
        if twice := sorted({old for old in olds if old in self.replaced or olds.count(old) > 1}):
            yield f"通番 {name_serials(twice)} が、二度再印刷されています。"
        if unknown := sorted(set(olds) - self.states.keys()):
            yield f"通番 {name_serials(unknown)} は、印刷されていないのに、再印刷されています。"
        live = [old for old in olds if self.states.get(old) == LIVE]
        if facts["spoiled"] or set(facts["voided"]) != set(live):
            yield "再印刷した通番のうち、手元にあったものだけが取り消されていません。"
        yield from self._end(facts["voided"], VOIDED)
        self.replaced |= dict(pairs)
        self.states |= dict.fromkeys(news, LIVE)

    def _end(self, serials: Collection[int], state: str) -> Iterator[str]:
        if len(set(serials)) < len(serials):
            yield "同じ通番が、一つの行に二度あります。"
        if unknown := sorted(set(serials) - self.states.keys()):
            yield f"通番 {name_serials(unknown)} は、印刷されていないのに、終わっています。"
        known = [serial for serial in dict.fromkeys(serials) if serial in self.states]
        if ended := [serial for serial in known if self.states[serial] != LIVE]:
            yield f"通番 {name_serials(ended)} が、二度終わっています。"
        self.states |= {serial: state for serial in known if self.states[serial] == LIVE}

    def _check_counts(self, facts: Entry) -> Iterator[str]:
        """Compare the counts of the hand-over, and the labels that two people signed for."""
        counted = {state: list(self.states.values()).count(state) for state in ENDED}
        told = {state: _add(facts["counts"], state) for state in ENDED}
        if told != counted or _add(facts["counts"], "reprints") != len(self.replaced):
            yield "提供・取消し・汚損・再印刷の枚数が、記録の通番をたどった枚数と違います。"
        signed = facts.get("signed", {}).get("content", {})
        if signed.get("handed_over_labels", counted[HANDED_OVER]) != counted[HANDED_OVER]:
            yield "二人が署名した提供の枚数が、記録の通番をたどった枚数と違います。"
        if self._blank != counted[VOIDED] + counted[SPOILED]:
            yield "取り消した通番のセルを空けた PDF が、作り直されていません。"


def replay_serials(entries: Sequence[Entry]) -> dict[int, str]:
    """Replay a chain: every serial that was printed, with its state.

    The completion of 05 names in ``voided`` what the delta of 05 itself ended; what was live
    beside them was handed over.
    """
    book = SerialBook()
    for entry in entries:
        for _ in book.take(entry):
            pass
    return book.states


def check_serials_course(entries: Sequence[Entry]) -> Iterator[tuple[int, str]]:
    """Check the acts on serials of a chain: where they stand, what they leave, and the counts.

    Returns:
        the number of the entry and one Japanese sentence, for each that no run writes.
    """
    book, given_out = SerialBook(), False
    for place, entry in enumerate(entries):
        event = entry["event"]
        problems = []
        if event in _EVENTS:
            if entry["stage"] != HANDOVER or "04" not in list_completed(entries[:place]):
                problems.append(f"印刷の完了していないときに、{_EVENTS[event]}があります。")
            elif given_out:
                problems.append(f"提供の後に、{_EVENTS[event]}があります。")
        try:
            problems += book.take(entry)
        except (AttributeError, KeyError, TypeError, ValueError):
            problems.append(_MALFORMED)
        given_out |= (entry["stage"], event) == (HANDOVER, "completed")
        yield from ((entry["seq"], problem) for problem in problems)


def check_blanked(entries: Sequence[Entry]) -> list[tuple[int, str]]:
    """Say if the labels of ended serials still stand in a PDF: an act was cut off before its end.

    Returns:
        the number of the act's entry and one Japanese sentence, before the hand-over.
    """
    for entry in reversed(list_since_print(entries)):
        event, facts = entry["event"], entry["facts"]
        if event == BLANKED or (entry["stage"], event) == (HANDOVER, "completed"):
            break
        if event == CHANGED and (facts.get("voided") or facts.get("spoiled")):
            return [(entry["seq"], NOT_BLANKED)]
    return []


def _add(counts: Sequence[Sequence[Any]], step: str) -> int:
    return sum(count for _, name, count in counts if name == step)
