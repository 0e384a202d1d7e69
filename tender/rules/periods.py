"""Pure: the day by which something must be done, by the period rules of a tender's profile."""

from __future__ import annotations

from datetime import date, timedelta

from core.working_time import Days, Workday, add_workdays, is_workday
from tender.rules.articles import PERIOD_RULES, Period, Rule, Unit, in_force
from tender.rules.plan import Profile


def period_rule(profile: Profile, name: str, day: date) -> Rule | None:
    """Return the rule of this name that holds for the profile on a day; None where the profile has none.

    >>> period_rule(Profile.OBLIGATORY, "contract", date(2026, 11, 23)).article
    '招标投标法 46'
    """
    for rule in in_force(PERIOD_RULES, profile, day):
        if isinstance(rule.check, Period) and rule.check.name == name:
            return rule
    return None


def last_day(period: Period, event_on: date, days: Days, *, rolls_to_workday: bool = True) -> Workday:
    """Return the last day of a period that an event starts, and whether a provisional day was used on the way.

    The day of the event is not counted. A period of calendar days that ends on a day off ends on the next working day
    (民法典 art. 203, to be verified: `rolls_to_workday` switches it). Refuses with Conflict `calendar_not_known` (day).

    Fourteen days, the tenth and eleventh off; three days from the 8th end on the 11th, so on the 12th:
    >>> from core.working_time import DayKind
    >>> known = {date(2026, 1, n): DayKind(n not in (10, 11)) for n in range(1, 15)}
    >>> last_day(Period("publicity_lasts", 3), date(2026, 1, 8), known).on
    datetime.date(2026, 1, 12)
    """
    if period.unit is Unit.WORKING_DAYS:
        return add_workdays(days, event_on, period.days)
    end = event_on + timedelta(days=period.days)
    if not rolls_to_workday or is_workday(days, end):
        return Workday(end, rolls_to_workday and days[end].is_provisional)
    return add_workdays(days, end, 1)
