"""The WaziMe API played on this machine.

It shares no code with the dashboard and is reached only by its URL. Behaviours named D
(documented by the vendor) and O (observed on servers running the same software) are both here;
see README.md.
"""
