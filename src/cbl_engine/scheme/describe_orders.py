"""The order of bids as sections: profiles with their stages and keys, and local lettings plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.scheme.description import Line, Section
from cbl_engine.scheme.key_words import key_in_words, key_unknown_in_words
from cbl_engine.scheme.keys import LotteryKey, PreferKey, TieKey
from cbl_engine.scheme.words import dates_in_words, listed, quoted, sentence, share_in_words

if TYPE_CHECKING:
    from cbl_engine.scheme.criterion_words import CriterionWords
    from cbl_engine.scheme.keys import Key
    from cbl_engine.scheme.model import LocalLettingsPlan, Profile, Stage, Target

_NEXT_STAGE = {
    "no_eligible": "Stage {next} is turned to when nobody in this stage is eligible.",
    "no_letting": "Stage {next} is turned to when nobody in this stage took the home.",
}


def orders_section(criteria: CriterionWords) -> Section:
    """How bids are put in order: every profile of the scheme."""
    profiles = criteria.version.profiles
    default = criteria.version.profile_for(None)
    says = "The order belongs to the advert, which names one of these."
    if len(profiles) == 1:
        says = "There is one order, for every advert."
    elif default is not None:
        says += f" An advert that names none has {quoted(profiles[default].label)}."
    return Section(
        "How bids are put in order",
        (Line(f"{says} The first step that tells two bids apart decides between them."),),
        sections=tuple(_profile(criteria, profile) for profile in profiles.values()),
    )


def _profile(criteria: CriterionWords, profile: Profile) -> Section:
    also = criteria.also(profile.eligible, "Beyond what every bid must meet, this order asks:")
    stages = profile.all_stages()
    staged = len(stages) > 1 or bool(stages[0].label or stages[0].eligible)
    lead = Line(
        "A bid stands in the first stage whose conditions it does not fail. Everyone in one "
        "stage comes before everyone in the next." if staged else "Bids are put in this order.",
        source=profile.source, ours=profile.illustrative,
    )
    if not staged:
        return Section(profile.label, (*also, lead), _keys(criteria, stages[0].order), numbered=True)
    return Section(
        profile.label,
        (lead, *also),
        sections=tuple(
            _stage(criteria, stage, number, last=number == len(stages))
            for number, stage in enumerate(stages, 1)
        ),
    )


def _stage(criteria: CriterionWords, stage: Stage, number: int, *, last: bool) -> Section:
    then = () if last else (Line(_NEXT_STAGE[stage.next_stage_when].format(next=number + 1)),)
    return Section(
        f"Stage {number}" + (f": {stage.label}" if stage.label else ""),
        (*criteria.also(stage.eligible, "This stage asks:"), *then,
         Line("Bids are put in this order.", source=stage.source, ours=stage.illustrative)),
        _keys(criteria, stage.order),
        numbered=True,
    )


def _keys(criteria: CriterionWords, keys: tuple[Key, ...], *, whole: bool = True) -> tuple[Line, ...]:
    """The steps of an order; ``whole`` when no other order follows them."""
    lines = [_key(criteria, key, first=not at) for at, key in enumerate(keys)]
    if whole and not isinstance(keys[-1], (TieKey, LotteryKey)):
        lines.append(Line("If still equal: They share a place; the scheme names nothing "
                          "further that would settle it."))
    return tuple(lines)


def _key(criteria: CriterionWords, key: Key, *, first: bool) -> Line:
    lead = "First" if first else "If still equal"
    does = key_in_words(key, criteria.version)
    under = [Line(f"{does}.")] if key.label else []
    if isinstance(key, PreferKey):
        under.append(criteria.met(key.prefer))
    unknown = key_unknown_in_words(key)
    under += [Line(unknown)] if unknown else []
    return Line(sentence(f"{lead}: {key.label or does}"), source=key.source,
                ours=key.illustrative, under=tuple(under))


def plans_section(criteria: CriterionWords) -> Section | None:
    """The local lettings plans; None when there are none."""
    plans = criteria.version.local_lettings_plans
    if not plans:
        return None
    return Section(
        "Local lettings plans",
        (Line("An advert may name a plan. What the plan asks joins what every bid must meet, "
              "and its steps go ahead of the order's own."),),
        sections=tuple(_plan(criteria, plan) for plan in plans.values()),
    )


def _plan(criteria: CriterionWords, plan: LocalLettingsPlan) -> Section:
    dates = "In force for as long as the scheme is."
    if plan.in_force is not None:
        read = f" [{plan.in_force.source}]" if plan.in_force.source else ""
        dates = f"In force {dates_in_words(plan.in_force)}{read}."
    head = Line(dates, source=plan.source, ours=plan.illustrative)
    aims = tuple(_target(criteria, target) for target in plan.targets)
    return Section(
        plan.label,
        (
            head,
            *criteria.also(plan.eligible, "Beyond what every bid must meet, the plan asks:"),
            *((Line("Aims that are counted over lettings. While one is behind, those who meet it are asked "
                    "first; the order of the list stays:",
                    under=aims),) if aims else ()),
            *((Line("Ahead of the order's own steps:"),) if plan.order else ()),
        ),
        _keys(criteria, plan.order, whole=False) if plan.order else (),
        numbered=True,
    )


def _target(criteria: CriterionWords, target: Target) -> Line:
    """An aim of a plan."""
    parts = [f"{share_in_words(target.share)} of lettings"] if target.share is not None else []
    parts += [f"{target.number:,} lettings"] if target.number is not None else []
    to_whom = quoted(criteria.version.criteria[target.criterion].label)
    homes = ""
    if target.homes is not None:
        homes = f", of the homes that meet {quoted(criteria.version.criteria[target.homes].label)},"
    return Line(
        f"{target.label}: {listed(parts) or 'lettings'}{homes} to those who meet {to_whom}",
        source=target.source, ours=target.illustrative,
    )
