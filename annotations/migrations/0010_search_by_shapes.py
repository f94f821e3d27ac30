"""What makes a search over a million shapes quick: keys of figures, values of attributes, the box around a shape."""

import django.contrib.postgres.indexes
from django.conf import settings
from django.db import migrations, models

# Square pixels of the upright box around a shape. A mask's pixels are not unpacked: it has none, as a tag has none.
_EXTENT = """
CREATE OR REPLACE FUNCTION frameloop_extent(g jsonb) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 500 AS $$
  SELECT CASE g->>'type'
    WHEN 'box' THEN (g->'w')::float8 * (g->'h')::float8
    WHEN 'rbox' THEN
      ((g->'w')::float8 * abs(cosd((g->'angle')::float8)) + (g->'h')::float8 * abs(sind((g->'angle')::float8)))
      * ((g->'w')::float8 * abs(sind((g->'angle')::float8)) + (g->'h')::float8 * abs(cosd((g->'angle')::float8)))
    WHEN 'polygon' THEN
      (SELECT (max((p->1)::float8) - min((p->1)::float8)) * (max((p->2)::float8) - min((p->2)::float8))
       FROM jsonb_array_elements(g->'rings'->0) p)
    WHEN 'polyline' THEN
      (SELECT (max((p->1)::float8) - min((p->1)::float8)) * (max((p->2)::float8) - min((p->2)::float8))
       FROM jsonb_array_elements(g->'points') p)
    WHEN 'keypoints' THEN
      (SELECT (max((p->0)::float8) - min((p->0)::float8)) * (max((p->1)::float8) - min((p->1)::float8))
       FROM jsonb_array_elements(g->'points') p WHERE (p->2)::int > 0)
  END
$$"""


class Migration(migrations.Migration):
    dependencies = [
        ("annotations", "0009_figures_of_items"),
        ("projects", "0012_how_pictures_look"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(_EXTENT, "DROP FUNCTION IF EXISTS frameloop_extent(jsonb)"),
        migrations.AddIndex(
            model_name="annotation",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("attributes", {}), _negated=True),
                fields=["attributes"],
                name="annotations_by_attribute",
                opclasses=("jsonb_path_ops",),
            ),
        ),
        migrations.AddIndex(
            model_name="itemfigures",
            index=django.contrib.postgres.indexes.GinIndex(fields=["counts"], name="figures_by_key"),
        ),
    ]
