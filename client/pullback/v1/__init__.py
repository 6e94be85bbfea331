"""The contract as code, made by protos/generate.py; never edited by hand."""
