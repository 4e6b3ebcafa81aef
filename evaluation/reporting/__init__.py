"""The report of an evaluation: tables, figures and one page, each figure with its n and its interval."""
