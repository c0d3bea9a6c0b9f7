"""Charts as plain geometry; templates/components/charts.html draws them.

A page makes a chart of plain numbers here and hands it to the macro of the same name, with an id
that is its own on the page, and with the finding in words:

    chart = bars.of([("2024", 812), ("2025", 1204)], worded=words)      # in the view
    {{ charts.bars("by-year", chart, "Most of it in 2025") }}            {# in the template #}

`worded` turns a value into words ("1,204 plays", "3 h 20 min"), so that charts know no units. What
is not known is hatched, never drawn as none; macros add the numbers as a table to fold out.
"""
