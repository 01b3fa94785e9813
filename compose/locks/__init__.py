"""The locked dependencies: versions and hashes, no addresses, for every supported Python."""
