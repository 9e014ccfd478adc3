"""The days that a spreadsheet makes of what somebody typed, as text: in a workbook or a CSV file."""

from __future__ import annotations

# It writes them where somebody has typed 8-1: in its own language, in English, or as a program
# writes a day that it has read as a time.
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
DAY_TEXT = (
    "(?:[0-9]{2,4}年)?[0-9]{1,2}月[0-9]{1,2}日|[0-9]{4}(?:/[0-9]{1,2}){2}"
    "|[0-9]{4}(?:[-/][0-9]{1,2}){2}[ T]0?0:00(?::00)?"
    f"|[0-9]{{1,2}}-{_MONTH}|{_MONTH}-[0-9]{{1,2}}"
)
BECAME_DAY = (
    "が日付や時刻に変わっています（8-1と入力すると8月1日になります。"
    "セルの書式を文字列にして入力し直してください）"
)
