"""Writing a network down: new projects and pipelines, checking, the schema, bundles, ``xtel doctor``."""
