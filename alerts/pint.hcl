# What pint asks of the rules beyond its own checks; `python -m alerts check` runs it.

# Its silence is the alarm: it has to fire always.
rule {
  match {
    name = "Watchdog"
  }
  disable = ["alerts/comparison"]
}

rule {
  match {
    kind = "alerting"
  }
  annotation "summary" {
    required = true
    severity = "bug"
  }
  annotation "runbook_url" {
    required = true
    severity = "bug"
  }
}
