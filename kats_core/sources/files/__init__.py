"""Read daily and minute bars from Parquet and CSV files, one file or folders full of them.

What a file holds is inferred from its columns and its name, printed in the notes, and can be overridden. Nothing is repaired:
a bar without volume is no bar, one that contradicts itself is left out and counted, everything else that cannot be right
stops the run with the file, the row and the value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kats_core.hookspecs import hookimpl
from kats_core.market.source import SourcePlugin
from kats_core.sources.files.params import CatalogueEntry, FileKind, FilesParams

if TYPE_CHECKING:
    from kats_core.sources.files.source import FilesSource

__all__ = ["CatalogueEntry", "FileKind", "FilesParams", "build", "kats_register_data_sources"]


def build(params: FilesParams) -> FilesSource:
    """Return the source of the files; their headers are read, their bars when somebody asks.

    Raises:
        SourceError: a path does not exist, no file has bars, or a header cannot be read.
    """
    from kats_core.sources.files.catalogue import read_catalogue
    from kats_core.sources.files.source import FilesSource

    return FilesSource(read_catalogue(params.paths, params.catalogue))


@hookimpl
def kats_register_data_sources() -> SourcePlugin:
    """Register the files source."""
    return SourcePlugin(
        name="files",
        summary=("Parquet와 CSV 파일의 일봉과 분봉", "Daily and minute bars from Parquet and CSV files."),
        params=FilesParams,
        build=build,
    )
