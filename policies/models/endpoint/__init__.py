"""A model behind an OpenAI-compatible server: vLLM, llama.cpp, Ollama, OpenAI and others.

`model.EndpointModel` is the model. Nothing is imported here: flags need the settings alone.
"""
