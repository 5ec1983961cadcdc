"""The command line ``xtel``: thin verbs over plain functions, one module per verb."""
