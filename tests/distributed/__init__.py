"""What distributed runtimes do that needs no server, and what needs one."""
