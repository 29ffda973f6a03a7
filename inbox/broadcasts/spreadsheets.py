"""Tables of recipients as people have them: CSV and XLSX files, and pasted numbers.

with open_table(file, name) as table:
    columns = guess(table.header, table.sample)
    for row in table.rows(): ...
"""
