"""Papers and files: frozen rows in; PDF, XLSX, CSV and signed bytes out. No database, no request, no clock."""
