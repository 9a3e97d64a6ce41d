-- Which customers called more than once, with which agents.
-- :from_date date = monday  first call date
-- :to_date date = sunday  last call date
-- :rows number = 50  most rows
SELECT
  customer_id,
  count(*) AS calls,
  count(DISTINCT agent_id) AS agents,
  min(call_date) AS first_date,
  max(call_date) AS last_date
FROM recordings
WHERE call_date BETWEEN :from_date AND :to_date
  AND status = 'accepted'
  AND customer_id IS NOT NULL
GROUP BY customer_id
HAVING count(*) > 1
ORDER BY calls DESC, customer_id
LIMIT :rows
