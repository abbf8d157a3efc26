"""The engine behind `wattos loadtest`: from what is asked for to the result that every report is made of.

planning    scenarios and the load over time become a `Plan`
generation  runs the plan in a process of its own, because Locust replaces parts of the standard library
fast        one of two engines: asyncio, for rates and clocks beyond Locust's
locust_side the other: what is put around Locust
driving     what both engines need to let users go on journeys (`journey`: what scenarios are written in)
measuring   what happened, counted, and the journal in which the generator hands it over
judging     what the figures mean
result      the result object, made and read back
comparison  one result against another
"""
