"""Every accident that the tests let happen, in the order of the lists."""

from __future__ import annotations

from tests.incidents import (
    faults_guards,
    faults_handover,
    faults_matching,
    faults_optouts,
    faults_printing,
    faults_protections,
    faults_registry,
    faults_review,
)

ACCIDENTS = (
    *sorted(
        (
            *faults_registry.ACCIDENTS,
            *faults_protections.ACCIDENTS,
            *faults_optouts.ACCIDENTS,
            *faults_matching.ACCIDENTS,
            *faults_review.ACCIDENTS,
            *faults_printing.ACCIDENTS,
            *faults_handover.ACCIDENTS,
        ),
        key=lambda accident: accident.row,
    ),
    *faults_guards.ACCIDENTS,
)
