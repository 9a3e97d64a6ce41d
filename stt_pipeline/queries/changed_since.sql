-- What a backfill changed: calls transcribed anew since a day, by engine.
-- :since date = sunday  first day of the new texts, UTC
-- :from_date date = monday-7  first call date
-- :to_date date = sunday  last call date
SELECT
  call_date,
  engine,
  count(*) AS calls,
  count_if(transcribed_at >= CAST(:since AS timestamp)) AS transcribed_since,
  min(transcribed_at) AS first_transcribed_at,
  max(transcribed_at) AS last_transcribed_at,
  sum(word_count) AS words
FROM transcripts
WHERE call_date BETWEEN :from_date AND :to_date
GROUP BY call_date, engine
ORDER BY call_date, engine
