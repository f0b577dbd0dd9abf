"""Run the steps on the connection that the store hands over, within its transaction."""

from alembic import context

from value_personas.experiments.answer_store.schema import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
