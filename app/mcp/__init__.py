"""The door for programs that talk to language models: the Model Context Protocol, over HTTP and over stdio."""
