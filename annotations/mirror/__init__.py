"""A copy of everybody's work in the storage, beside the pictures: should the database be lost, it is made anew from it.

    mirror/<project>/project.json                        the project, its team, people and labels
    mirror/<project>/<item>/item.json                    the item and its file, as of `rev`
    mirror/<project>/<item>/<first>-<last>.jsonl.gz      its journal, a transaction a line; and large masks

`writing.catch_up` is run by beat every few seconds and writes what changed since; `rebuilding.rebuild` reads it all.
"""

ROOT = "mirror"
