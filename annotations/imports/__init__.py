"""Labels from files, with their pictures: asked for, previewed, carried out as a job, and taken back.

`starting` takes the file and the wishes, `running` carries the job out: `projects.archives` opens the file, its format
reads it, `pictures` finds each picture's item, `labels` each name's label, `shapes` makes ops, `annotations.bulk`
stages and writes them. `undo` takes an import back as a whole.
"""
