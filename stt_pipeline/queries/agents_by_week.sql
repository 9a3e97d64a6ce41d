-- How each agent's calls, talk and review rate go from week to week.
-- :from_date date = monday-7  first call date
-- :to_date date = sunday  last call date
WITH weeks AS (
  SELECT
    agent_id,
    date_format(date(call_date), '%x-W%v') AS week,
    count(*) AS calls,
    sum(duration_s) / 60 AS audio_min,
    sum(agent_talk_s) / nullif(sum(agent_talk_s + customer_talk_s), 0) AS agent_share,
    CAST(count_if(needs_review) AS double) / count(*) AS review_share
  FROM transcripts
  WHERE call_date BETWEEN :from_date AND :to_date
    AND agent_id IS NOT NULL
  GROUP BY agent_id, date_format(date(call_date), '%x-W%v')
)
SELECT
  agent_id,
  week,
  calls,
  calls - lag(calls) OVER (PARTITION BY agent_id ORDER BY week) AS calls_change,
  round(audio_min, 1) AS audio_min,
  round(agent_share, 3) AS agent_talk_share,
  round(review_share, 3) AS review_share
FROM weeks
ORDER BY agent_id, week
