"""The record of openings can be added to, not changed: the database itself refuses the rest.

On SQLite a later migration that alters the table makes it anew and loses the triggers: it has to run `add`
again.
"""

from django.db import migrations

MESSAGE = "the record of openings is append-only"

SQLITE = [
    f"""
    CREATE TRIGGER opening_no_{action} BEFORE {action} ON conversations_opening
    BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END
    """
    for action in ("update", "delete")
]
POSTGRESQL = [
    f"""
    CREATE FUNCTION conversations_opening_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{MESSAGE}'; END $$
    """,
    """
    CREATE TRIGGER opening_append_only BEFORE UPDATE OR DELETE ON conversations_opening
    FOR EACH ROW EXECUTE FUNCTION conversations_opening_refuse()
    """,
]
REMOVED = {
    "sqlite": [
        "DROP TRIGGER IF EXISTS opening_no_update",
        "DROP TRIGGER IF EXISTS opening_no_delete",
    ],
    "postgresql": [
        "DROP TRIGGER IF EXISTS opening_append_only ON conversations_opening",
        "DROP FUNCTION IF EXISTS conversations_opening_refuse()",
    ],
}


def add(apps, schema_editor):
    run(schema_editor, {"sqlite": SQLITE, "postgresql": POSTGRESQL})


def remove(apps, schema_editor):
    run(schema_editor, REMOVED)


def run(schema_editor, statements):
    for statement in statements.get(schema_editor.connection.vendor, []):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("conversations", "0001_conversations")]
    operations = [migrations.RunPython(add, remove)]
