"""The edge: HTTP, HTML, JSON, the command line and documents. Everything here may call the rooms; no room calls it."""
