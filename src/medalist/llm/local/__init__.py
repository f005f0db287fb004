"""The process that serves a local Hugging Face folder; started by ``llm.local_server``, imported by nothing else."""
