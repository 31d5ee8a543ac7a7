"""Farm households and their plots, as the agricultural extension department registers them."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from demo.generator import distributions
from demo.generator.crops import CROPS
from demo.generator.people import Member
from demo.generator.randomness import stream
from demo.generator.writing import CENTRAL
from shared.kernel.calendar import add_months

HOUSEHOLD_COLUMNS = ("household_number", "cooperative_code", "member_number", "size", "district_code", "registered_on")
HOUSEHOLD_HEADINGS_TH = (
    "เลขทะเบียนเกษตรกร", "รหัสสหกรณ์", "เลขทะเบียนสมาชิก", "จำนวนคนในครัวเรือน", "รหัสอำเภอ", "วันที่ขึ้นทะเบียน",
)  # fmt: skip
PLOT_COLUMNS = ("household_number", "plot_number", "crop", "area_rai", "document", "planted_on")


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot and what stands on it. The area is in hundredths of a rai."""

    number: int
    crop: str
    area_hundredths_rai: int
    document: str
    planted_on: date


@dataclass(frozen=True, slots=True)
class Household:
    """The registered farm of a member."""

    number: str
    size: int
    registered_on: date
    plots: tuple[Plot, ...]

    @property
    def main_crop(self) -> str:
        """The crop on most of the land."""
        return max(self.plots, key=lambda plot: plot.area_hundredths_rai).crop


def draw_household(seed: int, member: Member, cut_over_on: date) -> Household | None:
    """The household of a member's person, the same in both memberships; None when it is not registered."""
    if not member.person.household_number:
        return None
    random = stream(seed, "household", member.index)
    low, high = distributions.LAND_BANDS_RAI.pick(random)
    area_hundredths = random.randint(low * 4, high * 4) * 25
    plots = _plots(random, member.origin.region, area_hundredths, cut_over_on)
    newest = max(max(plot.planted_on for plot in plots), cut_over_on - timedelta(days=150))
    return Household(
        number=member.person.household_number,
        size=distributions.HOUSEHOLD_SIZES.pick(random),
        # A farmer reports within 15 days after planting (S09, S10).
        registered_on=min(newest + timedelta(days=random.randint(1, 15)), cut_over_on),
        plots=plots,
    )


def _plots(random: Random, region: str, area_hundredths: int, cut_over_on: date) -> tuple[Plot, ...]:
    count = 1 if area_hundredths < 600 else random.randint(1, 3)
    shares = [random.uniform(0.5, 1.5) for _ in range(count)]
    plots = []
    for place, share in enumerate(shares):
        crop = distributions.CROPS_BY_REGION[region].pick(random)
        earliest, latest = CROPS[crop].planted_months_before
        months = random.randint(earliest, latest)
        plots.append(
            Plot(
                number=place + 1,
                crop=crop,
                area_hundredths_rai=max(1, round(area_hundredths * share / sum(shares) / 25)) * 25,
                document=distributions.LAND_DOCUMENTS.pick(random),
                planted_on=add_months(cut_over_on, -months).replace(day=random.randint(1, 28)),
            )
        )
    return tuple(plots)


def household_row(household: Household, member: Member) -> list[str]:
    """The row of farm_households.csv; the first membership is the head."""
    return [
        household.number,
        member.institution.code,
        member.number,
        str(household.size),
        member.institution.district_code,
        CENTRAL.date(household.registered_on),
    ]


def plot_row(household: Household, plot: Plot) -> list[str]:
    """The row of plots.csv."""
    whole, hundredths = divmod(plot.area_hundredths_rai, 100)
    return [
        household.number,
        str(plot.number),
        plot.crop,
        f"{whole}.{hundredths:02d}",
        plot.document,
        CENTRAL.date(plot.planted_on),
    ]
