# What the operator looks at on Sunday evening.

locals {
  # Title, unit shown, and the metrics: name, statistic. tm is a trimmed mean: one odd call moves it little.
  widgets = concat([
    { title = "Backlog, hours of audio", metrics = [["BacklogHours", "Maximum"]] },
    { title = "Forecast: hours before the deadline", metrics = [["SlackHours", "Minimum"]] },
    { title = "Real-time factor of recordings, CPU s an audio s", metrics = [["RealTimeFactor", "p50"], ["RealTimeFactor", "p99"], ["RealTimeFactor", "tm(1%:99%)"]] },
    { title = "Recordings", metrics = [["RecordingsTranscribed", "Sum"], ["RecordingsFailed", "Sum"]] },
    { title = "Failed runs, dates missing", metrics = [["RunsFailed", "Sum"], ["DatesMissing", "Maximum"]] },
    { title = "Spot interruptions", metrics = [["SpotInterruptions", "Sum"]] },
    { title = "Cost of transcription, USD on demand", metrics = [["TranscriptionUsd", "Sum"]] },
    ], [
    for metrics in [[["ServeQueueS", "Average"], ["ServeQueueS", "Maximum"]]] :
    { title = "Transcription on demand: seconds of audio that a task holds", metrics = metrics } if var.with_service
  ])
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    start = "-P7D"
    widgets = [
      for place, widget in local.widgets : {
        type   = "metric"
        x      = place % 2 * 12
        y      = floor(place / 2) * 6
        width  = 12
        height = 6
        properties = {
          title  = widget.title
          region = var.account.region
          view   = "timeSeries"
          period = 900
          metrics = [
            for metric in widget.metrics : [var.name, metric[0], { stat = metric[1], label = "${metric[0]} ${metric[1]}" }]
          ]
        }
      }
    ]
  })
}
