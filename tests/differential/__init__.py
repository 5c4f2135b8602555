"""The same scripts run on autogen_core and on actrio."""
