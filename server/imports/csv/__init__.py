"""The import of CSV files from spreadsheets: patients, staff and locations."""
