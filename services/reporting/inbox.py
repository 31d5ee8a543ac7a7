"""Events of the other services, each given to the capability whose rows it changes."""

from services.reporting.changes import write_changes
from services.reporting.closes import service as closes
from services.reporting.debts import service as debts
from services.reporting.institutions import service as institutions
from services.reporting.learning import service as learning
from services.reporting.produce import service as produce
from shared.chassis.auth.assignments import forget_officers
from shared.chassis.events import withdrawn
from shared.chassis.inbox import Inbox, forget
from shared.contracts import debt, literacy, livelihood, registry
from shared.contracts.catalogue import CATALOGUE

INBOX = Inbox("reporting", CATALOGUE, write_changes)

INBOX.on(registry.CooperativeRecorded)(institutions.store_cooperatives)
INBOX.on(registry.ProgrammeRecorded)(institutions.store_programmes)
INBOX.on(registry.EnrolmentRecorded)(institutions.store_enrolments)
INBOX.on(registry.MemberRecorded)(institutions.store_members)
INBOX.on(registry.HouseholdRecorded)(institutions.store_households)
INBOX.on(registry.AssignmentRecorded)(institutions.store_officers)

INBOX.on(debt.LoanRecorded)(debts.store_loans)
INBOX.on(debt.CaseRecorded)(debts.store_cases)
INBOX.on(debt.PlanRecorded)(debts.store_plans)
INBOX.on(debt.PaymentPosted)(debts.store_payments)
INBOX.on(debt.PaymentReversed)(debts.store_reversals)
INBOX.on(debt.WaiverBooked)(debts.store_waivers)
INBOX.on(debt.DeductionSettled)(debts.store_settled_deductions)
INBOX.on(debt.DeductionRefused)(debts.store_refused_deductions)
INBOX.on(debt.DeductionUndone)(debts.store_undone_deductions)
INBOX.on(debt.BaselineRecorded)(closes.store_baselines)
INBOX.on(debt.BusinessDateClosed)(closes.store_closes)

INBOX.on(livelihood.OccupationPlanRecorded)(produce.store_occupation_plans)
INBOX.on(livelihood.ProduceDelivered)(produce.store_deliveries)
INBOX.on(livelihood.ProduceSettled)(produce.store_settlements)

INBOX.on(literacy.SessionAttended)(learning.store_attendances)
INBOX.on(literacy.AssessmentScored)(learning.store_assessments)
INBOX.on(literacy.LedgerMonthRecorded)(learning.store_ledger_months)
INBOX.on(literacy.SavingsPledgeRecorded)(learning.store_savings_pledges)

# What contributes to measures leaves with the rebuild that follows a restore, as facts do.
INBOX.on(withdrawn(registry.CooperativeRecorded))(forget("cooperative"))
INBOX.on(withdrawn(registry.ProgrammeRecorded))(forget("programme"))
INBOX.on(withdrawn(registry.EnrolmentRecorded))(forget("enrolment"))
INBOX.on(withdrawn(registry.MemberRecorded))(forget("member"))
INBOX.on(withdrawn(registry.HouseholdRecorded))(forget("household"))
INBOX.on(withdrawn(registry.AssignmentRecorded))(forget_officers)
INBOX.on(withdrawn(debt.LoanRecorded))(forget("loan"))
INBOX.on(withdrawn(livelihood.OccupationPlanRecorded))(forget("occupation_plan"))
