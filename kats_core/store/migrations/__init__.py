"""Bring a database's tables to the newest version, from the files in `versions`.

The configuration is made here and not read from an `alembic.ini`, so that it works from any folder and from a wheel.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def configuration(connection: Connection) -> Config:
    """Return Alembic's configuration for an open connection."""
    config = Config()
    # Config is an ini parser, to which a percent sign means something.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Create or change the tables within the connection's transaction."""
    command.upgrade(configuration(connection), revision)
