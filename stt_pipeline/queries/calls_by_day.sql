-- How many calls each date has, with hours of audio and of speech.
-- :from_date date = monday  first call date
-- :to_date date = sunday  last call date
SELECT
  call_date,
  count(*) AS calls,
  count_if(word_count = 0) AS without_speech,
  round(sum(duration_s) / 3600, 3) AS audio_h,
  round(sum(speech_s) / 3600, 3) AS speech_h,
  round(avg(duration_s) / 60, 2) AS mean_min
FROM transcripts
WHERE call_date BETWEEN :from_date AND :to_date
GROUP BY call_date
ORDER BY call_date
