-- Why recordings were kept aside, how many for each reason; those without a date too.
-- :from_date date = monday  first call date
-- :to_date date = sunday  last call date
SELECT
  reason,
  count(*) AS recordings,
  count_if(call_date = 'undated') AS undated,
  min(recording_uri) AS for_example,
  min(discovered_at) AS first_found_at
FROM recordings
WHERE status = 'quarantined'
  AND (call_date BETWEEN :from_date AND :to_date OR call_date = 'undated')
GROUP BY reason
ORDER BY recordings DESC, reason
