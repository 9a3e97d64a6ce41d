-- Which calls a person should listen to, and why, the most doubtful first.
-- :from_date date = monday  first call date
-- :to_date date = sunday  last call date
-- :rows number = 50  most rows
SELECT
  t.call_date,
  t.call_id,
  t.agent_id,
  t.review_reasons,
  cardinality(split(t.review_reasons, ',')) AS reasons,
  round(t.avg_logprob, 2) AS avg_logprob,
  round(t.duration_s / 60, 1) AS audio_min,
  r.recording_uri
FROM transcripts t
LEFT JOIN recordings r
  ON r.call_date = t.call_date
  AND r.call_id = t.call_id
  AND r.status = 'accepted'
WHERE t.call_date BETWEEN :from_date AND :to_date
  AND t.needs_review
ORDER BY reasons DESC, t.avg_logprob, t.call_date, t.call_id
LIMIT :rows
