-- How each week stood at its meeting: dates ready, what is missing, words wrong, cost.
-- :from_date date = monday-7  first call date
-- :to_date date = sunday  last call date
SELECT
  week,
  count_if(ready) AS dates_ready,
  count(*) - count_if(ready) AS dates_not_ready,
  sum(recordings) AS recordings,
  sum(quarantined) AS quarantined,
  round(sum(audio_s) / 3600, 3) AS audio_h,
  round(sum(wer * reference_words) / nullif(sum(reference_words), 0), 4) AS wer,
  round(sum(cost_usd), 4) AS cost_usd
FROM weekly_readiness
WHERE call_date BETWEEN :from_date AND :to_date
GROUP BY week
ORDER BY week
