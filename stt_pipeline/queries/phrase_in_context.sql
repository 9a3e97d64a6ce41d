-- Who said a phrase, when, and what was said just before and after.
-- :phrase text = refund  what to look for, in any case
-- :from_date date = monday  first call date
-- :to_date date = sunday  last call date
-- :rows number = 50  most rows
WITH said AS (
  SELECT
    call_date,
    call_id,
    segment_id,
    start_s,
    speaker,
    text,
    lag(speaker || ': ' || text)
      OVER (PARTITION BY call_date, call_id ORDER BY segment_id) AS before,
    lead(speaker || ': ' || text)
      OVER (PARTITION BY call_date, call_id ORDER BY segment_id) AS after
  FROM segments
  WHERE call_date BETWEEN :from_date AND :to_date
)
SELECT
  call_date,
  call_id,
  round(start_s, 1) AS at_s,
  before,
  speaker || ': ' || text AS said,
  after
FROM said
WHERE strpos(lower(text), lower(:phrase)) > 0
ORDER BY call_date, call_id, segment_id
LIMIT :rows
