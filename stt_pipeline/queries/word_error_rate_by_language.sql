-- How many words are wrong in each language: substituted, missed, invented.
-- :from_date date = monday-7  first call date
-- :to_date date = sunday  last call date
SELECT
  t.language,
  count(*) AS labelled_calls,
  sum(q.reference_words) AS reference_words,
  round(CAST(sum(q.substitutions) AS double) / sum(q.reference_words), 4) AS substituted,
  round(CAST(sum(q.deletions) AS double) / sum(q.reference_words), 4) AS missed,
  round(CAST(sum(q.insertions) AS double) / sum(q.reference_words), 4) AS invented,
  round(
    CAST(sum(q.substitutions + q.deletions + q.insertions) AS double) / sum(q.reference_words), 4
  ) AS wer
FROM transcript_quality q
JOIN transcripts t ON t.call_date = q.call_date AND t.call_id = q.call_id
WHERE q.call_date BETWEEN :from_date AND :to_date
  AND t.call_date BETWEEN :from_date AND :to_date
  AND q.reference_words > 0
GROUP BY t.language
ORDER BY t.language
