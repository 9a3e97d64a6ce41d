-- Whether each recording of a date has its transcript or a reason, by name.
-- :from_date date = monday  first call date
-- :to_date date = sunday  last call date
SELECT
  r.call_date,
  count(*) AS recordings,
  count_if(t.word_count > 0) AS transcribed,
  count_if(t.word_count = 0) AS no_speech,
  count_if(r.status = 'quarantined') AS quarantined,
  count_if(r.status = 'duplicate') AS duplicates,
  count_if(r.status = 'accepted' AND t.call_id IS NULL) AS missing,
  count_if(r.status = 'accepted' AND t.call_id IS NULL) = 0 AS complete
FROM recordings r
LEFT JOIN transcripts t
  ON t.call_date = r.call_date
  AND t.call_id = r.call_id
  AND r.status = 'accepted'
WHERE r.call_date BETWEEN :from_date AND :to_date
GROUP BY r.call_date
ORDER BY r.call_date
