"""The browser as an environment for trainers of other projects: OpenEnv, and tools for TRL."""
