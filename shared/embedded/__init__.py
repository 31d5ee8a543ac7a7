"""PostgreSQL, Apache Kafka and a development identity provider for one machine.

Only the command line, the demo and the tests import this package: the production image does not contain it.
"""
