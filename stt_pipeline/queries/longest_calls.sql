-- Which calls are the longest.
-- :from_date date = monday  first call date
-- :to_date date = sunday  last call date
-- :rows number = 20  most rows
SELECT
  call_date,
  call_id,
  agent_id,
  language,
  round(duration_s / 60, 1) AS audio_min,
  word_count
FROM transcripts
WHERE call_date BETWEEN :from_date AND :to_date
ORDER BY duration_s DESC, call_date, call_id
LIMIT :rows
