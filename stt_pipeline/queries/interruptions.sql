-- How often each agent begins to speak while the customer still does, and the reverse.
-- :from_date date = monday  first call date
-- :to_date date = sunday  last call date
WITH starts AS (
  SELECT
    a.call_date,
    a.call_id,
    a.segment_id,
    a.speaker
  FROM segments a
  JOIN segments b
    ON b.call_date = a.call_date
    AND b.call_id = a.call_id
    AND b.speaker <> a.speaker
    AND b.start_s < a.start_s
    AND b.end_s > a.start_s
  WHERE a.call_date BETWEEN :from_date AND :to_date
    AND b.call_date BETWEEN :from_date AND :to_date
    AND a.speaker IN ('agent', 'customer')
  GROUP BY a.call_date, a.call_id, a.segment_id, a.speaker
)
SELECT
  t.agent_id,
  count(DISTINCT t.call_id) AS calls,
  count_if(s.speaker = 'agent') AS by_agent,
  count_if(s.speaker = 'customer') AS by_customer
FROM transcripts t
LEFT JOIN starts s ON s.call_date = t.call_date AND s.call_id = t.call_id
WHERE t.call_date BETWEEN :from_date AND :to_date
  AND t.agent_talk_s IS NOT NULL
GROUP BY t.agent_id
ORDER BY by_agent DESC, t.agent_id
