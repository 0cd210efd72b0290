"""Live data from public addresses. The only package that talks to the network; nothing here runs unless asked for."""
