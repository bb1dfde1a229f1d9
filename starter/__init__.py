"""Starts, watches and stops the services of one machine; imports no Django."""
