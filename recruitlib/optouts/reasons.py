"""Why an application ended as it did, in words that an auditor can read; never a person's value."""

from __future__ import annotations

from collections import Counter

from recruitlib.optouts.candidates import Near
from recruitlib.optouts.matching import Match
from recruitlib.optouts.places import (
    APART,
    SAME_BLOCK,
    SAME_LOT,
    SAME_MUNICIPALITY,
    SAME_TOWN,
)
from recruitlib.optouts.weighing import (
    FAMILY,
    GIVEN,
    NEAR,
    NEAR_DAY,
    NO_DAY,
    NO_NAME,
    OTHER_DAY,
    PARTLY,
    READING,
    SAME,
    SAME_DAY,
    VARIANT,
    Evidence,
)

NAME_WORDS = {
    SAME: "氏名が同じ",
    VARIANT: "氏名が同じ（異体字・並び順の違い）",
    READING: "氏名の読みが同じ（かなで記入）",
    PARTLY: "氏名が同じ（一部かな・ローマ字）",
    NEAR: "氏名が近い（一字違いか同じ読み）",
    GIVEN: "名だけが同じ",
    FAMILY: "氏だけが同じ",
    NO_NAME: "氏名が違う",
}
BIRTH_WORDS = {
    SAME_DAY: "生年月日が同じ",
    NEAR_DAY: "生年月日が近い（元号か一字の誤りとみれば同じ）",
    NO_DAY: "生年月日が読めないか、ない",
    OTHER_DAY: "生年月日が違う",
}
PLACE_WORDS = {
    SAME_LOT: "番地が同じ",
    SAME_BLOCK: "街区まで同じ",
    SAME_TOWN: "町まで同じ",
    SAME_MUNICIPALITY: "住所が違うか、書かれていない",
    APART: "市区町村の外の住所",
}
TIER_WORDS = {
    "A1": "氏名・生年月日・番地が一人と一致",
    "B2": "氏名・生年月日が一人だけと一致（同じ日の同名はいない）",
    "B3": "氏名・番地が一致し、生年月日は書き誤りとみられる",
    "B4": "生年月日・番地が一致し、氏名は書き誤りか改姓とみられる（同じ家に同じ日の人はいない）",
    "B5": "氏名・番地が一致し、生年月日は書かれていない",
    "B6": "氏名・番地が一致し、生年月日は同じ世帯の大人のもの",
    "B7": "氏名・番地が一致し、生年月日は近い人のだれのものでもない",
    "O1": "対象者でない一人（年齢・国籍・転出など）と、氏名・生年月日・番地が一致",
    "C": "人が決める",
}
CASE_WORDS = {
    "several_subjects": "一件の申出に、何人かの名か、人の名でないものが書かれています（二人を指すなら、ほかの候補も also で除外します）",
    "no_full_agreement": "一部だけ一致する人がいます",
    "family_there": "氏名と生年月日が一致しますが、書かれた番地には同じ氏の別の対象者が住んでいます",
    "several_agree": "同じくらい一致する人がほかにもいます",
    "twin": "同じ日に生まれ同じ所に住む、名の近い人がいます（手書き）",
    "not_found": "二つ以上の項目が一致する人がいません",
    "applied_by_other": "対象者でない人と一致しますが、申出者が本人ではありません",
    "other_generation": "対象者でない人と一致しますが、親など別の世代の人です",
    "other_name": "対象者でない人と一致しますが、ほかに書かれた名が対象者のものです",
    "same_day": "対象者でない人と一致しますが、同じ日に生まれた同じ名の対象者がいます",
    "same_home": "対象者でない人と一致しますが、同じ住まいに対象者がいます",
}


def describe_evidence(evidence: Evidence) -> str:
    """Say how far the three fields of a pair agree."""
    return "、".join(
        (NAME_WORDS[evidence.name], BIRTH_WORDS[evidence.birth], PLACE_WORDS[evidence.place])
    )


def tell_reason(match: Match) -> str:
    """Tell in one or two sentences why an application ended so, and who else was near."""
    if match.person is None:
        told = f"{CASE_WORDS[match.reason]}。"
        return f"{told}候補は{len(match.candidates)}人です。"
    told = f"{TIER_WORDS[match.tier]}（{describe_evidence(match.evidence)}）。"
    others = [near for near in match.near if near.person is not match.person]
    if not others:
        return f"{told}二つ以上の項目が一致する人は、ほかにいません。"
    return f"{told}ほかに近い人が{len(others)}人いますが、{tell_weaker(others, match.evidence)}。"


def tell_weaker(others: list[Near], best: Evidence) -> str:
    """Tell in which fields the others agree less than the person who was found."""
    fields: Counter[str] = Counter()
    for near in others:
        for word, mine, its in zip(("氏名", "生年月日", "番地"), best, near.evidence, strict=True):
            fields[word] += its < mine
    weaker = [f"{word}が劣るのは{count}人" for word, count in fields.items() if count]
    return "、".join(weaker) if weaker else "その生年月日は保護者のものです"
