-- hub.db (attached as `hub`, read only) -> index.db. Whole sets at a time; nothing is decided here that a row could not
-- say by itself. Run by publish.py, step by step; between `words` and `models` it writes the dossiers, and counters.py
-- writes `counters` between `models` and `history`, what they sum up to between `spans` and `trends`.
-- Private repositories (seen because a token may see them) are never published.

-- step: words
CREATE TEMP TABLE private (repo INTEGER PRIMARY KEY);
INSERT INTO temp.private SELECT repo FROM hub.repos WHERE private = 1;

INSERT INTO terms (word) SELECT DISTINCT path FROM hub.fetches WHERE true ON CONFLICT (word) DO NOTHING;
INSERT INTO terms (word) SELECT DISTINCT outcome FROM hub.fetches WHERE true ON CONFLICT (word) DO NOTHING;
INSERT INTO terms (word) SELECT DISTINCT restriction FROM hub.verdict_history WHERE true ON CONFLICT (word) DO NOTHING;
INSERT INTO terms (word) SELECT DISTINCT cause FROM hub.verdict_history WHERE true ON CONFLICT (word) DO NOTHING;
INSERT INTO terms (word) SELECT DISTINCT rules_version FROM hub.verdict_history WHERE true ON CONFLICT (word) DO NOTHING;

CREATE TEMP TABLE wanted (dossier INTEGER PRIMARY KEY);
INSERT INTO temp.wanted
SELECT dossier FROM hub.verdicts WHERE repo NOT IN (SELECT repo FROM temp.private)
UNION
SELECT dossier FROM hub.verdict_history WHERE repo NOT IN (SELECT repo FROM temp.private);

-- Complete nights, numbered; the same ones as in the view `complete_nights`.
CREATE TEMP TABLE nights (n INTEGER PRIMARY KEY, day INTEGER NOT NULL UNIQUE, date TEXT NOT NULL UNIQUE);
INSERT INTO temp.nights
SELECT row_number() OVER (ORDER BY date), CAST(julianday(date) - 2440587.5 AS INTEGER), date
FROM (
  SELECT DISTINCT date FROM hub.crawls
  WHERE complete = 1 AND (scope = '' OR NOT EXISTS (SELECT 1 FROM hub.crawls WHERE complete = 1 AND scope = '')));

-- step: models
CREATE TEMP TABLE superseded (repo INTEGER PRIMARY KEY);
INSERT INTO temp.superseded
SELECT repo FROM (
  SELECT repo, row_number() OVER (
    PARTITION BY lower(repo_id) ORDER BY missing_since IS NULL DESC, observed DESC, oid DESC) AS place
  FROM hub.repos WHERE repo NOT IN (SELECT repo FROM temp.private))
WHERE place > 1;

CREATE TEMP TABLE places (model INTEGER PRIMARY KEY, place INTEGER NOT NULL);
INSERT INTO temp.places
SELECT repo, row_number() OVER (ORDER BY missing_since IS NOT NULL, downloads DESC, repo)
FROM hub.repos WHERE repo NOT IN (SELECT repo FROM temp.private);

INSERT INTO models (
  model, place, id, oid, author, level, level_name, level_max, restriction, license, license_effective, gated, downloads,
  downloads_all_time, likes, pipeline_tag, library, base_model, family, official, cells, radboud_score, eu_score,
  mof_class, osaid, ai_act, aa_score, confirmed_by, claims_open_source, parameters, license_name, license_link, created_at, last_modified, sha, disabled,
  observed, first_seen, last_seen, missing_since, judged, rules_version, dossier)
SELECT
  r.repo, p.place, iif(s.repo IS NULL, r.repo_id, r.repo_id || '@' || r.oid), r.oid, r.author,
  'L' || v.level,
  -- L0 for want of a file list is not the same as a file list without weights.
  iif(v.level = 0, iif(v.restriction = 'unknown-weights', 'weights not shown', 'no weights'),
      iif(o.id IS NULL, l.name, replace(l.name, ' (candidate)', ''))),
  'L' || v.level_max, v.restriction, r.license, v.license_effective, r.gated, r.downloads,
  r.downloads_all_time, r.likes, d.pipeline_tag, d.library, v.base_model, v.family,
  iif(v.family IS NULL, NULL, official(r.repo_id)), x.cells, v.radboud_score, v.eu_score,
  CASE v.mof_class WHEN 1 THEN 'I' WHEN 2 THEN 'II' WHEN 3 THEN 'III' END,
  osaid(x.cells, v.license_effective, r.gated, k.shown), ai_act(x.cells, v.license_effective, r.gated, k.shown),
  aa_score(x.cells, v.license_effective, r.gated, k.shown), o.name || ', ' || o.date, v.claims_open_source,
  CAST(json_extract(d.config, '$.parameters') AS INTEGER), d.license_name, d.license_link,
  r.created_at, r.last_modified, r.sha, r.disabled, r.observed, r.first_seen,
  -- Present: seen by the last complete night, or by a later walk that found it first.
  iif(r.missing_since IS NULL, max(r.first_seen, r.observed, coalesce((SELECT max(date) FROM temp.nights), '')),
      coalesce(r.last_seen, r.observed)),
  r.missing_since, v.judged, v.rules_version, v.dossier
FROM hub.repos r
CROSS JOIN temp.places p ON p.model = r.repo
LEFT JOIN hub.details d ON d.repo = r.repo
LEFT JOIN hub.verdicts v ON v.repo = r.repo
LEFT JOIN dossiers x ON x.dossier = v.dossier
LEFT JOIN temp.shown k ON k.dossier = v.dossier
LEFT JOIN levels l ON l.level = 'L' || v.level
-- A person confirms a level that the rules reached; a review of another level confirms nothing.
LEFT JOIN overrides o ON o.id = r.repo_id AND o.dimension = 'level' AND o.value = 'L' || v.level
LEFT JOIN temp.superseded s ON s.repo = r.repo
WHERE r.repo NOT IN (SELECT repo FROM temp.private)
ORDER BY r.repo;

DELETE FROM overrides WHERE id NOT IN (SELECT id FROM models);  -- private, or not (yet) on the Hub

-- step: history
INSERT INTO import_sources (source, name) SELECT source, name FROM hub.import_sources;
INSERT INTO imported_days (source, day) SELECT source, day FROM hub.imported_days ORDER BY source, day;
INSERT INTO imported_runs (model, source, day, until, downloads, downloads_all_time, likes)
SELECT repo, source, day, until, downloads, downloads_all_time, likes FROM hub.imported_downloads
WHERE repo NOT IN (SELECT repo FROM temp.private)
ORDER BY repo, source, day;

INSERT INTO ancestors (model, base_model, relation, stated_by, license, base_license, conflict, downloads)
SELECT repo, base_id, relation, stated_by, license, base_license, nullif(conflict, ''),
  iif(conflict <> '', (SELECT r.downloads FROM hub.repos r WHERE r.repo = lineage.repo), NULL)
FROM hub.lineage
WHERE repo NOT IN (SELECT repo FROM temp.private)
ORDER BY repo, base_id
ON CONFLICT (model, base_model) DO NOTHING;  -- the same ancestor in two spellings

INSERT INTO verdicts (model, day, level, level_max, restriction, rules_version, cause, dossier, note)
SELECT h.repo, CAST(julianday(h.date) - 2440587.5 AS INTEGER), h.level, h.level_max, r.term, s.term, c.term, h.dossier,
  h.note
FROM hub.verdict_history h
CROSS JOIN terms r ON r.word = h.restriction
CROSS JOIN terms s ON s.word = h.rules_version
CROSS JOIN terms c ON c.word = h.cause
WHERE h.repo NOT IN (SELECT repo FROM temp.private)
ORDER BY h.repo, h.date;

INSERT INTO looks (model, path, outcome, sha, same_sha, day, size)
SELECT f.repo, p.term, o.term, iif(f.sha IS m.sha, NULL, f.sha), f.sha IS m.sha,
  CAST(julianday(f.night) - 2440587.5 AS INTEGER), f.size
FROM hub.fetches f
CROSS JOIN models m ON m.model = f.repo
CROSS JOIN terms p ON p.word = f.path
CROSS JOIN terms o ON o.word = f.outcome
ORDER BY f.repo, p.term;

INSERT INTO names (name, id, since, until)
SELECT n.repo_id, m.id, n.since, n.until
FROM hub.names n JOIN models m ON m.model = n.repo
WHERE n.repo_id <> m.id
ON CONFLICT (name, since, id) DO NOTHING;

INSERT INTO changes (date, id, field, old, new, downloads, cause, note)
SELECT c.date, m.id, c.field, c.old, c.new, c.downloads, iif(c.field = 'level', h.cause, NULL),
  iif(c.field = 'level', h.note, NULL)
FROM hub.changes c
JOIN models m ON m.model = c.repo
LEFT JOIN hub.verdict_history h ON h.repo = c.repo AND h.date = c.date
ORDER BY c.change;

-- Levels that changed, where nobody has written the event yet.
INSERT INTO changes (date, id, field, old, new, downloads, cause)
SELECT v.date, m.id, 'level', 'L' || v.before, 'L' || v.level,
  (SELECT d.downloads FROM downloads d WHERE d.id = m.id AND d.date <= v.date ORDER BY d.date DESC LIMIT 1),
  v.cause
FROM (
  SELECT repo, date, level, cause, lag(level) OVER (PARTITION BY repo ORDER BY date) AS before
  FROM hub.verdict_history) v
JOIN models m ON m.model = v.repo
WHERE v.before <> v.level
  AND NOT EXISTS (SELECT 1 FROM hub.changes c WHERE c.repo = v.repo AND c.date = v.date AND c.field = 'level')
ORDER BY v.date, v.repo;

-- Seen in the old state on the last complete night before, or when the field changed last; not while it was away. What
-- only our own rules or a person's review moved has no such span.
CREATE TEMP TABLE author_nights (author TEXT NOT NULL, date TEXT NOT NULL, PRIMARY KEY (author, date)) WITHOUT ROWID;
INSERT INTO temp.author_nights
SELECT DISTINCT substr(scope, 8), date FROM hub.crawls WHERE complete = 1 AND scope LIKE 'author=%';
CREATE INDEX temp_changes ON changes (id, field, date);
UPDATE changes SET not_before = (
  SELECT iif(x.seen < x.bound, x.seen, NULL) FROM (
    SELECT b.bound, max(
      m.first_seen,
      coalesce((SELECT max(n.date) FROM temp.nights n WHERE n.date < b.bound), ''),
      coalesce((SELECT max(n.date) FROM temp.author_nights n WHERE n.author = m.author AND n.date < b.bound), ''),
      coalesce((SELECT max(p.date) FROM changes p
                WHERE p.id = changes.id AND p.field = changes.field AND p.date < b.bound), '')) AS seen
    FROM models m, (
      SELECT coalesce(
        iif(changes.field IN ('missing', 'returned'), NULL,
            (SELECT r.old FROM changes r
             WHERE r.id = changes.id AND r.field = 'returned' AND r.date = changes.date)),
        changes.date) AS bound) b
    WHERE m.id = changes.id) x)
WHERE coalesce(cause, '') NOT IN ('rules', 'override');
DROP INDEX temp_changes;

INSERT INTO crawls (
  id, date, started, finished, complete, models, new, changed, counted, missing, rejects, documents, pages, requests,
  errors, hub, scope, note)
SELECT id, date, started, finished, complete, models, new, changed, counted, missing, rejects, documents, pages, requests,
  errors, hub, scope, note
FROM hub.crawls ORDER BY id;

INSERT INTO rejects (crawl, date, reason, rows)
SELECT r.crawl, c.date, r.reason, count(*) FROM hub.rejects r JOIN hub.crawls c ON c.id = r.crawl GROUP BY 1, 2, 3;

INSERT INTO fetches (document, outcome, documents, bytes, first, latest)
SELECT iif(path = 'README.md', 'model card', 'licence text'), outcome, count(*), sum(size),
  min(night), max(night)
FROM hub.fetches WHERE repo NOT IN (SELECT repo FROM temp.private) GROUP BY 1, 2;

-- step: spans
-- A counter holds from its row to the next one. It is counted on complete nights on which the repository was there, and
-- only while it is known: a row with NULL ends what was known. Nothing is counted as zero that was not said to be zero.
CREATE TEMP TABLE night_from (day INTEGER PRIMARY KEY, n INTEGER NOT NULL);  -- first complete night on or after a day
INSERT INTO temp.night_from
WITH RECURSIVE days (day, stop) AS (
  SELECT min(coalesce((SELECT min(day) FROM counters), day), day), max(day) + 1 FROM temp.nights HAVING max(day) IS NOT NULL
  UNION ALL SELECT day + 1, stop FROM days WHERE day < stop)
SELECT day, coalesce((SELECT min(n) FROM temp.nights k WHERE k.day >= days.day), (SELECT max(n) + 1 FROM temp.nights))
FROM days;

CREATE TEMP TABLE gone (model INTEGER NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (model, day)) WITHOUT ROWID;
INSERT INTO temp.gone
SELECT repo, CAST(julianday(date) - 2440587.5 AS INTEGER) FROM hub.changes WHERE field = 'missing'
UNION
SELECT repo, CAST(julianday(missing_since) - 2440587.5 AS INTEGER) FROM hub.repos WHERE missing_since IS NOT NULL;

CREATE TEMP TABLE present (
  model INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (model, since)) WITHOUT ROWID;
INSERT INTO temp.present
SELECT c.model, c.day, coalesce((SELECT min(g.day) FROM temp.gone g WHERE g.model = c.model AND g.day > c.day), 9999999)
FROM (
  SELECT model, CAST(julianday(first_seen) - 2440587.5 AS INTEGER) AS day FROM models
  UNION
  SELECT repo, CAST(julianday(date) - 2440587.5 AS INTEGER) FROM hub.changes
  WHERE field = 'returned' AND repo NOT IN (SELECT repo FROM temp.private)) c;

-- The level in force on a night. The first verdict holds for the nights before it; a verdict that only new rules changed
-- is how the same facts are read today, so it holds from where the verdict before it began.
CREATE TEMP TABLE in_force (
  model INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL, level INTEGER, PRIMARY KEY (model, since)
) WITHOUT ROWID;
INSERT INTO temp.in_force
SELECT model, iif(stage = min(stage) OVER w, 0, since), lead(since, 1, 9999999) OVER (w ORDER BY stage), level
FROM (
  SELECT model, stage, level,
    first_value(day) OVER (PARTITION BY model, stage ORDER BY day) AS since,
    row_number() OVER (PARTITION BY model, stage ORDER BY day DESC) AS place
  FROM (
    SELECT model, day, level, sum(cause <> (SELECT term FROM terms WHERE word = 'rules'))
      OVER (PARTITION BY model ORDER BY day) AS stage
    FROM verdicts))
WHERE place = 1
WINDOW w AS (PARTITION BY model);
INSERT INTO temp.in_force
SELECT model, 0, 9999999, CAST(substr(level, 2) AS INTEGER) FROM models
WHERE model NOT IN (SELECT model FROM temp.in_force);

CREATE TEMP TABLE kin (family INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO temp.kin (name) SELECT DISTINCT family FROM models WHERE family IS NOT NULL;

-- What each night adds to the night before: `models` on the Hub, those `counted`, their downloads.
CREATE TEMP TABLE deltas (
  level INTEGER, n INTEGER NOT NULL, models INTEGER NOT NULL, counted INTEGER NOT NULL, downloads INTEGER NOT NULL);
CREATE TEMP TABLE kin_deltas (
  family INTEGER NOT NULL, n INTEGER NOT NULL, members INTEGER, models INTEGER, downloads INTEGER, same_models INTEGER,
  same_downloads INTEGER, same_last INTEGER);

-- The organisations and licences of the most downloads today; what they and all others had is counted night by night.
CREATE TEMP TABLE leaders (what TEXT NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (what, name));
INSERT INTO temp.leaders
SELECT 'author', row_number() OVER (ORDER BY sum(downloads) DESC, author), author FROM models
WHERE missing_since IS NULL AND downloads > 0 AND author IS NOT NULL GROUP BY author ORDER BY 2 LIMIT 20;
INSERT INTO temp.leaders
SELECT 'license', row_number() OVER (ORDER BY sum(downloads) DESC, license), coalesce(license, '(none stated)') FROM models
WHERE missing_since IS NULL AND downloads > 0 GROUP BY license ORDER BY 2 LIMIT 20;
CREATE TEMP TABLE leader_deltas (
  what TEXT NOT NULL, place INTEGER NOT NULL, n INTEGER NOT NULL, counted INTEGER NOT NULL, downloads INTEGER NOT NULL);

-- step: trends
INSERT INTO temp.deltas
SELECT s.level, iif(sign.of > 0, a.n, z.n) AS night, sum(sign.of), 0, 0
FROM (
  SELECT g.level, max(p.since, g.since) AS since, min(p.until, g.until) AS until
  FROM temp.present p
  CROSS JOIN temp.in_force g ON g.model = p.model AND g.since < p.until AND g.until > p.since) s
CROSS JOIN temp.night_from a ON a.day = min(s.since, (SELECT max(day) FROM temp.night_from))
CROSS JOIN temp.night_from z ON z.day = min(s.until, (SELECT max(day) FROM temp.night_from))
CROSS JOIN (SELECT 1 AS of UNION ALL SELECT -1) AS sign
WHERE a.n < z.n
GROUP BY s.level, night;

INSERT INTO temp.kin_deltas
SELECT f.family, iif(sign.of > 0, a.n, z.n) AS night, sum(sign.of), 0, 0, 0, 0, 0
FROM temp.present p
CROSS JOIN models m ON m.model = p.model
CROSS JOIN temp.kin f ON f.name = m.family
CROSS JOIN temp.night_from a ON a.day = min(p.since, (SELECT max(day) FROM temp.night_from))
CROSS JOIN temp.night_from z ON z.day = min(p.until, (SELECT max(day) FROM temp.night_from))
CROSS JOIN (SELECT 1 AS of UNION ALL SELECT -1) AS sign
WHERE a.n < z.n
GROUP BY f.family, night;

INSERT INTO family_downloads (
  family, date, downloads, models, members, same_models, same_downloads, same_downloads_last)
SELECT name, date, downloads, models, members, same_models, iif(same_models > 0, same_downloads, NULL),
  iif(same_models > 0, same_last, NULL)
FROM (
  SELECT k.name, t.date, sum(coalesce(d.downloads, 0)) OVER w AS downloads, sum(coalesce(d.models, 0)) OVER w AS models,
    sum(coalesce(d.members, 0)) OVER w AS members, sum(coalesce(d.same_models, 0)) OVER w AS same_models,
    sum(coalesce(d.same_downloads, 0)) OVER w AS same_downloads, sum(coalesce(d.same_last, 0)) OVER w AS same_last
  FROM temp.kin k
  CROSS JOIN temp.nights t
  LEFT JOIN (
    SELECT family, n, sum(members) AS members, sum(models) AS models, sum(downloads) AS downloads,
      sum(same_models) AS same_models, sum(same_downloads) AS same_downloads, sum(same_last) AS same_last
    FROM temp.kin_deltas GROUP BY 1, 2) d ON d.family = k.family AND d.n = t.n
  WINDOW w AS (PARTITION BY k.family ORDER BY t.n))
WHERE models > 0
ORDER BY name, date;

INSERT INTO share_by_level (date, level, models, counted, downloads, share)
SELECT date, level, models, counted, downloads,
  round(1.0 * downloads / nullif(sum(downloads) OVER (PARTITION BY date), 0), 6)
FROM (
  SELECT t.date, coalesce('L' || v.level, 'not judged') AS level, sum(coalesce(d.models, 0)) OVER w AS models,
    sum(coalesce(d.counted, 0)) OVER w AS counted, sum(coalesce(d.downloads, 0)) OVER w AS downloads
  FROM (SELECT DISTINCT level FROM temp.deltas) v
  CROSS JOIN temp.nights t
  LEFT JOIN (SELECT level, n, sum(models) AS models, sum(counted) AS counted, sum(downloads) AS downloads
             FROM temp.deltas GROUP BY 1, 2) d
    ON d.level IS v.level AND d.n = t.n
  WINDOW w AS (PARTITION BY v.level ORDER BY t.n))
WHERE counted > 0
ORDER BY date, level;

INSERT INTO share_by_group (what, name, date, counted, downloads, share)
SELECT what, name, date, counted, downloads,
  round(1.0 * downloads / nullif(sum(downloads) OVER (PARTITION BY what, date), 0), 6)
FROM (
  SELECT v.what, v.name, t.date, sum(coalesce(d.counted, 0)) OVER w AS counted,
    sum(coalesce(d.downloads, 0)) OVER w AS downloads
  FROM (SELECT what, place, name FROM temp.leaders
        UNION ALL SELECT DISTINCT what, 0, '(others)' FROM temp.leader_deltas WHERE place = 0) v
  CROSS JOIN temp.nights t
  LEFT JOIN temp.leader_deltas d ON d.what = v.what AND d.place = v.place AND d.n = t.n
  WINDOW w AS (PARTITION BY v.what, v.place ORDER BY t.n))
WHERE counted > 0
ORDER BY what, name, date;

-- step: indexes
-- missing_since ends the indexes that the site's table is ordered by: rows before a page are passed in the index alone.
CREATE UNIQUE INDEX models_place ON models (place);
CREATE INDEX models_downloads ON models (downloads DESC, missing_since, level);
CREATE INDEX models_level ON models (level, downloads DESC, missing_since, level_max);
CREATE INDEX models_level_max ON models (level_max, downloads DESC);
CREATE INDEX models_restriction ON models (restriction, downloads DESC, missing_since);
CREATE INDEX models_license ON models (license, downloads DESC);
CREATE INDEX models_license_effective ON models (license_effective, downloads DESC, missing_since);
CREATE INDEX models_gated ON models (gated, downloads DESC);
CREATE INDEX models_author ON models (author, downloads DESC, missing_since);
CREATE INDEX models_pipeline_tag ON models (pipeline_tag, downloads DESC, missing_since);
CREATE INDEX models_task_level ON models (pipeline_tag, level, downloads DESC, missing_since);
CREATE INDEX models_library ON models (library, downloads DESC);
CREATE INDEX models_family ON models (family, downloads DESC, missing_since) WHERE family IS NOT NULL;
CREATE INDEX models_mof_class ON models (mof_class, downloads DESC) WHERE mof_class IS NOT NULL;
CREATE INDEX models_osaid ON models (osaid, downloads DESC);
CREATE INDEX models_ai_act ON models (ai_act, downloads DESC);
CREATE INDEX models_confirmed ON models (confirmed_by) WHERE confirmed_by IS NOT NULL;
CREATE INDEX models_claims ON models (claims_open_source, downloads DESC, level_max, level, missing_since);
CREATE INDEX models_base_model ON models (base_model, downloads DESC) WHERE base_model IS NOT NULL;
CREATE INDEX models_score ON models (radboud_score DESC, downloads DESC, missing_since);
CREATE INDEX models_all_time ON models (downloads_all_time DESC, missing_since);
CREATE INDEX models_likes ON models (likes DESC, missing_since);
CREATE INDEX models_created ON models (created_at DESC, missing_since);
CREATE INDEX models_missing ON models (missing_since) WHERE missing_since IS NOT NULL;
CREATE INDEX changes_date ON changes (date DESC, downloads DESC, field);
CREATE INDEX changes_field ON changes (field, date DESC, downloads DESC);
CREATE INDEX changes_id ON changes (id);
CREATE INDEX ancestors_base_model ON ancestors (base_model);
CREATE INDEX ancestors_conflict ON ancestors (downloads DESC) WHERE conflict IS NOT NULL;
CREATE INDEX names_id ON names (id);
CREATE INDEX family_downloads_date ON family_downloads (date);

-- step: summaries
INSERT INTO families (family, maker, released, predecessor, models, official_models, downloads, official_downloads, top_model,
  official_model, oldest)
SELECT m.family, w.maker, w.released, w.predecessor, count(*), sum(m.official), sum(m.downloads),
  sum(iif(m.official, m.downloads, NULL)),
  (SELECT t.id FROM models t WHERE t.family = m.family AND t.missing_since IS NULL ORDER BY t.downloads DESC LIMIT 1),
  (SELECT o.id FROM models o WHERE o.family = m.family AND o.official = 1 AND o.missing_since IS NULL
   ORDER BY coalesce(o.downloads, (SELECT d.downloads FROM downloads d
     WHERE d.id = o.id AND d.downloads IS NOT NULL ORDER BY d.date DESC LIMIT 1)) DESC, o.id LIMIT 1),
  min(m.created_at)
FROM models m LEFT JOIN temp.family_words w ON w.name = m.family
WHERE m.family IS NOT NULL AND m.missing_since IS NULL
GROUP BY m.family;

UPDATE levels SET
  models = (SELECT count(*) FROM models m WHERE m.level = levels.level AND m.missing_since IS NULL),
  downloads = (SELECT sum(m.downloads) FROM models m WHERE m.level = levels.level AND m.missing_since IS NULL);

-- max() beside a bare column: SQLite takes the column from the row with the maximum.
INSERT INTO restrictions (level, restriction, models, downloads, top_model)
SELECT level, restriction, models, downloads, top_model FROM (
  SELECT level, restriction, count(*) AS models, sum(downloads) AS downloads, id AS top_model, max(coalesce(downloads, -1))
  FROM models WHERE missing_since IS NULL AND level IS NOT NULL GROUP BY level, restriction);

INSERT INTO license_counts (license, models, counted, downloads, top_model)
SELECT license, models, counted, downloads, top_model FROM (
  SELECT license, count(*) AS models, count(downloads) AS counted, sum(downloads) AS downloads, id AS top_model, max(coalesce(downloads, -1))
  FROM models WHERE missing_since IS NULL GROUP BY license)
ORDER BY downloads DESC NULLS LAST, models DESC;

INSERT INTO authors (author, models, counted, downloads)
SELECT author, count(*), count(downloads), sum(downloads) AS downloads FROM models
WHERE missing_since IS NULL AND author IS NOT NULL
GROUP BY author ORDER BY downloads DESC NULLS LAST LIMIT 5000;

-- Between the last complete night and the one nearest to so many days before it, at most a quarter (or one day) off.
INSERT INTO movers (days, model, since, until, before, after)
WITH ends (days, until_day) AS (
  SELECT s.days, u.day FROM (SELECT 1 AS days UNION ALL SELECT 7 UNION ALL SELECT 30) s CROSS JOIN (SELECT max(day) AS day FROM temp.nights) u),
near (days, until_day, since_day, place) AS (
  SELECT e.days, e.until_day, k.day, row_number() OVER (PARTITION BY e.days ORDER BY abs(k.day - e.until_day + e.days), k.day)
  FROM ends e JOIN temp.nights k ON k.day < e.until_day AND abs(k.day - e.until_day + e.days) <= max(1, e.days / 4)),
spans (days, since_day, since, until_day, until) AS (
  SELECT days, since_day, date(since_day * 86400, 'unixepoch'), until_day, date(until_day * 86400, 'unixepoch')
  FROM near WHERE place = 1),
counted AS (
  SELECT s.days, m.model, s.since, s.until,
    (SELECT c.downloads + e.value
     FROM counters c
     CROSS JOIN json_each(iif(c.later IS NULL, '[0]', '[0,' || substr(c.downloads_later, 2))) e
     WHERE c.model = m.model AND c.day = (SELECT max(day) FROM counters WHERE model = m.model AND day <= s.since_day)
       AND c.day + iif(e.key, unicode(substr(c.later, e.key)) - 48, 0) <= s.since_day
     ORDER BY e.key DESC LIMIT 1) AS before,
    (SELECT c.downloads + e.value
     FROM counters c
     CROSS JOIN json_each(iif(c.later IS NULL, '[0]', '[0,' || substr(c.downloads_later, 2))) e
     WHERE c.model = m.model AND c.day = (SELECT max(day) FROM counters WHERE model = m.model AND day <= s.until_day)
       AND c.day + iif(e.key, unicode(substr(c.later, e.key)) - 48, 0) <= s.until_day
     ORDER BY e.key DESC LIMIT 1) AS after
  FROM spans s
  CROSS JOIN (SELECT model, first_seen FROM models WHERE missing_since IS NULL ORDER BY downloads DESC LIMIT 20000) m
  WHERE m.first_seen <= s.since)
SELECT days, model, since, until, before, after FROM (
  SELECT *, row_number() OVER (PARTITION BY days ORDER BY after - before DESC) AS rose,
    row_number() OVER (PARTITION BY days ORDER BY after - before) AS fell
  FROM counted WHERE before <> after)
WHERE rose <= 100 OR fell <= 100;

UPDATE licenses SET
  models = coalesce((SELECT c.models FROM license_counts c WHERE c.license = licenses.id), 0),
  downloads = (SELECT c.downloads FROM license_counts c WHERE c.license = licenses.id);

INSERT INTO about (key, value) VALUES
  ('published', :now),
  ('openness', :version),
  ('hub', (SELECT hub FROM hub.crawls ORDER BY id DESC LIMIT 1)),
  ('last complete crawl', (SELECT max(date) FROM temp.nights)),
  ('last crawl', (SELECT max(date) FROM hub.crawls)),
  ('last crawl complete', (SELECT iif(complete, 'yes', 'no') FROM hub.crawls ORDER BY id DESC LIMIT 1)),
  ('first night', (SELECT min(date) FROM temp.nights)),
  ('complete nights', (SELECT count(*) FROM temp.nights)),
  ('models', (SELECT count(*) FROM models)),
  ('models present', (SELECT count(*) FROM models WHERE missing_since IS NULL)),
  ('models judged', (SELECT count(*) FROM models WHERE level IS NOT NULL)),
  ('rules version', coalesce(
    (SELECT rules_version FROM hub.judge_runs ORDER BY id DESC LIMIT 1), (SELECT max(rules_version) FROM models)));

-- 30-day downloads of the models at a level that a higher one is not excluded for: one walk through models_level.
INSERT INTO about (key, value)
SELECT 'downloads that may be above ' || level, sum(iif(level_max > level, downloads, 0)) FROM models
WHERE level IS NOT NULL AND missing_since IS NULL GROUP BY level;

-- step: search
-- Its rows stand in the order of downloads: the first that match are the most downloaded, however many match.
CREATE VIRTUAL TABLE models_fts USING fts5 (
  id, author, family, facts, content = 'searched', content_rowid = 'place', columnsize = 0);
INSERT INTO models_fts (models_fts) VALUES ('rebuild');
INSERT INTO models_fts (models_fts) VALUES ('optimize');
