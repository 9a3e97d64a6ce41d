-- Who talks how long in each call, how long both at once, and how long nobody.
-- :from_date date = monday  first call date
-- :to_date date = sunday  last call date
-- :rows number = 50  most rows
WITH talk AS (
  SELECT
    call_date,
    call_id,
    sum(end_s - start_s) FILTER (WHERE speaker = 'agent') AS agent_s,
    sum(end_s - start_s) FILTER (WHERE speaker = 'customer') AS customer_s
  FROM segments
  WHERE call_date BETWEEN :from_date AND :to_date
  GROUP BY call_date, call_id
),
overlap AS (
  SELECT
    a.call_date,
    a.call_id,
    sum(least(a.end_s, c.end_s) - greatest(a.start_s, c.start_s)) AS overlap_s
  FROM segments a
  JOIN segments c
    ON c.call_date = a.call_date
    AND c.call_id = a.call_id
    AND c.start_s < a.end_s
    AND c.end_s > a.start_s
  WHERE a.call_date BETWEEN :from_date AND :to_date
    AND c.call_date BETWEEN :from_date AND :to_date
    AND a.speaker = 'agent'
    AND c.speaker = 'customer'
  GROUP BY a.call_date, a.call_id
)
SELECT
  t.call_date,
  t.call_id,
  t.agent_id,
  round(t.duration_s, 1) AS duration_s,
  round(coalesce(k.agent_s, 0), 1) AS agent_s,
  round(coalesce(k.customer_s, 0), 1) AS customer_s,
  round(coalesce(o.overlap_s, 0), 1) AS overlap_s,
  round(
    t.duration_s - coalesce(k.agent_s, 0) - coalesce(k.customer_s, 0) + coalesce(o.overlap_s, 0), 1
  ) AS silence_s
FROM transcripts t
LEFT JOIN talk k ON k.call_date = t.call_date AND k.call_id = t.call_id
LEFT JOIN overlap o ON o.call_date = t.call_date AND o.call_id = t.call_id
WHERE t.call_date BETWEEN :from_date AND :to_date
  AND t.agent_talk_s IS NOT NULL
ORDER BY silence_s DESC, t.call_date, t.call_id
LIMIT :rows
