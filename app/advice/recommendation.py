"""The whole recommendation: need, decision, what to buy, what to rent, what is owned, and what would change it."""

from dataclasses import dataclass
from datetime import date

from app.advice.ambition import for_the_budget
from app.advice.buy_or_rent import BuyOrRent, buy_or_rent
from app.advice.candidates import Candidates, candidates_for
from app.advice.cautions import cautions
from app.advice.circumstances import Circumstances
from app.advice.cloud import Cloud, CloudOption, cloud_for
from app.advice.constraints import Constraints
from app.advice.decide import Decision, decide
from app.advice.first_steps import first_steps
from app.advice.host import Host, host_for
from app.advice.limits import Limits, limits_for
from app.advice.market import Market
from app.advice.need import Need, need_of
from app.advice.owned import Owned, judge, owned_fit
from app.advice.picks import Pick, picks_for
from app.advice.pieces import Names
from app.advice.policy import Policy
from app.advice.prices import PriceBook
from app.advice.reasons import Caution, Reason
from app.advice.rejections import Rejection, rejections_for
from app.advice.sensitivity import Change, Rejob, changes_for
from app.advice.settled import planned_for_many, settled
from app.advice.starting import start_remark, with_time_to_start
from app.advice.verdict import verdict
from app.advice.why import why
from app.engine.hardware import Devices
from app.engine.job import Job

SEVERITIES = ("problem", "warning", "note")


@dataclass(frozen=True)
class Recommendation:
    """Everything in the answer, as facts; the wording and the units come later."""

    job: Job
    need: Need
    decision: Decision
    candidates: Candidates
    """Systems and estimates that ``Pick.row`` and ``CloudOption.row`` point into."""
    picks: tuple[Pick, ...]
    cloud: tuple[CloudOption, ...]
    buy_or_rent: BuyOrRent | None
    owned: tuple[Owned, ...]
    host: Host
    changes: tuple[Change, ...]
    rejected: tuple[Rejection, ...]
    first_steps: tuple[Reason, ...]
    cautions: tuple[Caution, ...]
    """Problems first, then warnings, then notes."""
    verdict: Reason
    why: tuple[Reason, ...] = ()
    """Rules that decided, and the figures that speak most for it."""
    meets_limits: bool = True
    """Whether something to buy or to rent keeps every limit."""


def recommend(
    job: Job,
    constraints: Constraints,
    *,
    devices: Devices,
    market: Market,
    policy: Policy,
    names: Names,
    today: date,
    rejob: Rejob,
) -> Recommendation:
    """Which hardware somebody needs for a job, and why.

    ``rejob`` builds the job of the same workload with some fields changed; ``names`` looks up hardware in free text.
    """
    job, rejob = for_the_budget(
        job, constraints, devices=devices, market=market, policy=policy, today=today, rejob=rejob
    )
    job, rejob = planned_for_many(job, rejob)
    need = need_of(job, constraints, devices=devices)
    found = settled(job, need, constraints=constraints, devices=devices, tiers=policy.tiers)
    job, need, rejob = found.job, found.need, found.alike(rejob)
    owned = judge(job, need, constraints=constraints, devices=devices, names=names)
    fit = owned_fit(owned)
    asked, constraints = constraints, with_time_to_start(constraints, job, need=need)
    decision = decide(job, need, constraints=constraints, policy=policy, owned=fit)
    goods = _goods(job, need, decision=decision, constraints=constraints, devices=devices, market=market, today=today)
    case = Circumstances(
        job=job,
        need=need,
        decision=decision,
        constraints=constraints,
        owned=owned,
        picks=goods.picks,
        cloud=goods.cloud.options,
        buy_or_rent=goods.deal,
        host=_host(job, need, picks=goods.picks, constraints=constraints),
        market=market,
        devices=devices,
    )
    changes = changes_for(
        job, need, decision=decision, constraints=constraints, devices=devices, policy=policy, rejob=rejob, owned=fit
    )
    return Recommendation(
        job=job,
        need=need,
        decision=decision,
        candidates=goods.candidates,
        picks=goods.picks,
        cloud=goods.cloud.options,
        buy_or_rent=goods.deal,
        owned=owned,
        host=case.host,
        changes=changes,
        rejected=_rejected(goods, owned, decision=decision, constraints=constraints),
        first_steps=first_steps(case),
        cautions=by_severity((*start_remark(asked, case), *goods.relaxed(), *cautions(case), *decision.cautions)),
        verdict=verdict(case),
        why=why(case),
        meets_limits=asked == constraints and _meets_limits(goods, decision, constraints=constraints),
    )


@dataclass(frozen=True)
class _Goods:
    """What can be bought and rented for a job."""

    candidates: Candidates
    limits: Limits
    picks: tuple[Pick, ...]
    cloud: Cloud
    deal: BuyOrRent | None

    def relaxed(self) -> tuple[Caution, ...]:
        """The limits and wishes that had to give way."""
        return (*self.limits.cautions(tuple(pick.row for pick in self.picks)), *self.cloud.cautions)


def _goods(
    job: Job,
    need: Need,
    *,
    decision: Decision,
    constraints: Constraints,
    devices: Devices,
    market: Market,
    today: date,
) -> _Goods:
    candidates = candidates_for(
        job, need, decision=decision, constraints=constraints, devices=devices, market=market, today=today
    )
    limits = limits_for(job, decision, constraints=constraints, candidates=candidates)
    book = PriceBook.of(market, today)
    picks = picks_for(candidates, limits, decision=decision, constraints=constraints, book=book)
    cloud = cloud_for(
        job, need, decision=decision, constraints=constraints, candidates=candidates, market=market, today=today
    )
    deal = buy_or_rent(picks, cloud.options, need=need, constraints=constraints, candidates=candidates, market=market)
    return _Goods(candidates, limits, picks, cloud, deal)


def _meets_limits(goods: _Goods, decision: Decision, *, constraints: Constraints) -> bool:
    bought = any(bool(goods.limits.meets_all[pick.row]) for pick in goods.picks) and constraints.ownership != "rent"
    rented = bool(goods.cloud.options) and not goods.cloud.cautions and constraints.ownership != "buy"
    return decision.scenario.number == 1 or bought or rented


def _rejected(
    goods: _Goods, owned: tuple[Owned, ...], *, decision: Decision, constraints: Constraints
) -> tuple[Rejection, ...]:
    known = [each for each in owned if each.slug is not None]
    return rejections_for(
        goods.limits,
        decision,
        constraints=constraints,
        picks=goods.picks,
        asked=[str(each.slug) for each in known if each.considering],
        owned=[str(each.slug) for each in known if not each.considering],
    )


def _host(job: Job, need: Need, *, picks: tuple[Pick, ...], constraints: Constraints) -> Host:
    """The computer around the best fit, or one without a graphics card."""
    best = picks[0] if picks else None
    per_node = 1 if best is None else -(-best.count // best.nodes)
    return host_for(job, need, device=None if best is None else best.device, count=per_node, constraints=constraints)


def by_severity(found: tuple[Caution, ...]) -> tuple[Caution, ...]:
    """Problems first, then warnings, then notes; each once, otherwise in the order found."""
    unique = {(caution.severity, caution.reason.code, str(caution.reason.values)): caution for caution in found}
    return tuple(sorted(unique.values(), key=lambda caution: SEVERITIES.index(caution.severity)))
