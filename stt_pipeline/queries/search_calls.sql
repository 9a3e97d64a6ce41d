-- Which recordings hold a word, at which time (mm:ss), said by whom.
-- :word text = refund  one word, in any case, without punctuation
-- :from_date date = monday  first call date
-- :to_date date = sunday  last call date
-- :rows number = 50  most rows
SELECT
  w.call_date,
  w.call_id,
  lpad(CAST(CAST(floor(w.start_s / 60) AS bigint) AS varchar), 2, '0') || ':' ||
    lpad(CAST(CAST(floor(w.start_s) AS bigint) % 60 AS varchar), 2, '0') AS at,
  w.speaker,
  w.word,
  round(w.probability, 2) AS probability,
  r.recording_uri
FROM words w
JOIN recordings r
  ON r.call_date = w.call_date
  AND r.call_id = w.call_id
  AND r.status = 'accepted'
WHERE w.call_date BETWEEN :from_date AND :to_date
  AND r.call_date BETWEEN :from_date AND :to_date
  AND regexp_replace(lower(w.word), '^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$', '') = lower(:word)
ORDER BY w.call_date, w.call_id, w.start_s
LIMIT :rows
