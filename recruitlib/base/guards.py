"""The guards: named questions with a yes or no, each asked in one place and standing in the record.

No is a stop, never a warning. ``not asked, because ...`` is an answer of its own and passes only
where the guard says that it may not be due.
"""

from __future__ import annotations

from typing import NamedTuple

from recruitlib.base.errors import (
    AwaitingPerson,
    FormError,
    GuardError,
    IntegrityError,
    OutputError,
    RecruitError,
)


class Guard(NamedTuple):
    """One guard: where it is due, its question, the error of a no, and the accident behind it."""

    name: str
    stages: tuple[str, ...]
    question: str
    error: type[RecruitError]
    accident: str
    not_due_when: str = ""


_GUARDS = (
    Guard("registry.form_known", ("01",),
          "見出しはすべて既知で、どの行も見出しと同じ幅で、文字コードは確かで、一人に最新の記録は一つか。",
          FormError, "堺市: 表計算のフィルタで行がずれた"),
    Guard("registry.every_row_counted", ("01",),
          "ファイルのどの行も、ちょうど一つの件数に入っているか。読めない行は行番号で示したか。",
          GuardError, "湖西市: 表計算で人と番号がずれた"),
    Guard("registry.base_date", ("01",),
          "抽出は正しい年度のもので、十分に新しいか。",
          GuardError, "越谷市: 除外の基準日が一年ずれた"),
    Guard("cohort.birth_range", ("01",),
          "依頼の生年月日の範囲と年齢の規則は一致し、最年長・最年少は範囲内で、十二か月すべてに人がいるか。",
          GuardError, "小山市: 生年月日の条件が二年ずれた"),
    Guard("cohort.status_retested", ("01",),
          "選ばれた行はすべて、こちらの検査でも、生存し居住する日本国民か。",
          GuardError, "018サポート: 抽出ツールが転出者を除けなかった"),
    Guard("protection.list_fresh", ("01", "04", "05"),
          "支援措置対象者の一覧はあり、本日のものか。空や抽出元での除外は登録係が証明したか。",
          GuardError, "大網白里市・徳島市: 一覧が古い、区別する仕組みがない"),
    Guard("protection.every_row_found", ("01", "04", "05"),
          "一覧のどの行も、氏名か生年月日の合う人として見つかったか、抽出にいないと証明されたか、人が見るか。",
          GuardError, "枚方市: 別の種類の印が効かなかった",
          "一覧がなく、登録係が空または抽出元での除外を証明したとき"),
    Guard("registry.rows_decided", ("01",),
          "読めない行、生年月日が確かでなく対象かもしれない人、誰か決まらない支援措置の行は、すべて二人が決めたか。",
          AwaitingPerson, "八女市・西東京市: 読めないもの・似た人を黙って処理した"),
    Guard("optouts.rows_decided", ("02",),
          "読めない申出の行と、受付簿にあって今回の出力にない申出は、すべて二人が決めたか。",
          AwaitingPerson, "いわき市: 申出が途中で失われた"),
    Guard("optouts.total_agrees", ("02",),
          "読んだ申出の数は、申請画面と紙の数に等しいか。0件は人が確かめたか。",
          GuardError, "八女市・いわき市: 申出が途中で失われた"),
    Guard("optouts.complete", ("02", "04", "05"),
          "どの窓口の申出も、締切の後に、また印刷日と提供日に、出力し直したか。",
          GuardError, "妙高市: 引継ぎの間に申出が漏れた"),
    Guard("optouts.one_end_each", ("02",),
          "どの申出も、ちょうど一つの結果になり、合計が合うか。",
          GuardError, "いわき市四倉支所: 申出が一件失われた"),
    Guard("cohort.not_supplied", ("02",),
          "この年度にすでに提供した人はいないか。追加の実行では、その人を除いたか。",
          GuardError, "港区: 追加の抽出で、対象でない人まで提供した"),
    Guard("optouts.all_decided", ("03",),
          "未決の申出と、未確認の一致（要確認）は、残っていないか。",
          AwaitingPerson, "坂東市要綱: 決定前の申出は除外にならない"),
    Guard("exclusion.whole_records", ("03",),
          "提供対象者のどの行も、台帳の行と一字一句同じか。",
          GuardError, "千葉県・つくば市: 除外で氏名と住所がずれた"),
    Guard("exclusion.zero_leak", ("03", "04"),
          "別の方法で調べても、申出者と支援措置対象者は提供対象者の中に一人もいないか。",
          GuardError, "越谷市・三鷹市: 除いたはずの人が残った"),
    Guard("review.counts_balance", ("03", "04", "05"),
          "件数の等式は、どの段階でも、どの年齢でも成り立つか。",
          GuardError, "丹波市: 件数の照合が誤発送を止めた"),
    Guard("review.approved", ("03", "04"),
          "第二の担当者が、まさにこの内容を承認したか。",
          AwaitingPerson, "三鷹市: 警告を一人で無視した"),
    Guard("labels.every_character", ("04",),
          "どの宛名のどの文字も、登録した書体に、異体字のまま、あるか。",
          OutputError, "外字が別の字や空白で印刷された"),
    Guard("labels.nothing_clipped", ("04",),
          "どの行もラベルに収まり、数字の途中で切れていないか。",
          OutputError, "8-9-1235 が 8-9-1 と 235 に分かれた"),
    Guard("labels.print_is_approved", ("04",),
          "出来上がった PDF から読み戻した宛名は、承認した一覧と等しく、除外された人がいないか。",
          OutputError, "東京都総務局・仙台市: 印刷物が一覧と違った"),
    Guard("labels.only_allowed_items", ("04",),
          "文字・属性・メタデータに、氏名・住所・郵便番号のほか何もないか。",
          OutputError, "宮代町: 性別と生年月日が印刷された"),
    Guard("handover.within_scope", ("01", "02", "04", "05"),
          "項目・申出の列・依頼・相手方・媒体・日付は、承認された範囲の中か。範囲は承認され、01 のときのままか。",
          GuardError, "承認されていない項目の提供"),
    Guard("handover.delta_settled", ("05",),
          "抽出の後の死亡・転出・転居・新たな支援措置・新たな申出は、すべて確認のうえ取消しになったか。",
          AwaitingPerson, "平川市・福井市: 抽出後の異動を見なかった"),
    Guard("handover.conditions_met", ("05",),
          "覚書と要綱は受領の日に発効し、取扱者は指定され、依頼文書は綴られ、受領の日は期間の中か。",
          GuardError, "福岡市: 協定が守られたか問われた"),
    Guard("handover.checklists_met", ("05",),
          "三つのチェックリストのどの項目にも、この実行の根拠か、期限内の証明があるか。",
          AwaitingPerson, "福岡市: 協定が守られたか問われた",
          "checklist_unmet が list で、未・期限切れの項目を一覧に残して進むとき"),
    Guard("handover.serials_complete", ("05", "06"),
          "どの通番も、提供・取消し・汚損廃棄のどれか一つにちょうど一度なったか。",
          GuardError, "福岡市: 145枚の紛失に19日後に気づいた"),
    Guard("record.no_personal_data", (),
          "この実行の氏名・住所・番号は、記録のどこにもないか。",
          IntegrityError, "尼崎市: 消すべき情報が残った"),
    Guard("record.chain_intact", ("01", "02", "03", "04", "05", "06"),
          "記録の鎖と、前の段階のすべての要約値は合うか。前の段階に「否」はないか。",
          IntegrityError, "三鷹市: 警告の後に人が先へ進んだ"),
    Guard("closing.nothing_left", ("06",),
          "個人情報のファイルは、写しや残りも含めて消え、提供の控えが残り、報告されたか。",
          GuardError, "尼崎市: 使用後に消されなかった"),
)  # fmt: skip

GUARDS: dict[str, Guard] = {guard.name: guard for guard in _GUARDS}


def list_due(stage: str) -> list[str]:
    """List the guards that a stage must have asked before it may complete."""
    return [guard.name for guard in GUARDS.values() if stage in guard.stages]
