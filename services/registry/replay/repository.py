"""All SQL by which the registry reads again what it has said."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from shared.chassis.database import ReadSession

Rows = AsyncIterator[Mapping[str, Any]]


def every_cooperative(session: ReadSession) -> Rows:
    """All co-operatives and farmer groups."""
    return session.stream("select * from cooperative order by id")


def every_household(session: ReadSession) -> Rows:
    """All households, with their plots as JSON."""
    return session.stream(
        """
        select household.*, (
            select coalesce(jsonb_agg(jsonb_build_object('crop', crop, 'area_rai', cast(area_rai as text))
                                      order by plot_number), '[]')
            from plot where household_id = household.id
        ) as plots
        from household order by household.id
        """
    )


def every_member(session: ReadSession) -> Rows:
    """All memberships, with nothing that names a person."""
    return session.stream(
        """
        select id, person_id, cooperative_id, member_number_hash, household_id, member_kind, status, birth_date,
               as_of, version
        from member order by id
        """
    )


def every_external_debt(session: ReadSession) -> Rows:
    """All debts to other lenders."""
    return session.stream("select * from external_debt order by id")


def every_programme(session: ReadSession) -> Rows:
    """All programmes, with their phases as JSON."""
    return session.stream("select * from programme order by id")


def every_enrolment(session: ReadSession) -> Rows:
    """All enrolments, each with its programme's code."""
    return session.stream(
        "select enrolment.*, programme.code as programme_code from enrolment"
        " join programme on programme.id = enrolment.programme_id order by enrolment.id"
    )


def every_officer(session: ReadSession) -> Rows:
    """All officers whose list was ever written, with their co-operatives as JSON."""
    return session.stream(
        """
        select officer_id, version, (
            select coalesce(jsonb_agg(to_jsonb(held) - 'officer_id'
                                      order by held.valid_from, held.cooperative_id), '[]')
            from officer_cooperative as held where held.officer_id = officer_state.officer_id
        ) as cooperatives
        from officer_state order by officer_id
        """
    )
