-- When calls begin, by hour of the day in UTC.
-- :from_date date = monday  first call date
-- :to_date date = sunday  last call date
SELECT
  hour(started_at) AS hour_utc,
  count(*) AS calls,
  round(sum(duration_s) / 3600, 3) AS audio_h
FROM transcripts
WHERE call_date BETWEEN :from_date AND :to_date
  AND started_at IS NOT NULL
GROUP BY hour(started_at)
ORDER BY hour_utc
