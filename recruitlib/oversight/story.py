"""The story of a run (経過), told to an auditor from its record alone: no passphrase, no name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from recruitlib.base.audit import find_latest, group_digest, read_entries
from recruitlib.base.choices import DECISION_LABELS, REASONS
from recruitlib.base.counts import ALL, STEP_BY_NAME
from recruitlib.base.errors import IntegrityError
from recruitlib.base.guards import GUARDS
from recruitlib.base.parameters import BY_NAME, STAGE_NAMES
from recruitlib.base.record import list_expected
from recruitlib.base.run import list_completed, read_time
from recruitlib.base.serial_acts import PROPOSED, STATE_LABELS
from recruitlib.base.serial_course import replay_serials
from recruitlib.base.vault import KEY_NAME, PRIVATE
from recruitlib.base.verification import verify_record
from recruitlib.closing.attestation import describe_state
from recruitlib.oversight.serial_story import (
    name_person,
    tell_blanked,
    tell_change,
    tell_proposal,
    tell_withdrawn,
)

Entry = Mapping[str, Any]
# What an auditor asks of the parameters: request, days, and every choice of policy.
_TOLD = {
    "request_number": "依頼文書の番号", "request_date": "依頼文書の日付",
    "cohort_birth_ranges": "依頼された生年月日の範囲", "scope_file": "承認された範囲",
    "registry_base_date": "抽出基準日", "protections_listed_on": "支援措置の一覧の日",
    "optout_deadline": "申出の締切日", "optout_validity": "申出の有効期間",
    "late_optout": "締切後の申出の扱い", "applicants": "申出できる人",
    "form_exported_on": "電子申請を出力した日", "counter_exported_on": "受付簿を締めた日",
    "undecided": "未決の申出の扱い", "bundle_by": "宛名シールの束の分け方",
    "label_sheet": "ラベル用紙", "print_protections_listed_on": "支援措置の一覧の日（印刷日）",
    "print_form_exported_on": "電子申請を出力した日（印刷日）",
    "print_counter_exported_on": "受付簿を締めた日（印刷日）",
    "handover_registry_base_date": "抽出基準日（提供日）",
    "handover_protections_listed_on": "支援措置の一覧の日（提供日）",
    "handover_form_exported_on": "電子申請を出力した日（提供日）",
    "handover_counter_exported_on": "受付簿を締めた日（提供日）",
    "checklist_unmet": "根拠や証明のないチェックリストの行の扱い",
    "decision_notice": "申出者への除外決定通知",
}  # fmt: skip
_SIGNED = {
    "prepared_by": "準備した人", "confirmed_by": "確認した人", "handler": "取扱者",
    "received_by": "受け取った人", "received_on": "受領の日",
    "handed_over_labels": "提供したシールの枚数", "carried_out_by": "廃棄した人",
    "witnessed_by": "立ち会った人",
}  # fmt: skip
_PERSONAL_DATA = "record.no_personal_data"
_STOPS = {
    "ParameterError": "パラメータの誤り", "FormError": "ファイルが違う", "GuardError": "関門が「否」",
    "AwaitingPerson": "人を待つ", "OutputError": "作れない、または承認と違う",
    "IntegrityError": "記録かファイルが変えられている", "UnforeseenError": "予期しない誤り",
}  # fmt: skip


def tell_story(folder: Path) -> Iterator[str]:
    """Tell what happened in a run, attempt by attempt, and what stands at its end.

    Raises:
        IntegrityError: there is no record, or its chain is not intact, so that it tells nothing.
    """
    entries = read_entries(folder)
    if not entries:
        raise IntegrityError(f"{folder.name}: 実行の記録がありません。")
    yield from _tell_run(entries)
    for problem in verify_record(folder):
        yield f"× {problem}"
    titles = _list_titles(entries)
    for attempt in _split_attempts(entries):
        yield ""
        yield from _tell_attempt(attempt, titles)
    yield ""
    yield from _tell_end(entries)


def _tell_run(entries: Sequence[Entry]) -> Iterator[str]:
    begun = find_latest(entries, "01", "begun")
    first, last = entries[0], entries[-1]
    if begun is not None:
        values = begun["facts"]["parameters"]
        kind = "（見本）" if begun["facts"]["run_kind"] == "demonstration" else ""
        place = f"{values['prefecture']}{values['municipality']}"
        yield f"実行 {values['run_id']}{kind}: {place} {values['fiscal_year']}年度"
    yield (f"記録: {len(entries):,} 行、{tell_time(first)} から {tell_time(last)} まで（日本時間）")


def tell_time(entry: Entry) -> str:
    """Tell when an entry was written, in Japan's time."""
    return read_time(entry).strftime("%Y-%m-%d %H:%M")


def _list_titles(entries: Sequence[Entry]) -> dict[str, str]:
    """List the officers whom the record itself holds, by staff id, with their titles."""
    titles: dict[str, str] = {}
    for entry in entries:
        facts = entry["facts"]
        if entry["event"] == "approved":
            titles |= {one[0]: one[1] for one in facts["officers"]}
        for part in ("signed", "change"):
            people = facts.get(part, {}).get("officers", {})
            titles |= {name: own["title"] for name, own in people.items()}
    return titles


def _split_attempts(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Split a record where stages begin, and where acts on serials do between two stages.

    What stands before the first is an attempt of none.
    """
    attempts: list[list[Entry]] = [[]]
    for entry in entries:
        is_first_act = entry["event"] == PROPOSED and _name_first(attempts[-1]) != PROPOSED
        if entry["event"] == "begun" or is_first_act:
            attempts.append([])
        attempts[-1].append(entry)
    return [attempt for attempt in attempts if attempt]


def _name_first(attempt: Sequence[Entry]) -> str:
    return str(attempt[0]["event"]) if attempt else ""


def _tell_attempt(attempt: Sequence[Entry], titles: Mapping[str, str]) -> Iterator[str]:
    begun = attempt[0]
    if begun["event"] == PROPOSED:
        yield "■ 通番の変更"
        yield f"  {tell_time(begun)} から {tell_time(attempt[-1])} まで"
    elif begun["event"] != "begun":
        yield "■ 始める前"
    else:
        facts, stage = begun["facts"], begun["stage"]
        live = "（確認の画面で）" if "live" in facts else ""
        day = f"、業務日 {facts['business_date']}（見本）" if facts["business_date"] else ""
        yield f"■ {stage} {STAGE_NAMES[stage]}{live}"
        yield (
            f"  {tell_time(begun)} 開始、担当 {name_person(facts['operator'], titles)}、"
            f"ログイン {begun['login']}{day}"
        )
        yield from _tell_parameters(facts["parameters"])
    yield from _tell_openings(attempt, titles)
    for entry in attempt:
        if entry["event"] in _TELLERS:
            yield from (f"  {line}" for line in _TELLERS[entry["event"]](entry["facts"], titles))
    yield from _tell_guards(attempt)
    for entry in attempt:
        if entry["event"] in ("stopped", "completed"):
            yield from _tell_result(entry)
        elif entry["event"] == "sealed":
            names = "、".join(sorted(entry["facts"]["files"]))
            yield f"  {tell_time(entry)} 封をした: {names or '（残ったものなし）'}"


def _tell_parameters(values: Mapping[str, Any]) -> Iterator[str]:
    for name, label in _TOLD.items():
        if value := values.get(name):
            told = "、".join(map(str, value)) if isinstance(value, list) else value
            yield f"  {label}: {told}"


def _tell_openings(attempt: Sequence[Entry], titles: Mapping[str, str]) -> Iterator[str]:
    opened = Counter(
        (name_person(entry["facts"].get("officer", ""), titles) or f"ログイン {entry['login']}",
         entry["facts"].get("purpose", ""))
        for entry in attempt
        if entry["event"] == "opened"
    )  # fmt: skip
    for (officer, purpose), times in opened.items():
        yield f"  個人情報のファイルを開いた: {officer}、{purpose or '用途の記録なし'}、{times}回"


def _tell_guards(attempt: Sequence[Entry]) -> Iterator[str]:
    asked = [entry["facts"] for entry in attempt if entry["event"] == "guard"]
    own = [facts for facts in asked if facts["guard"] != _PERSONAL_DATA]
    answers = Counter(facts["answer"] for facts in own)
    if own:
        rest = f"、問わず {answers['not_asked']}" if answers["not_asked"] else ""
        yield f"  関門: はい {answers['yes']}、否 {answers['no']}{rest}"
    if searched := len(asked) - len(own):
        hits = sum(f["answer"] == "no" for f in asked if f["guard"] == _PERSONAL_DATA)
        yield f"  個人情報の検査: {searched} ファイル、見つかったもの {hits}"
    for facts in asked:
        if facts["answer"] == "no":
            yield f"  否: {_ask(facts['guard'])} {' '.join(facts['problems'])}"
        elif facts["answer"] == "not_asked":
            yield f"  問わず: {_ask(facts['guard'])} {facts['note']}"


def _ask(guard: str) -> str:
    return f"{GUARDS[guard].question}（{guard}）" if guard in GUARDS else guard


def _tell_result(entry: Entry) -> Iterator[str]:
    facts = entry["facts"]
    if entry["event"] == "stopped":
        why = _STOPS.get(facts["error"], _STOPS["UnforeseenError"])
        yield f"  {tell_time(entry)} 止まった: {why}（{facts['error']}、終了コード {facts['exit_code']}）"
        return
    if scope := facts.get("scope"):
        approved = f"{scope['approved_by']}、{scope['approved_on']}"
        yield f"  承認された範囲: {scope['file']}（承認 {approved}、要約値 {group_digest(scope['digest'])}）"
    for name, digest in facts.get("inputs", {}).items():
        yield f"  {BY_NAME[f'{name}_file'].label}の要約値: {group_digest(digest)}"
    yield from _tell_counts(facts["counts"])
    for name, label in _SIGNED.items():
        if name in (content := facts.get("signed", {}).get("content", {})):
            yield f"  {label}: {name_person(str(content[name]), _list_titles([entry]))}"
    if duties := facts.get("duties"):
        yield f"  これから受ける報告: {'・'.join(map(str, duties))} 番（recruitlib duty list）"
    public = [name for name in facts["files"] if not name.startswith(f"{PRIVATE}/")]
    yield f"  書いたもの: {'、'.join(public)}"
    yield f"  {tell_time(entry)} 完了"


def _tell_counts(counts: Sequence[tuple[str, str, int]]) -> Iterator[str]:
    by_step: dict[str, list[str]] = {}
    for cohort, step, count in counts:
        told = f"{count:,}" if cohort == ALL else f"{cohort}歳 {count:,}"
        by_step.setdefault(step, []).append(told)
    steps = [f"{STEP_BY_NAME[step].label} {'・'.join(told)}" for step, told in by_step.items()]
    if steps:
        yield f"  件数: {' / '.join(steps)}"


def _tell_approval(facts: Entry, titles: Mapping[str, str]) -> Iterator[str]:
    chosen = Counter(
        (DECISION_LABELS[one["decision"]], REASONS[one["reason"]])
        for stage in facts["decisions"]
        for one in stage
    )
    for (decision, reason), times in chosen.items():
        yield f"事例の決定: {decision}（理由: {reason}）{times}件"
    for role, label in (("decided_by", "決めた人"), ("confirmed_by", "確かめた人")):
        if facts[role]:
            yield f"事例を{label}: {'、'.join(name_person(one, titles) for one in facts[role])}"
    ticked = f"、確かめた項目 {len(facts['ticked'])}"
    yield (
        f"承認: {name_person(facts['by'], titles)}、{facts['on']}、承認の値 "
        f"{group_digest(facts['digest'])}{ticked}"
    )


def _tell_checklists(facts: Entry, titles: Mapping[str, str]) -> Iterator[str]:
    states = Counter(state for _, state, _ in facts["states"])
    yield f"チェックリスト: {'、'.join(f'{state} {count}' for state, count in states.items())}"
    if signed := facts.get("signed", {}).get("signatures"):
        yield f"チェックリストの証明に署名した人: {'、'.join(name_person(one, titles) for one in signed)}"


def _tell_supplied(facts: Entry, titles: Mapping[str, str]) -> Iterator[str]:
    yield f"提供の控えを、受付簿のフォルダ（register）に残した: {facts['labels']:,} 枚"


def _tell_letter(words: str) -> Callable[[Entry, Mapping[str, str]], Iterator[str]]:
    def tell(facts: Entry, titles: Mapping[str, str]) -> Iterator[str]:
        content = facts["signed"]["content"]
        serials = "・".join(map(str, content["serials"]))
        by = "、".join(name_person(one, titles) for one in facts["signed"]["signatures"])
        yield f"{words}{content['number']}: 通番 {serials}、報告の期限 {content['due']}、{by}"

    return tell


def _tell_late(facts: Entry, titles: Mapping[str, str]) -> Iterator[str]:
    yield (
        f"提供の後の申出を調べた: 新しい申出 {facts['fresh']:,} 件、廃棄を求めるシール {facts['asked']:,} 枚、"
        f"申出人に返す {facts['returned']:,} 件、だれを指すか決められない {facts['unclear']:,} 件、"
        f"{name_person(facts['by'], titles)}"
    )


def _tell_export(facts: Entry, titles: Mapping[str, str]) -> Iterator[str]:
    yield f"書き出した: {facts['file']}（{facts['by']}、消去の期限 {facts['due']}）"


def _tell_removed(words: str) -> Callable[[Entry, Mapping[str, str]], Iterator[str]]:
    return lambda facts, titles: iter([f"{words}: {len(facts['files'])} ファイル"])


def _tell_act(words: str) -> Callable[[Entry, Mapping[str, str]], Iterator[str]]:
    return lambda facts, titles: iter(
        [f"{words}: {name_person(facts['by'], titles)}" if facts.get("by") else words]
    )


_TELLERS: dict[str, Callable[[Entry, Mapping[str, str]], Iterator[str]]] = {
    "key_made": _tell_act("実行の鍵を作った"),
    "unlock_refused": _tell_act("実行の合言葉が違った"),
    "register_refused": _tell_act("受付簿の合言葉が違った"),
    "sign_in_refused": _tell_act("サインインできなかった"),
    "cases_shown": _tell_act("事例を見た"),
    "approval_shown": _tell_act("承認の画面を見た"),
    "labels_shown": _tell_act("宛名シールを画面で見た"),
    "why_shown": _tell_act("申出や住民の理由を見た"),
    "live_opened": _tell_act("確認の画面を開いた"),
    "live_closed": _tell_act("確認の画面を閉じた"),
    "case_held": _tell_act("事例を保留にした"),
    "decision_undone": _tell_act("事例の決定を取り消した"),
    "approved": _tell_approval,
    "checklists": _tell_checklists,
    "supplied": _tell_supplied,
    "serials_proposed": tell_proposal,
    "serials_changed": tell_change,
    "blanked": tell_blanked,
    "late_looked": _tell_late,
    "corrected": _tell_letter("訂正通知"),
    "discard_requested": _tell_letter("廃棄依頼書"),
    "exported": _tell_export,
    "withdrawn": tell_withdrawn,
    "rolled_back": _tell_removed("途中で切れた書込みを戻した"),
    "renamed": _tell_removed("前の試みのノートブックを別の名前にした"),
    "destroyed": _tell_removed("消去した"),
}


def _tell_end(entries: Sequence[Entry]) -> Iterator[str]:
    """Tell how far the run has come, where its personal data is now, and the record's head."""
    done = [f"{stage} {STAGE_NAMES[stage]}" for stage in list_completed(entries)]
    yield "■ 今"
    yield f"  完了した段階: {'、'.join(done) or 'なし'}"
    private = [name for name in list_expected(entries) if name.startswith(f"{PRIVATE}/")]
    if private:
        key = "、鍵もある" if f"{PRIVATE}/{KEY_NAME}" in private else ""
        yield f"  個人情報のファイル: {PRIVATE}/ に {len(private)} 個（暗号化{key}）"
    else:
        yield "  個人情報のファイル: 鍵とともにすべて消去した"
    if states := Counter(replay_serials(entries).values()):
        told = "・".join(f"{label} {states[state]:,}" for state, label in STATE_LABELS.items())
        yield f"  宛名シール: {told}"
    disposed = find_latest(entries, "06", "completed")
    said = disposed["facts"].get("signed", {}).get("content", {}) if disposed else {}
    for name, state in said.get("sources", {}).items():
        yield f"  {BY_NAME[name].label}: {describe_state(state)}"
    for entry in entries:
        if entry["event"] == "exported":
            name = entry["facts"]["file"]
            state = describe_state(said.get("exports", {}).get(name, "")) or "まだ確かめていない"
            yield f"  書き出した {name}（期限 {entry['facts']['due']}）: {state}"
    yield f"  記録の先頭値: {group_digest(entries[-1]['hash'])}"
