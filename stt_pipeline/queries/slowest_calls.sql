-- Which calls took the most CPU time a minute of audio to transcribe.
-- :from_date date = monday  first call date
-- :to_date date = sunday  last call date
-- :rows number = 20  most rows
SELECT
  call_date,
  call_id,
  round(cpu_s / (duration_s / 60), 2) AS cpu_s_per_min,
  round(cpu_s, 1) AS total_cpu_s,
  round(duration_s / 60, 1) AS audio_min,
  review_reasons
FROM transcripts
WHERE call_date BETWEEN :from_date AND :to_date
  AND duration_s > 0
ORDER BY cpu_s / duration_s DESC, call_date, call_id
LIMIT :rows
