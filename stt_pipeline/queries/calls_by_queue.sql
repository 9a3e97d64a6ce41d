-- How many recordings each queue has, with hours, and how many were kept aside.
-- :from_date date = monday  first call date
-- :to_date date = sunday  last call date
SELECT
  coalesce(queue, '(none)') AS queue,
  count_if(status = 'accepted') AS calls,
  round(coalesce(sum(duration_s) FILTER (WHERE status = 'accepted'), 0) / 3600, 3) AS audio_h,
  count_if(status = 'quarantined') AS quarantined,
  count_if(status = 'duplicate') AS duplicates
FROM recordings
WHERE call_date BETWEEN :from_date AND :to_date
GROUP BY coalesce(queue, '(none)')
ORDER BY calls DESC, queue
