"""A loan weighs the same at home and at another co-operative.

Revision ID: 0003
"""

from shared.chassis.schema import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# What loans come to is said once. It runs as whoever asks: an officer of his own co-operative, within his reach, or the
# function of debts elsewhere, which runs as the owner and gives sums only.
_SUMS = """
create function debt_of_loans(of_loans uuid[], from_on date, until_on date)
    returns table (loans bigint, outstanding bigint, overdue bigint, due bigint, oldest_due_on date)
    language sql stable set search_path = public, pg_temp as $$
    with unpaid as (
        select loan_id, due_on, overdue_from <= from_on as is_overdue, principal - paid_principal as principal,
               interest - paid_interest as interest
        from instalment where loan_id = any(of_loans)
    )
    select count(distinct loan_id),
           coalesce(sum(principal + case when is_overdue then interest else 0 end), 0)::bigint,
           coalesce(sum(principal + interest) filter (where is_overdue), 0)::bigint,
           coalesce(sum(principal + interest) filter (where not is_overdue and due_on < until_on), 0)::bigint,
           min(due_on) filter (where is_overdue and principal + interest > 0)
    from unpaid
$$;
revoke execute on function debt_of_loans from public;
grant execute on function debt_of_loans to plodnee_debt_api, plodnee_debt_worker;
"""

# Replaced, not dropped: it keeps its owner, its grants and its answer, and those who call it now go on.
_ELSEWHERE = """
create or replace function person_debt_elsewhere(for_member uuid, from_on date, until_on date)
    returns table (cooperatives bigint, loans bigint, outstanding bigint, overdue bigint, due bigint)
    language sql stable security definer set search_path = public, pg_temp as $$
    with elsewhere as (
        select l.id, l.cooperative_id
        from member own
        join member same on same.person_id = own.person_id and same.cooperative_id <> own.cooperative_id
        join loan l on l.member_id = same.id and l.status = 'active'
        where own.id = for_member
    )
    select (select count(distinct cooperative_id) from elsewhere), sums.loans, sums.outstanding, sums.overdue, sums.due
    from debt_of_loans(array(select id from elsewhere), from_on, until_on) sums
$$;
"""


def upgrade() -> None:
    run_sql(_SUMS)
    run_sql(_ELSEWHERE)
