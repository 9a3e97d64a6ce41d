-- Which languages are spoken on each date, and how sure that is.
-- :from_date date = monday  first call date
-- :to_date date = sunday  last call date
SELECT
  call_date,
  coalesce(language, '(no speech)') AS language,
  count(*) AS calls,
  round(
    CAST(count(*) AS double) / sum(count(*)) OVER (PARTITION BY call_date), 3
  ) AS share,
  round(avg(language_probability), 3) AS mean_probability
FROM transcripts
WHERE call_date BETWEEN :from_date AND :to_date
GROUP BY call_date, language
ORDER BY call_date, calls DESC, language
