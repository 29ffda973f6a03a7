"""How the dashboard is started on one machine: prepared, run together, stopped in order."""
