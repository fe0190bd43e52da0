"""Whether a model is open source, in one sentence: the OSAID checklist in the reader's language. Pure.

"Yes" is only said where a person has confirmed it; what no public fact answers is "not shown", which is no finding
against the model. Does not fill in the checklist (index/checklists.py does) and reads nothing.
"""

from __future__ import annotations

from index.checklists import Checklist, Result
from index.rows import Model
from index.site.render import Texts

_PROVED = "L5"  # from this level on the rules call a model a candidate


def sentence(checklist: Checklist | None, model: Model, confirmed_by: str | None, t: Texts) -> str:
    """'Open source by ... (OSAID)? No, because ...'. `confirmed_by`: who confirmed the level and when."""
    return f"{t('osaid.asked')} {_answer(checklist, model, confirmed_by, t)}"


def _answer(checklist: Checklist | None, model: Model, confirmed_by: str | None, t: Texts) -> str:
    if checklist is None or model.level is None:
        return t("osaid.unjudged")
    failed = [c.item for c in checklist.checks if c.result is Result.FAIL]
    unknown = [c.item for c in checklist.checks if c.result is Result.UNKNOWN]
    # Code that is withheld has no terms either, and weights behind a gate are told by the gate: said once.
    again = {"code_terms" if "training_code" in failed else "", "parameters" if "no_permission" in failed else ""}
    failed = [item for item in failed if item not in again]
    if failed:
        return t("osaid.no", why=_and([_because(item, model, t) for item in failed], t))
    missing = _and([t(f"osaid.ask_{item}") for item in unknown], t)
    if confirmed_by and model.level >= _PROVED:
        return t("osaid.yes", who=confirmed_by)
    if not unknown:
        return t("osaid.candidate")
    return t("osaid.candidate_but" if model.level >= _PROVED else "osaid.unshown", what=missing)


def _because(item: str, model: Model, t: Texts) -> str:
    if item != "parameters_terms":
        return t(f"osaid.no_{item}")
    stated = model.license_effective is not None and model.restriction != "no-license"
    return t("osaid.no_terms", license=model.license_effective) if stated else t("osaid.no_license")


def _and(parts: list[str], t: Texts) -> str:
    *most, last = parts or [""]
    return f"{', '.join(most)} {t('osaid.and')} {last}" if most else last
