-- What transcription cost by date, and by hour of calls.
-- :from_date date = monday-7  first call date
-- :to_date date = sunday  last call date
SELECT
  week,
  call_date,
  round(audio_s / 3600, 3) AS audio_h,
  round(cpu_s / 3600, 3) AS cpu_h,
  round(cost_usd, 4) AS cost_usd,
  round(cost_usd / nullif(audio_s / 3600, 0), 4) AS usd_per_call_hour
FROM weekly_readiness
WHERE call_date BETWEEN :from_date AND :to_date
ORDER BY call_date
