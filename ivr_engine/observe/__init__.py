"""What an engine tells those who keep it running: metrics, health, the trail of each contact in the log, alarms."""
