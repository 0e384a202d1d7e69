"""What every room stands on: database, clock, calendar, audit, parties, permissions. Imports nothing of ours."""
