-- How many words are wrong in each queue, or by agent, engine, language or date.
-- :part text = queue  queue, agent, engine, language or date
-- :from_date date = monday-7  first call date
-- :to_date date = sunday  last call date
SELECT
  CASE lower(:part)
    WHEN 'queue' THEN r.queue
    WHEN 'agent' THEN r.agent_id
    WHEN 'engine' THEN t.engine
    WHEN 'language' THEN t.language
    WHEN 'date' THEN t.call_date
  END AS part,
  count(*) AS labelled_calls,
  sum(q.reference_words) AS reference_words,
  sum(q.substitutions) AS substitutions,
  sum(q.deletions) AS deletions,
  sum(q.insertions) AS insertions,
  round(
    CAST(sum(q.substitutions + q.deletions + q.insertions) AS double) / sum(q.reference_words), 4
  ) AS wer
FROM transcript_quality q
JOIN transcripts t ON t.call_date = q.call_date AND t.call_id = q.call_id
JOIN recordings r
  ON r.call_date = q.call_date
  AND r.call_id = q.call_id
  AND r.status = 'accepted'
WHERE q.call_date BETWEEN :from_date AND :to_date
  AND t.call_date BETWEEN :from_date AND :to_date
  AND r.call_date BETWEEN :from_date AND :to_date
  AND q.reference_words > 0
  AND lower(:part) IN ('queue', 'agent', 'engine', 'language', 'date')
GROUP BY 1
ORDER BY wer DESC, part
