"""The composition root: settings, routes, the web and worker applications."""
