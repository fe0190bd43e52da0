"""How other languages than English say that a work is not for commercial use, or for research only: patterns, no rule.

German, French, Spanish, Portuguese, Italian, Russian, Chinese, Japanese and Korean. Pure data, read in licence texts
(`license_clauses.py`) and in cards (`probes/cards.py`), without regard to case. Every gap is bounded. What permits both
("für kommerzielle und nicht-kommerzielle Zwecke") is no restriction and does not match.
"""

from __future__ import annotations

_GAP = r"[^.;。;\n]"  # within one sentence

_NON_COMMERCIAL = (
    # German
    r"(?<!\bund\s)(?<!\boder\s)nicht[\s-]{0,3}kommerziell\w{0,3}(?!\s(?:und|oder|als|wie|sowie)\s)",
    rf"\bkommerziell\w{{0,3}}\s(?:nutzung|verwendung|zwecke\w?|einsatz)\b{_GAP}{{0,50}}"
    r"\b(?:nicht|untersagt|verboten|ausgeschlossen|genehmigung|zustimmung|erlaubnis)\b",
    rf"\bkeine\w?\s{_GAP}{{0,20}}kommerzielle\w?\b",
    # French
    r"\b(?:usages?|utilisations?|fins|but|titre|caractère|recherche|licence)\s(?:strictement\s|purement\s)?"
    r"(?:non|pas)[\s-]{1,3}commercia(?:l|ux|le|les)\b(?!\s(?:et|ou|que)\s)",
    rf"\b(?:utilisation|usage|exploitation|fins)\scommercial\w{{0,3}}\b{_GAP}{{0,40}}"
    r"\b(?:interdite?s?|prohibée?s?|exclue?s?|soumise?s?|non\sautorisée?s?|autorisation|pas)\b",
    rf"\binterdi\w{{0,6}}\b{_GAP}{{0,40}}\bcommercia",
    # Spanish, Portuguese, Italian
    r"(?<!\by\s)(?<!\bo\s)(?<!\be\s)(?<!\bou\s)\b(?:no|não|non)[\s-]{1,3}(?:comerciai?s?|comerciale?s?|commercial[ei])\b"
    r"(?!\s(?:y|o|e|ou)\s)",
    rf"\b(?:uso|usos|fins|fines)\s(?:comerciai?s?|comerciale?s?|commercial[ei])\b{_GAP}{{0,40}}"
    r"\b(?:prohibid|proibid|vietat|no\s(?:está|se|es)|não|requiere|requer)",
    rf"\b(?:prohib|proib|vietat)\w{{0,6}}\b{_GAP}{{0,40}}\b(?:comercia|commercial)",
    # Russian
    rf"некоммерческ|\bкоммерческ\w{{0,6}}\b{_GAP}{{0,40}}(?:запрещ|не\sдопуска|не\sразреш)",
    rf"\bзапрещ\w{{0,6}}\b{_GAP}{{0,40}}\bкоммерческ",
    # Chinese
    r"(?:禁止|严禁|嚴禁|不得|不可|不能|不允许|不允許|未经|未經)[^。;;\n]{0,14}(?:商用|商业|商業|营利|盈利|營利)",
    r"(?<![业業用利][和或与與及、])非(?:商用|商业|商業|营利|盈利|營利)",
    r"(?:商用|(?:商业|商業)(?:用途|使用|目的))(?:时|前)?[^。;;,,\n]{0,6}(?:需|须|須|授权|授權|许可协议|联系|聯繫|申请|申請)",
    # Japanese, Korean
    r"非(?:営利|商業)|(?:商用|商業)(?:利用|目的|使用)?(?:で|は|を|の|に)?[^。\n]{0,12}(?:不可|禁止|禁じ|できません)",
    r"비[\s-]?(?:상업|영리)|(?:상업|영리)적?\s?[^.。\n]{0,15}(?:금지|불가|없습니다|제한)",
)
_RESEARCH_ONLY = (
    # German
    rf"\b(?:nur|ausschließlich|lediglich|allein)\b{_GAP}{{0,40}}\b(?:forschung|wissenschaft|akademisch|privat)",
    r"\b(?:forschungs|lehr|privat)\w{0,20}\s(?:beschränkt|begrenzt|vorbehalten)\b",
    # French
    rf"\b(?:fins|usage|but|titre|pour)\b{_GAP}{{0,30}}\brecherche\b{_GAP}{{0,25}}\b(?:uniquement|seulement|exclusivement)\b",
    rf"\b(?:uniquement|seulement|exclusivement|réservée?s?|limitée?s?|restreinte?s?)\b{_GAP}{{0,40}}"
    r"\b(?:recherche|académique|personnel)",
    # Spanish, Portuguese, Italian
    rf"\b(?:solo|sólo|solamente|únicamente|unicamente|exclusivamente|apenas|somente|soltanto|esclusivamente)\b"
    rf"{_GAP}{{0,40}}\b(?:investigaci[óo]n|acad[ée]mic|pesquisa|ricerca|accademic)",
    rf"\b(?:investigaci[óo]n|acad[ée]micos?|pesquisa|ricerca)\b{_GAP}{{0,25}}"
    r"\b(?:solamente|únicamente|exclusivamente|apenas|somente|soltanto|esclusivamente)\b",
    # Russian
    rf"\bтолько\b{_GAP}{{0,40}}\b(?:исследоват|научн|личн|учебн)",
    # Chinese
    r"(?:仅|僅|只|限)(?:供|限|用于|用於|可|能|于|於|允许|允許|作|为|為|做|在)[^。;;,,\n]{0,10}(?:学术|學術|研究|科研|学习|學習|个人|個人)",
    # Japanese, Korean
    r"(?:研究|学術|個人)[^。、\n]{0,6}(?:のみ|に限|だけ)",
    r"(?:연구|학술|개인)[^.。\n]{0,10}(?:로만|에만|에\s?한)",
)

NON_COMMERCIAL = "|".join(_NON_COMMERCIAL)
RESEARCH_ONLY = "|".join(_RESEARCH_ONLY)
#: Words of which every match holds at least one, in lower case.
NON_COMMERCIAL_NEEDS = (
    "kommerziell", "commerci", "comercia", "коммерч", "商", "营利", "盈利", "營利", "営利", "상업", "영리",
)  # fmt: skip
RESEARCH_ONLY_NEEDS = (
    "forschung", "wissenschaft", "akademisch", "privat", "lehr", "recherche", "académi", "personnel", "investigaci",
    "academ", "acadêm", "acadé", "pesquisa", "ricerca", "accademic", "исследоват", "научн", "личн", "учебн", "学术",
    "學術", "研究", "科研", "学习", "學習", "个人", "個人", "学術", "연구", "학술", "개인",
)  # fmt: skip
