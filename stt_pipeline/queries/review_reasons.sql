-- How many calls show each signal of a bad transcript, by date.
-- :from_date date = monday  first call date
-- :to_date date = sunday  last call date
SELECT
  q.call_date,
  f.flag,
  count(*) AS calls
FROM transcript_quality q
CROSS JOIN UNNEST(split(q.flags, ',')) AS f (flag)
WHERE q.call_date BETWEEN :from_date AND :to_date
  AND f.flag <> ''
GROUP BY q.call_date, f.flag
ORDER BY q.call_date, calls DESC, f.flag
