"""The port to a cluster, the cluster by the bindings, and its lock."""
