"""Every replica's metrics, fetched every few seconds and kept under `.wattos/metrics`.

The supervisor's loop only fetches; reading, writing and sealing are the work of one thread.
"""
