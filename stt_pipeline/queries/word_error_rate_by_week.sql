-- How many words are wrong, by week, pooled over labelled calls, with a 95% interval.
-- :from_date date = monday-7  first call date
-- :to_date date = sunday  last call date
-- Pooled: errors of all labelled calls by their reference words. The interval is the ratio
-- estimator's with calls as the sample (Cochran 1977, section 6.5): the words of one call are not
-- independent. Null with a single labelled call; too narrow with fewer than about twenty.
WITH calls AS (
  SELECT
    date_format(date(call_date), '%x-W%v') AS week,
    CAST(reference_words AS double) AS words,
    CAST(substitutions + deletions + insertions AS double) AS errors
  FROM transcript_quality
  WHERE call_date BETWEEN :from_date AND :to_date
    AND reference_words > 0
),
pooled AS (
  SELECT
    week,
    count(*) AS labelled_calls,
    sum(words) AS words,
    sum(errors) / sum(words) AS wer
  FROM calls
  GROUP BY week
),
spread AS (
  SELECT
    p.week,
    p.labelled_calls,
    p.words,
    p.wer,
    CASE WHEN p.labelled_calls > 1 THEN
      1.96 * sqrt(
        sum(power(c.errors - p.wer * c.words, 2)) * p.labelled_calls / (p.labelled_calls - 1.0)
      ) / p.words
    END AS margin
  FROM pooled p
  JOIN calls c ON c.week = p.week
  GROUP BY p.week, p.labelled_calls, p.words, p.wer
)
SELECT
  week,
  labelled_calls,
  CAST(words AS bigint) AS reference_words,
  round(wer, 4) AS wer,
  round(greatest(wer - margin, 0), 4) AS wer_low,
  round(wer + margin, 4) AS wer_high
FROM spread
ORDER BY week
