-- index.db: what is published. Filled by published_fill.sql from hub.db, read by Datasette and by anybody.
-- Immutable: written once a night under another name, then swapped in.
--
-- One integer (`model`, the `repo` of hub.db) stands for a repository everywhere inside; views give its name back.
-- Identity across nights is `oid`. NULL = the Hub did not say, or we have not judged: never "no".
-- What a column means for a reader stands in datasette_metadata.json; a test compares the two.

-- What people browse ------------------------------------------------------------------------------------------------

CREATE TABLE models (
  model INTEGER PRIMARY KEY,
  place INTEGER NOT NULL,                 -- 1 = most downloaded; those that are missing come after those that are there
  -- The Hub's names ignore case, so do look-ups. A vanished repository whose name has passed to another one is kept as
  -- NAME@OID ('@' is not allowed in names), so that `id` means one repository.
  id TEXT NOT NULL COLLATE NOCASE UNIQUE,
  oid TEXT NOT NULL,
  author TEXT,
  level TEXT,
  level_name TEXT,
  level_max TEXT,
  restriction TEXT,
  license TEXT,
  license_effective TEXT,
  gated TEXT,
  downloads INTEGER,
  downloads_all_time INTEGER,
  likes INTEGER,
  pipeline_tag TEXT,
  library TEXT,
  base_model TEXT,
  family TEXT,
  official INTEGER,
  cells TEXT,                             -- 14 letters in the order of `dimensions`: o p c u n
  radboud_score REAL,
  eu_score REAL,
  mof_class TEXT,
  osaid TEXT,
  ai_act TEXT,
  aa_score REAL,
  confirmed_by TEXT,
  claims_open_source INTEGER,
  parameters INTEGER,
  license_name TEXT,
  license_link TEXT,
  created_at TEXT,
  last_modified TEXT,
  sha TEXT,
  disabled INTEGER,
  observed TEXT NOT NULL,
  first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL,
  missing_since TEXT,
  judged TEXT,
  rules_version TEXT,
  dossier INTEGER REFERENCES dossiers (dossier),
  url TEXT GENERATED ALWAYS AS (CASE WHEN instr(id, '@') = 0 THEN 'https://huggingface.co/' || id END) VIRTUAL
) STRICT;

CREATE TABLE families (
  family TEXT PRIMARY KEY,
  maker TEXT,
  released TEXT,
  predecessor TEXT,
  models INTEGER NOT NULL,
  official_models INTEGER NOT NULL,
  downloads INTEGER,
  official_downloads INTEGER,
  top_model TEXT,
  official_model TEXT,                    -- of its maker's own, by the last counter that was ever seen
  oldest TEXT                             -- what an age counts from where no release is known
) STRICT, WITHOUT ROWID;

CREATE TABLE family_downloads (
  family TEXT NOT NULL,
  date TEXT NOT NULL,
  downloads INTEGER NOT NULL,
  models INTEGER NOT NULL,
  members INTEGER,
  same_models INTEGER,                    -- of those models: how many the last night of the family counts too
  same_downloads INTEGER,                 -- the sum over just these on this night ...
  same_downloads_last INTEGER,            -- ... and on that last night: growth is from the one to the other
  PRIMARY KEY (family, date)
) STRICT, WITHOUT ROWID;

CREATE TABLE share_by_level (
  date TEXT NOT NULL,
  level TEXT NOT NULL,
  models INTEGER NOT NULL,
  downloads INTEGER NOT NULL,
  share REAL,
  counted INTEGER,                        -- of those models: how many have a counter
  PRIMARY KEY (date, level)
) STRICT, WITHOUT ROWID;

CREATE TABLE share_by_group (              -- the 20 organisations and licences of the most downloads today, and all others
  what TEXT NOT NULL,                     -- author, license
  name TEXT NOT NULL,                     -- '(others)', '(none stated)'
  date TEXT NOT NULL,
  counted INTEGER NOT NULL,
  downloads INTEGER NOT NULL,
  share REAL,
  PRIMARY KEY (what, name, date)
) STRICT, WITHOUT ROWID;

CREATE TABLE changes (
  change INTEGER PRIMARY KEY,
  date TEXT NOT NULL,
  id TEXT NOT NULL COLLATE NOCASE,
  field TEXT NOT NULL,
  old TEXT,
  new TEXT,
  downloads INTEGER,
  cause TEXT,
  not_before TEXT,                        -- last night on which the old state was seen; NULL: it happened on `date`
  note TEXT                               -- of a review: what, why, who, when
) STRICT;

CREATE TABLE names (
  name TEXT NOT NULL COLLATE NOCASE,
  id TEXT NOT NULL COLLATE NOCASE,
  since TEXT NOT NULL,
  until TEXT,
  PRIMARY KEY (name, since, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE crawls (
  id INTEGER PRIMARY KEY,
  date TEXT NOT NULL,
  started TEXT NOT NULL,
  finished TEXT,
  complete INTEGER NOT NULL,
  models INTEGER NOT NULL,
  new INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  counted INTEGER NOT NULL,
  missing INTEGER NOT NULL,
  rejects INTEGER NOT NULL,
  documents INTEGER NOT NULL,
  pages INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  hub TEXT NOT NULL,
  scope TEXT NOT NULL,
  note TEXT NOT NULL
) STRICT;

CREATE TABLE rejects (
  crawl INTEGER NOT NULL REFERENCES crawls (id),
  date TEXT NOT NULL,
  reason TEXT NOT NULL,
  rows INTEGER NOT NULL,
  PRIMARY KEY (crawl, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE fetches (
  document TEXT NOT NULL,
  outcome TEXT NOT NULL,
  documents INTEGER NOT NULL,
  bytes INTEGER,
  first TEXT NOT NULL,
  latest TEXT NOT NULL,
  PRIMARY KEY (document, outcome)
) STRICT, WITHOUT ROWID;

-- The published words -----------------------------------------------------------------------------------------------

CREATE TABLE dimensions (
  number INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  area TEXT NOT NULL,
  radboud TEXT NOT NULL,
  eu TEXT,
  mof TEXT,
  question TEXT NOT NULL
) STRICT;

INSERT INTO dimensions (number, key, title, area, radboud, eu, mof, question) VALUES
  (1, 'training_code', 'Training code', 'availability', 'opencode', 'trainingcode',
   'Training code, data preprocessing code', 'Can everyone read the code that prepared the data and trained the model?'),
  (2, 'base_data', 'Data of the base model', 'availability', 'llmdata', 'datasources_basemodel',
   'Datasets', 'Is the data that the base model was trained on named and open for inspection?'),
  (3, 'end_data', 'Data of the end model', 'availability', 'rldata', 'datasources_endmodel',
   'Datasets', 'Is the data that the model was tuned on named and open for inspection?'),
  (4, 'base_weights', 'Weights of the base model', 'availability', 'llmweights', 'weights_basemodel',
   'Model parameters (final)', 'Can everyone download the weights of the base model, without asking anybody?'),
  (5, 'end_weights', 'Weights of the end model', 'availability', 'rlweights', 'weights_endmodel',
   'Model parameters (final)', 'Can everyone download the weights of this model, without asking anybody?'),
  (6, 'license', 'Licence', 'availability', 'license', 'licenses',
   'The licence of every component', 'May everyone use, study, change and share it, for any purpose?'),
  (7, 'code_docs', 'Documentation of the code', 'documentation', 'code', 'code',
   'Supporting libraries and tools', 'Is the code documented?'),
  (8, 'architecture', 'Architecture', 'documentation', 'architecture', 'hardware_architecture',
   'Model architecture', 'Are the architecture and the training set-up described?'),
  (9, 'preprint', 'Preprint', 'documentation', 'preprint', 'preprint',
   'Technical report', 'Is there a report of its makers about this model?'),
  (10, 'paper', 'Reviewed paper', 'documentation', 'paper', 'paper',
   'Research paper', 'Has a paper about this model been through peer review?'),
  (11, 'model_card', 'Model card', 'documentation', 'modelcard', 'modelcard',
   'Model card', 'Does a model card say what it is, how it was trained and how it was evaluated?'),
  (12, 'datasheet', 'Data sheet', 'documentation', 'datasheet', 'datasheet',
   'Data card', 'Is there a data sheet on how the training data was collected and curated?'),
  (13, 'package', 'Package', 'access', 'package', NULL,
   NULL, 'Is there a versioned package on an index of software?'),
  (14, 'api', 'API', 'access', 'api', NULL,
   NULL, 'Can everyone use it through an open interface?');

CREATE TABLE levels (
  level TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  everyday TEXT NOT NULL,
  rule TEXT NOT NULL,
  models INTEGER,
  downloads INTEGER
) STRICT, WITHOUT ROWID;

INSERT INTO levels (level, name, everyday, rule) VALUES
  ('L0', 'no weights or none shown', 'closed', 'The complete file list has no weights, or no file list shows any, or the Hub disabled the repository.'),
  ('L1', 'gated', 'restricted', 'There are weights; somebody approves each reader by hand.'),
  ('L2', 'restricted', 'restricted', 'The weights can be had, but terms must be clicked, or the effective licence does not allow every use, or none is stated.'),
  ('L3', 'open weights', 'open weights', 'The weights can be had by everyone, under a conformant licence on the model and on every declared ancestor.'),
  ('L4', 'open weights, documented', 'open weights', 'L3, with a card on training and evaluation, a known architecture, a report of its makers, and data at least partly named.'),
  ('L5', 'open source (candidate)', 'open source', 'L4, with training and data-processing code under an open source licence and information on the data of every stage.'),
  ('L6', 'open science (candidate)', 'open source', 'L5, with all data, checkpoints and evaluation data.');

CREATE TABLE rules (
  code TEXT NOT NULL,
  dimension TEXT NOT NULL,
  value TEXT NOT NULL,
  words TEXT NOT NULL,                    -- {} stands for the detail of the judgement
  version TEXT NOT NULL,
  PRIMARY KEY (code, dimension, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE probes (
  name TEXT NOT NULL,
  dimension TEXT NOT NULL,
  question TEXT NOT NULL,
  PRIMARY KEY (name, dimension)
) STRICT, WITHOUT ROWID;

CREATE TABLE licenses (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT,
  spdx TEXT,
  osi_approved TEXT,
  fsf_free TEXT,
  conformant TEXT,
  type TEXT,
  restriction TEXT,
  commercial_use TEXT,
  derivatives TEXT,
  user_threshold TEXT,
  naming_duty TEXT,
  field_of_use TEXT,
  output_training TEXT,
  territory TEXT,
  mof_open TEXT,
  mof_code TEXT,
  mof_data TEXT,
  mof_documentation TEXT,
  mof_model TEXT,
  aliases TEXT,                           -- JSON list
  links TEXT,                             -- JSON list
  confidence TEXT,
  source TEXT,
  checked TEXT,
  url TEXT,
  models INTEGER,
  downloads INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE restrictions (
  level TEXT NOT NULL,
  restriction TEXT NOT NULL,
  models INTEGER NOT NULL,
  downloads INTEGER,
  top_model TEXT,
  PRIMARY KEY (level, restriction)
) STRICT, WITHOUT ROWID;

CREATE TABLE license_counts (
  license TEXT,                           -- as declared; NULL = none stated
  models INTEGER NOT NULL,
  counted INTEGER NOT NULL,               -- of these models: `downloads` is their sum
  downloads INTEGER,
  top_model TEXT
) STRICT;

CREATE TABLE authors (                    -- the 5,000 most downloaded organisations
  author TEXT PRIMARY KEY,
  models INTEGER NOT NULL,
  counted INTEGER NOT NULL,
  downloads INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE movers (                     -- of the 20,000 most downloaded models, those that rose and fell most
  days INTEGER NOT NULL,
  model INTEGER NOT NULL REFERENCES models (model),
  since TEXT NOT NULL,
  until TEXT NOT NULL,
  before INTEGER NOT NULL,
  after INTEGER NOT NULL,
  PRIMARY KEY (days, model)
) STRICT, WITHOUT ROWID;

CREATE TABLE about (
  key TEXT PRIMARY KEY,
  value TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE definitions (
  framework TEXT NOT NULL,
  item TEXT NOT NULL,
  dimension TEXT,                         -- NULL: no single judgement answers it
  question TEXT NOT NULL,
  source TEXT NOT NULL,
  date TEXT NOT NULL,
  needed TEXT,                            -- of checklists: what would answer it with a pass
  PRIMARY KEY (framework, item)
) STRICT, WITHOUT ROWID;

CREATE TABLE overrides (
  id TEXT NOT NULL COLLATE NOCASE,
  dimension TEXT NOT NULL,
  value TEXT NOT NULL,
  name TEXT NOT NULL,
  date TEXT NOT NULL,
  reason TEXT NOT NULL,
  link TEXT NOT NULL,
  PRIMARY KEY (id, dimension)
) STRICT, WITHOUT ROWID;

-- Human judgements; empty until somebody imports them ---------------------------------------------------------------

CREATE TABLE experts (
  source TEXT NOT NULL,
  source_version TEXT NOT NULL,
  system TEXT NOT NULL,
  id TEXT COLLATE NOCASE,                 -- NULL: not on the Hub, or nobody said which repository
  off_hub INTEGER,
  dimension TEXT NOT NULL,
  value TEXT NOT NULL,
  reason TEXT,
  url TEXT,
  attribution TEXT NOT NULL,
  PRIMARY KEY (source, source_version, system, dimension)
) STRICT, WITHOUT ROWID;
CREATE INDEX experts_id ON experts (id);

CREATE TABLE agreement (
  dimension TEXT NOT NULL,
  reading TEXT NOT NULL,
  n INTEGER NOT NULL,
  covered INTEGER,
  coverage REAL,
  accuracy REAL,
  majority TEXT,
  baseline REAL,
  opposite INTEGER,
  opposite_share REAL,
  macro_f1 REAL,
  PRIMARY KEY (dimension, reading)
) STRICT, WITHOUT ROWID;

-- Inside: compact forms behind the views ----------------------------------------------------------------------------

CREATE TABLE terms (                      -- words that return: dimensions, probes, outcomes, rules, places, paths
  term INTEGER PRIMARY KEY,
  word TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE dossiers (                   -- 14 judgements and their evidence; identical ones once
  dossier INTEGER PRIMARY KEY,
  cells TEXT NOT NULL,                    -- 14 letters
  rules TEXT NOT NULL,                    -- JSON: 14 of rule or [rule, detail]; rule is a term
  -- JSON list: of the number of a sight, or of [dimension, probe, outcome, where, quote, offsets, value] with empty ends
  -- left out; the first three are terms, and so is `where`, unless it is a text
  evidence TEXT NOT NULL
) STRICT;

CREATE TABLE sights (                     -- pieces of evidence that return, word for word, in many dossiers
  sight INTEGER PRIMARY KEY,
  dimension TEXT NOT NULL,
  probe TEXT NOT NULL,
  outcome TEXT NOT NULL,
  quote TEXT NOT NULL,
  place TEXT NOT NULL,
  value TEXT NOT NULL,
  path INTEGER                            -- term of the place
) STRICT;

CREATE TABLE counters (                   -- changed-only observations, many in a row; see crawler/series.py
  model INTEGER NOT NULL,
  day INTEGER NOT NULL,                   -- the first, days since 1970-01-01
  downloads INTEGER,
  downloads_all_time INTEGER,
  likes INTEGER,
  later TEXT,                             -- days of the others, a character each: 48 + days since the first; NULL = none
  downloads_later TEXT,                   -- JSON: how far each other is from the first; zeros where it is not shown
  downloads_all_time_later TEXT,          -- the same; zeros at the end are left off, NULL = nothing but zeros
  likes_later TEXT,
  PRIMARY KEY (model, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_sources (             -- who recorded what we did not see ourselves
  source INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE imported_days (              -- days on which a source looked at anything at all
  source INTEGER NOT NULL REFERENCES import_sources (source),
  day INTEGER NOT NULL,                   -- days since 1970-01-01
  PRIMARY KEY (source, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE imported_runs (              -- the same counters on every imported day of the source from `day` to `until`
  model INTEGER NOT NULL,
  source INTEGER NOT NULL REFERENCES import_sources (source),
  day INTEGER NOT NULL,
  until INTEGER NOT NULL,
  downloads INTEGER,
  downloads_all_time INTEGER,
  likes INTEGER,
  PRIMARY KEY (model, source, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE ancestors (
  model INTEGER NOT NULL,
  base_model TEXT NOT NULL COLLATE NOCASE,
  relation TEXT NOT NULL,
  stated_by TEXT NOT NULL,
  license TEXT,
  base_license TEXT,
  conflict TEXT,
  downloads INTEGER,                      -- of the model, where there is a conflict: conflicts are read in this order
  PRIMARY KEY (model, base_model)
) STRICT, WITHOUT ROWID;

CREATE TABLE verdicts (                   -- by the day they came into force; of several on a day the last
  model INTEGER NOT NULL,
  day INTEGER NOT NULL,
  level INTEGER NOT NULL,
  level_max INTEGER NOT NULL,
  restriction INTEGER NOT NULL,           -- term
  rules_version INTEGER NOT NULL,         -- term
  cause INTEGER NOT NULL,                 -- term
  dossier INTEGER NOT NULL,
  note TEXT,
  PRIMARY KEY (model, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE looks (                      -- documents: what the last look brought
  model INTEGER NOT NULL,
  path INTEGER NOT NULL,                  -- term
  outcome INTEGER NOT NULL,               -- term
  sha TEXT,                               -- NULL: the same as in `models`
  same_sha INTEGER NOT NULL,              -- 1: the sha is the one in `models`
  day INTEGER NOT NULL,
  size INTEGER,
  PRIMARY KEY (model, path)
) STRICT, WITHOUT ROWID;

-- The views that give names back ------------------------------------------------------------------------------------
-- CROSS JOIN keeps SQLite to the order that is written: from the model to its dossier, never the other way round.

CREATE VIEW judgements AS
SELECT
  m.id,
  d.key AS dimension,
  CASE substr(x.cells, d.number, 1)
    WHEN 'o' THEN 'open' WHEN 'p' THEN 'partial' WHEN 'c' THEN 'closed' WHEN 'u' THEN 'unknown' ELSE 'not-applicable'
  END AS value,
  t.word AS rule,
  replace(
    coalesce(
      (SELECT r.words FROM rules r WHERE r.code = t.word AND r.dimension = d.key LIMIT 1),
      (SELECT r.words FROM rules r WHERE r.code = t.word LIMIT 1),
      CASE WHEN c.type = 'array' THEN '{}' ELSE t.word END),
    '{}', CASE WHEN c.type = 'array' THEN json_extract(c.value, '$[1]') ELSE '' END) AS reason
FROM models m
CROSS JOIN dossiers x ON x.dossier = m.dossier
CROSS JOIN json_each(x.rules) c
CROSS JOIN dimensions d ON d.number = c.key + 1
CROSS JOIN terms t ON t.term = CASE c.type WHEN 'array' THEN json_extract(c.value, '$[0]') ELSE c.value END;

CREATE VIEW evidence AS
SELECT
  m.id,
  coalesce(s.dimension, d.word) AS dimension,
  coalesce(s.probe, p.word) AS probe,
  coalesce(s.outcome, o.word) AS outcome,
  coalesce(s.quote, json_extract(e.value, '$[4]'), '') AS quote,
  coalesce(s.place,
    coalesce(w.word, json_extract(e.value, '$[3]')) || coalesce(json_extract(e.value, '$[5]'), '')) AS place,
  coalesce(s.value, json_extract(e.value, '$[6]'), '') AS value,
  CASE
    WHEN u.word <> 'ok' AND coalesce(s.quote, json_extract(e.value, '$[4]'), '') <> '' THEN NULL  -- of an earlier look
    WHEN l.model IS NOT NULL THEN iif(l.same_sha, m.sha, l.sha)
    WHEN json_extract(e.value, '$[3]') LIKE 'base:%' THEN b.sha
    WHEN json_extract(e.value, '$[3]') LIKE 'dataset:%' THEN NULL
    ELSE m.sha
  END AS sha,
  CASE
    WHEN u.word <> 'ok' AND coalesce(s.quote, json_extract(e.value, '$[4]'), '') <> '' THEN NULL
    ELSE coalesce(date(l.day * 86400, 'unixepoch'), b.observed, m.observed)
  END AS observed
FROM models m
CROSS JOIN dossiers x ON x.dossier = m.dossier
CROSS JOIN json_each(x.evidence) e
LEFT JOIN sights s ON s.sight = CASE e.type WHEN 'integer' THEN e.value END
LEFT JOIN terms d ON d.term = json_extract(e.value, '$[0]')
LEFT JOIN terms p ON p.term = json_extract(e.value, '$[1]')
LEFT JOIN terms o ON o.term = json_extract(e.value, '$[2]')
LEFT JOIN terms w ON w.term = CASE json_type(e.value, '$[3]') WHEN 'integer' THEN json_extract(e.value, '$[3]') END
LEFT JOIN looks l ON l.model = m.model AND l.path = coalesce(s.path, w.term)
LEFT JOIN terms u ON u.term = l.outcome
LEFT JOIN models b ON b.id
  = CASE WHEN json_extract(e.value, '$[3]') LIKE 'base:%' THEN substr(json_extract(e.value, '$[3]'), 6) END;

CREATE VIEW downloads AS
SELECT m.id,
  date((c.day + iif(e.key, unicode(substr(c.later, e.key)) - 48, 0)) * 86400, 'unixepoch') AS date,
  c.downloads + e.value AS downloads,
  c.downloads_all_time + iif(e.key, coalesce(json_extract(c.downloads_all_time_later, '$[' || (e.key - 1) || ']'), 0), 0)
    AS downloads_all_time,
  c.likes + iif(e.key, coalesce(json_extract(c.likes_later, '$[' || (e.key - 1) || ']'), 0), 0) AS likes
FROM models m CROSS JOIN counters c ON c.model = m.model
CROSS JOIN json_each(iif(c.later IS NULL, '[0]', '[0,' || substr(c.downloads_later, 2))) e;

-- What others observed, day by day, without the days that we saw ourselves; of two sources the first.
CREATE VIEW imported_downloads AS
SELECT m.id, date(s.day * 86400, 'unixepoch') AS date, i.downloads, i.downloads_all_time, i.likes, n.name AS source
FROM models m
JOIN imported_runs i ON i.model = m.model
CROSS JOIN imported_days s ON s.source = i.source AND s.day BETWEEN i.day AND i.until
CROSS JOIN import_sources n ON n.source = i.source
WHERE NOT EXISTS (
    SELECT 1 FROM counters k
    WHERE k.model = m.model AND k.day BETWEEN s.day - 365 AND s.day
      AND (k.day = s.day OR instr(k.later, char(48 + s.day - k.day))))
  AND NOT EXISTS (
    SELECT 1 FROM crawls c
    WHERE c.complete = 1 AND c.scope = '' AND c.date >= m.first_seen AND c.date = date(s.day * 86400, 'unixepoch'))
  AND NOT EXISTS (
    SELECT 1 FROM imported_runs j JOIN imported_days t ON t.source = j.source AND t.day = s.day
    WHERE j.model = m.model AND j.source < i.source AND s.day BETWEEN j.day AND j.until);

CREATE VIEW lineage AS
SELECT m.id, a.base_model, a.relation, a.stated_by, a.license, a.base_license, coalesce(a.conflict, '') AS conflict,
  m.downloads
FROM ancestors a JOIN models m ON m.model = a.model;

CREATE VIEW verdict_history AS
SELECT m.id, date(v.day * 86400, 'unixepoch') AS date, 'L' || v.level AS level, 'L' || v.level_max AS level_max,
  r.word AS restriction, c.word AS cause, s.word AS rules_version,
  v.note
FROM verdicts v
JOIN models m ON m.model = v.model
CROSS JOIN terms r ON r.term = v.restriction
CROSS JOIN terms c ON c.term = v.cause
CROSS JOIN terms s ON s.term = v.rules_version;

CREATE VIEW documents AS
SELECT m.id, p.word AS path, o.word AS outcome, iif(l.same_sha, m.sha, l.sha) AS sha, l.size,
  date(l.day * 86400, 'unixepoch') AS observed
FROM looks l
JOIN models m ON m.model = l.model
CROSS JOIN terms p ON p.term = l.path
CROSS JOIN terms o ON o.term = l.outcome;

-- Nights on which no model can have been overlooked. A data directory that only ever saw a part counts its own nights.
CREATE VIEW complete_nights AS
SELECT DISTINCT date FROM crawls
WHERE complete = 1 AND (scope = '' OR NOT EXISTS (SELECT 1 FROM crawls WHERE complete = 1 AND scope = ''))
ORDER BY date;

-- A claim fails when what we know excludes it; it is only not shown when the evidence is missing. Two answers.
CREATE VIEW claims AS
SELECT
  m.id,
  m.author,
  iif(m.level_max >= 'L5', 'not shown', 'no') AS holds,
  m.level,
  m.level_name,
  m.level_max,
  m.restriction,
  m.license,
  m.license_effective,
  (SELECT coalesce(s.quote, json_extract(e.value, '$[4]'))
   FROM dossiers x, json_each(x.evidence) e
   LEFT JOIN sights s ON s.sight = CASE e.type WHEN 'integer' THEN e.value END
   WHERE x.dossier = m.dossier
     AND coalesce(s.dimension, (SELECT word FROM terms WHERE term = json_extract(e.value, '$[0]'))) = 'claim'
     AND coalesce(s.outcome, (SELECT word FROM terms WHERE term = json_extract(e.value, '$[2]'))) = 'yes'
   LIMIT 1) AS quote,
  (SELECT substr(coalesce(s.value, json_extract(e.value, '$[6]')),
     2 + instr(coalesce(s.value, json_extract(e.value, '$[6]')), ', '))
   FROM dossiers x, json_each(x.evidence) e
   LEFT JOIN sights s ON s.sight = CASE e.type WHEN 'integer' THEN e.value END
   WHERE x.dossier = m.dossier
     AND coalesce(s.dimension, (SELECT word FROM terms WHERE term = json_extract(e.value, '$[0]'))) = 'claim'
     AND coalesce(s.outcome, (SELECT word FROM terms WHERE term = json_extract(e.value, '$[2]'))) = 'yes'
   LIMIT 1) AS language,
  m.downloads,
  +m.missing_since AS missing_since        -- the plus signs keep SQLite to the index of claims: 25 times sooner
FROM models m
WHERE m.claims_open_source = 1 AND +m.level < 'L5'
ORDER BY m.downloads DESC;

-- What the index of words (models_fts) holds. `facts` are what a search is narrowed by: one word each, in hex behind a
-- letter of private use that nobody types.
CREATE VIEW searched AS
SELECT place, id, author, family,
  char(57344) || 'level' || hex(level) || ' ' || char(57344) || 'task' || hex(pipeline_tag)
  || ' ' || char(57344) || 'license' || hex(license_effective)
  || iif(claims_open_source = 1 AND level < 'L5', ' ' || char(57344) || 'claims', '') AS facts
FROM models;
