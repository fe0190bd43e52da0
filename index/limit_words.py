"""How other languages than English say that a work is not for commercial use, or for research only: patterns, no rule.

German, French, Spanish, Portuguese, Italian, Russian, Chinese, Japanese and Korean. Pure data, read in licence texts
(`license_clauses.py`) and in cards (`probes/card_terms.py`), without regard to case. Every gap is bounded. What permits
both ("für kommerzielle und nicht-kommerzielle Zwecke") is no restriction and does not match; words that deny a
restriction, English ones too, are those of `restricts`.
"""

from __future__ import annotations

import re

_GAP = r"[^.;。；\n]"  # within one sentence

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
    r"(?:禁止|严禁|嚴禁|不得|不可|不能|不允许|不允許|未经|未經)(?:(?![，,](?:可|允许|允許|支持|免费|免費))[^。；;\n]){0,14}(?:商用|商业|商業|营利|盈利|營利)",
    r"(?<![业業用利][和或与與及、])非(?:商用|商业|商業|营利|盈利|營利)",
    r"(?:商用|(?:商业|商業)(?:用途|使用|目的))(?:时|前)?[^。；;\n]{0,6}(?:[需须須](?!要?(?:遵|注明|标注|保留|署名))|授权|授權|许可协议|联系|聯繫|申请|申請)",
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
    r"(?:仅|僅|只|限)(?:供|限|用于|用於|可|能|于|於|允许|允許|作|为|為|做|在)[^。；;，,\n]{0,10}(?:学术|學術|研究|科研|学习|學習|个人|個人)",
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

_CONSENT = r"(?:permissions?|licen[cs]es?|approvals?|consent|authori[sz]ation|requests?|registration)"
_ANY = r"(?:(?:any|an?|our|prior|written|further|separate|special|additional|other|explicit|such) ){0,3}"
_DENIES = re.compile(
    # English: "no use restrictions", but not "no use restrictions other than"; "not limited to", "not only for".
    rf"\b(?:no|not an?|not under an?|without) {_ANY}(?:(?:use|usage) restrictions?"
    rf"|(?:custom|proprietary|bespoke|closed) (?:\w+ )?licen[cs]es?|non-?\s?commercial"
    r" (?:clauses?|restrictions?|limitations?))\b"
    r"(?![^.;\n]{0,20}\b(?:except|other than|beyond|but|unless|apart|besides)\b)"
    rf"|\b(?:do|does|did|is|are|will)(?: not|n['’]t) (?:require|need|necessitate) {_ANY}{_CONSENT}\b"
    rf"|\bno {_ANY}{_CONSENT} (?:(?:is|are) )?(?:needed|required|necessary)\b"
    r"|(?<!not )(?<!n't )(?<!n’t )(?<!not be )\b(?:allowed|permitted|free|possible)[^.;\n]{0,20} without"
    rf" {_ANY}{_CONSENT}\b"
    r"|(?<!but )(?<!but is )(?<!but are )(?:\bnot|n['’]t) (?:limited|restricted|confined) to (?:only )?"
    r"(?:(?:\w+ and|\w+ or|any) )?"
    r"(?:non-?\s?commercial|research|academic|personal|private|evaluation)(?: (?:use|usage|purposes?))?(?: only)?\b"
    r"|\bnot (?:only|just|merely|solely|exclusively) (?:for |in |to )?"
    r"(?:non-?\s?commercial|research|academic|personal|private|evaluation)\b"
    r"|\bcommercial(?: (?:use|usage|purposes?))?,? (?:as well as|plus|and also) (?:for )?non-?\s?commercial\b"
    # German, French, Spanish, Portuguese, Italian, Russian
    r"|\bnicht (?:nur|ausschließlich|lediglich|allein)\b"
    r"|\bnicht auf \w{0,20}(?:forschung|lehr|privat)\w{0,20} (?:beschränkt|begrenzt)\b"
    r"|\bohne (?:(?:vorherige|gesonderte|weitere|besondere|unsere|jede) )?(?:genehmigung|zustimmung|erlaubnis)\b"
    r"(?![^.;\n]{0,30}\b(?:unzulässig|strafbar|untersagt|verboten|ausgeschlossen|nicht))"
    r"|\bkeine (?:(?:vorherige|gesonderte|weitere|besondere) )?(?:genehmigung|zustimmung|erlaubnis)"
    r" (?:ist )?(?:nötig|notwendig|erforderlich)\b"
    r"|\b(?:pas|non) (?:uniquement|seulement|exclusivement|réservée?s?|limitée?s?|restreinte?s?)\b"
    r"|\b(?:pas|jamais) (?:interdite?s?|prohibée?s?|exclue?s?)\b"
    r"|(?<!non )(?<!pas )\b(?:permise?|libre|autorisée?|possible) sans (?:aucune )?autorisation\b"
    r"|\b(?:no|não|non)(?: (?:es|está|é|è|se|son|são|sono))?(?: (?:destinad|limitad|pensad)[oa])? (?:solo|sólo"
    r"|solamente|únicamente|unicamente|exclusivamente|apenas|somente|soltanto|esclusivamente)\b"
    r"|\b(?:no|não|non) (?:está|es|é|è) (?:prohibid|proibid|vietat)\w{1,3}\b|\bno (?:se )?requiere\b|\bnão requer\b"
    r"|\bне (?:только|запрещ\w{1,6})\b"
    # Chinese, Japanese, Korean
    r"|(?:[无無]需|[无無][须須]|毋[需须須]|不需要?|不须|不須|不用(?![于於作])|不必)(?:额外|另行|再|任何|事先|单独|获得|获取|得到|取得|经过|向?我们|我们的|的|進行|进行){0,4}"
    r"(?:申请|申請|授权|授權|许可|許可|联系|聯繫)?|[没沒]有?商用限制"
    r"|不(?:仅仅|仅|僅|只|单单|单)(?:是)?(?:供|限|用于|用於|可|能|于|於|作|为|為|做|在)|(?:并非|并不|不)(?:仅|只)?限(?:于|於|制)?"
    r"|(?:不|没有|沒有|并未|未)(?:被)?禁止"
    r"|(?:のみ|だけ)(?:で(?:は)?|に限[定さらりれ]{0,4})?(?:なく|ならず|ない|ません)|に限(?:ら|りま)(?:ず|ない|せん)"
    r"|뿐(?:만)?\s?(?:이\s?)?아니라",
    re.IGNORECASE,
)  # fmt: skip


def restricts(pattern: re.Pattern[str], sentence: str) -> bool:
    """Whether a sentence that matches a pattern of limits still does without the words in it that deny a limit.

    "Commercial use does not require permission" permits; "commercial use without permission is forbidden" does not.
    """
    without = _DENIES.sub(lambda found: " " * len(found[0]), sentence)
    return without == sentence or pattern.search(without) is not None
