-- Which words the model is least sure of: names to put into STT_HOTWORDS_URI.
-- :below number = 0.5  probability under which a word is doubtful
-- :times number = 2  least times
-- :from_date date = monday  first call date
-- :to_date date = sunday  last call date
-- :rows number = 50  most rows
WITH doubtful AS (
  SELECT
    regexp_replace(lower(word), '^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$', '') AS word,
    call_id,
    probability
  FROM words
  WHERE call_date BETWEEN :from_date AND :to_date
    AND probability < :below
)
SELECT
  word,
  count(*) AS times,
  count(DISTINCT call_id) AS calls,
  round(avg(probability), 3) AS mean_probability
FROM doubtful
GROUP BY word
HAVING count(*) >= :times
ORDER BY times DESC, mean_probability, word
LIMIT :rows
