"""Numbers of the invented ward: of people, of households, and those that must never travel."""

from __future__ import annotations

from collections.abc import Iterator

# A prime below 10**7: a walk of fixed stride through the residues meets none twice.
_MODULUS = 9_999_991


def compute_check_digit(body: str) -> int:
    """Compute the modulus-11 check digit of a person or household number.

    Weights 2 to 7 from the right, repeated; a remainder of 0 gives 0.

    Args:
        body: The digits before the check digit.

    Returns:
        0 to 10; 10 means that no digit exists and that the body is not used.

    Source:
        住民記録システム標準仕様書 1.1.13.
    """
    total = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(body)))
    return (11 - total % 11) % 11


def list_numbers(offset: int, stride: int) -> Iterator[str]:
    """List 10-digit numbers with a check digit and leading zeros, each once.

    Args:
        offset: Where to begin; another offset gives another order.
        stride: Step, 1 or more and below 9,999,991.

    Returns:
        An iterator of up to some nine million different numbers.
    """
    for step in range(_MODULUS):
        body = f"{(offset + step * stride) % _MODULUS:09d}"
        digit = compute_check_digit(body)
        if digit < 10:
            yield f"{body}{digit}"


def spoil_individual_number(serial: int) -> str:
    """Make a 12-digit text in the place of an individual number that can be nobody's.

    Its check digit is wrong on purpose, so it cannot equal a number in use.

    Args:
        serial: Any number from 0.

    Returns:
        12 digits.

    Source:
        総務省令第85号（平成26年）第5条 for the right check digit.
    """
    body = f"{(serial * 48_271 + 11) % 10**11:011d}"
    total = sum(
        int(digit) * (place + 1 if place <= 6 else place - 5)
        for place, digit in enumerate(reversed(body), start=1)
    )
    right = 0 if total % 11 <= 1 else 11 - total % 11
    return f"{body}{(right + 1) % 10}"
