"""Half the peak load for half an hour, a tenth of it hostile: `python -m tests.soak --minutes 30`."""
